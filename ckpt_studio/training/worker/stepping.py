"""Steps of a TensorFlow 2 model: several in one call of a graph, with frozen variables held still inside of it.

The loop runs inside the graph whatever the number of steps, so many at once compute the same bits as one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from ckpt_studio.training.worker.freeze_function import freeze_function
from ckpt_studio.training.worker.told import numbers_of

Step = Callable[[Any], Any]
"""Trains on one batch; its loss, and more as `told.numbers_of` takes it."""


class Batches(Protocol):
    """Where the steps' batches come from."""

    def spec(self) -> Any:
        """What stands for several steps' batches as an argument of a traced function."""
        ...

    def take(self, at: int, count: int) -> Any:
        """The batches of `count` steps from the `at`-th on, as the traced function takes them."""
        ...

    def pick(self, taken: Any, i: tf.Tensor) -> Any:
        """Inside the graph: the batch of the i-th of these steps."""
        ...


class Stepper:
    """A step, traced and frozen.

    Args:
        step: trains on one batch.
        batches: what it trains on.
        frozen: variables that must not change, whatever the step does.

    Attributes:
        names: of the numbers that each step tells beside its loss.
        traced: the concrete function of several steps, before anything was frozen in it.
        blocked: how many updates were left out of the graph.
        random: names of operations whose random numbers no checkpoint can repeat.
    """

    def __init__(self, step: Step, batches: Batches, frozen: Collection[tf.Variable]) -> None:
        self._batches = batches
        self.names: tuple[str, ...] = ()

        def run(taken: Any, count: tf.Tensor) -> tf.Tensor:
            rows = tf.TensorArray(tf.float64, size=count)

            def body(i: tf.Tensor, rows: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
                told = numbers_of(step(batches.pick(taken, i)))
                self.names = tuple(told)[1:]
                return i + 1, rows.write(i, tf.stack(list(told.values())))

            _, rows = tf.while_loop(
                lambda i, _: i < count, body, (tf.constant(0), rows), parallel_iterations=1
            )
            return rows.stack()

        self.traced = tf.function(run, autograph=False).get_concrete_function(
            batches.spec(), tf.TensorSpec((), tf.int32)
        )
        self.random = _random_ops(self.traced)
        self._call, self.blocked = freeze_function(self.traced, frozen)

    def steps(self, at: int, count: int) -> tuple[list[float], dict[str, list[float | None]]]:
        """Do steps; a loss each, and each of the other numbers."""
        losses, *more = np.asarray(self._call(self._batches.take(at, count), tf.constant(count))).T.tolist()
        return losses, dict(zip(self.names, more, strict=True))


def _random_ops(concrete: Any) -> tuple[str, ...]:
    """Operations with a random state of their own: it lies in the process and in no checkpoint."""
    graph = concrete.graph.as_graph_def()
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    found = {
        node.op
        for node in nodes
        if "seed2" in node.attr and not node.op.startswith("Stateless") and "Dataset" not in node.op
    }
    return tuple(sorted(found))


class FedBatches:
    """Batches of a feeder's rows, put together as the step takes them.

    Args:
        many: (step, count) -> input name -> stacked values.
        shape: puts a mapping of tensors together as one batch.
    """

    def __init__(
        self, many: Callable[[int, int], Mapping[str, Any]], shape: Callable[[Mapping[str, Any]], Any]
    ) -> None:
        self._many = many
        self._shape = shape
        self._first = {name: np.asarray(values) for name, values in many(0, 1).items()}

    def spec(self) -> dict[str, tf.TensorSpec]:
        """As `Batches.spec`."""
        return {
            name: tf.TensorSpec((None, *values.shape[1:]), _dtype(values))
            for name, values in self._first.items()
        }

    def take(self, at: int, count: int) -> dict[str, tf.Tensor]:
        """As `Batches.take`."""
        return {name: tf.constant(values) for name, values in self._many(at, count).items()}

    def pick(self, taken: Any, i: tf.Tensor) -> Any:
        """As `Batches.pick`."""
        return self._shape({name: values[i] for name, values in taken.items()})


def _dtype(values: Any) -> tf.DType:
    return tf.string if values.dtype.kind in "SUO" else tf.as_dtype(values.dtype)
