"""Finds numbers of a graph that a person may watch beside the loss: what its summaries show, accuracies, its rate.

They can be computed at any time from what a run feeds: nothing is written by them, drawn anew or taken from data.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final

from ckpt_studio.formats.meta_graph.graph import GraphView
from ckpt_studio.formats.meta_graph.inputs import is_data
from ckpt_studio.formats.meta_graph.learning_rate import rate_tensors
from ckpt_studio.formats.meta_graph.names import node_of, parse_input, tensor_name
from ckpt_studio.formats.meta_graph.ops import VARIABLE_OPS, data_inputs
from ckpt_studio.formats.meta_graph.randomness import RANDOM, STATELESS
from ckpt_studio.formats.meta_graph.risks import find_risks
from ckpt_studio.formats.meta_graph.training import TrainingGraph
from ckpt_studio.formats.protos.meta_graph_pb2 import NodeDef

MOST: Final = 12
"""So many are offered."""
RATE: Final = "learning_rate"
_FLOATS: Final = frozenset({1, 2, 14, 19})
_NAMED: Final = re.compile(
    r"(^|[/_])(acc|accuracy|precision|recall|f1(_score)?|auc|perplexity|error_rate|top_\d+|rmse|mae|mse)(_\d+)?$",
    re.IGNORECASE,
)
_ENDS: Final = frozenset({"Mean", "RealDiv", "Div", "DivNoNan", "Exp", "Sqrt", "Sub", "Mul"})
"""Operations that end in such a number."""
_LOUD: Final = frozenset({"Assert", "Print", "PrintV2"})


def find_watched(view: GraphView, plan: TrainingGraph, fed: Collection[str]) -> tuple[tuple[str, str], ...]:
    """Name and tensor of each, summaries first.

    Args:
        view: the graph.
        plan: how it trains.
        fed: the inputs that are given data.
    """
    roots = [*plan.train_ops, *(node_of(one) for one in plan.losses[:1])]
    running = view.behind(roots, stop=is_data)
    given = {node_of(one) for one in fed}
    found: dict[str, str] = {}
    for name, tensor in (*_summaries(view), *_named(view), *_rate(view, plan)):
        known = tensor in found.values() or name in found or tensor == plan.loss
        if not known and _harmless(view, node_of(tensor), running, given):
            found[name] = tensor
    return tuple(found.items())[:MOST]


def _summaries(view: GraphView) -> Iterator[tuple[str, str]]:
    for node in view.nodes.values():
        inputs = data_inputs(node)
        if node.op == "ScalarSummary" and len(inputs) > 1:
            source, output = parse_input(inputs[1])
            if source in view.nodes and _is_float(view.nodes[source]):
                yield _tag(view, node, inputs[0]), tensor_name(source, output)


def _tag(view: GraphView, summary: NodeDef, text: str) -> str:
    source = view.nodes.get(node_of(text))
    constant = source is not None and source.op == "Const"
    tags = list(source.attr["value"].tensor.string_val) if source is not None and constant else []
    return tags[0].decode("utf-8", "replace") if len(tags) == 1 else summary.name


def _named(view: GraphView) -> Iterator[tuple[str, str]]:
    for name, node in view.nodes.items():
        inside = name if node.op not in _ENDS or _NAMED.search(name) else name.rpartition("/")[0]
        if node.op in _ENDS and "gradients" not in name and _NAMED.search(inside) and _is_float(node):
            yield inside, tensor_name(name, 0)


def _rate(view: GraphView, plan: TrainingGraph) -> Iterator[tuple[str, str]]:
    rates = rate_tensors(view, plan.train_ops)
    if len(rates) == 1:
        yield RATE, rates[0]


def _is_float(node: NodeDef) -> bool:
    return any(node.attr[attr].type in _FLOATS for attr in ("T", "dtype", "DstT") if attr in node.attr)


def _harmless(view: GraphView, name: str, running: set[str], given: set[str]) -> bool:
    """Whether a node's value can be had between two steps, at no cost to them."""
    if name not in view.nodes or view.in_frame(name):
        return False
    behind = view.behind([name], stop=is_data)
    nodes = [view.nodes[one] for one in behind]
    more = [node for node in nodes if node.name not in running]
    drawn = [node for node in nodes if node.op in RANDOM]
    called = view.library.reached(nodes).values()
    return not (
        behind & set(view.writes)
        or any(is_data(node) and node.name not in given for node in nodes)
        or any(node.op in VARIABLE_OPS or node.op in _LOUD for node in more)
        or any(node.op not in STATELESS or view.in_frame(node.name) or node in more for node in drawn)
        or any(node.op in RANDOM for function in called for node in function.node_def)
        or find_risks(more, view.library)
    )
