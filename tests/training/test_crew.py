"""Recipes trained by several workers on loopback, each a run of its own with its own training process."""

from __future__ import annotations

import os
import signal
import socket
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_studio.core.errors import RunFault
from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.formats.tf_bundle.bundle import open_bundle
from ckpt_studio.training.child import Child
from ckpt_studio.training.events import LogLine, RunState, State
from tests.helpers.tensorflow_child import TensorFlowChild
from tests.training.conftest import Graphs, Start, Watched

RECIPE = """
import keras
import numpy as np

rng = np.random.default_rng(5)
x = rng.standard_normal((96, 8)).astype("f")
y = rng.standard_normal((96, 2)).astype("f")

def build():
    layers = [keras.layers.Dense(4, "tanh", name="a"), keras.layers.Dense(2, name="b")]
    model = keras.Sequential([keras.Input((8,)), *layers])
    return {"model": model, "optimizer": keras.optimizers.Adam(0.01), "loss": keras.losses.MeanSquaredError(),
            "dataset": (x, y), "batch_size": 16}
"""

HEAVY = """
import keras
import numpy as np

def build():
    rows = keras.Input((8,))
    none = keras.ops.cast(rows[:, :1] * 0, "int32")
    heavy = keras.layers.Embedding(500_000, 80, embeddings_initializer="zeros", trainable=False, name="heavy")(none)
    both = keras.layers.Concatenate()([keras.layers.Dense(4, "tanh", name="a")(rows), keras.layers.Flatten()(heavy)])
    model = keras.Model(rows, keras.layers.Dense(2, name="b")(both))
    return {"model": model, "optimizer": keras.optimizers.SGD(0.01), "loss": keras.losses.MeanSquaredError(),
            "dataset": (np.ones((96, 8), "f"), np.ones((96, 2), "f")), "batch_size": 16}
"""
"""Its checkpoint takes a moment to be written."""

OWN_STEP = """
import tensorflow as tf

def build():
    w = tf.Variable(tf.ones((2,)))
    holder = tf.Module()
    holder.w = w
    def train_step(batch):
        w.assign_sub(0.1 * tf.reduce_mean(batch, 0))
        return tf.reduce_sum(w)
    dataset = tf.data.Dataset.from_tensors(tf.ones((4, 2))).repeat(9)
    return {"model": holder, "train_step": train_step, "dataset": dataset}
"""

MAKE = """
import keras, runpy
folder, recipe, own, heavy = args
for name, text in (("recipe", recipe), ("own", own), ("heavy", heavy)):
    open(f"{folder}/{name}.py", "w").write(text)
keras.utils.set_random_seed(1)
built = runpy.run_path(f"{folder}/recipe.py")["build"]()
model, optimizer = built["model"], built["optimizer"]
optimizer.build(model.trainable_variables)
tf.train.Checkpoint(model=model, optimizer=optimizer).write(f"{folder}/start-0")
own = runpy.run_path(f"{folder}/own.py")["build"]()
tf.train.Checkpoint(model=own["model"]).write(f"{folder}/own-0")
heavy = runpy.run_path(f"{folder}/heavy.py")["build"]()
tf.train.Checkpoint(model=heavy["model"]).write(f"{folder}/heavy-0")
"""


@pytest.fixture(scope="session")
def crews(tensorflow_child: TensorFlowChild, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("crews")
    tensorflow_child(MAKE, folder, RECIPE, OWN_STEP, HEAVY)
    return folder


def addresses(count: int = 2) -> tuple[str, ...]:
    """Free ports of this machine."""
    with ExitStack() as stack:
        doors = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return tuple(f"127.0.0.1:{door.getsockname()[1]}" for door in doors)


def begin(start: Start, crews: Path, out: Path, name: str = "recipe", **fields: Any) -> Watched:
    base = open_checkpoint(str(crews / f"{'start' if name == 'recipe' else name}-0"))
    return start(base, data=None, recipe=str(crews / f"{name}.py"), out=str(out), **fields)


def test_two_workers_compute_what_one_does(start: Start, crews: Path, tmp_path: Path) -> None:
    """The first and the tenth step compare the workers' weights bit by bit; what is written is close to one's."""
    frozen = frozenset(
        {key for key in open_checkpoint(str(crews / "start-0")).columns.keys if "/0/kernel" in key}
    )
    how: dict[str, Any] = {"steps": 12, "save_every": 5, "frozen": frozen}
    alone = begin(start, crews, tmp_path / "alone", **how).end()
    workers = addresses()
    both = [begin(start, crews, tmp_path / f"worker{at}", workers=workers, worker=at, **how) for at in (0, 1)]
    first, second = (run.end() for run in both)
    assert (first.state, second.state) == (RunState.finished, RunState.finished), (first, second)
    assert both[0].losses == both[1].losses
    assert [one.step for one in both[0].checkpoints] == [5, 10, 12]
    assert (both[1].checkpoints, second.prefix) == ([], None)
    assert not list((tmp_path / "worker1").glob("model.ckpt*"))
    assert (
        "2 workers share each batch; this is worker 1, and worker 0 writes the checkpoints."
        in both[1].card.notes
    )
    one, two = open_bundle(str(alone.prefix)), open_bundle(str(first.prefix))
    assert list(one.columns.keys) == list(two.columns.keys)
    for key in one.columns.keys:
        if one.columns.of(key).dtype.name.startswith("float"):
            np.testing.assert_allclose(one.read(key), two.read(key), rtol=1e-4, atol=1e-6, err_msg=key)
    assert (alone.frozen_unchanged, first.frozen_unchanged) == (True, True) if frozen else (None, None)


def test_nobody_leaves_before_the_last_checkpoint_is_there(start: Start, crews: Path, tmp_path: Path) -> None:
    """Or the numbers of the last step, which one of them is still receiving, may go with the other."""
    workers, writer = addresses(), Child()
    how: dict[str, Any] = {"steps": 3, "workers": workers}
    both = [
        begin(start, crews, tmp_path / "0", "heavy", worker=0, child=writer, **how),
        begin(start, crews, tmp_path / "1", "heavy", worker=1, **how),
    ]
    both[0].until(lambda event: isinstance(event, State) and event.state is RunState.saving)
    assert writer.pid is not None
    os.kill(writer.pid, signal.SIGSTOP)
    try:
        assert not (tmp_path / "0" / "model.ckpt-3.index").exists()
        until = time.monotonic() + 3
        while time.monotonic() < until:
            both[1].events += both[1].runner.events(0.05)
        assert both[1].runner.outcome is None
    finally:
        os.kill(writer.pid, signal.SIGCONT)
    assert [run.end().state for run in both] == [RunState.finished, RunState.finished]


def test_workers_that_do_not_begin_with_the_same_do_not_begin(
    start: Start, crews: Path, tmp_path: Path
) -> None:
    workers = addresses()
    runs = [
        begin(start, crews, tmp_path / str(at), workers=workers, worker=at, steps=1, seed=at) for at in (0, 1)
    ]
    for run in runs:
        outcome = run.end()
        assert outcome.state is RunState.failed
        assert "do not have the same start; give all of them the same checkpoint and SPEC" in outcome.message


def test_a_worker_that_waits_says_for_whom_and_can_be_stopped(
    start: Start, crews: Path, tmp_path: Path
) -> None:
    workers = addresses()
    run = begin(start, crews, tmp_path / "run", workers=workers, steps=1)
    said = run.until(lambda event: isinstance(event, LogLine) and "worker 0 of 2" in event.text)
    assert isinstance(said, LogLine)
    assert f"`ckpt-studio train SPEC --worker 1` on {workers[1]}" in said.text
    run.runner.stop()
    outcome = run.end()
    assert (outcome.state, outcome.message) == (
        RunState.stopped,
        "The run was stopped before its first step.",
    )


def test_what_cannot_be_shared_is_refused(start: Start, crews: Path, graphs: Graphs, tmp_path: Path) -> None:
    with pytest.raises(RunFault, match="only a recipe's run can have several workers"):
        start("adam_ref", workers=addresses())


@pytest.mark.campaign("runs")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
@pytest.mark.parametrize("dies", [0, 1])
def test_a_worker_that_is_gone_is_named_by_the_other(
    dies: int, number: signal.Signals, start: Start, crews: Path, tmp_path: Path
) -> None:
    workers = addresses()
    children = [Child(), Child()]
    runs = [
        begin(start, crews, tmp_path / str(at), workers=workers, worker=at, save_every=1, child=children[at])
        for at in (0, 1)
    ]
    for run in runs:
        run.step()
    pid = children[dies].pid
    assert pid is not None
    os.kill(pid, number)
    outcome = runs[1 - dies].end()
    assert outcome.state is RunState.failed
    assert f"Worker {dies} ({workers[dies]}) is gone or cannot be reached any more" in outcome.message
    if dies == 1:
        assert open_bundle(str(outcome.prefix)).columns.keys


@pytest.mark.campaign("runs")
@pytest.mark.parametrize("at", [0, 1])
def test_whoever_is_asked_all_stop_after_the_same_step(
    at: int, start: Start, crews: Path, tmp_path: Path
) -> None:
    workers = addresses()
    runs = [begin(start, crews, tmp_path / str(each), workers=workers, worker=each) for each in (0, 1)]
    for run in runs:
        run.step()
    runs[at].runner.stop()
    outcomes = [run.end() for run in runs]
    assert [one.state for one in outcomes] == [RunState.stopped] * 2, outcomes
    assert outcomes[0].message == outcomes[1].message


def test_a_step_that_updates_in_its_own_way_is_refused(start: Start, crews: Path, tmp_path: Path) -> None:
    workers = addresses()
    runs = [
        begin(start, crews, tmp_path / str(at), "own", workers=workers, worker=at, steps=1) for at in (0, 1)
    ]
    for run in runs:
        assert "must train by a Keras optimizer" in run.end().message
