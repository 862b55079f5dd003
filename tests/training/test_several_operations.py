"""Graphs whose scripts run more than the train operation in a step, and graphs that several savers call differently."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.training.data import open_data, plan_feeds, read_data
from ckpt_studio.training.events import Cause, RunState
from ckpt_studio.training.feeder import Feeder
from ckpt_studio.training.spec import DataSpec
from tests.helpers.tensorflow_child import TensorFlowChild
from tests.training.conftest import Start, Watched

GRAPHS: Final = """
import os
v1 = tf.compat.v1
folder = args[0]
rng = np.random.default_rng(4)
x = rng.standard_normal((64, 8)).astype("f")
y = (x[:, 0] > 0).astype("i8")

def network():
    features, labels = v1.placeholder(tf.float32, [None, 8], "x"), v1.placeholder(tf.int64, [None], "y")
    start = lambda *shape: rng.standard_normal(shape).astype("f") / 3
    hidden = tf.tanh(tf.matmul(features, v1.get_variable("hidden/w", initializer=start(8, 6))))
    logits = tf.matmul(hidden, v1.get_variable("out/w", initializer=start(6, 2)))
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
    return loss, v1.trainable_variables()

def gathers():
    loss, weights = network()
    optimizer = v1.train.AdamOptimizer(0.05)
    sums = [v1.Variable(tf.zeros_like(w), trainable=False, name="sum") for w in weights]
    pairs = optimizer.compute_gradients(loss, weights)
    tf.group(*[s.assign(tf.zeros_like(s)) for s in sums], name="zero")
    tf.group(*[s.assign_add(g) for s, (g, _) in zip(sums, pairs)], name="gather")
    optimizer.apply_gradients(zip(sums, weights), v1.train.get_or_create_global_step(), name="apply")
    return ["zero", "gather", "apply"], v1.train.Saver()

def clips():
    loss, weights = network()
    v1.train.RMSPropOptimizer(0.05).minimize(loss, v1.train.get_or_create_global_step(), name="solver")
    tf.group(*[w.assign(tf.clip_by_value(w, -0.2, 0.2)) for w in weights], name="clip")
    return ["solver", "clip"], v1.train.Saver()

def savers():
    loss, weights = network()
    v1.train.MomentumOptimizer(0.1, 0.9).minimize(loss, v1.train.get_or_create_global_step(), name="train")
    v1.train.Saver(weights)
    return ["train"], v1.train.Saver({"model/" + one.op.name: one for one in v1.global_variables()})

def taught():
    loss, weights = network()
    taught_by = [v1.Variable(np.ones(w.shape, "f"), trainable=False, name="teacher") for w in weights]
    with tf.control_dependencies([v1.train.AdamOptimizer(0.05).minimize(loss)]):  # is in the collection of its name
        after = [t.assign(0.9 * t + 0.1 * w) for t, w in zip(taught_by, weights)]
    tf.group(*after, name="step_of_both")
    return ["step_of_both"], v1.train.Saver()

def watches():
    loss, weights = network()
    seen = v1.Variable(np.zeros(8, "f"), trainable=False, name="seen")
    seen.assign_add(0.1 * (tf.reduce_mean(v1.get_default_graph().get_tensor_by_name("x:0"), 0) - seen), name="look")
    v1.train.AdamOptimizer(0.05).minimize(loss, name="train")
    return ["train"], v1.train.Saver()

def workers():
    loss, _ = network()
    step = v1.train.get_or_create_global_step()
    plain = v1.train.GradientDescentOptimizer(0.1)
    optimizer = v1.train.SyncReplicasOptimizer(plain, replicas_to_aggregate=1, total_num_replicas=1)
    optimizer.minimize(loss, step)
    return [], v1.train.Saver()

GRAPH = dict(gathers=gathers, clips=clips, savers=savers, taught=taught, watches=watches, workers=workers)
"""

MAKE: Final = (
    GRAPHS
    + """
np.savez(os.path.join(folder, "data.npz"), x=x, y=y)
for name, make in GRAPH.items():
    with tf.Graph().as_default(), v1.Session() as session:
        steps, saver = make()
        session.run(v1.global_variables_initializer())
        for _ in range(2):
            for one in steps:
                session.run(one, {"x:0": x[:8], "y:0": y[:8]})
        saver.save(session, os.path.join(folder, name, "model.ckpt"), 2)
"""
)

GO_ON: Final = (
    GRAPHS
    + """
_, name, batches, frozen = args
fed = np.load(batches)
with tf.Graph().as_default(), v1.Session() as session:
    steps, saver = GRAPH[name]()
    saver.restore(session, os.path.join(folder, name, "model.ckpt-2"))
    held = {v.op.name: v for v in v1.global_variables()}
    still = {one: session.run(held[one]) for one in frozen}
    for at in range(len(fed["x"])):
        for one in steps:
            session.run(one, {"x:0": fed["x"][at], "y:0": fed["y"][at]})
            for key, value in still.items():
                held[key].load(value, session)
    result = {key: np.asarray(value, "f8").ravel().tolist() for key, value in session.run(held).items()}
"""
)


@pytest.fixture(scope="session")
def files(tensorflow_child: TensorFlowChild, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("operations")
    tensorflow_child(MAKE, folder)
    return folder


def begin(start: Start, files: Path, name: str, **fields: Any) -> Watched:
    base = open_checkpoint(str(files / name / "model.ckpt-2"))
    return start(base, data=DataSpec(str(files / "data.npz")), batch_size=16, **fields)


@pytest.mark.parametrize(
    ("name", "train_op", "still"),
    [
        ("gathers", "zero, gather,apply", {"hidden/w"}),
        ("clips", "solver,clip", {"hidden/w"}),
        ("savers", None, {"model/hidden/w"}),
        ("taught", None, set()),
    ],
)
def test_several_operations_a_step_compute_what_the_script_computes(
    name: str,
    train_op: str | None,
    still: set[str],
    start: Start,
    files: Path,
    tensorflow_child: TensorFlowChild,
    tmp_path: Path,
) -> None:
    prefix = "model/" if name == "savers" else ""
    run = begin(start, files, name, train_op=train_op, steps=4, frozen=frozenset(still))
    outcome = run.end()
    assert outcome.state is RunState.finished, outcome
    assert outcome.frozen_unchanged is (True if still else None)
    assert (run.card.missing, run.card.problems) == ((), ())
    data = str(files / "data.npz")
    plan = plan_feeds(run.card.inputs, open_data(data), run.card.mapping, 16)
    fed = Feeder(plan, read_data(data, ["x", "y"]), 0).many(2, 4)
    np.savez(tmp_path / "fed.npz", x=fed["x:0"], y=fed["y:0"])
    frozen = [key.removeprefix(prefix) for key in run.card.frozen]
    values = tensorflow_child(GO_ON, files, name, tmp_path / "fed.npz", frozen)
    end = open_checkpoint(str(outcome.prefix))
    for key in end.columns.keys:
        np.testing.assert_array_equal(end.read(key).ravel(), np.array(values[key.removeprefix(prefix)]), key)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "gathers",
            "what is gathered in sum, sum_1, and it does not run gather, which gathers it; name all operations",
        ),
        ("workers", "_accumulator, "),
    ],
)
def test_what_others_gather_is_not_applied_over_and_over(
    name: str, said: str, start: Start, files: Path
) -> None:
    outcome = begin(start, files, name, steps=1).end()
    assert (outcome.state, outcome.cause) == (RunState.failed, Cause.refused), outcome
    assert said in outcome.message


@pytest.mark.parametrize(
    ("name", "said"), [("clips", "clip (which changes hidden/w, out/w)"), ("watches", "(which changes seen)")]
)
def test_what_a_script_may_run_beside_is_said(name: str, said: str, start: Start, files: Path) -> None:
    run = begin(start, files, name, steps=1)
    assert run.end().state is RunState.finished
    assert any("The run does not run " in note and said in note for note in run.card.notes)
