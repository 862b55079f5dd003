"""The view of a staged state that plots, saves and runs read like any checkpoint; what was dropped has no row there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.errors import NoSuchVariable
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import Columns, Role, Stored, TensorSource, printable
from ckpt_studio.core.windows import Window
from ckpt_studio.document.column_changes import RowFaults
from ckpt_studio.document.following import GRAPH_KEY, Change, FollowingGraph
from ckpt_studio.document.state import State
from ckpt_studio.document.values.base import SourceValues, Values


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
        """Row of the state of each of ours."""
        return np.flatnonzero(~self._state.dropped)

    @cached_property
    def columns(self) -> Columns:
        """The staged variables, with `trainable` 0 for frozen weights; what is not read from the base is sound."""
        state = self._state
        columns, dropped = state.columns, bool(state.dropped.any())
        unmended = not (self._found or (state.foreign.any() and columns.faults))
        if unmended and not dropped and (self._trainable == columns.trainable).all():
            return columns
        faults = RowFaults(
            state.base.faults, self._found, state.origin[self._rows], state.foreign[self._rows]
        )
        whole = replace(columns, trainable=self._trainable, faults=faults)
        return whole.subset(self._rows, faults) if dropped else whole

    @cached_property
    def _trainable(self) -> NDArray[np.int8]:
        state, columns = self._state, self._state.columns
        trainable = columns.trainable.copy()
        weights = columns.slot_of < 0
        trainable[weights & state.frozen] = 0
        trainable[weights & ~state.frozen & (trainable == 0) & (columns.role == Role.weight)] = 1
        return trainable

    def origins(self, base: object) -> NDArray[np.int64] | None:
        """Int64 [n]: for each of our rows the row of `base` that it is, under whatever key, or -1.

        None if this is not a view of `base`.
        """
        if base is not self._base:
            return None
        state = self._state
        origins = np.where(state.changed, -1, state.origin).astype(np.int64)
        graph = self._graph_row
        if graph >= 0 and self._follows:
            origins[graph] = -1
        return origins[self._rows]

    def renamed(self) -> Mapping[str, str]:
        """New key by the base's, of the variables that are called otherwise."""
        return self._change.renamed

    @property
    def _graph_row(self) -> int:
        """Row of the state of the object graph, -1 if there is none."""
        row = self._state.columns.keys.find(GRAPH_KEY)
        return row if row >= 0 and not self._state.dropped[row] else -1

    @cached_property
    def _follows(self) -> bool:
        """Whether the object graph has to be told of what changed."""
        state = self._state
        same = (
            len(state.columns) == len(state.base) and not (state.dropped | state.renamed | state.added).any()
        )
        return not same or self._incomplete

    @property
    def _incomplete(self) -> bool:
        return bool(getattr(self._base, "incomplete", False))

    def values(self, key: str) -> Values:
        """The staged values of a variable.

        Raises:
            NoSuchVariable: it was dropped, or never there.
        """
        state = self._state
        row = state.columns.row(key)
        if state.dropped[row]:
            raise NoSuchVariable(f"{printable(key)!r} was dropped by a staged edit.", key=key)
        values = self._at(state, row, key)
        is_graph = key == GRAPH_KEY and values.dtype.name == "string" and not values.shape
        if is_graph and self._follows:
            return FollowingGraph(values, self._change)
        return values

    @cached_property
    def _change(self) -> Change:
        return Change.of(self._state, incomplete=self._incomplete)

    def _at(self, state: State, row: int, key: str) -> Values:
        """What the layers over a row make of its own values, from the bottom up."""
        origin = int(state.origin[row])
        values: Values = SourceValues(self._base, key if origin < 0 else state.base.keys[origin])
        stack = list(state.stack(row))
        for laid, place in reversed(stack):
            if laid.lent is not None:
                values = self._at(laid.lent[0], int(laid.lent[1][place]), key)
            values = laid.layer.values(place, laid.want(place, key), values)
        return values

    def read(self, key: str, window: Window | None = None) -> NDArray[Any]:
        """As `TensorSource.read`; also raises Unsupported where a staged value does not fit the type."""
        return self.values(key).read(window)

    def blocks(self, key: str, task: Task = UNTENDED) -> Iterator[NDArray[Any]]:
        """As `TensorSource.blocks`."""
        return self.values(key).blocks(task)

    def identity(self, key: str) -> str:
        """As `TensorSource.identity`: the base's own where nothing was changed."""
        return self.values(key).identity()

    def stored(self, key: str) -> Stored | None:
        """As `TensorSource.stored`; None where values are made or changed on the way."""
        return self.values(key).stored()
