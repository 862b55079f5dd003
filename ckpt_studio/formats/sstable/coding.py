"""Varints and masked checksums: the two encodings that tables, entries and string tensors have in common."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.crc import crc32c

_MASK_DELTA: Final = 0xA282EAD8

MOST_VARINT: Final = 10
"""Bytes of the longest varint."""


def checksum(data: Any, value: int = 0) -> int:
    """CRC32C of any buffer, continuing from `value`."""
    return crc32c(data, value)


def mask(crc: int) -> int:
    """The form in which a checksum is stored, so that data holding its own checksum does not weaken it."""
    return (((crc >> 15) | (crc << 17)) + _MASK_DELTA) & 0xFFFFFFFF


def unmask(masked: int) -> int:
    """The checksum that was stored in masked form."""
    rotated = (masked - _MASK_DELTA) & 0xFFFFFFFF
    return ((rotated >> 17) | (rotated << 15)) & 0xFFFFFFFF


def unmask_all(masked: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """As `unmask`, of many at once."""
    rotated = masked - np.uint32(_MASK_DELTA)
    return (rotated >> np.uint32(17)) | (rotated << np.uint32(15))


def read_varint(data: Any, position: int, end: int, bits: int = 64) -> tuple[int, int]:
    """Value of the varint at `position` of a byte buffer, and the position behind it.

    Raises:
        ValueError: if it runs past `end` or holds more than `bits` bits.
    """
    value = shift = 0
    while position < end:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value >> bits:
                raise ValueError(f"a varint of more than {bits} bits")
            return value, position
        shift += 7
        if shift >= 70:
            raise ValueError("a varint of more than ten bytes")
    raise ValueError("a varint that does not end")


def read_varints(block: NDArray[np.uint8], most: int) -> tuple[NDArray[np.uint64], int]:
    """Values of the first varints of a block, at most so many, and how many bytes they take.

    Raises:
        ValueError: one has more than ten bytes.
    """
    stops = np.flatnonzero(block < 0x80)[:most]
    used = int(stops[-1]) + 1 if len(stops) else 0
    if len(stops) < most and len(block) - used >= MOST_VARINT:
        raise ValueError("a varint of more than ten bytes")
    if used == len(stops):
        return block[:used].astype(np.uint64), used
    starts = np.empty_like(stops)
    starts[0], starts[1:] = 0, stops[:-1] + 1
    sizes = stops - starts + 1
    longest = int(sizes.max())
    if longest > MOST_VARINT:
        raise ValueError("a varint of more than ten bytes")
    values = np.zeros(len(stops), np.uint64)
    for byte in range(longest):
        has = slice(None) if byte == 0 else np.flatnonzero(sizes > byte)
        values[has] |= (block[starts[has] + byte] & 0x7F).astype(np.uint64) << np.uint64(7 * byte)
    return values, used


def write_varint(value: int) -> bytes:
    """Varint of a number from 0 to 2**64 - 1."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
