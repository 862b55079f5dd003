"""Compares every checksum of a bundle: the blocks of its index, and every tensor's bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

from ckpt_studio.core.errors import Changed, ChecksumMismatch, FileFault
from ckpt_studio.core.tasks import Task
from ckpt_studio.core.tensors import printable
from ckpt_studio.formats.base import Fault
from ckpt_studio.formats.files import FileReader, read_whole, said
from ckpt_studio.formats.reading import Place, checksum_of
from ckpt_studio.formats.sstable.coding import unmask
from ckpt_studio.formats.sstable.table import Table, check_end
from ckpt_studio.formats.tf_bundle import strings, variants
from ckpt_studio.formats.tf_bundle.contents import Contents
from ckpt_studio.formats.tf_bundle.index import MAX_INDEX_BYTES


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
    """Every fault of a bundle: index first, then tensors in the order in which they lie on disk.

    Raises:
        Cancelled: if asked to stop.
    """
    index = contents.index
    sound: list[Place] = []
    faulty: list[Fault] = []
    for record in contents.rows.tolist():
        error = contents.error(record)
        if error is None:
            sound += contents.places(record)
        else:
            faulty.append(Fault(error.key, error.kind, _sentence(error.key, error.message)))
    task.total = index.identity.size + sum(place.size for place in sound)
    yield from index_faults(index.path)
    task.advance(index.identity.size)
    yield from faulty
    sound.sort(key=lambda place: (place.shard, place.offset))
    yield from _tensor_faults(sound, open_shard, index.header.big_endian, task)


def _sentence(key: str | None, message: str) -> str:
    return message if key is None else f"{printable(key)}: {message}"


def _tensor_faults(
    places: list[Place], open_shard: Callable[[int], FileReader], big_endian: bool, task: Task
) -> Iterator[Fault]:
    shard, file = -1, None
    with ExitStack() as stack:
        for place in places:
            if not place.size:
                continue
            if place.shard != shard:
                shard, file = place.shard, None
                stack.close()
                try:
                    file = stack.enter_context(open_shard(shard))
                except FileFault as error:
                    yield Fault.of(error)
            if file is None:
                task.advance(place.size)
                continue
            before = task.done
            fault = _check(file, place, big_endian, task)
            if fault is not None:
                yield fault
            task.advance(max(place.size - (task.done - before), 0))


def _check(file: FileReader, place: Place, big_endian: bool, task: Task) -> Fault | None:
    """The fault of one tensor's bytes, or None."""
    try:
        if place.dtype.name == "string":
            crc = strings.stored_checksum(file, place, big_endian, task)
        elif place.dtype.name == "variant":
            crc = variants.stored_checksum(file, place, big_endian, task)
        else:
            crc = checksum_of(file, place.offset, place.size, task)
        file.check_unchanged()
    except Changed as error:
        return Fault(place.key, error.kind, error.message)
    except FileFault as error:
        return Fault(place.key, error.kind, _sentence(place.key, error.message))
    if crc == unmask(place.crc):
        return None
    message = (
        f"{printable(place.key)}: its {place.size} bytes at {place.offset} of {said(file.path)} "
        "do not match their checksum."
    )
    return Fault(place.key, ChecksumMismatch.kind, message)
