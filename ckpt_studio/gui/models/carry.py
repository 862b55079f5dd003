"""Brings what a person has expanded, chosen and looked at over into the tree of the same variables by other names.

Groups differ from one naming to the next, so all of it goes by the variables: Qt-free, by arrays, on any thread.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.gui.models.selection import rows_of
from ckpt_studio.gui.models.tree_nodes import TreeNodes
from ckpt_studio.gui.models.visible_nodes import VisibleNodes


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where a person is in a tree.

    Attributes:
        nodes: the tree.
        expanded: bool [M], what is expanded where no filter is.
        chosen: the selected nodes, ascending.
        current: the node with the cursor, or None.
    """

    nodes: TreeNodes
    expanded: NDArray[np.bool_]
    chosen: NDArray[np.int32]
    current: int | None


def carried(place: Place, nodes: TreeNodes) -> Place:
    """The same place in another tree of the same variables, as far as they have kept their keys."""
    old = place.nodes
    moved = _moved(old, nodes)
    seen = moved[old.row[VisibleNodes(old, place.expanded).ids]]
    groups = place.chosen[old.row[place.chosen] < 0]
    alone = moved[old.row[place.chosen[old.row[place.chosen] >= 0]]]
    marked = np.zeros(len(nodes), np.bool_)
    marked[nodes.node_of_row[alone[alone >= 0]]] = True
    inside = moved[rows_of(old, groups)]
    marked[_cover(nodes, inside[inside >= 0])] = True
    chosen = np.flatnonzero(marked).astype(np.int32)
    current = None if place.current is None else _current(old, place.current, nodes, moved)
    marked[nodes.node_of_row[seen[seen >= 0]]] = True
    if current is not None:
        marked[current] = True
    return Place(nodes, _above(nodes, marked), chosen, current)


def _above(nodes: TreeNodes, marked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """bool [M]: the nodes that must be expanded for the marked ones to be seen."""
    before = np.concatenate([[0], np.cumsum(marked)])
    above: NDArray[np.bool_] = before[nodes.end] > before[1:]
    return above


def _cover(nodes: TreeNodes, rows: NDArray[np.int32]) -> NDArray[np.int64]:
    """The fewest nodes that stand for these rows: a group where all of its variables are among them."""
    wanted = np.zeros(len(nodes), np.bool_)
    wanted[nodes.node_of_row[rows]] = True
    before = np.concatenate([[0], np.cumsum(wanted)])
    leaves = nodes.leaves_before
    whole = (nodes.row < 0) & (before[nodes.end] - before[:-1] == leaves[nodes.end] - leaves[:-1])
    count = len(nodes) + 1
    change = np.bincount(np.flatnonzero(whole) + 1, minlength=count) - np.bincount(
        nodes.end[whole], minlength=count
    )
    inside = np.cumsum(change[:-1]) > 0
    return np.flatnonzero((wanted | whole) & ~inside)


def _moved(old: TreeNodes, nodes: TreeNodes) -> NDArray[np.int32]:
    """int32 [N + 1]: the row of the new tree that each of the old one is, -1 where it is gone; of row -1, -1."""
    keys, before = nodes.columns.keys, old.columns.keys
    if keys is before:
        return np.append(np.arange(len(keys), dtype=np.int32), np.int32(-1))
    now = {key: row for row, key in enumerate(keys.texts())}
    return np.array([*(now.get(key, -1) for key in before.texts()), -1], np.int32)


def _current(old: TreeNodes, node: int, nodes: TreeNodes, moved: NDArray[np.int32]) -> int | None:
    row = int(old.row[node])
    if row >= 0:
        return int(nodes.node_of_row[moved[row]]) if moved[row] >= 0 else None
    inside = moved[rows_of(old, np.array([node], np.int32))]
    covering = _cover(nodes, inside[inside >= 0])
    return int(covering[0]) if len(covering) else None
