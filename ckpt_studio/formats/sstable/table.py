"""Reads a LevelDB table from memory: footer, blocks with their checksums, and all records as columns.

The layout is drawn in this package's docstring; `records` decodes what the blocks hold.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple

from ckpt_studio.core.errors import ChecksumMismatch, Corrupt, FileFault, Truncated, Unsupported
from ckpt_studio.formats.files import FileReader, said
from ckpt_studio.formats.sstable.coding import checksum, mask, read_varint
from ckpt_studio.formats.sstable.records import (
    MOST_KEY_BYTES,
    Doubt,
    Records,
    decode_in_sequence,
    decode_side_by_side,
    walk_keys,
)

TRAILER: Final = 5
PLAIN, SNAPPY = 0, 1
_SLACK: Final = 4096
_MAX_INFLATION: Final = 16
_PADDING: Final = 64


@dataclass(frozen=True, slots=True)
class BlockHandle:
    """Where a block lies in the file, without its trailer."""

    offset: int
    size: int

    @classmethod
    def parse(cls, data: bytes | memoryview, position: int, end: int) -> tuple[BlockHandle, int]:
        """The handle at `position`, and the position behind it.

        Raises:
            ValueError: it does not fit before `end`.
        """
        offset, position = read_varint(data, position, end)
        size, position = read_varint(data, position, end)
        return cls(offset, size), position


@dataclass(frozen=True, slots=True)
class Footer:
    """The last 48 bytes: two handles, zero padding to 40 bytes, magic number."""

    SIZE: ClassVar[int] = 48
    MAGIC: ClassVar[int] = 0xDB4775248B80FB57

    metaindex: BlockHandle
    index: BlockHandle
    padding: bytes

    @classmethod
    def parse(cls, data: bytes) -> Footer:
        """From exactly 48 bytes.

        Raises:
            ValueError: it is not a footer.
        """
        if len(data) != cls.SIZE or struct.unpack_from("<Q", data, 40)[0] != cls.MAGIC:
            raise ValueError("no table's magic number")
        metaindex, position = BlockHandle.parse(data, 0, 40)
        index, position = BlockHandle.parse(data, position, 40)
        return cls(metaindex, index, data[position:40])


def check_end(file: FileReader) -> None:
    """Look at the footer alone, so that what is no table is refused before all of it is read.

    Raises:
        as `footer_of`.
    """
    footer_of(file)


def footer_of(file: FileReader) -> Footer:
    """The footer of a table.

    Raises:
        Truncated, Corrupt: it is no table.
        FileFault: as `FileReader`.
    """
    size = file.identity.size
    tail = min(size, Footer.SIZE)
    return _footer(file.read(size - tail, tail).tobytes(), size, file.path)


def _footer(tail: bytes, size: int, path: str) -> Footer:
    if size < Footer.SIZE:
        raise Truncated(
            f"{said(path)} {f'has only {size} bytes' if size else 'is empty'}; it is no complete table.",
            path=path,
            offset=0,
        )
    try:
        return Footer.parse(tail)
    except ValueError as error:
        raise Corrupt(
            f"{said(path)} does not end as a table must; it is cut off or another kind of file.",
            path=path,
            offset=size - Footer.SIZE,
        ) from error


def damaged(path: str, reason: str, offset: int | None = None) -> Corrupt:
    """The fault of a table that contradicts itself."""
    return Corrupt(f"{said(path)} is damaged: {reason}.", path=path, offset=offset)


def checked_contents(block: memoryview, offset: int, path: str) -> memoryview:
    """The contents of a block that is given with its trailer, after its checksum was compared.

    Args:
        block: contents, type byte and checksum.
        offset: where it stands in the file, for the sentences.
        path: the file, for the sentences.

    Raises:
        Corrupt, ChecksumMismatch, Unsupported: it is damaged.
    """
    (stored,) = struct.unpack_from("<I", block, len(block) - 4)
    if mask(checksum(block[:-4])) != stored:
        raise ChecksumMismatch(
            f"{said(path)} is damaged: the block at byte {offset} does not match its checksum.",
            path=path,
            offset=offset,
        )
    kind = block[-TRAILER]
    if kind == PLAIN:
        return block[:-TRAILER]
    if kind == SNAPPY:
        return _inflate(block[:-TRAILER], offset, path)
    raise Unsupported(
        f"{said(path)} has a block of the unknown compression {kind}.", path=path, offset=offset
    )


def _inflate(contents: memoryview, offset: int, path: str) -> memoryview:
    import cramjam

    try:
        size, _ = read_varint(contents, 0, min(len(contents), 10), 32)
    except ValueError as error:
        raise damaged(path, f"the compressed block at byte {offset} is damaged", offset) from error
    if size > 32 * len(contents) + 64:
        raise damaged(path, f"the block at byte {offset} claims to hold {size} bytes", offset)
    target = bytearray(size)
    try:
        got = cramjam.snappy.decompress_raw_into(bytes(contents), target)
    except cramjam.DecompressionError as error:
        raise damaged(path, f"the compressed block at byte {offset} is damaged", offset) from error
    if got != size:
        raise damaged(path, f"the compressed block at byte {offset} is damaged", offset)
    return memoryview(target).toreadonly()


def data_blocks(index: memoryview, file_size: int) -> Iterator[tuple[bytes, BlockHandle]]:
    """The data blocks that an index block lists, in file order, each with a key that none of its own comes after.

    Overlapping blocks are refused, so that a small file stays little work.

    Raises:
        ValueError: the list cannot be right.
    """
    end = 0
    for key, start, size in walk_keys(index, 0, len(index)):
        handle, _ = BlockHandle.parse(index, start, start + size)
        if handle.offset < end:
            raise ValueError("its blocks overlap")
        end = handle.offset + handle.size + TRAILER
        if end > file_size:
            raise ValueError("a block reaches past the end of the file")
        yield key, handle


class Gap(NamedTuple):
    """Where a damaged data block stood in the order of keys.

    Attributes:
        after: every key of the block comes after this one; None for the first block.
        last: no key of the block comes after this one.
    """

    after: bytes | None
    last: bytes


class Table:
    """A table in memory.

    Args:
        data: the whole file.
        path: names it in errors.

    Raises:
        Truncated, Corrupt, ChecksumMismatch: it is no table, or its own index is damaged.
    """

    def __init__(self, data: bytes, path: str) -> None:
        self.data = data
        self.path = path
        self._view = memoryview(data)
        self.footer = _footer(data[-Footer.SIZE :], len(data), path)
        self._last_keys, self.handles = self._blocks()

    def _blocks(self) -> tuple[tuple[bytes, ...], tuple[BlockHandle, ...]]:
        """The data blocks in file order: of each, a key that none of its own comes after, and its place."""
        try:
            found = list(data_blocks(self.block(self.footer.index), len(self.data)))
        except ValueError as error:
            raise self._corrupt(str(error), self.footer.index.offset) from error
        return tuple(key for key, _ in found), tuple(handle for _, handle in found)

    def without_damaged_blocks(self) -> tuple[Table, tuple[Gap, ...]]:
        """This table as if its damaged data blocks were not there, and where each of them stood."""
        gaps = []
        sound = []
        for number, handle in enumerate(self.handles):
            try:
                self.block(handle)
            except FileFault:
                after = self._last_keys[number - 1] if number else None
                gaps.append(Gap(after, self._last_keys[number]))
            else:
                sound.append(number)
        rest = copy(self)
        rest._last_keys = tuple(self._last_keys[number] for number in sound)
        rest.handles = tuple(self.handles[number] for number in sound)
        return rest, tuple(gaps)

    def _corrupt(self, reason: str, offset: int | None = None) -> Corrupt:
        return damaged(self.path, reason, offset)

    def block(self, handle: BlockHandle) -> memoryview:
        """A block's contents after its checksum was compared.

        Raises:
            Corrupt, ChecksumMismatch, Unsupported: it is damaged.
        """
        stop = handle.offset + handle.size + TRAILER
        if stop > len(self.data):
            raise self._corrupt("a block reaches past the end of the file", handle.offset)
        return checked_contents(self._view[handle.offset : stop], handle.offset, self.path)

    def block_faults(self) -> Iterator[FileFault]:
        """Every block whose checksum or compression is wrong; and a footer with bytes that no writer puts there."""
        if any(self.footer.padding):
            yield self._corrupt("its footer is not filled up with zeros", len(self.data) - Footer.SIZE)
        for handle in (self.footer.metaindex, *self.handles):
            try:
                self.block(handle)
            except FileFault as fault:
                yield fault

    def records(self) -> Records:
        """All records of all data blocks.

        Raises:
            Corrupt, ChecksumMismatch, Unsupported: a block is damaged.
        """
        data, spans = self._contents()
        try:
            if len(spans) > _SLACK and len(spans) * 1024 > len(data):
                raise Doubt  # many tiny blocks: nothing to gain side by side
            records = decode_side_by_side(data, spans, self._limit(data))
        except (Doubt, IndexError):  # IndexError: a length led past the end of the file
            return self.records_in_sequence()
        return self._checked(records)

    def records_in_sequence(self) -> Records:
        """The same by the plain loop: the reference.

        Raises:
            as `records`.
        """
        data, spans = self._contents()
        try:
            records = decode_in_sequence(data, spans, self._limit(data))
        except ValueError as error:
            raise self._corrupt(str(error)) from error
        return self._checked(records)

    def _checked(self, records: Records) -> Records:
        """Prefix compression can make few bytes claim to be very long keys: refuse before they are built."""
        total = int(records.key_sizes().sum())
        if total > _MAX_INFLATION * len(self.data) + MOST_KEY_BYTES:
            raise self._corrupt(f"its keys claim to be {total} bytes long")
        return records

    def _limit(self, contents: bytes) -> int:
        """More records than this are no checkpoint's: each has a key and a value, and in the value a checksum."""
        return min(len(self.data) // 4, len(contents) // 8) + _SLACK

    def _contents(self) -> tuple[bytes, list[tuple[int, int]]]:
        """All blocks' bytes in one padded buffer, and where each block starts and stops in it."""
        blocks = [self.block(handle) for handle in self.handles]
        if all(block.obj is self.data for block in blocks):
            # The footer behind the blocks is padding enough.
            return self.data, [(h.offset, h.offset + h.size) for h in self.handles]
        total = sum(len(block) for block in blocks)
        if total > _MAX_INFLATION * len(self.data) + (1 << 20):
            raise self._corrupt(f"its blocks claim to hold {total} bytes")
        spans = []
        position = 0
        for block in blocks:
            spans.append((position, position + len(block)))
            position += len(block)
        return b"".join([*blocks, bytes(_PADDING)]), spans
