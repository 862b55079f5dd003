"""Gives variables that a checkpoint did not hold a place in its object graph, where stock TensorFlow finds them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.tensors import decode
from ckpt_studio.formats.roles.object_graph import escape, message_of
from ckpt_studio.training.worker.lockstep import Found

GRAPH_KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"
_VALUE = "VARIABLE_VALUE"


def graft(raw: bytes, missing: Iterable[tuple[Found, str]]) -> tuple[NDArray[np.object_], dict[int, str]]:
    """The object graph with places for these variables, and the key of each by its place in `missing`.

    Args:
        raw: the object graph as the checkpoint has it.
        missing: variables with their full names; those that hang on no node of it are left out.
    """
    graph = message_of(raw)
    keys: dict[int, str] = {}
    if graph is None:
        return np.array(raw, object), keys
    taken = {one.checkpoint_key for node in graph.nodes for one in node.attributes}
    for place, (found, name) in enumerate(missing):
        if found.places:  # the graph knows it, and only its value was not there
            keys[place] = found.places[0][0]
            continue
        if found.hangs_on is None:
            continue
        node, attributes = found.hangs_on
        for attribute in attributes:
            node = _child(graph, node, attribute)
        path = b"/".join(escape(part.encode()) for part in found.path)
        key = f"{decode(path)}/.ATTRIBUTES/{_VALUE}"
        if key in taken or graph.nodes[node].attributes:
            continue
        graph.nodes[node].attributes.add(name=_VALUE, full_name=name, checkpoint_key=key)
        taken.add(key)
        keys[place] = key
    return np.array(graph.SerializeToString(deterministic=True), object), keys


def _child(graph: object, node: int, name: str) -> int:
    """The node that an attribute leads to, made where there is none."""
    nodes = graph.nodes  # type: ignore[attr-defined]
    for child in nodes[node].children:
        if child.local_name == name:
            return int(child.node_id)
    made = len(nodes)
    nodes.add()
    nodes[node].children.add(node_id=made, local_name=name)
    return made
