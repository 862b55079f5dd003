"""Adds the gradients of a loss to a graph that does not show its own: TensorFlow computes them as for a new graph."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import tensorflow as tf
from tensorflow.core.framework import op_def_pb2
from tensorflow.core.protobuf import control_flow_pb2
from tensorflow.python.framework import op_def_registry
from tensorflow.python.ops import control_flow_ops

from ckpt_studio.core.errors import RunFault
from ckpt_studio.core.texts import some_of
from ckpt_studio.formats.meta_graph import MetaGraph
from ckpt_studio.formats.meta_graph.gradients import Gradient
from ckpt_studio.formats.meta_graph.node_writer import NodeWriter
from ckpt_studio.formats.meta_graph.repair import repair_graph
from ckpt_studio.formats.protos.meta_graph_pb2 import MetaGraphDef

v1 = tf.compat.v1


def with_gradients(
    meta: MetaGraph, loss: str, weights: Collection[str]
) -> tuple[MetaGraph, dict[str, Gradient]]:
    """The graph with the gradients of a loss, and where in it they are.

    Args:
        meta: the graph, nothing of it frozen.
        loss: a tensor.
        weights: names of variables.

    Raises:
        RunFault: TensorFlow cannot compute them.
    """
    repaired = MetaGraphDef()
    repaired.CopyFrom(meta.proto)
    repair_graph(repaired.graph_def)
    operations = op_def_pb2.OpList.FromString(meta.proto.meta_info_def.stripped_op_list.SerializeToString())
    with tf.Graph().as_default() as graph:
        try:
            definition = v1.GraphDef.FromString(repaired.graph_def.SerializeToString())
            known = operations if operations.op else None
            tf.graph_util.import_graph_def(definition, name="", producer_op_list=known)
            _restore_contexts(meta, graph)
            before = graph.as_graph_def()
            variables = [graph.get_tensor_by_name(f"{name}:0") for name in weights]
            scope = NodeWriter(meta.proto).free("gradients")  # loops in it are told apart by its name
            found = v1.gradients(graph.get_tensor_by_name(loss), variables, name=scope, gate_gradients=True)
        except (LookupError, ValueError, TypeError, AttributeError, tf.errors.OpError) as error:
            said = str(error).strip().partition("\n")[0]
            raise RunFault(f"The gradients of {loss} cannot be computed: {said}.") from error
        none = [name for name, one in zip(weights, found, strict=True) if one is None]
        if none:
            raise RunFault(f"The loss {loss} does not depend on {some_of(none)}; choose another loss.")
        gradients = {name: _gradient(one) for name, one in zip(weights, found, strict=True)}
        return MetaGraph(_joined(meta, before, graph.as_graph_def()), path=meta.path), gradients


def _gradient(found: Any) -> Gradient:
    if isinstance(found, tf.IndexedSlices):
        rows = found.indices
        return Gradient(_text(found.values), _text(rows), rows.dtype.as_datatype_enum, summed=False)
    return Gradient(_text(found))


def _text(tensor: Any) -> str:
    return str(tensor.name).removesuffix(":0")


def _restore_contexts(meta: MetaGraph, graph: tf.Graph) -> None:
    """Let TensorFlow know the loops and conditions of its first kind, which gradients are computed along."""
    collections = meta.proto.collection_def
    for name, kind, made in (
        ("cond_context", control_flow_pb2.CondContextDef, control_flow_ops.CondContext),
        ("while_context", control_flow_pb2.WhileContextDef, control_flow_ops.WhileContext),
    ):
        for value in collections[name].bytes_list.value if name in collections else ():
            graph.add_to_collection(name, made.from_proto(kind.FromString(value)))


def _without_defaults(node: Any) -> Any:
    """A node without attributes that only say the default: earlier releases do not know all of them."""
    known = op_def_registry.get(node.op)
    for attr in known.attr if known is not None else ():
        if attr.HasField("default_value") and node.attr[attr.name] == attr.default_value:
            del node.attr[attr.name]
    return node


def _joined(meta: MetaGraph, before: Any, after: Any) -> MetaGraphDef:
    """The graph as its file has it, with the nodes and functions that were added or changed."""
    known = {node.name: node for node in before.node}
    joined = MetaGraphDef()
    joined.CopyFrom(meta.proto)
    own = {node.name: node for node in joined.graph_def.node}
    for node in after.node:
        if node.name not in known:
            joined.graph_def.node.add().ParseFromString(_without_defaults(node).SerializeToString())
        elif node != known[node.name]:  # a loop of the second kind keeps what its gradient needs
            own[node.name].ParseFromString(node.SerializeToString())
    functions = {one.signature.name for one in joined.graph_def.library.function}
    for function in after.library.function:
        if function.signature.name not in functions:
            joined.graph_def.library.function.add().ParseFromString(function.SerializeToString())
    return joined
