"""Freezing and unfreezing: what a resumed run may change."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.document.edits.base import OnVariables, is_text
from ckpt_studio.document.state import State


@dataclass(frozen=True, eq=False)
class _Mark(OnVariables):
    """What freezing and unfreezing have in common; optimizer slots of weights go along."""

    needed = {"match": is_text}
    frozen: ClassVar[bool]

    def describe(self) -> str:
        """As `Edit.describe`."""
        return "trainable → frozen" if self.frozen else "frozen → trainable"

    def change(self, state: State, rows: NDArray[np.int64]) -> State:
        """As `OnVariables.change`."""
        marks = state.with_slots(rows)
        frozen, marked = (_set(flags, marks, self.frozen) for flags in (state.frozen, state.marked))
        return replace(state, frozen=frozen, marked=marked)


class Freeze(_Mark):
    """The resumed run must not change these variables, nor their optimizer slots."""

    op = "freeze"
    frozen = True


class Unfreeze(_Mark):
    """The resumed run may change these variables and their optimizer slots."""

    op = "unfreeze"
    frozen = False


def _set(flags: NDArray[np.bool_], rows: NDArray[np.bool_], value: bool) -> NDArray[np.bool_]:
    return flags | rows if value else flags & ~rows
