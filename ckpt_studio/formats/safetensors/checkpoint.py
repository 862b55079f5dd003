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
from ckpt_studio.core.tensors import Columns, Stored, printable
from ckpt_studio.core.windows import Window, check_window
from ckpt_studio.formats import reading
from ckpt_studio.formats.base import Fault
from ckpt_studio.formats.files import FileIdentity, FileReader, said, settle
from ckpt_studio.formats.reading import Place, Trouble, row_fault
from ckpt_studio.formats.roles.rows import Row, columns_of_rows, in_order
from ckpt_studio.formats.safetensors.header import Header, read_header
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


def open_file(path: str, step: int | None) -> Safetensors:
    """Open a single file; `step` is the one that its name tells.

    Raises:
        FileFault: it is not a whole and sound safetensors file.
    """
    shard = _load(path)
    places = dict.fromkeys(shard.header.tensors, shard)
    return Safetensors(path, (shard,), places, step_in(shard.header.metadata) if step is None else step)


def open_index(path: str, step: int | None) -> Safetensors:
    """Open the files that an index names; a missing or damaged one makes its own rows faulty. `step` as above.

    Raises:
        FileFault: the index cannot be read.
    """
    index = read_weight_map(path)
    shards, faults = _load_all(index)
    places = {key: _place_of(key, file, index, shards, faults) for key, file in index.files.items()}
    others = sum(
        index.files.get(key) != name for name, shard in shards.items() for key in shard.header.tensors
    )
    note = f"Tensors of its files that the index does not speak of are not shown: {others}."
    told = (step, index.step, *(step_in(shard.header.metadata) for shard in shards.values()))
    step = next((number for number in told if number is not None), None)
    return Safetensors(path, tuple(shards.values()), places, step, index, (note,) if others else ())


def _load(path: str) -> Shard:
    def work() -> Shard:
        with FileReader(path) as file:
            return Shard(path, file.identity, read_header(file))

    return settle(path, work)


def _load_all(index: WeightMap) -> tuple[dict[str, Shard], dict[str, Trouble]]:
    """The files that an index names, by name: those that are whole, and what is wrong with the others."""
    folder = os.path.dirname(index.path)
    shards: dict[str, Shard] = {}
    faults: dict[str, Trouble] = {}
    names = {name for name in index.files.values() if is_plain_name(name)}
    try:
        there = set(os.listdir(folder or os.curdir))
    except OSError:
        there = names
    for name in sorted(names):
        path = os.path.join(folder, name)
        if name not in there:
            faults[name] = Trouble(MissingFile, f"Its file {said(path)} is missing.", path)
            continue
        try:
            shards[name] = _load(path)
        except FileFault as error:
            faults[name] = Trouble(type(error), error.message, path)
    return shards, faults


def _place_of(
    key: str, file: str, index: WeightMap, shards: dict[str, Shard], faults: dict[str, Trouble]
) -> Shard | Trouble:
    """Where the tensor of a key of an index is."""
    if key in index.repeated:
        return Trouble(Corrupt, "The index puts it into more than one file.", index.path)
    if not is_plain_name(file):
        return Trouble(Corrupt, outside(file), index.path)
    if file in faults:
        return faults[file]
    if key not in shards[file].header.tensors:
        text = f"The index puts it into {said(file)}, which does not hold it."
        return Trouble(Corrupt, text, shards[file].path)
    return shards[file]


def _trouble(key: str, place: Shard | Trouble) -> Trouble | None:
    """Why a row cannot be read, or None."""
    if isinstance(place, Trouble):
        return place
    tensor = place.header.tensors[key]
    if key in place.header.repeated:
        text = "Its file holds this name more than once, so what it means cannot be told."
        return Trouble(Corrupt, text, place.path)
    fault = row_fault(tensor.shape, tensor.dtype)
    if fault is None and tensor.bits < 8:
        fault = "Its elements are packed two to a byte, which Ckpt Studio does not show."
    return None if fault is None else Trouble(Unsupported, fault, place.path)


def _row(key: str, place: Shard | Trouble) -> Row:
    trouble = _trouble(key, place)
    fault = None if trouble is None else trouble.message
    if isinstance(place, Trouble):
        return Row(key, _UNKNOWN, None, 0, fault=fault)
    tensor = place.header.tensors[key]
    known = fault is None or max(tensor.shape, default=0) < 1 << 63
    return Row(key, tensor.dtype, tensor.shape if known else None, tensor.stop - tensor.start, fault=fault)


class Safetensors:
    """An opened checkpoint of one or several files; implements `Checkpoint`. No file stays open.

    Args:
        path: the file, or the index.
        shards: the files that are whole.
        places: by key, the file that holds it, or why none does.
        step: the training step, or None.
        index: the index, where there is one.
        notes: sentences that a person should see.
    """

    format: ClassVar[str] = "safetensors"

    def __init__(
        self,
        path: str,
        shards: tuple[Shard, ...],
        places: dict[str, Shard] | dict[str, Shard | Trouble],
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
        self._places = places

    @cached_property
    def columns(self) -> Columns:
        """What there is; made when first asked for."""
        return columns_of_rows(in_order([_row(key, place) for key, place in self._places.items()]))

    def _found(self, key: str) -> Shard | Trouble:
        place = self._places.get(key)
        if place is None:
            raise NoSuchVariable(
                f"There is no variable {printable(key)!r} in this checkpoint.", path=self.prefix, key=key
            )
        return place

    def _place(self, key: str) -> tuple[Shard, Place]:
        """Where a tensor whose values can be read lies."""
        shard = self._found(key)
        trouble = _trouble(key, shard)
        if trouble is not None:
            raise trouble.error(key)
        assert isinstance(shard, Shard)
        tensor = shard.header.tensors[key]
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
        place = self._found(key)
        index = "" if self._index is None else str(self._index.identity)
        shard = str(place.identity) if isinstance(place, Shard) else ""
        return f"{index}/{shard}/{printable(key)}"

    def stored(self, key: str) -> Stored | None:
        """As `TensorSource.stored`; there is no checksum."""
        found = self._found(key)
        if _trouble(key, found) is not None:
            return None
        shard, place = self._place(key)
        return Stored(shard.path, place.offset, place.size, None, False, str(shard.identity))

    def files(self) -> tuple[str, ...]:
        """The index, where there is one, and the files that are whole."""
        own = () if self._index is None else (self._index.path,)
        return (*own, *(shard.path for shard in self._shards))

    def verify(self, task: Task = UNTENDED) -> Iterator[Fault]:
        """As `Checkpoint.verify`; the format has no checksums, so what can be told is that all bytes can be read."""
        task.total = sum(shard.identity.size for shard in self._shards)
        for key, place in self._places.items():
            trouble = _trouble(key, place)
            if trouble is not None:
                yield Fault(key, trouble.kind.kind, f"{printable(key)}: {trouble.message}")
        for shard in self._shards:
            try:
                with FileReader(shard.path, shard.identity) as file:
                    reading.read_through(file, task)
            except FileFault as error:
                yield Fault.of(error)

    def close(self) -> None:
        """Nothing to let go of: each answer opens what it reads."""
