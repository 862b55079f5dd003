"""Setting the step: the counters that say how far training has come, and the name that follows."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.errors import RequestFault
from ckpt_studio.core.tensors import Columns, Role
from ckpt_studio.document.edits.assign import Given, want_of
from ckpt_studio.document.edits.base import Around, Files, Json, OnVariables, is_integer, is_text
from ckpt_studio.document.edits.contents import Value
from ckpt_studio.document.paths import ATTRIBUTES
from ckpt_studio.document.patterns import resolve_keys
from ckpt_studio.document.state import State

_STEPS: Final = frozenset({
    "global_step", "step", "train_step", "training_step", "iter", "iteration", "iterations", "_iterations",
})  # fmt: skip
_POWERS: Final = ("beta1_power", "beta2_power")


def steps_of(columns: Columns) -> tuple[str, ...]:
    """The counters that count training steps, as their keys or full names tell."""
    rows = np.flatnonzero(columns.role == Role.counter).tolist()
    keys = columns.keys.take(rows)
    names = map(columns.name, rows)
    return tuple(key for key, name in zip(keys, names, strict=True) if {_last(key), _last(name)} & _STEPS)


def _last(key: str) -> str:
    return (key.rpartition(ATTRIBUTES)[0] or key).rpartition("/")[2].removesuffix(":0")


def name_for(name: str, step: int) -> str:
    """A checkpoint's name with another step: `model.ckpt-100` becomes `model.ckpt-7`."""
    stem = name.rstrip("0123456789")
    return f"{stem}{step}" if stem != name else f"{name}-{step}"


@dataclass(frozen=True, eq=False)
class SetStep(OnVariables):
    """The counters of training steps get a value.

    Attributes:
        step: the value.
    """

    op = "set_step"
    needed = {"step": is_integer}
    optional = {"match": is_text}

    step: int = field(kw_only=True)

    @classmethod
    def of(cls, columns: Columns, step: int, match: str = "") -> SetStep:
        """The edit for the counters that there are, or for those that a PATTERN means.

        Raises:
            RequestFault: there are none, or the step is negative.
        """
        keys = resolve_keys(match, columns) if match else steps_of(columns)
        if not keys:
            raise RequestFault(
                "This checkpoint holds no step; add a variable 'global_step', or say which variable counts steps."
            )
        return cls(keys, match, step=step)

    def verb(self, what: str) -> str:
        """As `OnVariables.verb`."""
        return f"Set {what} to step {self.step}"

    def describe(self) -> str:
        """As `Edit.describe`."""
        return f"own step → {self.step}"

    def notes(self, state: State) -> tuple[str, ...]:
        """As `Edit.notes`."""
        if not any(key in state.live or f"{key}:0" in state.live for key in _POWERS):
            return ()
        return (
            "Adam's powers of beta stay what they are; set them, too, if its bias correction is to fit the step.",
        )

    def change(self, state: State, rows: NDArray[np.int64]) -> State:
        """As `OnVariables.change`."""
        if self.step < 0:
            raise RequestFault(f"The step {self.step} is negative; choose 0 or more.")
        for row in rows.tolist():
            Value(self.step).check(want_of(state.columns, row))
        return state.laying(rows, self._given)

    @cached_property
    def _given(self) -> Given:
        return Given(Value(self.step))

    def parameters(self) -> Json:
        """As `OnVariables.parameters`."""
        return {"step": self.step}

    def to_json(self, state: State) -> list[Json]:
        """As `Edit.to_json`; variables by name where a person named them, or where others count steps by now."""
        if not self.match and set(steps_of(state.live)) == set(self.keys):
            return [{"op": self.op, **self.parameters()}]
        return super().to_json(state)

    @classmethod
    def from_json(cls, operation: Json, around: Around) -> SetStep:
        """As `EditKind.from_json`."""
        return cls.of(around.columns, operation["step"], operation.get("match", ""))

    @classmethod
    def read_parameters(cls, operation: Json, files: Files) -> Json:
        """As `OnVariables.read_parameters`."""
        return {"step": operation["step"]}
