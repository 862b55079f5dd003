"""The index of a new bundle: records that are taken over byte for byte, merged with new ones.

Of a large index few records change, so blocks in which nothing changes are copied as they are.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.formats.sstable.writer import TableWriter
from ckpt_studio.formats.temporary_file import TemporaryFile
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
    for first, stop, block in bundle.index.blocks():
        lowest, highest = keys.raw(first), keys.raw(stop - 1)
        before = bisect_left(fresh, lowest, done, key=_key)
        inside = bisect_right(fresh, highest, before, key=_key)
        _add(writer, iter(fresh[done:before]))
        if block is not None and before == inside and kept[first:stop].all():
            writer.add_block(block, lowest, highest)
        else:
            old = bundle.index.pairs(first + np.flatnonzero(kept[first:stop]))
            _add(writer, heapq.merge(old, fresh[before:inside]) if before < inside else old)
        done = inside
    _add(writer, iter(fresh[done:]))


def _key(record: Record) -> bytes:
    return record[0]


def _add(writer: TableWriter, records: Iterator[Record]) -> None:
    for key, value in records:
        writer.add(key, value)
