"""Varints and masked checksums: the two encodings that tables, entries and string tensors have in common."""

from __future__ import annotations

from typing import Any

from crc32c import crc32c

_MASK_DELTA = 0xA282EAD8


def checksum(data: Any, value: int = 0) -> int:
    """CRC32C of any buffer, continuing from `value`."""
    return int(crc32c(data, value))


def mask(crc: int) -> int:
    """The form in which a checksum is stored, so that data holding its own checksum does not weaken it."""
    return (((crc >> 15) | (crc << 17)) + _MASK_DELTA) & 0xFFFFFFFF


def unmask(masked: int) -> int:
    """The checksum that was stored in masked form."""
    rotated = (masked - _MASK_DELTA) & 0xFFFFFFFF
    return ((rotated >> 17) | (rotated << 15)) & 0xFFFFFFFF


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


def write_varint(value: int) -> bytes:
    """Varint of a number from 0 to 2**64 - 1."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
