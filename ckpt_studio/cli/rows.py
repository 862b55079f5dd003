"""CONTRACT.md's ROWs of all variables as JSON text, some thousands at a time, without an object for each.

Of most variables all but the names is the same as of others, so it is put into words once.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from json.encoder import encode_basestring as quoted
from typing import Final

import numpy as np

from ckpt_studio.cli.output import json_text, row_json
from ckpt_studio.core import dtypes
from ckpt_studio.core.tensors import Columns, Names, Role, RoleSource, decode

_AT_ONCE: Final = 1 << 13
_TRAINABLE: Final = {1: "true", 0: "false", -1: "null"}


def rows_text(columns: Columns) -> Iterator[str]:
    """The members of the list `variables`, commas included; the same as `row_json` of each."""
    names = columns.keys if columns.names is None else columns.names
    faulty = set(columns.faults)
    plain = all(map(_is_text, (columns.keys, names, columns.object_paths)))
    kinds = _Kinds(columns.slot_names)
    for low in range(0, len(columns), _AT_ONCE):
        rows = range(low, min(low + _AT_ONCE, len(columns)))
        texts = _some(columns, names, rows, kinds) if plain else [""] * len(rows)
        for row in rows if not plain else faulty.intersection(rows) if faulty else ():
            texts[row - low] = json_text(row_json(columns.info(row)))
        yield (", " if low else "") + ", ".join(texts)


class _Kinds(dict[tuple[int, ...], tuple[str, str]]):
    """What stands in a row between its names and `slot_of`, and behind that, by the numbers that say it."""

    def __init__(self, slot_names: tuple[str, ...]) -> None:
        self._slot_names = [*map(quoted, slot_names), "null"]
        self._dtypes = [dtypes.unknown(number).name for number in range(256)]
        self._roles = [role.name for role in Role]
        self._sources = [source.word for source in RoleSource]

    def __missing__(self, kind: tuple[int, ...]) -> tuple[str, str]:
        rank, dtype, nbytes, role, source, slot_name, trainable, *dims = kind
        shape = "null" if rank < 0 else dims[:rank]
        texts = (
            f', "shape": {shape}, "dtype": "{self._dtypes[dtype]}", "nbytes": {nbytes}, '
            f'"role": "{self._roles[role]}", "role_source": "{self._sources[source]}", "slot_of": ',
            f', "slot_name": {self._slot_names[slot_name]}, "trainable": {_TRAINABLE[trainable]}, "error": null}}',
        )
        self[kind] = texts
        return texts


def _some(columns: Columns, names: Names, rows: range, kinds: _Kinds) -> list[str]:
    """Some rows, each without its fault."""
    part = slice(rows.start, rows.stop)
    keys = _quoted(columns.keys, rows)
    full_names = keys if names is columns.keys else _quoted(names, rows)
    paths = ["null"] * len(rows)
    if columns.object_paths is not None:
        paths = _quoted(columns.object_paths, rows, "null")
    low, high = rows.start, rows.stop
    weights = [
        "null" if row < 0 else keys[row - low] if low <= row < high else quoted(columns.keys[row])
        for row in columns.slot_of[part].tolist()
    ]
    numbers = (
        columns.rank, columns.dtype, columns.nbytes, columns.role, columns.role_source, columns.slot_name,
        columns.trainable, *columns.dims.T,
    )  # fmt: skip
    said = zip(*(column[part].tolist() for column in numbers), strict=True)
    return [
        f'{{"key": {key}, "name": {name}, "object_path": {path}{before}{weight}{after}'
        for key, name, path, weight, (before, after) in zip(
            keys, full_names, paths, weights, map(kinds.__getitem__, said), strict=True
        )
    ]


def _is_text(names: Names | None) -> bool:
    """Whether all of some names are UTF-8."""
    if names is None or names.blob.isascii():
        return True
    try:
        names.blob.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _quoted(names: Names, rows: range, empty: str = '""') -> list[str]:
    """Some strings as JSON: by one split where none of them holds a newline, and as they are where that is JSON."""
    offsets = names.offsets[rows.start : rows.stop + 1]
    first = int(offsets[0])
    blob = names.blob[first : int(offsets[-1])]
    if blob.count(b"\n") != len(rows):
        texts: Iterator[str] = (
            decode(blob[a - first : b - 1 - first]) for a, b in pairwise(offsets.tolist())
        )
    else:
        texts = iter(decode(blob).split("\n")[:-1])
        if _needs_no_escape(blob, len(rows)):
            return [f'"{text}"' if text else empty for text in texts]
    return [quoted(text) if text else empty for text in texts]


def _needs_no_escape(blob: bytes, newlines: int) -> bool:
    """Whether no byte but so many newlines has to be escaped in JSON."""
    if b'"' in blob or b"\\" in blob:
        return False
    return int(np.count_nonzero(np.frombuffer(blob, np.uint8) < ord(" "))) == newlines
