"""Turns what is selected in the tree into keys and back, by arrays: a group stands for all that is under it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.keys import Keys
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


def rows_of(nodes: TreeNodes, chosen: NDArray[np.int32]) -> NDArray[np.int64]:
    """Rows of the variables among the chosen nodes (ascending) and under the chosen groups, ascending."""
    firsts, pasts, alone = _apart(nodes, chosen)
    spans = zip(firsts.tolist(), pasts.tolist(), strict=True)
    rows = np.concatenate([nodes.row[alone], *(nodes.row[first:past] for first, past in spans)])
    meant = np.zeros(len(nodes.columns), np.bool_)
    meant[rows[rows >= 0]] = True
    return np.flatnonzero(meant)


def row_count(nodes: TreeNodes, chosen: NDArray[np.int32]) -> int:
    """How many variables the choice stands for."""
    firsts, pasts, alone = _apart(nodes, chosen)
    return len(alone) + int((nodes.leaves_before[pasts] - nodes.leaves_before[firsts]).sum())


def _apart(
    nodes: TreeNodes, chosen: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Where the subtrees of the chosen groups that are in no other begin and end, and the variables outside of them."""
    is_group = nodes.row[chosen] < 0
    groups, alone = chosen[is_group], chosen[~is_group]
    if not len(groups):
        return groups, groups, alone
    ends = nodes.end[groups]
    outer = groups >= np.concatenate([[0], np.maximum.accumulate(ends)[:-1]])
    firsts, pasts = groups[outer], ends[outer]
    group = np.searchsorted(firsts, alone, side="right") - 1
    outside = (group < 0) | (alone >= pasts[np.maximum(group, 0)])
    return firsts, pasts, alone[outside]


def keys_of(nodes: TreeNodes, chosen: NDArray[np.int32]) -> Keys:
    """Keys of the choice, in the file's order."""
    return Keys(nodes.columns.keys, rows_of(nodes, chosen))


def keys_under(nodes: TreeNodes, node: int) -> Keys:
    """Keys of a variable, or of all variables of a group."""
    return keys_of(nodes, np.array([node], np.int32))
