"""Compares the checksums of all blocks of a V1 checkpoint, and decodes every value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ckpt_studio.core.errors import Changed, ChecksumMismatch, FileFault
from ckpt_studio.core.tasks import Task
from ckpt_studio.core.tensors import printable
from ckpt_studio.formats.base import Fault
from ckpt_studio.formats.files import said
from ckpt_studio.formats.reading import checksum_of
from ckpt_studio.formats.sstable.coding import unmask
from ckpt_studio.formats.sstable.table import PLAIN, TRAILER, BlockHandle, Footer, damaged
from ckpt_studio.formats.tf_v1.answer import Answer
from ckpt_studio.formats.tf_v1.contents import Variable
from ckpt_studio.formats.tf_v1.shard import WHOLE, OpenShard, Shard


def verify_tables(
    shards: Mapping[int, Shard], variables: Mapping[str, Variable], task: Task
) -> Iterator[Fault]:
    """Every fault: those that showed on opening, those of the blocks, then those of the values.

    Raises:
        Cancelled: if asked to stop.
    """
    task.total = sum(shard.identity.size for shard in shards.values())
    sound = []
    for key, variable in variables.items():
        if variable.fault is None:
            sound.append(variable)
        else:
            yield Fault(key, variable.fault.kind, f"{printable(key)}: {variable.fault.message}")
    bad: dict[tuple[int, int], FileFault] = {}
    for number, shard in shards.items():
        before = task.done
        try:
            for block, fault in _block_faults(shard, task):
                bad[number, block] = fault
                yield Fault.of(fault)
        except FileFault as fault:
            yield Fault.of(fault)
        task.advance(max(shard.identity.size - (task.done - before), 0))
    for variable in sound:
        found = _value_fault(shards, variable, bad, task)
        if found is not None:
            yield found


def _block_faults(shard: Shard, task: Task) -> Iterator[tuple[int, FileFault]]:
    """The blocks of a table whose checksum or compression is wrong, by number; of its metaindex and footer, as -1."""
    if shard.table is None:
        assert shard.broken is not None
        yield -1, shard.broken
        return
    with OpenShard(shard) as opened:
        if any(shard.table.footer.padding):
            size = shard.identity.size
            yield -1, damaged(shard.path, "its footer is not filled up with zeros", size - Footer.SIZE)
        for block, handle in ((-1, shard.table.footer.metaindex), *enumerate(shard.table.handles)):
            try:
                _check_block(opened, shard, handle, task)
            except Changed:
                raise
            except FileFault as fault:
                yield block, fault
        opened.file.check_unchanged()


def _check_block(opened: OpenShard, shard: Shard, handle: BlockHandle, task: Task) -> None:
    """Raise the fault of a block. Only a compressed or small one is held in memory."""
    assert shard.table is not None
    end = handle.offset + handle.size
    if handle.size <= WHOLE or opened.file.read(end, 1)[0] != PLAIN:
        shard.table.contents(opened.file, handle)
        task.advance(handle.size + TRAILER)
        return
    crc = checksum_of(opened.file, handle.offset, handle.size + 1, task)
    stored = int(opened.file.read(end + 1, 4).view("<u4")[0])
    if crc != unmask(stored):
        raise ChecksumMismatch(
            f"{said(shard.path)} is damaged: the block at byte {handle.offset} does not match its checksum.",
            path=shard.path,
            offset=handle.offset,
        )


def _value_fault(
    shards: Mapping[int, Shard], variable: Variable, bad: Mapping[tuple[int, int], FileFault], task: Task
) -> Fault | None:
    """What is wrong with a variable that seemed sound: a block that it lies in, or a value that does not parse."""
    key = variable.key
    for number, piece in variable.pieces:
        shard = shards[number]
        assert shard.table is not None
        block = int(shard.block[piece])
        fault = bad.get((number, block if block >= 0 else shard.table.block_of(shard.keys[piece])))
        if fault is not None:
            return Fault(key, fault.kind, f"{printable(key)}: {fault.message}")
    if variable.dtype.numpy is None:
        return None
    try:
        with Answer(shards, variable) as answer:
            for piece in range(len(variable.pieces)):
                for _ in answer.piece_blocks(piece):
                    task.check()
    except FileFault as fault:
        return Fault(key, fault.kind, f"{printable(key)}: {fault.message}")
    return None
