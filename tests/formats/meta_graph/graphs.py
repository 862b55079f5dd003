"""Graphs as people build them with TensorFlow 1's functions, one a function, for the tests of MetaGraphs.

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
    run in one call. `trains`: what they update, where it is not all that is trainable.
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
def random_gamma(resource: bool) -> Expected:
    x, y, feeds = data()
    loss = classifier(x * tf.random.gamma([FEATURES], 2.0), y)
    train = v1.train.GradientDescentOptimizer(0.1).minimize(loss)
    return Expected([train.name], loss.op.name, feeds, exact=False, stock_equal=False)


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
