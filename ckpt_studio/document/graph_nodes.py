"""An object graph that is changed where it stands: a node that nobody opens stays the bytes that it was.

What all nodes say is known as columns, so that a change of a few among hundreds of thousands parses only those.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.tensors import Names
from ckpt_studio.formats.messages import Messages
from ckpt_studio.formats.protos.object_graph_pb2 import TrackableObjectGraph
from ckpt_studio.formats.roles.object_graph import graph_of

_NODES, _SAYS_VALUES = 1, 5
_MANY = 4096
"""From so many changed nodes on, all are parsed: one message of all costs less than so many."""

Node = TrackableObjectGraph.TrackableObject


class Edges(NamedTuple):
    """Children of all nodes: of each, int64 [E], the parent and the child."""

    parent: NDArray[np.int64]
    child: NDArray[np.int64]


class Slots(NamedTuple):
    """Slot relations of all nodes: of each, int64 [S], whose it is, which of its own, the weight and the slot."""

    owner: NDArray[np.int64]
    place: NDArray[np.int64]
    weight: NDArray[np.int64]
    slot: NDArray[np.int64]


class Graph:
    """The nodes by number, 0 the root. What is asked for may be changed.

    Args:
        raw: the graph, as its variable holds it.

    Raises:
        ValueError: it is no object graph.
    """

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        messages = Messages(raw)
        nodes = messages.whole().of(_NODES)
        fields = messages.fields(nodes.first, nodes.after)
        self._columns = graph_of(messages, nodes, fields)
        self._first, self._after = nodes.first, nodes.after
        self.says_values = bool((fields.number == _SAYS_VALUES).any())
        """Whether nodes say that they lead to values."""
        self._opened: dict[int, Node] = {}
        self._whole: TrackableObjectGraph | None = None
        self._count = len(nodes)

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, number: int) -> Node:
        """A node, parsed; raises protobuf's DecodeError where it is damaged."""
        if self._whole is None and number not in self._opened and len(self._opened) == _MANY:
            self._open_all()
        if self._whole is not None:
            return self._whole.nodes[number]
        if number not in self._opened:
            self._opened[number] = Node.FromString(self._raw[self._first[number] : self._after[number]])
        return self._opened[number]

    def _open_all(self) -> None:
        """So many are changed that one message of all costs less."""
        whole = TrackableObjectGraph.FromString(self._raw)
        whole.nodes.extend(Node() for _ in range(self._count - len(self._first)))
        for number, node in self._opened.items():
            whole.nodes[number].CopyFrom(node)
        self._whole, self._opened = whole, {}

    def _changed(self) -> Iterable[tuple[int, Node]]:
        """The nodes that the columns say nothing about any more."""
        return self._opened.items() if self._whole is None else enumerate(self._whole.nodes)

    def add(self) -> Node:
        """A new node, the last."""
        self._count += 1
        if self._whole is not None:
            return self._whole.nodes.add()
        node = self._opened[self._count - 1] = Node()
        return node

    def to_bytes(self) -> bytes:
        """The graph as it is now."""
        if self._whole is not None:
            return self._whole.SerializeToString(deterministic=True)
        parts, at = [], 0
        for number, node in sorted(self._opened.items()):
            if number < len(self._first):
                parts.append(self._raw[at : self._after[number - 1] if number else 0])
                at = int(self._after[number])
            else:
                parts.append(self._raw[at:])
                at = len(self._raw)
            parts.append(TrackableObjectGraph(nodes=[node]).SerializeToString(deterministic=True))
        return b"".join((*parts, self._raw[at:]))

    # ---- what all nodes say, by now

    def keys(self) -> tuple[list[int], list[str]]:
        """The node of each attribute, ascending, and its checkpoint key."""
        numbers, keys = self._keys
        if self._opened or self._whole is not None:
            pairs = [
                (number, one.checkpoint_key) for number, node in self._changed() for one in node.attributes
            ]
            if self._whole is None:
                pairs += [pair for pair in zip(numbers, keys, strict=True) if pair[0] not in self._opened]
                pairs.sort(key=itemgetter(0))
            numbers, keys = [number for number, _ in pairs], [key for _, key in pairs]
        return numbers, keys

    @cached_property
    def _keys(self) -> tuple[list[int], list[str]]:
        return self._columns.attributes.node.tolist(), Names.of(self._columns.keys()).texts()

    def holders(self) -> NDArray[np.bool_]:
        """Bool [nodes]: those that hold values themselves."""
        found = np.zeros(len(self), np.bool_)
        found[self._columns.attributes.node] = True
        for number, node in self._changed():
            found[number] = bool(node.attributes)
        return found

    def edges(self) -> Edges:
        """Those that lead to a node."""
        children = self._columns.children
        more = [(number, one.node_id) for number, node in self._changed() for one in node.children]
        parent, child = self._with(np.array((children.owner, children.node)), more)
        there = (child >= 0) & (child < len(self))
        return Edges(parent[there], child[there])

    def slots(self) -> Slots:
        """All of them."""
        slots = self._columns.slots
        first = np.searchsorted(slots.owner, slots.owner)
        known = np.array((slots.owner, np.arange(len(first)) - first, slots.weight, slots.node))
        more = [
            (number, place, one.original_variable_node_id, one.slot_variable_node_id)
            for number, node in self._changed()
            for place, one in enumerate(node.slot_variables)
        ]
        return Slots(*self._with(known, more))

    def _with(self, known: NDArray[np.int64], more: Sequence[tuple[int, ...]]) -> NDArray[np.int64]:
        """Columns of nodes that were not opened (their numbers are the first), and those of such that were."""
        opened = np.full(len(self), self._whole is not None)
        opened[list(self._opened)] = True
        return np.concatenate(
            (known[:, ~opened[known[0]]], np.array(more, np.int64).reshape(-1, len(known)).T), 1
        )
