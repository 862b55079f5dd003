"""Partitioned variables of a bundle: the entry lists the slices, and each slice has an entry of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ckpt_studio.formats.partitions import Partition, bounds_of
from ckpt_studio.formats.sstable.ordered_code import encode_number, encode_string, slice_key

if TYPE_CHECKING:
    from ckpt_studio.formats.tf_bundle.index import Index


def partition_of(index: Index, record: int) -> Partition:
    """The slices of a partitioned variable, checked to make up all of it without overlap.

    Raises:
        ValueError: they do not; the text says why.
    """
    entry = index.entry(record)
    shape = entry.shape or ()
    if not shape or len(entry.slices) > len(index):
        raise ValueError("its list of slices is damaged")
    start, stop = bounds_of(shape, entry.slices)
    name = index.keys.raw(record)
    records = []
    for piece in entry.slices:
        found = index.keys.find_raw(slice_key(name, piece))
        if found < 0:
            raise ValueError("the entry of one of its slices is missing")
        records.append(found)
    return Partition(start, stop, np.array(records, np.int64))


def renamed_key(key: bytes, old: bytes, new: bytes) -> bytes:
    """The key of an entry of the variable `old`, its own or a slice's, when the variable is called `new`."""
    if key == old:
        return new
    head = encode_number(0)
    return head + encode_string(new) + key[len(head + encode_string(old)) :]
