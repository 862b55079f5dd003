"""An object graph that is changed where it stands: a node that nobody opens stays the bytes that it was.

Where nodes begin is found for all of them. What they say is known as columns, made when they are asked for, so that a
change of a few among hundreds of thousands parses only those and what it has to know of the others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.tensors import encode
from ckpt_studio.formats.messages import Fields, Messages
from ckpt_studio.formats.protos.object_graph_pb2 import TrackableObjectGraph
from ckpt_studio.formats.roles.object_graph import (
    ATTRIBUTES,
    CHILDREN,
    NODES,
    SLOTS,
    attributes,
    references,
    slot_variables,
)
from ckpt_studio.formats.sstable.coding import write_varint
from ckpt_studio.formats.wire import LENGTH

_NODE_TAG: Final = bytes([NODES << 3 | LENGTH])
_SAYS_VALUES: Final = 5
_FEW: Final = 8
"""To search all the bytes for so many keys costs less than to look at every key."""
_AT_ONCE: Final = 4096
"""Attributes whose keys are found in one step."""
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
        self._messages = Messages(raw)
        nodes = self._messages.whole().of(NODES)
        self._first, self._after = nodes.first, nodes.after
        self._fields = self._messages.fields(nodes.first, nodes.after)
        self.says_values = bool((self._fields.number == _SAYS_VALUES).any())
        """Whether nodes say that they lead to values."""
        self._opened: dict[int, Node] = {}
        self._parts: dict[int, list[tuple[int, bytes]]] = {}
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
        old = memoryview(self._raw)
        parts: list[bytes | memoryview] = []
        at = 0
        for number, node in sorted(self._opened.items()):
            if number < len(self._first):
                parts.append(old[at : self._after[number - 1] if number else 0])
                at = int(self._after[number])
            else:
                parts.append(old[at:])
                at = len(old)
            new = node.SerializeToString(deterministic=True)
            parts += (_NODE_TAG, write_varint(len(new)), new)
        return b"".join((*parts, old[at:]))

    # ---- what all nodes say, by now

    def holding(self, keys: Collection[str]) -> list[tuple[int, str]]:
        """Node, ascending, and key of each attribute that has one of these keys."""
        wanted = {encode(key): key for key in keys}
        if len(wanted) > _FEW or self._whole is not None:
            found = [one for one in self.each_key() if one[1] in wanted]
        else:
            rows = {row for key in wanted for row in self._attributes_with(key)}
            old = self._keys(np.array(sorted(rows), np.int64))
            found = [one for one in (*self._of_unopened(old), *self._new_keys()) if one[1] in wanted]
        return sorted((number, wanted[key]) for number, key in found)

    def _attributes_with(self, text: bytes) -> Iterator[int]:
        """Rows of attributes with this text somewhere in their bytes."""
        first, after = self._attributes.first, self._attributes.after
        at = self._raw.find(text)
        while at >= 0:
            row = int(np.searchsorted(first, at, "right")) - 1
            inside = row >= 0 and at < after[row]
            if inside:
                yield row
            if row + 1 == len(first):
                return
            at = self._raw.find(text, int(after[row] if inside else first[row + 1]))

    def each_key(self, beside: int = 0) -> Iterator[tuple[int, bytes]]:
        """Node and checkpoint key of each attribute, found as they are asked for, those beside a node first."""
        yield from self._new_keys()
        if self._whole is None:
            count = len(self._attributes)
            here = int(np.searchsorted(self._attributes.owner, beside)) // _AT_ONCE
            for part in sorted(range(-(-count // _AT_ONCE)), key=lambda part: abs(part - here)):
                if part not in self._parts:
                    rows = np.arange(part * _AT_ONCE, min((part + 1) * _AT_ONCE, count))
                    self._parts[part] = self._keys(rows)
                yield from self._of_unopened(self._parts[part])

    def _new_keys(self) -> Iterator[tuple[int, bytes]]:
        """Node and key of each attribute of the nodes that were opened."""
        for number, node in self._changed():
            for one in node.attributes:
                yield number, encode(one.checkpoint_key)

    def _keys(self, rows: NDArray[np.int64]) -> list[tuple[int, bytes]]:
        """Node and key of some attributes, as they were."""
        found = attributes(self._messages, self._attributes.take(rows))
        return list(zip(found.node.tolist(), found.keys(), strict=True))

    def _of_unopened(self, keys: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
        return [one for one in keys if one[0] not in self._opened] if self._opened else keys

    @cached_property
    def _attributes(self) -> Fields:
        """Those of the nodes as they were."""
        return self._fields.of(ATTRIBUTES)

    def holders(self) -> NDArray[np.bool_]:
        """Bool [nodes]: those that hold values themselves."""
        found = np.zeros(len(self), np.bool_)
        found[self._attributes.owner] = True
        for number, node in self._changed():
            found[number] = bool(node.attributes)
        return found

    def edges(self) -> Edges:
        """Those that lead to a node."""
        more = [(number, one.node_id) for number, node in self._changed() for one in node.children]
        parent, child = self._with(self._edges, more)
        there = (child >= 0) & (child < len(self))
        return Edges(parent[there], child[there])

    @cached_property
    def _edges(self) -> NDArray[np.int64]:
        """Parent and child, as they were."""
        children = references(self._messages, self._fields.of(CHILDREN), len(self._first))
        return np.array((children.owner, children.node))

    def slots(self) -> Slots:
        """All of them."""
        more = [
            (number, place, one.original_variable_node_id, one.slot_variable_node_id)
            for number, node in self._changed()
            for place, one in enumerate(node.slot_variables)
        ]
        return Slots(*self._with(self._slots, more))

    @cached_property
    def _slots(self) -> NDArray[np.int64]:
        """As `Slots`, as they were."""
        slots = slot_variables(self._messages, self._fields.of(SLOTS))
        first = np.searchsorted(slots.owner, slots.owner)
        return np.array((slots.owner, np.arange(len(first)) - first, slots.weight, slots.node))

    def _with(self, known: NDArray[np.int64], more: Sequence[tuple[int, ...]]) -> NDArray[np.int64]:
        """Columns of nodes that were not opened (their numbers are the first), and those of such that were."""
        opened = np.full(len(self), self._whole is not None)
        opened[list(self._opened)] = True
        return np.concatenate(
            (known[:, ~opened[known[0]]], np.array(more, np.int64).reshape(-1, len(known)).T), 1
        )
