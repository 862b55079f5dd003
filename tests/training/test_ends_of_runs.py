"""How runs end: stopped, killed, hung, diverged, refused; what is said of it, and what stays."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_studio.core.errors import RunFault, TargetExists
from ckpt_studio.formats.tf_bundle.bundle import open_bundle
from ckpt_studio.training.child import Child
from ckpt_studio.training.events import Cause, Metrics, RunState, State
from ckpt_studio.training.spec import DataSpec
from tests.training.conftest import Graphs, Start


def test_stop_and_checkpoint_now(start: Start, tmp_path: Path) -> None:
    run = start("adam_res", child=Child(), save_every=0)
    run.step()
    run.runner.checkpoint_now()
    run.until(lambda event: bool(run.checkpoints))
    run.step()
    assert run.runner.state is RunState.running
    run.runner.stop()
    outcome = run.end()
    assert outcome.state is RunState.stopped, outcome
    assert outcome.prefix == str(tmp_path / "run" / f"model.ckpt-{run.steps[-1]}")
    states = [event.state for event in run.events if isinstance(event, State)]
    assert states[:3] == [RunState.preparing, RunState.compiling, RunState.running]
    assert RunState.stopping in states
    assert sum(isinstance(event, Metrics) for event in run.events) < len(run.steps)


@pytest.mark.parametrize(
    ("number", "cause", "said"),
    [
        (signal.SIGKILL, Cause.killed, "killed"),
        (signal.SIGSEGV, Cause.segfault, "segmentation fault"),
        (signal.SIGABRT, Cause.abort, "aborted"),
    ],
)
def test_a_killed_process_is_said_and_its_checkpoints_stay(
    number: int, cause: Cause, said: str, start: Start, tmp_path: Path
) -> None:
    run = start("adam_ref", frozenset({"net/layer0/w"}), child=Child(), save_every=20)
    run.until(lambda event: len(run.checkpoints) > 1)
    pid = run.runner._child.pid  # type: ignore[union-attr]
    assert pid is not None
    os.kill(pid, number)
    outcome = run.end()
    assert (outcome.state, outcome.cause) == (RunState.failed, cause), outcome
    assert said in outcome.message
    assert outcome.prefix == run.checkpoints[-1].prefix
    assert outcome.frozen_unchanged is True
    assert not list((tmp_path / "run").glob(".ckpt-studio*"))
    assert not (tmp_path / "run" / "work").exists()
    run.runner.close()
    assert not Path(f"/proc/{pid}").exists()


def test_a_frozen_process_is_given_up_after_stop(start: Start) -> None:
    run = start("adam_ref", child=Child(), grace=0.5)
    run.step()
    os.kill(run.runner._child.pid, signal.SIGSTOP)  # type: ignore[union-attr,arg-type]
    run.runner.stop()
    outcome = run.end()
    assert (outcome.state, outcome.cause) == (RunState.failed, Cause.hung)
    assert "Stop" in outcome.message


def test_garbage_on_the_pipe_fails_the_run(start: Start) -> None:
    script = "import sys; sys.stdin.readline(); print('no protocol', flush=True); import time; time.sleep(60)"
    outcome = start("adam_ref", child=Child((sys.executable, "-c", script))).end()
    assert (outcome.state, outcome.cause) == (RunState.failed, Cause.protocol)
    assert outcome.prefix is None


def test_a_loss_that_is_no_number_stops_the_run_and_keeps_the_last_good_checkpoint(
    start: Start, graphs: Graphs
) -> None:
    run = start("diverges", data=DataSpec(graphs.data, {"x": "positive"}), save_every=1, batch_size=200)
    outcome = run.end()
    assert (outcome.state, outcome.cause) == (RunState.failed, Cause.not_a_number), outcome
    assert "number" in outcome.message
    if outcome.prefix is not None:
        assert np.isfinite(open_bundle(outcome.prefix).read("w")).all()


def test_data_that_is_no_number_is_named(start: Start, graphs: Graphs, tmp_path: Path) -> None:
    rows = np.ones((40, 8), "f")
    rows[:, 3] = np.nan
    np.savez(tmp_path / "odd.npz", rows=rows, kinds=np.zeros(40, "i8"))
    outcome = start("adam_res", data=DataSpec(str(tmp_path / "odd.npz")), steps=2).end()
    assert (outcome.state, outcome.cause) == (RunState.failed, Cause.not_a_number), outcome
    assert (
        "The array 'rows' holds values that are no finite numbers; leave those rows out." in outcome.message
    )


def test_a_loss_that_is_no_number_need_not_end_the_run(start: Start, graphs: Graphs) -> None:
    run = start(
        "diverges", data=DataSpec(graphs.data, {"x": "positive"}), steps=9, batch_size=200, on_nan="continue"
    )
    outcome = run.end()
    assert outcome.state is RunState.finished, outcome
    assert len(run.losses) == 9
    assert not all(np.isfinite(loss) for loss in run.losses if loss is not None)


@pytest.mark.parametrize("save_every", [0, 1])
def test_an_infinite_loss_stops_the_run_and_keeps_the_last_good_checkpoint(
    save_every: int, start: Start
) -> None:
    run = start("explodes", data=None, save_every=save_every)
    outcome = run.end()
    assert (outcome.state, outcome.cause) == (RunState.failed, Cause.not_a_number), outcome
    assert "infinite" in outcome.message
    if outcome.prefix is not None:
        assert np.isfinite(open_bundle(outcome.prefix).read("w"))


def refused(start: Start, **fields: Any) -> str:
    run = start("adam_ref", steps=1, **fields)
    outcome = run.end()
    assert (outcome.state, outcome.cause) == (RunState.failed, Cause.refused), outcome
    assert not Path(run.runner.spec.out).exists()
    return outcome.message


def test_what_cannot_start_is_refused_with_a_sentence_and_leaves_nothing(
    start: Start, graphs: Graphs, tmp_path: Path
) -> None:
    assert "does not fit the input x:0" in refused(start, data=DataSpec(graphs.data, {"x": "labels"}))
    assert "gets no data" in refused(start, data=None)
    assert "no array 'nothing'" in refused(start, data=DataSpec(graphs.data, {"x": "nothing"}))
    assert "cannot be read" in refused(start, data=DataSpec(str(tmp_path / "none.npz"), {}))
    assert "no 'train_me'" in refused(start, train_op="train_me")


def test_without_trust_or_a_new_folder_nothing_starts(start: Start, tmp_path: Path) -> None:
    with pytest.raises(RunFault, match="not trusted"):
        start("adam_ref", trust=False)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "something").touch()
    with pytest.raises(TargetExists, match="not empty"):
        start("adam_ref")


def test_a_graph_that_reads_files_names_them_before_it_may(start: Start) -> None:
    with pytest.raises(RunFault, match=r"ReadFile \(vocabulary\)"):
        start("reads", data=None, trust=False)
    run = start("reads", data=None, steps=3)
    assert run.end().state is RunState.finished, run.runner.outcome
    assert [(risk.kind, risk.op) for risk in run.card.risks] == [("files", "ReadFile")]
    assert run.losses[0] == 9.0


def test_what_a_killed_window_left_is_swept_at_the_next_run(
    start: Start, graphs: Graphs, tmp_path: Path
) -> None:
    script = (
        "import sys\n"
        "from ckpt_studio.formats.tf_bundle.bundle import open_bundle\n"
        "from ckpt_studio.training.runner import CheckpointWritten, Runner\n"
        "from ckpt_studio.training.spec import DataSpec, RunSpec\n"
        "base = open_bundle(sys.argv[1])\n"
        "spec = RunSpec(base.prefix, sys.argv[2], data=DataSpec(sys.argv[3]), save_every=1, trust=True)\n"
        "runner = Runner(spec, base, base)\n"
        "runner.start()\n"
        "while not any(isinstance(event, CheckpointWritten) for event in runner.events(1)): pass\n"
        "import os, signal\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    lost = tmp_path / "lost"
    command = [sys.executable, "-c", script, graphs.checkpoint("adam_ref").prefix, str(lost), graphs.data]
    assert subprocess.run(command, timeout=60).returncode == -signal.SIGKILL
    (lost / ".ckpt-studio-0123456789abcdef-1.tmp").touch()
    (lost / "model.ckpt-999.data-00000-of-00001").touch()
    (lost / "notes.txt").touch()
    assert (lost / "work").exists()
    assert start("adam_ref", steps=1).end().state is RunState.finished
    left = {file.name for file in lost.iterdir() if not file.name.startswith(("model.ckpt-", "events.out."))}
    assert left == {"checkpoint", "events.jsonl", "log.txt", "run.json", "start", "notes.txt"}
    assert {file.name for file in lost.glob("model.ckpt-999*")} == set()
    for index in lost.glob("*.index"):
        assert open_bundle(str(index)[: -len(".index")]).read("net/layer0/w").shape == (8, 16)
    last = json.loads((lost / "events.jsonl").read_text().splitlines()[-1])
    assert (last["event"], last["state"]) == ("end", "lost")
