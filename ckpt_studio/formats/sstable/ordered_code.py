"""The keys of slices in OrderedCode, as V1 tables and the indexes of V2 bundles have them.

A key is: number 0, the variable's name, the rank, then start and length of each axis. So the slices of a variable stand
together, in the order in which they lie in it, and before every plain name.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

Extent: TypeAlias = tuple[int, int]
"""Start and length along one axis; length -1 means all of it."""

_NAME: Final = re.compile(rb"\x00(?:[^\x00\xff]|\x00\xff|\xff\x00)*\x00\x01", re.DOTALL)
_SIGNED_HEADERS: Final = (0, 0x80, 0xC0, 0xE0, 0xF0, 0xF8, 0xFC, 0xFE, 0xFF, 0xFF80, 0xFFC0)


def encode_number(value: int) -> bytes:
    """OrderedCode of a number that is not negative: its length, then its bytes, largest first."""
    raw = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return bytes([len(raw)]) + raw


def encode_string(raw: bytes) -> bytes:
    """OrderedCode of a byte string."""
    if b"\0" not in raw and b"\xff" not in raw:
        return raw + b"\x00\x01"
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
    name = _NAME.match(key)
    if name is None or name.end() == len(key):
        return False
    rest = key[name.end() :]
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
