"""Runs of graphs with another optimizer than they were saved with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_studio.formats.tf_bundle.bundle import open_bundle
from ckpt_studio.training.events import RunState
from ckpt_studio.training.spec import DataSpec
from tests.helpers.tensorflow_child import TensorFlowChild
from tests.training.conftest import Graphs, Start
from tests.training.test_runs import RESTORE, assert_same

MOMENTUM = {"class_name": "SGD", "config": {"momentum": 0.9}}


@pytest.mark.parametrize("name", ["adam_ref", "adam_res"])
def test_six_steps_are_three_and_three_and_stock_tensorflow_restores_them(
    name: str, start: Start, graphs: Graphs, tensorflow_child: TensorFlowChild, tmp_path: Path
) -> None:
    base = graphs.checkpoint(name)
    frozen = frozenset({"net/layer0/w"})
    new: dict[str, Any] = {"optimizer": MOMENTUM, "learning_rate": 0.05}
    run = start(name, frozen, steps=6, out=str(tmp_path / "whole"), **new)
    whole = run.end()
    assert whole.state is RunState.finished, whole
    assert whole.frozen_unchanged is True
    card = run.card
    assert card.settings["learning_rate"] == 0.05
    assert card.settings["optimizer"]["config"] == {"learning_rate": 0.05, "momentum": 0.9, "nesterov": False}
    assert {one.name for one in card.missing} == {
        f"net/layer{layer}/{weight}/Momentum" for layer in range(3) for weight in "wb"
    }
    assert any("The new optimizer does not use beta1_power, beta2_power" in note for note in card.notes)
    assert (card.step_variable, run.steps) == ("global_step", [6, 7, 8, 9, 10, 11])
    end = open_bundle(str(whole.prefix))
    for key in base.columns.keys:
        moved = base.read(key).tobytes() != end.read(key).tobytes()
        assert moved == ("Adam" not in key and "power" not in key and key != "net/layer0/w"), key
    assert not end.read("net/layer0/w/Momentum").any()
    restored = tensorflow_child(RESTORE, whole.prefix, [])
    assert restored["net/layer1/w/Momentum"] == np.float64(end.read("net/layer1/w/Momentum").ravel()).tolist()
    half = start(name, frozen, steps=3, out=str(tmp_path / "half"), **new).end()
    assert half.state is RunState.finished, half
    rest = start(open_bundle(str(half.prefix)), frozen, steps=3, out=str(tmp_path / "rest"))
    assert_same(str(whole.prefix), str(rest.end().prefix))
    assert (rest.card.missing, rest.card.inexact) == ((), ())


def test_one_of_two_train_operations_gets_another_optimizer(
    start: Start, graphs: Graphs, tmp_path: Path
) -> None:
    data = DataSpec(graphs.data, {"x": "features", "z": "noise"})
    run = start("gan", steps=4, data=data, optimizer="adam", out=str(tmp_path / "refused"))
    sentence = run.end().message
    assert "The graph trains by train_judge, train_maker; say whose optimizer is replaced" in sentence
    new = {"class_name": "Adam", "config": {"learning_rate": 0.01}, "train_op": "train_judge"}
    run = start("gan", steps=4, data=data, optimizer=new, out=str(tmp_path / "whole"))
    whole = run.end()
    assert whole.state is RunState.finished, whole
    assert run.card.train_ops == ("train_judge", "train_maker")
    before, end = graphs.checkpoint("gan"), open_bundle(str(whole.prefix))
    for key, moves in (
        ("judge/a/w/Adam", False),
        ("beta1_power", False),
        ("maker/a/w/Adam", True),
        ("beta1_power_1", True),
    ):
        assert (before.read(key).tobytes() != end.read(key).tobytes()) == moves, key
    assert end.read("judge/a/w/Adam_2").any()
    half = start("gan", steps=2, data=data, optimizer=new, out=str(tmp_path / "half")).end()
    rest = start(open_bundle(str(half.prefix)), steps=2, data=data, out=str(tmp_path / "rest")).end()
    assert_same(str(whole.prefix), str(rest.prefix))


def test_an_input_that_only_the_old_optimizer_needed_is_not_asked_for(
    start: Start, graphs: Graphs, tmp_path: Path
) -> None:
    run = start("dropout", steps=1, optimizer="rmsprop")
    assert run.end().state is RunState.finished
    assert "rate:0" not in {one.name for one in run.card.inputs}


def test_the_update_of_one_weight_can_be_the_train_operation(
    start: Start, graphs: Graphs, tmp_path: Path
) -> None:
    update = "train/update_net/layer2/w/ApplyAdam"
    run = start("adam_ref", steps=2, optimizer="adam", train_op=update, out=str(tmp_path / "first"))
    outcome = run.end()
    assert outcome.state is RunState.finished, outcome
    end, base = open_bundle(str(outcome.prefix)), graphs.checkpoint("adam_ref")
    np.testing.assert_allclose(end.read("beta1_power_1"), 0.9**3, rtol=1e-6)
    moved = [key for key in base.columns.keys if base.read(key).tobytes() != end.read(key).tobytes()]
    assert moved == ["net/layer2/w"]
    assert run.card.train_ops != (update,)


HAND_WRITTEN = """
import os
v1 = tf.compat.v1
folder = args[0]
with tf.Graph().as_default(), v1.Session() as session:
    x = v1.placeholder(tf.float32, [None, 8], name="x")
    rate = v1.placeholder(tf.float32, [], name="rate")
    w = v1.get_variable("w", [8, 1], initializer=v1.ones_initializer(), use_resource=False)
    b = v1.get_variable("b", [1], initializer=v1.zeros_initializer(), use_resource=False)
    loss = tf.reduce_mean(tf.square(tf.matmul(x, w) + b - 1), name="loss")
    step = v1.train.get_or_create_global_step()
    updates = []
    for one, gradient in zip((w, b), tf.clip_by_global_norm(tf.gradients(loss, [w, b]), 1.0)[0]):
        m = v1.get_variable(one.op.name + "/adam_m", one.shape, initializer=v1.zeros_initializer(), trainable=False)
        fresh = 0.9 * m + 0.1 * gradient
        updates += [m.assign(fresh), one.assign(one - rate * (fresh + 0.01 * one))]
    tf.group(*updates, step.assign(step + 1), name="train")
    session.run(v1.global_variables_initializer())
    v1.train.Saver().save(session, folder + "/model.ckpt-0")
"""


def test_gradients_that_the_graph_does_not_show_are_computed(
    start: Start, graphs: Graphs, tensorflow_child: TensorFlowChild, tmp_path: Path
) -> None:
    """As BERT's: decay and moments by hand; what only they needed is not asked for, and not updated."""
    tensorflow_child(HAND_WRITTEN, tmp_path)
    base, file = open_bundle(str(tmp_path / "model.ckpt-0")), str(graphs.folder / "data.npz")
    data = DataSpec(file, {"x": "features", "rate": 0.1})
    how: dict[str, Any] = {"data": data, "batch_size": 8}
    run = start(base, steps=6, optimizer="rmsprop", out=str(tmp_path / "whole"), **how)
    whole = run.end()
    assert whole.state is RunState.finished, whole
    assert [one.name for one in run.card.inputs] == ["x:0"]
    assert {one.name for one in run.card.missing} == {
        f"{one}/RMSProp{turn}" for one in "wb" for turn in ("", "_1")
    }
    assert any("those of loss:0 are computed anew" in note for note in run.card.notes)
    end = open_bundle(str(whole.prefix))
    assert (end.read("global_step"), end.read("w/adam_m").any()) == (6, False)
    assert end.read("w").tobytes() != base.read("w").tobytes()
    half = start(base, steps=3, optimizer="rmsprop", out=str(tmp_path / "half"), **how).end()
    how["data"] = DataSpec(file, {"x": "features"})
    rest = start(open_bundle(str(half.prefix)), steps=3, out=str(tmp_path / "rest"), **how).end()
    assert_same(str(whole.prefix), str(rest.prefix))


IN_FUNCTION = """
v1 = tf.compat.v1
with tf.Graph().as_default(), v1.Session() as session:
    x = v1.placeholder(tf.float32, [None, 8], name="x")
    w = v1.get_variable("w", [8, 1], initializer=v1.ones_initializer(), use_resource=True)
    m = v1.get_variable("w/m", [8, 1], initializer=v1.zeros_initializer(), use_resource=True, trainable=False)
    step = v1.train.get_or_create_global_step()
    @tf.function
    def train(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - 1))
        by = tape.gradient(loss, w)
        tf.raw_ops.ResourceApplyMomentum(var=w.handle, accum=m.handle, lr=0.1, grad=by, momentum=0.9)
        step.assign_add(1)
        return loss
    tf.identity(train(x), name="loss")
    session.run(v1.global_variables_initializer())
    v1.train.Saver().save(session, args[0] + "/model.ckpt-0")
"""


def test_a_step_that_is_a_function_gets_another_optimizer(
    start: Start, graphs: Graphs, tensorflow_child: TensorFlowChild, tmp_path: Path
) -> None:
    tensorflow_child(IN_FUNCTION, tmp_path)
    base = open_bundle(str(tmp_path / "model.ckpt-0"))
    how: dict[str, Any] = {"data": DataSpec(graphs.data, {"x": "features"}), "batch_size": 8}
    run = start(base, steps=6, optimizer="adam", out=str(tmp_path / "whole"), **how)
    whole = run.end()
    assert whole.state is RunState.finished, whole
    assert any("The new optimizer does not use w/m" in note for note in run.card.notes)
    end = open_bundle(str(whole.prefix))
    assert (end.read("global_step"), end.read("w/m").any(), end.read("w/Adam").any()) == (6, False, True)
    half = start(base, steps=3, optimizer="adam", out=str(tmp_path / "half"), **how).end()
    rest = start(open_bundle(str(half.prefix)), steps=3, out=str(tmp_path / "rest"), **how).end()
    assert_same(str(whole.prefix), str(rest.prefix))
    restored = tensorflow_child(RESTORE, whole.prefix, [])
    assert restored["w/Adam"] == np.float64(end.read("w/Adam").ravel()).tolist()
