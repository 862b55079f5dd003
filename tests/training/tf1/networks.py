"""Networks as old releases build them: convolutions, recurrence, conditions, sparse tables, shared and split variables.

Imported by TensorFlow 1.0 to 1.15 only.
"""

import numpy as np
import tensorflow as tf

from tests.training.tf1.graphs import (
    CLASSES,
    FEATURES,
    HIDDEN,
    Made,
    classifier,
    counter,
    data,
    entropy,
    graph,
    layer,
    slots_of,
    trained_by,
    weights,
)

train = tf.train


def with_updates(optimizer, loss, feeds):
    """As `trained_by`, after what batch normalisation wants done."""
    step = counter()
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        op = optimizer.minimize(loss, global_step=step)
    return Made(op, feeds, slots=slots_of(optimizer))


def labels():
    return tf.placeholder(tf.int64, [None], "y")


@graph
def convolution():
    x, y = tf.placeholder(tf.float32, [None, 8, 8, 1], "x"), labels()
    at = tf.nn.conv2d(x, weights("kernel", 3, 3, 1, 4), [1, 2, 2, 1], "SAME")
    at = tf.nn.max_pool(
        tf.nn.relu(tf.nn.bias_add(at, weights("bias", 4))), [1, 2, 2, 1], [1, 2, 2, 1], "SAME"
    )
    logits = layer(tf.reshape(at, [-1, 16]), "out", CLASSES)
    return trained_by(train.AdamOptimizer(0.01), entropy(logits, y), {"x:0": "image", "y:0": "labels"})


@graph
def layers_batch_norm():
    x, y = tf.placeholder(tf.float32, [None, 8, 8, 1], "x"), labels()
    training = tf.placeholder_with_default(True, [], "training")
    at = tf.layers.conv2d(x, 4, 3, name="conv")
    at = tf.nn.relu(tf.layers.batch_normalization(at, training=training, name="norm"))
    logits = tf.layers.dense(tf.reshape(at, [-1, 144]), CLASSES, name="out")
    return with_updates(
        train.MomentumOptimizer(0.1, 0.9), entropy(logits, y), {"x:0": "image", "y:0": "labels"}
    )


@graph
def contrib_batch_norm():
    x, y, feeds = data()
    training = tf.placeholder(tf.bool, [], "training")
    at = tf.contrib.layers.batch_norm(
        layer(x, "hidden", HIDDEN), is_training=training, scale=True, scope="norm", decay=0.9
    )
    logits = layer(tf.nn.relu(at), "out", CLASSES)
    return with_updates(train.AdamOptimizer(0.01), entropy(logits, y), dict(feeds, **{"training:0": 1}))


@graph
def batch_norm_in_place():
    """The statistics are updated by the forward pass itself."""
    x, y, feeds = data()
    at = tf.contrib.layers.batch_norm(layer(x, "hidden", HIDDEN), updates_collections=None, scope="norm")
    logits = layer(tf.nn.relu(at), "out", CLASSES)
    return trained_by(train.GradientDescentOptimizer(0.1), entropy(logits, y), feeds)


@graph
def separable_convolution():
    x, y = tf.placeholder(tf.float32, [None, 8, 8, 1], "x"), labels()
    at = tf.nn.separable_conv2d(
        x, weights("depth", 3, 3, 1, 2), weights("point", 1, 1, 2, 3), [1, 1, 1, 1], "VALID"
    )
    logits = layer(tf.reduce_mean(tf.nn.relu(at), [1, 2]), "out", CLASSES)
    return trained_by(train.RMSPropOptimizer(0.01), entropy(logits, y), {"x:0": "image", "y:0": "labels"})


@graph
def upsampling():
    """An autoencoder with a transposed convolution."""
    x = tf.placeholder(tf.float32, [8, 8, 8, 1], "x")
    code = tf.nn.relu(tf.nn.conv2d(x, weights("down", 3, 3, 1, 4), [1, 2, 2, 1], "SAME"))
    back = tf.nn.conv2d_transpose(code, weights("up", 3, 3, 1, 4), [8, 8, 8, 1], [1, 2, 2, 1])
    return trained_by(
        train.AdamOptimizer(0.01), tf.reduce_mean(tf.square(back - x), name="loss"), {"x:0": "image"}
    )


@graph
def variational():
    """Noise of its own in the middle."""
    x, _, _ = data()
    mean, spread = layer(x, "mean", HIDDEN), layer(x, "spread", HIDDEN)
    code = mean + tf.exp(0.5 * spread) * tf.random_normal(tf.shape(mean))
    loss = tf.reduce_mean(tf.square(layer(code, "back", FEATURES) - x), name="loss")
    return trained_by(train.AdamOptimizer(0.01), loss, {"x:0": "features"})


@graph
def dropout():
    x, y, feeds = data()
    keep = tf.placeholder(tf.float32, [], "keep")
    at = tf.nn.dropout(tf.nn.relu(layer(x, "hidden", HIDDEN)), keep)
    return trained_by(
        train.AdamOptimizer(0.01), entropy(layer(at, "out", CLASSES), y), dict(feeds, **{"keep:0": 0.8})
    )


@graph
def dropout_layer_with_seed():
    x, y, feeds = data()
    at = tf.layers.dropout(tf.layers.dense(x, HIDDEN, tf.nn.relu), 0.3, seed=5, training=True)
    return trained_by(train.AdagradOptimizer(0.1), entropy(tf.layers.dense(at, CLASSES), y), feeds)


def recurrent(last, optimizer, **more):
    y = labels()
    loss = entropy(layer(last, "out", CLASSES), y)
    return trained_by(optimizer, loss, dict({"x:0": "sequence", "y:0": "labels"}, **more))


def sequence():
    return tf.placeholder(tf.float32, [None, 5, FEATURES], "x")


@graph
def dynamic_lstm():
    x = sequence()
    lengths = tf.placeholder(tf.int32, [None], "lengths")
    out, _ = tf.nn.dynamic_rnn(tf.contrib.rnn.BasicLSTMCell(HIDDEN), x, lengths, dtype=tf.float32)
    return recurrent(tf.reduce_mean(out, 1), train.AdamOptimizer(0.01), **{"lengths:0": "lengths"})


@graph
def dynamic_lstm_resource():
    x = sequence()
    with tf.variable_scope("net", use_resource=True):
        out, _ = tf.nn.dynamic_rnn(tf.contrib.rnn.BasicLSTMCell(HIDDEN), x, dtype=tf.float32)
        made = recurrent(out[:, -1], train.MomentumOptimizer(0.1, 0.9))
    made.feeds = {"x:0": "sequence", "net/y:0": "labels"}
    return made


@graph
def dynamic_gru_stack():
    cells = [tf.contrib.rnn.GRUCell(HIDDEN + number) for number in range(2)]
    _, states = tf.nn.dynamic_rnn(tf.contrib.rnn.MultiRNNCell(cells), sequence(), dtype=tf.float32)
    return recurrent(states[-1], train.RMSPropOptimizer(0.01))


@graph
def static_lstm_with_dropout():
    x = sequence()
    cell = tf.contrib.rnn.DropoutWrapper(tf.contrib.rnn.LSTMCell(HIDDEN, num_proj=4), output_keep_prob=0.9)
    out, _ = tf.contrib.rnn.static_rnn(cell, tf.unstack(x, 5, 1), dtype=tf.float32)
    return recurrent(out[-1], train.AdagradOptimizer(0.1))


@graph
def bidirectional():
    cells = [tf.contrib.rnn.BasicRNNCell(HIDDEN) for _ in range(2)]
    out, _ = tf.nn.bidirectional_dynamic_rnn(cells[0], cells[1], sequence(), dtype=tf.float32)
    return recurrent(tf.reduce_max(tf.concat(out, 2), 1), train.AdamOptimizer(0.01))


@graph
def raw_while():
    """A weight that is read in a loop."""
    x, y, feeds = data()
    w = weights("loop/w", FEATURES, FEATURES)
    _, at = tf.while_loop(
        lambda i, _: i < 3, lambda i, at: (i + 1, tf.tanh(tf.matmul(at, w))), [tf.constant(0), x]
    )
    return trained_by(train.AdamOptimizer(0.01), entropy(layer(at, "out", CLASSES), y), feeds)


@graph
def condition():
    x, y, feeds = data()
    w = weights("w", FEATURES, FEATURES)
    wide = tf.reduce_mean(x) > 0
    at = tf.cond(wide, lambda: tf.matmul(x, w), lambda: x + weights("shift", FEATURES))
    return trained_by(train.AdamOptimizer(0.01), entropy(layer(at, "out", CLASSES), y), feeds)


@graph
def guarded_apply():
    """A step that is only taken when the gradients are finite."""
    x, y, feeds = data()
    loss, step, optimizer = classifier(x, y), counter(), train.MomentumOptimizer(0.1, 0.9)
    pairs = optimizer.compute_gradients(loss)
    good = tf.reduce_all([tf.reduce_all(tf.is_finite(g)) for g, _ in pairs])

    def apply():
        with tf.control_dependencies([optimizer.apply_gradients(pairs, step)]):
            return tf.constant(True)

    op = tf.cond(good, apply, lambda: tf.constant(False), name="guarded")
    return Made(op.op, feeds)


def looked_up(optimizer, **how):
    with tf.variable_scope("", **how):
        ids, y = tf.placeholder(tf.int64, [None, 4], "ids"), labels()
        mean = tf.reduce_mean(tf.nn.embedding_lookup(weights("table", 20, HIDDEN), ids), 1)
        loss = entropy(layer(mean, "out", CLASSES), y)
    return trained_by(optimizer, loss, {"ids:0": "ids", "y:0": "labels"})


SPARSE = {
    "sgd": lambda: train.GradientDescentOptimizer(0.1),
    "momentum": lambda: train.MomentumOptimizer(0.1, 0.9),
    "adam": lambda: train.AdamOptimizer(0.01),
    "adagrad": lambda: train.AdagradOptimizer(0.1),
    "rmsprop": lambda: train.RMSPropOptimizer(0.01),
    "adadelta": lambda: train.AdadeltaOptimizer(1.0, epsilon=1e-3),
    "ftrl": lambda: train.FtrlOptimizer(0.1),
}


def _sparse(name, resource):
    def build():
        return looked_up(SPARSE[name](), **({"use_resource": True} if resource else {}))

    build.__name__ = "embedding_" + name + ("_resource" if resource else "")
    graph(build)


SPARSE_RESOURCE = ("sgd", "momentum", "adam", "adagrad")
for _name in SPARSE:
    _sparse(_name, False)
for _name in SPARSE_RESOURCE:
    _sparse(_name, True)


@graph
def candidate_sampling():
    """Classes drawn by the graph itself."""
    ids, y = tf.placeholder(tf.int64, [None, 4], "ids"), tf.placeholder(tf.int64, [None, 1], "y")
    mean = tf.reduce_mean(tf.nn.embedding_lookup(weights("table", 20, HIDDEN), ids), 1)
    loss = tf.nn.nce_loss(weights("out", 20, HIDDEN), weights("bias", 20), y, mean, 4, 20)
    made = trained_by(
        train.GradientDescentOptimizer(0.5), tf.reduce_mean(loss), {"ids:0": "ids", "y:0": "classes"}
    )
    made.exact = False
    return made


@graph
def partitioned():
    x, y, feeds = data()
    with tf.variable_scope("split", partitioner=tf.fixed_size_partitioner(2)):
        w = tf.get_variable("w", [FEATURES, HIDDEN], initializer=tf.random_normal_initializer(seed=3))
    at = tf.nn.relu(tf.matmul(x, tf.convert_to_tensor(w)))
    loss, step = entropy(layer(at, "out", CLASSES), y), counter()
    return Made(train.FtrlOptimizer(0.1).minimize(loss, step), feeds)


@graph
def partitioned_table():
    with tf.variable_scope("split", partitioner=tf.fixed_size_partitioner(3)):
        table = tf.get_variable("table", [20, HIDDEN], initializer=tf.random_normal_initializer(seed=3))
    ids, y = tf.placeholder(tf.int64, [None, 4], "ids"), labels()
    mean = tf.reduce_mean(tf.nn.embedding_lookup(table, ids, partition_strategy="div"), 1)
    loss, step = entropy(layer(mean, "out", CLASSES), y), counter()
    return Made(train.AdagradOptimizer(0.1).minimize(loss, step), {"ids:0": "ids", "y:0": "labels"})


@graph
def shared_weights():
    """One matrix at two places."""
    x, y, feeds = data()
    with tf.variable_scope("twice") as scope:
        at = tf.nn.tanh(layer(x, "w", FEATURES))
        scope.reuse_variables()
        at = tf.nn.tanh(layer(at, "w", FEATURES))
    return trained_by(train.AdamOptimizer(0.01), entropy(layer(at, "out", CLASSES), y), feeds)


@graph
def equal_layers():
    """Four equal layers: the trap for whatever goes by position."""
    x, y, feeds = data()
    at = x
    for number in range(4):
        at = tf.nn.tanh(layer(at, "equal%d" % number, FEATURES))
    return trained_by(train.AdamOptimizer(0.01), entropy(layer(at, "out", CLASSES), y), feeds)


@graph
def weight_decay():
    x, y, feeds = data()
    loss = classifier(x, y)
    decay = tf.add_n([tf.nn.l2_loss(v) for v in tf.trainable_variables()], name="decay")
    return trained_by(train.MomentumOptimizer(0.1, 0.9), tf.add(loss, 0.01 * decay, name="total"), feeds)


@graph
def only_the_head():
    """A base that the graph's author left out of the step."""
    x, y, feeds = data()
    loss, step = classifier(x, y), counter()
    head = [v for v in tf.trainable_variables() if v.op.name.startswith("out")]
    optimizer = train.AdamOptimizer(0.01)
    op = optimizer.minimize(loss, step, var_list=head)
    return Made(op, feeds, still=["hidden/w", "hidden/b"], slots=slots_of(optimizer, head))


@graph
def double_precision():
    x, y, feeds = data()
    w = tf.get_variable("wide", initializer=np.full((FEATURES, CLASSES), 0.1))
    loss = entropy(tf.cast(tf.matmul(tf.cast(x, tf.float64), w), tf.float32) + weights("b", CLASSES), y)
    return trained_by(train.AdamOptimizer(0.01), loss, feeds)


@graph
def half_precision():
    x, y, feeds = data()
    w = tf.get_variable("half", initializer=np.full((FEATURES, CLASSES), 0.1, np.float16))
    loss = entropy(tf.cast(tf.matmul(tf.cast(x, tf.float16), w), tf.float32) + weights("b", CLASSES), y)
    return trained_by(train.MomentumOptimizer(0.1, 0.9), loss, feeds)


@graph
def unnamed_variables():
    """As the first tutorials wrote it: `Variable`, `Variable_1`."""
    x, y, feeds = data()
    w = tf.Variable(tf.truncated_normal([FEATURES, CLASSES], stddev=0.1, seed=1))
    b = tf.Variable(tf.zeros([CLASSES]))
    loss = tf.reduce_mean(-tf.reduce_sum(tf.one_hot(y, CLASSES) * tf.nn.log_softmax(tf.matmul(x, w) + b), 1))
    return Made(train.GradientDescentOptimizer(0.1).minimize(loss), feeds)


@graph
def keras_layers():
    """Layers of the Keras inside TensorFlow under an optimizer of train."""
    x, y, feeds = data()
    keras = tf.keras if hasattr(tf, "keras") else tf.contrib.keras
    logits = keras.layers.Dense(CLASSES)(keras.layers.Dense(HIDDEN, "relu")(x))
    return trained_by(train.AdamOptimizer(0.01), entropy(logits, y), feeds)
