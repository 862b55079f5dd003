"""Which variable of a donor belongs to which of ours: exact names first, then rules, then what a person says.

A name that several variables have (`Variable` is what TensorFlow calls all that nobody named) tells none of them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.dtypes import BY_NAME, unknown
from ckpt_studio.core.errors import RequestFault
from ckpt_studio.core.tensors import Columns, Names
from ckpt_studio.document.convert import adopted, can_stand_in, conversion_note
from ckpt_studio.document.filling import Filling
from ckpt_studio.document.patterns import rows_of
from ckpt_studio.formats.roles.model_name import names_in_model

Verdict: TypeAlias = Literal["fits", "shape", "dtype", "missing"]
SEVERAL: Final = "the other checkpoint has several variables of this name"
"""The note of what a name does not tell."""
_NONE: Final = -1
_SEVERAL: Final = -2


@dataclass(frozen=True, slots=True)
class MatchRules:
    """How our names become the donor's, in this order; empty texts change nothing.

    Attributes:
        strip_prefix: taken off the start of a name that has it.
        pattern, replacement: a regular expression and what each match becomes (`re.sub`).
        add_prefix: put before it.
    """

    strip_prefix: str = ""
    add_prefix: str = ""
    pattern: str = ""
    replacement: str = ""

    def renamer(self) -> Callable[[str], str]:
        """The rules as a function.

        Raises:
            RequestFault: the pattern or the replacement is not a valid one.
        """
        try:
            pattern = re.compile(self.pattern)
        except re.error as error:
            raise RequestFault(
                f"The pattern {self.pattern!r} is not a regular expression: {error}."
            ) from error

        def rename(name: str) -> str:
            name = name.removeprefix(self.strip_prefix)
            if self.pattern:
                try:
                    name = pattern.sub(self.replacement, name)
                except (re.error, IndexError) as error:
                    raise RequestFault(
                        f"The replacement {self.replacement!r} cannot be used: {error}."
                    ) from error
            return self.add_prefix + name

        return rename


@dataclass(frozen=True, slots=True)
class Match:
    """What would be swapped into one variable.

    Attributes:
        key: our variable.
        donor_key: the donor's, None where there is none.
        verdict: `fits`; `shape` or `dtype` differs; `missing`.
        note: what differs, for a person; empty where it simply fits.
        usable: whether it can be swapped in: it fits, its element type converts on reading, or it is made to fit.
    """

    key: str
    donor_key: str | None
    verdict: Verdict
    note: str
    usable: bool


def match(
    own: Columns,
    donor: Columns,
    keys: Sequence[str],
    rules: MatchRules,
    overrides: Mapping[str, str | None],
    filling: Filling | None = None,
) -> list[Match]:
    """One match for each of `keys`.

    Args:
        own: our variables.
        donor: the donor's.
        keys: ours that are to be matched.
        rules: for names that the donor does not have as they are.
        overrides: donor's key by ours, None to leave one out; they go before everything else.
        filling: how a value of another shape is made to fit; None where it does not.

    Raises:
        NoSuchVariable: one of `keys` is not ours.
        RequestFault: a rule is no valid one.
    """
    finder = _Finder(own, donor, rules.renamer(), overrides)
    rows = rows_of(own.keys, keys).tolist()
    found = [finder.find(key, row) for key, row in zip(keys, rows, strict=True)]
    same = alike(own, np.array(rows, np.int64), donor, np.array(found, np.int64)).tolist()
    return [
        Match(key, donor.keys[at], "fits", "", usable=True) if fits else judge(own, row, donor, at, filling)
        for key, row, at, fits in zip(keys, rows, found, same, strict=True)
    ]


class _Finder:
    """Finds a donor's row for one of ours: by key or name, as it is or within its model, a slot by its weight."""

    def __init__(
        self,
        own: Columns,
        donor: Columns,
        rename: Callable[[str], str],
        overrides: Mapping[str, str | None],
    ) -> None:
        self._own, self._donor = own, donor
        self._rename, self._overrides = rename, overrides
        self._by_key = {key: row for row, key in enumerate(donor.keys)}
        self._by_name, self._own_names = _rows_by(donor.names), _rows_by(own.names)

    def find(self, key: str, row: int) -> int:
        """The row, or `_NONE` or `_SEVERAL`."""
        if key in self._overrides:
            wanted = self._overrides[key]
            return _NONE if wanted is None else self._by_key.get(wanted, _NONE)
        several = _NONE
        for text in _names(key, self._name(key, row), self._rename):
            found = self._by_key.get(text, self._by_name.get(text, _NONE))
            if found >= 0:
                return found
            several = min(several, found)
        found = max(self._inside_model(key, row), self._slot(row))
        return found if found >= 0 else several

    def _name(self, key: str, row: int) -> str:
        """What only this variable of ours is called."""
        name = self._own.name(row)
        return name if self._own_names.get(name) == row else key

    def _inside_model(self, key: str, row: int) -> int:
        ours, theirs = self._models
        if not (ours or theirs):
            return _NONE
        return self._inside.get(ours.get(row, self._name(key, row)), _NONE)

    @cached_property
    def _models(self) -> tuple[dict[int, str], dict[int, str]]:
        return names_in_model(self._own), names_in_model(self._donor)

    @cached_property
    def _inside(self) -> dict[str, int]:
        theirs = self._models[1]
        return _rows_by([theirs.get(row, self._donor.name(row)) for row in range(len(self._donor))])

    def _slot(self, row: int) -> int:
        weight, kind = int(self._own.slot_of[row]), int(self._own.slot_name[row])
        if weight < 0 or kind < 0:
            return _NONE
        counterpart = self.find(self._own.keys[weight], weight)
        return self._slots.get((counterpart, self._own.slot_names[kind]), _NONE)

    @cached_property
    def _slots(self) -> dict[tuple[int, str], int]:
        """The donor's by the row of the weight and the slot's name."""
        donor = self._donor
        rows = np.flatnonzero((donor.slot_of >= 0) & (donor.slot_name >= 0)).tolist()
        return {(int(donor.slot_of[row]), donor.slot_names[int(donor.slot_name[row])]): row for row in rows}


def _rows_by(names: Names | Sequence[str] | None) -> dict[str, int]:
    """Rows by name, `_SEVERAL` for a name that several have; empty where names are the keys."""
    if names is None:
        return {}
    texts = names.texts() if isinstance(names, Names) else names
    rows = dict(zip(texts, range(len(texts)), strict=True))
    if len(rows) < len(texts):
        rows.update((name, _SEVERAL) for name, count in Counter(texts).items() if count > 1)
    return rows


def _names(key: str, name: str, rename: Callable[[str], str]) -> Iterator[str]:
    """What the donor may call a variable, likeliest first."""
    yield key
    if name != key:
        yield name
    yield rename(key)
    if name != key:
        yield rename(name)


def alike(
    own: Columns, rows: NDArray[np.int64], donor: Columns, found: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Bool [n]: where row `found` of the donor has our row's shape and element type, so that `judge` need not look.

    False says nothing: `judge` does.
    """
    there = np.flatnonzero(found >= 0)
    ours, theirs = rows[there], found[there]
    rank = min(own.dims.shape[1], donor.dims.shape[1])
    fits = (own.dtype[ours] == donor.dtype[theirs]) & (own.rank[ours] == donor.rank[theirs])
    fits &= (own.rank[ours] >= 0) & (own.rank[ours] <= rank)
    fits &= (own.dims[ours, :rank] == donor.dims[theirs, :rank]).all(axis=1)
    fits &= np.isin(own.dtype[ours], [dtype.number for dtype in BY_NAME.values() if dtype.is_numeric])
    if donor.faults:
        fits &= ~np.isin(theirs, list(donor.faults))
    same = np.zeros(len(rows), np.bool_)
    same[there] = fits
    return same


def judge(own: Columns, row: int, donor: Columns, found: int, filling: Filling | None = None) -> Match:
    """How row `found` of the donor fits our row, or is made to fit by cropping and `filling`.

    A `found` below 0 says that there is none, or that several have the name.
    """
    key = own.keys[row]
    if found < 0:
        note = SEVERAL if found == _SEVERAL else "the other checkpoint has no such variable"
        return Match(key, None, "missing", note, usable=False)
    other = donor.keys[found]
    shape, theirs = own.shape(row), donor.shape(found)
    dtype, other_dtype = unknown(int(own.dtype[row])), unknown(int(donor.dtype[found]))
    fault = donor.faults.get(found)
    if fault is not None:
        return Match(key, other, "missing", fault, usable=False)
    if shape is None and row in own.faults and theirs is not None:
        shape, dtype = (
            theirs,
            adopted(dtype, other_dtype),
        )  # what the damage has left nothing of is the donor's
    resized = ""
    if shape is None or shape != theirs:
        resized = f"{_said(shape)} here, {_said(theirs)} there"
        if filling is None or shape is None or theirs is None or len(shape) != len(theirs):
            return Match(key, other, "shape", resized, usable=False)
        resized += _resized(shape, theirs, filling)
    if not can_stand_in(dtype, other_dtype):
        note = f"{dtype.name} here, {other_dtype.name} there, which cannot be converted"
        if dtype.number == other_dtype.number:
            note = f"values of the type {dtype.name} are opaque"
        return Match(key, other, "dtype", note, usable=False)
    note = conversion_note(dtype, other_dtype)
    verdict: Verdict = "shape" if resized else "dtype" if note else "fits"
    return Match(key, other, verdict, "; ".join(filter(None, (resized, note))), usable=True)


def _resized(shape: tuple[int, ...], theirs: tuple[int, ...], filling: Filling) -> str:
    """What cropping and filling up does, for a person."""
    pairs = tuple(zip(shape, theirs, strict=True))
    cropped = ", cropped" if any(ours < other for ours, other in pairs) else ""
    return cropped + (
        f", filled up with {filling.words}" if any(ours > other for ours, other in pairs) else ""
    )


def _said(shape: tuple[int, ...] | None) -> str:
    return "an unknown shape" if shape is None else f"[{', '.join(map(str, shape))}]"
