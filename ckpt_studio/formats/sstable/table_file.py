"""A table whose blocks stay in the file until they are asked for, because its values may be larger than memory."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import Final, overload

from ckpt_studio.formats.files import FileReader
from ckpt_studio.formats.sstable.records import walk_keys
from ckpt_studio.formats.sstable.table import (
    TRAILER,
    BlockHandle,
    checked_contents,
    damaged,
    data_blocks,
    footer_of,
)

_CHUNK: Final = 16 << 10
_MOST_INDEX_BYTES: Final = 256 << 20


class Glances:
    """Bytes of a file by position, for looking at few of many: the chunk that was read last is kept.

    Looking raises Truncated or FileFault as `FileReader.read` does.
    """

    def __init__(self, file: FileReader) -> None:
        self._file = file
        self._start = 0
        self._chunk = b""

    @overload
    def __getitem__(self, where: int, /) -> int: ...

    @overload
    def __getitem__(self, where: slice, /) -> bytes: ...

    def __getitem__(self, where: int | slice, /) -> int | bytes:
        if isinstance(where, int):
            self._look(where, where + 1)
            return self._chunk[where - self._start]
        self._look(where.start, where.stop)
        return self._chunk[where.start - self._start : where.stop - self._start]

    def _look(self, start: int, stop: int) -> None:
        if start < self._start or stop > self._start + len(self._chunk):
            size = max(min(_CHUNK, self._file.identity.size - start), stop - start)
            self._chunk = self._file.read(start, size).tobytes()
            self._start = start


class TableFile:
    """The index of a table in a file.

    Args:
        file: open for reading; nothing of it is kept.

    Attributes:
        path: names it in errors.
        footer: its end.
        handles: the data blocks in file order.
        last_keys: of each block, a key that none of its own comes after.

    Raises:
        Truncated, Corrupt, ChecksumMismatch, Unsupported: it is no table, or its own index is damaged.
        FileFault: as `FileReader`.
    """

    def __init__(self, file: FileReader) -> None:
        self.path = file.path
        self.footer = footer_of(file)
        handle = self.footer.index
        if handle.size > _MOST_INDEX_BYTES:
            raise damaged(self.path, f"its index claims to have {handle.size} bytes", handle.offset)
        try:
            found = list(data_blocks(self.contents(file, handle), file.identity.size))
        except ValueError as error:
            raise damaged(self.path, str(error), handle.offset) from error
        self.last_keys = [key for key, _ in found]
        self.handles = tuple(handle for _, handle in found)

    def contents(self, file: FileReader, handle: BlockHandle) -> memoryview:
        """A block's contents after its checksum was compared.

        Raises:
            Truncated, Corrupt, ChecksumMismatch, Unsupported: it is damaged.
            FileFault: as `FileReader`.
        """
        block = file.read(handle.offset, handle.size + TRAILER)
        return checked_contents(block.data, handle.offset, self.path)

    def compression(self, file: FileReader, number: int) -> int:
        """The type byte of a data block."""
        handle = self.handles[number]
        return int(file.read(handle.offset + handle.size, 1)[0])

    def block_of(self, key: bytes) -> int:
        """The number of the only data block that can hold a key, or -1."""
        number = bisect_left(self.last_keys, key)
        return number if number < len(self.handles) else -1

    def entries(self, look: Glances, number: int) -> Iterator[tuple[bytes, int, int]]:
        """The records of a data block that is not compressed: (key, value position in the file, value size).

        Only keys are read, and nothing is compared with a checksum.

        Raises:
            ValueError: the block contradicts itself.
            FileFault: as `FileReader`.
        """
        handle = self.handles[number]
        return walk_keys(look, handle.offset, handle.offset + handle.size)
