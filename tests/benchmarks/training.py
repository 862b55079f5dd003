"""Resumed runs beside the plain script: steps of small and middling models, the first step, and Stop.

Rates are taken in blocks that take turns in one process: separate processes differ by more than what is measured.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.training.child import Child
from ckpt_studio.training.events import Metrics, Outcome, RunEvent
from ckpt_studio.training.runner import Runner
from ckpt_studio.training.spec import DataSpec, RunSpec
from tests.benchmarks.report import Row
from tests.helpers.tensorflow_child import TensorFlowChild

MAKE = """
import keras
folder, width = args
keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
x = rng.standard_normal((4096, 32)).astype("f")
np.savez(folder + "/data.npz", features=x, labels=(x[:, 0] > 0).astype("i8"))
layers = [keras.layers.Dense(width, "relu") for _ in range(3)]
model = keras.Sequential([keras.Input((32,), name="features"), *layers, keras.layers.Dense(2, name="out")])
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(keras.optimizers.Adam(1e-3), loss, jit_compile=False)
model.fit(x, x[:, 0] > 0, epochs=1, batch_size=1024, verbose=0)
model.save(folder + "/model.keras")
"""

IN_TURNS = """
import sys, time
sys.path.insert(0, "")
folder, steps, chunk, blocks = args
def in_turns(*works):
    best = [9e9] * len(works)
    for block in range(1, blocks + 1):
        for number, work in enumerate(works):
            began = time.perf_counter()
            work(block * steps)
            best[number] = min(best[number], (time.perf_counter() - began) * 1e3)
    return best
"""

RATES = """
import keras
from ckpt_studio.training.data import open_data, plan_feeds, read_data
from ckpt_studio.training.feeder import Feeder
from ckpt_studio.training.worker.keras_data import ModelData
from ckpt_studio.training.worker.keras_step import keras_step
from ckpt_studio.training.worker.stepping import FedBatches, Stepper
def made():
    model = keras.models.load_model(folder + "/model.keras")
    model.optimizer.build(model.trainable_variables)
    feed = ModelData(model)
    plan = plan_feeds(feed.inputs, open_data(folder + "/data.npz"), {"features": "features", "y": "labels"}, 32)
    return model, feed, Feeder(plan, read_data(folder + "/data.npz", ["features", "labels"]), 1)
model, feed, feeder = made()
def losses(x, y):
    with tf.GradientTape() as tape:
        loss = model.compute_loss(x=x, y=y, y_pred=model(x, training=True))
    weights = model.trainable_weights
    model.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
    return loss
plain = tf.function(losses)
other, their_feed, their_feeder = made()
ours = Stepper(lambda batch: keras_step(other, *batch), FedBatches(their_feeder.many, their_feed.batch), [])
def run_plain(at):
    found = []
    for step in range(at, at + steps):
        fed = feeder(step)
        found.append(float(plain(tf.constant(fed["features:0"]), tf.constant(fed["y:0"]))))
    return found
def run_ours(at):
    return [loss for step in range(at, at + steps, chunk) for loss in ours.steps(step, chunk)[0]]
assert run_plain(0) == run_ours(0)
best = in_turns(run_ours, run_plain)
same = all(np.array_equal(a, b) for a, b in zip(model.get_weights(), other.get_weights()))
result = [*best, same]
"""

GRAPH = """
v1 = tf.compat.v1
folder, width = args
rng = np.random.default_rng(0)
x = rng.standard_normal((4096, 32)).astype("f")
np.savez(folder + "/data.npz", features=x, labels=(x[:, 0] > 0).astype("i8"))
with tf.Graph().as_default(), v1.Session() as session:
    at = v1.placeholder(tf.float32, [None, 32], name="features")
    y = v1.placeholder(tf.int64, [None], name="y")
    for layer, size in enumerate((width, width, width, 2)):
        with v1.variable_scope(f"layer{layer}", use_resource=True):
            at = tf.matmul(at, v1.get_variable("w", [at.shape[1], size])) + v1.get_variable("b", [size])
        at = tf.nn.relu(at) if layer < 3 else at
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=at), name="loss")
    v1.train.AdamOptimizer(1e-3).minimize(loss, v1.train.get_or_create_global_step(), name="train")
    session.run(v1.global_variables_initializer())
    v1.train.Saver().save(session, folder + "/model.ckpt-0", write_state=False)
"""

GRAPH_RATES = """
from ckpt_studio.formats.meta_graph import build_run_graph, load_meta_graph, plan_training
from ckpt_studio.formats.tf_bundle.bundle import open_bundle
from ckpt_studio.training.data import open_data, plan_feeds, read_data
from ckpt_studio.training.feeder import Feeder
from ckpt_studio.training.routes.metagraph import inputs_of
from ckpt_studio.training.worker.graph_session import GraphSession
v1 = tf.compat.v1
prefix = folder + "/model.ckpt-0"
start, meta = open_bundle(prefix), load_meta_graph(prefix + ".meta")
plan = plan_training(meta, frozenset(start.columns.keys))
arrays = open_data(folder + "/data.npz")
feeds = plan_feeds(inputs_of(plan), arrays, {"features:0": "features", "y:0": "labels"}, 32)
feeder = Feeder(feeds, read_data(folder + "/data.npz", ["features", "labels"]), 1)
ours = GraphSession(build_run_graph(meta, plan, (), fed=feeder.names), step=True, intra_op=2, inter_op=2)
ours.begin(start)
ours.loop_over(feeder.names, {})
settings = v1.ConfigProto(intra_op_parallelism_threads=2, inter_op_parallelism_threads=2)
plain = v1.Session(graph=tf.Graph(), config=settings)
with plain.graph.as_default():
    v1.train.import_meta_graph(prefix + ".meta").restore(plain, prefix)
def run_plain(at):
    return [float(plain.run(["loss:0", "train"], feeder(step))[0]) for step in range(at, at + steps)]
def run_ours(at):
    return [loss for step in range(at, at + steps, chunk) for loss in ours.many(feeder.many(step, chunk), chunk)[0]]
assert run_plain(0) == run_ours(0)
best = in_turns(run_ours, run_plain)
values = ours.snapshot()
with plain.graph.as_default():
    same = all(np.array_equal(plain.run(one), values[one.op.name]) for one in v1.global_variables())
result = [*best, same]
"""


def measure(place: Path) -> list[Row]:
    """Rates, then the times of one run with a process made ahead."""
    child = TensorFlowChild()
    rows = []
    for kind, suffix, make, rates, wide, plainly in (
        ("Keras model", "", MAKE, RATES, 4, "plain tf.function"),
        ("MetaGraph", "_graph", GRAPH, GRAPH_RATES, 8, "plain session.run"),
    ):
        for name, width, steps, chunk, limit in (
            ("small", 16, 512, 64, 1 / 1.5),
            ("wide", 512, 128, wide, 1 / 0.98),
        ):
            folder = place / f"{name}{suffix}"
            folder.mkdir()
            child(make, folder, width)
            ours, plain, same = child(IN_TURNS + rates, folder, steps, chunk, 6)
            assert same, f"the {kind} computed other bits than {plainly}"
            rows.append(Row(f"training: {steps} steps, {name} {kind}", ours, plain, limit, plainly))
    (place / "large").mkdir()
    child(MAKE, place / "large", 1024)
    (place / "large_graph").mkdir()
    child(GRAPH, place / "large_graph", 1024)
    child.close()
    for kind, suffix, name in (("Keras", "", "model.keras"), ("MetaGraph", "_graph", "model.ckpt-0")):
        first = min(_one_run(place / f"small{suffix}" / name)[0] for _ in range(3))
        _, stopped, memory = _one_run(place / f"large{suffix}" / name)
        rows.append(Row(f"training: click to first step, {kind}, warm", first * 1e3, None, 600))
        rows.append(Row(f"training: Stop to saved, {kind}, 25 MB", stopped * 1e3, None, 1000))
        rows.append(
            Row(
                f"training: memory by a run, {kind}, 25 MB",
                memory,
                None,
                20,
                "of who owns it, after it",
                "MiB",
            )
        )
    return rows


def _one_run(checkpoint: Path) -> tuple[float, float, float]:
    """With a process made ahead: seconds from the click to the first step, and from Stop to the end; MiB that stay."""
    folder = checkpoint.parent
    base = open_checkpoint(str(checkpoint))
    out = folder / f"run{sum(1 for _ in folder.iterdir())}"
    spec = RunSpec(base.path, str(out), data=DataSpec(str(folder / "data.npz")), trust=True)
    child, before = _warm(), _memory()
    runner = Runner(spec, base, base, child=child)
    began = time.perf_counter()
    runner.start()
    events: list[RunEvent] = []
    while not any(isinstance(event, Metrics) for event in events):
        events = runner.events(1)
        assert not any(isinstance(event, Outcome) for event in events), events
    first = time.perf_counter() - began
    began = time.perf_counter()
    runner.stop()
    while runner.outcome is None:
        runner.events(1)
    stopped = time.perf_counter() - began
    runner.close()
    return first, stopped, _memory() - before


def _memory() -> float:
    """MiB that this process holds."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def _warm() -> Child:
    """A training process that has imported what it will need."""
    child = Child()
    while True:
        said = child.messages.get()
        assert isinstance(said, dict), said
        if said["type"] == "ready":
            return child
