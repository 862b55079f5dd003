"""Which nodes of a tree are to be seen, in order: what is expanded, and what a filter lets through. Qt-free."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.gui.models.tree_nodes import TreeNodes

_EXPAND_ALL: Final = 400
"""A tree of up to so many nodes is shown whole at first."""
_EXPAND_GROUPS: Final = 4000
"""Up to so many, the groups are open and the slots are tucked away under their weights."""


class VisibleNodes:
    """The shown part of a tree.

    Attributes:
        nodes: the tree.
        ids: int32 [V], the visible nodes in order.
    """

    def __init__(self, nodes: TreeNodes, expanded: NDArray[np.bool_] | None = None) -> None:
        """`expanded` is bool [M]; without it, as suits the size of the tree."""
        self.nodes = nodes
        self._expandable = nodes.end > np.arange(len(nodes)) + 1
        self._expanded = self._at_first() if expanded is None else expanded & self._expandable
        self._before_filter: NDArray[np.bool_] | None = None
        self._matched: NDArray[np.bool_] | None = None
        self.ids = self._seen(0, len(nodes))

    def _at_first(self) -> NDArray[np.bool_]:
        if len(self.nodes) <= _EXPAND_ALL:
            return self._expandable.copy()
        if len(self.nodes) <= _EXPAND_GROUPS:
            return self._expandable & (self.nodes.row < 0)
        return np.zeros(len(self.nodes), np.bool_)

    @property
    def filtered(self) -> bool:
        """Whether a filter is on."""
        return self._matched is not None

    def expanded(self, node: int) -> bool:
        """Whether the node shows its children."""
        return bool(self._expanded[node])

    def expanded_now(self) -> NDArray[np.bool_]:
        """bool [M], a copy: what is expanded, or was before the filter came on."""
        return (self._expanded if self._before_filter is None else self._before_filter).copy()

    def can_expand(self, node: int) -> bool:
        """Whether the node has children to show."""
        if self._matched is None:
            return bool(self._expandable[node])
        return bool(self._matched[node + 1 : self.nodes.end[node]].any())

    def position(self, node: int) -> int:
        """Place of a node among the visible ones, or -1."""
        at = int(np.searchsorted(self.ids, node))
        return at if at < len(self.ids) and self.ids[at] == node else -1

    def shown_under(self, position: int) -> int:
        """How many visible nodes stand under the one at this place."""
        return int(np.searchsorted(self.ids, self.nodes.end[self.ids[position]])) - position - 1

    def opened_by(self, node: int, deep: bool = False) -> NDArray[np.int32]:
        """What expanding a node (with all that is under it) would show."""
        if deep:
            self._expanded[node + 1 : self.nodes.end[node]] = self._expandable[
                node + 1 : self.nodes.end[node]
            ]
        return self._seen(node + 1, int(self.nodes.end[node]))

    def expand(self, position: int, shown: NDArray[np.int32]) -> None:
        """Show what `opened_by` said."""
        self._expanded[self.ids[position]] = True
        self.ids = np.concatenate([self.ids[: position + 1], shown, self.ids[position + 1 :]])

    def collapse(self, position: int) -> None:
        """Hide everything under the node at this place."""
        self._expanded[self.ids[position]] = False
        below = position + 1 + self.shown_under(position)
        self.ids = np.concatenate([self.ids[: position + 1], self.ids[below:]])

    def expand_all(self, expanded: bool = True) -> None:
        """Expand or collapse every node."""
        self._expanded = self._expandable.copy() if expanded else np.zeros(len(self.nodes), np.bool_)
        self.ids = self._seen(0, len(self.nodes))

    def reveal(self, node: int) -> None:
        """Expand what stands above a node; a filter that hides it is taken off."""
        if self._matched is not None and not self._matched[node]:
            self.filter(None)
        above = int(self.nodes.parent[node])
        while above >= 0:
            self._expanded[above] = True
            above = int(self.nodes.parent[above])
        self.ids = self._seen(0, len(self.nodes))

    def filter(self, rows: NDArray[np.bool_] | None) -> None:
        """Show only these rows (bool [N]) and what stands above them, expanded; None shows all as it was before."""
        if rows is None:
            self._matched = None
            if self._before_filter is not None:
                self._expanded, self._before_filter = self._before_filter, None
        else:
            if self._before_filter is None:
                self._before_filter = self._expanded
            row = self.nodes.row
            hit = rows[np.maximum(row, 0)] & (row >= 0)
            before = np.concatenate([[0], np.cumsum(hit, dtype=np.int32)])
            self._matched = before[self.nodes.end] > before[:-1]
            self._expanded = self._expandable.copy()
        self.ids = self._seen(0, len(self.nodes))

    def _seen(self, low: int, high: int) -> NDArray[np.int32]:
        """Nodes from `low` to `high` that no collapsed node among them hides."""
        span = slice(low, high)
        shut = np.flatnonzero(self._expandable[span] & ~self._expanded[span])
        change = -np.bincount(self.nodes.end[span][shut] - low, minlength=high - low + 1)
        change[shut + 1] += 1
        seen = np.cumsum(change[:-1]) == 0
        if self._matched is not None:
            seen &= self._matched[span]
        return (np.flatnonzero(seen) + low).astype(np.int32)
