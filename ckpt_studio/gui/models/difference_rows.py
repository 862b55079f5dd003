"""What a comparison has found, as rows that a table can sort and filter without asking each of them.

Made on a background thread; names no Qt class.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ckpt_studio.analysis.comparison import Comparison, Difference
    from ckpt_studio.core.tensors import Columns


class Kind(IntEnum):
    """How a variable differs, in the order in which it matters."""

    only_there = 0
    only_here = 1
    values = 2
    type = 3
    fault = 4


class Figure(IntEnum):
    """What rows can be sorted by."""

    variable = 0
    kind = 1
    max_abs = 2
    rel_l2 = 3
    differing = 4


@dataclass(frozen=True, eq=False)
class DifferenceRows:
    """Variables that differ, then those that only one has.

    Attributes:
        comparison: what they are made of.
        names: what a person calls each of them.
        kinds: uint8 [n], values of `Kind`.
        figures: float64 [n, 5], by `Figure`: what is sorted by; -1 where there is no such figure.
        lowered: the names in lower case, which filtering looks at.
    """

    comparison: Comparison
    names: list[str]
    kinds: NDArray[np.uint8]
    figures: NDArray[np.float64]
    lowered: list[str]

    @classmethod
    def of(cls, comparison: Comparison) -> DifferenceRows:
        """Work for a background thread."""
        pairs = comparison.pairs
        names = [
            *_names(pairs.a, comparison.rows[:, 0]), *_names(pairs.a, pairs.only_a), *_names(pairs.b, pairs.only_b)
        ]  # fmt: skip
        kinds = np.empty(len(names), np.uint8)
        changed, here = len(comparison.rows), len(pairs.only_a)
        kinds[:changed] = [_kind(each) for each in comparison.differences]
        kinds[changed : changed + here] = Kind.only_here
        kinds[changed + here :] = Kind.only_there
        figures = np.full((len(names), len(Figure)), -1.0)
        figures[sorted(range(len(names)), key=names.__getitem__), Figure.variable] = np.arange(len(names))
        figures[:, Figure.kind] = kinds
        for figure in (Figure.max_abs, Figure.rel_l2, Figure.differing):
            found = (getattr(each, figure.name) for each in comparison.differences)
            figures[:changed, figure] = [_size(value) for value in found]
        return cls(comparison, names, kinds, figures, [name.lower() for name in names])

    def __len__(self) -> int:
        return len(self.names)

    def difference(self, row: int) -> Difference | None:
        """How the values of a row differ; None where only one checkpoint has them."""
        return self.comparison.differences[row] if row < len(self.comparison.differences) else None

    def places(self, row: int) -> tuple[int, int]:
        """Rows of ours and of theirs, -1 where there is none."""
        pairs, changed = self.comparison.pairs, len(self.comparison.rows)
        if row < changed:
            ours, theirs = self.comparison.rows[row].tolist()
            return ours, theirs
        row -= changed
        if row < len(pairs.only_a):
            return int(pairs.only_a[row]), -1
        return -1, int(pairs.only_b[row - len(pairs.only_a)])

    def key(self, row: int) -> str | None:
        """Our key of a row, None where we have no such variable."""
        ours, _ = self.places(row)
        return None if ours < 0 else self.comparison.pairs.a.keys[ours]

    def sorted_by(self, figure: Figure, descending: bool) -> NDArray[np.int64]:
        """Rows in order; what cannot be measured stands with what matters most, what only one has with what least."""
        by_name = self.figures[:, Figure.variable]
        if figure is Figure.variable:
            order = np.argsort(by_name, kind="stable")
            return order[::-1] if descending else order
        sign = -1 if descending else 1
        return np.lexsort((by_name, sign * self.figures[:, figure], sign * np.minimum(self._ranks, 2)))

    @property
    def _ranks(self) -> NDArray[np.int64]:
        unmeasured = (self.kinds >= Kind.type) & (self.figures[:, Figure.rel_l2] < 0)
        return np.where(unmeasured, 2, (self.kinds >= Kind.values).astype(np.int64))


def _names(columns: Columns, rows: NDArray[np.int64]) -> list[str]:
    return (columns.keys if columns.names is None else columns.names).take(rows.tolist())


def _kind(difference: Difference) -> Kind:
    if difference.error is not None:
        return Kind.fault
    return Kind.values if difference.same_type else Kind.type


def _size(value: float | None) -> float:
    """A figure to sort by: NaN is larger than anything."""
    if value is None:
        return -1.0
    return math.inf if math.isnan(value) else float(min(value, 1e308))
