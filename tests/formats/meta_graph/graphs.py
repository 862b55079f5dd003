"""What the generated graphs are made of, for the tests of MetaGraphs; `usual_graphs` and `odd_graphs` hold them.

Imported in the process that has TensorFlow only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1

FEATURES, HIDDEN, CLASSES, BATCH = 6, 5, 3, 8


@dataclass
class Expected:
    """What a person who wrote the graph would answer.

    `feeds` gives, for each tensor that takes data, a function of the step. `exact`: 5 + 5 steps are as 10.
    `stock_equal`: nothing is random, so a stock session trains to the same bits. `together`: all train operations are
    run in one call. `trains`: what they update, where it is not all that is trainable. `by_optimizer`: by one of
    `tf.compat.v1`, which can be another.
    """

    train_ops: list[str]
    loss: str | None
    feeds: dict[str, Callable[[int], Any]]
    step: str | None = None
    exact: bool = True
    stock_equal: bool = True
    missing: list[str] = field(default_factory=list)
    together: bool = False
    trains: list[str] = field(default_factory=list)
    by_optimizer: bool = True


BUILDERS: dict[str, Callable[[bool], Expected]] = {}


def graph(build: Callable[[bool], Expected]) -> Callable[[bool], Expected]:
    BUILDERS[build.__name__] = build
    return build


OPTIMIZERS: dict[str, Callable[[], Any]] = {
    "GradientDescent": lambda: v1.train.GradientDescentOptimizer(0.1),
    "Momentum": lambda: v1.train.MomentumOptimizer(0.1, 0.9, use_nesterov=True),
    "Adam": lambda: v1.train.AdamOptimizer(0.01),
    "RMSProp": lambda: v1.train.RMSPropOptimizer(0.01, momentum=0.5, centered=True),
    "Adagrad": lambda: v1.train.AdagradOptimizer(0.1),
    "Adadelta": lambda: v1.train.AdadeltaOptimizer(1.0, epsilon=1e-3),
    "Ftrl": lambda: v1.train.FtrlOptimizer(0.1, l1_regularization_strength=0.001),
}


def draw(step: int, name: str) -> np.random.Generator:
    return np.random.default_rng([step, sum(map(ord, name))])


def floats(name: str, *shape: int) -> Callable[[int], Any]:
    return lambda step: draw(step, name).standard_normal(shape).astype(np.float32)


def whole(name: str, below: int, *shape: int) -> Callable[[int], Any]:
    return lambda step: draw(step, name).integers(0, below, shape)


@contextmanager
def kind(resource: bool, control_flow_v2: bool = False) -> Iterator[None]:
    """Reference or resource variables, and which control flow, without a trace left behind."""
    variables, flow = v1.resource_variables_enabled(), v1.control_flow_v2_enabled()
    (v1.enable_resource_variables if resource else v1.disable_resource_variables)()
    (v1.enable_control_flow_v2 if control_flow_v2 else v1.disable_control_flow_v2)()
    try:
        yield
    finally:
        (v1.enable_resource_variables if variables else v1.disable_resource_variables)()
        (v1.enable_control_flow_v2 if flow else v1.disable_control_flow_v2)()


def weights(name: str, *shape: int, **more: Any) -> Any:
    start = np.random.default_rng(sum(map(ord, name))).standard_normal(shape).astype(np.float32) * 0.3
    return v1.get_variable(name, initializer=start, **more)


def layer(x: Any, name: str, rows: int, columns: int) -> Any:
    with v1.variable_scope(name):
        return tf.matmul(x, weights("w", rows, columns)) + weights("b", columns)


def classifier(x: Any, y: Any, hidden: Callable[[Any], Any] = tf.nn.relu) -> Any:
    h = hidden(layer(x, "hidden", FEATURES, HIDDEN))
    logits = layer(h, "out", HIDDEN, CLASSES)
    return tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits), name="loss"
    )


def data() -> tuple[Any, Any, dict[str, Callable[[int], Any]]]:
    x = v1.placeholder(tf.float32, [None, FEATURES], "x")
    y = v1.placeholder(tf.int64, [None], "y")
    return x, y, {"x:0": floats("x", BATCH, FEATURES), "y:0": whole("y", CLASSES, BATCH)}


def step_counter() -> Any:
    return v1.train.get_or_create_global_step()


def plain(optimizer: str, listed: bool) -> Expected:
    x, y, feeds = data()
    loss = classifier(x, y)
    train = OPTIMIZERS[optimizer]().minimize(loss, global_step=step_counter())
    if not listed:
        v1.get_collection_ref("train_op").clear()
    return Expected([train.name], loss.op.name, feeds, "global_step")
