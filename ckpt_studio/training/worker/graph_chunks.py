"""Several steps of a run's graph in one call: a loop inside the graph, which small models gain from.

The graph is imported once more as the body of the loop, on the same variables. Whether that computes the same bits is
tried on some steps of the run itself, see `GraphTrainer`; where it does not, steps are done one by one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from typing import Any, Final

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import op_def_pb2
from tensorflow.python.framework import op_def_registry

from ckpt_studio.formats.meta_graph.run_parts import RunGraph

v1 = tf.compat.v1

_MOST_NODES: Final = 20_000
_MOST_BYTES: Final = 64 << 20
"""Of variables: they are kept twice while the loop is tried, and larger models gain little."""
_KEEPS_STATE: Final = re.compile(
    r"Var\w*|Variable\w*|ReadVariableOp|_ReadVariablesOp|Resource\w+|Assign\w*|TensorArray\w+|Stack\w+|Assert"
    r"|While|If|Case|StatefulPartitionedCall|Placeholder\w*"
)
"""Operations with a state that a loop's body shares with the rest of the graph, or has for one step only."""


class GraphChunks:
    """The loop over one graph.

    Args:
        graph: what was imported into the session's graph.
        into: that graph.
        each: tensors that get another value with each step: what `GraphSession.step` is fed.
        fixed: values of tensors that get the same with each step.

    Raises:
        ValueError, TypeError, RuntimeError, tf.errors.OpError: TensorFlow cannot make a loop of it.
    """

    def __init__(
        self, graph: RunGraph, into: tf.Graph, each: Collection[str], fixed: Mapping[str, Any]
    ) -> None:
        definition = _with_shared_names(graph)
        operations = op_def_pb2.OpList.FromString(graph.producer_ops) if graph.producer_ops else None
        self._has_loss = bool(graph.losses)
        with into.as_default():
            given = {name: into.get_tensor_by_name(name) for name in each}
            self._stacked = {
                name: v1.placeholder(one.dtype, _stacked(one.shape)) for name, one in given.items()
            }
            self._count = v1.placeholder(tf.int32, ())
            handles = {
                f"{one.name}:0": into.get_tensor_by_name(f"{one.name}:0")
                for one in graph.variables
                if into.get_tensor_by_name(f"{one.name}:0").dtype == tf.resource
            }
            constants = {
                name: tf.constant(value, into.get_tensor_by_name(name).dtype) for name, value in fixed.items()
            }

            def body(i: Any, losses: Any) -> Any:
                inside = v1.get_default_graph()  # a function's: what it takes from outside is an argument
                slices = {name: values[i] for name, values in self._stacked.items()}
                held = {name: inside.capture(one) for name, one in {**handles, **constants}.items()}
                got = tf.graph_util.import_graph_def(
                    definition,
                    input_map={**held, **slices},
                    return_elements=[*graph.losses[:1], graph.train_ops[0]],
                    name="step",
                    producer_op_list=operations,
                )
                with tf.control_dependencies([got[-1]]):
                    after = i + 1
                return after, losses.write(i, got[0]) if self._has_loss else losses

            kind = into.get_tensor_by_name(graph.losses[0]).dtype if self._has_loss else tf.float32
            losses = tf.TensorArray(kind, self._count, element_shape=())
            end, losses = tf.while_loop(
                lambda i, _: i < self._count, body, (tf.constant(0), losses), parallel_iterations=1
            )
            self._end = losses.stack() if self._has_loss else end

    def run(self, session: Any, feeds: Mapping[str, Any], count: int) -> list[float | None]:
        """Do steps; a loss each.

        Args:
            session: the one that has the graph's variables.
            feeds: for each of the tensors that change, `count` values along a new first axis.
            count: how many.
        """
        stacked = {self._stacked[name]: values for name, values in feeds.items()}
        got = session.run(self._end, {**stacked, self._count: count})
        return [float(loss) for loss in np.asarray(got)] if self._has_loss else [None] * count


def _with_shared_names(graph: RunGraph) -> Any:
    """The graph with variables that are the same ones wherever it is imported, and under whatever name."""
    definition = v1.GraphDef.FromString(graph.graph_def)
    for node in definition.node:
        if node.op in ("VariableV2", "Variable") and not node.attr["shared_name"].s:
            node.attr["shared_name"].s = node.name.encode()
    return definition


def can_loop(graph: RunGraph, into: tf.Graph) -> bool:
    """Whether a loop over a graph could compute the same: one train operation, and no state of the body's own."""
    if len(graph.train_ops) != 1 or graph.own_data or graph.inexact or graph.table_initializers:
        return False
    if graph.losses and into.get_tensor_by_name(graph.losses[0]).shape.rank != 0:
        return False
    sizes = (math.prod(one.shape or (0,)) * tf.as_dtype(one.dtype).size for one in graph.variables)
    if sum(map(abs, sizes)) > _MOST_BYTES:
        return False
    nodes = into.get_operations()
    return len(nodes) <= _MOST_NODES and all(_is_shared(one.type) for one in nodes)


def _is_shared(op: str) -> bool:
    known = op_def_registry.get(op)
    return known is not None and (not known.is_stateful or _KEEPS_STATE.fullmatch(op) is not None)


def _stacked(shape: tf.TensorShape) -> tf.TensorShape:
    return tf.TensorShape(None) if shape.rank is None else tf.TensorShape([None, *shape])
