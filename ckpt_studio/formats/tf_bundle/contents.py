"""What a bundle's index and data files say together: which rows there are, which are faulty, where each lies."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Callable
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core import dtypes
from ckpt_studio.core.arrays import distinct
from ckpt_studio.core.errors import Corrupt, FileFault
from ckpt_studio.core.tensors import printable
from ckpt_studio.formats.files import FileIdentity
from ckpt_studio.formats.partitions import Partition
from ckpt_studio.formats.reading import Place
from ckpt_studio.formats.sstable.ordered_code import is_slice_key
from ckpt_studio.formats.sstable.table import Gap
from ckpt_studio.formats.tf_bundle.entries import Entry
from ckpt_studio.formats.tf_bundle.faults import Code, RowFaults, codes_of, error_of
from ckpt_studio.formats.tf_bundle.index import Index
from ckpt_studio.formats.tf_bundle.slices import partition_of

_FEW: Final = 64
_MOST_GAPS: Final = 3
_DENSE: Final = 1 << 20


class Contents:
    """The records of an index, judged. A record is a place in the index; a row is a record that is no slice.

    Attributes:
        shards: identity of each data file that exists and that a record uses.
        codes: uint8 [records], values of `Code`.
        partitions: the slices of each partitioned record that is whole.
        hidden: bool [records], the slices' own entries.
        rows: int64 [rows], the record of each row.
        notes: sentences about the index as a whole.
    """

    def __init__(self, index: Index) -> None:
        self.index = index
        self.shards = _find_shards(index, self.shard_path)
        self.shard_sizes = {shard: identity.size for shard, identity in self.shards.items()}
        self.codes = codes_of(index.fields, index.duplicate, index.header.num_shards, self.shard_sizes)
        self.hidden = _slice_records(index)
        self.rows = np.flatnonzero(~self.hidden)
        self.partitions: dict[int, Partition] = {}
        self._reasons: dict[int, str] = {}
        self._judge_partitions()
        self.notes = self._make_notes()

    def shard_path(self, shard: int) -> str:
        """The data file of a shard, whether it exists or not."""
        stem = self.index.path.removesuffix(".index")
        return f"{stem}.data-{shard:05d}-of-{self.index.header.num_shards:05d}"

    def _judge_partitions(self) -> None:
        fields = self.index.fields
        for record in np.flatnonzero((fields.slices > 0) & (self.codes == Code.none)).tolist():
            try:
                partition = partition_of(self.index, record)
                self._check_slices(record, partition)
            except ValueError as error:
                self.codes[record] = Code.bad_slices
                self._reasons[record] = str(error)
            else:
                self.partitions[record] = partition

    def _check_slices(self, record: int, partition: Partition) -> None:
        """Raise ValueError unless each slice's own entry is sound and of the right type and shape."""
        fields, records = self.index.fields, partition.records
        width = partition.start.shape[1]
        faulty = np.flatnonzero(self.codes[records])
        if len(faulty):
            error = self.error(int(records[faulty[0]]))
            assert error is not None
            raise ValueError(
                f"of one of its slices: {error.message[:1].lower()}{error.message[1:].rstrip('.')}"
            )
        if (
            (fields.slices[records] > 0).any()
            or (fields.dtype[records] != fields.dtype[record]).any()
            or (fields.rank[records] != width).any()
            or (fields.dims[records, :width] != partition.stop - partition.start).any()
        ):
            raise ValueError("one of its slices is of another type or shape than it should be")

    def _make_notes(self) -> tuple[str, ...]:
        notes = []
        if not self.index.in_order:
            notes.append("The index is not in order, so TensorFlow may not find every variable of it.")
        notes += map(self._gap_note, self.index.gaps[:_MOST_GAPS])
        if len(self.index.gaps) > _MOST_GAPS:
            notes.append(f"{len(self.index.gaps) - _MOST_GAPS} more parts of the index are damaged.")
        orphans = int(self.orphans.sum())
        if orphans and not self._reasons:
            notes.append(f"The index holds {orphans} slices that belong to no variable; they are not shown.")
        return tuple(notes)

    def _gap_note(self, gap: Gap) -> str:
        """Between which keys entries are lost; how many cannot be told."""
        keys = self.index.keys
        first = 0 if gap.after is None else bisect_right(range(len(keys)), gap.after, key=keys.raw)
        before = f"after {printable(keys[first - 1])!r}" if first else "at its beginning"
        after = f" and before {printable(keys[first])!r}" if first < len(keys) else ""
        return (
            f"A part of the index is damaged: the entries {before}{after} could not be read. They are not shown, "
            "and a new checkpoint is written without them."
        )

    @cached_property
    def orphans(self) -> NDArray[np.bool_]:
        """Bool [records]: slices that belong to no variable, or to one that is not whole."""
        alone = self.hidden.copy()
        for partition in self.partitions.values():
            alone[partition.records] = False
        return alone

    def error(self, record: int) -> FileFault | None:
        """Why a record cannot be read, or None."""
        code = Code(int(self.codes[record]))
        if code == Code.none:
            return None
        key = self.index.keys[record]
        if code == Code.bad_slices:
            reason = self._reasons[record]
            return Corrupt(
                f"Its slices do not make up a whole variable: {reason}.", path=self.index.path, key=key
            )
        entry = Entry() if code in (Code.malformed, Code.duplicate) else self.index.entry(record)
        error = error_of(code, entry, key, self.shard_path, self.shard_sizes)
        error.path = error.path or self.index.path
        return error

    @property
    def row_faults(self) -> RowFaults:
        """Sentences by row; made anew each time, since they refer to this."""
        return RowFaults(self.codes[self.rows], self._sentence)

    def _sentence(self, row: int) -> str:
        error = self.error(int(self.rows[row]))
        return "" if error is None else error.message

    def place(self, record: int, key: str | None = None) -> Place:
        """Where a sound record that is not partitioned lies; `key` is the variable's where the record is a slice."""
        fields = self.index.fields
        return Place(
            key=self.index.keys[record] if key is None else key,
            dtype=dtypes.unknown(int(fields.dtype[record])),
            shape=tuple(fields.dims[record, : max(int(fields.rank[record]), 0)].tolist()),
            shard=int(fields.shard[record]),
            offset=int(fields.offset[record]),
            size=int(fields.size[record]),
            crc=int(fields.crc[record]),
        )

    def places(self, record: int) -> list[Place]:
        """Where a sound record lies: one place, or one a slice."""
        partition = self.partitions.get(record)
        if partition is None:
            return [self.place(record)]
        key = self.index.keys[record]
        return [self.place(r, key) for r in partition.records.tolist()]

    def sizes(self) -> NDArray[np.int64]:
        """Bytes on disk of each row, slices added up."""
        sizes = np.maximum(self.index.fields.size, 0)
        for record, partition in self.partitions.items():
            sizes[record] = int(sizes[partition.records].sum())
        return sizes[self.rows]


def _find_shards(index: Index, shard_path: Callable[[int], str]) -> dict[int, FileIdentity]:
    """The data files that exist, of those that the index uses. A hostile index may name very many that do not."""
    named = index.fields.shard
    known = named[(named >= 0) & (named < index.header.num_shards)]
    if int(known.max(initial=0)) < _DENSE:
        used = np.flatnonzero(np.bincount(known)).tolist()
    else:
        used = distinct(known).tolist()
    wanted = {shard: shard_path(shard) for shard in used}
    if len(wanted) > _FEW:
        folder = os.path.dirname(index.path) or os.curdir
        try:
            there = set(os.listdir(folder))
        except OSError:
            there = set()
        wanted = {shard: path for shard, path in wanted.items() if os.path.basename(path) in there}
    found = {}
    for shard, path in wanted.items():
        try:
            found[shard] = FileIdentity.at(path)
        except FileFault:
            continue
    return found


def _slice_records(index: Index) -> NDArray[np.bool_]:
    """Which records are slices: their keys begin with a zero byte and parse, so they stand first."""
    hidden = np.zeros(len(index), np.bool_)
    for record in range(len(index)):
        key = index.keys.raw(record)
        if key[:1] > b"\0":
            break
        hidden[record] = is_slice_key(key)
    return hidden
