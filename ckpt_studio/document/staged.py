"""The staged state of a document, and the view of it that plots, saves and runs read like any checkpoint.

A state is a value: an edit makes a new one, undo goes back to the old one, and a worker that reads a view is never
surprised by an edit. Rows of a state are those of the base checkpoint; a view has no row for what was dropped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.crc import crc32c
from ckpt_studio.core.dtypes import BY_NUMBER, DType, unknown
from ckpt_studio.core.errors import NoSuchVariable
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import Columns, Stored, TensorSource, Window, printable
from ckpt_studio.document.absent import AbsentDonor
from ckpt_studio.document.convert import adopted, converted
from ckpt_studio.document.object_graph import GRAPH_KEY, FollowingGraph
from ckpt_studio.document.patterns import rows_of

_ITEMSIZE: Final = np.array([unknown(n).itemsize if n in BY_NUMBER else 0 for n in range(256)], np.int64)


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


@dataclass(frozen=True, eq=False, slots=True)
class Swap:
    """What one edit swaps in.

    Attributes:
        donor, label: as `Replacement` has them.
        keys: the donor's, one a variable.
    """

    donor: TensorSource
    label: str
    keys: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class State:
    """What is staged, by rows of the base checkpoint.

    Attributes:
        columns: those of the base checkpoint.
        frozen: bool [N], what a person sees as frozen.
        marked: bool [N], frozen by an edit or by the patch beside the checkpoint, not only because the MetaGraph does
            not train it.
        dropped: bool [N], what is left out. Other marks of these rows mean nothing while they are.
        swaps: what edits have swapped in.
        swap: int32 [N], place in `swaps` of what stands in for a row, or -1.
        place: int32 [N], place in that swap's keys.
    """

    columns: Columns
    frozen: NDArray[np.bool_]
    marked: NDArray[np.bool_]
    dropped: NDArray[np.bool_]
    swaps: tuple[Swap, ...]
    swap: NDArray[np.int32]
    place: NDArray[np.int32]

    @classmethod
    def of(
        cls,
        columns: Columns,
        frozen: NDArray[np.bool_] | None = None,
        marked: NDArray[np.bool_] | None = None,
    ) -> State:
        """A state without edits; nothing is frozen where nothing is said."""
        nothing = np.zeros(len(columns), np.bool_)
        none = np.full(len(columns), -1, np.int32)
        return cls(
            columns,
            nothing if frozen is None else frozen,
            nothing if marked is None else marked,
            nothing,
            (),
            none,
            none,
        )

    @cached_property
    def replaced(self) -> NDArray[np.bool_]:
        """Bool [N]: rows that another checkpoint's values stand in for."""
        swapped: NDArray[np.bool_] = (self.swap >= 0) & ~self.dropped
        return swapped

    def replacement(self, row: int) -> Replacement | None:
        """What stands in for a row, if anything does."""
        if self.swap[row] < 0:
            return None
        swap = self.swaps[self.swap[row]]
        return Replacement(swap.donor, swap.keys[self.place[row]], swap.label)

    def swapping(self, rows: NDArray[np.int64], swap: Swap) -> State:
        """The state with these values in place of these rows'."""
        which, place = self.swap.copy(), self.place.copy()
        which[rows] = len(self.swaps)
        place[rows] = np.arange(len(rows))
        return replace(self, swaps=(*self.swaps, swap), swap=which, place=place)

    def with_slots(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Bool [N]: these rows, and the optimizer slots of the weights among them."""
        return with_slots(self.columns, rows)

    def differing(self, other: State) -> NDArray[np.bool_]:
        """Bool [N]: rows whose staged view differs between two states of one document."""
        differs: NDArray[np.bool_] = (self.frozen != other.frozen) | (self.marked != other.marked)
        differs |= self.dropped != other.dropped
        if self.swap is not other.swap:
            numbers = {id(swap): number for number, swap in enumerate((*self.swaps, *other.swaps))}
            mine, theirs = (
                np.array([*(numbers[id(swap)] for swap in state.swaps), -1])[state.swap]
                for state in (self, other)
            )
            differs |= (mine != theirs) | ((mine >= 0) & (self.place != other.place))
        return differs


def with_slots(columns: Columns, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Bool [N]: these rows, and the optimizer slots of the weights among them."""
    chosen = np.zeros(len(columns), np.bool_)
    chosen[rows] = True
    slots = np.flatnonzero(columns.slot_of >= 0)
    chosen[slots] |= chosen[columns.slot_of[slots]]
    return chosen


class StagedFaults(Mapping[int, str]):
    """Sentences by row of a staged view, made when asked for: a missing shard makes very many rows faulty.

    Args:
        columns: of the base checkpoint.
        found: what verifying found since, by row of the base.
        rows: int64 [n], row of the base of each row of the view.
        mended: bool [N], rows of the base whose values are not read any more.
    """

    def __init__(
        self,
        columns: Columns,
        found: Mapping[int, str],
        rows: NDArray[np.int64],
        mended: NDArray[np.bool_],
    ) -> None:
        self._base, self._found, self._rows = columns.faults, found, rows
        faulty = np.zeros(len(columns), np.bool_)
        for known in (self._base, found):
            faulty[np.fromiter(known, np.int64, len(known))] = True
        self._faulty = (faulty & ~mended)[rows]

    def __getitem__(self, row: int) -> str:
        if not 0 <= row < len(self._faulty) or not self._faulty[row]:
            raise KeyError(row)
        base = int(self._rows[row])
        return self._base[base] if base in self._base else self._found[base]

    def __iter__(self) -> Iterator[int]:
        return iter(np.flatnonzero(self._faulty).tolist())

    def __len__(self) -> int:
        return int(np.count_nonzero(self._faulty))


class StagedView:
    """A `TensorSource`: the base checkpoint as the staged edits make it. It never changes; an edit makes another.

    Args:
        base: the checkpoint.
        state: what is staged.
        found: sentences about rows of the base that verifying has found damaged.
    """

    def __init__(self, base: TensorSource, state: State, found: Mapping[int, str] | None = None) -> None:
        self._base = base
        self._state = state
        self._found = found or {}

    @cached_property
    def _rows(self) -> NDArray[np.int64]:
        """Row of the base of each of ours."""
        return np.flatnonzero(~self._state.dropped)

    @cached_property
    def columns(self) -> Columns:
        """The base's columns without dropped rows, with `trainable` 0 for frozen weights; swapped rows are sound."""
        state, base = self._state, self._state.columns
        if (
            not (self._found or state.replaced.any() or state.dropped.any())
            and (self._trainable == base.trainable).all()
        ):
            return base
        faults = StagedFaults(base, self._found, self._rows, state.replaced)
        known = self._with_shapes(base)
        whole = replace(known, trainable=self._trainable, nbytes=self._nbytes(known), faults=faults)
        return whole.subset(self._rows, faults) if state.dropped.any() else whole

    @cached_property
    def _trainable(self) -> NDArray[np.int8]:
        state, base = self._state, self._state.columns
        trainable = base.trainable.copy()
        weights = base.slot_of < 0
        trainable[weights & state.frozen] = 0
        trainable[weights & ~state.frozen & (base.trainable == 0) & (base.role == 0)] = 1
        return trainable

    def _with_shapes(self, base: Columns) -> Columns:
        """With the donors' shapes, and types where need be, of swapped rows whose own were lost to damage."""
        state = self._state
        lost = np.flatnonzero(state.replaced & (base.rank < 0))
        if not len(lost):
            return base
        dtype, rank, dims = base.dtype.copy(), base.rank.copy(), base.dims
        for number in np.unique(state.swap[lost]).tolist():
            rows, swap = lost[state.swap[lost] == number], state.swaps[number]
            if isinstance(swap.donor, AbsentDonor):
                continue
            theirs = swap.donor.columns
            found = rows_of(theirs.keys, [swap.keys[place] for place in state.place[rows].tolist()])
            width = max(dims.shape[1], theirs.dims.shape[1])
            dims = np.pad(dims, ((0, 0), (0, width - dims.shape[1])), constant_values=-1)
            dims[rows, : theirs.dims.shape[1]] = theirs.dims[found]
            rank[rows] = theirs.rank[found]
            dtype[rows] = np.where(dtype[rows] == 0, theirs.dtype[found], dtype[rows])
        return replace(base, dtype=dtype, rank=rank, dims=dims)

    def _nbytes(self, base: Columns) -> NDArray[np.int64]:
        """Int64 [N]: what rows of the base take when they are written."""
        state = self._state
        rows = np.flatnonzero(state.replaced)
        if not len(rows):
            return base.nbytes
        nbytes, itemsize = base.nbytes.copy(), _ITEMSIZE[base.dtype[rows]]
        inside = np.arange(base.dims.shape[1]) < base.rank[rows, None]
        nbytes[rows] = np.where(inside, base.dims[rows], 1).prod(axis=1) * itemsize
        for row in rows[itemsize == 0].tolist():
            other = state.replacement(row)
            if other is not None and not isinstance(other.donor, AbsentDonor):
                nbytes[row] = other.donor.columns.of(other.key).nbytes
        return nbytes

    def origins(self, base: object) -> NDArray[np.int64] | None:
        """Int64 [n]: for each of our rows the row of `base` that it is, values and all, or -1.

        None if this is not a view of `base`.
        """
        if base is not self._base:
            return None
        other = self._state.replaced
        if self._follows:
            other = other.copy()
            other[self._state.columns.row(GRAPH_KEY)] = True
        return np.where(other[self._rows], -1, self._rows)

    @cached_property
    def _follows(self) -> bool:
        """Whether the object graph has to leave out what is not there any more."""
        keys = self._state.columns.keys
        row = keys.find(GRAPH_KEY)
        gone = self._state.dropped.any() or bool(getattr(self._base, "incomplete", False))
        return row >= 0 and bool(gone) and not self._state.dropped[row]

    def _replacement(self, key: str) -> tuple[int, Replacement | None]:
        """Row of the base, and what stands in for it.

        Raises:
            NoSuchVariable: it was dropped, or never there.
        """
        row = self._state.columns.row(key)
        if self._state.dropped[row]:
            raise NoSuchVariable(f"{printable(key)!r} was dropped by a staged edit.", key=key)
        other = self._state.replacement(row)
        if key == GRAPH_KEY and self._follows:
            donor, its_key, label = other or (self._base, key, "")
            version = crc32c(np.packbits(self._state.dropped).data)
            return row, Replacement(FollowingGraph(donor, self._gone, version), its_key, label)
        return row, other

    def _gone(self, keys: list[str]) -> frozenset[str]:
        """Which of these keys, which an object graph names, this view does not have."""
        own, dropped = self._state.columns.keys, self._state.dropped
        if not getattr(self._base, "incomplete", False):
            wanted = set(keys)
            return frozenset(key for key in own.take(np.flatnonzero(dropped).tolist()) if key in wanted)
        kept = set(own.take(self._rows.tolist()))
        return frozenset(key for key in keys if key not in kept)

    def read(self, key: str, window: Window | None = None) -> NDArray[Any]:
        """As `TensorSource.read`; also raises Unsupported where a swapped value does not fit the own type."""
        row, other = self._replacement(key)
        if other is None:
            return self._base.read(key, window)
        return converted(other.donor.read(other.key, window), self._dtype(row, other), key)

    def blocks(self, key: str, task: Task = UNTENDED) -> Iterator[NDArray[Any]]:
        """As `TensorSource.blocks`."""
        row, other = self._replacement(key)
        if other is None:
            return self._base.blocks(key, task)
        own = self._dtype(row, other)
        return (converted(block, own, key) for block in other.donor.blocks(other.key, task))

    def identity(self, key: str) -> str:
        """As `TensorSource.identity`: the base's own where nothing was swapped."""
        row, other = self._replacement(key)
        if other is None:
            return self._base.identity(key)
        return f"{other.donor.identity(other.key)} as {self._dtype(row, other).number}"

    def stored(self, key: str) -> Stored | None:
        """As `TensorSource.stored`; None where values are converted."""
        row, other = self._replacement(key)
        if other is None:
            return self._base.stored(key)
        theirs = other.donor.columns
        same = theirs.dtype[theirs.row(other.key)] == self._dtype(row, other).number
        return other.donor.stored(other.key) if same else None

    def _dtype(self, row: int, other: Replacement) -> DType:
        """The element type of a swapped row."""
        own = unknown(int(self._state.columns.dtype[row]))
        if own.number:
            return own
        theirs = other.donor.columns
        return adopted(own, unknown(int(theirs.dtype[theirs.row(other.key)])))
