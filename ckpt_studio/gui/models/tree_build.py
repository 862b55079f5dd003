"""Builds the tree of variables by numpy: a million names take a second.

Names are cut at `/`, or at dots where none of them has a slash, as in other frameworks; a chain of groups with one
child each is folded into one node; optimizer slots stand under their weight; what is no weight stands apart at the end.
Nothing here names Qt: it runs on a background thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.tensors import Columns, Names
from ckpt_studio.gui.models.name_order import natural_order, shared_prefix_lengths
from ckpt_studio.gui.models.tree_groups import group_of_rows, real_slots, twin_slots
from ckpt_studio.gui.models.tree_nodes import APART, TreeNodes
from ckpt_studio.gui.settings import Naming

MAX_DEPTH: Final = 60
"""Deeper path parts stay together in the last label: a name of ten thousand slashes is not ten thousand levels."""
_CUTS: Final = (ord("/"), ord("."))


@dataclass(eq=False)
class _Part:
    """Nodes of one set of rows, before they are put together; indices are within the part."""

    row: NDArray[Any]
    depth: NDArray[Any]
    name_row: NDArray[Any]
    low: NDArray[Any]
    high: NDArray[Any]


def shown_names(columns: Columns, naming: Naming) -> tuple[Names, NDArray[np.bool_]]:
    """The names that a way of naming shows, and which rows borrow another: those without an object path."""
    borrowed = np.zeros(len(columns), np.bool_)
    full_names = columns.keys if columns.names is None else columns.names
    if naming == "key":
        return columns.keys, borrowed
    if naming == "name":
        return full_names, borrowed
    paths = columns.object_paths
    if paths is None:
        return full_names, ~borrowed
    borrowed = np.diff(paths.offsets) == 1
    if borrowed.any():
        paths = full_names if borrowed.all() else _filled(paths, full_names)
    return paths, borrowed


def _filled(paths: Names, others: Names) -> Names:
    return Names.of(paths.raw(i) or others.raw(i) for i in range(len(paths)))


def build_nodes(columns: Columns, naming: Naming = "name") -> TreeNodes:
    """The tree of all variables of `columns`."""
    names, borrowed = shown_names(columns, naming)
    twins = np.zeros(len(columns), np.bool_)
    slot = real_slots(columns)
    slots = np.flatnonzero(slot)
    group = group_of_rows(columns, slot)
    parts = []
    for top in (0, *APART):
        rows = np.flatnonzero((group == top) & ~slot).astype(np.int32)
        if len(rows):
            part = _nodes_of(names, rows, twins)
            parts.append(_under(top, part) if top else part)
    if naming == "name":
        twins[twin_slots(columns, slots)] = True
    return _assemble(
        columns, naming, names, _with_slots(columns, names, _joined(parts), slots), twins, borrowed
    )


def _nodes_of(names: Names, rows: NDArray[np.int32], twins: NDArray[np.bool_]) -> _Part:
    """The groups and leaves of these rows; those of the same name are marked in `twins`."""
    rows = natural_order(names, rows)
    blob = np.frombuffer(names.blob, np.uint8)
    starts = names.offsets[rows]
    lengths = (names.offsets[rows + 1] - 1 - starts).astype(np.int64)
    shared_bytes = shared_prefix_lengths(blob, starts, lengths)
    same = np.flatnonzero((lengths[1:] == lengths[:-1]) & (shared_bytes[1:] == lengths[1:]))
    twins[rows[same]] = twins[rows[same + 1]] = True
    slash_row, slash_at = _cuts(blob, starts, lengths)
    slashes = np.minimum(np.bincount(slash_row, minlength=len(rows)), MAX_DEPTH)
    first_slash = np.searchsorted(slash_row, np.arange(len(rows)))
    inside = slash_at < shared_bytes[slash_row]
    shared = np.minimum(np.bincount(slash_row[inside], minlength=len(rows)), slashes)
    made = slashes - shared + 1
    owner = np.repeat(np.arange(len(rows)), made)
    depth = np.arange(len(owner)) - np.repeat(np.cumsum(made) - made, made) + shared[owner]
    leaf = depth == slashes[owner]
    padded = np.append(slash_at, 0)
    high = np.where(leaf, lengths[owner], padded[np.minimum(first_slash[owner] + depth, len(slash_at))])
    before = padded[np.maximum(first_slash[owner] + depth - 1, 0)]
    low = np.where(depth == 0, 0, before + 1)
    return _folded(_Part(np.where(leaf, rows[owner], -1), depth, rows[owner], low, high))


def _cuts(
    blob: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every slash, or every dot where there is no slash."""
    slashes = _places(blob, starts, lengths, _CUTS[0])
    return slashes if len(slashes[0]) else _places(blob, starts, lengths, _CUTS[1])


def _places(
    blob: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64], letter: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every such letter: which name (by its place in `starts`, ascending), and where in it."""
    places = np.flatnonzero(blob == letter)
    by_start = np.argsort(starts, kind="stable")
    at = np.searchsorted(starts[by_start], places, side="right") - 1
    places, at = places[at >= 0], at[at >= 0]
    name = by_start[at]
    offset = places - starts[name]
    within = offset < lengths[name]
    name, offset = name[within], offset[within]
    order = np.argsort(name, kind="stable")
    return name[order], offset[order]


def _levels(depth: NDArray[Any]) -> list[NDArray[np.int64]]:
    """Nodes of each depth, top first."""
    order = np.argsort(depth, kind="stable")
    counts = np.bincount(depth)
    return np.split(order, np.cumsum(counts)[:-1])


def _parents(levels: list[NDArray[np.int64]], count: int) -> NDArray[np.int64]:
    parent = np.full(count, -1, np.int64)
    for upper, lower in pairwise(levels):
        parent[lower] = upper[np.searchsorted(upper, lower) - 1]
    return parent


def _folded(part: _Part) -> _Part:
    """Without the groups that have a single child: the child takes over their place and the start of their label."""
    count = len(part.row)
    levels = _levels(part.depth)
    parent = _parents(levels, count)
    children = np.bincount(parent[parent >= 0], minlength=count)
    absorbed = (children == 1) & (part.row < 0)
    low, depth = part.low.copy(), part.depth.copy()
    for lower in levels[1:]:
        above = parent[lower]
        low[lower] = np.where(absorbed[above], low[above], low[lower])
        depth[lower] = depth[above] + np.where(absorbed[above], 0, 1)
    keep = ~absorbed
    return _Part(part.row[keep], depth[keep], part.name_row[keep], low[keep], part.high[keep])


def _under(top: int, part: _Part) -> _Part:
    return _Part(
        np.concatenate([[top], part.row]),
        np.concatenate([[0], part.depth + 1]),
        np.concatenate([part.name_row[:1], part.name_row]),
        np.concatenate([[0], part.low]),
        np.concatenate([[0], part.high]),
    )


def _joined(parts: list[_Part]) -> _Part:
    def join(what: str) -> NDArray[np.int64]:
        return np.concatenate([np.empty(0, np.int64), *(getattr(part, what) for part in parts)])

    return _Part(join("row"), join("depth"), join("name_row"), join("low"), join("high"))


def _with_slots(columns: Columns, names: Names, part: _Part, slots: NDArray[np.int64]) -> _Part:
    """Each slot right after its weight, one level deeper."""
    if len(slots) == 0:
        return part
    node_of_row = np.zeros(len(columns), np.int64)
    leaf = part.row >= 0
    node_of_row[part.row[leaf]] = np.flatnonzero(leaf)
    weight = node_of_row[columns.slot_of[slots]]
    order = np.argsort(weight, kind="stable")
    slots, weight = slots[order], weight[order]
    at = weight + 1
    lengths = names.offsets[slots + 1] - 1 - names.offsets[slots]
    return _Part(
        np.insert(part.row, at, slots),
        np.insert(part.depth, at, part.depth[weight] + 1),
        np.insert(part.name_row, at, slots),
        np.insert(part.low, at, 0),
        np.insert(part.high, at, lengths),
    )


def _assemble(
    columns: Columns,
    naming: Naming,
    names: Names,
    part: _Part,
    twins: NDArray[np.bool_],
    borrowed: NDArray[np.bool_],
) -> TreeNodes:
    count = len(part.row)
    if count:
        levels = _levels(part.depth)
        parent = _parents(levels, count)
    else:
        levels, parent = [], np.empty(0, np.int64)
    size = np.ones(count, np.int64)
    for lower in reversed(levels[1:]):
        np.add.at(size, parent[lower], size[lower])
    leaf = part.row >= 0
    node_of_row = np.full(len(columns), -1, np.int32)
    node_of_row[part.row[leaf]] = np.flatnonzero(leaf)
    nbytes = np.where(leaf, columns.nbytes[np.where(leaf, part.row, 0)] if count else 0, 0)
    return TreeNodes(
        columns=columns,
        naming=naming,
        names=names,
        row=part.row.astype(np.int32),
        depth=np.minimum(part.depth, 255).astype(np.uint8),
        parent=parent.astype(np.int32),
        end=(np.arange(count) + size).astype(np.int32),
        name_row=part.name_row.astype(np.int32),
        low=part.low.astype(np.int32),
        high=part.high.astype(np.int32),
        node_of_row=node_of_row,
        leaves_before=np.concatenate([[0], np.cumsum(leaf)]).astype(np.int64),
        bytes_before=np.concatenate([[0], np.cumsum(nbytes)]).astype(np.int64),
        twins=twins,
        borrowed=borrowed,
    )
