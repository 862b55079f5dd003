"""Graphs as TensorFlow 1 wrote them, made once by stock TensorFlow, and a way to run them to the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from ckpt_studio.core.tensors import TensorSource
from ckpt_studio.formats.base import Checkpoint
from ckpt_studio.formats.tf_bundle.bundle import Bundle, open_bundle
from ckpt_studio.training.child import Child
from ckpt_studio.training.events import CardEvent, CheckpointWritten, Metrics, Outcome, RunEvent
from ckpt_studio.training.runner import Runner
from ckpt_studio.training.spec import DataSpec, RunSpec
from tests.helpers.forked_workers import ForkedWorkers
from tests.helpers.tensorflow_child import TensorFlowChild

GRAPHS = """
import os
v1 = tf.compat.v1
folder = args[0]

def model(resource, optimizer, inputs=True, count=True, dropout=False, watched=False):
    v1.set_random_seed(1)
    if inputs:
        x = v1.placeholder(tf.float32, [None, 8], name="x")
        y = v1.placeholder(tf.int64, [None], name="y")
    else:
        rng = np.random.default_rng(2)
        x = tf.constant(rng.standard_normal((64, 8)), tf.float32)
        y = tf.constant(rng.integers(0, 3, 64), tf.int64)
    with v1.variable_scope("net", use_resource=resource):
        at = x
        for layer, (n, m) in enumerate([(8, 16), (16, 16), (16, 3)]):
            with v1.variable_scope("layer%d" % layer):
                w = v1.get_variable("w", [n, m], initializer=v1.glorot_uniform_initializer(seed=layer))
                b = v1.get_variable("b", [m], initializer=v1.zeros_initializer())
                at = tf.matmul(at, w) + b
                if layer < 2:
                    at = tf.nn.relu(at)
                    if dropout:
                        keep = v1.placeholder_with_default(0.9, [], name="keep%d" % layer)
                        at = v1.nn.dropout(at, rate=1 - keep)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=at), name="loss")
    if watched:
        right = tf.cast(tf.equal(tf.argmax(at, 1), y), tf.float32)
        v1.summary.scalar("biggest", tf.reduce_max(at))
        v1.summary.scalar("drawn", tf.reduce_mean(v1.random_normal([3])))
        tf.reduce_mean(right, name="accuracy")
        tf.reduce_mean(v1.assign_add(v1.get_variable("seen", []), 1.0), name="mse")
    step = v1.train.get_or_create_global_step() if count else None
    rate = v1.placeholder(tf.float32, [], name="rate") if dropout else 0.01
    train = optimizer(rate).minimize(loss, global_step=step, name="train")
    v1.add_to_collection("train_op", train)
    return train, loss

def save(name, step, **how):
    with tf.Graph().as_default(), v1.Session() as session:
        train, _ = model(**how)
        session.run(v1.global_variables_initializer())
        if how.get("inputs", True):
            feed = {"x:0": np.ones((4, 8), "f"), "y:0": [0, 1, 2, 0]}
            if how.get("dropout"):
                feed["rate:0"] = 0.01
        else:
            feed = {}
        for _ in range(step):
            session.run(train, feed)
        os.makedirs(os.path.join(folder, name))
        v1.train.Saver().save(session, os.path.join(folder, name, "model.ckpt"), global_step=step)

save("adam_ref", 5, resource=False, optimizer=v1.train.AdamOptimizer)
save("watched", 2, resource=True, optimizer=v1.train.AdamOptimizer, watched=True)
save("adam_res", 5, resource=True, optimizer=v1.train.AdamOptimizer)
save("own_data", 4, resource=False, optimizer=v1.train.GradientDescentOptimizer, inputs=False, count=False)
save("dropout", 3, resource=True, optimizer=v1.train.AdamOptimizer, dropout=True)
with tf.Graph().as_default(), v1.Session() as session:
    x = v1.placeholder(tf.float32, [None, 8], name="x")
    w = v1.get_variable("w", [8, 1], initializer=v1.ones_initializer())
    loss = tf.reduce_mean(tf.math.log(tf.matmul(x, w)), name="loss")
    v1.train.GradientDescentOptimizer(100.0).minimize(loss, name="train")
    session.run(v1.global_variables_initializer())
    os.makedirs(os.path.join(folder, "diverges"))
    v1.train.Saver().save(session, os.path.join(folder, "diverges", "model.ckpt"))
with tf.Graph().as_default(), v1.Session() as session:
    x, y = v1.placeholder(tf.float32, [None, 8], name="x"), v1.placeholder(tf.int64, [None], name="y")
    seen = v1.get_variable("seen", [8], initializer=v1.zeros_initializer(), trainable=False)
    with tf.control_dependencies([v1.assign_sub(seen, 0.1 * (seen - tf.reduce_mean(x, 0)))]):
        logits = tf.matmul(x, v1.get_variable("w", [8, 3], initializer=v1.glorot_uniform_initializer(seed=1)))
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits), name="loss")
    v1.train.GradientDescentOptimizer(0.1).minimize(loss, name="train")
    session.run(v1.global_variables_initializer())
    os.makedirs(os.path.join(folder, "kept_on_the_way"))
    v1.train.Saver().save(session, os.path.join(folder, "kept_on_the_way", "model.ckpt"))
with tf.Graph().as_default(), v1.Session() as session:
    w = v1.get_variable("w", [], initializer=v1.ones_initializer())
    v1.train.GradientDescentOptimizer(1e4).minimize(tf.square(w, name="loss"), name="train")
    session.run(v1.global_variables_initializer())
    os.makedirs(os.path.join(folder, "explodes"))
    v1.train.Saver().save(session, os.path.join(folder, "explodes", "model.ckpt"))
with tf.Graph().as_default(), v1.Session() as session:
    x = v1.placeholder(tf.float32, [None, 8], name="x")
    z = v1.placeholder(tf.float32, [None, 2], name="z")
    def layer(at, name, n, m):
        with v1.variable_scope(name, reuse=v1.AUTO_REUSE, use_resource=False):
            w = v1.get_variable("w", [n, m], initializer=v1.glorot_uniform_initializer(seed=n))
            return tf.matmul(at, w) + v1.get_variable("b", [m], initializer=v1.zeros_initializer())
    def judge(at):
        return layer(tf.nn.tanh(layer(at, "judge/a", 8, 16)), "judge/b", 16, 1)
    judged = judge(layer(tf.nn.tanh(layer(z, "maker/a", 2, 16)), "maker/b", 16, 8))
    loss = tf.reduce_mean(tf.nn.softplus(judged)) + tf.reduce_mean(tf.nn.softplus(-judge(x)))
    loss = tf.identity(loss, "loss")
    step = v1.train.get_or_create_global_step()
    v1.train.AdamOptimizer(0.05).minimize(loss, var_list=v1.trainable_variables("judge"), name="train_judge")
    fooled = tf.reduce_mean(tf.nn.softplus(-judged))
    makers = v1.trainable_variables("maker")
    v1.train.AdamOptimizer(0.05).minimize(fooled, global_step=step, var_list=makers, name="train_maker")
    session.run(v1.global_variables_initializer())
    os.makedirs(os.path.join(folder, "gan"))
    v1.train.Saver().save(session, os.path.join(folder, "gan", "model.ckpt"))

def brings_data(name, data):
    with tf.Graph().as_default(), v1.Session() as session:
        rng = np.random.default_rng(3)
        rows = rng.standard_normal((48, 8)).astype("f"), rng.integers(0, 3, 48)
        x, y = data(*map(tf.constant, rows))
        with v1.variable_scope("net", use_resource=True):
            w = v1.get_variable("w", [8, 3], initializer=v1.glorot_uniform_initializer(seed=1))
        logits = tf.matmul(tf.reshape(x, [-1, 8]), w)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
        train = v1.train.AdamOptimizer(0.05).minimize(loss, v1.train.get_or_create_global_step(), name="train")
        session.run(v1.global_variables_initializer())
        os.makedirs(os.path.join(folder, name))
        v1.train.Saver().save(session, os.path.join(folder, name, "model.ckpt"))

def begun(rows):
    iterator = v1.data.make_initializable_iterator(rows)
    v1.add_to_collection("begins", iterator.initializer)
    return iterator.get_next()

def slices(x, y):
    return tf.data.Dataset.from_tensor_slices((x, y))

def queued(x, y):
    one = v1.train.slice_input_producer([x, y], shuffle=False)
    return v1.train.batch(one, 16)

def queue_that_ends(x, y):
    queue = tf.queue.FIFOQueue(4, [tf.float32, tf.int64], [[8], []])
    row, label = begun(slices(x, y))
    enqueue = queue.enqueue([tf.debugging.check_numerics(row, "a row"), label])
    v1.train.add_queue_runner(v1.train.QueueRunner(queue, [enqueue]))
    return queue.dequeue_many(20)

def table():
    return tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(tf.constant([0, 1, 2], tf.int64), tf.constant([1, 2, 0], tf.int64)), 0
    )

def one_shot(x, y):
    rows = slices(np.ones((48, 8), "f"), np.arange(48) % 3).map(lambda a, b: (a * tf.cast(b, tf.float32), b))
    return v1.data.make_one_shot_iterator(rows.shuffle(7, 5).repeat().batch(20)).get_next()

def looked_up(x, y):
    known = table()
    return begun(slices(x, y).map(lambda a, b: (2 * a, known.lookup(b))).shuffle(9, 1).repeat(2).batch(16))

brings_data("one_shot", one_shot)
brings_data("iterator", looked_up)
brings_data("queue", queued)
brings_data("queue_that_ends", queue_that_ends)
brings_data("broken_queue", lambda x, y: queue_that_ends(x / tf.reshape(tf.range(-25.0, 23.0), [48, 1]), y))
with tf.Graph().as_default(), v1.Session() as session:
    words = os.path.join(folder, "words.txt")
    open(words, "w").write("four")
    w = v1.get_variable("w", [], initializer=v1.ones_initializer())
    length = tf.cast(tf.strings.length(tf.io.read_file(words, name="vocabulary")), tf.float32)
    v1.train.GradientDescentOptimizer(0.01).minimize((w - length) ** 2, name="train")
    session.run(v1.global_variables_initializer())
    os.makedirs(os.path.join(folder, "reads"))
    v1.train.Saver().save(session, os.path.join(folder, "reads", "model.ckpt"))
rng = np.random.default_rng(0)
features = rng.standard_normal((200, 8)).astype("f")
np.savez(os.path.join(folder, "data.npz"), features=features, labels=(features[:, 0] > 0).astype("i8"),
         positive=np.abs(features) + 0.1, noise=rng.standard_normal((200, 2)).astype("f"))
"""


class Graphs:
    """Where the checkpoints and their data lie; they are made when first asked for."""

    def __init__(self, child: TensorFlowChild, folder: Path) -> None:
        self._child, self._folder = child, folder

    @property
    def folder(self) -> Path:
        if not (self._folder / "data.npz").exists():
            self._child(GRAPHS, self._folder)
        return self._folder

    @property
    def data(self) -> str:
        return str(self._folder / "data.npz")

    def checkpoint(self, name: str) -> Bundle:
        index = next((self.folder / name).glob("*.index"))
        return open_bundle(str(index)[: -len(".index")])


@pytest.fixture(scope="session")
def graphs(tensorflow_child: TensorFlowChild, tmp_path_factory: pytest.TempPathFactory) -> Graphs:
    return Graphs(tensorflow_child, tmp_path_factory.mktemp("graphs"))


TURNS = 6000
"""How often a test looks for an event: for minutes, since a busy machine is no fault."""


@dataclass
class Watched:
    """A run and everything that it said."""

    runner: Runner
    events: list[RunEvent] = field(default_factory=list)

    def until(self, wanted: Callable[[RunEvent], bool]) -> RunEvent:
        """Gather events until one is wanted; gives up only when it can hardly come any more."""
        for _ in range(TURNS):
            new = self.runner.events(0.05)
            self.events += new
            for event in new:
                if wanted(event):
                    return event
                assert not isinstance(event, Outcome), event
        raise AssertionError(f"it did not come; came: {self.events[-10:]}")

    def step(self) -> None:
        """Until some step was done."""
        self.until(lambda event: isinstance(event, Metrics))

    def end(self) -> Outcome:
        """Until the end."""
        if self.runner.outcome is None:
            self.until(lambda event: isinstance(event, Outcome))
        assert self.runner.outcome is not None
        return self.runner.outcome

    @property
    def steps(self) -> list[int]:
        return [step for event in self.events if isinstance(event, Metrics) for step in event.steps]

    @property
    def losses(self) -> list[float | None]:
        return [loss for event in self.events if isinstance(event, Metrics) for loss in event.losses]

    @property
    def checkpoints(self) -> list[CheckpointWritten]:
        return [event for event in self.events if isinstance(event, CheckpointWritten)]

    @property
    def card(self) -> Any:
        return next(event.card for event in self.events if isinstance(event, CardEvent))


Start = Callable[..., Watched]


@pytest.fixture(scope="session")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkedWorkers]:
    """Training processes with the kernels of the stock child, so that they compute the same bits."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
        made = ForkedWorkers(tmp_path_factory.mktemp("workers"))
    yield made
    made.close()


@pytest.fixture
def start(workers: ForkedWorkers, graphs: Graphs, tmp_path: Path) -> Iterator[Start]:
    """Starts runs, in forked training processes or that of the test; what still goes on at its end is killed."""
    begun: list[Runner] = []

    def begin(
        name: str | Checkpoint,
        frozen: frozenset[str] = frozenset(),
        source: TensorSource | None = None,
        child: Child | None = None,
        grace: float = 30.0,
        **fields: Any,
    ) -> Watched:
        base = graphs.checkpoint(name) if isinstance(name, str) else name
        spec = RunSpec(
            checkpoint=base.prefix, out=str(tmp_path / "run"), data=DataSpec(graphs.data), trust=True
        )
        spec = replace(spec, **fields)
        child = child or (workers.child() if spec.trust else None)
        runner = Runner(spec, source or base, base, frozen, child=child, grace=grace)
        begun.append(runner)
        runner.start()
        return Watched(runner)

    yield begin
    for runner in begun:
        runner.close()
