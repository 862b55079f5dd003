"""The tree of variables as flat arrays in preorder, built by numpy so that a million names take a second, not a minute.

Names are cut at `/`; a chain of groups with one child each is folded into one node; optimizer slots stand under their
weight; counters and metadata have top groups of their own. Nothing here names Qt: it runs on a background thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.tensors import Columns, Names, Role, decode
from ckpt_studio.gui.models.name_order import natural_order, shared_prefix_lengths
from ckpt_studio.gui.settings import Naming

MAX_DEPTH: Final = 60
"""Deeper path parts stay together in the last label: a name of ten thousand slashes is not ten thousand levels."""
COUNTERS: Final = -2
OTHER: Final = -3
_LEAF_SUFFIX: Final = "/.ATTRIBUTES/VARIABLE_VALUE"
_SLASH: Final = ord("/")


@dataclass(frozen=True, eq=False)
class TreeNodes:
    """M nodes in preorder: a node's subtree is `node .. end[node] - 1`.

    Attributes:
        columns: what the rows mean.
        names: the texts that labels are cut from.
        row: int32 [M], row of the variable, or -1 for a group, COUNTERS or OTHER for the two top groups.
        depth: uint8 [M].
        parent: int32 [M], -1 at the top.
        end: int32 [M].
        name_row: int32 [M], the row whose name holds the label.
        low, high: int32 [M], the label's place in that name.
        node_of_row: int32 [N].
        leaves_before: int64 [M + 1], how many variables stand before each node.
        bytes_before: int64 [M + 1], how many bytes of data stand before each node.
    """

    columns: Columns
    names: Names
    row: NDArray[np.int32]
    depth: NDArray[np.uint8]
    parent: NDArray[np.int32]
    end: NDArray[np.int32]
    name_row: NDArray[np.int32]
    low: NDArray[np.int32]
    high: NDArray[np.int32]
    node_of_row: NDArray[np.int32]
    leaves_before: NDArray[np.int64]
    bytes_before: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.row)

    def label(self, node: int) -> str:
        """The node's own text, as the file has it; "" for the two top groups."""
        row = int(self.row[node])
        if row in (COUNTERS, OTHER):
            return ""
        if row >= 0 and int(self.columns.slot_name[row]) >= 0 and self.is_slot(node):
            return self.columns.slot_names[int(self.columns.slot_name[row])]
        raw = self.names.raw(int(self.name_row[node]))[int(self.low[node]) : int(self.high[node])]
        text = decode(raw)
        return text.removesuffix(_LEAF_SUFFIX) if row >= 0 else text

    def path(self, node: int) -> str:
        """The node's full path in the shown naming; a variable's full name or a group's prefix."""
        if int(self.row[node]) in (COUNTERS, OTHER):
            return ""
        if int(self.row[node]) >= 0:
            return self.names[int(self.row[node])]
        return decode(self.names.raw(int(self.name_row[node]))[: int(self.high[node])])

    def is_slot(self, node: int) -> bool:
        """Whether the node stands under its weight."""
        parent = int(self.parent[node])
        return parent >= 0 and int(self.row[parent]) >= 0

    def has_children(self, node: int) -> bool:
        """Whether the node can be expanded."""
        return int(self.end[node]) > node + 1

    def rows_of(self, node: int) -> NDArray[np.int32]:
        """Rows of the variables in the node's subtree, itself included."""
        rows = self.row[node : self.end[node]]
        return rows[rows >= 0]

    def leaf_count(self, node: int) -> int:
        """How many variables the subtree has."""
        return int(self.leaves_before[self.end[node]] - self.leaves_before[node])

    def total_bytes(self, node: int) -> int:
        """Bytes of data in the subtree."""
        return int(self.bytes_before[self.end[node]] - self.bytes_before[node])


@dataclass(eq=False)
class _Part:
    """Nodes of one set of rows, before they are put together; indices are within the part."""

    row: NDArray[Any]
    depth: NDArray[Any]
    name_row: NDArray[Any]
    low: NDArray[Any]
    high: NDArray[Any]


def shown_names(columns: Columns, naming: Naming) -> Names:
    """The names that a way of naming shows: keys where a checkpoint has no others."""
    if naming == "object" and columns.object_paths is not None:
        return _with_fallback(columns.object_paths, columns.keys)
    if naming == "name" and columns.names is not None:
        return columns.names
    return columns.keys


def _with_fallback(paths: Names, keys: Names) -> Names:
    empty = np.flatnonzero(np.diff(paths.offsets) == 1)
    if len(empty) == 0:
        return paths
    if len(empty) == len(paths):
        return keys
    return Names.of(paths.raw(i) or keys.raw(i) for i in range(len(keys)))


def build_nodes(columns: Columns, naming: Naming = "name") -> TreeNodes:
    """The tree of all variables of `columns`."""
    names = shown_names(columns, naming)
    role = columns.role
    slot = _real_slots(columns)
    parts = []
    for top, chosen in (
        (None, (role != Role.counter) & (role != Role.metadata)),
        (COUNTERS, role == Role.counter),
        (OTHER, role == Role.metadata),
    ):
        rows = np.flatnonzero(chosen & ~slot).astype(np.int32)
        if len(rows):
            part = _nodes_of(names, rows)
            parts.append(part if top is None else _under(top, part))
    return _assemble(columns, names, _with_slots(columns, names, _joined(parts), np.flatnonzero(slot)))


def _real_slots(columns: Columns) -> NDArray[np.bool_]:
    """Rows that stand under another one: not under themselves, and not under a slot."""
    of = columns.slot_of
    is_slot = (of >= 0) & (of < len(columns)) & (of != np.arange(len(columns)))
    target = np.where(is_slot, of, 0)
    return is_slot & ~is_slot[target]


def _nodes_of(names: Names, rows: NDArray[np.int32]) -> _Part:
    rows = natural_order(names, rows)
    blob = np.frombuffer(names.blob, np.uint8)
    starts = names.offsets[rows]
    lengths = (names.offsets[rows + 1] - 1 - starts).astype(np.int64)
    shared_bytes = shared_prefix_lengths(blob, starts, lengths)
    slash_row, slash_at = _slashes(blob, starts, lengths)
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


def _slashes(
    blob: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every slash: which name (by its place in `starts`, ascending), and where in it."""
    places = np.flatnonzero(blob == _SLASH)
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
    low = np.zeros(len(slots), np.int64)
    for i in np.flatnonzero(columns.slot_name[slots] < 0).tolist():
        low[i] = _last_part(names.raw(int(slots[i])))
    return _Part(
        np.insert(part.row, at, slots),
        np.insert(part.depth, at, part.depth[weight] + 1),
        np.insert(part.name_row, at, slots),
        np.insert(part.low, at, low),
        np.insert(part.high, at, lengths),
    )


def _last_part(name: bytes) -> int:
    return name.removesuffix(_LEAF_SUFFIX.encode()).rfind(b"/") + 1


def _assemble(columns: Columns, names: Names, part: _Part) -> TreeNodes:
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
    )
