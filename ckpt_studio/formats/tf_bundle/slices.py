"""Partitioned variables: the keys of their slices, and where each slice lies in the whole.

A slice's key is OrderedCode: number 0, the variable's name, the rank, then start and length of each axis.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ckpt_studio.core.tensors import Window
    from ckpt_studio.formats.tf_bundle.entries import Extent
    from ckpt_studio.formats.tf_bundle.index import Index

_MANY: Final = 4096
_SIGNED_HEADERS: Final = (0, 0x80, 0xC0, 0xE0, 0xF0, 0xF8, 0xFC, 0xFE, 0xFF, 0xFF80, 0xFFC0)


def encode_number(value: int) -> bytes:
    """OrderedCode of a number that is not negative: its length, then its bytes, largest first."""
    raw = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return bytes([len(raw)]) + raw


def encode_string(raw: bytes) -> bytes:
    """OrderedCode of a byte string."""
    escaped = bytearray()
    for byte in raw:
        escaped += b"\x00\xff" if byte == 0 else b"\xff\x00" if byte == 0xFF else bytes([byte])
    return bytes(escaped) + b"\x00\x01"


def encode_signed(value: int) -> bytes:
    """OrderedCode of a signed number: as many leading bits as bytes, then the number in two's complement."""
    magnitude = ~value if value < 0 else value
    count = 1
    while magnitude >> (7 * count - 1):
        count += 1
    raw = bytearray((value & ((1 << 8 * count) - 1)).to_bytes(count, "big"))
    header = _SIGNED_HEADERS[count]
    if header > 0xFF:
        raw[0] ^= header >> 8
        raw[1] ^= header & 0xFF
    else:
        raw[0] ^= header
    return bytes(raw)


def slice_key(name: bytes, extents: tuple[Extent, ...]) -> bytes:
    """The key of a slice's own entry."""
    parts = [encode_number(0), encode_string(name), encode_number(len(extents))]
    for start, length in extents:
        parts += [encode_signed(start), encode_signed(length)]
    return b"".join(parts)


def is_slice_key(key: bytes) -> bool:
    """Whether a key is a slice's: number 0, a string, a rank, and so many pairs of signed numbers."""
    end = key.find(b"\x00\x01", 1)
    if not key.startswith(b"\x00") or end < 0 or end + 2 >= len(key):
        return False
    rest = key[end + 2 :]
    width = rest[0]
    rank = int.from_bytes(rest[1 : 1 + width], "big")
    position = 1 + width
    for _ in range(2 * min(rank, 256)):
        if position >= len(rest):
            return False
        position += _signed_size(rest, position)
    return rank <= 255 and position == len(rest)


def _signed_size(data: bytes, position: int) -> int:
    """How many bytes the signed number at `position` takes: its leading bits that equal the sign's complement."""
    bits = int.from_bytes(data[position : position + 2].ljust(2, b"\x00"), "big")
    if not bits & 0x8000:
        bits ^= 0xFFFF
    count = 0
    while count < 10 and bits & 0x8000:
        bits = bits << 1 & 0xFFFF
        count += 1
    return max(count, 1)


@dataclass(frozen=True, eq=False)
class Partition:
    """The slices of one variable: int64 `start` and `stop` of each, [S, rank], and their records in the index."""

    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    records: NDArray[np.int64]

    def touching(self, window: Window) -> NDArray[np.int64]:
        """Which slices have elements in a window."""
        low = np.array([part.start for part in window], np.int64)
        high = np.array([part.stop for part in window], np.int64)
        return np.flatnonzero(((self.start < high) & (self.stop > low) & (low < high)).all(axis=1))


def partition_of(index: Index, record: int) -> Partition:
    """The slices of a partitioned variable, checked to make up all of it without overlap.

    Raises:
        ValueError: they do not; the text says why.
    """
    entry = index.entry(record)
    shape = entry.shape or ()
    if not shape or len(entry.slices) > len(index):
        raise ValueError("its list of slices is damaged")
    if any(len(piece) != len(shape) for piece in entry.slices):
        raise ValueError("a slice has another rank than the variable")
    extents = [
        [
            (0, dim) if length == -1 else (start, length)
            for (start, length), dim in zip(piece, shape, strict=True)
        ]
        for piece in entry.slices
    ]
    if any(not 0 <= s <= s + n <= dim for piece in extents for (s, n), dim in zip(piece, shape, strict=True)):
        raise ValueError("a slice reaches out of the variable")
    both = np.array(extents, np.int64)
    start, stop = both[:, :, 0], both[:, :, 0] + both[:, :, 1]
    _check_cover(start, stop, shape)
    name = index.keys.raw(record)
    records = []
    for piece in entry.slices:
        found = index.keys.find_raw(slice_key(name, piece))
        if found < 0:
            raise ValueError("the entry of one of its slices is missing")
        records.append(found)
    return Partition(start, stop, np.array(records, np.int64))


def _check_cover(start: NDArray[np.int64], stop: NDArray[np.int64], shape: tuple[int, ...]) -> None:
    """Raise ValueError unless the slices fill the shape and do not overlap."""
    size = stop - start
    filled = (size > 0).all(axis=1)
    start, stop, size = start[filled], stop[filled], size[filled]
    total = 1
    for dim in shape:
        total *= dim
    if sum(size.prod(axis=1).tolist()) != total:
        raise ValueError("its slices do not fill it")
    cut = [axis for axis in range(len(shape)) if (size[:, axis] < shape[axis]).any()]
    if len(cut) <= 1:
        for axis in cut:
            order = np.argsort(start[:, axis], kind="stable")
            if (stop[order[:-1], axis] > start[order[1:], axis]).any():
                raise ValueError("its slices overlap")
        if not cut and len(start) > 1:
            raise ValueError("its slices overlap")
        return
    if len(start) > _MANY:
        raise ValueError(f"it is cut into {len(start)} slices along several axes, which is not supported")
    for i in range(len(start)):
        later = slice(i + 1, None)
        if ((start[later] < stop[i]) & (stop[later] > start[i])).all(axis=1).any():
            raise ValueError("its slices overlap")
