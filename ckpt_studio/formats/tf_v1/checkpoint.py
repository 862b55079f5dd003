"""A V1 checkpoint: what its tables hold together, and windows and blocks of each variable, straight from the files."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from functools import cached_property
from math import prod
from typing import Any, ClassVar

from numpy.typing import NDArray

from ckpt_studio.core.errors import FileFault, MissingFile, NoSuchVariable, Unsupported
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import Columns, Stored, printable
from ckpt_studio.core.windows import Window, check_window
from ckpt_studio.formats.base import Fault
from ckpt_studio.formats.files import fault_of, said, step_of
from ckpt_studio.formats.meta_graph.load import trainable_names
from ckpt_studio.formats.roles.by_meta_graph import mark_trainable
from ckpt_studio.formats.roles.by_name import mark_by_names
from ckpt_studio.formats.roles.rows import Row, columns_of_rows, marks_of
from ckpt_studio.formats.tf_v1.answer import Answer, bytes_of
from ckpt_studio.formats.tf_v1.contents import Variable, merge
from ckpt_studio.formats.tf_v1.names import ShardName, meta_of, shards_there
from ckpt_studio.formats.tf_v1.shard import Shard, load_shard
from ckpt_studio.formats.tf_v1.verify import verify_tables


def open_v1(prefix: str) -> V1Checkpoint:
    """Open the table at `prefix`, or the tables that a prefix with `?????` stands for.

    Raises:
        FileFault: none of them can be read.
    """
    try:
        there = shards_there(prefix, os.listdir(os.path.dirname(prefix) or os.curdir))
    except OSError as error:
        raise fault_of(error, prefix) from error
    shards: dict[int, Shard] = {}
    faults: dict[int, FileFault] = {}
    for number, path in there.items():
        try:
            shards[number] = load_shard(path)
        except FileFault as fault:
            faults[number] = fault
    if not shards:
        raise next(iter(faults.values()), MissingFile(f"There are no files of {said(prefix)}.", path=prefix))
    return V1Checkpoint(prefix, shards, faults)


class V1Checkpoint:
    """One opened V1 checkpoint; implements `Checkpoint`. All methods may be called from any thread; no file stays open.

    Args:
        prefix: what was opened; see `names.ShardName` for several tables.
        shards: the tables by number.
        faults: why those that are there but not in `shards` cannot be read.
    """

    format: ClassVar[str] = "tf_v1"

    def __init__(self, prefix: str, shards: dict[int, Shard], faults: dict[int, FileFault]) -> None:
        self.path = prefix
        self.prefix = prefix
        self.shards = shards
        name = ShardName.parse(prefix)
        every = [prefix] if name is None else [name.of_shard(number) for number in range(name.count)]
        self._missing = [path for number, path in enumerate(every) if number not in shards]
        self.variables = merge(shards, self._missing)
        meta = meta_of(prefix)
        self.meta_graph = meta if os.path.isfile(meta) else None
        self.notes: tuple[str, ...] = tuple(self._make_notes(faults))
        self._lock = threading.Lock()
        self.step = self._find_step(name)

    def _make_notes(self, faults: dict[int, FileFault]) -> Iterator[str]:
        yield from (shard.broken.message for shard in self.shards.values() if shard.broken is not None)
        yield from (fault.message for fault in faults.values())
        gone = len(self._missing) - len(faults)
        if gone:
            first = next(path for path in self._missing if not os.path.exists(path))
            rest = f" and {gone - 1} more of its files are" if gone > 1 else " is"
            yield f"{said(first)}{rest} missing; variables that lie only there are not listed."

    def _find_step(self, name: ShardName | None) -> int | None:
        step = step_of(self.prefix if name is None else name.name)
        if step is None and "global_step" in self.variables:
            try:
                value = self.read("global_step")
            except FileFault:
                return None
            if value.shape == () and value.dtype.kind in "iu":
                return int(value)
        return step

    @property
    def columns(self) -> Columns:
        """What there is; made when first asked for."""
        with self._lock:
            return self._columns

    @cached_property
    def _columns(self) -> Columns:
        rows = [
            Row(
                key=key,
                dtype=variable.dtype,
                shape=variable.shape,
                nbytes=self._nbytes(variable),
                fault=None if variable.fault is None else variable.fault.message,
            )
            for key, variable in self.variables.items()
        ]
        marks = marks_of(rows)
        mark_by_names(marks)
        if self.meta_graph is not None:
            try:
                trainable = trainable_names(self.meta_graph)
            except FileFault as fault:
                self.notes = (*self.notes, fault.message)
            else:
                if trainable is not None:
                    mark_trainable(marks, trainable)
        return columns_of_rows(rows, marks)

    def _nbytes(self, variable: Variable) -> int:
        """Bytes of the elements; of those that differ in size, of the records."""
        if variable.shape is not None and variable.dtype.itemsize:
            return prod(variable.shape) * variable.dtype.itemsize
        return sum(int(self.shards[shard].size[piece]) for shard, piece in variable.pieces)

    def _variable(self, key: str) -> Variable:
        variable = self.variables.get(key)
        if variable is None:
            raise NoSuchVariable(
                f"There is no variable {printable(key)!r} in this checkpoint.", path=self.prefix, key=key
            )
        return variable

    def _readable(self, key: str) -> Variable:
        """The variable of a key whose values can be read, as far as that is known."""
        variable = self._variable(key)
        fault = variable.fault
        if fault is not None:
            raise type(fault)(fault.message, path=fault.path, key=key, offset=fault.offset)
        if variable.dtype.numpy is None:
            raise Unsupported(
                f"{printable(key)!r} is of type {variable.dtype.name}: only TensorFlow can tell what its bytes mean.",
                path=self.prefix,
                key=key,
            )
        return variable

    def read(self, key: str, window: Window | None = None) -> NDArray[Any]:
        """As `TensorSource.read`."""
        variable = self._readable(key)
        full = check_window(window, variable.shape or ())
        with Answer(self.shards, variable) as answer:
            return answer.window(full)

    def blocks(self, key: str, task: Task = UNTENDED) -> Iterator[NDArray[Any]]:
        """As `TensorSource.blocks`."""
        variable = self._readable(key)
        with Answer(self.shards, variable) as answer:
            for block in answer.blocks():
                yield block
                task.advance(bytes_of(block))

    def identity(self, key: str) -> str:
        """As `TensorSource.identity`: the files' identities stand for the values."""
        used = sorted({shard for shard, _ in self._variable(key).pieces})
        return "/".join([*(str(self.shards[shard].identity) for shard in used), printable(key)])

    def stored(self, key: str) -> Stored | None:
        """As `TensorSource.stored`: the values always have to be encoded anew."""
        self._variable(key)
        return None

    def files(self) -> tuple[str, ...]:
        """Every file that belongs to it: tables and MetaGraph."""
        meta = () if self.meta_graph is None else (self.meta_graph,)
        return (*(shard.path for shard in self.shards.values()), *meta)

    def verify(self, task: Task = UNTENDED) -> Iterator[Fault]:
        """As `Checkpoint.verify`."""
        return verify_tables(self.shards, self.variables, task)

    def close(self) -> None:
        """Nothing to let go of: each answer opens what it reads."""
