"""What a variable is for, by the object graph of a TF2 checkpoint: full names, slots of optimizers, counters.

Only direct relations of nodes are looked at, never paths, so cycles and depth cost nothing; a node number that leads
nowhere is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from google.protobuf.message import DecodeError

from ckpt_studio.core.tensors import Role, RoleSource, encode
from ckpt_studio.formats.protos.object_graph_pb2 import TrackableObjectGraph
from ckpt_studio.formats.roles.by_name import ATTRIBUTES, Kind, hint_of
from ckpt_studio.formats.roles.marks import Marks

_VALUE: Final = "VARIABLE_VALUE"
_WEIGHTS: Final = "_trainable_variables"
_NO_SLOTS: Final = frozenset({"_variables", "_trainable_variables_indices", _WEIGHTS})
_STEPS: Final = frozenset({"iter", "iterations", "_iterations"})


def parse_graph(raw: bytes) -> TrackableObjectGraph | None:
    """The object graph in the value of its key, or None where it is damaged."""
    try:
        return TrackableObjectGraph.FromString(raw)
    except DecodeError:
        return None


@dataclass(eq=False)
class _Graph:
    """What is needed of the nodes.

    Attributes:
        row: row of each node that has a variable.
        full_name: its full name, where it has one.
        optimizers: node numbers of optimizers.
    """

    nodes: Sequence[TrackableObjectGraph.TrackableObject]
    row: dict[int, int] = field(default_factory=dict)
    full_name: dict[int, str] = field(default_factory=dict)
    optimizers: list[int] = field(default_factory=list)


def mark_by_graph(marks: Marks, proto: TrackableObjectGraph) -> None:
    """Full names and roles of the rows that the object graph holds."""
    graph = _Graph(proto.nodes)
    rows = {key: row for row, key in enumerate(marks.raw_keys)}
    for number, node in enumerate(graph.nodes):
        for attribute in node.attributes:
            row = rows.get(encode(attribute.checkpoint_key))
            if row is None:
                continue
            marks.graph[row] = True
            if attribute.full_name:
                marks.names[row] = encode(attribute.full_name)
            if attribute.name == _VALUE:
                graph.row[number] = row
                graph.full_name[number] = attribute.full_name
            else:
                marks.role[row] = Role.metadata
        if any(child.local_name in _STEPS for child in node.children) or node.slot_variables:
            graph.optimizers.append(number)
    marks.source[marks.graph] = RoleSource.object_graph
    _mark_singles(marks, graph)
    for number in graph.optimizers:
        _mark_optimizer(marks, graph, number)
    marks.join()


def _mark_singles(marks: Marks, graph: _Graph) -> None:
    """Counters and statistics, by the last part of path and full name."""
    for number, row in graph.row.items():
        path = marks.raw_keys[row].partition(ATTRIBUTES)[0]
        for name in (path, encode(graph.full_name[number])):
            hint = hint_of(name.rpartition(b"/")[2])
            if hint is None or hint.kind == Kind.slot:
                continue
            if hint.kind == Kind.counter:
                if marks.is_single(row) or b"seed_generator" in name:
                    marks.role[row] = Role.counter
            elif hint.kind == Kind.setting:
                marks.role[row] = Role.metadata
            elif hint.kind == Kind.statistic or b"metric" in path:
                marks.role[row] = Role.statistic


def _mark_optimizer(marks: Marks, graph: _Graph, number: int) -> None:
    node = graph.nodes[number]
    for slot in node.slot_variables:
        row, weight = graph.row.get(slot.slot_variable_node_id), graph.row.get(slot.original_variable_node_id)
        if row is not None and weight is not None:
            marks.pair(row, weight, marks.number(slot.slot_name))
    lists: dict[str, list[int]] = {}
    for child in node.children:
        row = graph.row.get(child.node_id)
        if row is None:
            lists[child.local_name] = list(_children(graph, child.node_id))
        elif marks.role[row] == Role.weight and marks.is_single(row):
            marks.role[row] = Role.metadata  # a hyperparameter: learning rate, decay
    weights = lists.get(_WEIGHTS)
    if weights:
        _mark_lists(marks, graph, lists, weights)


def _children(graph: _Graph, number: int) -> Iterator[int]:
    """The members of a list node, in order."""
    if not 0 <= number < len(graph.nodes):
        return
    numbered = [(c.local_name, c.node_id) for c in graph.nodes[number].children if c.local_name.isdecimal()]
    for _, child in sorted(numbered, key=lambda pair: (len(pair[0]), pair[0])):
        yield child


def _mark_lists(marks: Marks, graph: _Graph, lists: dict[str, list[int]], weights: list[int]) -> None:
    """Keras 3 keeps slots in lists beside its weights: by full name where it tells, else by place in the list."""
    flat: dict[str, list[int]] = {}
    for weight in weights:
        if weight in graph.row:
            flat.setdefault(graph.full_name[weight].replace("/", "_"), []).append(weight)
    taken = set(weights)
    by_name: dict[int, tuple[int, str]] = {}
    for slot in lists.get("_variables", ()):
        if slot in graph.row and slot not in taken:
            if marks.role[graph.row[slot]] == Role.weight:
                marks.role[graph.row[slot]] = Role.metadata  # unless it turns out to be a slot
            found = _by_name(graph.full_name[slot], flat)
            if found is not None:
                by_name[slot] = found
    for name, members in lists.items():
        if name in _NO_SLOTS or len(members) != len(weights):
            continue
        for slot, weight in zip(members, weights, strict=True):
            if slot not in taken and slot in graph.row and weight in graph.row:
                by_name.setdefault(slot, (weight, _singular(name)))
    for slot, (weight, name) in by_name.items():
        marks.pair(graph.row[slot], graph.row[weight], marks.number(name))


def _by_name(full_name: str, flat: dict[str, list[int]]) -> tuple[int, str] | None:
    """`adam/dense_kernel_velocity` -> the node of `dense/kernel`, `velocity`; None where that is not certain."""
    last = full_name.rpartition("/")[2]
    for found in reversed(list(re.finditer("_", last))):
        weights = flat.get(last[: found.start()])
        if weights is not None:
            return (weights[0], last[found.end() :]) if len(weights) == 1 else None
    return None


def _singular(name: str) -> str:
    """`_velocities` -> `velocity`."""
    name = name.strip("_")
    return name[:-3] + "y" if name.endswith("ies") else name.removesuffix("s")
