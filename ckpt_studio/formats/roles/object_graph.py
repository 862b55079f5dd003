"""The object graph of a TF2 checkpoint as columns: which object has which children, variables and optimizer slots.

Field numbers are those of `protos/object_graph.proto`. A node number that leads nowhere is kept as it stands: whoever
follows it asks `is_node` first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.formats.messages import Fields, Messages

if TYPE_CHECKING:
    from ckpt_studio.formats.protos.object_graph_pb2 import TrackableObjectGraph

NODES: Final = 1
CHILDREN, ATTRIBUTES, SLOTS = 1, 2, 3
_MOST_LEVELS: Final = 512
_LONGEST_PATH: Final = 4096
_MOST_PATH_BYTES: Final = 32 << 20


@dataclass(frozen=True, eq=False)
class References:
    """The children of all nodes, those of one node together and in order.

    Attributes:
        node: int32 [C], the child.
        first, after: int32 [C], where its local name stands in the bytes.
        start: int64 [nodes + 1], those of node i are `start[i]:start[i + 1]`.
    """

    node: NDArray[np.int32]
    first: NDArray[np.int32]
    after: NDArray[np.int32]
    start: NDArray[np.int64]

    @cached_property
    def owner(self) -> NDArray[np.int64]:
        """Int64 [C]: the node that each is a child of."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))


@dataclass(frozen=True, eq=False)
class Attributes:
    """What the nodes have stored, one a checkpoint key.

    Attributes:
        messages: the bytes.
        node: int32 [A].
        is_value: bool [A], whether it is a variable's value.
        said: int32 [A] each, where its full name begins and ends in the bytes.
        first, after: int32 [A], where its key stands in the bytes.
    """

    messages: Messages
    node: NDArray[np.int32]
    is_value: NDArray[np.bool_]
    said: tuple[NDArray[np.int32], NDArray[np.int32]]
    first: NDArray[np.int32]
    after: NDArray[np.int32]

    @cached_property
    def full_names(self) -> list[bytes]:
        """Bytes [A]."""
        return self.messages.texts(*self.said)

    def keys(self) -> list[bytes]:
        """Bytes [A], made anew each time: they stand in the index as well."""
        return self.messages.texts(self.first, self.after)


@dataclass(frozen=True, eq=False)
class SlotVariables:
    """Which variable an optimizer keeps for which weight.

    Attributes:
        messages: the bytes.
        owner, weight, node: int32 [S], the optimizer, the weight and the slot variable.
        said: int32 [S] each, where its name begins and ends in the bytes.
    """

    messages: Messages
    owner: NDArray[np.int32]
    weight: NDArray[np.int32]
    node: NDArray[np.int32]
    said: tuple[NDArray[np.int32], NDArray[np.int32]]

    @cached_property
    def names(self) -> list[bytes]:
        """Bytes [S]."""
        return self.messages.texts(*self.said)


@dataclass(frozen=True, eq=False)
class ObjectGraph:
    """The nodes, 0 the root.

    Attributes:
        count: how many there are.
    """

    count: int
    messages: Messages
    children: References
    attributes: Attributes
    slots: SlotVariables

    def is_node(self, numbers: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Which numbers lead somewhere."""
        return (numbers >= 0) & (numbers < self.count)

    def keys(self) -> list[bytes]:
        """The checkpoint keys of all attributes, as `Attributes.keys`."""
        return self.attributes.keys()

    def named(self, name: bytes) -> NDArray[np.int64]:
        """The children with this local name, as places in `children`."""
        return np.flatnonzero(self.messages.are(self.children.first, self.children.after, name))

    def children_of(self, number: int) -> Iterator[tuple[bytes, int]]:
        """Local name and node of each child that leads somewhere."""
        part = slice(*self.children.start[number : number + 2].tolist())
        names = self.messages.texts(self.children.first[part], self.children.after[part])
        for name, node in zip(names, self.children.node[part].tolist(), strict=True):
            if 0 <= node < self.count:
                yield name, node

    def members_of(self, number: int) -> tuple[list[int], NDArray[np.int32]]:
        """Places and nodes of the members of a list node, in order; children that have no place are passed over."""
        part = slice(*self.children.start[number : number + 2].tolist())
        names = self.messages.texts(self.children.first[part], self.children.after[part])
        nodes = self.children.node[part]
        there = self.is_node(nodes)
        places = list(range(len(names)))
        if there.all() and names == [b"%d" % place for place in places]:
            return places, nodes
        found = sorted((int(names[at]), at) for at in np.flatnonzero(there).tolist() if is_place(names[at]))
        return [place for place, _ in found], nodes[[at for _, at in found]]

    def paths_of(self, numbers: list[int]) -> dict[int, bytes]:
        """The shortest path from the root to each of these nodes, of local names as TensorFlow escapes them.

        Nodes that lie too deep, or whose path is very long, have none.
        """
        parent, edge = (column.tolist() for column in self._tree)
        names = self.messages.texts(self.children.first, self.children.after)
        paths = {0: b""}
        left = _MOST_PATH_BYTES
        for number in numbers:
            way = []
            node = number
            while node not in paths and parent[node] >= 0:
                way.append(node)
                node = parent[node]
            path = paths.get(node)
            for node in reversed(way):
                if path is None or len(path) > _LONGEST_PATH or left < 0:
                    break
                name = escape(names[edge[node]])
                path = paths[node] = path + b"/" + name if path else name
                left -= len(path)
        return {number: paths[number] for number in numbers if paths.get(number)}

    @cached_property
    def _tree(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Breadth first from the root: the parent of each node (-1: not reached) and the child entry that led to it."""
        parent, edge = np.full(self.count, -1, np.int64), np.full(self.count, -1, np.int64)
        start, child = self.children.start, self.children.node
        level = np.zeros(min(self.count, 1), np.int64)
        parent[level] = 0
        for _ in range(_MOST_LEVELS):
            counts = start[level + 1] - start[level]
            entries = np.repeat(start[level] - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
            entries = entries[self.is_node(child[entries])]
            entries = entries[parent[child[entries]] < 0]
            nodes, where = np.unique(child[entries], return_index=True)
            if not len(nodes):
                break
            where.sort()
            entries = entries[where]
            level = child[entries].astype(np.int64)
            parent[level], edge[level] = self.children.owner[entries], entries
        return parent, edge


def is_place(name: bytes) -> bool:
    """Whether a local name is the place of a list's member."""
    return name.isdigit() and len(name) < 10


def escape(name: bytes) -> bytes:
    """A local name as it stands in a path and in checkpoint keys."""
    return name.replace(b".", b"..").replace(b"/", b".S")


def parse_graph(raw: bytes) -> ObjectGraph | None:
    """The object graph in the value of its key, or None where it is damaged."""
    try:
        messages = Messages(raw)
        nodes = messages.whole().of(NODES)
        return graph_of(messages, nodes, messages.fields(nodes.first, nodes.after))
    except ValueError:
        return None


def message_of(raw: bytes) -> TrackableObjectGraph | None:
    """The object graph as a message, for whoever writes it anew, or None where it is damaged."""
    from google.protobuf.message import DecodeError

    from ckpt_studio.formats.protos.object_graph_pb2 import TrackableObjectGraph

    try:
        return TrackableObjectGraph.FromString(raw)
    except DecodeError:
        return None


def graph_of(messages: Messages, nodes: Fields, fields: Fields) -> ObjectGraph:
    """The graph of nodes whose fields are at hand (a SavedModel's have others besides).

    Raises:
        ValueError: a part of it is no message.
    """
    count = len(nodes)
    return ObjectGraph(
        count=count,
        messages=messages,
        children=references(messages, fields.of(CHILDREN), count),
        attributes=attributes(messages, fields.of(ATTRIBUTES)),
        slots=slot_variables(messages, fields.of(SLOTS)),
    )


def references(messages: Messages, children: Fields, count: int) -> References:
    """The children that these fields of so many nodes are; ValueError where they are no messages."""
    fields = messages.fields(children.first, children.after)
    start = np.zeros(count + 1, np.int64)
    np.cumsum(np.bincount(children.owner, minlength=count), out=start[1:])
    return References(fields.last(1, len(children))[0], *fields.last(2, len(children)), start)


def attributes(messages: Messages, found: Fields) -> Attributes:
    """Those of these fields of nodes that have a key; ValueError where they are no messages."""
    fields = messages.fields(found.first, found.after)
    count = len(found)
    first, after = fields.last(3, count)
    kept = np.flatnonzero(first < after)
    (name_at, name_end), (full_at, full_end) = fields.last(1, count), fields.last(2, count)
    return Attributes(
        messages=messages,
        node=found.owner[kept],
        is_value=messages.are(name_at[kept], name_end[kept], b"VARIABLE_VALUE"),
        said=(full_at[kept], full_end[kept]),
        first=first[kept],
        after=after[kept],
    )


def slot_variables(messages: Messages, found: Fields) -> SlotVariables:
    """The slot relations that these fields of nodes are; ValueError where they are no messages."""
    fields = messages.fields(found.first, found.after)
    count = len(found)
    return SlotVariables(
        messages=messages,
        owner=found.owner,
        weight=fields.last(1, count)[0],
        node=fields.last(3, count)[0],
        said=fields.last(2, count),
    )
