"""Writes a LevelDB table as TensorFlow does, byte for byte: 256 KiB blocks, 16 keys a restart, uncompressed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from ckpt_studio.formats.sstable.coding import checksum, mask, write_varint

BLOCK_SIZE: Final = 256 << 10
RESTART_INTERVAL: Final = 16
_TRAILER: Final = 5
MAGIC: Final = (0xDB4775248B80FB57).to_bytes(8, "little")


class _Block:
    """A block being filled: prefix-compressed entries and their restart points."""

    def __init__(self, interval: int) -> None:
        self._interval = interval
        self.reset()

    def reset(self) -> None:
        self._buffer = bytearray()
        self._restarts = [0]
        self._since_restart = 0
        self._last = b""

    @property
    def is_empty(self) -> bool:
        return not self._buffer

    @property
    def size(self) -> int:
        """Bytes of the finished block."""
        return len(self._buffer) + 4 * len(self._restarts) + 4

    def add(self, key: bytes, value: bytes) -> None:
        shared = 0
        if self._since_restart < self._interval:
            shared = _shared(self._last, key)
        else:
            self._restarts.append(len(self._buffer))
            self._since_restart = 0
        unshared = len(key) - shared
        if (shared | unshared | len(value)) < 0x80:
            self._buffer += bytes((shared, unshared, len(value)))
        else:
            self._buffer += write_varint(shared) + write_varint(unshared) + write_varint(len(value))
        self._buffer += key[shared:]
        self._buffer += value
        self._last = key
        self._since_restart += 1

    def add_intervals(self, entries: memoryview, restarts: list[int], last: bytes) -> None:
        """Append entries of another block, that begin at a restart point, with all their restart points."""
        at = len(self._buffer)
        self._restarts += [at + restart for restart in restarts if at + restart]
        self._buffer += entries
        self._last = last
        self._since_restart = self._interval

    def finish(self) -> bytes:
        tail = np.array([*self._restarts, len(self._restarts)], "<u4").tobytes()
        return bytes(self._buffer) + tail


class TableWriter:
    """Records in ascending order of keys -> a table.

    Args:
        write: is given the table's bytes in order.
    """

    def __init__(self, write: Callable[[bytes | memoryview], object]) -> None:
        self._write = write
        self._offset = 0
        self._data = _Block(RESTART_INTERVAL)
        self._index = _Block(1)
        self._last: bytes | None = None
        self._pending: bytes | None = None

    def add(self, key: bytes, value: bytes) -> None:
        """Append a record.

        Raises:
            ValueError: `key` does not come after the one before.
        """
        self._before(key)
        self._last = key
        self._data.add(key, value)
        if self._data.size >= BLOCK_SIZE:
            self._flush()

    def add_block(self, block: memoryview, first: bytes, last: bytes) -> None:
        """Append a whole data block of another table as it is, trailer included.

        Args:
            block: its bytes.
            first: the key that it begins with.
            last: the key that it ends with.

        Raises:
            ValueError: `first` does not come after the record before.
        """
        self._flush()
        self._before(first)
        self._last = last
        self._pending = self._put(block)

    def add_intervals(self, entries: memoryview, restarts: list[int], first: bytes, last: bytes) -> None:
        """Append entries of another table's block as they are.

        Args:
            entries: their bytes.
            restarts: where restart intervals begin in them, rising; the first at 0.
            first: the key that they begin with.
            last: the key that they end with.

        Raises:
            ValueError: `first` does not come after the record before.
        """
        self._before(first)
        self._last = last
        self._data.add_intervals(entries, restarts, last)
        if self._data.size >= BLOCK_SIZE:
            self._flush()

    def _before(self, key: bytes) -> None:
        """Look at the order, and say in the index where the block before ends."""
        if self._last is not None and key <= self._last:
            raise ValueError(f"{key!r} after {self._last!r}: keys must ascend")
        if self._pending is not None and self._last is not None:
            self._index.add(_separator(self._last, key), self._pending)
            self._pending = None

    def finish(self) -> None:
        """Write what is left, the index block and the footer."""
        self._flush()
        metaindex = self._write_block(_Block(RESTART_INTERVAL).finish())
        if self._pending is not None and self._last is not None:
            self._index.add(_successor(self._last), self._pending)
        index = self._write_block(self._index.finish())
        self._write((metaindex + index).ljust(40, b"\0") + MAGIC)

    def _flush(self) -> None:
        if not self._data.is_empty:
            self._pending = self._write_block(self._data.finish())
            self._data.reset()

    def _write_block(self, contents: bytes) -> bytes:
        """Write a plain block with its trailer. Returns its handle."""
        block = contents + b"\0"
        return self._put(memoryview(block + mask(checksum(block)).to_bytes(4, "little")))

    def _put(self, block: memoryview) -> bytes:
        """Write a block that has its trailer. Returns its handle."""
        self._write(block)
        handle = write_varint(self._offset) + write_varint(len(block) - _TRAILER)
        self._offset += len(block)
        return handle


def _shared(one: bytes, other: bytes) -> int:
    """How many bytes two keys begin with in common."""
    size = min(len(one), len(other))
    if one[:size] == other[:size]:
        return size
    low = 0
    while size - low > 1:
        middle = (low + size) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            size = middle
    return low


def _separator(before: bytes, after: bytes) -> bytes:
    """A short key that is >= `before` and < `after`."""
    shared = _shared(before, after)
    if shared < min(len(before), len(after)):
        byte = before[shared]
        if byte < 0xFF and byte + 1 < after[shared]:
            return before[:shared] + bytes((byte + 1,))
    return before


def _successor(key: bytes) -> bytes:
    """A short key that is >= `key`."""
    for place, byte in enumerate(key):
        if byte != 0xFF:
            return key[:place] + bytes((byte + 1,))
    return key
