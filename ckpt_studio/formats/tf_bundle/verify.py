"""Compares every checksum of a bundle: the blocks of its index, and every tensor's bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ckpt_studio.core.errors import FileFault
from ckpt_studio.core.tasks import Task
from ckpt_studio.formats.base import Fault
from ckpt_studio.formats.files import FileReader, read_whole
from ckpt_studio.formats.sstable.table import Table, check_end
from ckpt_studio.formats.tf_bundle.contents import Contents
from ckpt_studio.formats.tf_bundle.index import MAX_INDEX_BYTES
from ckpt_studio.formats.tf_bundle.ranges import RangeCheck, sentence_of


def index_faults(path: str) -> Iterator[Fault]:
    """Every fault of an index's blocks, also where it cannot be opened for them."""
    try:
        data, _ = read_whole(path, MAX_INDEX_BYTES, check_end)
        table = Table(data, path)
    except FileFault as fault:
        yield Fault.of(fault)
        return
    for found in table.block_faults():
        yield Fault.of(found)


def verify_bundle(contents: Contents, open_shard: Callable[[int], FileReader], task: Task) -> Iterator[Fault]:
    """Every fault of a bundle: the index first, then what it says of itself, then tensors in the order of their files.

    Raises:
        Cancelled: if asked to stop.
    """
    index = contents.index
    check = RangeCheck(contents, contents.rows, open_shard)
    task.total = index.identity.size + check.total
    yield from index_faults(index.path)
    task.advance(index.identity.size)
    for record in contents.rows[contents.codes[contents.rows] != 0].tolist():
        error = contents.error(record)
        if error is not None:
            yield Fault(error.key, error.kind, sentence_of(error.key, error.message))
    yield from check.overlaps()
    yield from check.faults(task)
