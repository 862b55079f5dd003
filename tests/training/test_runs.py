"""Resumed runs from end to end, with the real training process; what they write is read back by stock TensorFlow."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_studio.document.document import Document
from ckpt_studio.document.edits.marks import Freeze
from ckpt_studio.document.edits.rename import RenamePattern
from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.formats.tf_bundle.bundle import open_bundle
from ckpt_studio.training.events import Cause, RunState
from ckpt_studio.training.routes.metagraph import make_card
from ckpt_studio.training.runner import Runner
from ckpt_studio.training.spec import DataSpec, RunSpec
from ckpt_studio.training.worker.values import TrainedValues
from tests.helpers.forked_workers import ForkedWorkers
from tests.helpers.memory_source import MemoryCheckpoint
from tests.helpers.tensorflow_child import TensorFlowChild
from tests.training.conftest import Graphs, Start, Watched

FROZEN = frozenset({"net/layer0/w", "net/layer0/b", "net/layer0/w/Adam", "net/layer0/w/Adam_1"})

RESTORE = """
v1 = tf.compat.v1
prefix, fetches = args
with tf.Graph().as_default(), v1.Session() as session:
    saver = v1.train.import_meta_graph(prefix + ".meta")
    saver.restore(session, prefix)
    names = [v.name for v in v1.global_variables()]
    values = dict(zip(names, session.run(v1.global_variables())))
    result = {name[:-2]: np.asarray(value, "f8").ravel().tolist() for name, value in values.items()}
    result["trainable"] = [v.name[:-2] for v in v1.trainable_variables()]
"""

BOARD = """
events = [tf.compat.v1.Event.FromString(raw.numpy()) for raw in tf.data.TFRecordDataset(args[0])]
assert events[0].file_version == "brain.Event:2"
result = [[event.step, event.summary.value[0].simple_value] for event in events[1:]]
"""

STATE = """
state = tf.train.get_checkpoint_state(args[0])
result = [state.model_checkpoint_path, list(state.all_model_checkpoint_paths), tf.train.latest_checkpoint(args[0])]
"""


@pytest.mark.parametrize("name", ["adam_ref", "adam_res"])
def test_a_run_resumes_and_stock_tensorflow_goes_on_with_it(
    name: str, start: Start, graphs: Graphs, tensorflow_child: TensorFlowChild, tmp_path: Path
) -> None:
    base = graphs.checkpoint(name)
    original = files_of(graphs.folder / name)
    swapped = np.full((16, 16), 0.01, "f")
    source = TrainedValues(base, {"net/layer1/w": swapped, "net/layer0/b": np.full(16, 0.5, "f")})
    run = start(name, FROZEN | {"net/layer1/w"}, source, steps=30, save_every=8, max_to_keep=2)
    outcome = run.end()
    assert outcome.state is RunState.finished, outcome
    assert outcome.frozen_unchanged is True
    assert run.steps == list(range(6, 36))
    assert run.losses[-1] < run.losses[0]  # type: ignore[operator]
    assert [event.step for event in run.checkpoints] == [13, 21, 29, 35]
    assert outcome.prefix == str(tmp_path / "run" / "model.ckpt-35")
    card = run.card
    assert card.mapping == {"x:0": "features", "y:0": "labels"}
    assert (card.step_variable, card.start_step, card.missing) == ("global_step", 5, ())
    folder = tmp_path / "run"
    board = next(folder.glob("events.out.tfevents.*"))
    assert tensorflow_child(BOARD, board) == [
        [step, loss] for step, loss in zip(run.steps, run.losses, strict=True)
    ]
    assert outcome.never_moved == ()
    assert {file.name for file in folder.iterdir()} - {board.name} == {
        "checkpoint", "events.jsonl", "log.txt", "run.json", "start",
        *(f"model.ckpt-{step}{end}" for step in (29, 35)
          for end in (".index", ".meta", ".data-00000-of-00001", ".ckpt-studio.json", ".ckpt-studio-run.json")),
    }  # fmt: skip
    latest, paths, found = tensorflow_child(STATE, folder)
    assert latest == found == outcome.prefix
    assert paths == [str(folder / "model.ckpt-29"), outcome.prefix]
    restored = tensorflow_child(RESTORE, outcome.prefix, [])
    assert restored["global_step"] == [35]
    np.testing.assert_array_equal(restored["net/layer1/w"], swapped.ravel())
    np.testing.assert_array_equal(restored["net/layer0/b"], np.full(16, 0.5))
    np.testing.assert_array_equal(restored["net/layer0/w"], base.read("net/layer0/w").ravel())
    assert not np.array_equal(restored["net/layer2/w"], base.read("net/layer2/w").ravel())
    assert "net/layer0/w" not in restored["trainable"]
    assert "net/layer2/w" in restored["trainable"]
    end = open_bundle(outcome.prefix)
    for key in FROZEN:
        assert end.read(key).tobytes() == source.read(key).tobytes()
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    assert [event["step"] for event in events if event["event"] == "metrics"] == run.steps
    assert events[-1]["event"] == "end"
    assert events[-1]["frozen_unchanged"] is True
    assert files_of(graphs.folder / name) == original


def files_of(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Names, bytes and times: nothing of the original may change."""
    return {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in folder.iterdir()}


TRAIN = """
v1 = tf.compat.v1
prefix, batches, names, steps, loss, train = args
x = np.load(batches)
with tf.Graph().as_default(), v1.Session() as session:
    saver = v1.train.import_meta_graph(prefix + ".meta")
    saver.restore(session, prefix)
    result = []
    for i in range(steps):
        feed = {name + ":0": x[name + str(i)] for name in names}
        result.append(float(session.run([loss, train[0]], feed)[0]))
        for other in train[1:]:
            session.run(other, feed)
    names = [v.name[:-2] for v in v1.global_variables()]
    np.savez(batches, **dict(zip(names, session.run(v1.global_variables()))))
"""


def stock_losses(
    run: Watched, graphs: Graphs, name: str, mapping: dict[str, str], child: TensorFlowChild, folder: Path
) -> list[float]:
    """The losses of ten steps in stock TensorFlow on the batches of a finished run of batch size 16 and seed 3.

    The values of its variables have to be those of the run's last checkpoint.
    """
    from ckpt_studio.training.data import open_data, plan_feeds, read_data
    from ckpt_studio.training.feeder import Feeder

    card = run.card
    plan = plan_feeds(card.inputs, open_data(graphs.data), mapping, 16)
    feeder = Feeder(plan, read_data(graphs.data, list(mapping.values())), 3)
    fed = {
        f"{tensor[:-2]}{i}": values
        for i in range(10)
        for tensor, values in feeder(card.start_step + i).items()
    }
    batches = folder / "batches.npz"
    np.savez(batches, **fed)
    prefix = graphs.checkpoint(name).prefix
    names = [one.name[:-2] for one in card.inputs]
    losses: list[float] = child(TRAIN, prefix, batches, names, 10, card.loss, card.train_ops)
    stock = np.load(batches)
    end = open_bundle(run.end().prefix or "")
    for key in end.columns.keys:
        assert end.read(key).tobytes() == stock[key].tobytes(), key
    return losses


@pytest.mark.parametrize("name", ["adam_ref", "kept_on_the_way"])
def test_it_computes_what_stock_tensorflow_computes(
    name: str, start: Start, graphs: Graphs, tensorflow_child: TensorFlowChild, tmp_path: Path
) -> None:
    """Loss by loss and bit by bit, on the same batches; statistics that the loss moves were moved by steps alone."""
    run = start(name, steps=10, batch_size=16, seed=3)
    assert run.end().state is RunState.finished
    mapping = {"x": "features", "y": "labels"}
    assert run.losses == stock_losses(run, graphs, name, mapping, tensorflow_child, tmp_path)


@pytest.mark.parametrize("name", ["adam_ref", "adam_res"])
def test_another_learning_rate_is_put_on_the_graph(
    name: str, start: Start, graphs: Graphs, tmp_path: Path
) -> None:
    base = graphs.checkpoint(name)
    ends = {}
    for rate in (None, 0.01, 0.0):
        out = str(tmp_path / str(rate))
        outcome = start(name, steps=2, learning_rate=rate, out=out).end()
        assert outcome.state is RunState.finished, outcome
        ends[rate] = open_bundle(str(outcome.prefix))
    for key in base.columns.keys:
        assert ends[None].read(key).tobytes() == ends[0.01].read(key).tobytes()
    assert base.read("net/layer1/w").tobytes() == ends[0.0].read("net/layer1/w").tobytes()
    assert base.read("net/layer1/w/Adam").tobytes() != ends[0.0].read("net/layer1/w/Adam").tobytes()


def test_two_train_operations_run_one_after_the_other(
    start: Start, graphs: Graphs, tensorflow_child: TensorFlowChild, tmp_path: Path
) -> None:
    """In one call they would race: the second reads what the first one writes."""
    mapping = {"x": "features", "z": "noise"}
    data = DataSpec(graphs.data, mapping)
    how: dict[str, Any] = {"data": data, "batch_size": 16, "seed": 3}
    whole = start("gan", steps=10, out=str(tmp_path / "whole"), **how)
    outcome = whole.end()
    assert outcome.state is RunState.finished, outcome
    assert whole.card.train_ops == ("train_judge", "train_maker")
    assert whole.steps == list(range(1, 11))
    assert whole.losses == stock_losses(whole, graphs, "gan", mapping, tensorflow_child, tmp_path)
    half = start("gan", steps=5, out=str(tmp_path / "half"), **how).end()
    rest = start(open_bundle(str(half.prefix)), steps=5, out=str(tmp_path / "rest"), **how).end()
    assert_same(str(outcome.prefix), str(rest.prefix))


def assert_same(prefix: str, other: str) -> None:
    """Two checkpoints hold the same bits."""
    one, two = open_checkpoint(prefix), open_checkpoint(other)
    assert list(one.columns.keys) == list(two.columns.keys)
    for key in one.columns.keys:
        if one.columns.of(key).dtype.name == "string":
            assert one.read(key).tolist() == two.read(key).tolist()
        else:
            assert one.read(key).tobytes() == two.read(key).tobytes(), key


def test_ten_steps_are_five_and_five(start: Start, graphs: Graphs, tmp_path: Path) -> None:
    data = DataSpec(graphs.data, {"rate": 0.01})
    whole = start("dropout", steps=10, data=data, out=str(tmp_path / "whole")).end()
    half = start("dropout", steps=5, data=data, out=str(tmp_path / "half")).end()
    rest = start(open_bundle(str(half.prefix)), steps=5, data=data, out=str(tmp_path / "rest")).end()
    assert str(whole.prefix).endswith("-13")
    assert_same(str(whole.prefix), str(rest.prefix))
    other = start(open_bundle(str(half.prefix)), steps=1, data=data, seed=9, out=str(tmp_path / "other"))
    assert other.end().state is RunState.finished
    assert "The checkpoint was trained with seed 0, and this run has 9." in other.card.inexact


def test_a_graph_with_data_of_its_own_counts_from_the_checkpoints_number(
    start: Start, graphs: Graphs
) -> None:
    run = start("own_data", data=None, steps=3)
    assert run.end().state is RunState.finished
    assert run.steps == [5, 6, 7]
    assert run.card.step_variable is None
    assert any("count" in note for note in run.card.notes)
    assert [event.step for event in run.checkpoints] == [7]


OWN = """
v1 = tf.compat.v1
prefix, loss, train, steps = args
with tf.Graph().as_default(), v1.Session() as session:
    saver = v1.train.import_meta_graph(prefix + ".meta")
    session.run(v1.tables_initializer())
    session.run(v1.get_collection("begins"))
    saver.restore(session, prefix)
    v1.train.start_queue_runners(session)
    losses = [float(session.run([loss, train])[0]) for _ in range(steps)]
    result = [losses, session.run(v1.global_variables("net/w")[0]).ravel().tolist()]
"""


@pytest.mark.parametrize(
    ("name", "end"), [("one_shot", None), ("iterator", 6), ("queue", None), ("queue_that_ends", 2)]
)
def test_a_graph_trains_on_the_data_that_it_brings_along(
    name: str,
    end: int | None,
    start: Start,
    graphs: Graphs,
    tensorflow_child: TensorFlowChild,
) -> None:
    run = start(name, data=None, steps=8)
    outcome = run.end()
    assert outcome.state is RunState.finished, outcome
    assert run.steps == list(range(1, (end or 8) + 1))
    if end is not None:
        assert f"own data ended at step {end}" in outcome.message
    assert [event.step for event in run.checkpoints] == [end or 8]
    card = run.card
    assert [one.optional for one in card.inputs] == [True, True]
    assert not card.risks
    assert any("position in the graph's own data" in reason for reason in card.inexact)
    prefix = graphs.checkpoint(name).prefix
    losses, weights = tensorflow_child(OWN, prefix, card.loss, card.train_ops[0], end or 8)
    assert run.losses == losses
    assert open_bundle(str(outcome.prefix)).read("net/w").ravel().tolist() == weights


def test_what_is_mapped_takes_the_place_of_the_graphs_own_data(start: Start, graphs: Graphs) -> None:
    base = graphs.checkpoint("iterator")
    names = [one.name for one in make_card(base, str(base.meta_graph), RunSpec("", "")).inputs]
    both = dict(zip(names, ("features", "labels"), strict=True))
    run = start("iterator", data=DataSpec(graphs.data, both), steps=8)
    assert run.end().state is RunState.finished, run.runner.outcome
    assert run.steps == list(range(1, 9))
    assert run.card.inexact == ()


def test_half_of_the_graphs_own_data_cannot_be_replaced(start: Start, graphs: Graphs) -> None:
    base = graphs.checkpoint("iterator")
    spec = RunSpec("", "", data=DataSpec(graphs.data))
    card = make_card(base, str(base.meta_graph), spec)
    assert (card.mapping, card.problems) == ({}, ())
    assert any("does not use that file" in note for note in card.notes)
    name = card.inputs[0].name
    card = make_card(
        base, str(base.meta_graph), replace(spec, data=DataSpec(graphs.data, {name: "features"}))
    )
    assert "map both or neither" in card.problems[0]


def test_what_fails_while_a_queue_is_filled_is_said(start: Start) -> None:
    run = start("broken_queue", data=None)
    outcome = run.end()
    assert (outcome.state, outcome.cause) == (RunState.failed, Cause.exception), outcome
    assert "a row" in outcome.message


def test_what_the_checkpoint_lacks_is_initialised_and_what_the_graph_lacks_is_carried_on(
    start: Start, graphs: Graphs, tensorflow_child: TensorFlowChild
) -> None:
    whole = graphs.checkpoint("adam_ref")
    lacking = {"net/layer2/b", "net/layer2/w/Adam", "net/layer2/w/Adam_1"}
    arrays = {key: whole.read(key) for key in whole.columns.keys if key not in lacking}
    base = MemoryCheckpoint({**arrays, "words": np.array([b"a", b"", b"cd"], object)})
    base.meta_graph, base.step = whole.meta_graph, 5
    run = start(base, steps=4)
    outcome = run.end()
    assert outcome.state is RunState.finished, outcome
    assert {one.name for one in run.card.missing} == lacking
    assert run.card.unused == ("words",)
    restored = tensorflow_child(RESTORE, outcome.prefix, [])
    assert len(restored["net/layer2/b"]) == 3
    assert any(restored["net/layer2/w/Adam"])
    end = open_bundle(str(outcome.prefix))
    assert end.read("words").tolist() == [b"a", b"", b"cd"]
    assert sorted(end.columns.keys) == sorted([*whole.columns.keys, "words"])


def test_the_best_checkpoint_stays_beside_the_newest(start: Start, graphs: Graphs, tmp_path: Path) -> None:
    run = start(
        "adam_ref", steps=8, save_every=1, max_to_keep=1, keep_best=1, batch_size=8, learning_rate=0.2
    )
    outcome = run.end()
    assert outcome.state is RunState.finished, outcome
    best = run.steps[min(range(8), key=lambda at: run.losses[at] or 0.0)]
    left = {file.name for file in (tmp_path / "run").glob("*.index")}
    assert left == {f"model.ckpt-{best}.index", f"model.ckpt-{run.steps[-1]}.index"}


def test_a_rehearsal_tells_the_card_and_leaves_nothing(
    workers: ForkedWorkers, graphs: Graphs, tmp_path: Path
) -> None:
    base = graphs.checkpoint("adam_ref")
    source = TrainedValues(base, {"net/layer2/b": np.array([5, 0, 0], "f")})
    spec = RunSpec(base.prefix, str(tmp_path / "try"), data=DataSpec(graphs.data), trust=True)
    runner = Runner(spec, source, base, child=workers.child(), rehearse=True)
    run = Watched(runner)
    runner.start()
    outcome = run.end()
    runner.close()
    assert outcome.state is RunState.finished, outcome
    assert run.steps == []
    assert run.card.loss_before != run.card.loss_after
    assert not (tmp_path / "try").exists()


def test_summaries_accuracy_and_rate_are_watched_and_nothing_that_would_disturb_the_run(start: Start) -> None:
    run = start("watched", steps=40, learning_rate=0.125)
    assert run.end().state is RunState.finished, run.runner.outcome
    lines = [json.loads(line) for line in run.runner.folder.events.read_text().splitlines()]
    told = [line["scalars"] for line in lines if line["event"] == "metrics" and "scalars" in line]
    assert told, "they are looked at now and then"
    assert set(told[0]) == {"biggest", "accuracy", "learning_rate"}
    assert told[0]["learning_rate"] == 0.125
    assert all(0 <= one["accuracy"] <= 1 for one in told)
    assert open_bundle(str(run.runner.outcome.prefix)).read("seen") == open_bundle(
        run.runner._start_prefix
    ).read("seen")


def test_a_run_goes_on_under_the_new_names(
    start: Start, graphs: Graphs, tensorflow_child: TensorFlowChild
) -> None:
    """The graph follows what a staged edit calls otherwise, frozen or not."""
    document = Document(graphs.checkpoint("adam_ref"))
    document.do(RenamePattern.of(document.staged.columns, "^net/", "model/"))
    document.do(Freeze(("model/layer0/w",)))
    run = start("adam_ref", document.frozen_keys(), document.staged, steps=4)
    outcome = run.end()
    assert outcome.state is RunState.finished, outcome
    assert outcome.frozen_unchanged is True
    assert run.card.missing == ()
    assert outcome.prefix is not None
    restored = tensorflow_child(RESTORE, outcome.prefix, [])
    assert not [name for name in restored if name.startswith("net/")]
    assert restored["global_step"] == [9]
    assert "model/layer0/w" not in restored["trainable"]
    before = document.base.read("net/layer1/w").ravel()
    assert not np.array_equal(restored["model/layer1/w"], before)
    np.testing.assert_allclose(restored["model/layer1/w"], before, atol=0.5)
