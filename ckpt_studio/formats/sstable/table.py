"""Reads a LevelDB table from memory: footer, blocks with their checksums, and all records as columns.

The layout is drawn in this package's docstring. Records come from one of two decoders: a vectorised one that walks all
restart intervals of all blocks side by side, and a plain sequential one. The first gives up wherever it is in doubt, so
the second is the reference for what a table means and for what is damage.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.errors import ChecksumMismatch, Corrupt, FileFault, Truncated, Unsupported
from ckpt_studio.formats.files import said
from ckpt_studio.formats.sstable.coding import checksum, mask, read_varint

TRAILER: Final = 5
_SLACK: Final = 4096
_MAX_INFLATION: Final = 16
_MAX_LANE: Final = 64
_PADDING: Final = 64


class Doubt(Exception):
    """Raised inside the vectorised decoders: the bytes are unusual, let the plain loop decide."""


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

    @classmethod
    def parse(cls, data: bytes) -> Footer:
        """From exactly 48 bytes.

        Raises:
            ValueError: it is not a footer.
        """
        if len(data) != cls.SIZE or struct.unpack_from("<Q", data, 40)[0] != cls.MAGIC:
            raise ValueError("no table's magic number")
        metaindex, position = BlockHandle.parse(data, 0, 40)
        index, _ = BlockHandle.parse(data, position, 40)
        return cls(metaindex, index)


@dataclass(frozen=True, eq=False)
class Records:
    """All records of a table, in the order in which they stand.

    Attributes:
        data: the blocks' bytes (the file itself where no block is compressed), padded.
        shared: how many bytes a key has in common with the key before it.
        key_at: where the rest of the key begins in `data`; it ends at `value_at`.
        value_at, value_size: the value.
    """

    data: bytes
    shared: NDArray[np.int64]
    key_at: NDArray[np.int64]
    value_at: NDArray[np.int64]
    value_size: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.shared)

    def value(self, i: int) -> bytes:
        """The value of record i."""
        at = int(self.value_at[i])
        return self.data[at : at + int(self.value_size[i])]

    def key_sizes(self) -> NDArray[np.int64]:
        """How long each whole key is."""
        return self.shared + self.value_at - self.key_at

    def keys(self) -> Iterator[bytes]:
        """The whole keys, one after the other."""
        key = b""
        data = self.data
        step = 1 << 16
        for first in range(0, len(self), step):
            part = slice(first, first + step)
            columns = (self.shared[part].tolist(), self.key_at[part].tolist(), self.value_at[part].tolist())
            for shared, start, stop in zip(*columns, strict=True):
                key = key[:shared] + data[start:stop]
                yield key


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
        if len(data) < Footer.SIZE:
            raise Truncated(
                f"{said(path)} has only {len(data)} bytes; it is not a complete table.", path=path, offset=0
            )
        try:
            self.footer = Footer.parse(data[-Footer.SIZE :])
        except ValueError as error:
            raise Corrupt(
                f"{said(path)} does not end as a table must; it is cut off or another kind of file.",
                path=path,
                offset=len(data) - Footer.SIZE,
            ) from error
        self.handles = self._handles()

    def _handles(self) -> tuple[BlockHandle, ...]:
        """The data blocks in file order. Overlapping ones are refused, so that a small file stays little work."""
        handles = []
        end = 0
        index = self.block(self.footer.index)
        try:
            for _, _, start, size in _walk(index, 0, len(index)):
                handle, _ = BlockHandle.parse(index, start, start + size)
                if handle.offset < end:
                    raise ValueError("its blocks overlap")
                end = handle.offset + handle.size + TRAILER
                if end > len(self.data):
                    raise ValueError("a block reaches past the end of the file")
                handles.append(handle)
        except ValueError as error:
            raise self._corrupt(str(error), self.footer.index.offset) from error
        return tuple(handles)

    def _corrupt(self, reason: str, offset: int | None = None) -> Corrupt:
        return Corrupt(f"{said(self.path)} is damaged: {reason}.", path=self.path, offset=offset)

    def block(self, handle: BlockHandle) -> memoryview:
        """A block's contents after its checksum was compared.

        Raises:
            Corrupt, ChecksumMismatch, Unsupported: it is damaged.
        """
        start, size = handle.offset, handle.size
        if start + size + TRAILER > len(self.data):
            raise self._corrupt("a block reaches past the end of the file", start)
        (stored,) = struct.unpack_from("<I", self.data, start + size + 1)
        if mask(checksum(self._view[start : start + size + 1])) != stored:
            raise ChecksumMismatch(
                f"{said(self.path)} is damaged: the block at byte {start} does not match its checksum.",
                path=self.path,
                offset=start,
            )
        kind = self.data[start + size]
        contents = self._view[start : start + size]
        if kind == 0:
            return contents
        if kind == 1:
            return self._inflate(contents, start)
        raise Unsupported(
            f"{said(self.path)} has a block of the unknown compression {kind}.", path=self.path, offset=start
        )

    def _inflate(self, contents: memoryview, start: int) -> memoryview:
        import cramjam

        try:
            size, _ = read_varint(contents, 0, min(len(contents), 10), 32)
        except ValueError as error:
            raise self._corrupt(f"the compressed block at byte {start} is damaged", start) from error
        if size > 32 * len(contents) + 64:
            raise self._corrupt(f"the block at byte {start} claims to hold {size} bytes", start)
        target = bytearray(size)
        try:
            got = cramjam.snappy.decompress_raw_into(bytes(contents), target)
        except cramjam.DecompressionError as error:
            raise self._corrupt(f"the compressed block at byte {start} is damaged", start) from error
        if got != size:
            raise self._corrupt(f"the compressed block at byte {start} is damaged", start)
        return memoryview(target).toreadonly()

    def block_faults(self) -> Iterator[FileFault]:
        """Every data block whose checksum or compression is wrong."""
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
            records = _side_by_side(data, spans, self._limit())
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
            records = _in_sequence(data, spans, self._limit())
        except ValueError as error:
            raise self._corrupt(str(error)) from error
        return self._checked(records)

    def _checked(self, records: Records) -> Records:
        """Prefix compression can make few bytes claim to be very long keys: refuse before they are built."""
        total = int(records.key_sizes().sum())
        if total > _MAX_INFLATION * len(self.data) + (16 << 20):
            raise self._corrupt(f"its keys claim to be {total} bytes long")
        return records

    def _limit(self) -> int:
        """More records than this are no checkpoint's: each has a key, and a value with a checksum."""
        return len(self.data) // 4 + _SLACK

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


def _block_end(data: bytes | memoryview, start: int, stop: int) -> int:
    """Where the restart array of a block begins, which is where its entries end; -1 if there is no room for it."""
    if stop - start < 4:
        return -1
    (count,) = struct.unpack_from("<I", data, stop - 4)
    end = stop - 4 - 4 * int(count)
    return end if end >= start else -1


def _walk(data: bytes | memoryview, start: int, stop: int) -> Iterator[tuple[int, int, int, int]]:
    """Entries of a block as (shared, key position, value position, value size).

    Raises:
        ValueError: the block contradicts itself.
    """
    end = _block_end(data, start, stop)
    if end < 0:
        raise ValueError("a block has no room for its restart points")
    position = start
    key_size = 0
    while position < end:
        shared, position = read_varint(data, position, end, 32)
        fresh, position = read_varint(data, position, end, 32)
        size, position = read_varint(data, position, end, 32)
        value_at = position + fresh
        if shared > key_size or value_at + size > end:
            raise ValueError("an entry of a block reaches past its bounds")
        key_size = shared + fresh
        yield shared, position, value_at, size
        position = value_at + size


def _in_sequence(data: bytes, spans: list[tuple[int, int]], limit: int) -> Records:
    """The plain loop. Raises ValueError where a block contradicts itself or there are more than `limit` records."""
    columns = tuple(array("q") for _ in range(4))
    add = tuple(column.append for column in columns)
    count = 0
    for start, stop in spans:
        for record in _walk(data, start, stop):
            count += 1
            if count > limit:
                raise ValueError("it claims more records than its bytes can hold")
            for append, value in zip(add, record, strict=True):
                append(value)
    shared, key_at, value_at, value_size = (np.frombuffer(c, np.int64) for c in columns)
    return Records(data, shared, key_at, value_at, value_size)


def varints(
    buffer: NDArray[np.uint8], position: NDArray[np.int64], most: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Values of the varints at `position`, and the positions behind.

    A value is -1 where a varint has more than `most` bytes (at most 9).
    Positions must leave `most` bytes before the end of `buffer`.
    """
    byte = buffer[position]
    after = position + 1
    value = byte.astype(np.int64)
    if int(byte.max(initial=0)) < 0x80:
        return value, after
    value &= 0x7F
    more = np.flatnonzero(byte >= 0x80)
    for shift in range(7, 7 * most, 7):
        byte = buffer[after[more]]
        value[more] |= (byte & 0x7F).astype(np.int64) << shift
        after[more] += 1
        more = more[byte >= 0x80]
        if not more.size:
            return value, after
    value[more] = -1
    return value, after


def _lanes(data: bytes, spans: list[tuple[int, int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each restart interval of all blocks begins and ends."""
    starts, ends = [], []
    for start, stop in spans:
        end = _block_end(data, start, stop)
        if end < 0:
            raise Doubt
        restarts = np.frombuffer(data, "<u4", (stop - 4 - end) // 4, end).astype(np.int64) + start
        if end == start and len(restarts) <= 1:
            continue
        if not len(restarts) or restarts[0] != start or restarts[-1] >= end or (np.diff(restarts) <= 0).any():
            raise Doubt
        starts.append(restarts)
        ends.append(np.append(restarts[1:], end))
    if not starts:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    return np.concatenate(starts), np.concatenate(ends)


def _side_by_side(data: bytes, spans: list[tuple[int, int]], limit: int) -> Records:
    """All restart intervals at once: step n decodes the n-th entry of each. Raises Doubt where anything is unusual."""
    position, end = _lanes(data, spans)
    buffer = np.frombuffer(data, np.uint8)
    key_size = np.zeros(len(position), np.int64)
    steps: list[tuple[NDArray[np.int64], ...]] = []
    count = 0
    while position.size:
        count += position.size
        if len(steps) >= _MAX_LANE or count > limit:
            raise Doubt
        shared, position = varints(buffer, position, 4)
        fresh, position = varints(buffer, position, 4)
        size, position = varints(buffer, position, 4)
        key_at, value_at = position, position + fresh
        position = value_at + size
        if (
            int(np.minimum(np.minimum(shared, fresh), size).min()) < 0
            or (shared > key_size).any()
            or (position > end).any()
        ):
            raise Doubt
        steps.append((shared, key_at, value_at, size))
        live = position < end
        if not live.all():
            position, end = position[live], end[live]
            key_size = (shared + fresh)[live]
        else:
            key_size = shared + fresh
    if not steps:
        empty = np.zeros(0, np.int64)
        return Records(data, empty, empty, empty, empty)
    columns = [np.concatenate(column) for column in zip(*steps, strict=True)]
    order = np.argsort(columns[1], kind="stable")
    shared, key_at, value_at, size = (column[order] for column in columns)
    return Records(data, shared, key_at, value_at, size)
