"""The index of a new bundle: records that are taken over byte for byte, merged with new ones."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator

from ckpt_studio.core.tensors import TensorSource, encode
from ckpt_studio.formats.saving import TemporaryFile
from ckpt_studio.formats.sstable.writer import TableWriter
from ckpt_studio.formats.tf_bundle.bundle import Bundle
from ckpt_studio.formats.tf_bundle.entries import Header

Record = tuple[bytes, bytes]


def header_of(take_over: Bundle | None, num_shards: int) -> bytes:
    """The value of key "": byte order and version of the bundle whose data is taken over."""
    if take_over is None:
        return Header(num_shards, big_endian=False).encode()
    old = take_over.index.header
    return Header(num_shards, old.big_endian, old.producer, old.min_consumer).encode()


def records_taken_over(bundle: Bundle, gone: Iterable[str]) -> Iterator[Record]:
    """The records of `bundle` in order, without those of the variables `gone`, and without slices of none."""
    skip = {key for variable in gone for key, _ in bundle.raw_entries(variable)}
    index, orphans = bundle.index, bundle.contents.orphans
    for row in range(len(index)):
        key = index.keys.raw(row)
        if key not in skip and not index.duplicate[row] and not orphans[row]:
            yield key, index.raw(row)


def gone_from(bundle: Bundle, source: TensorSource, changed: Iterable[str]) -> set[str]:
    """Variables of `bundle` whose records are not taken over: changed ones, and those that `source` does not have."""
    gone = {key for key in changed if key in bundle.columns}
    if source.columns.keys is not bundle.columns.keys:
        gone |= set(bundle.columns.keys) - set(source.columns.keys)
    return gone


def write_index(
    file: TemporaryFile, header: bytes, taken_over: Iterable[Record], new: dict[str, bytes]
) -> None:
    """Write a table of the header and of both kinds of records; each kind has its keys once."""
    writer = TableWriter(file.write)
    writer.add(b"", header)
    fresh = sorted((encode(key), value) for key, value in new.items())
    for key, value in heapq.merge(taken_over, fresh):
        writer.add(key, value)
    writer.finish()
