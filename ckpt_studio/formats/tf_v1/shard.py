"""One table of a V1 checkpoint: what it lists, and where the record of each slice lies. No value is read."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Final

import numpy as np

from ckpt_studio.core.errors import Changed, ChecksumMismatch, Corrupt, FileFault, Unrecognised, Unsupported
from ckpt_studio.formats.files import FileReader, said, settle
from ckpt_studio.formats.sstable.coding import read_varint
from ckpt_studio.formats.sstable.ordered_code import slice_key
from ckpt_studio.formats.sstable.records import walk_keys
from ckpt_studio.formats.sstable.table import PLAIN, BlockHandle, damaged
from ckpt_studio.formats.sstable.table_file import Glances, TableFile
from ckpt_studio.formats.tf_v1.listed import NewerVersion, parse_list
from ckpt_studio.formats.tf_v1.record import Record

WHOLE: Final = 4 << 20
"""Blocks of up to so many bytes are read as a whole, and their checksum is compared first; of larger ones only what is
wanted, as of the tensors of a V2 bundle, and `verify` compares them. A file of up to so many bytes is looked through
when it is opened."""

_SLACK: Final = 4096
_SMALLEST: Final = 24
"""Bytes of a file that a variable takes at least, its record included."""


def load_shard(path: str) -> Shard:
    """Read what a table lists.

    A file that is cut off, or whose index is damaged, is opened all the same where its list is whole: it stands first.

    Raises:
        MissingFile, Changed, Unrecognised, Unsupported: it is no table that we can read.
        Truncated, Corrupt, ChecksumMismatch, FileFault: nothing can be known of it.
    """
    kept: list[Shard] = []

    def load() -> Shard:
        with FileReader(path) as file:
            kept[:] = [Shard(file)]
            file.check_unchanged()
        if kept[0].broken is not None:
            raise kept[0].broken
        return kept[0]

    try:
        return settle(path, load)
    except FileFault as fault:
        if kept and kept[0].broken is fault:
            return kept[0]
        raise


class Shard:
    """One table; see `load_shard`.

    Attributes:
        path, identity: the file.
        table: its index, None where that is damaged.
        broken: why, then.
        listed: the variables that it lists.
        keys: key of each slice, those of `listed[0]` first.
        block: int32 [slices], the data block that holds a slice's record, or -1.
        at, size: int64 [slices], where the record's value stands in the contents of that block.
        bad_blocks: what is wrong with data blocks, as far as it shows without reading their values.
    """

    def __init__(self, file: FileReader) -> None:
        self.path = file.path
        self.identity = file.identity
        self.table: TableFile | None = None
        self.broken: FileFault | None = None
        self.bad_blocks: dict[int, FileFault] = {}
        try:
            self.table = TableFile(file)
        except (Changed, Unsupported):
            raise
        except FileFault as fault:
            self.broken = fault
        raw = self._read_list(file)
        try:
            self.listed = parse_list(raw, max(file.identity.size, len(raw)) // _SMALLEST)
        except NewerVersion as error:
            raise Unsupported(
                f"{said(self.path)} cannot be read: {error}; a newer Ckpt Studio is needed.", path=self.path
            ) from error
        except ValueError as error:
            raise self._no_list(raw, str(error)) from error
        self.keys = [slice_key(one.name, piece) for one in self.listed for piece in one.slices]
        self.block = np.full(len(self.keys), -1, np.int32)
        self.at = np.zeros(len(self.keys), np.int64)
        self.size = np.zeros(len(self.keys), np.int64)
        self._unseen: set[int] = set()
        self._locate(file)

    def _no_list(self, raw: bytes, reason: str) -> FileFault:
        if raw[:1] == b"\x08":
            return Unrecognised(
                f"{said(self.path)} is the index of a V2 checkpoint under another name; "
                "it must end in .index and lie beside its data files.",
                path=self.path,
            )
        return self.bad_blocks.get(0) or damaged(self.path, reason)

    def _read_list(self, file: FileReader) -> bytes:
        """The value of the first record, which must have the key ""."""
        start, stop = 0, file.identity.size
        if self.table is not None:
            if not self.table.handles:
                raise Corrupt(f"{said(self.path)} is an empty table; it is no checkpoint.", path=self.path)
            handle = self.table.handles[0]
            start, stop = handle.offset, handle.offset + handle.size
            plain = self.table.compression(file, 0) == PLAIN
            if handle.size <= WHOLE or not plain:
                try:
                    contents = self.table.contents(file, handle)
                except ChecksumMismatch as fault:
                    if not plain:
                        raise
                    self.bad_blocks[0] = fault
                else:
                    at, size = self._first_value(contents, 0, len(contents))
                    return bytes(contents[at : at + size])
        at, size = self._first_value(Glances(file), start, stop)
        return file.read(at, size).tobytes()

    def _first_value(self, data: memoryview | Glances, start: int, stop: int) -> tuple[int, int]:
        try:
            shared, at = read_varint(data, start, stop, 32)
            fresh, at = read_varint(data, at, stop, 32)
            size, at = read_varint(data, at, stop, 32)
            if shared or fresh or at + size > stop:
                raise ValueError("it does not begin with its list of variables")
        except ValueError as error:
            raise self.broken or damaged(self.path, str(error), start) from error
        return at, size

    def _locate(self, file: FileReader) -> None:
        """Find the records: by the keys of all blocks that are not compressed, or of all where the file is small."""
        if self.table is None:
            return
        number_of = {key: number for number, key in reversed(list(enumerate(self.keys)))}
        left = 2 * len(self.keys) + _SLACK
        look = Glances(file)
        for block, handle in enumerate(self.table.handles):
            if block in self.bad_blocks:
                continue
            try:
                entries = self._entries(file, look, block, handle)
                if entries is None:
                    self._unseen.add(block)
                    continue
                base = 0 if self.identity.size <= WHOLE else handle.offset
                for key, at, size in entries:
                    left -= 1
                    if left < 0:
                        raise ValueError("it holds more records than the list of variables names")
                    number = number_of.get(key)
                    if number is not None:
                        self.block[number], self.at[number], self.size[number] = block, at - base, size
            except Changed:
                raise
            except FileFault as fault:
                self.bad_blocks[block] = fault
            except ValueError as error:
                self.bad_blocks[block] = self._damaged_block(handle, error)

    def _entries(
        self, file: FileReader, look: Glances, block: int, handle: BlockHandle
    ) -> Iterator[tuple[bytes, int, int]] | None:
        assert self.table is not None
        if self.identity.size <= WHOLE:
            contents = self.table.contents(file, handle)
            return walk_keys(contents, 0, len(contents))
        if look[handle.offset + handle.size] != PLAIN:
            return None
        return self.table.entries(look, block)

    def _damaged_block(self, handle: BlockHandle, error: ValueError) -> FileFault:
        return damaged(self.path, f"of the block at byte {handle.offset}, {error}", handle.offset)

    def fault(self, number: int) -> FileFault | None:
        """Why the record of a slice cannot be read, as far as that is known; its path is the file."""
        if self.table is None:
            return self.broken
        block = int(self.block[number])
        if block < 0:
            block = self.table.block_of(self.keys[number])
            if block in self._unseen:
                return None
        if block in self.bad_blocks:
            return self.bad_blocks[block]
        return None if self.block[number] >= 0 else self.missing_record()

    def missing_record(self) -> FileFault:
        """The fault of a slice that the table lists but does not hold."""
        return damaged(self.path, "it lists this variable but holds no values of it")

    def __len__(self) -> int:
        return len(self.keys)


class OpenShard:
    """A table, open for reading records of it: a context manager.

    Raises:
        MissingFile, Changed, FileFault: it is not what it was when the checkpoint was opened.
    """

    def __init__(self, shard: Shard) -> None:
        self._shard = shard
        self.file = FileReader(shard.path, shard.identity)
        self._last: tuple[int, memoryview] = (-1, memoryview(b""))

    def __enter__(self) -> OpenShard:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.file.__exit__(kind, error, trace)

    def record(self, number: int) -> Record:
        """The record of a slice that has no fault that is known.

        Raises:
            Corrupt, ChecksumMismatch, FileFault: it has one after all.
        """
        shard = self._shard
        assert shard.table is not None
        block, at, size = int(shard.block[number]), int(shard.at[number]), int(shard.size[number])
        if block < 0:
            block = shard.table.block_of(shard.keys[number])
            return self._search(block, shard.keys[number])
        handle = shard.table.handles[block]
        if handle.size > WHOLE:
            return Record(self.file, handle.offset + at, size)
        return Record(self._contents(block), at, size)

    def _search(self, block: int, key: bytes) -> Record:
        contents = self._contents(block)
        try:
            for found, at, size in walk_keys(contents, 0, len(contents)):
                if found == key:
                    return Record(contents, at, size)
        except ValueError as error:
            raise damaged(self._shard.path, str(error)) from error
        raise self._shard.missing_record()

    def _contents(self, block: int) -> memoryview:
        """The contents of a block; those of the last one are kept, for slices that lie together."""
        table = self._shard.table
        assert table is not None
        if self._last[0] != block:
            self._last = (block, table.contents(self.file, table.handles[block]))
        return self._last[1]
