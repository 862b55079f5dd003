"""Puts the tree of variables into another order: brothers change places, nobody changes parents. Qt-free.

A group goes where its first variable in the new order goes; slots stay under their weight; what stands apart stays at
the end; what has no value in a column comes after what has one, and brothers that are equal stay as they were.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core import dtypes
from ckpt_studio.gui.models.filter_words import element_counts
from ckpt_studio.gui.models.tree_nodes import TreeNodes

if TYPE_CHECKING:
    from ckpt_studio.gui.models.figures import Figures
    from ckpt_studio.gui.models.row_states import RowStates


def sorted_nodes(nodes: TreeNodes, key: NDArray[np.float64] | None, descending: bool) -> TreeNodes:
    """The same tree in the order of a key.

    Args:
        nodes: the tree in its own order.
        key: float64 [N] by row, NaN for none; None for the order of the names.
        descending: the largest first.
    """
    count = len(nodes)
    wanted = np.arange(count, dtype=np.float64) if key is None else _of_nodes(nodes, key, descending)
    if descending:
        wanted = -wanted
    place = np.zeros(count, np.int64)
    size = nodes.end - np.arange(count)
    depth = nodes.depth.astype(np.int64)
    by_depth = np.argsort(depth, kind="stable")
    for level in np.split(by_depth, np.cumsum(np.bincount(depth))[:-1]) if count else []:
        parent = nodes.parent[level]
        above = np.where(parent >= 0, place[parent], -1)
        apart = nodes.row[level] < -1
        order = np.lexsort((np.where(apart, level, wanted[level]), apart, above))
        there, above = level[order], above[order]
        before = np.cumsum(size[there]) - size[there]
        place[there] = above + 1 + before - before[np.searchsorted(above, above)]
    return _moved(nodes, place)


def _of_nodes(nodes: TreeNodes, key: NDArray[np.float64], descending: bool) -> NDArray[np.float64]:
    """A variable's own key; of a group the one that comes first, slots left out where there are weights."""
    row = nodes.row
    leaf = row >= 0
    own = np.where(leaf, key[np.maximum(row, 0)], np.nan) if len(key) else np.full(len(row), np.nan)
    best = np.fmax if descending else np.fmin
    depth = nodes.depth.astype(np.int64)
    found = own.copy()
    for level in range(int(depth.max(initial=0)), 0, -1):
        children = np.flatnonzero(depth == level)
        parent = nodes.parent[children]
        of_group = row[parent] < 0
        best.at(found, parent[of_group], found[children[of_group]])
    return found


def _moved(nodes: TreeNodes, place: NDArray[np.int64]) -> TreeNodes:
    old = np.empty(len(nodes), np.int64)
    old[place] = np.arange(len(nodes))
    row = nodes.row[old]
    leaf = row >= 0
    parent = nodes.parent[old]
    node_of_row = np.full(len(nodes.columns), -1, np.int32)
    node_of_row[row[leaf]] = np.flatnonzero(leaf)
    nbytes = np.diff(nodes.bytes_before)[old]
    return replace(
        nodes,
        row=row,
        depth=nodes.depth[old],
        parent=np.where(parent >= 0, place[parent], -1).astype(np.int32),
        end=(np.arange(len(old)) + (nodes.end - np.arange(len(old)))[old]).astype(np.int32),
        name_row=nodes.name_row[old],
        low=nodes.low[old],
        high=nodes.high[old],
        node_of_row=node_of_row,
        leaves_before=np.concatenate([[0], np.cumsum(leaf)]).astype(np.int64),
        bytes_before=np.concatenate([[0], np.cumsum(nbytes)]).astype(np.int64),
    )


def key_of(column: str, states: RowStates, figures: Figures) -> NDArray[np.float64] | None:
    """What the rows are sorted by: float64 [N], NaN for none; None for the order of the names.

    Args:
        column: the name of a `Column` of the table.
        states: of the rows.
        figures: of the rows.
    """
    columns = figures.state.columns
    match column:
        case "label":
            return None
        case "shape":
            return element_counts(columns)
        case "size":
            return columns.nbytes.astype(np.float64)
        case "dtype":
            names = [dtypes.unknown(number).name for number in range(256)]
            return np.argsort(np.argsort(names))[columns.dtype].astype(np.float64)
        case "frozen":
            return states.frozen.astype(np.float64)
        case "state":
            return 4.0 * states.damaged + 2.0 * states.dropped + 1.0 * states.swapped
        case "nan":
            return figures.column("nan") + figures.column("inf")
    return figures.column(column)
