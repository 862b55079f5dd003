"""What the graphs of old releases are made of; `networks`, `optimizers` and `sources` hold them, one a function.

Imported by TensorFlow 1.0 to 1.15 on Python 3.6 and 3.7 only, so it keeps to what all of them know.
"""

import numpy as np
import tensorflow as tf

FEATURES, HIDDEN, CLASSES, ROWS, BATCH = 6, 5, 3, 64, 8

BUILDERS = {}


def graph(build):
    """Register a builder: a function that fills the default graph and returns a `Made`."""
    BUILDERS[build.__name__] = build
    return build


class Made:
    """What a person who wrote the graph knows of it.

    Attributes:
        train: operations of one step, run one after the other.
        feeds: tensor -> array of the data file (see `arrays`), or a number.
        own_data: whether it trains without being fed.
        saver: makes the Saver.
        exact: whether 3 + 3 steps are as 6; otherwise the card has to say why.
        still: variables that are listed as trainable and that no train operation moves.
        slots: weight -> its slots, where they are known.
        twin: builds a graph of the same variables that runs on this machine, where this one does not.
    """

    def __init__(
        self, train, feeds=None, own_data=False, saver=None, exact=True, still=(), slots=None, twin=None
    ):
        self.train = train if isinstance(train, list) else [train]
        self.feeds = dict(feeds or {})
        self.own_data = own_data
        self.saver = saver or (lambda: tf.train.Saver())
        self.exact = exact
        self.still = list(still)
        self.slots = dict(slots or {})
        self.twin = twin


def arrays():
    """The data of all graphs."""
    rng = np.random.RandomState(7)
    return {
        "features": rng.randn(ROWS, FEATURES).astype("f"),
        "labels": rng.randint(0, CLASSES, ROWS).astype("i8"),
        "ids": rng.randint(0, 20, (ROWS, 4)).astype("i8"),
        "classes": rng.randint(0, 20, (ROWS, 1)).astype("i8"),
        "sequence": rng.randn(ROWS, 5, FEATURES).astype("f"),
        "lengths": rng.randint(1, 6, ROWS).astype("i4"),
        "image": rng.randn(ROWS, 8, 8, 1).astype("f"),
        "target": rng.randn(ROWS, 1).astype("f"),
        "noise": rng.randn(ROWS, 4).astype("f"),
        "words": np.array([b"abc"[i % 3 : i % 3 + 1] for i in range(ROWS)]),
    }


def rows(made, step):
    """One batch for each of the graph's feeds."""
    held = arrays()
    at = step * BATCH % ROWS
    return {
        tensor: held[source][at : at + BATCH] if isinstance(source, str) else source
        for tensor, source in made.feeds.items()
    }


def weights(name, *shape, **more):
    start = np.random.RandomState(sum(map(ord, name)) + len(shape)).randn(*shape).astype("f") * 0.3
    return tf.get_variable(name, shape, initializer=tf.constant_initializer(start), **more)


def layer(x, name, columns):
    with tf.variable_scope(name):
        return tf.matmul(x, weights("w", int(x.get_shape()[-1]), columns)) + weights("b", columns)


def data():
    """Features and labels, fed."""
    x = tf.placeholder(tf.float32, [None, FEATURES], "x")
    y = tf.placeholder(tf.int64, [None], "y")
    return x, y, {"x:0": "features", "y:0": "labels"}


def entropy(logits, y):
    return tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits), name="loss"
    )


def classifier(x, y):
    return entropy(layer(tf.nn.tanh(layer(x, "hidden", HIDDEN)), "out", CLASSES), y)


def counter():
    return tf.contrib.framework.get_or_create_global_step()


def slots_of(optimizer, variables=None):
    """Weight -> its slots, as the optimizer tells."""
    found = {}
    for variable in tf.trainable_variables() if variables is None else variables:
        made = [optimizer.get_slot(variable, name) for name in optimizer.get_slot_names()]
        found[variable.op.name] = [one.op.name for one in made if one is not None]
    return found


def trained_by(optimizer, loss, feeds, **more):
    """The usual last line of a graph."""
    train = optimizer.minimize(loss, global_step=counter())
    return Made(train, feeds, slots=slots_of(optimizer), **more)


def plain(optimizer, **how):
    """A small classifier that this optimizer trains."""
    with tf.variable_scope("net", **how):
        x, y, feeds = data()
        loss = classifier(x, y)
    feeds = {"net/" + name: source for name, source in feeds.items()}
    return trained_by(optimizer, loss, feeds)
