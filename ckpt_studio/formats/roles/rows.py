"""Turns the tensors of a format that lists them one by one into the columns that all other layers see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ckpt_studio.core.dtypes import DType
from ckpt_studio.core.tensors import Columns, Names, encode
from ckpt_studio.formats.roles.by_name import mark_by_names
from ckpt_studio.formats.roles.marks import Marks

_DEEPEST: Final = 127


@dataclass(frozen=True, slots=True)
class Row:
    """One tensor as its format tells it.

    Attributes:
        key: the name in the file.
        dtype: the element type.
        shape: None when unknown; at most 127 axes.
        nbytes: bytes on disk.
        name: what a person calls it, or None where that is the key.
        trainable: None when nothing says.
        fault: the row's own fault as a sentence, or None.
    """

    key: str
    dtype: DType
    shape: tuple[int, ...] | None
    nbytes: int
    name: str | None = None
    trainable: bool | None = None
    fault: str | None = None


def in_order(rows: Sequence[Row]) -> list[Row]:
    """Rows in byte order of their keys, as `Columns` needs them."""
    return sorted(rows, key=lambda row: encode(row.key))


def marks_of(rows: Sequence[Row]) -> Marks:
    """Marks of rows that are `in_order`, all weights until something says otherwise; names and trainable are set."""
    count = len(rows)
    shapes = [row.shape if row.shape is None or len(row.shape) <= _DEEPEST else None for row in rows]
    rank = np.array([-1 if shape is None else len(shape) for shape in shapes], np.int32).reshape(count)
    dims = np.full((count, int(rank.max(initial=0))), -1, np.int64)
    for number, shape in enumerate(shapes):
        if shape:
            dims[number, : len(shape)] = shape
    numbers = [row.dtype.number for row in rows]
    dtype = np.array([n if 0 <= n < 256 else 0 for n in numbers], np.uint8).reshape(count)
    marks = Marks.of(Names.of_text(row.key for row in rows), dtype, rank, dims)
    for number, row in enumerate(rows):
        if row.name and row.name != row.key:
            marks.names[number] = encode(row.name)
        if row.trainable is not None:
            marks.trainable[number] = row.trainable
    return marks


def columns_of_rows(rows: Sequence[Row], marks: Marks | None = None) -> Columns:
    """The columns of rows that are `in_order`; without `marks`, roles come from the names alone."""
    if marks is None:
        marks = marks_of(rows)
        mark_by_names(marks)
    nbytes = np.array([row.nbytes for row in rows], np.int64).reshape(len(rows))
    faults: Mapping[int, str] = {at: row.fault for at, row in enumerate(rows) if row.fault is not None}
    return marks.columns(nbytes, faults)
