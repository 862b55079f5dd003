"""The same network as a graph of TensorFlow 1's kind, under every optimizer of tf.compat.v1."""

from __future__ import annotations

from typing import Final

OPTIMIZERS: Final = (
    "GradientDescent", "Momentum", "Momentum:use_nesterov=True", "Adam", "RMSProp",
    "RMSProp:momentum=0.9:centered=True", "Adagrad", "Adadelta", "Ftrl:initial_accumulator_value=0.0",
    "ProximalGradientDescent",
    "ProximalAdagrad", "AdagradDA", "Adam:clip", "Adam:ema", "Momentum:scaled",
)  # fmt: skip
"""Name and settings of each; `clip`: by the global norm, `ema`: with averages of the weights, `scaled`: the loss is."""

MAKE: Final = """
import os
v1 = tf.compat.v1
folder, optimizers, resource = args
rng = np.random.default_rng(5)
x = rng.standard_normal((96, 8)).astype("f")
y = (x[:, 0] > 0).astype("i8") + (x[:, 1] > 1)
np.savez(os.path.join(folder, "data.npz"), features=x, labels=y)

def variable(name, *shape, value=None, trainable=True):
    start = rng.standard_normal(shape).astype("f") / 3 if value is None else np.full(shape, value, "f")
    return v1.get_variable(name, initializer=start, trainable=trainable)

def dense(at, name, columns, reuse=None):
    with v1.variable_scope(name, reuse=reuse):
        return tf.matmul(at, variable("kernel", int(at.shape[-1]), columns)) + variable("bias", columns, value=0.1)

def norm(at):
    with v1.variable_scope("norm"):
        mean, variance = tf.nn.moments(at, [0])
        kept = []
        for name, now, begin in (("moving_mean", mean, 0.0), ("moving_variance", variance, 1.0)):
            held = variable(name, 8, value=begin, trainable=False)
            kept.append(v1.assign_sub(held, 0.1 * (held - now)))
        v1.add_to_collection(v1.GraphKeys.UPDATE_OPS, tf.group(*kept))
        return tf.nn.batch_normalization(
            at, mean, variance, variable("beta", 8, value=0.0), variable("gamma", 8, value=1.0), 1e-3)

def optimizer_of(name, settings, step):
    rate = 1.0 if name == "Adadelta" else 0.01
    made = getattr(v1.train, name + "Optimizer")
    if name == "AdagradDA":
        return made(0.3, step, initial_gradient_squared_accumulator_value=1e-6)  # else the weights go to nought
    if name == "Momentum":
        return made(rate, 0.9, **settings)
    return made(rate, **settings)

def network():
    at, labels = v1.placeholder(tf.float32, [None, 8], "features"), v1.placeholder(tf.int64, [None], "labels")
    for n in range(4):
        at = tf.tanh(dense(at, "equal%d" % n, 8))
    at = tf.tanh(dense(at, "twice", 8))
    at = norm(tf.tanh(dense(at, "twice", 8, reuse=True)))
    at = v1.nn.dropout(at, rate=0.3)
    return tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=dense(at, "out", 3)), name="loss")

def train_op(said, loss):
    name, *settings = said.split(":")
    settings = dict(one.partition("=")[::2] for one in settings)
    how = {one for one in settings if not settings[one]}
    step = v1.train.get_or_create_global_step()
    optimizer = optimizer_of(name, {k: eval(v) for k, v in settings.items() if k not in how}, step)
    pairs = optimizer.compute_gradients(loss * 64.0 if "scaled" in how else loss)
    if "scaled" in how:
        pairs = [(g / 64.0, v) for g, v in pairs]
    if "clip" in how:
        clipped, _ = tf.clip_by_global_norm([g for g, _ in pairs], 0.5)
        pairs = list(zip(clipped, [v for _, v in pairs]))
    with tf.control_dependencies(v1.get_collection(v1.GraphKeys.UPDATE_OPS)):
        train = optimizer.apply_gradients(pairs, step, name="train")
    if "ema" in how:
        with tf.control_dependencies([train]):
            train = tf.group(v1.train.ExponentialMovingAverage(0.9).apply(v1.trainable_variables()), name="averaged")
    return train

for number, said in enumerate(optimizers):
    with tf.Graph().as_default(), v1.Session() as session, v1.variable_scope("", use_resource=resource):
        v1.set_random_seed(number)
        rng = np.random.default_rng(number)
        loss = network()
        train = train_op(said, loss)
        session.run(v1.variables_initializer(v1.trainable_variables()))
        session.run(v1.global_variables_initializer())  # averages begin with the values of weights
        for at in range(0, 96, 32):
            session.run(train, {"features:0": x[at : at + 32], "labels:0": y[at : at + 32]})
        v1.train.Saver().save(session, os.path.join(folder, str(number), "model.ckpt"), 3)
"""

RESTORE: Final = """
v1 = tf.compat.v1
prefix, data, train = args
fed = np.load(data)
with tf.Graph().as_default() as graph, v1.Session() as session:
    saver = v1.train.import_meta_graph(prefix + ".meta")
    saver.restore(session, prefix)
    held = {v.op.name: v for v in v1.global_variables()}
    before = session.run(held)
    session.run(graph.get_operation_by_name(train), {"features:0": fed["features"], "labels:0": fed["labels"]})
    after = session.run(held)
    moved = [name for name in held if not np.array_equal(before[name], after[name])]
result = [{name: np.asarray(v, "f8").ravel().tolist() for name, v in before.items()}, moved]
"""
"""What stock TensorFlow restores from a checkpoint and its graph, and which variables move there in another step."""
