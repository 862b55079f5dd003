"""Graphs that are built in ways which a simple search would get wrong, one a function.

Imported in the process that has TensorFlow only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tests.formats.meta_graph.graphs import (
    BATCH,
    CLASSES,
    FEATURES,
    HIDDEN,
    Expected,
    classifier,
    data,
    graph,
    kind,
    layer,
    step_counter,
    v1,
    weights,
    whole,
)


@graph
def random_gamma(resource: bool) -> Expected:
    x, y, feeds = data()
    loss = classifier(x * tf.random.gamma([FEATURES], 2.0), y)
    train = v1.train.GradientDescentOptimizer(0.1).minimize(loss)
    return Expected([train.name], loss.op.name, feeds, exact=False, stock_equal=False)


@graph
def updates_in_condition(resource: bool) -> Expected:
    """An apply that only runs in one branch, as gradient accumulation and loss scaling do."""
    x, y, feeds = data()
    loss = classifier(x, y)
    optimizer = v1.train.GradientDescentOptimizer(0.1)
    gradients = optimizer.compute_gradients(loss)
    good = tf.reduce_all([tf.reduce_all(tf.math.is_finite(g)) for g, _ in gradients])
    train = v1.cond(
        good, lambda: tf.group(optimizer.apply_gradients(gradients)), lambda: tf.group(), name="guarded"
    )
    return Expected([train.op.name], loss.op.name, feeds)


@graph
def updates_in_function(resource: bool) -> Expected:
    """Writes that only happen inside functions which the graph calls."""
    with kind(True, control_flow_v2=True):
        x, y, feeds = data()
        loss = classifier(x, y)
        optimizer = v1.train.GradientDescentOptimizer(0.1)
        gradients = optimizer.compute_gradients(loss)
        good = tf.reduce_all([tf.reduce_all(tf.math.is_finite(g)) for g, _ in gradients])

        def apply() -> Any:
            with v1.control_dependencies([v.assign_sub(0.1 * g) for g, v in gradients]):
                return tf.constant(1)

        train = v1.cond(good, apply, lambda: tf.constant(0), name="guarded")
    return Expected([train.op.name], loss.op.name, feeds)


@graph
def updates_guarded_by_function(resource: bool) -> Expected:
    """As loss scaling does it in TensorFlow 2: the updates are in a function for one branch, with all slots outside."""
    with kind(True, control_flow_v2=True):
        x, y, feeds = data()
        loss = classifier(x, y)
        optimizer = v1.train.MomentumOptimizer(0.1, 0.9)
        gradients = optimizer.compute_gradients(loss)
        optimizer._create_slots([variable for _, variable in gradients])
        good = tf.reduce_all([tf.reduce_all(tf.math.is_finite(g)) for g, _ in gradients])
        train = v1.cond(
            good, lambda: tf.group(optimizer.apply_gradients(gradients)), lambda: tf.group(), name="guarded"
        )
    v1.get_collection_ref("train_op").clear()  # it names a node of the function
    return Expected([train.op.name], loss.op.name, feeds)


@graph
def hand_written(resource: bool) -> Expected:
    """Momentum by hand: the new value needs the new momentum, so a frozen weight must not stop other updates."""
    x, y, feeds = data()
    loss = classifier(x, y)
    variables = v1.trainable_variables()
    seen = v1.get_variable("batches", [], tf.int32, v1.zeros_initializer(), trainable=False)
    updates = []
    gradients = v1.tuple(tf.gradients(loss, variables))
    for variable, gradient in zip(variables, gradients, strict=True):
        name = f"{variable.op.name}/momentum"
        slot = v1.get_variable(name, initializer=tf.zeros(variable.shape), trainable=False)
        fresh = v1.assign(slot, 0.9 * slot + gradient)
        updates.append(v1.assign_sub(variable, 0.1 * fresh).op)
    train = tf.group(*updates, v1.assign_add(seen, 1).op, name="by_hand")
    return Expected([train.name], loss.op.name, feeds, "batches")


@graph
def other_writer_behind_frozen(resource: bool) -> Expected:
    """A count that is only kept because the first weight's update asks for it."""
    x, y, feeds = data()
    loss = classifier(x, y)
    count = v1.get_variable("count", [], tf.float32, v1.zeros_initializer(), trainable=False)
    counted = v1.assign_add(count, 1.0)
    optimizer = v1.train.GradientDescentOptimizer(0.1)
    pairs = [(g / counted if v.op.name == "hidden/b" else g, v) for g, v in optimizer.compute_gradients(loss)]
    train = optimizer.apply_gradients(pairs)
    return Expected([train.name], loss.op.name, feeds)


@graph
def notebook_copies(resource: bool) -> Expected:
    """The cell that makes the optimizer ran twice."""
    x, y, feeds = data()
    loss = classifier(x, y)
    v1.train.AdamOptimizer(0.01).minimize(loss)
    train = v1.train.AdamOptimizer(0.01).minimize(loss)
    return Expected([train.name], loss.op.name, feeds)


@graph
def not_saved(resource: bool) -> Expected:
    """A saver of the weights alone: slots and step get their initial values, one of them made from a weight's."""
    x, y, feeds = data()
    loss = classifier(x, y)
    saved = v1.trainable_variables()
    scale = v1.get_variable("scale", initializer=tf.ones_like(saved[0]), trainable=False)
    train = v1.train.AdamOptimizer(0.01).minimize(loss * tf.reduce_mean(scale), step_counter())
    for variable in saved:
        v1.add_to_collection("only_saved", variable)
    rest = [v.op.name for v in v1.global_variables() if v not in saved]
    return Expected([train.name], "mul", feeds, "global_step", missing=sorted(rest))


@graph
def manual_backprop(resource: bool) -> Expected:
    """Gradients and updates by hand, run as a list, without a word that says so."""
    x, y, feeds = data()
    w1, w2 = weights("w1", FEATURES, HIDDEN), weights("w2", HIDDEN, CLASSES)
    hidden = tf.sigmoid(tf.matmul(x, w1))
    off = tf.matmul(hidden, w2) - tf.one_hot(y, CLASSES)
    d1 = tf.matmul(off, w2, transpose_b=True) * hidden * (1 - hidden)
    changes = v1.tuple([tf.matmul(x, d1, transpose_a=True), tf.matmul(hidden, off, transpose_a=True)])
    updates = [v1.assign(w, w - 0.01 * change).op.name for w, change in zip((w1, w2), changes, strict=True)]
    loss = tf.reduce_mean(off * off, name="cost")
    return Expected(updates, loss.op.name, feeds, together=True)


@graph
def target_network(resource: bool) -> Expected:
    """Q-learning: a second network that copies the first from time to time, hard and soft."""
    x, y, feeds = data()
    with v1.variable_scope("online"):
        q = layer(x, "q", FEATURES, CLASSES)
    with v1.variable_scope("target"):
        aim = layer(x, "q", FEATURES, CLASSES)
    loss = tf.reduce_mean(
        (tf.reduce_sum(q * tf.one_hot(y, CLASSES), 1) - tf.reduce_max(tf.stop_gradient(aim), 1)) ** 2
    )
    train = v1.train.AdamOptimizer(0.01).minimize(loss, var_list=v1.trainable_variables("online"))
    pairs = list(zip(v1.trainable_variables("target"), v1.trainable_variables("online"), strict=True))
    tf.group(*[v1.assign(old, new).op for old, new in pairs], name="copy")
    tf.group(*[v1.assign(old, 0.9 * old + 0.1 * new).op for old, new in pairs], name="follow")
    return Expected([train.name], loss.op.name, feeds, trains=["online/q/b", "online/q/w"])


@graph
def scoped_sum_of_losses(resource: bool) -> Expected:
    """Several losses added up inside name scopes, and a frozen learning-rate schedule on the step."""
    x, y, feeds = data()
    first = classifier(x, y)
    with tf.name_scope("extra"):
        decay = tf.add_n([tf.nn.l2_loss(v) for v in v1.trainable_variables()], name="decay")
    with tf.name_scope("total"):
        loss = tf.add_n([first, 0.01 * decay], name="sum")
    step = step_counter()
    with tf.name_scope("training"):
        rate = v1.train.exponential_decay(0.1, step, 3, 0.9)
        train = v1.train.MomentumOptimizer(rate, 0.9).minimize(loss, step)
    return Expected([train.name], loss.op.name, feeds, "global_step")


@graph
def sampled_classes(resource: bool) -> Expected:
    """A candidate sampler has a state of its own, so a resumed run draws other classes; it is said."""
    ids = v1.placeholder(tf.int64, [None], "ids")
    y = v1.placeholder(tf.int64, [None, 1], "y")
    table, out, bias = weights("table", 20, HIDDEN), weights("out", 20, HIDDEN), weights("bias", 20)
    x = v1.nn.embedding_lookup(table, ids)
    loss = tf.reduce_mean(tf.nn.nce_loss(out, bias, y, x, num_sampled=4, num_classes=20))
    train = v1.train.GradientDescentOptimizer(0.5).minimize(loss)
    feeds = {"ids:0": whole("ids", 20, BATCH), "y:0": whole("y", 20, BATCH, 1)}
    return Expected([train.name], loss.op.name, feeds, exact=False, stock_equal=False)


@graph
def gradient_accumulation(resource: bool) -> Expected:
    """Gradients are summed at each step and applied at every second one."""
    x, y, feeds = data()
    loss = classifier(x, y)
    step = step_counter()
    optimizer = v1.train.GradientDescentOptimizer(0.1)
    sums = []
    for gradient, variable in optimizer.compute_gradients(loss):
        total = v1.get_variable(
            f"sums/{variable.op.name}", initializer=tf.zeros(variable.shape), trainable=False
        )
        sums.append((v1.assign_add(total, gradient), total, variable))
    with v1.control_dependencies([one for one, _, _ in sums]):
        turn = tf.equal(tf.math.floormod(tf.identity(v1.train.get_global_step()), 2), 1)

        def apply() -> Any:
            with v1.control_dependencies(
                [optimizer.apply_gradients([(t.read_value(), v) for _, t, v in sums])]
            ):
                return tf.group(*[v1.assign(t, tf.zeros_like(t)).op for _, t, _ in sums])

        done = v1.cond(turn, apply, tf.group)
    with v1.control_dependencies([done]):
        train = v1.assign_add(step, 1, name="train")
    return Expected([train.op.name], loss.op.name, feeds, "global_step")


@graph
def step_in_function(resource: bool) -> Expected:
    """The whole step is one function that the graph calls, gradient and slots included."""
    with kind(True, control_flow_v2=True):
        x, y, feeds = data()
        w, b = weights("w", FEATURES, CLASSES), weights("b", CLASSES)
        slot = v1.get_variable("w/momentum", initializer=tf.zeros([FEATURES, CLASSES]), trainable=False)

        @tf.function
        def step(x: Any, y: Any) -> Any:
            with tf.GradientTape() as tape:
                logits = tf.matmul(x, w) + b
                loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
            by_w, by_b = tape.gradient(loss, [w, b])
            tf.raw_ops.ResourceApplyMomentum(var=w.handle, accum=slot.handle, lr=0.1, grad=by_w, momentum=0.9)
            tf.raw_ops.ResourceApplyGradientDescent(var=b.handle, alpha=0.1, delta=by_b)
            return loss

        loss = tf.identity(step(x, y), "loss")
    return Expected(["loss"], loss.op.name, feeds, by_optimizer=False)


@graph
def steps_in_loop(resource: bool) -> Expected:
    """Three steps a call, in a loop of either kind."""
    with kind(True, control_flow_v2=resource):
        x, y, feeds = data()
        w, b = weights("w", FEATURES, CLASSES), weights("b", CLASSES)

        def step(turn: Any, _: Any) -> Any:
            error = tf.nn.softmax(tf.matmul(x, w) + b) - tf.one_hot(y, CLASSES)
            gradients = (w, tf.matmul(x, error, transpose_a=True)), (b, tf.reduce_sum(error, 0))
            apply = tf.raw_ops.ResourceApplyGradientDescent
            with v1.control_dependencies([apply(var=v.handle, alpha=0.01, delta=by) for v, by in gradients]):
                return turn + 1, tf.reduce_mean(error**2)

        _, loss = tf.while_loop(lambda turn, _: turn < 3, step, [0, 0.0], parallel_iterations=1)
        loss = tf.identity(loss, "loss")
    return Expected(["loss"], loss.op.name, feeds, by_optimizer=False)


def adagrad_in_loop(resource: bool, apply: Callable[[Any, Any, list[tuple[Any, Any]]], Any]) -> Expected:
    """Three turns of a loop, in each of which `apply(optimizer, turn, gradients)` updates."""
    with kind(True, control_flow_v2=resource):
        x, y, feeds = data()
        w, b = weights("w", FEATURES, CLASSES), weights("b", CLASSES)
        optimizer = v1.train.AdagradOptimizer(0.1)
        optimizer._create_slots([w, b])

        def step(turn: Any, _: Any) -> Any:
            error = tf.nn.softmax(tf.matmul(x, w) + b) - tf.one_hot(y, CLASSES)
            pairs = [(tf.matmul(x, error, transpose_a=True), w), (tf.reduce_sum(error, 0), b)]
            with v1.control_dependencies([apply(optimizer, turn, pairs)]):
                return turn + 1, tf.reduce_mean(error**2)

        _, loss = tf.while_loop(lambda turn, _: turn < 3, step, [0, 0.0], parallel_iterations=1)
        loss = tf.identity(loss, "loss")
        v1.get_collection_ref("train_op").clear()  # it names a node of the loop
    return Expected(["loss"], loss.op.name, feeds)


@graph
def optimizer_in_loop(resource: bool) -> Expected:
    """Three steps a call, by an optimizer of TensorFlow 1."""
    return adagrad_in_loop(resource, lambda optimizer, _, pairs: optimizer.apply_gradients(pairs))


@graph
def guarded_in_loop(resource: bool) -> Expected:
    """Updates on a condition, in a loop."""

    def apply(optimizer: Any, turn: Any, pairs: list[tuple[Any, Any]]) -> Any:
        return v1.cond(
            tf.equal(turn % 2, 0),
            lambda: tf.group(optimizer.apply_gradients(pairs)),
            tf.group,
        )

    return adagrad_in_loop(resource, apply)


@graph
def optimizer_in_function(resource: bool) -> Expected:
    """A function with an optimizer of TensorFlow 1 in it, which another function calls."""
    with kind(True, control_flow_v2=True):
        x, y, feeds = data()
        w, b = weights("w", FEATURES, CLASSES), weights("b", CLASSES)
        optimizer, counted = v1.train.AdagradOptimizer(0.1), v1.train.get_or_create_global_step()

        @tf.function
        def update(*gradients: Any) -> None:
            optimizer.apply_gradients(zip(gradients, [w, b], strict=True), counted)

        @tf.function
        def step(x: Any, y: Any) -> Any:
            with tf.GradientTape() as tape:
                logits = tf.matmul(x, w) + b
                loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
            update(*tape.gradient(loss, [w, b]))
            return loss

        loss = tf.identity(step(x, y), "loss")
        v1.get_collection_ref("train_op").clear()  # it names a node of the function
    return Expected(["loss"], loss.op.name, feeds, "global_step")
