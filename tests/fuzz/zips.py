"""Zip archives that contradict themselves: directories, sizes, offsets and checksums, with the others made right."""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from random import Random

from tests.fuzz.mutate import mutated_bytes, number

Change = Callable[[Random, str, bytes], bytes]


@dataclass
class Entry:
    """One member; `central` and `local` name header fields that say something else than is true."""

    name: bytes
    data: bytes
    method: int = 0
    flags: int = 0
    packed: bytes | None = None
    extra: bytes = b""
    central: dict[str, int] = field(default_factory=dict)
    local: dict[str, int] = field(default_factory=dict)

    def stored(self) -> bytes:
        """The bytes as they lie in the archive."""
        if self.packed is not None:
            return self.packed
        if self.method != 8:
            return self.data
        engine = zlib.compressobj(6, zlib.DEFLATED, -15)
        return engine.compress(self.data) + engine.flush()


def entries_of(archive: bytes) -> list[Entry]:
    """The members of a sound archive."""
    return [Entry(*entry) for entry in _members(archive)]


@cache
def _members(archive: bytes) -> list[tuple[bytes, bytes, int, int]]:
    with zipfile.ZipFile(BytesIO(archive)) as opened:
        return [
            (
                info.filename.encode(),
                opened.read(info),
                8 if info.compress_type else 0,
                info.flag_bits & 0x800,
            )
            for info in opened.infolist()
        ]


def build(
    entries: Sequence[Entry], end: dict[str, int] | None = None, comment: bytes = b"", wide: bool = False
) -> bytes:
    """An archive; `wide` writes the end for 64 bits, too."""
    out, directory = bytearray(), bytearray()
    for entry in entries:
        stored = entry.stored()
        at = len(out)
        true = {
            "magic": 0x04034B50, "version": 20, "flags": entry.flags, "method": entry.method, "time": 0, "date": 33,
            "crc": zlib.crc32(entry.data), "packed": len(stored), "size": len(entry.data),
            "name": len(entry.name), "extra": len(entry.extra), "comment": 0, "disk": 0, "at": at,
        }  # fmt: skip
        here = {**true, **entry.local}
        out += _packed("<I5H3I2H", here, "magic version flags method time date crc packed size name extra")
        out += entry.name + entry.extra + stored
        there = {**true, "magic": 0x02014B50, **entry.central}
        directory += _packed("<I", there, "magic") + b"\x14\0"
        directory += _packed(
            "<5H3I3HH", there, "version flags method time date crc packed size name extra comment disk"
        )
        directory += bytes(6) + _packed("<I", there, "at") + entry.name + entry.extra
    at = len(out)
    last = {"magic": 0x06054B50, "disk": 0, "first": 0, "here": len(entries), "count": len(entries)}
    last |= {"size": len(directory), "at": at, "comment": len(comment), **(end or {})}
    out += directory
    if wide:
        large = _packed("<2Q", {"size": last["size"], "at": last["at"]}, "size at")
        counts = _packed("<2Q", last, "here count")
        where = len(out)
        out += struct.pack("<IQ2H2I", 0x06064B50, 44, 45, 45, 0, 0) + counts + large
        out += struct.pack("<IIQI", 0x07064B50, 0, where, 1)
        last |= {"size": 0xFFFFFFFF, "at": 0xFFFFFFFF}
    out += _packed("<I4H2IH", last, "magic disk first here count size at comment") + comment
    return bytes(out)


def _packed(form: str, values: dict[str, int], names: str) -> bytes:
    """Values cut to the width of their fields."""
    layout, fields = _fields(form, names)
    return layout.pack(*[values[name] & most for name, most in fields])


@cache
def _fields(form: str, names: str) -> tuple[struct.Struct, list[tuple[str, int]]]:
    """A layout, and the largest value of each field."""
    codes = "".join(letter * int(count or 1) for count, letter in re.findall(r"(\d*)([HIQ])", form))
    most = [(1 << 8 * struct.calcsize(f"<{code}")) - 1 for code in codes]
    return struct.Struct(form), list(zip(names.split(), most, strict=True))


_CENTRAL = ("crc", "packed", "size", "at", "flags", "method", "name", "extra", "comment", "disk", "magic")
_LOCAL = ("name", "extra", "magic", "flags", "packed", "size")
_END = ("disk", "first", "here", "count", "size", "at", "comment", "magic")


def mutated_zip(rng: Random, archive: bytes, change: Change) -> bytes:
    """An archive with other members, or with one field of it wrong."""
    kind = rng.randrange(20)
    if kind == 0:
        return mutated_bytes(rng, archive)
    entries = entries_of(archive)
    end: dict[str, int] = {}
    entry = rng.choice(entries)
    if kind <= 11:
        entry.data = change(rng, entry.name.decode(), entry.data)
    elif kind == 12:
        entry.central[rng.choice(_CENTRAL)] = number(rng)
    elif kind == 13:
        entry.local[rng.choice(_LOCAL)] = number(rng)
    elif kind == 14:
        end[rng.choice(_END)] = number(rng, len(entries))
    elif kind == 15:
        entry.name = rng.choice(
            (mutated_bytes(rng, entry.name), rng.choice(entries).name, b"", b"../x.npy", b"a" * 500)
        )
    elif kind == 16:
        entry.method = 8
        entry.packed = mutated_bytes(rng, entry.stored())
    elif kind == 17:
        entry.method, entry.data = 8, entry.data + bytes(rng.choice((1 << 12, 1 << 20)))
        entry.central = {"size": number(rng, len(entry.data))} if rng.random() < 0.6 else {}
    elif kind == 18:
        values = [number(rng) & (2**64 - 1) for _ in range(rng.randrange(4))]
        field_size = len(values) * 8 if rng.random() < 0.7 else number(rng) & 0xFFFF
        entry.extra = struct.pack(f"<HH{len(values)}Q", 1, field_size, *values)
        entry.central = {rng.choice(("packed", "size", "at")): 0xFFFFFFFF}
    else:
        entries[rng.randrange(len(entries)) :] = entries[: rng.randrange(len(entries) + 1)]
    for one in entries:
        if rng.random() < 0.3:
            one.method = 8
    comment = rng.choice((b"", b"", b"", b"PK\x05\x06", bytes(22), b"x" * 60000))
    return build(entries, end, comment, wide=rng.random() < 0.1)
