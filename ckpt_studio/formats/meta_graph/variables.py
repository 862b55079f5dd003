"""The variables of a graph: what their nodes say, joined with what the collections say about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from google.protobuf.message import DecodeError

from ckpt_studio.core import dtypes
from ckpt_studio.formats.meta_graph.names import node_of
from ckpt_studio.formats.meta_graph.ops import VARIABLE_OPS
from ckpt_studio.formats.protos.meta_graph_pb2 import (
    CollectionDef,
    MetaGraphDef,
    NodeDef,
    TensorShapeProto,
    VariableDef,
)

if TYPE_CHECKING:
    from ckpt_studio.formats.meta_graph.graph import GraphView

VARIABLE_COLLECTIONS: Final = (
    "trainable_variables",
    "variables",
    "model_variables",
    "moving_average_variables",
    "local_variables",
    "metric_variables",
    "global_step",
)
"""Collections whose values are VariableDefs (older files: names)."""

_PRODUCER_OF_TRUE_SCALARS: Final = 24
"""Before this GraphDef version, a shape without dimensions meant an unknown one."""


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of a partitioned variable a variable holds.

    Attributes:
        full_name: name of the whole variable, its key in a checkpoint.
        full_shape: shape of the whole.
        offset, shape: where the part lies in it.
    """

    full_name: str
    full_shape: tuple[int, ...]
    offset: tuple[int, ...]
    shape: tuple[int, ...]

    @property
    def window(self) -> tuple[slice, ...]:
        """The part as slices of the whole."""
        return tuple(slice(at, at + size) for at, size in zip(self.offset, self.shape, strict=True))


@dataclass(frozen=True, slots=True)
class VariableNode:
    """One variable of a graph.

    Attributes:
        name: name of its node.
        dtype: element type, TensorFlow's name.
        shape: None when unknown; -1 for an extent that is.
        kind: `ref` (Variable, VariableV2) or `resource` (VarHandleOp).
        trainable: whether the graph's collections list it as such; None when there is no such collection.
        initializer: name of the node that gives it its first value, or None.
        part: set for a part of a partitioned variable.
        collections: names of the collections that hold it.
    """

    name: str
    dtype: str
    shape: tuple[int, ...] | None
    kind: Literal["ref", "resource"]
    trainable: bool | None
    initializer: str | None
    part: Part | None
    collections: tuple[str, ...]

    @property
    def key(self) -> str:
        """Its key in a checkpoint, unless the graph's saver says otherwise."""
        return self.name if self.part is None else self.part.full_name


def definitions(collection: CollectionDef) -> Iterator[VariableDef]:
    """The VariableDefs of a collection; values that are none are passed over."""
    for value in filter(None, collection.bytes_list.value):
        try:
            yield VariableDef.FromString(value)
        except DecodeError:
            continue


def listed_names(collection: CollectionDef) -> Iterator[str]:
    """Names of the variables' nodes that a collection lists, as VariableDefs or as names."""
    for one in definitions(collection):
        yield node_of(one.variable_name)
    for name in collection.node_list.value:
        yield node_of(name)


def shape_of(shape: TensorShapeProto, producer: int = _PRODUCER_OF_TRUE_SCALARS) -> tuple[int, ...] | None:
    """A shape as a tuple, None when the rank is unknown (for graphs of old producers also when it has no dimension)."""
    if shape.unknown_rank or (not shape.dim and producer < _PRODUCER_OF_TRUE_SCALARS):
        return None
    return tuple(max(-1, one.size) for one in shape.dim)


def collect_variables(meta: MetaGraphDef, view: GraphView) -> dict[str, VariableNode]:
    """All variables of the graph by the name of their node."""
    defined: dict[str, VariableDef] = {}
    member: dict[str, list[str]] = {}
    for name in VARIABLE_COLLECTIONS:
        if name in meta.collection_def:
            for one in definitions(meta.collection_def[name]):
                defined.setdefault(node_of(one.variable_name), one)
            for listed in listed_names(meta.collection_def[name]):
                member.setdefault(listed, []).append(name)
    says = "trainable_variables" in meta.collection_def
    found = {}
    for node in meta.graph_def.node:
        if node.op in VARIABLE_OPS:
            collections = tuple(member.get(node.name, ()))
            trainable = "trainable_variables" in collections if says else None
            found[node.name] = _variable(node, defined.get(node.name), collections, trainable, view)
    return found


def _variable(
    node: NodeDef,
    said: VariableDef | None,
    collections: tuple[str, ...],
    trainable: bool | None,
    view: GraphView,
) -> VariableNode:
    part = None
    if said is not None and said.save_slice_info_def.full_name:
        info = said.save_slice_info_def
        if len(info.full_shape) == len(info.var_offset) == len(info.var_shape):
            part = Part(info.full_name, tuple(info.full_shape), tuple(info.var_offset), tuple(info.var_shape))
    number = node.attr["dtype"].type if "dtype" in node.attr else 0
    return VariableNode(
        name=node.name,
        dtype=dtypes.unknown(number % 100 if number > 100 else number).name,
        shape=shape_of(node.attr["shape"].shape) if "shape" in node.attr else None,
        kind="resource" if node.op == "VarHandleOp" else "ref",
        trainable=trainable,
        initializer=view.initializer_of(
            node.name, node_of(said.initializer_name) if said is not None else ""
        ),
        part=part,
        collections=collections,
    )
