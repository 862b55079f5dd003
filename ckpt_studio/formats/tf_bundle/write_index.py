"""The index of a new bundle: records that are taken over byte for byte, merged with new ones.

Of a large index few records change, so blocks in which nothing changes are copied as they are, and of the others the
restart intervals in which nothing does.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.formats.sstable.writer import TableWriter
from ckpt_studio.formats.temporary_file import TemporaryFile
from ckpt_studio.formats.tf_bundle.blocks import Block
from ckpt_studio.formats.tf_bundle.bundle import Bundle
from ckpt_studio.formats.tf_bundle.entries import Header

Record = tuple[bytes, bytes]


def header_of(take_over: Bundle | None, num_shards: int) -> bytes:
    """The value of key "": byte order and version of the bundle whose data is taken over."""
    if take_over is None:
        return Header(num_shards, big_endian=False).encode()
    old = take_over.index.header
    return Header(num_shards, old.big_endian, old.producer, old.min_consumer).encode()


def kept_records(bundle: Bundle, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Bool [records of `bundle`]: those of these rows and of their slices; of a key that stands twice, the first."""
    kept = np.zeros(len(bundle.index), np.bool_)
    records = bundle.contents.rows[rows]
    kept[records] = True
    for record, partition in bundle.contents.partitions.items():
        if kept[record]:
            kept[partition.records] = True
    kept &= ~bundle.index.duplicate
    return kept


def write_index(
    file: TemporaryFile,
    header: bytes,
    take_over: Bundle | None,
    kept: NDArray[np.bool_] | None,
    new: dict[bytes, bytes],
) -> None:
    """Write a table of the header, of the old records that are kept and of the new ones; no key is in both."""
    writer = TableWriter(file.write)
    writer.add(b"", header)
    fresh = sorted(new.items())
    if take_over is None or kept is None:
        _add(writer, iter(fresh))
    else:
        _merge(writer, take_over, kept, fresh)
    writer.finish()


def _merge(writer: TableWriter, bundle: Bundle, kept: NDArray[np.bool_], fresh: list[Record]) -> None:
    """Add kept and new records in order, a block of the old index after the other."""
    keys = bundle.index.keys
    done = 0
    for block in bundle.index.blocks():
        rows = block.rows
        lowest, highest = keys.raw(rows.start), keys.raw(rows.stop - 1)
        before = bisect_left(fresh, lowest, done, key=_key)
        inside = bisect_right(fresh, highest, before, key=_key)
        _add(writer, iter(fresh[done:before]))
        if block.whole is not None and before == inside and kept[rows.start : rows.stop].all():
            writer.add_block(block.whole, lowest, highest)
        else:
            _merge_block(writer, bundle, kept, block, fresh[before:inside])
        done = inside
    _add(writer, iter(fresh[done:]))


def _merge_block(
    writer: TableWriter, bundle: Bundle, kept: NDArray[np.bool_], block: Block, fresh: list[Record]
) -> None:
    """Add what is kept of a block, and new records that belong between the first of it and the last."""
    keys, rows, cut = bundle.index.keys, block.rows, block.intervals()
    if cut is None or not len(cut.starts):
        _add_between(writer, bundle, kept, rows, fresh)
        return
    edges = [*cut.starts.tolist(), rows.stop]
    places = [rows.start + bisect_left(rows, key, key=keys.raw) for key, _ in fresh]
    lost = rows.start + np.flatnonzero(~kept[rows.start : rows.stop])
    touched = np.zeros(len(cut.starts), np.bool_)
    for changed in (lost, np.array(places, np.int64)):
        within = np.searchsorted(cut.starts, changed, "right") - 1
        touched[within[within >= 0]] = True
    done = bisect_left(places, edges[0])
    _add_between(writer, bundle, kept, range(rows.start, edges[0]), fresh[:done])
    for turn, past in pairwise([0, *(np.flatnonzero(np.diff(touched)) + 1).tolist(), len(touched)]):
        part = range(edges[turn], edges[past])
        if touched[turn]:
            before, done = done, bisect_left(places, part.stop)
            _add_between(writer, bundle, kept, part, fresh[before:done])
        else:
            entries, restarts = cut.stretch(turn, past, part.stop)
            writer.add_intervals(entries, restarts, keys.raw(part.start), keys.raw(part.stop - 1))


def _add_between(
    writer: TableWriter, bundle: Bundle, kept: NDArray[np.bool_], rows: range, fresh: list[Record]
) -> None:
    """Add kept records among some, and new ones among them, one by one."""
    old = bundle.index.pairs(rows.start + np.flatnonzero(kept[rows.start : rows.stop]))
    _add(writer, heapq.merge(old, fresh) if fresh else old)


def _key(record: Record) -> bytes:
    return record[0]


def _add(writer: TableWriter, records: Iterator[Record]) -> None:
    for key, value in records:
        writer.add(key, value)
