"""The object graph of a checkpoint that some variables were dropped from: TensorFlow restores by it, so it must follow.

A node that held a dropped variable, and every node that leads to nothing but such ones, is cut off from its parents,
so that a model which still has it is told so; nodes keep their numbers. Where a member of a list went, those behind it
move up, as they do in the list of a model without it. Slot relations go with the slot or with its weight.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import Window, check_window
from ckpt_studio.document.state import State
from ckpt_studio.document.values.base import Unstored, Values, Want
from ckpt_studio.formats.protos.object_graph_pb2 import TrackableObjectGraph
from ckpt_studio.formats.roles.by_name import GRAPH_KEY

__all__ = ["GRAPH_KEY", "Change", "FollowingGraph", "told", "without"]

Gone = Callable[[list[str]], frozenset[str]]
"""Which of these keys are not there any more."""

_MEMBER: Final = re.compile(r"(|layer-|layer_with_weights-)(0|[1-9]\d{0,8})")
"""Names that lists, and Keras's functional models, give their members by position."""

_Node = TrackableObjectGraph.TrackableObject


def told(graph: bytes, change: Change) -> bytes:
    """The object graph after a change; itself where it names nothing of that, or is damaged."""
    graph = without(graph, change.gone)
    if not change.renamed:
        return graph
    try:
        proto = TrackableObjectGraph.FromString(graph)
    except DecodeError:
        return graph
    for node in proto.nodes:
        for attribute in node.attributes:
            attribute.checkpoint_key = change.renamed.get(attribute.checkpoint_key, attribute.checkpoint_key)
    return proto.SerializeToString(deterministic=True)


def without(graph: bytes, gone: Gone) -> bytes:
    """The object graph without what is gone; itself where it names nothing of that, or is damaged."""
    try:
        proto = TrackableObjectGraph.FromString(graph)
    except DecodeError:
        return graph
    nodes = proto.nodes
    lost = gone([attribute.checkpoint_key for node in nodes for attribute in node.attributes])
    if not lost:
        return graph
    before = _with_values(nodes)
    for node in nodes:
        _keep(node.attributes, lambda one: one.checkpoint_key not in lost)
    empty = before - _with_values(nodes)
    for number in empty:
        if nodes[number].HasField("has_checkpoint_values"):
            nodes[number].has_checkpoint_values.value = False
    for node in nodes:
        _keep(
            node.slot_variables,
            lambda one: not empty & {one.slot_variable_node_id, one.original_variable_node_id},
        )
        _cut(node, empty)
    return proto.SerializeToString(deterministic=True)


def _with_values(nodes: Iterable[_Node]) -> set[int]:
    """Numbers of the nodes that hold values, or lead to some."""
    parents: dict[int, list[int]] = {}
    found = []
    for number, node in enumerate(nodes):
        if node.attributes:
            found.append(number)
        for child in node.children:
            parents.setdefault(child.node_id, []).append(number)
    seen = set(found)
    while found:
        for parent in parents.get(found.pop(), ()):
            if parent not in seen:
                seen.add(parent)
                found.append(parent)
    return seen


def _keep(field: Any, wanted: Callable[[Any], bool]) -> None:
    """Only these values of a repeated field."""
    kept = [one for one in field if wanted(one)]
    if len(kept) < len(field):
        copies = [type(one).FromString(one.SerializeToString()) for one in kept]
        del field[:]
        field.extend(copies)


def _cut(node: _Node, empty: set[int]) -> None:
    """Take a node's references to empty ones away, and let the members of its lists move up."""
    if all(child.node_id not in empty for child in node.children):
        return
    lists: dict[str, list[Any]] = {}
    for child in node.children:
        member = _MEMBER.fullmatch(child.local_name)
        if member is not None:
            lists.setdefault(member[1], []).append((int(member[2]), child))
    for prefix, members in lists.items():
        members.sort(key=lambda one: one[0])
        if [place for place, _ in members] == list(range(len(members))):
            left = [child for _, child in members if child.node_id not in empty]
            for place, child in enumerate(left):
                child.local_name = f"{prefix}{place}"
    _keep(node.children, lambda child: child.node_id not in empty)


@dataclass(frozen=True, slots=True)
class Change:
    """What the object graph has to be told.

    Attributes:
        renamed: new key by the key that the checkpoint has.
        dropped: keys of the checkpoint that are not there any more.
        kept: where not all that the graph names was there: keys of the checkpoint that still are.
        added: new keys.
    """

    renamed: Mapping[str, str]
    dropped: frozenset[str]
    kept: frozenset[str] | None
    added: tuple[str, ...]

    @classmethod
    def of(cls, state: State, *, incomplete: bool) -> Change:
        """What a state changes.

        Args:
            state: what is staged.
            incomplete: whether variables could not be read that the graph may name.
        """
        base, own = state.base.keys, state.columns.keys
        there = np.zeros(len(base), np.bool_)
        live = ~state.dropped
        there[state.origin[live & ~state.added]] = True
        rows = np.flatnonzero(state.renamed & live)
        before = base.take(state.origin[rows].tolist())
        return cls(
            renamed=dict(zip(before, own.take(rows.tolist()), strict=True)),
            dropped=frozenset(base.take(np.flatnonzero(~there).tolist())),
            kept=frozenset(base.take(np.flatnonzero(there).tolist())) if incomplete else None,
            added=tuple(own.take(np.flatnonzero(state.added & live).tolist())),
        )

    def gone(self, keys: list[str]) -> frozenset[str]:
        """Which of these keys, which an object graph names, are not there any more."""
        if self.kept is not None:
            return frozenset(keys) - self.kept
        return self.dropped & frozenset(keys)

    def identity(self) -> str:
        """A text that changes with what is told."""
        told = (sorted(self.renamed.items()), sorted(self.dropped), self.added)
        return hashlib.sha256(repr(told).encode("utf-8", "surrogatepass")).hexdigest()[:16]


class FollowingGraph(Unstored):
    """The value of the object graph's key, told of a change."""

    def __init__(self, below: Values, change: Change) -> None:
        super().__init__(Want(GRAPH_KEY, below.dtype, below.shape, GRAPH_KEY))
        self._below, self._change = below, change

    def read(self, window: Window | None = None) -> NDArray[Any]:
        """The graph: an object array without axes."""
        check_window(window, ())
        values = self._below.read()
        for place, graph in enumerate(values.flat):
            values.flat[place] = told(bytes(graph), self._change)
        return values

    def blocks(self, task: Task = UNTENDED) -> Iterator[NDArray[Any]]:
        """As `Values.blocks`."""
        values = self.read().reshape(-1)
        yield values
        task.advance(sum(map(len, values)))

    def identity(self) -> str:
        """As `Values.identity`."""
        return f"{self._below.identity()} following {self._change.identity()}"
