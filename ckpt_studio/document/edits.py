"""The edits of a document: small commands without Qt, so that the window and the command line replay the same ones."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from operator import itemgetter, ne
from typing import Any, ClassVar, Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.errors import FileFault, NoSuchVariable, RequestFault
from ckpt_studio.core.tensors import Columns, Role, TensorSource, printable
from ckpt_studio.core.texts import some_of
from ckpt_studio.document.absent import AbsentDonor
from ckpt_studio.document.matching import alike, judge
from ckpt_studio.document.patterns import RowsOf, covering, key_of, text_of, texts_of
from ckpt_studio.document.staged import State, Swap, with_slots
from ckpt_studio.document.wording import named, spoken

Json: TypeAlias = dict[str, Any]
_AT_ONCE: Final = 4096
OpenDonor: TypeAlias = Callable[[str], TensorSource]
"""Opens the checkpoint at a path; raises FileFault."""


class Edit(Protocol):
    """One undoable command.

    Attributes:
        op: its name in a PATCH.
    """

    op: ClassVar[str]

    @property
    def keys(self) -> tuple[str, ...]:
        """The variables that a person named."""
        ...

    @property
    def label(self) -> str:
        """What it does, by keys."""
        ...

    def title(self, columns: Columns) -> str:
        """What it does, for a person: by names of these columns, and by the group that the variables make up."""
        ...

    def describe(self) -> str:
        """Before and after, as a text."""
        ...

    def apply(self, state: State) -> State:
        """The state after it.

        Raises:
            NoSuchVariable, RequestFault: it cannot be applied.
        """
        ...

    def to_json(self, columns: Columns) -> list[Json]:
        """The edits of a PATCH that do the same on these variables; paths are absolute."""
        ...

    def record(self) -> Json:
        """All of it, for the journal: variables one by one."""
        ...


@dataclass(frozen=True, eq=False)
class _Mark:
    """What freezing and unfreezing have in common.

    Attributes:
        keys: the variables; optimizer slots of weights among them go along.
        match: the PATTERN that they were found by, if any.
    """

    op: ClassVar[str]
    frozen: ClassVar[bool]

    keys: tuple[str, ...]
    match: str = ""

    @cached_property
    def _rows(self) -> RowsOf:
        return RowsOf(self.keys)

    @property
    def label(self) -> str:
        return f"{self.op.capitalize()} {named(self.keys)}"

    def title(self, columns: Columns) -> str:
        """As `Edit.title`."""
        return f"{self.op.capitalize()} {spoken(self.keys, columns)}"

    def describe(self) -> str:
        """Before and after, as a text."""
        return "trainable → frozen" if self.frozen else "frozen → trainable"

    def apply(self, state: State) -> State:
        """Mark the variables and their slots.

        Raises:
            NoSuchVariable: a key is not there.
            RequestFault: all of them are dropped.
        """
        chosen = self._rows(state.columns.keys)
        check_some_left(state, self.keys, chosen)
        rows = state.with_slots(chosen)
        frozen, marked = (_set(flags, rows, self.frozen) for flags in (state.frozen, state.marked))
        return replace(state, frozen=frozen, marked=marked)

    def to_json(self, columns: Columns) -> list[Json]:
        """As `Edit.to_json`."""
        patterns = [self.match] if self.match else covering(self.keys, columns)
        return [{"op": self.op, "match": pattern} for pattern in patterns]

    def record(self) -> Json:
        """As `Edit.record`."""
        return {"op": self.op, "keys": texts_of(self.keys), "match": self.match}


class Freeze(_Mark):
    """The resumed run must not change these variables, nor their optimizer slots."""

    op = "freeze"
    frozen = True


class Unfreeze(_Mark):
    """The resumed run may change these variables and their optimizer slots."""

    op = "unfreeze"
    frozen = False


@dataclass(frozen=True, eq=False)
class Replace:
    """Values of another checkpoint stand in for our own. They stay on disk until something reads them.

    A variable keeps its own shape and element type. Another shape is refused. Another element type of the same kind is
    converted when the values are read (see `convert`), another kind is refused.

    Attributes:
        pairs: our key and the donor's, one a variable.
        donor: the opened donor.
        donor_path: where it lies.
        match: the PATTERN that our keys were found by, if any.
    """

    op: ClassVar[str] = "replace"

    pairs: tuple[tuple[str, str], ...]
    donor: TensorSource
    donor_path: str
    match: str = ""
    _fits: tuple[Columns, Columns] | None = field(default=None, init=False, repr=False)
    """The variables, ours and the donor's, that the check found to fit."""

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Our variables."""
        return tuple(map(itemgetter(0), self.pairs))

    @cached_property
    def donor_keys(self) -> tuple[str, ...]:
        """The donor's variables, one for each of ours."""
        return tuple(map(itemgetter(1), self.pairs))

    @cached_property
    def _rows(self) -> RowsOf:
        return RowsOf(self.keys)

    @cached_property
    def _renamed(self) -> int:
        """How many variables the donor calls otherwise."""
        return 0 if self.keys == self.donor_keys else sum(map(ne, self.keys, self.donor_keys))

    @cached_property
    def _donor_rows(self) -> RowsOf:
        return RowsOf(self.donor_keys)

    @property
    def donor_label(self) -> str:
        """How a person knows the donor."""
        path = self.donor_prefix
        return os.path.basename(path.rstrip(os.sep)) or path

    @property
    def donor_prefix(self) -> str:
        """Where the donor will be found again: a folder's newest checkpoint is another one tomorrow."""
        return str(getattr(self.donor, "prefix", self.donor_path))

    @property
    def label(self) -> str:
        """What it does, by keys."""
        return f"Replace {named(self.keys)} from {printable(self.donor_label)}"

    def title(self, columns: Columns) -> str:
        """As `Edit.title`."""
        return f"Replace {spoken(self.keys, columns)} from {printable(self.donor_label)}"

    def describe(self) -> str:
        """Before and after, as a text."""
        after = f"values of {printable(self.donor_label)}"
        if len(self.pairs) == 1 and self._renamed:
            after += f" ({printable(self.donor_keys[0])})"
        elif self._renamed:
            after += f" ({self._renamed} under other names)"
        return f"own values → {after}"

    def apply(self, state: State) -> State:
        """Let the donor's values stand in.

        Raises:
            NoSuchVariable: a key is not ours, or not the donor's.
            RequestFault: shapes differ, or element types cannot be converted; the sentence names both. Or all of
                the variables are dropped.
        """
        rows = self._rows(state.columns.keys)
        check_some_left(state, self.keys, rows)
        self._check(state.columns, rows)
        return state.swapping(rows, self._swap)

    @cached_property
    def _swap(self) -> Swap:
        """The same whenever the edit is applied, so that states can be compared."""
        return Swap(self.donor, self.donor_label, self.donor_keys)

    def check(self, own: Columns) -> None:
        """Look whether it can be applied to these variables; a donor that is absent is no hindrance.

        Raises:
            as `apply`.
        """
        self._check(own, self._rows(own.keys))

    def _check(self, own: Columns, rows: NDArray[np.int64]) -> None:
        if isinstance(self.donor, AbsentDonor):
            return
        theirs = self.donor.columns
        if self._fits is not None and self._fits[0] is own and self._fits[1] is theirs:
            return
        try:
            found = self._donor_rows(theirs.keys)
        except NoSuchVariable as fault:
            raise NoSuchVariable(
                f"{printable(self.donor_label)} has no variable {printable(fault.key or '')!r}.",
                path=self.donor_path,
                key=fault.key,
            ) from fault
        for place in np.flatnonzero(~alike(own, rows, theirs, found)).tolist():
            verdict = judge(own, int(rows[place]), theirs, int(found[place]))
            if not verdict.usable:
                raise RequestFault(
                    f"{printable(verdict.key)!r} cannot take {printable(self.pairs[place][1])!r} of "
                    f"{printable(self.donor_label)}: {verdict.note}.",
                    path=self.donor_path,
                    key=verdict.key,
                )

        object.__setattr__(self, "_fits", (own, theirs))

    def to_json(self, columns: Columns) -> list[Json]:
        """As `Edit.to_json`."""
        pairs = dict(self.pairs)
        patterns = [self.match] if self.match else covering(self.keys, columns)
        edits = []
        for pattern in patterns:
            keys = self.keys if len(patterns) == 1 else (key_of(pattern),)
            edit: Json = {"op": self.op, "match": pattern, "from": os.path.abspath(self.donor_prefix)}
            renamed = {text_of(key): text_of(pairs[key]) for key in keys if key != pairs[key]}
            edits.append({**edit, "map": renamed} if renamed else edit)
        return edits

    def record(self) -> Json:
        """As `Edit.record`."""
        ours, theirs = texts_of(self.keys), texts_of(self.donor_keys)
        pairs: list[tuple[str, str]] = []
        for first in range(0, len(ours), _AT_ONCE):  # other threads get their turn in between
            part = slice(first, first + _AT_ONCE)
            pairs += zip(ours[part], theirs[part], strict=True)
        return {
            "op": self.op,
            "pairs": pairs,
            "from": os.path.abspath(self.donor_prefix),
            "match": self.match,
        }


@dataclass(frozen=True, eq=False)
class Drop:
    """These variables are left out of what is written. The object graph follows.

    Attributes:
        keys: the variables; optimizer slots of weights among them go along.
        match: the PATTERN that they were found by, if any.
    """

    op: ClassVar[str] = "drop"

    keys: tuple[str, ...]
    match: str = ""

    @cached_property
    def _rows(self) -> RowsOf:
        return RowsOf(self.keys)

    @property
    def label(self) -> str:
        """What it does, by keys."""
        return f"Drop {named(self.keys)}"

    def title(self, columns: Columns) -> str:
        """As `Edit.title`; optimizer slots that go along are counted."""
        rows = self._rows(columns.keys)
        mine = np.zeros(len(columns), np.bool_)
        mine[rows] = True
        along = int(np.count_nonzero(with_slots(columns, rows))) - int(np.count_nonzero(mine))
        text = f"Drop {spoken(self.keys, columns)}"
        return text if not along else f"{text} with 1 slot" if along == 1 else f"{text} with {along} slots"

    def describe(self) -> str:
        """Before and after, as a text."""
        return "kept → dropped"

    def apply(self, state: State) -> State:
        """Leave the variables and their slots out.

        Raises:
            NoSuchVariable: a key is not there.
            RequestFault: all of them are dropped already, or nothing would be left.
        """
        rows = self._rows(state.columns.keys)
        check_some_left(state, self.keys, rows)
        dropped = state.dropped | state.with_slots(rows)
        if (dropped | (state.columns.role == Role.metadata)).all():
            raise RequestFault("Without these variables, nothing would be left; keep one at least.")
        return replace(state, dropped=dropped)

    def to_json(self, columns: Columns) -> list[Json]:
        """As `Edit.to_json`; slots that go along with their weight anyway are not named."""
        mine = set(self.keys)
        keys = tuple(key for key in self.keys if columns.of(key).slot_of not in mine)
        patterns = [self.match] if self.match else covering(keys, columns)
        return [{"op": self.op, "match": pattern} for pattern in patterns]

    def record(self) -> Json:
        """As `Edit.record`."""
        return {"op": self.op, "keys": texts_of(self.keys), "match": self.match}


def check_some_left(state: State, keys: Sequence[str], rows: NDArray[np.int64]) -> None:
    """Raise RequestFault if an edit means nothing but variables that are dropped."""
    if len(rows) and state.dropped[rows].all():
        are = "is" if len(keys) == 1 else "are"
        raise RequestFault(f"{some_of(keys)} {are} dropped by a staged edit; revert that first.", key=keys[0])


def edit_of_record(record: Json, open_donor: OpenDonor) -> Edit:
    """The edit that `Edit.record` described. A donor that cannot be opened becomes an `AbsentDonor`.

    Raises:
        ValueError, KeyError, TypeError, RequestFault: the record makes no sense.
    """
    match = _text(record["match"])
    by_keys = {kind.op: kind for kind in (Freeze, Unfreeze, Drop)}
    if record["op"] in by_keys:
        return by_keys[record["op"]](tuple(key_of(_text(key)) for key in record["keys"]), match)
    if record["op"] != Replace.op:
        raise ValueError(f"{record['op']!r} is no edit")
    pairs = tuple((key_of(_text(key)), key_of(_text(other))) for key, other in record["pairs"])
    path = _text(record["from"])
    try:
        donor = open_donor(path)
        for _, other in pairs:
            donor.columns.row(other)
    except (FileFault, NoSuchVariable) as fault:
        donor = AbsentDonor(fault)
    return Replace(pairs, donor, path, match)


def _set(flags: NDArray[np.bool_], rows: NDArray[np.bool_], value: bool) -> NDArray[np.bool_]:
    return flags | rows if value else flags & ~rows


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
