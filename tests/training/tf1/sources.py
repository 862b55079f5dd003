"""Where old graphs take their data from, and how they are saved: queues, iterators, Python, tables, Estimators, Savers.

Imported by TensorFlow 1.0 to 1.15 only.
"""

import tensorflow as tf

from tests.training.tf1.graphs import (
    BATCH,
    CLASSES,
    FEATURES,
    HIDDEN,
    Made,
    arrays,
    classifier,
    counter,
    data,
    entropy,
    graph,
    layer,
    trained_by,
    weights,
)

train = tf.train


def fed_at(x, y):
    return {x.name: "features", y.name: "labels"}


@graph
def file_queue():
    """Files that are gone, behind a queue that is cut."""
    names = train.string_input_producer(["gone.csv"])
    _, line = tf.TextLineReader().read(names)
    fields = tf.decode_csv(line, [[0.0]] * FEATURES + [[0]])
    x, y = train.shuffle_batch(
        [tf.stack(fields[:-1]), tf.cast(fields[-1], tf.int64)], BATCH, 64, 16, name="rows"
    )
    return trained_by(train.AdamOptimizer(0.01), classifier(x, y), fed_at(x, y))


@graph
def records_queue():
    names = train.string_input_producer(["gone.tfrecords"])
    _, raw = tf.TFRecordReader().read(names)
    kinds = {"x": tf.FixedLenFeature([FEATURES], tf.float32), "y": tf.FixedLenFeature([], tf.int64)}
    one = tf.parse_single_example(raw, kinds)
    x, y = train.batch([one["x"], one["y"]], BATCH)
    return trained_by(train.MomentumOptimizer(0.1, 0.9), classifier(x, y), fed_at(x, y))


@graph
def fed_queue():
    """A queue that a Python thread filled."""
    queue = tf.FIFOQueue(8, [tf.float32, tf.int64], [[FEATURES], []])
    queue.enqueue_many(
        [tf.placeholder(tf.float32, [None, FEATURES]), tf.placeholder(tf.int64, [None])], name="fill"
    )
    x, y = queue.dequeue_many(BATCH)
    return trained_by(train.AdagradOptimizer(0.1), classifier(x, y), fed_at(x, y))


@graph
def slices_of_its_own():
    """Data that lies in the graph, behind queues that run."""
    held = arrays()
    one = train.slice_input_producer(
        [tf.constant(held["features"]), tf.constant(held["labels"])], shuffle=False
    )
    x, y = train.batch(one, BATCH)
    made = trained_by(train.AdamOptimizer(0.01), classifier(x, y), {})
    made.own_data, made.exact = True, False
    return made


@graph
def constants_of_its_own():
    held = arrays()
    loss = classifier(tf.constant(held["features"]), tf.constant(held["labels"]))
    return trained_by(train.AdamOptimizer(0.01), loss, {}, own_data=True)


def datasets():
    return tf.data if hasattr(tf, "data") else tf.contrib.data


def slices():
    held = arrays()
    return datasets().Dataset.from_tensor_slices((held["features"], held["labels"]))


@graph
def one_shot_iterator():
    x, y = slices().repeat().batch(BATCH).make_one_shot_iterator().get_next()
    made = trained_by(train.AdamOptimizer(0.01), classifier(tf.reshape(x, [-1, FEATURES]), y), {})
    made.own_data, made.exact = True, False
    return made


@graph
def initializable_iterator():
    """Text lines that are gone; what comes out of the iterator is fed."""
    lines = datasets().TextLineDataset(tf.placeholder(tf.string, [], "names"))
    parsed = lines.map(lambda line: tf.decode_csv(line, [[0.0]] * FEATURES + [[0]])).map(
        lambda *row: (tf.stack(row[:-1]), tf.cast(row[-1], tf.int64))
    )
    x, y = parsed.batch(BATCH).make_initializable_iterator().get_next()
    return trained_by(train.RMSPropOptimizer(0.01), classifier(x, y), fed_at(x, y))


@graph
def feedable_iterator():
    handle = tf.placeholder(tf.string, [], "handle")
    some = slices().batch(BATCH)
    x, y = datasets().Iterator.from_string_handle(handle, some.output_types, some.output_shapes).get_next()
    return trained_by(train.AdamOptimizer(0.01), classifier(x, y), fed_at(x, y))


@graph
def python_function():
    x, y = tf.py_func(lambda: None, [], [tf.float32, tf.int64], name="loader")
    x.set_shape([None, FEATURES])
    y.set_shape([None])
    return trained_by(train.GradientDescentOptimizer(0.1), classifier(x, y), fed_at(x, y))


@graph
def lookup_table():
    words, y = tf.placeholder(tf.string, [None], "words"), tf.placeholder(tf.int64, [None], "y")
    known = tf.contrib.lookup.HashTable(
        tf.contrib.lookup.KeyValueTensorInitializer(
            tf.constant(["a", "b", "c"]), tf.constant([0, 1, 2], tf.int64)
        ),
        0,
    )
    at = tf.nn.embedding_lookup(weights("table", 3, HIDDEN), known.lookup(words))
    loss = entropy(layer(at, "out", CLASSES), y)
    return trained_by(train.AdamOptimizer(0.01), loss, {"words:0": "words", "y:0": "labels"})


@graph
def summaries_and_metrics():
    """What surrounds many a training: summaries, local counts, assertions, a saved list of losses."""
    x, y, feeds = data()
    loss = classifier(x, y)
    tf.summary.scalar("loss", loss)
    tf.summary.histogram("weights", tf.trainable_variables()[0])
    tf.contrib.metrics.streaming_mean(loss)
    tf.summary.merge_all()
    with tf.control_dependencies([tf.Assert(tf.reduce_all(tf.is_finite(x)), [x])]):
        loss = tf.identity(loss, "checked")
    return trained_by(train.AdamOptimizer(0.01), loss, feeds)


def placed(devices):
    with tf.device(devices):
        x, y, feeds = data()
        return trained_by(train.AdamOptimizer(0.01), classifier(x, y), feeds)


@graph
def parameter_server():
    """Placed on machines that are not there."""
    made = placed(train.replica_device_setter(ps_tasks=2, worker_device="/job:worker/task:0"))
    made.twin = lambda: placed(None)
    return made


@graph
def first_format():
    """A Saver of the first format of checkpoints."""
    x, y, feeds = data()
    made = trained_by(train.AdamOptimizer(0.01), classifier(x, y), feeds)
    made.saver = lambda: train.Saver(write_version=train.SaverDef.V1)
    return made


@graph
def sharded():
    x, y, feeds = data()
    made = trained_by(train.MomentumOptimizer(0.1, 0.9), classifier(x, y), feeds)
    made.saver = lambda: train.Saver(sharded=True)
    return made


@graph
def saved_under_other_names():
    x, y, feeds = data()
    optimizer = train.MomentumOptimizer(0.1, 0.9)
    made = Made(optimizer.minimize(classifier(x, y), counter()), feeds)
    made.saver = lambda: train.Saver({"saved/" + v.op.name: v for v in tf.global_variables()})
    return made


@graph
def saved_without_slots():
    x, y, feeds = data()
    made = Made(train.AdamOptimizer(0.01).minimize(classifier(x, y), counter()), feeds)
    made.saver = lambda: train.Saver([*tf.trainable_variables(), counter()])
    return made


@graph
def scaffold():
    """The Saver and the checks that a MonitoredTrainingSession adds."""
    x, y, feeds = data()
    made = trained_by(train.AdamOptimizer(0.01), classifier(x, y), feeds)
    tf.report_uninitialized_variables()
    made.saver = lambda: train.Saver(sharded=True, allow_empty=True)
    return made


@graph
def estimator_model():
    """What an Estimator builds: its own step, its mode, its losses, with the features of an input function."""
    held = arrays()
    x, y = train.batch([tf.constant(held["features"][0]), tf.constant(held["labels"][0])], BATCH)
    columns = [tf.contrib.layers.real_valued_column("x", FEATURES)]
    head = tf.contrib.layers.input_from_feature_columns({"x": x}, columns)
    logits = tf.contrib.layers.fully_connected(
        tf.contrib.layers.fully_connected(head, HIDDEN, scope="hidden"), CLASSES, None, scope="logits"
    )
    loss = tf.losses.sparse_softmax_cross_entropy(y, logits)
    step = tf.contrib.framework.get_or_create_global_step()
    op = tf.contrib.layers.optimize_loss(loss, step, 0.1, "Adagrad", name="")
    made = Made(op.op, {}, own_data=True)
    made.exact = False
    return made


def estimated(canned):
    """Trained by an Estimator that tf.estimator has ready; its graph is what it wrote."""

    def build(folder, steps):
        def inputs():
            x, y = slices().repeat().batch(BATCH).make_one_shot_iterator().get_next()
            return {"x": x}, y

        column = tf.feature_column.numeric_column("x", [FEATURES])
        config = tf.estimator.RunConfig().replace(model_dir=folder, save_summary_steps=10**6)
        one = canned(column, config)
        one.train(inputs, steps=steps)

    return build


ESTIMATORS = {
    "estimator_linear": estimated(
        lambda column, config: tf.estimator.LinearClassifier([column], n_classes=CLASSES, config=config)
    ),
    "estimator_dnn": estimated(
        lambda column, config: tf.estimator.DNNClassifier([HIDDEN], [column], n_classes=CLASSES, config=config)
    ),
    "estimator_wide_and_deep": estimated(
        lambda column, config: tf.estimator.DNNLinearCombinedClassifier(
            linear_feature_columns=[column], dnn_feature_columns=[column], dnn_hidden_units=[HIDDEN],
            n_classes=CLASSES, config=config,
        )
    ),
}  # fmt: skip
