"""A run's graph in TensorFlow: imported, given its values, stepped, and read back, only through nodes of our own."""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.core.framework import op_def_pb2

from ckpt_studio.core.tensors import TensorSource
from ckpt_studio.formats.meta_graph.run_parts import RunGraph, RunVariable
from ckpt_studio.training.worker.faults import DataEnded
from ckpt_studio.training.worker.graph_chunks import GraphChunks, can_loop
from ckpt_studio.training.worker.queues import QueueFiller

v1 = tf.compat.v1


class GraphSession:
    """One graph with its variables.

    Args:
        graph: what to import.
        step: whether to read the step that the graph counts.
        intra_op, inter_op: threads.
    """

    def __init__(self, graph: RunGraph, *, step: bool, intra_op: int, inter_op: int) -> None:
        self._run_graph = graph
        self._graph = tf.Graph()
        with self._graph.as_default():
            operations = op_def_pb2.OpList.FromString(graph.producer_ops) if graph.producer_ops else None
            definition = v1.GraphDef.FromString(graph.graph_def)
            tf.graph_util.import_graph_def(definition, name="", producer_op_list=operations)
            train = [self._graph.get_operation_by_name(name) for name in graph.train_ops]
            loss = [self._graph.get_tensor_by_name(name) for name in graph.losses[:1]]
            self._loss = loss[0] if loss else None
            counted = [self._step_after(train[-1])] if step and graph.step is not None else []
            self._has_loss, self._has_step = bool(loss), bool(counted)
            # What the step's value waits for needs no fetching of its own; every fetch costs some microseconds.
            self._calls = [[one] for one in (train[:-1] if counted else train)] + [counted] * self._has_step
            self._calls[0] = [*loss, *self._calls[0]]
        config = v1.ConfigProto(
            allow_soft_placement=True,
            intra_op_parallelism_threads=intra_op,
            inter_op_parallelism_threads=inter_op,
        )
        self._session = v1.Session(graph=self._graph, config=config)
        self._chunks: GraphChunks | None = None
        self._filler = QueueFiller(self._session, graph.queues)

    def begin(self, start: TensorSource) -> None:
        """Give every variable its value: from the checkpoint, else by its own initializer; then fill tables.

        The graph's own data begins last, since it may look things up in them.
        """
        self.give(start, start.columns)
        graph = self._run_graph
        for node in (*graph.initializers, *graph.table_initializers, *graph.starts):
            self._session.run(node)
        self._filler.start()

    def give(self, source: TensorSource, keys: Container[str]) -> None:
        """Give the variables of these keys their values."""
        for key, variables in _by_key(self._run_graph.variables).items():
            if key in keys and any(one.held for one in variables):
                values = source.read(key)
                for one in variables:
                    if one.held:
                        part = values if one.window is None else values[one.window]
                        self._session.run(one.set_op, {one.set_feed: part})

    def loss(self, feeds: Mapping[str, Any]) -> float | None:
        """The loss of a batch; no variable is changed by it."""
        if self._loss is None:
            return None
        moved = self._run_graph.moved_by_loss
        kept = self.snapshot(moved) if moved else {}
        loss = _number(self._session.run(self._loss, feeds))
        self.go_back(kept)
        return loss

    def step(self, feeds: Mapping[str, Any]) -> tuple[float | None, int | None]:
        """Run the train operations once, one after another; the first one's loss, and the step after the last.

        Raises:
            DataEnded: the graph's own data has come to its end.
        """
        try:
            got = [self._session.run(call, feeds) for call in self._calls]
        except (tf.errors.OutOfRangeError, tf.errors.CancelledError) as error:
            self._filler.check()
            if not self._run_graph.own_data or isinstance(error, tf.errors.CancelledError):
                raise
            raise DataEnded from error
        loss = _number(got[0][0]) if self._has_loss else None
        return loss, int(got[-1][-1]) if self._has_step else None

    def watched(self, feeds: Mapping[str, Any]) -> dict[str, float]:
        """The numbers beside the loss, as they are now for a batch; those that are not one number are left out."""
        got = self._session.run(dict(self._run_graph.watched), feeds)
        return {name: float(np.reshape(value, ())) for name, value in got.items() if np.size(value) == 1}

    def can_loop(self) -> bool:
        """Whether several steps in one call could compute the same as one by one."""
        return can_loop(self._run_graph, self._graph)

    def loop_over(self, each: Collection[str], fixed: Mapping[str, Any]) -> None:
        """Prepare `many`. Raises: as `GraphChunks`."""
        self._chunks = GraphChunks(self._run_graph, self._graph, each, fixed)

    def many(self, feeds: Mapping[str, Any], count: int) -> tuple[list[float | None], int | None]:
        """As so many `step`s; a loss each, and the step after the last.

        Args:
            feeds: for each tensor, `count` values along a new first axis; those of `loop_over` that stay are left out.
            count: how many.
        """
        assert self._chunks is not None
        losses = self._chunks.run(self._session, feeds, count)
        return losses, self.counted

    @property
    def counted(self) -> int | None:
        """The step that the graph counts, None where it does not."""
        return int(self._session.run(self._run_graph.step)) if self._has_step else None

    def snapshot(self, names: Container[str] | None = None) -> dict[str, Any]:
        """The values of all variables, or of those of these names, for `go_back`."""
        variables = self._run_graph.variables
        wanted = {one.name: one.get for one in variables if names is None or one.name in names}
        found: dict[str, Any] = self._session.run(wanted)
        return found

    def go_back(self, snapshot: Mapping[str, Any]) -> None:
        """Give the variables of a snapshot the values that they had."""
        for one in self._run_graph.variables:
            if one.name in snapshot:
                self._session.run(one.set_op, {one.set_feed: snapshot[one.name]})

    def values(self, start: TensorSource) -> dict[str, NDArray[Any]]:
        """Every variable by its key; parts of a partitioned one put together over what the checkpoint began with."""
        variables = self._run_graph.variables
        got = self._session.run({one.get: one.get for one in variables})
        found: dict[str, NDArray[Any]] = {}
        for key, parts in _by_key(variables).items():
            if parts[0].window is None:
                found[key] = np.asarray(got[parts[0].get])
                continue
            first = np.asarray(got[parts[0].get])
            whole = (
                start.read(key) if key in start.columns else np.zeros(parts[0].full_shape or (), first.dtype)
            )
            for one in parts:
                whole[one.window] = got[one.get]
            found[key] = whole
        return found

    def _step_after(self, train: tf.Operation) -> tf.Tensor:
        """The step's value after a train operation has run, so that reading it does not race with it."""
        source = self._graph.get_tensor_by_name(self._run_graph.step).op.inputs[0]
        with self._graph.control_dependencies([train]):
            if source.dtype == tf.resource:
                like = next(one for one in self._run_graph.variables if one.get == self._run_graph.step)
                return tf.raw_ops.ReadVariableOp(resource=source, dtype=tf.as_dtype(like.dtype))
            return tf.identity(source)


def _by_key(variables: tuple[RunVariable, ...]) -> dict[str, list[RunVariable]]:
    found: dict[str, list[RunVariable]] = {}
    for one in variables:
        found.setdefault(one.key, []).append(one)
    return found


def _number(loss: Any) -> float:
    """A loss as one number: itself, or the mean of a loss an example."""
    return float(loss) if np.ndim(loss) == 0 else float(np.mean(np.asarray(loss, np.float64)))
