"""Slimming: what is not needed any more is left out; and averages of weights take the weights' place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.arrays import distinct
from ckpt_studio.core.dtypes import unknown
from ckpt_studio.core.errors import RequestFault
from ckpt_studio.core.tensors import Columns, Role, encode, printable
from ckpt_studio.document.edits.base import Around, Files, Json, OnVariables, is_flag, is_text
from ckpt_studio.document.edits.drop import Drop, dropping
from ckpt_studio.document.matching import alike, judge
from ckpt_studio.document.paths import ATTRIBUTES
from ckpt_studio.document.patterns import resolve_keys, rows_of
from ckpt_studio.document.state import State, new_number
from ckpt_studio.document.values.base import Values, Want
from ckpt_studio.document.values.changed import Converted
from ckpt_studio.document.wording import named
from ckpt_studio.formats.roles.by_name import Kind, hint_of

What: TypeAlias = Literal["optimizer", "frozen_slots", "averages"]
"""What is left out: all of the optimizer's state; that of frozen variables; moving averages of weights."""

AVERAGE: Final = "average"
"""The slot name of moving averages."""


def is_what(value: object) -> bool:
    """Whether a JSON value is one of `What`."""
    return value in get_args(What)


def bytes_by_role(columns: Columns) -> dict[str, int]:
    """Bytes on disk of the variables of each role that is there, by the role's name; most first."""
    sums = np.bincount(columns.role, weights=columns.nbytes, minlength=len(Role))
    count = np.bincount(columns.role, minlength=len(Role))
    found = {role.name: int(sums[role]) for role in Role if count[role]}
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def superfluous(state: State, what: What, *, keep_counters: bool = True) -> tuple[str, ...]:
    """The variables that slimming leaves out.

    Args:
        state: what is staged.
        what: see `What`. Of the optimizer's state, settings such as a learning rate are a part; random states, tables
            and the states of iterators are not.
        keep_counters: whether steps are kept when the optimizer's state goes.
    """
    columns = state.columns
    slots = columns.role == Role.slot
    averages = _averages(columns)
    if what == "averages":
        chosen = averages
    elif what == "frozen_slots":
        weight = columns.slot_of
        chosen = slots & ~averages & (weight >= 0) & state.marked[weight]
    else:
        chosen = slots & ~averages
        counters = np.flatnonzero(columns.role == Role.counter).tolist()
        chosen[[row for row in counters if _goes(columns.keys[row], keep_counters)]] = True
        others = np.flatnonzero(columns.role == Role.metadata).tolist()
        chosen[[row for row in others if _is_setting(columns, row)]] = True
    return tuple(columns.keys.take(np.flatnonzero(chosen & ~state.dropped).tolist()))


def _averages(columns: Columns) -> NDArray[np.bool_]:
    """Bool [N]: moving averages of weights."""
    if AVERAGE not in columns.slot_names:
        return np.zeros(len(columns), np.bool_)
    numbers = [number for number, name in enumerate(columns.slot_names) if name == AVERAGE]
    averages: NDArray[np.bool_] = np.isin(columns.slot_name, numbers) & (columns.slot_of >= 0)
    return averages


def _is_setting(columns: Columns, row: int) -> bool:
    """Whether metadata is a number that an optimizer has in a variable; a vocabulary is a part of the model."""
    stem, _, what = columns.keys[row].rpartition(ATTRIBUTES)
    return unknown(int(columns.dtype[row])).is_numeric and (not stem or what == "VARIABLE_VALUE")


def _goes(key: str, keep_counters: bool) -> bool:
    """Whether a counter goes with the optimizer: powers of betas do, random states do not, steps as was said."""
    last = encode(key.rpartition(ATTRIBUTES)[0] or key).rpartition(b"/")[2]
    if last.startswith((b"beta1_power", b"beta2_power")):
        return True
    hint = hint_of(last)
    return not keep_counters and (hint is None or hint.kind is not Kind.random)


@dataclass(frozen=True, eq=False)
class Slim(OnVariables):
    """What a purpose does not need is left out.

    Attributes:
        what, keep_counters: as `superfluous` has them.
    """

    op = "slim"
    needed = {"drop": is_what}
    optional = {"keep_counters": is_flag}

    what: What = field(kw_only=True)
    keep_counters: bool = field(default=True, kw_only=True)

    @classmethod
    def of(cls, state: State, what: What, *, keep_counters: bool = True) -> Slim:
        """The edit for all that `superfluous` finds.

        Raises:
            RequestFault: there is nothing of that.
        """
        keys = superfluous(state, what, keep_counters=keep_counters)
        if not keys:
            raise RequestFault(_NOTHING[what])
        return cls(keys, what=what, keep_counters=keep_counters)

    def verb(self, what: str) -> str:
        """As `OnVariables.verb`."""
        return f"Drop {_SAID[self.what]} ({named(self.keys)})"

    def describe(self) -> str:
        """As `Edit.describe`."""
        return "kept → dropped"

    def change(self, state: State, rows: NDArray[np.int64]) -> State:
        """As `OnVariables.change`."""
        chosen = np.zeros(len(state.columns), np.bool_)
        chosen[rows] = True
        return dropping(state, chosen)

    def parameters(self) -> Json:
        """As `OnVariables.parameters`."""
        return {"drop": self.what, **({} if self.keep_counters else {"keep_counters": False})}

    def to_json(self, state: State) -> list[Json]:
        """As `Edit.to_json`; variables one by one where the purpose would mean others by now."""
        if set(superfluous(state, self.what, keep_counters=self.keep_counters)) == set(self.keys):
            return [{"op": self.op, **self.parameters()}]
        return Drop(self.keys).to_json(state)

    @classmethod
    def from_json(cls, operation: Json, around: Around) -> Slim:
        """As `EditKind.from_json`."""
        return cls.of(around.state, operation["drop"], keep_counters=operation.get("keep_counters", True))

    @classmethod
    def read_parameters(cls, operation: Json, files: Files) -> Json:
        """As `OnVariables.read_parameters`."""
        return {"what": operation["drop"], "keep_counters": operation.get("keep_counters", True)}


_SAID: Final = {
    "optimizer": "the optimizer's state",
    "frozen_slots": "the optimizer's state of frozen variables",
    "averages": "moving averages",
}
_NOTHING: Final[dict[str, str]] = {
    "optimizer": "This checkpoint holds no optimizer state; there is nothing to leave out.",
    "frozen_slots": "No frozen variable has optimizer slots; freeze some first.",
    "averages": "This checkpoint holds no moving averages of weights.",
}


def with_average(pattern: str, columns: Columns) -> tuple[str, ...]:
    """The weights that a PATTERN means and that have a moving average.

    Raises:
        NoSuchVariable: it matches nothing.
    """
    keys = resolve_keys(pattern, columns)
    averaged = set(distinct(columns.slot_of[_averages(columns)]).tolist())
    rows = rows_of(columns.keys, keys).tolist()
    return tuple(key for key, row in zip(keys, rows, strict=True) if row in averaged)


@dataclass(frozen=True, eq=False)
class SwapAverages(OnVariables):
    """Weights take the values of their moving averages; the averages are dropped, unless they are kept.

    Attributes:
        keys: the weights.
        keep: whether the averages stay, too.
    """

    op = "swap_averages"
    optional = {"keep": is_flag, "match": is_text}

    keep: bool = field(default=False, kw_only=True)

    @classmethod
    def of(cls, columns: Columns, *, keep: bool = False, match: str = "") -> SwapAverages:
        """The edit for all weights that have an average, or for those that a PATTERN means.

        Raises:
            RequestFault: there are none.
        """
        keys = with_average(match or "*", columns)
        if not keys:
            raise RequestFault(_NOTHING["averages"])
        return cls(keys, match, keep=keep)

    def verb(self, what: str) -> str:
        """As `OnVariables.verb`."""
        return f"Swap moving averages into {what}"

    def describe(self) -> str:
        """As `Edit.describe`."""
        return "own values → moving averages"

    def change(self, state: State, rows: NDArray[np.int64]) -> State:
        """As `OnVariables.change`."""
        columns = state.columns
        averages = np.flatnonzero(_averages(columns) & ~state.dropped)
        of_weight = np.full(len(columns), -1, np.int64)
        of_weight[columns.slot_of[averages]] = averages
        if (of_weight[rows] < 0).any():
            key = columns.keys[int(rows[of_weight[rows] < 0][0])]
            raise RequestFault(f"{named((key,))!r} has no moving average any more.", key=key)
        self._check(columns, rows, of_weight[rows])
        now = state.laying(rows, _AVERAGES, lent=of_weight[rows])
        if self.keep:
            return now
        gone = np.zeros(len(columns), np.bool_)
        gone[of_weight[rows]] = True
        return dropping(now, gone)

    @staticmethod
    def _check(columns: Columns, rows: NDArray[np.int64], averages: NDArray[np.int64]) -> None:
        """Raise RequestFault for a weight that edits have made of another shape or kind of type than its average."""
        for place in np.flatnonzero(~alike(columns, rows, columns, averages)).tolist():
            verdict = judge(columns, int(rows[place]), columns, int(averages[place]))
            if not verdict.usable:
                raise RequestFault(
                    f"{printable(verdict.key)!r} cannot take its moving average: {verdict.note}.",
                    key=verdict.key,
                )

    def parameters(self) -> Json:
        """As `OnVariables.parameters`."""
        return {"keep": True} if self.keep else {}

    def meant(self, pattern: str, columns: Columns) -> tuple[str, ...]:
        """As `OnVariables.meant`."""
        return with_average(pattern, columns)

    @classmethod
    def from_json(cls, operation: Json, around: Around) -> SwapAverages:
        """As `EditKind.from_json`."""
        match = operation.get("match", "")
        return cls.of(around.columns, keep=operation.get("keep", False), match=match)

    @classmethod
    def read_parameters(cls, operation: Json, files: Files) -> Json:
        """As `OnVariables.read_parameters`."""
        return {"keep": operation.get("keep", False)}


@dataclass(frozen=True, eq=False)
class _Averages:
    """The layer of averages: those below are the averages'."""

    label: str = "moving average"
    over: bool = False
    number: int = field(default_factory=new_number)

    def values(self, place: int, want: Want, below: Values) -> Values:
        """As `Layer.values`."""
        return Converted(below, want)


_AVERAGES: Final = _Averages()
