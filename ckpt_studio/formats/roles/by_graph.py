"""What a variable is for, by the object graph of a TF2 checkpoint: full names, slots of optimizers, counters.

Only direct relations of nodes are looked at, so cycles and depth cost nothing; a node number that leads nowhere is
passed over, and a list that many nodes share is walked once.
"""

from __future__ import annotations

from itertools import compress, repeat
from typing import Final

import numpy as np

from ckpt_studio.core.tensors import Role, RoleSource, decode
from ckpt_studio.formats.roles.by_name import Kind, hint_of, role_by
from ckpt_studio.formats.roles.keras_slots import ALL, KerasSlots, Slot, Variables
from ckpt_studio.formats.roles.marks import ATTRIBUTES, Marks
from ckpt_studio.formats.roles.object_graph import ObjectGraph

_STEPS: Final = (b"iter", b"iterations", b"_iterations")
_SETTINGS: Final = (b"learning_rate", b"_learning_rate", b"decay", ALL)
_TOGETHER: Final = ((b"total", b"count"), (b"adapt_mean", b"count"))
"""Children that make an object a metric, or a layer that has seen the data."""

_USUAL_END: Final = ATTRIBUTES + b"VARIABLE_VALUE\n"


def mark_by_graph(marks: Marks, graph: ObjectGraph) -> None:
    """Full names, roles and missing paths of the rows that the object graph holds."""
    variables = _find_variables(marks, graph)
    optimizers = _optimizers(graph)
    _mark_slot_variables(marks, graph, variables)
    keras = KerasSlots(graph, variables)
    for number in optimizers:
        _mark_keras_slots(marks, variables, keras.of(number))
    marks.join()
    for names in _TOGETHER:
        _mark_together(marks, graph, variables, names)
    _mark_singles(marks)
    for number in optimizers:
        for _, node in graph.children_of(number):
            row = int(variables.row[node])
            if row >= 0 and marks.role[row] == Role.weight and marks.is_single(row):
                marks.role[row] = Role.metadata  # a setting: decay, beta_1
    _find_paths(marks, graph, variables)


def _find_variables(marks: Marks, graph: ObjectGraph) -> Variables:
    """The rows that the graph holds, with their full names; what is no variable's value is metadata."""
    attributes, keys = graph.attributes, graph.keys()
    rows = dict(zip(marks.raw_keys, range(len(marks.raw_keys)), strict=True))
    row = np.fromiter(map(rows.get, keys, repeat(-1)), np.int64, len(keys))
    held = np.flatnonzero(row >= 0)
    marks.graph[row[held]] = True
    marks.source[row[held]] = RoleSource.object_graph
    full_names = attributes.full_names
    said = full_names if len(held) == len(row) else [full_names[at] for at in held.tolist()]
    marks.names.update(compress(zip(row[held].tolist(), said, strict=True), said))
    _mark_parts(marks, [keys[at] for at in np.flatnonzero(row < 0).tolist()])
    is_value = attributes.is_value[held]
    marks.role[row[held[~is_value]]] = Role.metadata
    values = held[is_value]
    of_node = np.full(graph.count, -1, np.int64)
    of_node[attributes.node[values]] = row[values]
    of_values = full_names if len(values) == len(row) else [full_names[at] for at in values.tolist()]
    return Variables(of_node, attributes.node[values], of_values, marks.same_shape)


def _mark_parts(marks: Marks, absent: list[bytes]) -> None:
    """An iterator or a table is stored as several tensors: the keys say more than the graph (`ITERATOR_STATE`)."""
    stems = {key.partition(ATTRIBUTES)[0] for key in absent}
    if not stems:
        return
    for row in np.flatnonzero(~marks.graph).tolist():
        path, found, _ = marks.raw_keys[row].partition(ATTRIBUTES)
        if found and path in stems:
            marks.graph[row] = True
            marks.source[row] = RoleSource.object_graph
            marks.role[row] = Role.metadata


def _optimizers(graph: ObjectGraph) -> list[int]:
    """Nodes that count steps and have settings, or that have slot variables."""
    owner = graph.children.owner
    stepping, setting = (
        {node for name in names for node in owner[graph.named(name)].tolist()}
        for names in (_STEPS, _SETTINGS)
    )
    return sorted(stepping & setting | set(graph.slots.owner.tolist()))


def _mark_slot_variables(marks: Marks, graph: ObjectGraph, variables: Variables) -> None:
    slots = graph.slots
    there = np.flatnonzero(graph.is_node(slots.node))
    there = there[variables.row[slots.node[there]] >= 0]
    weights = np.full(len(there), -1, np.int64)
    known = np.flatnonzero(graph.is_node(slots.weight[there]))
    weights[known] = variables.row[slots.weight[there[known]]]
    number_of = {name: marks.number(decode(name)) for name in dict.fromkeys(slots.names)}
    numbers = [number_of[slots.names[at]] for at in there.tolist()]
    marks.pair_for_certain(variables.row[slots.node[there]], weights, np.array(numbers, np.int16))


def _mark_keras_slots(marks: Marks, variables: Variables, slots: list[Slot]) -> None:
    """Those of no known weight are slots all the same, but for single numbers: an optimizer's own."""
    believed = [
        slot
        for slot in slots
        if slot.weight is not None or not marks.is_single(int(variables.row[slot.node]))
    ]
    weights = [-1 if slot.weight is None else int(variables.row[slot.weight]) for slot in believed]
    numbers = [marks.number(decode(slot.name)) if slot.name else -1 for slot in believed]
    rows = variables.row[[slot.node for slot in believed]] if believed else np.zeros(0, np.int64)
    marks.pair_for_certain(rows, np.array(weights, np.int64), np.array(numbers, np.int16))
    for slot in slots:
        if slot.weight is None and marks.is_single(row := int(variables.row[slot.node])):
            marks.role[row] = Role.metadata


def _mark_together(marks: Marks, graph: ObjectGraph, variables: Variables, names: tuple[bytes, ...]) -> None:
    """Statistics: the children of these names, where an object has all of them."""
    entries = [graph.named(name) for name in names]
    owner, child = graph.children.owner, graph.children.node
    both = np.zeros(graph.count, np.int64)
    for found in entries:
        both[owner[found]] += 1
    for found in entries:
        nodes = child[found[both[owner[found]] == len(names)]]
        rows = variables.row[nodes[graph.is_node(nodes)]]
        rows = rows[rows >= 0]
        marks.role[rows[marks.role[rows] == Role.weight]] = Role.statistic


def _mark_singles(marks: Marks) -> None:
    """Counters, statistics and settings, by the last part of the path, else of the full name."""
    rows = np.flatnonzero(marks.graph & (marks.role == Role.weight))
    keys = marks.raw_keys
    paths = [keys[row].partition(ATTRIBUTES)[0] for row in rows.tolist()]
    names = [marks.names.get(row, b"") for row in rows.tolist()]
    for texts, source in ((paths, RoleSource.object_graph), (names, RoleSource.by_name)):
        parts = [text.rpartition(b"/")[2] for text in texts]
        hints = {part: hint_of(part) for part in set(parts) if not part.isdigit()}
        for at, part in enumerate(parts):
            hint = hints.get(part)
            if (
                hint is not None
                and hint.kind is not Kind.slot
                and marks.role[row := int(rows[at])] == Role.weight
            ):
                role = role_by(hint, marks.is_single(row), b"metric" in paths[at])
                if role is not None:
                    marks.role[row], marks.source[row] = role, source


def _find_paths(marks: Marks, graph: ObjectGraph, variables: Variables) -> None:
    """Paths of the variables whose keys do not begin with them."""
    nodes = np.flatnonzero(variables.row >= 0)
    if marks.keys.blob.count(_USUAL_END) == len(nodes):
        return
    row = {node: int(variables.row[node]) for node in nodes.tolist()}
    odd = [node for node in row if ATTRIBUTES not in marks.raw_keys[row[node]]]
    if odd:
        marks.paths.update((row[node], path) for node, path in graph.paths_of(odd).items())
