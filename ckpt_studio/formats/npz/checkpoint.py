"""A NumPy file as a checkpoint: `.npz` with an array a row, `.npy` with one row that has the file's name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any, ClassVar, Final

from numpy.typing import NDArray

from ckpt_studio.core.errors import CkptStudioError, FileFault, NoSuchVariable
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import Columns, Stored, printable
from ckpt_studio.core.windows import Window, check_window
from ckpt_studio.formats.archive import Part, Unpacked, check_part, data_of
from ckpt_studio.formats.base import Fault
from ckpt_studio.formats.files import FileIdentity, FileReader, settle, step_of
from ckpt_studio.formats.npz.contents import Contents, Item, read_archive, read_array_file
from ckpt_studio.formats.npz.values import read_value_blocks, read_values
from ckpt_studio.formats.reading import Bytes, Place, read_through
from ckpt_studio.formats.roles.rows import columns_of_rows, in_order

_STEPS: Final = ("global_step", "step")


class Arrays:
    """An opened NumPy file; implements `Checkpoint`, all but its format. No file stays open.

    Args:
        path: the file.
        identity: what it was when it was read.
        contents: its arrays.
    """

    def __init__(self, path: str, identity: FileIdentity, contents: Contents) -> None:
        self.path = path
        self.prefix = path
        self.meta_graph: str | None = None
        self.notes: tuple[str, ...] = ()
        others = sum(key is None and not member.name.endswith("/") for member, key in contents.members)
        if others:
            self.notes = (f"Members of it that are no arrays are not shown: {others}.",)
        self._file = path
        self._identity = identity
        self._contents = contents
        self.step = self._find_step()

    def _find_step(self) -> int | None:
        step = step_of(os.path.splitext(self.path)[0])
        for key in _STEPS:
            item = self._contents.items.get(key)
            if step is None and item is not None and item.trouble is None and item.row.shape == ():
                try:
                    value = self.read(key)
                except FileFault:
                    continue
                step = int(value) if value.dtype.kind in "iu" and value >= 0 else None
        return step

    @cached_property
    def columns(self) -> Columns:
        """What there is; made when first asked for."""
        return columns_of_rows(in_order([item.row for item in self._contents.items.values()]))

    def _item(self, key: str) -> Item:
        item = self._contents.items.get(key)
        if item is None:
            raise NoSuchVariable(
                f"There is no variable {printable(key)!r} in this checkpoint.", path=self.prefix, key=key
            )
        return item

    @contextmanager
    def _opened(self, key: str) -> Iterator[tuple[Bytes, Place, bool]]:
        """What the elements of an array are read from, where they lie in it, and whether column by column."""
        item = self._item(key)
        if item.trouble is not None:
            raise item.trouble.error(key)
        place = item.place
        assert place is not None
        try:
            with FileReader(self._file, self._identity) as file:
                source: Bytes = file
                if item.packed is not None:
                    source = Unpacked(file, item.packed, data_of(file, item.packed, file.path))
                yield source, place, item.fortran
                file.check_unchanged()
        except CkptStudioError as error:
            error.key = error.key or key
            raise

    def read(self, key: str, window: Window | None = None) -> NDArray[Any]:
        """As `TensorSource.read`; of a packed member, all that lies before the window is unpacked too."""
        with self._opened(key) as (source, place, fortran):
            return read_values(source, place, fortran, check_window(window, place.shape))

    def blocks(self, key: str, task: Task = UNTENDED) -> Iterator[NDArray[Any]]:
        """As `TensorSource.blocks`."""
        with self._opened(key) as (source, place, fortran):
            yield from read_value_blocks(source, place, fortran, task)

    def identity(self, key: str) -> str:
        """As `TensorSource.identity`: the file's identity stands for the values."""
        self._item(key)
        return f"{self._identity}/{printable(key)}"

    def stored(self, key: str) -> Stored | None:
        """As `TensorSource.stored`, of numbers that lie row by row and not packed; there is no checksum."""
        item = self._item(key)
        place = item.place
        if place is None or item.trouble is not None or item.packed is not None or item.fortran:
            return None
        if place.dtype.numpy is None or not item.row.dtype.is_numeric:
            return None
        big_endian = place.dtype.numpy.byteorder == ">"
        return Stored(self._file, place.offset, place.size, None, big_endian, str(self._identity))

    def files(self) -> tuple[str, ...]:
        """The one file."""
        return (self._file,)

    def _row_faults(self) -> Iterator[Fault]:
        for key, item in self._contents.items.items():
            if item.trouble is not None:
                yield Fault(key, item.trouble.kind.kind, f"{printable(key)}: {item.trouble.message}")

    def close(self) -> None:
        """Nothing to let go of: each answer opens what it reads."""


class Npy(Arrays):
    """One array."""

    format: ClassVar[str] = "npy"

    def verify(self, task: Task = UNTENDED) -> Iterator[Fault]:
        """As `Checkpoint.verify`; there is no checksum, so what can be told is that all bytes can be read."""
        task.total = self._identity.size
        yield from self._row_faults()
        try:
            with FileReader(self._file, self._identity) as file:
                read_through(file, task)
        except FileFault as error:
            yield Fault.of(error)


class Npz(Arrays):
    """An archive of arrays."""

    format: ClassVar[str] = "npz"

    def verify(self, task: Task = UNTENDED) -> Iterator[Fault]:
        """As `Checkpoint.verify`: each member's CRC-32."""
        members = self._contents.members
        task.total = sum(part.size for part, _ in members)
        yield from self._row_faults()
        try:
            with FileReader(self._file, self._identity) as file:
                for part, key in members:
                    fault = _fault_of(file, part, key, task)
                    if fault is not None and (key is None or self._contents.items[key].trouble is None):
                        yield fault
                file.check_unchanged()
        except FileFault as error:
            yield Fault.of(error)


def _fault_of(file: FileReader, part: Part, key: str | None, task: Task) -> Fault | None:
    """The fault of one member's bytes, or None."""
    before = task.done
    fault = None
    try:
        check_part(file, part, task)
    except FileFault as error:
        fault = Fault(key, error.kind, error.message)
    task.advance(max(part.size - (task.done - before), 0))
    return fault


def open_array_file(path: str) -> Npy:
    """Open a `.npy` file.

    Raises:
        FileFault: it is none.
    """
    key = os.path.basename(path).removesuffix(".npy")

    def work() -> Npy:
        with FileReader(path) as file:
            return Npy(path, file.identity, read_array_file(file, key))

    return settle(path, work)


def open_archive(path: str) -> Npz:
    """Open a `.npz` file.

    Raises:
        FileFault: it is none.
    """

    def work() -> Npz:
        with FileReader(path) as file:
            return Npz(path, file.identity, read_archive(file))

    return settle(path, work)
