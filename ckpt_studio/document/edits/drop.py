"""Dropping: variables are left out of what is written."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.errors import RequestFault
from ckpt_studio.core.tensors import Columns, Role
from ckpt_studio.document.edits.base import Json, OnVariables, is_text, patterns_of
from ckpt_studio.document.state import State, with_slots


@dataclass(frozen=True, eq=False)
class Drop(OnVariables):
    """These variables, and the optimizer slots of weights among them, are left out. The object graph follows."""

    op = "drop"
    needed = {"match": is_text}

    def title(self, columns: Columns) -> str:
        """As `Edit.title`; optimizer slots that go along are counted."""
        rows = self._rows(columns.keys)
        others = np.ones(len(columns), np.bool_)
        others[rows] = False
        along = int(np.count_nonzero(with_slots(columns, rows) & others))
        said = super().title(columns)
        return said if not along else f"{said} with 1 slot" if along == 1 else f"{said} with {along} slots"

    def describe(self) -> str:
        """As `Edit.describe`."""
        return "kept → dropped"

    def to_json(self, state: State) -> list[Json]:
        """As `Edit.to_json`; slots that go along with their weight anyway are not named."""
        patterns = patterns_of(self.keys, self.match, state)
        if len(patterns) > 1:
            mine, live = set(self.keys), state.live
            keys = tuple(key for key in self.keys if key in live and live.of(key).slot_of not in mine)
            patterns = patterns_of(keys, "", state)
        return [{"op": self.op, "match": pattern} for pattern in patterns]

    def change(self, state: State, rows: NDArray[np.int64]) -> State:
        """As `OnVariables.change`; something must be left."""
        return dropping(state, state.with_slots(rows))


def dropping(state: State, rows: NDArray[np.bool_]) -> State:
    """The state without some rows.

    Raises:
        RequestFault: nothing would be left.
    """
    dropped = state.dropped | rows
    if (dropped | (state.columns.role == Role.metadata)).all():
        raise RequestFault("Without these variables, nothing would be left; keep one at least.")
    return replace(state, dropped=dropped)
