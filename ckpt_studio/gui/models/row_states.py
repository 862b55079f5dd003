"""What edits and checksums make of each row: frozen, changed, dropped, damaged. Sums over subtrees are prepared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.tensors import Role
from ckpt_studio.gui.models.tree_nodes import TreeNodes

if TYPE_CHECKING:
    from ckpt_studio.document.document import Document
    from ckpt_studio.document.state import State

Mark = Literal["frozen", "trainable", "mixed", "none"]


class RowStates:
    """States of the rows of one tree, as they were when it was made.

    Args:
        nodes: the tree.
        frozen: int8 [N]: 1 frozen, 0 trainable, -1 where it means nothing.
        staged: what is staged.
        faults: sentences by row, of the rows that are damaged and not mended by an edit.
        edited: bool [N], rows that a staged edit concerns.

    Attributes:
        frozen: as given; -1 for what was dropped.
        swapped, dropped, damaged, staged: bool [N].
    """

    def __init__(
        self,
        nodes: TreeNodes,
        frozen: NDArray[np.int8],
        staged: State,
        faults: Mapping[int, str],
        edited: NDArray[np.bool_],
    ) -> None:
        self.staged = edited
        self.swapped, self.renamed, self.dropped = staged.changed, staged.renamed, staged.dropped
        self.frozen = np.where(self.dropped, np.int8(-1), frozen)
        self.damaged = np.zeros(len(frozen), np.bool_)
        self.damaged[np.fromiter(faults, np.int64, len(faults))] = True
        self._nodes, self._staged, self._faults = nodes, staged, faults
        # a slot goes with its weight and is not counted beside it
        counted = np.where(nodes.columns.slot_of >= 0, np.int8(-1), self.frozen)
        self._frozen_before = self._summed(counted == 1)
        self._known_before = self._summed(counted >= 0)
        self._before = {
            "staged": self._summed(self.swapped | self.renamed),
            "dropped": self._summed(self.dropped),
            "damaged": self._summed(self.damaged),
        }

    def _summed(self, rows: NDArray[np.bool_]) -> NDArray[np.int64]:
        """How many of these rows stand before each node."""
        row = self._nodes.row
        here = (row >= 0) & rows[np.maximum(row, 0)] if len(rows) else np.zeros(len(row), np.bool_)
        return np.concatenate([[0], np.cumsum(here)]).astype(np.int64)

    def mark(self, node: int) -> Mark:
        """Frozen, trainable or both, over the node's subtree."""
        end = self._nodes.end[node]
        known = int(self._known_before[end] - self._known_before[node])
        frozen = int(self._frozen_before[end] - self._frozen_before[node])
        if known == 0:
            return "none"
        return "trainable" if frozen == 0 else "frozen" if frozen == known else "mixed"

    def follows_frozen(self, node: int) -> bool:
        """Whether the node is a slot that is frozen, by itself or with its weight."""
        row = int(self._nodes.row[node])
        return row >= 0 and int(self._nodes.columns.slot_of[row]) >= 0 and int(self.frozen[row]) == 1

    def count(self, node: int, what: Literal["staged", "dropped", "damaged"]) -> int:
        """How many variables of the subtree are so."""
        return int(self._before[what][self._nodes.end[node]] - self._before[what][node])

    def values(self, row: int) -> str:
        """What stands in for a row's own values: a donor, an initializer, a type."""
        return self._staged.label(row)

    def fault(self, row: int) -> str:
        """Why a row is damaged."""
        return self._faults.get(row, "")


def read_states(document: Document, staged: State, nodes: TreeNodes) -> RowStates:
    """States of all rows of a document's state, which `nodes` is the tree of. May be called from any thread."""
    columns = staged.columns
    weight = (columns.role == Role.weight) & (columns.slot_of < 0)
    frozen = np.where(columns.role == Role.weight, np.int8(0), np.int8(-1))
    frozen[weight & staged.frozen] = 1
    frozen[staged.marked] = 1
    slots = np.flatnonzero(columns.slot_of >= 0)
    frozen[slots] = np.where(frozen[columns.slot_of[slots]] == 1, 1, frozen[slots])
    return RowStates(nodes, frozen, staged, document.faults_of(staged), document.edited_rows_of(staged))
