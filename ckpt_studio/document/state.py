"""The staged state of a document: one row a variable, one column a property, and what edits have laid over values.

A state is a value: an edit makes a new one, undo goes back to the old one, and a worker that reads it is never
surprised by an edit. Rows are in byte order of the staged keys; what was dropped keeps its row, so that it can be
shown, until a variable takes its key. Values are not touched: an edit lays a layer over them, which is asked when they
are read.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.dtypes import unknown
from ckpt_studio.core.errors import RequestFault
from ckpt_studio.core.keys import Keys
from ckpt_studio.core.tensors import Columns, Names, decode, encode, printable
from ckpt_studio.document.column_changes import (
    RowFaults,
    inserted,
    merged_places,
    mixed,
    with_names,
    with_row,
    with_shapes,
)
from ckpt_studio.document.patterns import rows_of
from ckpt_studio.document.values.base import Values, Want

_BLANK: Final = {
    "origin": -1, "named": 0, "frozen": False, "marked": False, "dropped": False, "foreign": False, "layer": -1,
    "place": -1, "version": 0,
}  # fmt: skip
"""The columns of a state, and what a new row has there."""

_MANY: Final = 64
"""More keys are looked up all at once."""

_numbers = count(1)


class Layer(Protocol):
    """What one edit does to the values of its variables.

    Attributes:
        label: how a person knows what stands there now: a donor's name, `zeros`, `x 2`.
        number: no two layers have the same.
        over: whether the values are made of those below; others stand in for them.
    """

    @property
    def label(self) -> str:
        """See above."""
        ...

    @property
    def number(self) -> int:
        """See above."""
        ...

    @property
    def over(self) -> bool:
        """See above."""
        ...

    def values(self, place: int, want: Want, below: Values) -> Values:
        """The values of the variable at a place among the edit's.

        Args:
            place: which of them.
            want: what the edit promised it is.
            below: its values before the edit; only looked at where `over`.
        """
        ...


def new_number() -> int:
    """A number for a layer."""
    return next(_numbers)


@dataclass(frozen=True, eq=False, slots=True)
class Laid:
    """A layer where it lies.

    Attributes:
        layer: what was laid.
        under: int32 [n], the place in `State.laid` of what each variable had before, -1 for its own values.
        under_place: int32 [n], the place in that layer.
        columns: the variables afterwards.
        rows: int64 [n], those that it lies over.
        lent: the state before and its rows int64 [n] whose values are taken for those below, or None for their own.
    """

    layer: Layer
    under: NDArray[np.int32]
    under_place: NDArray[np.int32]
    columns: Columns
    rows: NDArray[np.int64]
    lent: tuple[State, NDArray[np.int64]] | None = None

    def want(self, place: int, key: str) -> Want:
        """What the edit promised of a variable, which is called `key` now."""
        row = int(self.rows[place])
        return Want(
            key, unknown(int(self.columns.dtype[row])), self.columns.shape(row), self.columns.keys[row]
        )


@dataclass(frozen=True, eq=False)
class State:
    """What is staged.

    Attributes:
        base: the columns of the checkpoint.
        columns: the variables as they are staged, dropped ones included; `trainable` and `faults` are the checkpoint's.
        origin: int32 [N], row of `base` of each, -1 for an added one.
        named: int64 [N], 0 for the key that the checkpoint has, else a hash of the new one.
        frozen: bool [N], what a person sees as frozen.
        marked: bool [N], frozen by an edit or by the patch beside the checkpoint, not only because the MetaGraph does
            not train it.
        dropped: bool [N], what is left out. Other marks of these rows mean nothing while they are.
        foreign: bool [N], rows of whose own values in the checkpoint nothing is read any more.
        laid: the layers over values.
        layer: int32 [N], place in `laid` of the topmost layer, or -1.
        place: int32 [N], place in that layer.
        version: uint64 [N], equal where the values of two states of one document are.
    """

    base: Columns
    columns: Columns
    origin: NDArray[np.int32]
    named: NDArray[np.int64]
    frozen: NDArray[np.bool_]
    marked: NDArray[np.bool_]
    dropped: NDArray[np.bool_]
    foreign: NDArray[np.bool_]
    laid: tuple[Laid, ...]
    layer: NDArray[np.int32]
    place: NDArray[np.int32]
    version: NDArray[np.uint64]

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
            base=columns,
            columns=columns,
            origin=np.arange(len(columns), dtype=np.int32),
            named=np.zeros(len(columns), np.int64),
            frozen=nothing if frozen is None else frozen,
            marked=nothing if marked is None else marked,
            dropped=nothing,
            foreign=nothing,
            laid=(),
            layer=none,
            place=none,
            version=np.zeros(len(columns), np.uint64),
        )

    # ---- looking

    @cached_property
    def changed(self) -> NDArray[np.bool_]:
        """Bool [N]: rows whose values are not the checkpoint's own."""
        changed: NDArray[np.bool_] = (self.layer >= 0) & ~self.dropped
        return changed

    @property
    def renamed(self) -> NDArray[np.bool_]:
        """Bool [N]: rows that the checkpoint has under another key."""
        renamed: NDArray[np.bool_] = self.named != 0
        return renamed

    @property
    def added(self) -> NDArray[np.bool_]:
        """Bool [N]: rows that the checkpoint does not have."""
        return self.origin < 0

    @cached_property
    def live(self) -> Columns:
        """The variables that are not dropped."""
        if not self.dropped.any():
            return self.columns
        rows = np.flatnonzero(~self.dropped)
        return self.columns.subset(rows, RowFaults(self.base.faults, {}, self.origin[rows]))

    def row_of(self, base_row: int) -> int:
        """Row of a variable of the checkpoint, or -1: another has taken its key since it was dropped."""
        rows = np.flatnonzero(self.origin == base_row).tolist() if base_row >= 0 else []
        return rows[0] if rows else -1

    def keys_after(self, before: State, keys: Sequence[str]) -> Keys:
        """What variables of another state of the document are called here; those that are not there are left out."""
        rows = rows_of(before.columns.keys, keys)
        origin = before.origin[rows]
        row_of = np.full(len(self.base) + 1, -1, np.int64)
        row_of[self.origin] = np.arange(len(self.origin))
        row_of[-1] = -1
        added = [self.columns.keys.find(before.columns.keys[row]) for row in rows[origin < 0].tolist()]
        found = np.concatenate((row_of[origin], np.array(added, np.int64)))
        return Keys(self.columns.keys, np.sort(found[found >= 0]))

    def label(self, row: int) -> str:
        """What stands in for a row's own values, for a person; empty where nothing does."""
        return "" if self.layer[row] < 0 else self.laid[self.layer[row]].layer.label

    def stack(self, row: int) -> Iterator[tuple[Laid, int]]:
        """The layers over a row, topmost first, with its place in each."""
        layer, place = int(self.layer[row]), int(self.place[row])
        while layer >= 0:
            laid = self.laid[layer]
            yield laid, place
            layer, place = int(laid.under[place]), int(laid.under_place[place])

    def with_slots(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Bool [N]: these rows, and the optimizer slots of the weights among them."""
        return with_slots(self.columns, rows)

    # ---- changing

    def laying(
        self,
        rows: NDArray[np.int64],
        layer: Layer,
        *,
        dtype: NDArray[np.uint8] | None = None,
        shapes: tuple[NDArray[np.int8], NDArray[np.int64]] | None = None,
        nbytes: NDArray[np.int64] | None = None,
        lent: NDArray[np.int64] | None = None,
    ) -> State:
        """The state with a layer over the values of some rows.

        Args:
            rows: int64 [n].
            layer: what is laid; the variable at rows[i] is its i-th.
            dtype: uint8 [n], the new element types, where they change.
            shapes: rank int8 [n] and dims int64 [n, ...], where they change.
            nbytes: int64 [n], bytes on disk of what has no size by its type (strings).
            lent: int64 [n], other rows whose values as they are now are taken for those below.
        """
        columns = with_shapes(self.columns, rows, dtype, shapes, nbytes)
        which, place, version = self.layer.copy(), self.place.copy(), self.version.copy()
        laid = Laid(layer, which[rows], place[rows], columns, rows, None if lent is None else (self, lent))
        which[rows] = len(self.laid)
        place[rows] = np.arange(len(rows))
        below = version[rows] if layer.over else np.zeros(len(rows), np.uint64)
        if lent is not None:
            below = version[lent] ^ lent.astype(np.uint64)
        kind = (columns.dtype[rows], columns.rank[rows], *columns.dims[rows].T)
        version[rows] = mixed(below, layer.number, np.arange(len(rows)), *kind)
        foreign = self.foreign
        if not layer.over:
            foreign = foreign.copy()
            foreign[rows] = True
        return replace(
            self,
            columns=columns,
            foreign=foreign,
            laid=(*self.laid, laid),
            layer=which,
            place=place,
            version=version,
        )

    def rekeyed(
        self, rows: NDArray[np.int64], keys: Sequence[str], names: Mapping[int, tuple[str, str]]
    ) -> State:
        """The state with other keys for some rows; dropped variables that had one of these are forgotten.

        Args:
            rows: int64 [n].
            keys: the new keys.
            names: by row, the full name and object path of those whose names follow.

        Raises:
            RequestFault: another variable has the key, or two would have it.
        """
        raw = [encode(key) for key in keys]
        forgotten = self._room_for(rows, raw)
        order = sorted(range(len(raw)), key=raw.__getitem__)
        stay = np.delete(np.arange(len(self.columns)), np.concatenate((rows, forgotten)))
        ahead = self.columns.keys.subset(stay)
        inserted_raw = [raw[at] for at in order]
        if len(raw) > _MANY:
            places = merged_places(ahead.raws(), inserted_raw)
        else:
            below = range(len(ahead))
            places = np.array([bisect_left(below, key, key=ahead.raw) for key in inserted_raw], np.int64)
        rows_now = np.insert(stay, places, rows[order])
        sources = np.insert(stay, places, len(self.columns) + np.array(order, np.int64))
        names_now = self.columns.keys.followed_by(raw).subset(sources)
        named = self.named.copy()
        old = self.base.keys.raws() if len(raw) > _MANY else None
        named[rows] = [
            0 if at >= 0 and key == (self.base.keys.raw(at) if old is None else old[at]) else hash(key) or 1
            for key, at in zip(raw, self.origin[rows].tolist(), strict=True)
        ]
        state = replace(self, named=named)
        return state._arranged(rows_now, with_names(self.columns, names), names_now)

    def _room_for(self, rows: NDArray[np.int64], raw: Sequence[bytes]) -> NDArray[np.int64]:
        """Dropped rows whose keys these rows take. Raises RequestFault as `rekeyed`."""
        moved = np.zeros(len(self.columns) + 1, np.bool_)
        moved[rows] = True
        find = self.columns.keys.find_raw
        if len(raw) > _MANY:
            known = {key: row for row, key in enumerate(self.columns.keys.raws())}
            places = np.array([known.get(key, -1) for key in raw], np.int64)
        else:
            places = np.array([find(key) for key in raw], np.int64)
        taken = (places >= 0) & ~moved[places]
        bad = taken & ~self.dropped[places]
        twice = next((key for key, count in Counter(raw).items() if count > 1), None)
        if twice is None and bad.any():
            twice = raw[int(np.flatnonzero(bad)[0])]
        if twice is not None:
            text = decode(twice)
            raise RequestFault(
                f"There would be two variables {printable(text)!r}; choose another name, or drop one first.",
                key=text,
            )
        return places[taken]

    def adding(self, key: str, dtype: int, shape: tuple[int, ...], layer: Layer) -> State:
        """The state with one variable more, whose values a layer gives.

        Raises:
            RequestFault: there is a variable of this key.
        """
        at = self.columns.keys.find(key)
        if at >= 0 and not self.dropped[at]:
            raise RequestFault(
                f"There is a variable {printable(key)!r} already; choose another name.", key=key
            )
        state = self if at < 0 else self._without(at)
        columns = with_row(state.columns, encode(key), dtype, shape)
        row = columns.keys.find(key)
        rows: dict[str, Any] = {n: inserted(getattr(state, n), row, blank) for n, blank in _BLANK.items()}
        return replace(state, columns=columns, **rows).laying(np.array([row]), layer)

    def _without(self, row: int) -> State:
        order = np.delete(np.arange(len(self.columns)), row)
        return self._arranged(order, self.columns, self.columns.keys.subset(order))

    def _arranged(self, order: NDArray[np.int64], columns: Columns, keys: Names) -> State:
        """Only these rows, in this order, under these keys."""
        rows: dict[str, Any] = {name: getattr(self, name)[order] for name in _BLANK}
        faults = RowFaults(self.base.faults, {}, rows["origin"])
        return replace(self, columns=replace(columns.subset(order, faults), keys=keys), **rows)

    # ---- comparing

    def differing(self, other: State) -> NDArray[np.bool_]:
        """Bool [N]: rows of ours that `other`, a state of the same document, does not have just so."""
        if self.columns.keys is other.columns.keys:
            differs: NDArray[np.bool_] = self.version != other.version
            for name in ("frozen", "marked", "dropped"):
                differs |= getattr(self, name) != getattr(other, name)
            return differs
        place = np.full(len(self.base) + 1, -1, np.int64)
        there = np.flatnonzero(other.origin >= 0)
        place[other.origin[there]] = there
        found = place[self.origin]
        for row in np.flatnonzero(self.added).tolist():
            at = other.columns.keys.find_raw(self.columns.keys.raw(row))
            found[row] = at if at >= 0 and other.added[at] else -1
        differs = found < 0
        for name in ("named", "version", "frozen", "marked", "dropped"):
            differs |= getattr(self, name) != getattr(other, name)[found]
        return differs


def with_slots(columns: Columns, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Bool [N]: these rows, and the optimizer slots of the weights among them."""
    chosen = np.zeros(len(columns), np.bool_)
    chosen[rows] = True
    slots = np.flatnonzero(columns.slot_of >= 0)
    chosen[slots] |= chosen[columns.slot_of[slots]]
    return chosen
