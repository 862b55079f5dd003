"""The tree of variables as flat arrays in preorder, so that a million names take a second and not a minute.

`tree_build` makes them. Nothing here names Qt: it runs on a background thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.tensors import Columns, Names, decode
from ckpt_studio.gui.settings import Naming

OPTIMIZER: Final = -2
METRICS: Final = -3
METADATA: Final = -4
APART: Final = (OPTIMIZER, METRICS, METADATA)
"""What stands for the row of a top group, in the order they are shown in, after the weights."""
_LEAF_SUFFIX: Final = "/.ATTRIBUTES/VARIABLE_VALUE"


@dataclass(frozen=True, eq=False)
class TreeNodes:
    """M nodes in preorder: a node's subtree is `node .. end[node] - 1`.

    Attributes:
        columns: what the rows mean.
        naming: which of their names are shown.
        names: the texts that labels are cut from.
        row: int32 [M], row of the variable, or -1 for a group, or one of APART.
        depth: uint8 [M].
        parent: int32 [M], -1 at the top.
        end: int32 [M].
        name_row: int32 [M], the row whose name holds the label.
        low, high: int32 [M], the label's place in that name.
        node_of_row: int32 [N].
        leaves_before: int64 [M + 1], how many variables stand before each node.
        bytes_before: int64 [M + 1], how many bytes of data stand before each node.
        twins: bool [N], rows that another one beside them has the label of.
        borrowed: bool [N], rows without a name of the kind that is shown: they show another.
    """

    columns: Columns
    naming: Naming
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
    twins: NDArray[np.bool_]
    borrowed: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.row)

    def label(self, node: int) -> str:
        """The node's own text, as the file has it; "" for the groups that stand apart."""
        row = int(self.row[node])
        if row in APART:
            return ""
        if row >= 0 and self.is_slot(node):
            return self._slot_label(node, row)
        raw = self.names.raw(int(self.name_row[node]))[int(self.low[node]) : int(self.high[node])]
        text = decode(raw)
        return text.removesuffix(_LEAF_SUFFIX) if row >= 0 else text

    def _slot_label(self, node: int, row: int) -> str:
        """The slot's own name, or what its key or path adds to that of its weight."""
        slot_name = int(self.columns.slot_name[row])
        own = self.names[row].removesuffix(_LEAF_SUFFIX)
        if self.naming == "name":
            last = own.rpartition("/" if "/" in own else ".")[2]
            return last if slot_name < 0 else self.columns.slot_names[slot_name]
        return _beyond(self.names[self._weight(node)], own)

    def twin_mark(self, node: int) -> str:
        """What tells a variable from its twins: its key, or what that adds to its weight's; "" where there are none."""
        row = int(self.row[node])
        if row < 0 or not self.twins[row]:
            return ""
        key = self.columns.keys[row].removesuffix(_LEAF_SUFFIX)
        return _beyond(self.columns.keys[self._weight(node)], key) if self.is_slot(node) else key

    def _weight(self, node: int) -> int:
        return int(self.row[int(self.parent[node])])

    def path(self, node: int) -> str:
        """The node's full path in the shown naming; a variable's name or a group's prefix."""
        row = int(self.row[node])
        if row >= 0:
            return self.names[row]
        return (
            "" if row in APART else decode(self.names.raw(int(self.name_row[node]))[: int(self.high[node])])
        )

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


def _beyond(weight: str, slot: str) -> str:
    """`a/w/Adam` of the weight `a/w` -> `Adam`; the whole text where it does not begin so."""
    weight = weight.removesuffix(_LEAF_SUFFIX)
    return slot[len(weight) + 1 :] if slot.startswith((f"{weight}/", f"{weight}.")) else slot
