"""Names what a run would use that is not known to be harmless, so that a person can decide.

The rule is an allow list applied to what runs, functions included: deny lists miss some of the 1,900 operations.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ckpt_studio.formats.meta_graph.functions import Library
from ckpt_studio.formats.meta_graph.other_ops import RiskKind, kind_of_risk
from ckpt_studio.formats.meta_graph.safe_ops import SAFE_OPS
from ckpt_studio.formats.protos.meta_graph_pb2 import NodeDef


@dataclass(frozen=True, slots=True)
class Risk:
    """One node that is not on the list of safe operations.

    Attributes:
        op, node: the operation and the node's name, `FUNCTION/NODE` inside a function.
        kind: what it can reach; `unknown` for an operation that this TensorFlow does not have.
    """

    op: str
    node: str
    kind: RiskKind


def find_risks(nodes: Iterable[NodeDef], library: Library) -> tuple[Risk, ...]:
    """The risks of what runs: `nodes`, and the functions that they reach."""
    nodes = list(nodes)
    found = []
    named = [(node.name, node) for node in nodes]
    for function, definition in library.reached(nodes).items():
        named.extend((f"{function}/{node.name}", node) for node in definition.node_def)
    for name, node in named:
        if node.op not in SAFE_OPS and node.op not in library.functions:
            found.append(Risk(node.op, name, kind_of_risk(node.op)))
    return tuple(found)
