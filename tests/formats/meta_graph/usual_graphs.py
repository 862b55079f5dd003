"""Graphs as people build them with TensorFlow 1's functions, one a function.

Imported in the process that has TensorFlow only.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from tests.formats.meta_graph.graphs import (
    BATCH,
    CLASSES,
    FEATURES,
    HIDDEN,
    Expected,
    classifier,
    data,
    floats,
    graph,
    kind,
    layer,
    step_counter,
    v1,
    weights,
    whole,
)


@graph
def dropout(resource: bool) -> Expected:
    x, y, feeds = data()
    rate = v1.placeholder_with_default(0.5, [], "rate")
    loss = classifier(x, y, lambda h: v1.nn.dropout(tf.nn.relu(h), rate=rate, seed=7))
    train = v1.train.AdamOptimizer(0.01).minimize(loss, step_counter())
    return Expected([train.name], loss.op.name, feeds, "global_step", stock_equal=False)


@graph
def random_kinds(resource: bool) -> Expected:
    x, y, feeds = data()
    noise = tf.random.normal([FEATURES]) + v1.truncated_normal([FEATURES])
    picked = v1.multinomial(tf.zeros([1, FEATURES]), 1, output_dtype=tf.int32)
    shift = v1.random_uniform([], 0, FEATURES, tf.int32)
    loss = classifier(
        x + noise * 0.1 + 0.1 * tf.one_hot(shift, FEATURES) + 0.1 * tf.one_hot(picked[0, 0], FEATURES), y
    )
    train = v1.train.GradientDescentOptimizer(0.1).minimize(loss)
    return Expected([train.name], loss.op.name, feeds, stock_equal=False)


@graph
def batch_norm(resource: bool) -> Expected:
    x, y, feeds = data()
    mean = v1.get_variable("bn/moving_mean", [HIDDEN], initializer=v1.zeros_initializer(), trainable=False)
    variance = v1.get_variable(
        "bn/moving_variance", [HIDDEN], initializer=v1.ones_initializer(), trainable=False
    )
    gamma, beta = weights("bn/gamma", HIDDEN), weights("bn/beta", HIDDEN)

    def normalised(before: Any) -> Any:
        h = tf.tanh(before)  # else the bias before it would have no gradient
        batch_mean, batch_variance = tf.nn.moments(h, [0])
        for moving, now in ((mean, batch_mean), (variance, batch_variance)):
            v1.add_to_collection("update_ops", v1.assign_sub(moving, (moving - now) * 0.1).op)
        return tf.nn.relu(tf.nn.batch_normalization(h, batch_mean, batch_variance, beta, gamma, 1e-3))

    loss = classifier(x, y, normalised)
    with v1.control_dependencies(v1.get_collection("update_ops")):
        train = v1.train.MomentumOptimizer(0.1, 0.9).minimize(loss, step_counter())
    return Expected([train.name], loss.op.name, feeds, "global_step")


@graph
def moving_average(resource: bool) -> Expected:
    x, y, feeds = data()
    loss = classifier(x, y)
    step = step_counter()
    apply = v1.train.AdagradOptimizer(0.1).minimize(loss, step)
    average = v1.train.ExponentialMovingAverage(0.9, step)
    with v1.control_dependencies([apply]):
        train = average.apply(v1.trainable_variables())
    return Expected([train.name], loss.op.name, feeds, "global_step")


@graph
def clip_by_global_norm(resource: bool) -> Expected:
    x, y, feeds = data()
    loss = classifier(x, y) + 0.01 * tf.add_n([tf.nn.l2_loss(v) for v in v1.trainable_variables()])
    optimizer = v1.train.AdamOptimizer(0.01)
    gradients, variables = zip(*optimizer.compute_gradients(loss), strict=True)
    clipped, _ = v1.clip_by_global_norm(gradients, 0.5)
    train = optimizer.apply_gradients(zip(clipped, variables, strict=True), step_counter())
    return Expected([train.name], loss.op.name, feeds, "global_step")


@graph
def gan(resource: bool) -> Expected:
    real = v1.placeholder(tf.float32, [None, FEATURES], "real")
    z = v1.placeholder(tf.float32, [None, 2], "z")
    with v1.variable_scope("generator"):
        fake = layer(tf.nn.relu(layer(z, "a", 2, HIDDEN)), "b", HIDDEN, FEATURES)

    def judge(x: Any) -> Any:
        with v1.variable_scope("judge", reuse=v1.AUTO_REUSE):
            return layer(tf.nn.relu(layer(x, "a", FEATURES, HIDDEN)), "b", HIDDEN, 1)

    judged = judge(fake)
    judge_loss = tf.reduce_mean(tf.nn.softplus(judged)) + tf.reduce_mean(tf.nn.softplus(-judge(real)))
    fool_loss = tf.reduce_mean(tf.nn.softplus(-judged))
    ops = []
    for part, loss in (("judge", judge_loss), ("generator", fool_loss)):
        mine = v1.trainable_variables(part)
        ops.append(v1.train.AdamOptimizer(0.01, name=f"Adam_{part}").minimize(loss, var_list=mine).name)
    feeds = {"real:0": floats("real", BATCH, FEATURES), "z:0": floats("z", BATCH, 2)}
    return Expected(ops, judge_loss.op.name, feeds)


def recurrent(control_flow_v2: bool) -> Expected:
    x = v1.placeholder(tf.float32, [None, 4, FEATURES], "x")
    y = v1.placeholder(tf.int64, [None], "y")
    w, b = weights("cell/w", FEATURES + HIDDEN, HIDDEN), weights("cell/b", HIDDEN)

    def body(time: Any, state: Any) -> Any:
        joined = tf.concat([x[:, time], state], 1)
        return time + 1, tf.tanh(tf.matmul(joined, w) + b)

    start = tf.zeros([tf.shape(x)[0], HIDDEN])
    _, last = v1.while_loop(lambda time, _: time < 4, body, [tf.constant(0), start])
    logits = layer(last, "out", HIDDEN, CLASSES)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
    train = v1.train.RMSPropOptimizer(0.01).minimize(loss, step_counter())
    feeds = {"x:0": floats("x", BATCH, 4, FEATURES), "y:0": whole("y", CLASSES, BATCH)}
    return Expected([train.name], loss.op.name, feeds, "global_step")


@graph
def while_loop_rnn(resource: bool) -> Expected:
    return recurrent(False)


@graph
def while_v2_rnn(resource: bool) -> Expected:
    with kind(resource, control_flow_v2=True):
        return recurrent(True)


@graph
def embedding(resource: bool) -> Expected:
    ids = v1.placeholder(tf.int64, [None, 4], "ids")
    y = v1.placeholder(tf.int64, [None], "y")
    table = weights("table", 20, HIDDEN)
    shared = weights("shared", 20, HIDDEN)
    mean = tf.reduce_mean(v1.nn.embedding_lookup(table, ids) + v1.nn.embedding_lookup(shared, ids), 1)
    logits = layer(mean, "out", HIDDEN, CLASSES)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
    train = v1.train.AdagradOptimizer(0.1).minimize(loss, step_counter())
    feeds = {"ids:0": whole("ids", 20, BATCH, 4), "y:0": whole("y", CLASSES, BATCH)}
    return Expected([train.name], loss.op.name, feeds, "global_step")


@graph
def queue_input(resource: bool) -> Expected:
    queue = tf.queue.FIFOQueue(8, [tf.float32, tf.int64], [[BATCH, FEATURES], [BATCH]], name="queue")
    filename = v1.train.string_input_producer(["gone.txt"])
    v1.train.QueueRunner(queue, [queue.enqueue([tf.zeros([BATCH, FEATURES]), tf.zeros([BATCH], tf.int64)])])
    _, line = v1.TextLineReader().read(filename)
    tf.identity(line, "line")
    x, y = queue.dequeue()
    loss = classifier(x, y)
    train = v1.train.MomentumOptimizer(0.1, 0.9).minimize(loss, step_counter())
    feeds = {x.name: floats("x", BATCH, FEATURES), y.name: whole("y", CLASSES, BATCH)}
    return Expected([train.name], loss.op.name, feeds, "global_step")


@graph
def iterator_input(resource: bool) -> Expected:
    set_of_lines = v1.data.TextLineDataset("gone.csv").map(
        lambda _: (tf.zeros([FEATURES]), tf.constant(0, tf.int64))
    )
    x, y = v1.data.make_initializable_iterator(set_of_lines.batch(BATCH)).get_next()
    loss = classifier(x, y)
    train = v1.train.AdamOptimizer(0.01).minimize(loss, step_counter())
    feeds = {x.name: floats("x", BATCH, FEATURES), y.name: whole("y", CLASSES, BATCH)}
    return Expected([train.name], loss.op.name, feeds, "global_step")


@graph
def python_input(resource: bool) -> Expected:
    x, y = v1.py_func(lambda: None, [], [tf.float32, tf.int64], name="loader")
    x.set_shape([None, FEATURES])
    y.set_shape([None])
    loss = classifier(x, y)
    train = v1.train.GradientDescentOptimizer(0.1).minimize(loss)
    feeds = {x.name: floats("x", BATCH, FEATURES), y.name: whole("y", CLASSES, BATCH)}
    return Expected([train.name], loss.op.name, feeds)


@graph
def no_inputs(resource: bool) -> Expected:
    rng = np.random.default_rng(1)
    x = tf.constant(rng.standard_normal((BATCH, FEATURES)).astype(np.float32))
    loss = classifier(x, tf.constant(rng.integers(0, CLASSES, BATCH)))
    train = v1.train.AdadeltaOptimizer(1.0, epsilon=1e-3).minimize(loss)
    return Expected([train.name], loss.op.name, {})


@graph
def partitioned(resource: bool) -> Expected:
    x, y, feeds = data()
    with v1.variable_scope("split", partitioner=v1.fixed_size_partitioner(2)):
        w = v1.get_variable("w", [FEATURES, HIDDEN], initializer=v1.random_normal_initializer(seed=3))
    h = tf.nn.relu(tf.matmul(x, tf.convert_to_tensor(w)) + weights("b", HIDDEN))
    logits = layer(h, "out", HIDDEN, CLASSES)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
    train = v1.train.FtrlOptimizer(0.1).minimize(loss, step_counter())
    return Expected([train.name], loss.op.name, feeds, "global_step")


@graph
def lookup_table(resource: bool) -> Expected:
    words = v1.placeholder(tf.string, [None], "words")
    y = v1.placeholder(tf.int64, [None], "y")
    keys, places = tf.constant(["a", "b", "c"]), tf.constant([0, 1, 2], tf.int64)
    table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, places), 0)
    loss = classifier(tf.one_hot(table.lookup(words), FEATURES), y)
    train = v1.train.GradientDescentOptimizer(0.1).minimize(loss)
    return Expected(
        [train.name],
        loss.op.name,
        {
            "words:0": lambda step: np.array([b"abc"[i : i + 1] for i in whole("w", 3, BATCH)(step)], object),
            "y:0": whole("y", CLASSES, BATCH),
        },
    )
