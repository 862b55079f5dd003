"""The members of a zip archive: where each lies and how it is packed, judged before it is believed.

    member     PK 3 4, 26 bytes that the directory repeats, length of name and of extra fields, name, extra, data
    ...
    directory  PK 1 2, flags, method (0 stored, 8 deflated), CRC-32, packed size, size, name, offset of the member
    ...
    end        PK 5 6, number of members, size and offset of the directory; before it, for what needs 64 bits,
               PK 6 6 with the same and PK 6 7 with the offset of that

Members that overlap are refused, so no archive can claim more work than it has bytes; what a member unpacks to is
bounded by what deflate can do. Any other compression, and encryption, is a fault of the member.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.arrays import room
from ckpt_studio.core.errors import ChecksumMismatch, Corrupt, FileFault, Truncated, Unsupported
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import BLOCK_BYTES, printable
from ckpt_studio.formats.files import FileReader, said

_END: Final = struct.Struct("<4s4H2IH")
_END_64: Final = struct.Struct("<4sQ2H2I4Q")
_LOCATOR: Final = struct.Struct("<4sIQI")
_ENTRY: Final = struct.Struct("<4s6H3I5H2I")
_LOCAL: Final = struct.Struct("<4s5H3I2H")
_MOST_DIRECTORY_BYTES: Final = 256 << 20
_MOST_COMMENT: Final = 0xFFFF
_MANY: Final = 0xFFFFFFFF
_STORED, _DEFLATED = 0, 8
_BEST_RATIO: Final = 1032
_CHUNK: Final = 64 << 10


@dataclass(frozen=True, slots=True)
class Part:
    """One member.

    Attributes:
        name: as the directory has it (surrogate escapes where it is not UTF-8).
        method: how it is packed.
        encrypted: whether it needs a password.
        crc: CRC-32 of what is unpacked.
        packed, size: bytes as they lie there, and unpacked.
        at: offset of its local header.
        end: where the next member or the directory begins.
        raw_name: the name's bytes.
    """

    name: str
    method: int
    encrypted: bool
    crc: int
    packed: int
    size: int
    at: int
    end: int
    raw_name: bytes

    @property
    def deflated(self) -> bool:
        """Whether it has to be unpacked."""
        return self.method == _DEFLATED

    def fault(self, path: str) -> FileFault | None:
        """Why it cannot be read, or None."""
        kind: type[FileFault] = Unsupported
        if self.encrypted:
            text = "is encrypted; unpack the archive with its password first"
        elif self.method not in (_STORED, _DEFLATED):
            text = f"is packed by method {self.method}, which Ckpt Studio does not read; unpack the archive first"
        else:
            kind, text = Corrupt, f"claims {self.size} bytes, but has {self.packed}"
            if self.size <= _BEST_RATIO * self.packed if self.deflated else self.size == self.packed:
                return None
        return kind(f"{printable(self.name)!r} of {said(path)} {text}.", path=path)


def read_directory(file: FileReader) -> list[Part]:
    """All members in the order in which they lie.

    Raises:
        Truncated, Corrupt, Unsupported: the archive is cut off, contradicts itself, or is cut into several files.
        FileFault: as `FileReader`.
    """
    count, size, offset, end = _find_end(file)
    if offset + size != end or count * _ENTRY.size > size:
        raise _damaged(file, "its directory does not lie where it should")
    if size > _MOST_DIRECTORY_BYTES:
        raise _damaged(file, f"it has a directory of {size} bytes, which is not believed")
    data = file.read(offset, size).tobytes()
    entries = sorted(_entries(data, count, file), key=lambda entry: entry[0])
    parts = []
    ends = [*(at for at, _, _ in entries), offset]
    for (at, fields, raw), stop in zip(entries, ends[1:], strict=True):
        part = _part(at, fields, raw, stop)
        if at + _LOCAL.size + len(raw) + part.packed > stop:
            raise _damaged(file, f"its members overlap at byte {at}")
        parts.append(part)
    return parts


def _damaged(file: FileReader, text: str) -> Corrupt:
    return Corrupt(f"{said(file.path)} is a damaged archive: {text}.", path=file.path)


def _find_end(file: FileReader) -> tuple[int, int, int, int]:
    """Number of members, size and offset of the directory, and where it has to end."""
    size = file.identity.size
    tail_at = max(0, size - _END.size - _MOST_COMMENT)
    tail = file.read(tail_at, size - tail_at).tobytes()
    place = tail.rfind(b"PK\x05\x06")
    while place >= 0:
        if place + _END.size <= len(tail):
            fields = _END.unpack_from(tail, place)
            if place + _END.size + fields[7] == len(tail):
                return _read_end(file, tail_at + place, fields)
        place = tail.rfind(b"PK\x05\x06", 0, place)
    raise Truncated(
        f"{said(file.path)} is a zip archive that is cut off: its directory is missing.",
        path=file.path,
        offset=size,
    )


def _read_end(file: FileReader, at: int, fields: tuple[int, ...]) -> tuple[int, int, int, int]:
    _, disk, first_disk, here, count, size, offset, _ = fields
    if at >= _LOCATOR.size:
        magic, other_disk, end_at, _ = _LOCATOR.unpack(file.read(at - _LOCATOR.size, _LOCATOR.size).tobytes())
        if magic == b"PK\x06\x07":
            if end_at + _END_64.size > at - _LOCATOR.size:
                raise _damaged(file, "its directory does not lie where it should")
            found = _END_64.unpack(file.read(end_at, _END_64.size).tobytes())
            if found[0] != b"PK\x06\x06":
                raise _damaged(file, "its directory does not lie where it should")
            _, _, _, _, disk, first_disk, here, count, size, offset = found
            disk, at = disk | other_disk, end_at
    if disk or first_disk or here != count:
        raise Unsupported(f"{said(file.path)} is cut into several archives; join them first.", path=file.path)
    return count, size, offset, at


def _entries(data: bytes, count: int, file: FileReader) -> Iterator[tuple[int, tuple[int, ...], bytes]]:
    """Offset, fields and name of each entry of a directory."""
    position = 0
    for _ in range(count):
        if position + _ENTRY.size > len(data):
            raise _damaged(file, "its directory ends too early")
        fields = _ENTRY.unpack_from(data, position)
        _, _, _, _, _, _, _, crc, packed, size, name_size, extra_size, comment_size, disk, _, _, at = fields
        name_at = position + _ENTRY.size
        extra_at = name_at + name_size
        position = extra_at + extra_size + comment_size
        if fields[0] != b"PK\x01\x02" or position > len(data):
            raise _damaged(file, "its directory contradicts itself")
        if _MANY in (packed, size, at):
            size, packed, at = _wide(data[extra_at : extra_at + extra_size], size, packed, at, file)
        if disk not in (0, 0xFFFF):
            raise Unsupported(
                f"{said(file.path)} is cut into several archives; join them first.", path=file.path
            )
        yield at, (fields[3], fields[4], crc, packed, size), data[name_at:extra_at]
    if position != len(data):
        raise _damaged(file, "its directory holds more than its members")


def _wide(extra: bytes, size: int, packed: int, at: int, file: FileReader) -> tuple[int, int, int]:
    """Sizes and offset from the extra field that holds them where they need 64 bits."""
    position = 0
    while position + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, position)
        if kind == 1:
            field = extra[position + 4 : position + 4 + length]
            numbers = struct.iter_unpack("<Q", field[: len(field) // 8 * 8])
            values = [next(numbers, (_MANY,))[0] if value == _MANY else value for value in (size, packed, at)]
            return values[0], values[1], values[2]
        position += 4 + length
    raise _damaged(file, "a size of its directory is missing")


def _part(at: int, fields: tuple[int, ...], raw: bytes, end: int) -> Part:
    flags, method, crc, packed, size = fields
    name = raw.decode("utf-8", "surrogateescape") if flags & 0x800 else raw.decode("cp437")
    return Part(name, method, bool(flags & 1), crc, packed, size, at, end, raw)


class Pieces(Protocol):
    """What small pieces can be read from: a file, or an `Ahead` of it."""

    @property
    def path(self) -> str:
        """The file."""
        ...

    def read(self, offset: int, size: int) -> NDArray[np.uint8]:
        """As `FileReader.read`."""
        ...


class Ahead:
    """Reads small pieces of a file in ascending order with few calls. Implements `Pieces` and `reading.Bytes`."""

    def __init__(self, file: FileReader) -> None:
        self.path = file.path
        self._file = file
        self._at = 0
        self._data = np.zeros(0, np.uint8)

    def read(self, offset: int, size: int) -> NDArray[np.uint8]:
        """As `FileReader.read`."""
        start = offset - self._at
        if start < 0 or start + size > len(self._data):
            left = self._file.identity.size - offset
            self._data = self._file.read(offset, max(size, min(_CHUNK, left)))
            self._at, start = offset, 0
        return self._data[start : start + size]

    def read_into(self, target: NDArray[np.uint8] | memoryview, offset: int) -> None:
        """As `FileReader.read_into`."""
        view = target if isinstance(target, memoryview) else target.data
        view[:] = self.read(offset, len(view)).data


def data_of(file: Pieces, part: Part, path: str) -> int:
    """Where a member's data begin.

    Raises:
        Corrupt: its local header contradicts the directory.
        FileFault: as `FileReader`.
    """
    want = _LOCAL.size + len(part.raw_name)
    head = file.read(part.at, want).tobytes()
    fields = _LOCAL.unpack_from(head)
    start = part.at + want + int(fields[10])
    same = fields[9] == len(part.raw_name) and head[_LOCAL.size :] == part.raw_name
    if fields[0] == b"PK\x03\x04" and same and start + part.packed <= part.end:
        return start
    raise Corrupt(
        f"{printable(part.name)!r} of {said(path)} does not lie where the directory says.",
        path=path,
        offset=part.at,
    )


class Unpacked:
    """A deflated member, to be read as a file is: cheap from front to back, anew from the start for each step back.

    Implements `reading.Bytes`.

    Args:
        file: the archive.
        part: a deflated member.
        start: where its data begin.
    """

    def __init__(self, file: Pieces, part: Part, start: int) -> None:
        self._file = file
        self._part = part
        self._start = start
        self._rewind()

    def _rewind(self) -> None:
        self._engine = zlib.decompressobj(-zlib.MAX_WBITS)
        self._taken = 0
        self._position = 0

    def read_into(self, target: NDArray[np.uint8] | memoryview, offset: int) -> None:
        """Fill a flat byte buffer from `offset` of what is unpacked.

        Raises:
            Corrupt, Truncated: the data are damaged, or less than they should be.
            FileFault: as `FileReader`.
        """
        view = target if isinstance(target, memoryview) else target.data
        if offset < self._position:
            self._rewind()
        while self._position < offset:
            self._next(offset - self._position)
        done = 0
        while done < len(view):
            piece = self._next(len(view) - done)
            view[done : done + len(piece)] = piece
            done += len(piece)

    def _next(self, most: int) -> bytes:
        """At least one and at most `most` bytes."""
        while True:
            packed = self._engine.unconsumed_tail
            if not packed and not self._engine.eof:
                size = min(_CHUNK, self._part.packed - self._taken)
                packed = self._file.read(self._start + self._taken, size).tobytes()
                self._taken += size
            try:
                piece = self._engine.decompress(packed, min(most, BLOCK_BYTES))
            except zlib.error as error:
                raise self._fault(Corrupt, "has damaged data") from error
            if piece:
                self._position += len(piece)
                return piece
            if self._engine.eof or not packed:
                raise self._fault(Truncated, f"ends after {self._position} of {self._part.size} bytes")

    def is_at_end(self) -> bool:
        """Whether there is nothing left, neither packed nor unpacked."""
        try:
            self._next(1)
        except FileFault:
            return self._engine.eof and not self._engine.unused_data and self._taken == self._part.packed
        return False

    def _fault(self, kind: type[FileFault], text: str) -> FileFault:
        name, path = printable(self._part.name), self._file.path
        return kind(f"{name!r} of {said(path)} {text}.", path=path, offset=self._start)


def blocks_of(file: FileReader, part: Part) -> Iterator[NDArray[np.uint8]]:
    """All of a member, unpacked, block by block; each is valid until the next. Its checksum is compared at the end.

    Raises:
        ChecksumMismatch, Corrupt, Truncated, Unsupported: it is damaged, or cannot be read.
        FileFault: as `FileReader`.
    """
    fault = part.fault(file.path)
    if fault is not None:
        raise fault
    start = data_of(file, part, file.path)
    source = Unpacked(file, part, start) if part.deflated else file
    base = 0 if part.deflated else start
    crc = 0
    buffer = room((min(BLOCK_BYTES, part.size),))
    for done in range(0, part.size, BLOCK_BYTES):
        block = buffer[: min(BLOCK_BYTES, part.size - done)]
        source.read_into(block, base + done)
        crc = zlib.crc32(block.data, crc)
        yield block
    if isinstance(source, Unpacked) and not source.is_at_end():
        raise Corrupt(
            f"{printable(part.name)!r} of {said(file.path)} does not unpack to the {part.size} bytes that it claims.",
            path=file.path,
            offset=start,
        )
    if crc != part.crc:
        raise ChecksumMismatch(
            f"{printable(part.name)!r} of {said(file.path)} does not match its checksum.",
            path=file.path,
            offset=start,
        )


def check_part(file: FileReader, part: Part, task: Task = UNTENDED) -> None:
    """Read all of a member, and compare its checksum; `task` counts unpacked bytes.

    Raises:
        FileFault: as `blocks_of`. Cancelled: if asked to stop.
    """
    for block in blocks_of(file, part):
        task.advance(len(block))
