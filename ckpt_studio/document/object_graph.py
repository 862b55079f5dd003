"""The object graph of a checkpoint that some variables were dropped from: TensorFlow restores by it, so it must follow.

A node that held a dropped variable, and every node that leads to nothing but such ones, is cut off from its parents,
so that a model which still has it is told so; nodes keep their numbers. Where a member of a list went, those behind it
move up, as they do in the list of a model without it. Slot relations go with the slot or with its weight.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import Columns, Stored, TensorSource, Window, check_window
from ckpt_studio.formats.protos.object_graph_pb2 import TrackableObjectGraph
from ckpt_studio.formats.roles.by_name import GRAPH_KEY

__all__ = ["GRAPH_KEY", "FollowingGraph", "without"]

Gone = Callable[[list[str]], frozenset[str]]
"""Which of these keys are not there any more."""

_MEMBER: Final = re.compile(r"(|layer-|layer_with_weights-)(0|[1-9]\d{0,8})")
"""Names that lists, and Keras's functional models, give their members by position."""

_Node = TrackableObjectGraph.TrackableObject


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


class FollowingGraph:
    """A `TensorSource` of one variable: the object graph of a source, without what is gone.

    Args:
        source: holds the graph.
        gone: which keys are not there any more.
        version: changes with what is gone.
    """

    def __init__(self, source: TensorSource, gone: Gone, version: int) -> None:
        self._source, self._gone, self._version = source, gone, version

    @property
    def columns(self) -> Columns:
        """Those of the source."""
        return self._source.columns

    def read(self, key: str, window: Window | None = None) -> NDArray[Any]:
        """The graph: an object array without axes."""
        check_window(window, ())
        values = self._source.read(key)
        for place, graph in enumerate(values.flat):
            values.flat[place] = without(bytes(graph), self._gone)
        return values

    def blocks(self, key: str, task: Task = UNTENDED) -> Iterator[NDArray[Any]]:
        """As `TensorSource.blocks`."""
        values = self.read(key).reshape(-1)
        yield values
        task.advance(sum(map(len, values)))

    def identity(self, key: str) -> str:
        """As `TensorSource.identity`."""
        return f"{self._source.identity(key)} following {self._version:x}"

    def stored(self, key: str) -> Stored | None:
        """None: nowhere."""
        return None
