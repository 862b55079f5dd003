"""Makes V1 tables byte by byte, sound or broken at will: TensorFlow writes only some of what may stand in them."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.helpers.bundles import slice_key, table, varint

Piece = tuple[tuple[int, int], ...]
"""Start and length an axis, length -1 for the full extent."""

_FIXED = {"float32": (5, "<f4"), "complex64": (9, "<f4"), "float64": (6, "<f8"), "complex128": (12, "<f8")}
_VARINTS = {"int64": 10, "bool": 11, "float16": 13, "bfloat16": 13, "uint32": 16, "uint64": 17}


def tagged(number: int, kind: int, value: bytes = b"") -> bytes:
    """A field; with its length before it where it is of kind 2."""
    return varint(number << 3 | kind) + (varint(len(value)) if kind == 2 else b"") + value


def message(number: int, value: bytes) -> bytes:
    """A field that is a message, string or packed list."""
    return tagged(number, 2, value)


def shape_bytes(shape: Sequence[int]) -> bytes:
    """A TensorShapeProto."""
    return b"".join(message(2, tagged(1, 0, varint(extent)) if extent else b"") for extent in shape)


def piece_bytes(piece: Piece) -> bytes:
    """A TensorSliceProto."""
    return b"".join(
        message(1, (b"\x08" + varint(start) if start else b"") + (b"\x10" + varint(n) if n != -1 else b""))
        for start, n in piece
    )


def typed(name: str, values: Sequence[Any] | NDArray[Any]) -> bytes:
    """The fields of a TensorProto for values of a type, packed as TensorFlow packs them.

    `name` is TensorFlow's name of the type; `values` a flat array of it (bits as integers for half_val's types).
    """
    if name == "string":
        return b"".join(message(8, value) for value in values)
    if name.startswith("float8") or name == "float4_e2m1fn":
        return message(18, np.asarray(values).tobytes())
    if name in _FIXED:
        number, code = _FIXED[name]
        return message(number, np.ascontiguousarray(values).view(code).tobytes())
    return message(_VARINTS.get(name, 7), b"".join(varint(int(value)) for value in values))


@dataclass
class Table:
    """A table under construction.

    Attributes:
        listed: variables as (name, shape, type number, slices), as the first record says.
        records: by key.
    """

    listed: list[tuple[bytes, Sequence[int], int, list[Piece]]] = field(default_factory=list)
    records: dict[bytes, bytes] = field(default_factory=dict)

    def add(
        self, name: str | bytes, shape: Sequence[int], dtype: int, pieces: Sequence[tuple[Piece, bytes]]
    ) -> None:
        """A variable with slices, each a piece and the fields of its TensorProto."""
        raw = name.encode() if isinstance(name, str) else name
        self.listed.append((raw, shape, dtype, [piece for piece, _ in pieces]))
        for piece, fields in pieces:
            self.records[slice_key(raw, piece)] = record(raw, piece, fields)

    def add_whole(self, name: str | bytes, shape: Sequence[int], dtype: int, fields: bytes) -> None:
        """A variable in one slice."""
        self.add(name, shape, dtype, [(((0, -1),) * len(shape), fields)])

    def list_bytes(self, version: bytes = b"\x08\x01") -> bytes:
        """The value of key ""."""
        tensors = b"".join(
            message(
                1,
                message(1, name)
                + message(2, shape_bytes(shape))
                + tagged(3, 0, varint(dtype))
                + b"".join(message(4, piece_bytes(piece)) for piece in pieces),
            )
            for name, shape, dtype, pieces in self.listed
        )
        return message(1, tensors + message(2, version))

    def encode(self, *, per_block: int = 1000, snappy: bool = False) -> bytes:
        """The bytes of the file."""
        records = [(b"", self.list_bytes()), *sorted(self.records.items())]
        return table(records, per_block=per_block, snappy=snappy)

    def write(self, path: Path | str, *, per_block: int = 1000, snappy: bool = False) -> str:
        """Write the file; returns its path."""
        Path(path).write_bytes(self.encode(per_block=per_block, snappy=snappy))
        return str(path)


def record(name: bytes, piece: Piece, fields: bytes) -> bytes:
    """The value of a slice's key."""
    return message(2, message(1, name) + message(2, piece_bytes(piece)) + message(3, fields))


def floats(values: Sequence[float]) -> bytes:
    """float_val, one by one instead of packed."""
    return b"".join(tagged(5, 5, struct.pack("<f", value)) for value in values)
