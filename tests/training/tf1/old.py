"""Writes the checkpoints of old releases and takes back what our runs make of them.

Imported by TensorFlow 1.0 to 1.15 only; the answers travel back as JSON.
"""

import os
import shutil

import numpy as np
import tensorflow as tf

from tests.training.tf1 import networks, optimizers, sources
from tests.training.tf1.graphs import BUILDERS, Made, arrays, rows
from tests.training.tf1.sources import ESTIMATORS

assert networks.graph is optimizers.graph is sources.graph, "all fill BUILDERS"

STEPS = 3
"""How many the old release trains before it saves."""
LACKS = (AttributeError, ImportError, NotImplementedError, TypeError, ValueError)
"""What a release raises that does not know a kind of graph yet."""


def names():
    return sorted(BUILDERS) + sorted(ESTIMATORS)


def session():
    return tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1))


def write(name, folder):
    """Build a graph, train some steps and save; what the test compares, or `lacks` alone where it is unknown here."""
    os.makedirs(folder)
    with tf.Graph().as_default():
        tf.set_random_seed(5)
        try:
            if name in ESTIMATORS:
                ESTIMATORS[name](folder, STEPS)
                return described(Made([], own_data=True, exact=False), folder)
            made = BUILDERS[name]()
            saver = made.saver()
        except LACKS as error:
            shutil.rmtree(folder)
            return {"lacks": "%s: %s" % (type(error).__name__, str(error).split("\n")[0][:120])}
        if made.twin is None:
            train(made, saver, STEPS, os.path.join(folder, "model.ckpt"))
        else:
            saver.export_meta_graph(os.path.join(folder, "model.ckpt-%d.meta" % STEPS))
            with tf.Graph().as_default():
                twin = made.twin()
                train(twin, twin.saver(), STEPS, os.path.join(folder, "model.ckpt"), write_meta_graph=False)
        return dict(described(made, folder), weights=[one.op.name for one in tf.trainable_variables()])


def train(made, saver, steps, prefix, restored=None, **how):
    """Train the default graph and save it; its path."""
    with session() as running:
        running.run(
            [tf.global_variables_initializer(), tf.local_variables_initializer(), tf.tables_initializer()]
        )
        if restored is not None:
            saver.restore(running, restored)
        if made.own_data:
            tf.train.start_queue_runners(running, tf.train.Coordinator(), daemon=True)
        for number in range(steps):
            for op in made.train:
                running.run(op, rows(made, number))
        return saver.save(running, prefix, global_step=steps, **how)


def described(made, folder):
    np.savez(os.path.join(folder, "data.npz"), **arrays())
    prefix = tf.train.latest_checkpoint(folder)
    return {
        "prefix": prefix,
        "feeds": made.feeds,
        "exact": made.exact,
        "still": made.still,
        "slots": made.slots,
        "own_data": made.own_data,
        "train": [getattr(one, "op", one).name for one in made.train],
        "values": values(prefix),
    }


def values(prefix):
    reader = tf.train.NewCheckpointReader(prefix)
    return {
        key: np.asarray(reader.get_tensor(key), "f8").ravel().tolist()
        for key in reader.get_variable_to_shape_map()
    }


def restored_by_code(name, prefix, folder):
    """What the graph that the code builds makes of a checkpoint: its values as they are restored, and a step later."""
    with tf.Graph().as_default():
        if name in ESTIMATORS:
            return [values(prefix), values(estimated(name, prefix, folder))]
        made = BUILDERS[name]()
        if made.twin is not None:
            with tf.Graph().as_default():
                twin = made.twin()
                return both(twin, twin.saver(), prefix, folder)
        return both(made, made.saver(), prefix, folder)


def estimated(name, prefix, folder):
    """Let the Estimator go on from a checkpoint as from its own."""
    for file in os.listdir(os.path.dirname(prefix)):
        if file.startswith(os.path.basename(prefix) + "."):
            shutil.copy(os.path.join(os.path.dirname(prefix), file), os.path.join(folder, file))
    with open(os.path.join(folder, "checkpoint"), "w") as state:
        state.write('model_checkpoint_path: "%s"\n' % os.path.basename(prefix))
    ESTIMATORS[name](folder, 1)
    return tf.train.latest_checkpoint(folder)


def restored_by_graph(prefix, told, folder):
    """As `restored_by_code`, with the `.meta` beside the checkpoint."""
    with tf.Graph().as_default() as graph:
        saver = tf.train.import_meta_graph(prefix + ".meta", clear_devices=True)
        ops = [graph.get_operation_by_name(one) for one in told["train"]]
        made = Made(ops or [train_op()], told["feeds"], told["own_data"])
        return both(made, saver, prefix, folder)


def train_op():
    return tf.get_collection(tf.GraphKeys.TRAIN_OP)[-1]


def both(made, saver, prefix, folder):
    return [
        values(train(made, saver, steps, os.path.join(folder, "again"), prefix, write_meta_graph=False))
        for steps in (0, 1)
    ]
