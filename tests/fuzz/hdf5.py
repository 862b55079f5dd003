"""HDF5 files whose structures contradict each other, with the checksums of their headers made right again."""

from __future__ import annotations

from random import Random

from tests.fuzz.mutate import BYTE_ORDERS, mutated_bytes, number

_MARKS = (
    b"OHDR",
    b"TREE",
    b"SNOD",
    b"HEAP",
    b"FRHP",
    b"FHDB",
    b"BTHD",
    b"BTLF",
    b"GCOL",
    b"OCHK",
    b"\x89HDF",
)
_WORD = 0xFFFFFFFF


def mutated_hdf5(rng: Random, data: bytes) -> bytes:
    """A file with numbers changed, mostly in its structures."""
    if rng.random() < 0.2:
        return mutated_bytes(rng, data)
    out = bytearray(data)
    places = [place for mark in _MARKS for place in _all(data, mark)]
    for _ in range(rng.choice((1, 1, 2, 3, 6))):
        at = rng.choice(places) + rng.randrange(4, 96) if rng.random() < 0.8 else rng.randrange(len(out))
        at = min(at, len(out) - 8)
        width, order = rng.choice((1, 1, 2, 4, 8)), rng.choice(BYTE_ORDERS)
        kind = rng.randrange(3)
        if kind == 0:
            out[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            other = rng.choice(places)  # an address that leads to another structure, or back to this one
            out[at : at + 8] = other.to_bytes(8, "little")
        else:
            new = number(rng, int.from_bytes(out[at : at + width], order)) & ((1 << 8 * width) - 1)
            out[at : at + width] = new.to_bytes(width, order)
    if rng.random() < 0.1:
        del out[rng.randrange(len(out)) :]
    return bytes(out) if rng.random() < 0.2 else repaired(out)


def _all(data: bytes, mark: bytes) -> list[int]:
    found, at = [], data.find(mark)
    while at >= 0:
        found.append(at)
        at = data.find(mark, at + 1)
    return found


def repaired(data: bytearray) -> bytes:
    """The checksums of the superblock and of object headers, where these have some."""
    if data[:4] == b"\x89HDF" and len(data) >= 48 and data[8] in (2, 3):
        data[44:48] = lookup3(bytes(data[:44])).to_bytes(4, "little")
    for at in _all(bytes(data), b"OHDR"):
        flags = data[at + 5] if at + 5 < len(data) else 0
        start = at + 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
        width = 1 << (flags & 3)
        end = start + width + int.from_bytes(data[start : start + width], "little")
        if end + 4 <= len(data) and end - at < 1 << 16:
            data[end : end + 4] = lookup3(bytes(data[at:end])).to_bytes(4, "little")
    return bytes(data)


def lookup3(key: bytes) -> int:
    """Bob Jenkins' hash, which HDF5 uses as checksum."""
    a = b = c = (0xDEADBEEF + len(key)) & _WORD
    at = 0
    while len(key) - at > 12:
        a, b, c = (
            value + word & _WORD for value, word in zip((a, b, c), _words(key[at : at + 12]), strict=True)
        )
        a, b, c = _mixed(a, b, c)
        at += 12
    if at == len(key):
        return c
    a, b, c = (value + word & _WORD for value, word in zip((a, b, c), _words(key[at:]), strict=True))
    c = ((c ^ b) - _turned(b, 14)) & _WORD
    a = ((a ^ c) - _turned(c, 11)) & _WORD
    b = ((b ^ a) - _turned(a, 25)) & _WORD
    c = ((c ^ b) - _turned(b, 16)) & _WORD
    a = ((a ^ c) - _turned(c, 4)) & _WORD
    b = ((b ^ a) - _turned(a, 14)) & _WORD
    return ((c ^ b) - _turned(b, 24)) & _WORD


def _words(part: bytes) -> tuple[int, int, int]:
    part = part.ljust(12, b"\0")
    return (
        int.from_bytes(part[:4], "little"),
        int.from_bytes(part[4:8], "little"),
        int.from_bytes(part[8:], "little"),
    )


def _turned(value: int, bits: int) -> int:
    return (value << bits | value >> (32 - bits)) & _WORD


def _mixed(a: int, b: int, c: int) -> tuple[int, int, int]:
    a = ((a - c) ^ _turned(c, 4)) & _WORD
    c = (c + b) & _WORD
    b = ((b - a) ^ _turned(a, 6)) & _WORD
    a = (a + c) & _WORD
    c = ((c - b) ^ _turned(b, 8)) & _WORD
    b = (b + a) & _WORD
    a = ((a - c) ^ _turned(c, 16)) & _WORD
    c = (c + b) & _WORD
    b = ((b - a) ^ _turned(a, 19)) & _WORD
    a = (a + c) & _WORD
    c = ((c - b) ^ _turned(b, 4)) & _WORD
    b = (b + a) & _WORD
    return a, b, c
