"""Averaging: variables take the mean of what several checkpoints hold for them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.dtypes import unknown
from ckpt_studio.core.errors import CkptStudioError, FileFault, RequestFault
from ckpt_studio.core.tensors import Columns, TensorSource, printable
from ckpt_studio.document.absent import AbsentDonor
from ckpt_studio.document.convert import kind_of
from ckpt_studio.document.edits.base import (
    Around,
    Files,
    Json,
    OnVariables,
    check_kinds,
    is_number,
    is_text,
    numbers_among,
)
from ckpt_studio.document.matching import MatchRules, match
from ckpt_studio.document.patterns import resolve_keys
from ckpt_studio.document.state import State, new_number
from ckpt_studio.document.values.averaged import Averaged
from ckpt_studio.document.values.base import SourceValues, Values, Want

_KINDS: Final = ("float", "complex")


def is_texts(value: Any) -> bool:
    """Whether a JSON value is a list of at least one text."""
    return isinstance(value, list) and bool(value) and all(map(is_text, value))


def is_numbers(value: Any) -> bool:
    """Whether a JSON value is a list of numbers."""
    return isinstance(value, list) and all(map(is_number, value))


@dataclass(frozen=True, slots=True)
class Part:
    """One checkpoint of an average.

    Attributes:
        path: where it lies.
        source: opened.
        weight: its part of the whole, before they are made to add up to 1.
    """

    path: str
    source: TensorSource
    weight: float = 1.0

    @property
    def label(self) -> str:
        """How a person knows it."""
        path = self.prefix.rstrip(os.sep)
        return printable(os.path.basename(path) or path)

    @property
    def prefix(self) -> str:
        """Where it will be found again."""
        return str(getattr(self.source, "prefix", self.path))


def by_decay(count: int, decay: float) -> list[float]:
    """Weights that make a moving average of `count` checkpoints, oldest first: each counts `decay` of what was before.

    Raises:
        RequestFault: the decay is not between 0 and 1.
    """
    if not 0 < decay < 1:
        raise RequestFault(f"A decay of {decay:g} makes no average; choose one between 0 and 1.")
    return [decay ** (count - 1), *((1 - decay) * decay ** (count - 1 - at) for at in range(1, count))]


@dataclass(frozen=True, eq=False)
class Average(OnVariables):
    """These variables take the weighted mean of what several checkpoints hold for them; shape and type stay.

    Attributes:
        parts: the checkpoints; the one that is edited is one of them only where it is named.
        decay: what the weights were made by, if so; for the patch.
    """

    op = "average"
    needed = {"match": is_text, "from": is_texts}
    optional = {"weights": is_numbers, "decay": is_number}

    parts: tuple[Part, ...] = field(kw_only=True)
    decay: float | None = field(default=None, kw_only=True)
    _mean: _Mean | None = field(default=None, init=False, repr=False)

    @property
    def fault(self) -> CkptStudioError | None:
        """As `Edit.fault`."""
        return next((part.source.fault for part in self.parts if isinstance(part.source, AbsentDonor)), None)

    def verb(self, what: str) -> str:
        """As `OnVariables.verb`."""
        return f"Average {what} over {len(self.parts)} checkpoints"

    def describe(self) -> str:
        """As `Edit.describe`."""
        labels = [part.label for part in self.parts]
        said = ", ".join(labels) if len(labels) < 4 else f"{labels[0]} … {labels[-1]}"
        return f"own values → mean of {said}"

    def change(self, state: State, rows: NDArray[np.int64]) -> State:
        """As `OnVariables.change`: every checkpoint must have every variable, in the same shape."""
        if self.fault is not None:
            return state.laying(rows, self._layer((self.keys,) * len(self.parts)))
        check_kinds(state, rows, _KINDS, "averaged")
        total = sum(part.weight for part in self.parts)
        if not np.isfinite(total) or total <= 0 or min(part.weight for part in self.parts) < 0:
            raise RequestFault("The weights of an average must be 0 or more, and not all 0.")
        return state.laying(
            rows, self._layer(tuple(self._keys_in(part, state.columns) for part in self.parts))
        )

    def _keys_in(self, part: Part, columns: Columns) -> tuple[str, ...]:
        """What a checkpoint calls the variables, in their order."""
        theirs = part.source.columns
        keys = []
        for found in match(columns, theirs, self.keys, MatchRules(), {}):
            row = columns.row(found.key)
            at = -1 if found.donor_key is None else theirs.row(found.donor_key)
            same = at >= 0 and theirs.shape(at) == columns.shape(row)
            if not same or kind_of(unknown(int(theirs.dtype[at]))) not in _KINDS or at in theirs.faults:
                why = f": {found.note}" if found.note else ""
                raise RequestFault(
                    f"{printable(found.key)!r} cannot be averaged over {part.label}{why}; leave one of them out.",
                    path=part.path,
                    key=found.key,
                )
            keys.append(theirs.keys[at])
        return tuple(keys)

    def _layer(self, keys: Sequence[Sequence[str]]) -> _Mean:
        """The same whenever the edit is applied and finds the same, so that states can be compared."""
        if self._mean is None or self._mean.keys != keys:
            object.__setattr__(self, "_mean", _Mean(self.parts, keys))
        assert self._mean is not None
        return self._mean

    def absent(self, fault: CkptStudioError) -> Average:
        """As `Edit.absent`."""
        return replace(self, parts=tuple(replace(part, source=AbsentDonor(fault)) for part in self.parts))

    def meant(self, pattern: str, columns: Columns) -> tuple[str, ...]:
        """As `OnVariables.meant`."""
        return numbers_among(resolve_keys(pattern, columns), columns, _KINDS)

    def parameters(self) -> Json:
        """As `OnVariables.parameters`."""
        weights = [part.weight for part in self.parts]
        more: Json = {} if self.decay is None else {"decay": self.decay}
        if self.decay is None and set(weights) != {1.0}:
            more = {"weights": weights}
        return {"from": [os.path.abspath(part.prefix) for part in self.parts], **more}

    @classmethod
    def from_json(cls, operation: Json, around: Around) -> Average:
        """As `EditKind.from_json`."""
        keys = numbers_among(resolve_keys(operation["match"], around.columns), around.columns, _KINDS)
        return cls(keys, operation["match"], **cls.read_parameters(operation, around))

    @classmethod
    def read_parameters(cls, operation: Json, files: Files) -> Json:
        """As `OnVariables.read_parameters`; in a record (which has keys), checkpoints that are gone are waited for."""
        paths = [files.path(path) for path in operation["from"]]
        weights, decay = operation.get("weights"), operation.get("decay")
        if weights is not None and decay is not None:
            raise RequestFault("'weights' and 'decay' cannot both be given.")
        if decay is not None:
            weights = by_decay(len(paths), decay)
        weights = [1.0] * len(paths) if weights is None else [float(weight) for weight in weights]
        if len(weights) != len(paths):
            raise RequestFault(f"there are {len(weights)} weights for {len(paths)} checkpoints.")
        parts = tuple(
            Part(path, _opened(path, files, "keys" in operation), weight)
            for path, weight in zip(paths, weights, strict=True)
        )
        return {"parts": parts, "decay": decay}


def _opened(path: str, files: Files, waiting: bool) -> TensorSource:
    try:
        return files.open_donor(path)
    except FileFault as fault:
        if not waiting:
            raise
        return AbsentDonor(fault)


class _Mean:
    """The layer of an average.

    Attributes:
        keys: of each part, what it calls the variables.
    """

    over = False

    def __init__(self, parts: Sequence[Part], keys: Sequence[Sequence[str]]) -> None:
        self._parts, self.keys = parts, keys
        self.number = new_number()
        self.label = f"mean of {len(parts)}"

    def values(self, place: int, want: Want, below: Values) -> Values:
        """As `Layer.values`."""
        total = sum(part.weight for part in self._parts)
        found = [
            SourceValues(part.source, keys[place]) for part, keys in zip(self._parts, self.keys, strict=True)
        ]
        return Averaged(want, found, [part.weight / total for part in self._parts])
