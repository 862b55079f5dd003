"""The staged state of a document, and the view of it that plots, saves and runs read like any checkpoint.

A state is a value: an edit makes a new one, undo goes back to the old one, and a worker that reads a view is never
surprised by an edit. Rows are those of the base checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.dtypes import unknown
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import Columns, Stored, TensorSource, Window
from ckpt_studio.document.convert import converted


class Replacement(NamedTuple):
    """Where the values of a swapped variable come from.

    Attributes:
        donor: the source that holds them.
        key: their key there.
        label: how a person knows the donor.
    """

    donor: TensorSource
    key: str
    label: str


@dataclass(frozen=True, eq=False)
class State:
    """What is staged.

    Attributes:
        columns: those of the base checkpoint.
        frozen: bool [N], what a person sees as frozen.
        marked: bool [N], frozen by an edit or by the patch beside the checkpoint, not only because the MetaGraph does
            not train it.
        replaced: replacement by row.
    """

    columns: Columns
    frozen: NDArray[np.bool_]
    marked: NDArray[np.bool_]
    replaced: Mapping[int, Replacement]

    def with_slots(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Bool [N]: these rows, and the optimizer slots of the weights among them."""
        chosen = np.zeros(len(self.columns), np.bool_)
        chosen[rows] = True
        slots = np.flatnonzero(self.columns.slot_of >= 0)
        chosen[slots] |= chosen[self.columns.slot_of[slots]]
        return chosen

    def differing(self, other: State) -> NDArray[np.int64]:
        """Rows whose staged view differs between two states of one document."""
        differs = (self.frozen != other.frozen) | (self.marked != other.marked)
        mine, theirs = self.replaced, other.replaced
        if mine is not theirs:
            differs[list(mine.keys() ^ theirs.keys())] = True
            differs[[row for row in mine.keys() & theirs.keys() if mine[row] != theirs[row]]] = True
        return np.flatnonzero(differs)


class StagedView:
    """A `TensorSource`: the base checkpoint as the staged edits make it. It never changes; an edit makes another."""

    def __init__(self, base: TensorSource, state: State) -> None:
        self._base = base
        self._state = state

    @cached_property
    def columns(self) -> Columns:
        """The base's columns, with `trainable` 0 for frozen weights; a swapped row has no fault of its own."""
        state, base = self._state, self._state.columns
        trainable = base.trainable.copy()
        weights = base.slot_of < 0
        trainable[weights & state.frozen] = 0
        trainable[weights & ~state.frozen & (base.trainable == 0) & (base.role == 0)] = 1
        nbytes, faults = base.nbytes, base.faults
        if state.replaced:
            faults = {row: fault for row, fault in faults.items() if row not in state.replaced}
            nbytes = nbytes.copy()
            for row, replacement in state.replaced.items():
                nbytes[row] = self._replaced_bytes(row, replacement)
        if faults == base.faults and (nbytes == base.nbytes).all() and (trainable == base.trainable).all():
            return base
        return replace(base, trainable=trainable, nbytes=nbytes, faults=faults)

    def untouched(self, base: object) -> NDArray[np.bool_] | None:
        """Bool [N]: which rows are those of `base`, values and all; None if this is not a view of `base`."""
        if base is not self._base:
            return None
        rows = np.ones(len(self._state.columns), np.bool_)
        rows[list(self._state.replaced)] = False
        return rows

    def _replaced_bytes(self, row: int, replacement: Replacement) -> int:
        info = self._state.columns.info(row)
        if info.dtype.is_numeric:
            return info.size * info.dtype.itemsize
        return replacement.donor.columns.of(replacement.key).nbytes

    def _replacement(self, key: str) -> tuple[int, Replacement | None]:
        row = self._state.columns.row(key)
        return row, self._state.replaced.get(row)

    def read(self, key: str, window: Window | None = None) -> NDArray[Any]:
        """As `TensorSource.read`; also raises Unsupported where a swapped value does not fit the own type."""
        row, other = self._replacement(key)
        if other is None:
            return self._base.read(key, window)
        own = unknown(int(self._state.columns.dtype[row]))
        return converted(other.donor.read(other.key, window), own, key)

    def blocks(self, key: str, task: Task = UNTENDED) -> Iterator[NDArray[Any]]:
        """As `TensorSource.blocks`."""
        row, other = self._replacement(key)
        if other is None:
            return self._base.blocks(key, task)
        own = unknown(int(self._state.columns.dtype[row]))
        return (converted(block, own, key) for block in other.donor.blocks(other.key, task))

    def identity(self, key: str) -> str:
        """As `TensorSource.identity`: the base's own where nothing was swapped."""
        row, other = self._replacement(key)
        if other is None:
            return self._base.identity(key)
        return f"{other.donor.identity(other.key)} as {int(self._state.columns.dtype[row])}"

    def stored(self, key: str) -> Stored | None:
        """As `TensorSource.stored`; None where values are converted."""
        row, other = self._replacement(key)
        if other is None:
            return self._base.stored(key)
        theirs = other.donor.columns
        same = theirs.dtype[theirs.row(other.key)] == self._state.columns.dtype[row]
        return other.donor.stored(other.key) if same else None
