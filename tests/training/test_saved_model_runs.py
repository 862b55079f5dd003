"""Runs of SavedModels that bring a signature which trains them; stock TensorFlow loads what they write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.training.events import RunState
from ckpt_studio.training.spec import DataSpec
from tests.helpers.tensorflow_child import TensorFlowChild
from tests.training.conftest import Start
from tests.training.test_runs import assert_same

MAKE = """
import os
class Net(tf.Module):
    def __init__(self):
        super().__init__()
        self.w = tf.Variable(tf.random.stateless_normal((8, 8), [1, 2]), name="w")
        self.v = tf.Variable(tf.random.stateless_normal((8, 3), [1, 3]), name="v")
        self.slots = [tf.Variable(tf.zeros_like(one), trainable=False, name="slot") for one in (self.w, self.v)]

    @tf.function(input_signature=[tf.TensorSpec((None, 8)), tf.TensorSpec((None,), tf.int64)])
    def train(self, x, y):
        with tf.GradientTape() as tape:
            logits = tf.tanh(x @ self.w) @ self.v
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))
        weights = [self.w, self.v]
        for gradient, weight, slot in zip(tape.gradient(loss, weights), weights, self.slots):
            slot.assign(0.9 * slot + gradient)
            weight.assign_sub(0.1 * slot)
        return {"loss": loss}

    @tf.function(input_signature=[tf.TensorSpec((None, 8))])
    def serve(self, x):
        return {"y": tf.tanh(x @ self.w) @ self.v}

net = Net()
tf.saved_model.save(net, os.path.join(args[0], "model"), signatures={"train_step": net.train, "serve": net.serve})
rng = np.random.default_rng(0)
np.savez(os.path.join(args[0], "data.npz"), x=rng.standard_normal((64, 8)).astype("f"), y=rng.integers(0, 3, 64))
"""

LOAD = """
model = tf.saved_model.load(args[0])
x = tf.ones((2, 8))
before = model.signatures["serve"](x)["y"]
model.signatures["train_step"](x=x, y=tf.zeros(2, tf.int64))
result = [np.asarray(before).tolist(), len(model.signatures)]
"""


@pytest.fixture(scope="session")
def model(tensorflow_child: TensorFlowChild, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved_model")
    tensorflow_child(MAKE, folder)
    return folder / "model"


def test_its_own_signature_trains_it(
    start: Start, model: Path, tensorflow_child: TensorFlowChild, tmp_path: Path
) -> None:
    w = "w/.ATTRIBUTES/VARIABLE_VALUE"
    how: dict[str, Any] = {"data": DataSpec(str(model.parent / "data.npz")), "frozen": frozenset({w})}

    def run(path: Path, out: str, steps: int) -> str:
        watched = start(
            open_checkpoint(str(path)),
            steps=steps,
            save_every=2,
            max_to_keep=1,
            out=str(tmp_path / out),
            **how,
        )
        outcome = watched.end()
        assert outcome.state is RunState.finished, outcome
        assert (watched.card.train_ops, watched.card.loss, watched.card.missing) == (
            ("train_step",),
            "loss",
            (),
        )
        assert outcome.frozen_unchanged is True
        return str(outcome.prefix)

    whole = run(model, "whole", 6)
    rest = run(Path(run(model, "half", 3)), "rest", 3)
    assert Path(rest).name == "model.ckpt-6"
    assert_same(whole, rest)
    assert [file.name for file in (tmp_path / "whole").glob("model.ckpt-*") if file.is_dir()] == [
        "model.ckpt-6"
    ]
    end = open_checkpoint(whole)
    served, signatures = tensorflow_child(LOAD, whole)
    by_hand = np.tanh(np.ones((2, 8), "f") @ end.read(w)) @ end.read("v/.ATTRIBUTES/VARIABLE_VALUE")
    np.testing.assert_allclose(served, by_hand, rtol=1e-5)
    assert signatures == 2


def test_a_model_that_only_serves_is_said(start: Start, model: Path) -> None:
    outcome = start(open_checkpoint(str(model)), data=None, train_op="fit", steps=1).end()
    assert outcome.state is RunState.failed
    assert "no signature 'fit'; its signatures are: serve, train_step" in outcome.message
