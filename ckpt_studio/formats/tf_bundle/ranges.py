"""Checks the bytes of many tensors against their checksums, on a few threads and in the order of the data files.

Neighbouring small tensors are read and summed as one, against the joined checksum that they should have; large ones are
cut, so that all threads are at work on a checkpoint that is one large tensor, too. What is read at once stays small.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core import dtypes
from ckpt_studio.core.arrays import room
from ckpt_studio.core.crc import crc32c
from ckpt_studio.core.errors import Changed, ChecksumMismatch, FileFault
from ckpt_studio.core.tasks import Task
from ckpt_studio.core.tensors import BLOCK_BYTES, printable
from ckpt_studio.formats.base import Fault
from ckpt_studio.formats.checksums import followed_by, joined
from ckpt_studio.formats.files import FileReader, said
from ckpt_studio.formats.parallel import in_order
from ckpt_studio.formats.sstable.coding import unmask_all
from ckpt_studio.formats.tf_bundle import strings, variants
from ckpt_studio.formats.tf_bundle.contents import Contents

_PART: Final = 16 << 20
_BLOCK: Final = 2 << 20
"""So much is read and summed at once: each of the two makes threads wait for the interpreter when it is done."""
OWN_SUMS: Final = {
    dtypes.BY_NAME["string"].number: strings.stored_checksum,
    dtypes.BY_NAME["variant"].number: variants.stored_checksum,
}
"""Element types whose checksum goes over something else than the bytes as they lie there."""


@dataclass(frozen=True, eq=False)
class Ranges:
    """Where tensors and slices lie that are to be checked, in the order of the data files; none of them is empty.

    Attributes:
        record: int64 [N], their places in the index.
        owner: int64 [N], the variable's record: for a slice that of the whole.
        shard, offset, size: int64 [N].
    """

    record: NDArray[np.int64]
    owner: NDArray[np.int64]
    shard: NDArray[np.int64]
    offset: NDArray[np.int64]
    size: NDArray[np.int64]

    @classmethod
    def of(cls, contents: Contents, records: NDArray[np.int64]) -> Ranges:
        """Those of some rows' records, slices instead of what they are slices of. Faulty records have none."""
        fields = contents.index.fields
        sound = records[contents.codes[records] == 0]
        whole = sound[fields.slices[sound] == 0]
        record, owner = [whole], [whole]
        for row in sound[fields.slices[sound] > 0].tolist():
            record.append(contents.partitions[row].records)
            owner.append(np.full(len(record[-1]), row, np.int64))
        every, of = np.concatenate(record), np.concatenate(owner)
        filled = fields.size[every] > 0
        every, of = every[filled], of[filled]
        order = np.lexsort((fields.size[every], fields.offset[every], fields.shard[every]))
        every, of = every[order], of[order]
        return cls(every, of, fields.shard[every], fields.offset[every], fields.size[every])

    def __len__(self) -> int:
        return len(self.record)

    def within(self, shards: Collection[int]) -> Ranges:
        """Those that lie in some data files."""
        rows = np.isin(self.shard, list(shards))
        columns = (self.record, self.owner, self.shard, self.offset, self.size)
        return Ranges(*(column[rows] for column in columns))

    def reach(self) -> NDArray[np.int64]:
        """Int64 [N]: where the bytes of all ranges up to each end, in its shard."""
        end = self.offset + self.size
        cuts = np.flatnonzero(np.diff(self.shard)) + 1
        for first, stop in pairwise([0, *cuts.tolist(), len(end)]):
            np.maximum.accumulate(end[first:stop], out=end[first:stop])
        return end


@dataclass(frozen=True, slots=True)
class _Piece:
    """What a thread reads at a time: the small ranges `first` to `stop`, or one, `size` bytes of it from `start` on."""

    first: int
    stop: int
    start: int
    size: int
    alone: bool = False


class RangeCheck:
    """One check of the bytes of some variables.

    Args:
        contents: the judged index.
        records: of the variables.
        open_shard: opens a data file.
        shards: numbers of the data files that are looked at; None for all.

    Attributes:
        ranges: what is checked.
        total: how many bytes that are.
    """

    def __init__(
        self,
        contents: Contents,
        records: NDArray[np.int64],
        open_shard: Callable[[int], FileReader],
        shards: Collection[int] | None = None,
    ) -> None:
        every = Ranges.of(contents, records)
        self.ranges = ranges = every if shards is None else every.within(shards)
        self.total = int(ranges.size.sum())
        self._contents = contents
        self._open = open_shard
        self._own_sum = np.isin(contents.index.fields.dtype[ranges.record], list(OWN_SUMS))
        self._wanted = unmask_all(contents.index.fields.crc[ranges.record])
        self._alone = (ranges.size > BLOCK_BYTES) | self._own_sum
        self._pieces_at, self._runs_at, self._run_sums = self._cut()
        self._own = threading.local()

    def _cut(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint32]]:
        """The first range of each piece and of each run, and the checksum of each run.

        A piece is what begins in the same stretch of `_PART` of a data file; a run of it has no gaps, so that its
        ranges are read and checked as one.
        """
        ranges, count = self.ranges, len(self.ranges)
        if not count:
            return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.uint32)
        end = ranges.offset + ranges.size
        new = np.ones(count, np.bool_)
        new[1:] = (np.diff(ranges.shard) != 0) | (np.diff(ranges.offset // _PART) != 0)
        new[1:] |= self._alone[1:] | self._alone[:-1]
        pieces = np.flatnonzero(new)
        new[1:] |= ranges.offset[1:] != end[:-1]
        runs = np.flatnonzero(new)
        lengths = np.diff(runs, append=count)
        behind = np.repeat(end[runs + lengths - 1], lengths) - end
        return pieces, runs, np.bitwise_xor.reduceat(followed_by(self._wanted, behind), runs)

    def overlaps(self) -> Iterator[Fault]:
        """Every range that begins before another one of its data file ends."""
        ranges, reach = self.ranges, self.ranges.reach()
        same = ranges.shard[1:] == ranges.shard[:-1]
        for row in (np.flatnonzero(same & (ranges.offset[1:] < reach[:-1])) + 1).tolist():
            first = int(np.searchsorted(ranges.shard, ranges.shard[row]))
            other = first + int(np.searchsorted(reach[first:row], reach[row - 1]))
            key, start = self._key(row), int(ranges.offset[row])
            with_whom = printable(self._key(other))
            yield Fault(
                key,
                "overlap",
                f"{printable(key)}: its bytes from {start} on overlap those of {with_whom}, which end at "
                f"{int(reach[row - 1])}.",
            )

    def faults(self, task: Task) -> Iterator[Fault]:
        """Every variable whose bytes are not those that its checksum was made of. Bytes are counted by `task`.

        Raises:
            Cancelled: if asked to stop.
        """
        changed: set[int] = set()
        crc: int | None = 0
        for piece, answer in in_order(self._read, self._pieces(), task):
            shard = int(self.ranges.shard[piece.first])
            if isinstance(answer, FileFault):
                if isinstance(answer, Changed) and shard not in changed:
                    changed.add(shard)
                    yield Fault.of(answer)
                elif not isinstance(answer, Changed) and (crc is not None or not piece.start):
                    yield from self._one_by_one(piece, answer, task)
                crc = None
            elif isinstance(answer, int):
                crc = self._joined(piece, crc, answer)
                ended = piece.start + piece.size == int(self.ranges.size[piece.first])
                if ended and crc is not None and crc != int(self._wanted[piece.first]):
                    yield self._mismatch(piece.first)
            else:
                for run in answer:
                    yield from self._one_by_one(run, None, task)
            task.advance(piece.size)

    @staticmethod
    def _joined(piece: _Piece, before: int | None, crc: int) -> int | None:
        """The checksum up to the end of a part; None where a part before it could not be read, which was said."""
        if not piece.start:
            return crc
        return None if before is None else joined(before, crc, piece.size)

    # ---- what is read at once

    def _pieces(self) -> Iterator[_Piece]:
        ranges = self.ranges
        for first, stop in pairwise([*self._pieces_at.tolist(), len(ranges)]):
            size = int(ranges.size[first:stop].sum())
            alone = bool(self._alone[first])
            part = _PART if alone and not self._own_sum[first] else size
            for start in range(0, size, part):
                yield _Piece(first, stop, start, min(part, size - start), alone)

    def _read(self, piece: _Piece, task: Task) -> int | list[_Piece] | FileFault:
        """On another thread: the checksum of a range or part, the runs that are not right, or why it cannot be read."""
        try:
            with self._open(int(self.ranges.shard[piece.first])) as file:
                answer = self._sum(file, piece, task) if piece.alone else self._wrong(file, piece, task)
                file.check_unchanged()
        except FileFault as fault:
            return fault
        return answer

    def _wrong(self, file: FileReader, piece: _Piece, task: Task) -> list[_Piece]:
        ranges, wrong = self.ranges, []
        first, stop = np.searchsorted(self._runs_at, (piece.first, piece.stop)).tolist()
        bounds = [*self._runs_at[first:stop].tolist(), piece.stop]
        for run, (begin, end) in enumerate(pairwise(bounds), first):
            start = int(ranges.offset[begin])
            size = int(ranges.offset[end - 1] + ranges.size[end - 1]) - start
            if self._stretch(file, start, size, task) != int(self._run_sums[run]):
                wrong.append(_Piece(begin, end, 0, size))
        return wrong

    def _sum(self, file: FileReader, piece: _Piece, task: Task) -> int:
        if self._own_sum[piece.first]:
            record = int(self.ranges.record[piece.first])
            own = OWN_SUMS[int(self._contents.index.fields.dtype[record])]
            place = self._contents.place(record, self._key(piece.first))
            return own(file, place, self._contents.index.header.big_endian, task)
        return self._stretch(file, int(self.ranges.offset[piece.first]) + piece.start, piece.size, task)

    def _stretch(self, file: FileReader, start: int, size: int, task: Task) -> int:
        """CRC32C of some bytes of a file, through a buffer of this thread's own, which is warm after the first use."""
        buffer: memoryview | None = getattr(self._own, "buffer", None)
        if buffer is None:
            buffer = self._own.buffer = room((_BLOCK,)).data
        crc = 0
        for done in range(0, size, _BLOCK):
            task.check()
            block = buffer[: min(_BLOCK, size - done)]
            file.read_into(block, start + done, _BLOCK)
            crc = crc32c(block, crc)
        return int(crc)

    # ---- what is wrong

    def _key(self, row: int) -> str:
        return self._contents.index.keys[int(self.ranges.owner[row])]

    def _one_by_one(self, piece: _Piece, fault: FileFault | None, task: Task) -> Iterator[Fault]:
        """What is wrong with the ranges of a piece, where it is not right: its neighbours are not to blame for one."""
        for row in range(piece.first, piece.stop):
            key, size = self._key(row), int(self.ranges.size[row])
            answer: int | list[_Piece] | FileFault | None = fault
            if fault is None or not piece.alone:
                answer = self._read(_Piece(row, row + 1, 0, size, alone=True), task)
            if isinstance(answer, FileFault):
                yield Fault(key, answer.kind, sentence_of(key, answer.message))
            elif answer != int(self._wanted[row]):
                yield self._mismatch(row)

    def _mismatch(self, row: int) -> Fault:
        key, ranges = self._key(row), self.ranges
        name = said(self._contents.shard_path(int(ranges.shard[row])))
        size, offset = int(ranges.size[row]), int(ranges.offset[row])
        return Fault(
            key,
            ChecksumMismatch.kind,
            f"{printable(key)}: its {size} bytes at {offset} of {name} do not match their checksum.",
        )


def sentence_of(key: str | None, message: str) -> str:
    """A fault's sentence that names the variable."""
    return message if key is None else f"{printable(key)}: {message}"
