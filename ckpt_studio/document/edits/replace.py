"""Replacing: values of another checkpoint, of any format, stand in for our own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from operator import itemgetter, ne
from typing import Any, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.arrays import distinct
from ckpt_studio.core.dtypes import unknown
from ckpt_studio.core.errors import CkptStudioError, FileFault, NoSuchVariable, RequestFault
from ckpt_studio.core.tensors import Columns, TensorSource, printable
from ckpt_studio.document.absent import AbsentDonor
from ckpt_studio.document.convert import conversion_note
from ckpt_studio.document.edits.base import (
    Around,
    Fields,
    Json,
    OpenDonor,
    check_some_left,
    is_integer,
    is_map,
    is_text,
    patterns_of,
    text,
)
from ckpt_studio.document.filling import Filling
from ckpt_studio.document.matching import SEVERAL, MatchRules, alike, judge, match
from ckpt_studio.document.patterns import RowsOf, key_of, resolve_keys, text_of, texts_of
from ckpt_studio.document.state import State, new_number
from ckpt_studio.document.values.arranged import Resized
from ckpt_studio.document.values.base import SourceValues, Values, Want
from ckpt_studio.document.values.changed import Converted
from ckpt_studio.document.wording import named, spoken

_AT_ONCE: Final = 4096


@dataclass(frozen=True, eq=False)
class Swap:
    """The layer of what was swapped in.

    Attributes:
        donor: the source that holds the values.
        label: how a person knows it.
        keys: the donor's, one a variable.
        filling: what stands where the donor's value is too short, or None where shapes have to agree.
    """

    donor: TensorSource
    label: str
    keys: Sequence[str]
    filling: Filling | None = None
    number: int = field(default_factory=new_number)

    @property
    def over(self) -> bool:
        """As `Layer.over`."""
        return self.filling is not None and self.filling.own

    def values(self, place: int, want: Want, below: Values) -> Values:
        """As `Layer.values`."""
        theirs = SourceValues(self.donor, self.keys[place])
        if self.filling is None or theirs.shape == want.shape:
            return Converted(theirs, want)
        fitting = Converted(theirs, replace(want, shape=theirs.shape))
        return Resized(fitting, want, self.filling.values(want, below))


@dataclass(frozen=True, eq=False)
class Replace:
    """Values of another checkpoint stand in for our own. They stay on disk until something reads them.

    A variable keeps its own shape and element type. Another shape is refused, unless `filling` says what fills it up
    (where it is too long it is cropped). Another element type of the same kind is converted when the values are read
    (see `convert`), another kind is refused.

    Attributes:
        pairs: our key and the donor's, one a variable.
        donor: the opened donor.
        donor_path: where it lies.
        match: the PATTERN that our keys were found by, if any.
        filling: as `Swap` has it.
    """

    op: ClassVar[str] = "replace"
    needed: ClassVar[Fields] = {"match": is_text, "from": is_text}
    optional: ClassVar[Fields] = {"map": is_map, "resize": is_text, "seed": is_integer}

    pairs: tuple[tuple[str, str], ...]
    donor: TensorSource
    donor_path: str
    match: str = ""
    filling: Filling | None = None
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
    def fault(self) -> CkptStudioError | None:
        """As `Edit.fault`."""
        return self.donor.fault if isinstance(self.donor, AbsentDonor) else None

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

    def notes(self, state: State) -> tuple[str, ...]:
        """What is converted or resized on the way, a sentence."""
        if self.fault is not None:
            return (self.fault.message,)
        try:
            theirs, own = self.donor.columns, state.columns
            rows, found = self._rows(own.keys), self._donor_rows(theirs.keys)
        except CkptStudioError as error:
            return (error.message,)
        kinds = distinct(own.dtype[rows].astype(np.int64) << 8 | theirs.dtype[found])
        types = ((unknown(kind >> 8), unknown(kind & 0xFF)) for kind in kinds.tolist())
        said = {conversion_note(ours if ours.number else other, other) for ours, other in types} - {""}
        if self.filling is not None:
            resized = np.flatnonzero(~alike(own, rows, theirs, found)).tolist()
            notes = (
                judge(own, int(rows[at]), theirs, int(found[at]), self.filling).note for at in resized[:3]
            )
            said |= {part for note in notes for part in note.split("; ")}
        return (f"{self.label}: {'; '.join(sorted(said - {''}))}.",) if said - {""} else ()

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
        return self._lay(state, rows)

    def _lay(self, state: State, rows: NDArray[np.int64]) -> State:
        """What damage has left nothing of takes the donor's type and shape."""
        if isinstance(self.donor, AbsentDonor):
            return state.laying(rows, self._swap)
        own, theirs = state.columns, self.donor.columns
        found = self._donor_rows(theirs.keys)
        lost = own.rank[rows] < 0
        more: dict[str, Any] = {"nbytes": theirs.nbytes[found]}
        if lost.any():
            width = max(own.dims.shape[1], theirs.dims.shape[1])
            dims = np.full((len(rows), width), -1, np.int64)
            dims[:, : own.dims.shape[1]] = own.dims[rows]
            dims[lost] = -1
            dims[lost, : theirs.dims.shape[1]] = theirs.dims[found[lost]]
            rank = np.where(lost, theirs.rank[found], own.rank[rows]).astype(np.int8)
            more["shapes"] = (rank, dims)
            more["dtype"] = np.where(lost & (own.dtype[rows] == 0), theirs.dtype[found], own.dtype[rows])
        return state.laying(rows, self._swap, **more)

    @cached_property
    def _swap(self) -> Swap:
        """The same whenever the edit is applied, so that states can be compared."""
        return Swap(self.donor, self.donor_label, self.donor_keys, self.filling)

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
            verdict = judge(own, int(rows[place]), theirs, int(found[place]), self.filling)
            if not verdict.usable:
                raise RequestFault(
                    f"{printable(verdict.key)!r} cannot take {printable(self.pairs[place][1])!r} of "
                    f"{printable(self.donor_label)}: {verdict.note}.",
                    path=self.donor_path,
                    key=verdict.key,
                )

        object.__setattr__(self, "_fits", (own, theirs))

    def absent(self, fault: CkptStudioError) -> Replace:
        """As `Edit.absent`."""
        return Replace(self.pairs, AbsentDonor(fault), self.donor_path, self.match, self.filling)

    def _parameters(self) -> Json:
        return {} if self.filling is None else self.filling.to_json()

    def to_json(self, state: State) -> list[Json]:
        """As `Edit.to_json`."""
        pairs = dict(self.pairs)
        patterns = patterns_of(self.keys, self.match, state)
        edits = []
        for pattern in patterns:
            keys = self.keys if len(patterns) == 1 else (key_of(pattern),)
            edit: Json = {"op": self.op, "match": pattern, "from": os.path.abspath(self.donor_prefix)}
            renamed = {
                text_of(key): text_of(pairs[key]) for key in keys if key != pairs[key] and key in state.live
            }
            edits.append({**edit, **({"map": renamed} if renamed else {}), **self._parameters()})
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
            **self._parameters(),
        }

    @classmethod
    def from_record(cls, record: Json, open_donor: OpenDonor) -> Self:
        """As `EditKind.from_record`."""
        pairs = tuple((key_of(text(key)), key_of(text(other))) for key, other in record["pairs"])
        path = text(record["from"])
        donor: TensorSource
        try:
            donor = open_donor(path)
            for _, other in pairs:
                donor.columns.row(other)
        except (FileFault, NoSuchVariable) as fault:
            donor = AbsentDonor(fault)
        return cls(pairs, donor, path, text(record["match"]), Filling.of_json(record))

    @classmethod
    def from_json(cls, operation: Json, around: Around) -> Self:
        """Every variable that the pattern means must have its counterpart: none is passed over in silence."""
        columns = around.columns
        keys = resolve_keys(operation["match"], columns)
        renamed: dict[str, str | None] = {key_of(k): key_of(d) for k, d in operation.get("map", {}).items()}
        stray = sorted(renamed.keys() - set(keys))
        if stray:
            raise RequestFault(
                f"{printable(stray[0])!r} is in its map, but its match does not mean it.", key=stray[0]
            )
        path = around.path(operation["from"])
        donor = around.open_donor(path)
        pairs = []
        for found in match(columns, donor.columns, keys, MatchRules(), renamed):
            if found.donor_key is None:
                has = f"no variable {printable(renamed.get(found.key) or found.key)!r} for"
                if found.note == SEVERAL:
                    has = "several variables of the name of"
                raise RequestFault(
                    f"{printable(os.path.basename(path))} has {has} {printable(found.key)!r}; map it or match fewer.",
                    path=path,
                    key=found.key,
                )
            pairs.append((found.key, found.donor_key))
        edit = cls(tuple(pairs), donor, path, operation["match"], Filling.of_json(operation))
        edit.check(columns)
        return edit
