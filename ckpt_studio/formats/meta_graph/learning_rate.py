"""Where the learning rate of a graph comes in: the tensors that its update operations take as such.

A run can feed another number in their place, whatever they are: a constant, a placeholder, the end of a schedule. The
places are those of TensorFlow's training_ops; sparse and resource forms of an operation have the same.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from ckpt_studio.formats.meta_graph.graph import GraphView
from ckpt_studio.formats.meta_graph.names import parse_input, tensor_name
from ckpt_studio.formats.meta_graph.ops import data_inputs

_PLACES: Final = {
    "GradientDescent": 1, "ProximalGradientDescent": 1, "Adagrad": 2, "AdagradV2": 2, "AddSign": 2, "Momentum": 2,
    "KerasMomentum": 2, "PowerSign": 2, "ProximalAdagrad": 2, "Adadelta": 3, "RMSProp": 3, "CenteredRMSProp": 4,
    "AdaMax": 4, "AdagradDA": 4, "Ftrl": 4, "FtrlV2": 4, "Adam": 5, "AdamWithAmsgrad": 6,
}  # fmt: skip
"""Data input of an update, by the name of its operation without Resource, Sparse and Apply."""
_ONE_LATER: Final = frozenset({"SparseApplyFtrl", "SparseApplyFtrlV2", "SparseApplyAdagradDA"})
"""These take the rows before the rate."""
_THROUGH: Final = frozenset({"Identity", "Cast", "Enter"})


def rate_tensors(view: GraphView, train_ops: Collection[str]) -> tuple[str, ...]:
    """The tensors that are the learning rate of these train operations; none where updates are hand-written."""
    behind = view.behind(train_ops)
    found: dict[str, None] = {}
    for name, write in view.writes.items():
        if name not in behind or write.by_call:
            continue
        op = write.op.removeprefix("Resource")
        kind = op.removeprefix("Sparse").removeprefix("Apply")
        place = _PLACES.get(kind) if "Apply" in op else None
        if place is not None:
            inputs = data_inputs(view.nodes[name])
            found[_source(view, inputs[place + (op in _ONE_LATER)])] = None
    return tuple(found)


def _source(view: GraphView, text: str) -> str:
    """Where a number comes from, through what only hands it on."""
    node, output = parse_input(text)
    while node in view.nodes and view.nodes[node].op in _THROUGH:
        node, output = parse_input(data_inputs(view.nodes[node])[0])
    return tensor_name(node, output)
