"""Which variable of one checkpoint is which of another: the same key, else the same name, where that is no guess.

Optimizer slots that have neither in common, as those of different formats, belong together as their weights do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.tensors import Columns
from ckpt_studio.formats.roles.model_name import names_in_model


@dataclass(frozen=True, eq=False)
class Pairs:
    """What belongs together in two checkpoints.

    Attributes:
        a, b: what both hold.
        rows: int64 [n, 2], rows of a and of b that belong together, in the order of a.
        only_a, only_b: int64 [n], rows that the other one has nothing for.
    """

    a: Columns
    b: Columns
    rows: NDArray[np.int64]
    only_a: NDArray[np.int64]
    only_b: NDArray[np.int64]

    @classmethod
    def of(cls, a: Columns, b: Columns) -> Pairs:
        """Match by key, then by what a person calls them, as it is or as `names_in_model` has it, then slots by their
        weights and what they are.

        A name that several variables have matches nothing.
        """
        by_key = {key: row for row, key in enumerate(b.keys.texts())}
        other = np.fromiter((by_key.get(key, -1) for key in a.keys.texts()), np.int64, len(a))
        left_a = np.flatnonzero(other < 0)
        left_b = _without(len(b), other[other >= 0])
        if len(left_a) and len(left_b) and (a.names is not None or b.names is not None):
            _match_names(other, _names(a, left_a), _names(b, left_b))
            models = names_in_model(a), names_in_model(b)
            if any(models):
                _match_names(
                    other,
                    _names(a, np.flatnonzero(other < 0), models[0]),
                    _names(b, _without(len(b), other[other >= 0]), models[1]),
                )
        _match_slots(a, b, other)
        found = np.flatnonzero(other >= 0)
        rows = np.stack([found, other[found]], axis=1)
        return cls(a, b, rows, np.flatnonzero(other < 0), _without(len(b), rows[:, 1]))

    def other(self, key: str) -> str | None:
        """B's key for a's, if there is one."""
        row = self.a.keys.find(key)
        place = int(np.searchsorted(self.rows[:, 0], row))
        if row < 0 or place == len(self.rows) or self.rows[place, 0] != row:
            return None
        return self.b.keys[int(self.rows[place, 1])]


def _match_slots(a: Columns, b: Columns, other: NDArray[np.int64]) -> None:
    """Fill in row `other` of b for slots of a that have none yet."""
    ours = np.flatnonzero((other < 0) & (a.slot_of >= 0) & (a.slot_name >= 0))
    ours = ours[other[a.slot_of[ours]] >= 0]
    theirs = _without(len(b), other[other >= 0])
    theirs = theirs[(b.slot_of[theirs] >= 0) & (b.slot_name[theirs] >= 0)]
    if len(ours) and len(theirs):
        places = {(int(b.slot_of[row]), b.slot_names[b.slot_name[row]]): row for row in theirs.tolist()}
        for row in ours.tolist():
            place = (int(other[a.slot_of[row]]), a.slot_names[a.slot_name[row]])
            other[row] = places.pop(place, -1)


def _without(count: int, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    left = np.ones(count, np.bool_)
    left[rows] = False
    return np.flatnonzero(left)


def _names(
    columns: Columns, rows: NDArray[np.int64], inside: Mapping[int, str] | None = None
) -> dict[str, int]:
    """Rows by name, of the names that only one of them has."""
    names = (columns.keys if columns.names is None else columns.names).take(rows.tolist())
    if inside:
        names = [inside.get(row, name) for name, row in zip(names, rows.tolist(), strict=True)]
    times = Counter(names)
    return {name: row for name, row in zip(names, rows.tolist(), strict=True) if times[name] == 1}


def _match_names(other: NDArray[np.int64], ours: Mapping[str, int], theirs: Mapping[str, int]) -> None:
    """Fill in the rows of b for rows of a that are called the same."""
    for name, row in ours.items():
        other[row] = theirs.get(name, -1)
