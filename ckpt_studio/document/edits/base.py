"""What every edit of a document offers, and what edits that act on some variables have in common."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from typing import Any, ClassVar, Protocol, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.arrays import distinct
from ckpt_studio.core.dtypes import unknown
from ckpt_studio.core.errors import CkptStudioError, RequestFault
from ckpt_studio.core.tensors import Columns, Role, TensorSource, printable
from ckpt_studio.core.texts import some_of
from ckpt_studio.document.convert import kind_of
from ckpt_studio.document.patterns import RowsOf, covering, key_of, resolve_keys, rows_of, texts_of
from ckpt_studio.document.state import State
from ckpt_studio.document.values.scalars import NON_FINITE
from ckpt_studio.document.wording import named, spoken

Json: TypeAlias = dict[str, Any]
OpenDonor: TypeAlias = Callable[[str], TensorSource]
"""Opens the checkpoint at a path; raises FileFault."""
Fields: TypeAlias = Mapping[str, Callable[[Any], bool]]
"""Names of JSON fields, and whether a value may stand there."""


@dataclass(frozen=True, slots=True)
class Files:
    """How an edit that is read from JSON finds the files that it needs.

    Attributes:
        folder: what relative paths are relative to.
        open_donor: opens a checkpoint.
    """

    folder: str
    open_donor: OpenDonor

    def path(self, text: str) -> str:
        """The absolute form of a path."""
        return os.path.normpath(os.path.join(self.folder, text))


@dataclass(frozen=True, slots=True)
class Around(Files):
    """What an edit of a PATCH is made for.

    Attributes:
        state: what it is applied to.
    """

    state: State

    @property
    def columns(self) -> Columns:
        """The variables that a PATTERN may mean."""
        return self.state.live


class Edit(Protocol):
    """One undoable command.

    Attributes:
        op: its name in a PATCH.
    """

    op: ClassVar[str]

    @property
    def keys(self) -> Sequence[str]:
        """The variables that a person named, by the keys that they had before it."""
        ...

    @property
    def label(self) -> str:
        """What it does, by keys."""
        ...

    @property
    def fault(self) -> CkptStudioError | None:
        """Why values that it needs cannot be read, because a checkpoint is not where it was; None where they can."""
        ...

    def title(self, columns: Columns) -> str:
        """What it does, for a person: by names of the columns before it, and by the group of the variables."""
        ...

    def describe(self) -> str:
        """Before and after, as a text."""
        ...

    def notes(self, state: State) -> tuple[str, ...]:
        """Sentences that a person should see before it is applied to this state; they read no values."""
        ...

    def apply(self, state: State) -> State:
        """The state after it. Reads no values.

        Raises:
            NoSuchVariable, RequestFault: it cannot be applied; the sentence names the variable and what to do.
        """
        ...

    def absent(self, fault: CkptStudioError) -> Edit:
        """The same edit, waiting for checkpoints that cannot be used; itself where it needs none."""
        ...

    def to_json(self, state: State) -> list[Json]:
        """The edits of a PATCH that do the same to this state; paths are absolute."""
        ...

    def record(self) -> Json:
        """All of it, for the journal: variables one by one."""
        ...


class EditKind(Protocol):
    """A class of edits, as the registry knows it.

    Attributes:
        op: its name in a PATCH.
        needed, optional: its fields there.
    """

    @property
    def op(self) -> str:
        """See above."""
        ...

    @property
    def needed(self) -> Fields:
        """See above."""
        ...

    @property
    def optional(self) -> Fields:
        """See above."""
        ...

    def from_json(self, operation: Json, around: Around) -> Edit:
        """The edit that checked JSON means.

        Raises:
            NoSuchVariable, RequestFault, FileFault: it cannot be made.
        """
        ...

    def from_record(self, record: Json, open_donor: OpenDonor) -> Edit:
        """The edit that `Edit.record` described. What cannot be opened is waited for.

        Raises:
            ValueError, KeyError, TypeError, RequestFault: the record makes no sense.
        """
        ...


@dataclass(frozen=True, eq=False)
class OnVariables(ABC):
    """An edit of some variables, whose JSON is a pattern and parameters.

    Attributes:
        keys: the variables.
        match: the PATTERN that they were found by, if any.
    """

    op: ClassVar[str]
    needed: ClassVar[Fields] = {}
    optional: ClassVar[Fields] = {}

    keys: Sequence[str]
    match: str = ""

    @cached_property
    def _rows(self) -> RowsOf:
        return RowsOf(self.keys)

    def verb(self, what: str) -> str:
        """What it does to `what`, for a person."""
        return f"{self.op.replace('_', ' ').capitalize()} {what}"

    @property
    def label(self) -> str:
        """As `Edit.label`."""
        return self.verb(named(self.keys))

    @property
    def fault(self) -> CkptStudioError | None:
        """As `Edit.fault`."""
        return None

    def title(self, columns: Columns) -> str:
        """As `Edit.title`."""
        return self.verb(spoken(self.keys, columns))

    @abstractmethod
    def describe(self) -> str:
        """As `Edit.describe`."""

    def notes(self, state: State) -> tuple[str, ...]:
        """As `Edit.notes`."""
        return ()

    def apply(self, state: State) -> State:
        """As `Edit.apply`."""
        rows = self._rows(state.columns.keys)
        check_some_left(state, self.keys, rows)
        return self.change(state, rows)

    @abstractmethod
    def change(self, state: State, rows: NDArray[np.int64]) -> State:
        """The state after it; `rows` are those of `keys`, int64 [n], not to be changed. Raises as `Edit.apply`."""

    def absent(self, fault: CkptStudioError) -> Edit:
        """As `Edit.absent`."""
        return self

    def meant(self, pattern: str, columns: Columns) -> tuple[str, ...]:
        """The variables that a PATTERN of such an edit means. Raises NoSuchVariable."""
        return resolve_keys(pattern, columns)

    def parameters(self) -> Json:
        """What its JSON says besides the variables."""
        return {}

    def to_json(self, state: State) -> list[Json]:
        """As `Edit.to_json`."""
        patterns = patterns_of(self.keys, self.match, state, self.meant)
        return [{"op": self.op, "match": pattern, **self.parameters()} for pattern in patterns]

    def record(self) -> Json:
        """As `Edit.record`."""
        return {"op": self.op, "keys": texts_of(self.keys), "match": self.match, **self.parameters()}

    @classmethod
    def from_json(cls, operation: Json, around: Around) -> Self:
        """As `EditKind.from_json`."""
        keys = resolve_keys(operation["match"], around.columns)
        return cls(keys, operation["match"], **cls.read_parameters(operation, around))

    @classmethod
    def from_record(cls, record: Json, open_donor: OpenDonor) -> Self:
        """As `EditKind.from_record`."""
        keys = tuple(key_of(text(key)) for key in record["keys"])
        for name, is_right in {**cls.needed, **cls.optional}.items():
            if name != "match" and name in record and not is_right(record[name]):
                raise ValueError(f"{name!r} is of the wrong kind")
        return cls(keys, text(record["match"]), **cls.read_parameters(record, Files(os.sep, open_donor)))

    @classmethod
    def read_parameters(cls, operation: Json, files: Files) -> Json:
        """What the edit is made with besides the variables, from checked JSON.

        Raises:
            RequestFault, FileFault: it makes no sense, or a file cannot be opened.
        """
        return {}


def patterns_of(
    keys: Sequence[str],
    match: str,
    state: State,
    meant: Callable[[str, Columns], tuple[str, ...]] = resolve_keys,
) -> list[str]:
    """PATTERNs that mean exactly these variables of a state, but for those that are dropped there.

    Args:
        keys: the variables.
        match: the PATTERN that they were found by, if any: believed where it still means them.
        state: what they belong to.
        meant: which variables a PATTERN means.
    """
    live = state.live
    if state.dropped.any():
        keys = tuple(key for key in keys if key in live)
    if match:
        try:
            if set(meant(match, live)) == set(keys):
                return [match]
        except RequestFault:  # it means nothing, or is none: records are a stranger's
            pass
    return covering(keys, live, meant)


def numbers_among(keys: Sequence[str], columns: Columns, kinds: Sequence[str]) -> tuple[str, ...]:
    """Those of several variables that hold numbers of these kinds (`convert.kind_of`) and are no counters.

    One variable alone is always meant, and so are all where none is such.
    """
    if len(keys) == 1:
        return tuple(keys)
    rows = rows_of(columns.keys, keys)
    numbers = [n for n in distinct(columns.dtype[rows]).tolist() if kind_of(unknown(n)) in kinds]
    meant = np.isin(columns.dtype[rows], numbers) & (columns.role[rows] != Role.counter)
    return tuple(compress(keys, meant.tolist())) or tuple(keys)


def check_kinds(state: State, rows: NDArray[np.int64], kinds: Sequence[str], what: str) -> None:
    """Raise RequestFault for a variable that holds no numbers of these kinds and therefore cannot be `what`."""
    for number in distinct(state.columns.dtype[rows]).tolist():
        if kind_of(unknown(number)) not in kinds:
            row = int(rows[state.columns.dtype[rows] == number][0])
            raise RequestFault(
                f"{printable(state.columns.keys[row])!r} is of the type {unknown(number).name}, which cannot be "
                f"{what}; leave it out.",
                key=state.columns.keys[row],
            )


def check_some_left(state: State, keys: Sequence[str], rows: NDArray[np.int64]) -> None:
    """Raise RequestFault if an edit means nothing but variables that are dropped."""
    if len(rows) and state.dropped[rows].all():
        are = "is" if len(keys) == 1 else "are"
        raise RequestFault(f"{some_of(keys)} {are} dropped by a staged edit; revert that first.", key=keys[0])


def text(value: object) -> str:
    """A text of a record.

    Raises:
        TypeError: it is none.
    """
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def is_text(value: Any) -> bool:
    """Whether a JSON value is a text."""
    return isinstance(value, str)


def is_number(value: Any) -> bool:
    """Whether a JSON value is a number; what is not finite is a text in strict JSON."""
    if isinstance(value, str):
        return value in NON_FINITE
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_integer(value: Any) -> bool:
    """Whether a JSON value is a whole number."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_map(value: Any) -> bool:
    """Whether a JSON value is an object of texts."""
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())


def is_flag(value: Any) -> bool:
    """Whether a JSON value is true or false."""
    return isinstance(value, bool)


def number_of(value: Any) -> Any:
    """The number that checked JSON means."""
    return NON_FINITE[value] if isinstance(value, str) else value


def is_value(value: Any) -> bool:
    """Whether a JSON value can stand for one element: a number, a text, true or false, or [real, imaginary]."""
    pair = isinstance(value, list) and len(value) == 2 and all(map(is_number, value))
    return pair or is_number(value) or isinstance(value, str | bool)


def json_number(value: float) -> Any:
    """A number as strict JSON has it."""
    if value != value:
        return "NaN"
    return value if abs(value) != float("inf") else "Infinity" if value > 0 else "-Infinity"
