"""The objects of a TF2 SavedModel: which of them are variables, how they are called, and which are trainable.

Numbers are those of `protos/saved_model.proto`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.tensors import Role
from ckpt_studio.formats.messages import Messages
from ckpt_studio.formats.roles.marks import Marks
from ckpt_studio.formats.roles.object_graph import ObjectGraph, graph_of

_NODES = 1
_USER_OBJECT, _VARIABLE = 4, 7
_IDENTIFIER = 1
_TRAINABLE, _NAME = 3, 6
_METRIC = b"_tf_keras_metric"


@dataclass(frozen=True, eq=False)
class SavedObjects:
    """The objects, in the order of the object graph that the variables' index holds.

    Attributes:
        graph: their children.
        trainable: int8 [nodes], 1, 0, or -1 for what is no variable.
        names: by node, for the variables that have one.
        metrics: bool [nodes], which objects are Keras's metrics.
    """

    graph: ObjectGraph
    trainable: NDArray[np.int8]
    names: dict[int, bytes]
    metrics: NDArray[np.bool_]

    @property
    def has_variables(self) -> bool:
        """Whether any object is a variable."""
        return bool((self.trainable >= 0).any())


def parse_objects(raw: bytes) -> SavedObjects:
    """The objects in the bytes of a SavedObjectGraph.

    Raises:
        ValueError: it is damaged.
    """
    messages = Messages(raw)
    nodes = messages.whole().of(_NODES)
    fields = messages.fields(nodes.first, nodes.after)
    variables, others = fields.of(_VARIABLE), fields.of(_USER_OBJECT)
    said = messages.fields(variables.first, variables.after)
    trainable = np.full(len(nodes), -1, np.int8)
    trainable[variables.owner] = said.last(_TRAINABLE, len(variables))[0] != 0
    names = messages.texts(*said.last(_NAME, len(variables)))
    kinds = messages.fields(others.first, others.after)
    first, after = kinds.last(_IDENTIFIER, len(others))
    metrics = np.zeros(len(nodes), np.bool_)
    metrics[others.owner[messages.are(first, after, _METRIC)]] = True
    return SavedObjects(
        graph_of(messages, nodes, fields),
        trainable,
        {node: name for node, name in zip(variables.owner.tolist(), names, strict=True) if name},
        metrics,
    )


def mark_by_objects(marks: Marks, saved: SavedObjects, stored: ObjectGraph) -> None:
    """Which rows are trainable, metrics, and what they are called where the index's own graph does not say.

    A node has the same number in both graphs; one whose names differ is not believed.

    Args:
        marks: to be filled in.
        saved: the SavedModel's objects.
        stored: the index's own graph, which knows the keys.
    """
    row_of = np.full(saved.graph.count, -1, np.int64)
    attributes, keys = stored.attributes, stored.keys()
    inside = attributes.is_value & (attributes.node < saved.graph.count)
    for at in np.flatnonzero(inside).tolist():
        node = int(attributes.node[at])
        name, full_name = saved.names.get(node, b""), attributes.full_names[at]
        if saved.trainable[node] < 0 or (name and full_name and name != full_name):
            continue
        row = marks.find(keys[at])
        if row >= 0:
            row_of[node] = row
            if name and not full_name:
                marks.names[row] = name
    nodes = np.flatnonzero(row_of >= 0)
    rows = row_of[nodes]
    marks.trainable[rows] = saved.trainable[nodes]
    weights = rows[(saved.trainable[nodes] == 1) & (marks.role[rows] != Role.slot)]
    marks.role[weights] = Role.weight
    _mark_metrics(marks, saved, row_of)


def _mark_metrics(marks: Marks, saved: SavedObjects, row_of: NDArray[np.int64]) -> None:
    children = saved.graph.children
    of_metrics = children.node[saved.metrics[children.owner]]
    rows = row_of[of_metrics[saved.graph.is_node(of_metrics)]]
    rows = rows[rows >= 0]
    marks.role[rows[marks.trainable[rows] == 0]] = Role.statistic
