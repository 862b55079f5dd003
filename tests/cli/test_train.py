"""`ckpt-studio train SPEC`: CONTRACT.md's events and exit status, called as a script calls it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_studio.formats.tf_bundle.bundle import open_bundle
from tests.helpers.tensorflow_child import TensorFlowChild

GRAPH = """
import os
v1 = tf.compat.v1
folder = args[0]
for name, scale in (("base", 1.0), ("donor", 5.0)):
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [None, 4], name="x")
        y = v1.placeholder(tf.float32, [None, 1], name="y")
        w = v1.get_variable("w", initializer=np.full((4, 4), scale, "f"), use_resource=False)
        v = v1.get_variable("v", initializer=np.full((4, 1), scale, "f"), use_resource=False)
        loss = tf.reduce_mean((tf.matmul(tf.matmul(x, w), v) - y) ** 2, name="loss")
        step = v1.train.get_or_create_global_step()
        v1.train.MomentumOptimizer(1e-4, 0.9).minimize(loss, global_step=step, name="train")
        if name == "base":
            text = tf.io.read_file("vocabulary.txt", name="read")
        session.run(v1.global_variables_initializer())
        session.run(step.assign(100))
        os.makedirs(os.path.join(folder, name))
        v1.train.Saver().save(session, os.path.join(folder, name, "model.ckpt"), global_step=100)
np.savez(os.path.join(folder, "data.npz"), x=np.ones((64, 4), "f"), y=np.zeros((64, 1)))
"""


@pytest.fixture(scope="session")
def checkpoints(tensorflow_child: TensorFlowChild, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("train")
    tensorflow_child(GRAPH, folder)
    return folder


def spec_of(checkpoints: Path, folder: Path, **fields: Any) -> Path:
    spec = {
        "checkpoint": str(checkpoints / "base"),
        "out": "run",
        "steps": 6,
        "save_every": 3,
        "data": {"file": os.path.relpath(checkpoints / "data.npz", folder), "map": {"x": "x", "y:0": "y"}},
        "trust": True,
        **fields,
    }
    path = folder / "spec.json"
    path.write_text(json.dumps({name: value for name, value in spec.items() if value is not None}))
    return path


def command(spec: Path) -> list[str]:
    return [sys.executable, "-m", "ckpt_studio", "train", str(spec)]


def call(spec: Path) -> tuple[int, list[dict[str, Any]], str]:
    done = subprocess.run(command(spec), capture_output=True, text=True, timeout=120)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def test_a_run_with_patch_and_frozen_patterns(checkpoints: Path, tmp_path: Path) -> None:
    donor = os.path.relpath(checkpoints / "donor" / "model.ckpt-100", tmp_path)
    patch = {"version": 1, "edits": [{"op": "replace", "match": "w", "from": donor}]}
    (tmp_path / "patch.json").write_text(json.dumps(patch))
    spec = spec_of(checkpoints, tmp_path, patch="patch.json", frozen=["w*"], max_to_keep=1)
    status, events, errors = call(spec)
    assert status == 0, errors
    assert [event["event"] for event in events] == [
        "card", *["metrics"] * 3, "checkpoint", *["metrics"] * 3, "checkpoint", "end"
    ]  # fmt: skip
    card, end = events[0], events[-1]
    assert card["start_step"] == 100
    assert set(card["frozen"]) == {"w", "w/Momentum"}
    metrics = [event for event in events if event["event"] == "metrics"]
    assert [event["step"] for event in metrics] == [101, 102, 103, 104, 105, 106]
    assert metrics[0]["loss"] == (5 * 4 * 4) ** 2
    run = tmp_path / "run"
    assert [(e["step"], e["prefix"]) for e in events if e["event"] == "checkpoint"] == [
        (103, str(run / "model.ckpt-103")), (106, str(run / "model.ckpt-106"))
    ]  # fmt: skip
    assert (end["state"], end["cause"], end["frozen_unchanged"]) == ("finished", None, True)
    assert end["prefix"] == str(run / "model.ckpt-106")
    result = open_bundle(end["prefix"])
    np.testing.assert_array_equal(result.read("w"), np.full((4, 4), 5, "f"))
    assert not np.array_equal(result.read("v"), np.ones((4, 1), "f"))
    assert not (run / "model.ckpt-103.index").exists()


def test_a_spec_with_its_edits_comes_over_standard_input(checkpoints: Path, tmp_path: Path) -> None:
    edits = [{"op": "assign", "match": "w", "value": 2}, {"op": "freeze", "match": "w"}]
    spec = spec_of(checkpoints, tmp_path, patch={"version": 1, "edits": edits}, steps=2)
    said = spec.read_bytes()
    spec.unlink()
    done = subprocess.run(
        [sys.executable, "-m", "ckpt_studio", "train", "-"],
        input=said,
        capture_output=True,
        timeout=120,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    end = json.loads(done.stdout.splitlines()[-1])
    np.testing.assert_array_equal(open_bundle(end["prefix"]).read("w"), np.full((4, 4), 2, "f"))
    assert end["frozen_unchanged"] is True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_finishes_the_step_saves_and_ends(number: int, checkpoints: Path, tmp_path: Path) -> None:
    spec = spec_of(checkpoints, tmp_path, steps=None, save_every=0)
    process = subprocess.Popen(command(spec), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout as output:
        events = []
        for line in output:
            events.append(json.loads(line))
            if events[-1]["event"] == "metrics":
                break
        process.send_signal(number)
        events += [json.loads(line) for line in output]
    assert process.wait(20) == 0
    last = max(event["step"] for event in events if event["event"] == "metrics")
    assert events[-1]["state"] == "stopped"
    assert events[-1]["prefix"] == str(tmp_path / "run" / f"model.ckpt-{last}")


def test_killing_the_command_ends_the_training_process(checkpoints: Path, tmp_path: Path) -> None:
    spec = spec_of(checkpoints, tmp_path, steps=None)
    process = subprocess.Popen(command(spec), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout as output:
        for line in output:
            if json.loads(line)["event"] == "metrics":
                break
        children = Path(f"/proc/{process.pid}/task")
        pids = [int(pid) for task in children.iterdir() for pid in (task / "children").read_text().split()]
        assert len(pids) == 1
        process.kill()
        process.wait()
    end = time.monotonic() + 5
    while Path(f"/proc/{pids[0]}/fd").exists() and any_open(pids[0]) and time.monotonic() < end:
        time.sleep(0.02)
    assert not any_open(pids[0])


def any_open(pid: int) -> bool:
    """Whether a process is alive; one that waits to be reaped has nothing open."""
    try:
        return any(Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"trust": None}, "not trusted"),
        ({"stepz": 1}, "stepz"),
        ({"frozen": ["nothing*"]}, "nothing*"),
        ({"checkpoint": "no/such/place"}, "place does not exist"),
        ({"recipe": "train.py"}, "The recipe"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_status_1(
    fields: dict[str, Any], said: str, checkpoints: Path, tmp_path: Path
) -> None:
    status, lines, errors = call(spec_of(checkpoints, tmp_path, **fields))
    assert status == 1
    assert said in lines[0]["error"]["message"]
    assert said in errors
    assert "Traceback" not in errors
    assert not (tmp_path / "run").exists()


def test_data_that_does_not_fit_ends_the_run_before_it_begins(checkpoints: Path, tmp_path: Path) -> None:
    data = {"file": str(checkpoints / "data.npz"), "map": {"x": "y"}}
    status, events, errors = call(spec_of(checkpoints, tmp_path, data=data))
    assert status == 1
    assert [event["event"] for event in events] == ["card", "end"]
    assert (events[-1]["state"], events[-1]["cause"]) == ("failed", "refused")
    assert "does not fit the input x:0" in events[-1]["message"]
    assert "does not fit the input x:0" in errors
