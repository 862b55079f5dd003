"""Resumed runs beside the plain script: steps of small and middling models, the first step, and Stop.

Rates are taken in blocks that take turns in one process: separate processes differ by more than what is measured.
"""

from __future__ import annotations

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

RATES = """
import sys, time
sys.path.insert(0, "")
import keras
from ckpt_studio.training.data import open_data, plan_feeds, read_data
from ckpt_studio.training.feeder import Feeder
from ckpt_studio.training.worker.keras_data import ModelData
from ckpt_studio.training.worker.keras_step import keras_step
from ckpt_studio.training.worker.stepping import FedBatches, Stepper
folder, steps, chunk, blocks = args
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
    return [loss for step in range(at, at + steps, chunk) for loss in ours.steps(step, chunk)]
assert run_plain(0) == run_ours(0)
best = [9e9, 9e9]
for block in range(1, blocks + 1):
    for number, work in enumerate((run_ours, run_plain)):
        began = time.perf_counter()
        work(block * steps)
        best[number] = min(best[number], (time.perf_counter() - began) * 1e3)
same = all(np.array_equal(a, b) for a, b in zip(model.get_weights(), other.get_weights()))
result = [*best, same]
"""


def measure(place: Path) -> list[Row]:
    """Rates, then the times of one run with a process made ahead."""
    child = TensorFlowChild()
    rows = []
    for name, width, steps, chunk, limit in (
        ("small", 16, 512, 64, 1 / 1.5),
        ("wide", 512, 128, 4, 1 / 0.98),
    ):
        folder = place / name
        folder.mkdir()
        child(MAKE, folder, width)
        ours, plain, same = child(RATES, folder, steps, chunk, 6)
        assert same, "several steps a call computed other bits than one by one"
        rows.append(
            Row(f"training: {steps} steps, {name} Keras model", ours, plain, limit, "plain tf.function")
        )
    child.close()
    return [*rows, *_one_run(place / "small")]


def _one_run(folder: Path) -> list[Row]:
    base = open_checkpoint(str(folder / "model.keras"))
    spec = RunSpec(base.path, str(folder / "run"), data=DataSpec(str(folder / "data.npz")), trust=True)
    runner = Runner(spec, base, base, child=_warm())
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
    return [
        Row("training: click to first step, Keras, warm", first * 1e3, None, 1000),
        Row("training: Stop to saved", stopped * 1e3, None, 1000),
    ]


def _warm() -> Child:
    """A training process that has imported what it will need."""
    child = Child()
    while True:
        said = child.messages.get()
        assert isinstance(said, dict), said
        if said["type"] == "ready":
            return child
