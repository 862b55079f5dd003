"""What the staged edits make of each row: frozen or trainable, swapped from where. Sums over subtrees are prepared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.tensors import Role
from ckpt_studio.gui.models.tree_nodes import TreeNodes

if TYPE_CHECKING:
    from ckpt_studio.document.document import Document

Mark = Literal["frozen", "trainable", "mixed", "none"]


class RowStates:
    """States of the rows of one tree, as they were when it was made."""

    def __init__(self, nodes: TreeNodes, frozen: NDArray[np.int8], swapped: Mapping[int, str]) -> None:
        """`frozen` is int8 [N]: 1 frozen, 0 trainable, -1 where it means nothing. `swapped` names donors by row."""
        self.frozen = frozen
        self.swapped = swapped
        self._nodes = nodes
        row = nodes.row
        # a slot goes with its weight and is not counted beside it
        counted = np.where(nodes.columns.slot_of >= 0, np.int8(-1), frozen)
        state = np.where(row >= 0, counted[np.maximum(row, 0)], -1) if len(row) else np.empty(0, np.int8)
        self._frozen_before = np.concatenate([[0], np.cumsum(state == 1)])
        self._known_before = np.concatenate([[0], np.cumsum(state >= 0)])
        swapped_nodes = nodes.node_of_row[np.fromiter(swapped, np.int64, len(swapped))]
        here = np.bincount(swapped_nodes, minlength=len(nodes))
        self._swapped_before = np.concatenate([[0], np.cumsum(here)])

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

    def swapped_count(self, node: int) -> int:
        """How many variables of the subtree were swapped."""
        return int(self._swapped_before[self._nodes.end[node]] - self._swapped_before[node])


def read_states(document: Document, nodes: TreeNodes) -> RowStates:
    """States of all rows as the document has them now. May be called from any thread."""
    columns = document.staged.columns
    frozen = np.where(columns.role == Role.weight, (columns.trainable == 0).astype(np.int8), np.int8(-1))
    for key in document.frozen_keys():
        row = columns.keys.find(key)
        if row >= 0:
            frozen[row] = 1
    slots = np.flatnonzero(columns.slot_of >= 0)
    frozen[slots] = np.where(frozen[columns.slot_of[slots]] == 1, 1, frozen[slots])
    swapped = {}
    for key in document.replaced_keys():
        donor = document.state(key).replaced_by
        if donor is not None:
            swapped[columns.row(key)] = donor
    return RowStates(nodes, frozen, swapped)
