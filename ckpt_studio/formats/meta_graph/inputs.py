"""Finds where data comes in: placeholders, and the nearest iterator, queue or Python call above the training."""

from __future__ import annotations

import re
from collections.abc import Collection, Container
from dataclasses import dataclass

from ckpt_studio.core import dtypes
from ckpt_studio.formats.meta_graph.graph import GraphView
from ckpt_studio.formats.meta_graph.names import parse_input, tensor_name
from ckpt_studio.formats.meta_graph.ops import CUT_OPS, DATA_OPS
from ckpt_studio.formats.meta_graph.variables import shape_of
from ckpt_studio.formats.protos.meta_graph_pb2 import NodeDef, TensorShapeProto


@dataclass(frozen=True, slots=True)
class GraphInput:
    """A tensor that data is put into.

    Attributes:
        tensor: its name, `x:0`.
        dtype: TensorFlow's name of the element type.
        shape: -1 for an extent that any number fits, None when even the rank is unknown.
        op: what gives it in the original graph; other than a placeholder it is cut off and fed instead.
        used: whether the train operation needs it; the others only matter to other parts of the graph.
        required: False where something stands in when nothing is fed: a default value, or the graph's own data.
    """

    tensor: str
    dtype: str
    shape: tuple[int, ...] | None
    op: str
    used: bool
    required: bool

    @property
    def node(self) -> str:
        """Name of the node that gives it."""
        return parse_input(self.tensor)[0]


def is_data(node: NodeDef) -> bool:
    """Whether data comes in here, so that what lies above does not matter to a run."""
    return DATA_OPS.fullmatch(node.op) is not None


def is_cut(node: NodeDef) -> bool:
    """Whether a run has to put a placeholder here."""
    return CUT_OPS.fullmatch(node.op) is not None


def data_nodes(view: GraphView, roots: Collection[str]) -> list[NodeDef]:
    """The nodes where data comes in for `roots`."""
    behind = view.behind(roots, stop=is_data)
    return [node for name, node in view.nodes.items() if name in behind and is_data(node)]


def find_inputs(
    view: GraphView, roots: Collection[str], producer: int, own: Container[str] = ()
) -> tuple[GraphInput, ...]:
    """Every input that `roots` need, then the placeholders that they do not.

    Args:
        view: the graph.
        roots: the train operations and the loss.
        producer: version of the GraphDef's producer: before 24, a placeholder's shape `[]` meant any.
        own: names of the nodes whose data the graph brings along.
    """
    behind = view.behind(roots, stop=is_data)
    unused = [
        node for name, node in view.nodes.items() if name not in behind and node.op.startswith("Placeholder")
    ]
    found: list[GraphInput] = []
    for node in data_nodes(view, roots):
        found.extend(_outputs(view, node, behind, producer, node.name in own))
    for node in unused:
        found.extend(_outputs(view, node, None, producer, False))
    return tuple(found)


def _outputs(
    view: GraphView, node: NodeDef, behind: set[str] | None, producer: int, own: bool
) -> list[GraphInput]:
    types = _types(node)
    shapes = _shapes(node)
    places = sorted(view.outputs_used(node.name, behind)) or range(len(types))
    return [
        GraphInput(
            tensor=tensor_name(node.name, place),
            dtype=dtypes.unknown(types[place]).name,
            shape=shape_of(shapes[place], producer) if place < len(shapes) else None,
            op=node.op,
            used=behind is not None,
            required=node.op != "PlaceholderWithDefault" and not own,
        )
        for place in places
        if place < len(types)
    ]


def _types(node: NodeDef) -> list[int]:
    for attr in ("output_types", "component_types", "Tout"):
        if attr in node.attr:
            return list(node.attr[attr].list.type)
    if "dtype" in node.attr:
        return [node.attr["dtype"].type]
    return [7, 7] if re.fullmatch(r"ReaderRead(UpTo)?(V2)?", node.op) else []


def _shapes(node: NodeDef) -> list[TensorShapeProto]:
    for attr in ("_output_shapes", "output_shapes"):
        if attr in node.attr and node.attr[attr].list.shape:
            return list(node.attr[attr].list.shape)
    return [node.attr["shape"].shape] if "shape" in node.attr else []
