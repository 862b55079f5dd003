"""A file of Keras as a checkpoint: rows under the names that a person knows, windows and blocks of their values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.errors import FileFault, NoSuchVariable, Unsupported
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import Columns, RoleSource, Stored, encode, printable
from ckpt_studio.core.windows import Window, check_window
from ckpt_studio.formats.base import Fault
from ckpt_studio.formats.keras import values
from ckpt_studio.formats.keras.facts import Facts
from ckpt_studio.formats.keras.hdf5.listing import Attribute, Dataset
from ckpt_studio.formats.keras.hdf5.process import Hdf5
from ckpt_studio.formats.keras.trained import Inside
from ckpt_studio.formats.keras.zipped import Zipped, check_parts
from ckpt_studio.formats.reading import row_fault
from ckpt_studio.formats.roles.by_name import mark_by_names
from ckpt_studio.formats.roles.rows import Row, columns_of_rows, in_order, marks_of


@dataclass(frozen=True, slots=True)
class Held:
    """One row: the file that holds it, and what that file says of it."""

    hdf5: Hdf5
    dataset: Dataset


@dataclass
class Contents:
    """What was found when a file was opened.

    Attributes:
        held: rows by key.
        facts: what is known of them; None where the file was not written by Keras.
        step: the training step, or None.
        notes: sentences that a person should see.
        files: every file that belongs to it.
        zipped: the archive, where it is one.
        groups: attributes of the HDF5 file's groups, by path.
    """

    held: Mapping[str, Held]
    facts: Mapping[str, Facts] | None
    step: int | None = None
    notes: Sequence[str] = ()
    files: tuple[str, ...] = ()
    zipped: Zipped | None = None
    groups: Mapping[str, Mapping[str, Attribute]] = field(default_factory=dict)
    names: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        found = {key: facts.name for key, facts in (self.facts or {}).items() if facts.name}
        count = Counter(found.values())
        self.names = {key: name for key, name in found.items() if count[name] == 1}


class KerasFile:
    """An opened file; implements `Checkpoint`. No file stays open; a process may, see `close`.

    Args:
        path: the file that was opened.
        contents: what was found in it.
    """

    format: ClassVar[str]

    def __init__(self, path: str, contents: Contents) -> None:
        self.path = path
        self.prefix = path
        self.step = contents.step
        self.notes: tuple[str, ...] = tuple(contents.notes)
        self.meta_graph: str | None = None
        self._contents = contents
        self._held = contents.held
        self._files = {id(held.hdf5): held.hdf5 for held in contents.held.values()}

    @cached_property
    def columns(self) -> Columns:
        """What there is; made when first asked for."""
        facts = self._contents.facts
        rows = in_order([self._row(key, held.dataset) for key, held in self._held.items()])
        marks = marks_of(rows)
        if facts is None:
            mark_by_names(marks)
            return columns_of_rows(rows, marks)
        place = {row.key: number for number, row in enumerate(rows)}
        for number, row in enumerate(rows):
            fact = facts.get(row.key)
            if fact is None:
                continue
            marks.role[number] = fact.role
            marks.source[number] = RoleSource.config if fact.by_config else RoleSource.by_name
            if fact.slot_of is not None and fact.slot_of in place:
                marks.slot_of[number] = place[fact.slot_of]
                if fact.slot_name is not None:
                    marks.slot_name[number] = marks.number(fact.slot_name)
        return columns_of_rows(rows, marks)

    def _row(self, key: str, dataset: Dataset) -> Row:
        facts = (self._contents.facts or {}).get(key)
        error = self._error(key, dataset)
        return Row(
            key,
            dataset.dtype,
            dataset.shape,
            dataset.nbytes,
            name=self._contents.names.get(key),
            trainable=None if facts is None else facts.trainable,
            fault=None if error is None else error.message,
        )

    def _error(self, key: str, dataset: Dataset) -> FileFault | None:
        """Why a row's values cannot be read, or None."""
        path = self._held[key].hdf5.image.path
        if dataset.fault is not None:
            return dataset.fault_kind(dataset.fault, path=path, key=key)
        text = row_fault(dataset.shape or (), dataset.dtype)
        return None if text is None else Unsupported(text, path=path, key=key)

    def _find(self, key: str) -> Held:
        held = self._held.get(key)
        if held is None:
            raise NoSuchVariable(
                f"There is no variable {printable(key)!r} in this checkpoint.", path=self.prefix, key=key
            )
        return held

    def _readable(self, key: str) -> Held:
        held = self._find(key)
        error = self._error(key, held.dataset)
        if error is not None:
            raise error
        return held

    def read(self, key: str, window: Window | None = None) -> NDArray[Any]:
        """As `TensorSource.read`."""
        held = self._readable(key)
        full = check_window(window, held.dataset.shape or ())
        extents = [part.stop - part.start for part in full]
        if 0 in extents:
            return np.zeros(extents, held.dataset.dtype.numpy)
        return values.read_window(held.hdf5, held.dataset, key, full)

    def blocks(self, key: str, task: Task = UNTENDED) -> Iterator[NDArray[Any]]:
        """As `TensorSource.blocks`."""
        held = self._readable(key)
        yield from values.read_blocks(held.hdf5, held.dataset, key, task)

    def identity(self, key: str) -> str:
        """As `TensorSource.identity`: the file's identity stands for the values."""
        return f"{self._find(key).hdf5.image.identity}/{printable(key)}"

    def stored(self, key: str) -> Stored | None:
        """None: HDF5 has no checksum of the kind that a V2 bundle needs."""
        self._find(key)
        return None

    def files(self) -> tuple[str, ...]:
        """Every file that belongs to it."""
        return self._contents.files

    @property
    def zipped(self) -> Zipped | None:
        """The archive, where it is one."""
        return self._contents.zipped

    @cached_property
    def inside(self) -> Mapping[str, Inside]:
        """By key, where in the model a variable is, of those of which the configuration says it."""
        facts = (self._contents.facts or {}).items()
        return {key: Inside(one.layers, one.keeper) for key, one in facts if one.layers}

    @property
    def groups(self) -> Mapping[str, Mapping[str, Attribute]]:
        """What Keras has noted in the file besides variables: attributes by path of their group."""
        return self._contents.groups

    def verify(self, task: Task = UNTENDED) -> Iterator[Fault]:
        """As `Checkpoint.verify`: checksums of an archive and of packed chunks; everything else must be readable."""
        zipped = self._contents.zipped
        rows = [(key, held) for key, held in self._held.items()]
        if zipped is not None:
            # What lies in the archive as it is has been read by then.
            rows = [(key, held) for key, held in rows if held.dataset.offset is None or held.dataset.fault]
        parts = 0 if zipped is None else sum(part.size for part in zipped.parts.values())
        task.total = parts + sum(_size(held.dataset) for _, held in rows)
        if zipped is not None:
            yield from map(Fault.of, check_parts(zipped, task))
        for key, held in sorted(rows, key=lambda row: encode(row[0])):
            before = task.done
            try:
                for _ in self.blocks(key, task):
                    pass
            except FileFault as error:
                yield Fault(key, error.kind, f"{printable(key)}: {error.message}")
            task.advance(max(_size(held.dataset) - (task.done - before), 0))

    def close(self) -> None:
        """End the processes that read HDF5. Reading afterwards starts them again."""
        for hdf5 in self._files.values():
            hdf5.close()


def _size(dataset: Dataset) -> int:
    """Bytes that reading a dataset's values counts as done; 0 where they cannot be read."""
    if dataset.fault is not None or dataset.shape is None:
        return 0
    count = 1
    for extent in dataset.shape:
        count *= extent
    return count * (dataset.dtype.itemsize or np.dtype(object).itemsize)


class KerasArchive(KerasFile):
    """A `.keras` archive."""

    format: ClassVar[str] = "keras"


class KerasH5(KerasFile):
    """A whole model or weights in the layout of Keras 1 and 2, or any other HDF5 file."""

    format: ClassVar[str] = "keras_h5"


class KerasWeights(KerasFile):
    """Weights in the layout of Keras 3."""

    format: ClassVar[str] = "keras_weights"
