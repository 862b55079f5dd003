"""The data blocks of an index that is written anew: whole, or taken apart at their restart points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.formats.sstable.records import Records
from ckpt_studio.formats.sstable.table import TRAILER, BlockHandle


@dataclass(frozen=True, eq=False)
class Intervals:
    """The restart intervals of a block; each can stand in another block as it is.

    Attributes:
        starts: int64 [intervals], the rows that they begin with, rising. Rows before the first are in none.
    """

    starts: NDArray[np.int64]
    _first: int
    _begins: NDArray[np.int64]
    _data: memoryview

    def stretch(self, turn: int, past: int, stop: int) -> tuple[memoryview, list[int]]:
        """The bytes of some intervals, from one to behind another, and where in them each begins.

        `stop` is the row behind the last of the last.
        """
        begin, end = self._begins[[self.starts[turn] - self._first, stop - self._first]].tolist()
        restarts = self._begins[self.starts[turn:past] - self._first] - begin
        return self._data[begin:end], restarts.tolist()


@dataclass(frozen=True, eq=False)
class Block:
    """One data block.

    Attributes:
        rows: its records, by their rows in the index.
        whole: its bytes with the trailer; None where it cannot stand in another index as it is: the first, which holds
            the header, and all records together where the table is compressed or not in order.
    """

    rows: range
    whole: memoryview | None
    _records: Records
    _record: int
    _handle: BlockHandle | None

    @classmethod
    def of(cls, rows: range, records: Records, record: int, handle: BlockHandle) -> Block:
        """The block that lies there, its first row being so many in the table."""
        stop = handle.offset + handle.size + TRAILER
        whole = memoryview(records.data)[handle.offset : stop] if rows.start else None
        return cls(rows, whole, records, record, handle)

    def intervals(self) -> Intervals | None:
        """How it can be taken apart; None where the table is compressed or not in order."""
        if self._handle is None:
            return None
        first, data = self._record, self._records.data
        start, stop = self._handle.offset, self._handle.offset + self._handle.size
        places, begins = self._records.intervals(range(first, first + len(self.rows)), start, stop)
        return Intervals(self.rows.start + places, self.rows.start, begins, memoryview(data))
