"""The figures of a document's staged variables as columns, filled in while the window is in use. Qt-free."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.dtypes import BY_NUMBER

if TYPE_CHECKING:
    from ckpt_studio.analysis.statistics import Statistics
    from ckpt_studio.document.state import State
    from ckpt_studio.gui.models.tree_nodes import TreeNodes

FIGURES: Final = ("mean", "std", "norm", "nan", "inf", "zeros", "min", "max", "l1", "denormals", "count")
"""What is kept of each variable; `norm` is the L2 norm, `zeros`, `nan`, `inf` and `denormals` are counts."""
_NUMERIC: Final = [number for number, dtype in BY_NUMBER.items() if dtype.is_numeric]
_NAN, _INF = FIGURES.index("nan"), FIGURES.index("inf")


def line_of(figures: Statistics | None) -> list[float]:
    """The figures of one variable in the order of `FIGURES`, NaN where they mean nothing."""
    if figures is None or figures.nan is None:
        return [np.nan] * len(FIGURES)
    found = (
        figures.mean, figures.std, figures.l2, figures.nan, figures.inf, figures.zeros, figures.min, figures.max,
        figures.l1, figures.denormals, figures.count,
    )  # fmt: skip
    return [np.nan if value is None else _wide(value) for value in found]


def _wide(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return np.inf


class Figures:
    """Figures by row of a document's state.

    Attributes:
        state: what is staged; its rows are ours.
        settled: bool [N], rows whose figures are known or do not exist: strings, opaque ones.
        version: changes with each change.
    """

    def __init__(self, state: State) -> None:
        count = len(state.columns)
        self.state = state
        self._table = np.zeros((count, len(FIGURES)))  # the system gives memory to the rows that are written
        self._known = np.zeros(count, np.bool_)
        self.settled = ~np.isin(state.columns.dtype, _NUMERIC)
        self.version = 0
        self._bad: dict[int, int] = {}
        self._inside: _Inside | None = None

    def follow(self, state: State) -> Figures:
        """The figures of another state of the document: of what has the same values, they are known already.

        Others are shown as they were until they are known better. The same object where the rows are the same.
        """
        if state.columns.keys is self.state.columns.keys:
            hopeless = ~np.isin(state.columns.dtype, _NUMERIC)
            self.settled = (self.settled & _same_values(self.state, slice(None), state)) | hopeless
            self.state = state
            self.version += 1
            return self
        other = Figures(state)
        row_of = np.full(len(state.base) + 1, -1, np.int64)
        row_of[self.state.origin] = np.arange(len(self.settled))
        row_of[-1] = -1
        before = row_of[state.origin]
        kept = np.flatnonzero((before >= 0) & _same_values(self.state, before, state))
        kept = kept[self._known[before[kept]] & self.settled[before[kept]]]
        other.put(kept, self._table[before[kept]])
        return other

    @property
    def all_rows(self) -> NDArray[np.bool_]:
        """bool [N]: every row."""
        return np.ones(len(self.settled), np.bool_)

    def put(self, rows: NDArray[np.int64], lines: NDArray[np.float64]) -> None:
        """Take in the figures of rows, int64 [n]: float64 [n, FIGURES]."""
        self._table[rows] = lines
        counts = np.nan_to_num(lines[:, _NAN] + lines[:, _INF])
        for row, count in zip(rows.tolist(), counts.tolist(), strict=True):
            if count:
                self._bad[row] = int(count)
            elif row in self._bad:
                del self._bad[row]
        self._known[rows] = True
        self.settled[rows] = True
        self.version += 1

    def of(self, row: int, figure: str) -> float | None:
        """A figure of a row; None where it is not known, NaN where it means nothing."""
        return float(self._table[row, FIGURES.index(figure)]) if self._known[row] else None

    def counts(self, row: int, figure: str) -> int:
        """How many elements of a row are known to be so."""
        value = self.of(row, figure)
        return int(value) if value is not None and value == value else 0

    def column(self, figure: str) -> NDArray[np.float64]:
        """A figure of all rows: float64 [count], NaN where it is not known or means nothing."""
        return np.where(self._known, self._table[:, FIGURES.index(figure)], np.nan)

    def bad_inside(self, nodes: TreeNodes, node: int) -> int:
        """How many NaN and infinite elements are known to be in the variables of a subtree."""
        if not self._bad:
            return 0
        if self._inside is None or self._inside.version != self.version or self._inside.nodes is not nodes:
            self._inside = _Inside.of(nodes, self.version, self._bad)
        first, past = np.searchsorted(self._inside.places, (node, int(nodes.end[node])))
        return int(self._inside.before[past] - self._inside.before[first])


def _same_values(old: State, rows: NDArray[np.int64] | slice, new: State) -> NDArray[np.bool_]:
    """Bool [N]: which rows of the new state show the values of these rows of the old; a dropped one shows its own."""
    same: NDArray[np.bool_] = (old.version[rows] == new.version) & (old.dropped[rows] == new.dropped)
    return same


class _Inside(NamedTuple):
    """Where in a tree the variables are that have values which are not finite.

    Attributes:
        nodes, version: what it was made of.
        places: int64 [n], their nodes, ascending.
        before: int64 [n + 1], how many such values stand before each.
    """

    nodes: TreeNodes
    version: int
    places: NDArray[np.int64]
    before: NDArray[np.int64]

    @classmethod
    def of(cls, nodes: TreeNodes, version: int, bad: dict[int, int]) -> _Inside:
        places = nodes.node_of_row[list(bad)].astype(np.int64)
        order = np.argsort(places)
        before = np.concatenate([[0], np.cumsum(np.array(list(bad.values()), np.int64)[order])])
        return cls(nodes, version, places[order], before)


def lines_of(figures: Iterable[Statistics | None]) -> NDArray[np.float64]:
    """What `Figures.put` takes."""
    return np.array([line_of(each) for each in figures], np.float64).reshape(-1, len(FIGURES))
