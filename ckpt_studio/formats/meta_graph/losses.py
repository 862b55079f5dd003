"""Finds the loss of a graph: what its gradients start from, what the `losses` collection holds, scalars named so."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from ckpt_studio.formats.meta_graph.graph import GraphView, names_in
from ckpt_studio.formats.meta_graph.names import node_of, tensor_name
from ckpt_studio.formats.meta_graph.ops import VARIABLE_OPS, data_inputs
from ckpt_studio.formats.meta_graph.variables import shape_of
from ckpt_studio.formats.protos.meta_graph_pb2 import NodeDef

_FLOATS: Final = frozenset({1, 2, 14, 19})
_SEED: Final = re.compile(
    r"(?P<scope>(?:.*/)?gradients(?:_\d+)?)/(?:Fill(?:_\d+)?|grad_ys_\d+|ones_like\w*|OnesLike\w*)"
)
_OUTPUT_OPS: Final = frozenset({"Sigmoid", "Softmax", "LogSoftmax", "Tanh", "Relu", "BiasAdd", "MatMul"})
_LOSS_NAME: Final = re.compile(r"loss|cost|xent|cross_?entropy|objective|nll|mse", re.IGNORECASE)
_NOT_LOSS: Final = re.compile(r"gradients|/tags$|ExponentialMovingAverage", re.IGNORECASE)


def find_losses(view: GraphView, train_ops: Collection[str], listed: Iterable[str]) -> tuple[str, ...]:
    """Tensors that may be the loss, the most likely first. All may be fetched; they are of floating-point numbers.

    Args:
        view: the graph.
        train_ops: nodes that train; losses whose gradient they use come first.
        listed: the `losses` collection.
    """
    behind = view.behind(train_ops)
    used: list[str] = []
    unsure: list[str] = []  # gradients of more than a scalar: perhaps of a network's output
    others: list[str] = []
    for seed in view.nodes.values():
        if (match := _SEED.fullmatch(seed.name)) and seed.op in ("Fill", "Const", "OnesLike"):
            for name in _seeded(view, seed, match["scope"]):
                sure = _is_scalar_seed(view, seed) and view.nodes[name].op not in _OUTPUT_OPS
                (others if seed.name not in behind else used if sure else unsure).append(name)
    about = view.ahead(name for name in behind if view.nodes[name].op in VARIABLE_OPS)
    named = [name for name in _named(view) if name not in view.writes and name in about]
    found: list[str] = []
    for name in (*used, *_totals(named), *names_in(view, list(listed)), *named, *unsure, *others):
        if name not in found and _is_number(view.nodes[name]) and not view.in_frame(name):
            found.append(name)
    return tuple(tensor_name(name, 0) for name in found)


def _seeded(view: GraphView, seed: NodeDef, scope: str) -> list[str]:
    """The forward nodes whose gradient a seed starts, the one that all others flow into first."""
    shape = view.nodes.get(node_of(data_inputs(seed)[0])) if seed.op in ("Fill", "OnesLike") else None
    if shape is not None and shape.op == "Shape":
        return names_in(view, [data_inputs(shape)[0]])
    found: list[str] = []
    todo = [seed.name]
    seen: set[str] = set()
    while todo:
        at = todo.pop()
        if at in seen:
            continue
        seen.add(at)
        for consumer in view.consumers.get(at, ()):
            if (forward := _forward(view, consumer, scope)) is not None:
                found.append(forward)
            elif consumer.startswith(scope + "/") and view.nodes[consumer].op in ("Fill", "Mul", "Identity"):
                todo.append(consumer)
    found = list(dict.fromkeys(found))
    last = [name for name in found if view.behind([name]).issuperset(found)]
    return [*(last or _meeting(view, found)), *found]


def _forward(view: GraphView, consumer: str, scope: str) -> str | None:
    """The forward node that a gradient's node is about: `SCOPE/loss/Mean_grad/Reshape` -> `loss/Mean`."""
    if not consumer.startswith(scope + "/"):
        return None
    inner = consumer[len(scope) + 1 :]
    for match in reversed(list(re.finditer(r"_grad(?:_\d+)?(?=/)", inner))):
        for name in (inner[: match.start()], scope.rpartition("gradients")[0] + inner[: match.start()]):
            if name in view.nodes:
                return name
    return None


def _meeting(view: GraphView, names: list[str]) -> list[str]:
    """The sum of several losses: the first node that needs all of them outside of any gradient."""
    if len(names) < 2:
        return []
    ahead = set.intersection(*(view.ahead([name]) for name in names))
    sums = [name for name in view.nodes if name in ahead and view.nodes[name].op in ("Add", "AddV2", "AddN")]
    return [name for name in sums if not _NOT_LOSS.search(name)][:1]


def _named(view: GraphView) -> Iterator[str]:
    """Scalars whose name says loss, and what summaries of that name show."""
    for name, node in view.nodes.items():
        if node.op == "ScalarSummary" and _LOSS_NAME.search(name) and len(data_inputs(node)) > 1:
            yield from names_in(view, [data_inputs(node)[1]])
        elif _LOSS_NAME.search(name) and not _NOT_LOSS.search(name) and _is_scalar(view, node):
            yield name


def _totals(names: list[str]) -> list[str]:
    return [name for name in names if "total" in name.lower()]


def _is_scalar_seed(view: GraphView, seed: NodeDef) -> bool:
    """Whether a gradient starts from a scalar, as far as the graph says."""
    if seed.op == "Fill":
        shape = view.nodes.get(node_of(data_inputs(seed)[0]))
        if shape is not None and shape.op == "Const" and "value" in shape.attr:
            return not any(one.size for one in shape.attr["value"].tensor.tensor_shape.dim)
    return True


def _is_number(node: NodeDef) -> bool:
    if node.op in VARIABLE_OPS:
        return False
    for attr in ("T", "dtype", "DstT"):
        if attr in node.attr:
            return node.attr[attr].type in _FLOATS
    return False


def _is_scalar(view: GraphView, node: NodeDef) -> bool:
    if node.op in ("Const", "Placeholder", "ReadVariableOp") or not _is_number(node):
        return False
    if node.op == "Identity" and view.variables_of(data_inputs(node)[0]):
        return False
    if "_output_shapes" in node.attr and node.attr["_output_shapes"].list.shape:
        return shape_of(node.attr["_output_shapes"].list.shape[0]) == ()
    return node.op in ("Mean", "Sum", "AddN", "L2Loss", "CTCLoss")
