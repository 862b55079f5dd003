"""Turns what is selected in the tree into keys and back, by arrays: a group stands for all that is under it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.gui.models.tree_nodes import TreeNodes
from ckpt_studio.gui.models.visible_nodes import VisibleNodes


def nodes_in(shown: VisibleNodes, ranges: Sequence[tuple[int, int]]) -> NDArray[np.int32]:
    """Nodes in these ranges of table rows (first and last), ascending."""
    inside = np.zeros(len(shown.ids), np.bool_)
    for top, bottom in ranges:
        inside[top : bottom + 1] = True
    return shown.ids[inside]


def ranges_of(shown: VisibleNodes, nodes: NDArray[np.int32], most: int) -> list[tuple[int, int]]:
    """Ranges of table rows where these nodes are shown now; none where there would be more than `most`."""
    wanted = np.zeros(len(shown.nodes), np.bool_)
    wanted[nodes] = True
    places = np.flatnonzero(wanted[shown.ids])
    breaks = np.flatnonzero(np.diff(places) > 1)
    if len(places) == 0 or len(breaks) >= most:
        return []
    firsts, lasts = np.append(0, breaks + 1), np.append(breaks, len(places) - 1)
    return list(zip(places[firsts].tolist(), places[lasts].tolist(), strict=True))


def rows_of(nodes: TreeNodes, chosen: NDArray[np.int32]) -> NDArray[np.int32]:
    """Rows of the variables among the chosen nodes and under the chosen groups, ascending."""
    groups = chosen[nodes.row[chosen] < 0]
    change = np.bincount(groups, minlength=len(nodes) + 1) - np.bincount(
        nodes.end[groups], minlength=len(nodes) + 1
    )
    inside = np.cumsum(change[:-1]) > 0
    inside[chosen] = True
    rows = nodes.row[inside]
    meant = np.zeros(len(nodes.columns), np.bool_)
    meant[rows[rows >= 0]] = True
    return np.flatnonzero(meant).astype(np.int32)


def row_count(nodes: TreeNodes, chosen: NDArray[np.int32]) -> int:
    """How many variables the choice stands for."""
    return len(rows_of(nodes, chosen))


def keys_of(nodes: TreeNodes, chosen: NDArray[np.int32]) -> tuple[str, ...]:
    """Keys of the choice, in the file's order."""
    keys, rows = nodes.columns.keys, rows_of(nodes, chosen)
    if len(rows) and int(rows[-1]) - int(rows[0]) == len(rows) - 1:
        return tuple(keys.texts(int(rows[0]), int(rows[-1]) + 1))
    return tuple(keys.take(rows.tolist()))


def keys_under(nodes: TreeNodes, node: int) -> tuple[str, ...]:
    """Keys of a variable, or of all variables of a group."""
    return keys_of(nodes, np.array([node], np.int32))
