"""Freezes variables inside a traced function: its graph is rewritten as a MetaGraph's is, and wrapped again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import tensorflow as tf
from tensorflow.python.framework import op_def_registry

from ckpt_studio.core.errors import RunFault
from ckpt_studio.formats.meta_graph.freezing import Freezer
from ckpt_studio.formats.meta_graph.graph import GraphView
from ckpt_studio.formats.meta_graph.load import MetaGraph
from ckpt_studio.formats.protos.meta_graph_pb2 import MetaGraphDef


def freeze_function(concrete: Any, frozen: Collection[tf.Variable]) -> tuple[Callable[..., Any], int]:
    """A function that does what `concrete` does, but for the frozen variables, and how many updates fell away.

    Args:
        concrete: a concrete function.
        frozen: variables that it must not write.

    Raises:
        RunFault: an update cannot be left out; the message says why.
    """
    captures = [(held, inner.op.name) for held, inner in concrete.graph.captures]
    handles = [variable.handle for variable in frozen]
    names = frozenset(name for held, name in captures if any(held is handle for handle in handles))
    if not names:
        return concrete, 0
    proto, view = _looked_at(concrete)
    ends = [op.name for op in concrete.graph.control_outputs]
    roots = {*ends, *(tensor.op.name for tensor in concrete.graph.outputs)}
    rewritten = MetaGraphDef()
    rewritten.CopyFrom(proto)
    freezer = Freezer(rewritten, view, names)
    freezer.freeze(view.behind(roots) & set(view.writes), [roots])
    if freezer.blocked:
        raise RunFault(f"Frozen variables would change: {freezer.blocked[0].reason}")
    if not freezer.replaced:
        return concrete, 0
    return _wrapped(concrete, rewritten, ends), len(freezer.replaced)


def written_by(concrete: Any) -> list[Any]:
    """The captured resources that a concrete function writes, in the order of their capture."""
    view = _looked_at(concrete)[1]
    written = frozenset[str]().union(*(write.all for write in view.writes.values()))
    return [held for held, inner in concrete.graph.captures if inner.op.name in written]


def _looked_at(concrete: Any) -> tuple[MetaGraphDef, GraphView]:
    """The graph of a concrete function, and how the rewriting looks at it."""
    proto = MetaGraphDef()
    proto.graph_def.ParseFromString(concrete.graph.as_graph_def().SerializeToString())
    resources = {inner.op.name for held, inner in concrete.graph.captures if held.dtype == tf.resource}
    return proto, _view(proto, resources)


def _view(proto: MetaGraphDef, resources: Collection[str]) -> GraphView:
    """The graph as the rewriting looks at it: what was captured stands for a variable."""
    seen = MetaGraphDef()
    seen.CopyFrom(proto)
    for node in seen.graph_def.node:
        if node.name in resources:
            node.op = "VarHandleOp"
    bodies = [node for function in seen.graph_def.library.function for node in function.node_def]
    for op in sorted({node.op for node in (*seen.graph_def.node, *bodies)}):
        known = op_def_registry.get(op)
        if known is not None:
            seen.meta_info_def.stripped_op_list.op.add().ParseFromString(known.SerializeToString())
    return MetaGraph(seen).view


def _wrapped(concrete: Any, proto: MetaGraphDef, ends: Sequence[str]) -> Callable[..., Any]:
    """The rewritten graph as a function of the same arguments."""
    graph = tf.compat.v1.GraphDef.FromString(proto.graph_def.SerializeToString())
    inputs = list(concrete.graph.inputs)
    outputs = [tensor.name for tensor in concrete.graph.outputs]

    def imported(*arguments: Any) -> list[Any]:
        given = {tensor.name: value for tensor, value in zip(inputs, arguments, strict=True)}
        got = tf.graph_util.import_graph_def(
            graph, input_map=given, return_elements=[*outputs, *ends], name="frozen"
        )
        with tf.control_dependencies(got[len(outputs) :]):
            return [tf.identity(one) for one in got[: len(outputs)]]

    specs = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in inputs]
    wrapped = tf.compat.v1.wrap_function(imported, specs)
    captured = [held for held, _ in concrete.graph.captures]

    def call(*arguments: Any) -> Any:
        got = wrapped(*tf.nest.flatten(arguments, expand_composites=True), *captured)
        return tf.nest.pack_sequence_as(concrete.structured_outputs, got, expand_composites=True)

    return call
