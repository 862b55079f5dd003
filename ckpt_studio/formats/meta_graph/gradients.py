"""Finds the gradients that a graph's own optimizer is given: clipped, scaled and summed as the person wrote it.

An update operation takes the gradient at a place of its own (TensorFlow's training_ops). Two optimizers of
`tf.compat.v1` compose the update of rows from simpler operations, which show it too: gradient descent scatters it, and
Adam scatters it to its first slot.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ckpt_studio.formats.meta_graph.graph import GraphView, Write
from ckpt_studio.formats.meta_graph.names import node_of
from ckpt_studio.formats.meta_graph.ops import data_inputs

_PLACES: Final = {
    "GradientDescent": 2, "ProximalGradientDescent": 4, "Momentum": 3, "KerasMomentum": 3, "Adam": 9,
    "AdamWithAmsgrad": 10, "AdaMax": 8, "Adagrad": 3, "AdagradV2": 4, "AdagradDA": 3, "ProximalAdagrad": 5,
    "Adadelta": 6, "RMSProp": 7, "CenteredRMSProp": 8, "Ftrl": 3, "FtrlV2": 3, "AddSign": 6, "PowerSign": 6,
}  # fmt: skip
"""Data input of an update, by the name of its operation without Resource, Sparse and Apply; rows come right after."""
_SCATTERS: Final = frozenset({"ScatterSub", "ScatterAdd", "ResourceScatterSub", "ResourceScatterAdd"})
_SUBTRACTS: Final = frozenset({"AssignSub", "AssignSubVariableOp"})


@dataclass(frozen=True, slots=True)
class Gradient:
    """The gradient that an update is given; texts as inputs of a node.

    Attributes:
        values: the tensor.
        rows: the rows that it is about, None where it is about all.
        rows_type: their element type, by TensorFlow's number.
        summed: whether each row is there once.
    """

    values: str
    rows: str | None = None
    rows_type: int = 0
    summed: bool = True


def gradient_of(view: GraphView, write: Write) -> Gradient | None:
    """The gradient that a write of a weight is given; None where it does not show."""
    if write.by_call:
        return None
    inputs = data_inputs(view.nodes[write.node])
    op = write.op.removeprefix("Resource")
    place = _PLACES.get(op.removeprefix("Sparse").removeprefix("Apply")) if "Apply" in op else None
    if place is not None and len(inputs) > place + op.startswith("Sparse"):
        if not op.startswith("Sparse"):
            return Gradient(inputs[place])
        return _before_summed(view, Gradient(inputs[place], inputs[place + 1], _rows_type(view, write)))
    if write.op in _SCATTERS:
        scattered = _factor(view, inputs[2])
        return (
            None
            if scattered is None
            else Gradient(scattered, inputs[1], _rows_type(view, write), summed=False)
        )
    if write.op in _SUBTRACTS:
        return next(_given_to_slots(view, write), None)
    return None


def _given_to_slots(view: GraphView, write: Write) -> Iterator[Gradient]:
    """What Adam scatters to its first slot on the way to the update of a weight; to the second goes its square."""
    behind = view.behind([write.node])
    owners = tuple(f"{name}/" for name in write.primary)
    for other in view.writes.values():
        if other.op in _SCATTERS and other.node in behind:
            inputs = data_inputs(view.nodes[other.node])
            scattered = _factor(view, inputs[2])
            of_slot = all(name.startswith(owners) for name in other.primary)
            if of_slot and scattered is not None and not _is_square(view, scattered):
                yield _before_summed(view, Gradient(scattered, inputs[1], _rows_type(view, other)))


def _before_summed(view: GraphView, gradient: Gradient) -> Gradient:
    """A gradient as it was before the optimizer summed what it has for the same row: another one may not do that."""
    assert gradient.rows is not None
    sums, rows = view.nodes.get(node_of(gradient.values)), view.nodes.get(node_of(gradient.rows))
    if sums is None or rows is None or (sums.op, rows.op) != ("UnsortedSegmentSum", "Unique"):
        return gradient
    values, places, *_ = data_inputs(sums)
    if node_of(places) != rows.name:
        return gradient
    return Gradient(values, data_inputs(rows)[0], gradient.rows_type, summed=False)


def _rows_type(view: GraphView, write: Write) -> int:
    return view.nodes[write.node].attr["Tindices"].type


def _is_square(view: GraphView, text: str) -> bool:
    node = view.nodes.get(node_of(text))
    return node is not None and (
        node.op == "Square" or (node.op == "Mul" and len(set(data_inputs(node))) == 1)
    )


def _factor(view: GraphView, text: str) -> str | None:
    """What a number is multiplied with, its sign left out; None where nothing is."""
    node = view.nodes.get(node_of(text))
    if node is None or node.op != "Mul":
        return None
    first = data_inputs(node)[0]
    inner = view.nodes.get(node_of(first))
    return data_inputs(inner)[0] if inner is not None and inner.op == "Neg" else first
