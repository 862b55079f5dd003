"""One safetensors file, or several with their index, as a checkpoint: rows, and windows straight from the files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Final

from numpy.typing import NDArray

from ckpt_studio.core.dtypes import unknown
from ckpt_studio.core.errors import Corrupt, FileFault, MissingFile, NoSuchVariable, Unsupported
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import Columns, Stored, Window, check_window, printable
from ckpt_studio.formats import reading
from ckpt_studio.formats.base import Fault
from ckpt_studio.formats.files import FileIdentity, FileReader, said, settle
from ckpt_studio.formats.reading import Place, row_fault
from ckpt_studio.formats.roles.rows import Row, columns_of_rows, in_order
from ckpt_studio.formats.safetensors.header import Header, Tensor, read_header
from ckpt_studio.formats.safetensors.weight_map import (
    WeightMap,
    is_plain_name,
    outside,
    read_weight_map,
    step_in,
)

_UNKNOWN: Final = unknown(0)


@dataclass(frozen=True, slots=True)
class Shard:
    """One file that was read: what it was, and what it holds."""

    path: str
    identity: FileIdentity
    header: Header


@dataclass(frozen=True, slots=True)
class Item:
    """One row: where its tensor lies, or why it cannot be read."""

    row: Row
    shard: Shard | None = None
    tensor: Tensor | None = None
    error: FileFault | None = None


def open_file(path: str, step: int | None) -> Safetensors:
    """Open a single file; `step` is the one that its name tells.

    Raises:
        FileFault: it is not a whole and sound safetensors file.
    """
    shard = _load(path)
    items = [_item(key, shard, path) for key in shard.header.tensors]
    return Safetensors(path, (shard,), items, step_in(shard.header.metadata) if step is None else step)


def open_index(path: str, step: int | None) -> Safetensors:
    """Open the files that an index names; a missing or damaged one makes its own rows faulty. `step` as above.

    Raises:
        FileFault: the index cannot be read.
    """
    index = read_weight_map(path)
    shards, faults = _load_all(index)
    items = [_mapped(key, file, index, shards, faults) for key, file in index.files.items()]
    others = sum(
        index.files.get(key) != name for name, shard in shards.items() for key in shard.header.tensors
    )
    note = f"Tensors of its files that the index does not speak of are not shown: {others}."
    told = (step, index.step, *(step_in(shard.header.metadata) for shard in shards.values()))
    step = next((number for number in told if number is not None), None)
    return Safetensors(path, tuple(shards.values()), items, step, index, (note,) if others else ())


def _load(path: str) -> Shard:
    def work() -> Shard:
        with FileReader(path) as file:
            return Shard(path, file.identity, read_header(file))

    return settle(path, work)


def _load_all(index: WeightMap) -> tuple[dict[str, Shard], dict[str, FileFault]]:
    """The files that an index names, by name: those that are whole, and what is wrong with the others."""
    folder = os.path.dirname(index.path)
    shards: dict[str, Shard] = {}
    faults: dict[str, FileFault] = {}
    names = {name for name in index.files.values() if is_plain_name(name)}
    try:
        there = set(os.listdir(folder or os.curdir))
    except OSError:
        there = names
    for name in sorted(names):
        path = os.path.join(folder, name)
        if name not in there:
            faults[name] = MissingFile(f"Its file {said(path)} is missing.", path=path)
            continue
        try:
            shards[name] = _load(path)
        except FileFault as error:
            faults[name] = error
    return shards, faults


def _mapped(
    key: str, file: str, index: WeightMap, shards: dict[str, Shard], faults: dict[str, FileFault]
) -> Item:
    """The row of a key of an index."""
    if key in index.repeated:
        return _faulty(key, Corrupt("The index puts it into more than one file.", path=index.path, key=key))
    if not is_plain_name(file):
        return _faulty(key, Corrupt(outside(file), path=index.path, key=key))
    if file in faults:
        error = faults[file]
        return _faulty(key, type(error)(error.message, path=error.path, key=key, offset=error.offset))
    if key not in shards[file].header.tensors:
        text = f"The index puts it into {said(file)}, which does not hold it."
        return _faulty(key, Corrupt(text, path=shards[file].path, key=key))
    return _item(key, shards[file], index.path)


def _faulty(key: str, error: FileFault) -> Item:
    return Item(Row(key, _UNKNOWN, None, 0, fault=error.message), error=error)


def _item(key: str, shard: Shard, path: str) -> Item:
    """The row of a tensor of a file."""
    tensor = shard.header.tensors[key]
    kind: type[FileFault] = Unsupported
    text = row_fault(tensor.shape, tensor.dtype)
    if key in shard.header.repeated:
        kind, text = Corrupt, "Its file holds this name more than once, so what it means cannot be told."
    elif text is None and tensor.bits < 8:
        text = "Its elements are packed two to a byte, which Ckpt Studio does not show."
    nbytes = tensor.stop - tensor.start
    known = max(tensor.shape, default=0) < 1 << 63
    row = Row(key, tensor.dtype, tensor.shape if known else None, nbytes, fault=text)
    return Item(row, shard, tensor, None if text is None else kind(text, path=shard.path or path, key=key))


class Safetensors:
    """An opened checkpoint of one or several files; implements `Checkpoint`. No file stays open.

    Args:
        path: the file, or the index.
        shards: the files that are whole.
        items: the rows, in any order.
        step: the training step, or None.
        index: the index, where there is one.
        notes: sentences that a person should see.
    """

    format: ClassVar[str] = "safetensors"

    def __init__(
        self,
        path: str,
        shards: tuple[Shard, ...],
        items: list[Item],
        step: int | None,
        index: WeightMap | None = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        self.path = path
        self.prefix = path
        self.notes: tuple[str, ...] = notes
        self.meta_graph: str | None = None
        self.step = step
        self._shards = shards
        self._index = index
        self._items = {item.row.key: item for item in items}

    @cached_property
    def columns(self) -> Columns:
        """What there is; made when first asked for."""
        return columns_of_rows(in_order([item.row for item in self._items.values()]))

    def _item(self, key: str) -> Item:
        item = self._items.get(key)
        if item is None:
            raise NoSuchVariable(
                f"There is no variable {printable(key)!r} in this checkpoint.", path=self.prefix, key=key
            )
        return item

    def _place(self, key: str) -> tuple[Shard, Place]:
        """Where a tensor whose values can be read lies."""
        item = self._item(key)
        if item.error is not None:
            raise item.error
        shard, tensor = item.shard, item.tensor
        assert shard is not None
        assert tensor is not None
        start = shard.header.data_at + tensor.start
        return shard, Place(key, tensor.dtype, tensor.shape, 0, start, tensor.stop - tensor.start, 0)

    def read(self, key: str, window: Window | None = None) -> NDArray[Any]:
        """As `TensorSource.read`."""
        shard, place = self._place(key)
        full = check_window(window, place.shape)
        with FileReader(shard.path, shard.identity) as file:
            values = reading.read_window(file, place, full, big_endian=False)
            file.check_unchanged()
        return values

    def blocks(self, key: str, task: Task = UNTENDED) -> Iterator[NDArray[Any]]:
        """As `TensorSource.blocks`."""
        shard, place = self._place(key)
        with FileReader(shard.path, shard.identity) as file:
            yield from reading.read_blocks(file, place, False, task)
            file.check_unchanged()

    def identity(self, key: str) -> str:
        """As `TensorSource.identity`: the identities of index and file stand for the values."""
        item = self._item(key)
        index = "" if self._index is None else str(self._index.identity)
        shard = "" if item.shard is None else str(item.shard.identity)
        return f"{index}/{shard}/{printable(key)}"

    def stored(self, key: str) -> Stored | None:
        """None: the bytes are those of a V2 bundle, but their checksum is not known."""
        self._item(key)
        return None

    def files(self) -> tuple[str, ...]:
        """The index, where there is one, and the files that are whole."""
        own = () if self._index is None else (self._index.path,)
        return (*own, *(shard.path for shard in self._shards))

    def verify(self, task: Task = UNTENDED) -> Iterator[Fault]:
        """As `Checkpoint.verify`; the format has no checksums, so what can be told is that all bytes can be read."""
        task.total = sum(shard.identity.size for shard in self._shards)
        for key, item in self._items.items():
            if item.error is not None:
                yield Fault(key, item.error.kind, f"{printable(key)}: {item.error.message}")
        for shard in self._shards:
            try:
                with FileReader(shard.path, shard.identity) as file:
                    reading.read_through(file, task)
            except FileFault as error:
                yield Fault.of(error)

    def close(self) -> None:
        """Nothing to let go of: each answer opens what it reads."""
