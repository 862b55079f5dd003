"""Columns of variables with something changed: other types and shapes, other names, one row more; hashes of rows."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.dtypes import BY_NUMBER, unknown
from ckpt_studio.core.tensors import Columns, Names, RoleSource, encode
from ckpt_studio.formats.roles.by_name import role_alone

_ITEMSIZE: Final = np.array([unknown(n).itemsize if n in BY_NUMBER else 0 for n in range(256)], np.int64)


class RowFaults(Mapping[int, str]):
    """Sentences by row, made when asked for: a missing shard makes very many rows faulty.

    Args:
        base: sentences by row of the checkpoint.
        found: what verifying found since, by row of the checkpoint.
        origin: int [n], row of the checkpoint of each row, or -1.
        mended: bool [n], rows whose own values nobody reads any more; None for none.
    """

    def __init__(
        self,
        base: Mapping[int, str],
        found: Mapping[int, str],
        origin: NDArray[np.int32],
        mended: NDArray[np.bool_] | None = None,
    ) -> None:
        self._base, self._found, self._origin = base, found, origin
        known = np.array(sorted({*base, *found}), np.int64)
        self._faulty = np.isin(origin, known) if len(known) else np.zeros(len(origin), np.bool_)
        if mended is not None:
            self._faulty &= ~mended

    def __getitem__(self, row: int) -> str:
        if not 0 <= row < len(self._faulty) or not self._faulty[row]:
            raise KeyError(row)
        base = int(self._origin[row])
        return self._base[base] if base in self._base else self._found[base]

    def __iter__(self) -> Iterator[int]:
        return iter(np.flatnonzero(self._faulty).tolist())

    def __len__(self) -> int:
        return int(np.count_nonzero(self._faulty))


def with_shapes(
    columns: Columns,
    rows: NDArray[np.int64],
    dtype: NDArray[np.uint8] | None,
    shapes: tuple[NDArray[np.int8], NDArray[np.int64]] | None,
    nbytes: NDArray[np.int64] | None,
) -> Columns:
    """Other types, shapes and sizes of some rows; the columns themselves where nothing changes."""
    types, rank, dims, sizes = columns.dtype, columns.rank, columns.dims, columns.nbytes.copy()
    if dtype is not None:
        types = types.copy()
        types[rows] = dtype
    if shapes is not None:
        width = max(dims.shape[1], shapes[1].shape[1])
        dims = np.pad(dims, ((0, 0), (0, width - dims.shape[1])), constant_values=-1)
        dims[rows] = -1
        dims[rows, : shapes[1].shape[1]] = shapes[1]
        rank = rank.copy()
        rank[rows] = shapes[0]
    itemsize, ranks = _ITEMSIZE[types[rows]], rank[rows]
    known = itemsize.copy()
    for axis in range(dims.shape[1]):  # numpy takes its time over products of short rows
        known *= np.where(axis < ranks, dims[rows, axis], 1)
    sizes[rows] = np.where(itemsize > 0, known, sizes[rows] if nbytes is None else nbytes)
    if dtype is None and shapes is None and (sizes == columns.nbytes).all():
        return columns
    return replace(columns, dtype=types, rank=rank, dims=dims, nbytes=sizes)


def with_names(columns: Columns, names: Mapping[int, tuple[str, str]]) -> Columns:
    """Other full names and object paths of some rows."""
    if not names:
        return columns

    def now(old: Names | None, which: int) -> Names | None:
        if old is None:
            return None
        order = np.arange(len(old))
        order[list(names)] = len(old) + np.arange(len(names))
        return old.followed_by([encode(texts[which]) for texts in names.values()]).subset(order)

    return replace(columns, names=now(columns.names, 0), object_paths=now(columns.object_paths, 1))


def with_row(columns: Columns, key: bytes, dtype: int, shape: tuple[int, ...]) -> Columns:
    """One row more: of which nothing is known but what its key says."""
    row = bisect_left(range(len(columns)), key, key=columns.keys.raw)
    order = np.insert(np.arange(len(columns)), row, len(columns))
    width = max(columns.dims.shape[1], len(shape))
    dims = np.pad(columns.dims, ((0, 0), (0, width - columns.dims.shape[1])), constant_values=-1)
    own = np.full(width, -1, np.int64)
    own[: len(shape)] = shape
    slot_of = columns.slot_of + (columns.slot_of >= row)
    size = int(np.prod(shape, dtype=np.int64)) * int(_ITEMSIZE[dtype])
    faults = {at + (at >= row): columns.faults[at] for at in columns.faults}

    def more(names: Names | None, text: bytes) -> Names | None:
        return None if names is None else names.followed_by([text]).subset(order)

    return replace(
        columns,
        keys=columns.keys.followed_by([key]).subset(order),
        dtype=inserted(columns.dtype, row, dtype),
        rank=inserted(columns.rank, row, len(shape)),
        dims=np.insert(dims, row, own, axis=0),
        nbytes=inserted(columns.nbytes, row, size),
        role=inserted(columns.role, row, role_alone(key, prod(shape) == 1)),
        role_source=inserted(columns.role_source, row, RoleSource.by_name),
        slot_of=inserted(slot_of.astype(np.int32), row, -1),
        slot_name=inserted(columns.slot_name, row, -1),
        trainable=inserted(columns.trainable, row, -1),
        names=more(columns.names, key),
        object_paths=more(columns.object_paths, b""),
        faults=faults,
    )


def inserted(column: NDArray[Any], row: int, value: int) -> NDArray[Any]:
    """A column with one value more, before a row."""
    return np.concatenate((column[:row], np.array([value], column.dtype), column[row:]))


def merged_places(ahead: Sequence[bytes], new: Sequence[bytes]) -> NDArray[np.int64]:
    """Int64 [n]: before which of `ahead` each of `new` belongs, both being in order."""
    places = np.empty(len(new), np.int64)
    at = 0
    for number, key in enumerate(new):
        while at < len(ahead) and ahead[at] < key:
            at += 1
        places[number] = at
    return places


def mixed(*columns: Any) -> NDArray[np.uint64]:
    """A hash of each row, 64 bits: the finalizer of SplitMix64 over one column after the other."""
    result = np.zeros(len(columns[0]), np.uint64)
    for column in columns:
        result = result ^ np.asarray(column).astype(np.int64).astype(np.uint64)
        result = result + np.uint64(0x9E3779B97F4A7C15)
        result = (result ^ (result >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        result = (result ^ (result >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        result = result ^ (result >> np.uint64(31))
    return result
