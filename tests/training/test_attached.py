"""A run that outlives whoever started it: followed, paused, saved and stopped through its folder."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ckpt_studio.core.errors import TargetExists
from ckpt_studio.training.attached import AttachedRun
from ckpt_studio.training.events import Cause, CheckpointWritten, Metrics, Outcome, RunEvent, RunState, State
from ckpt_studio.training.keeper import Keeper
from ckpt_studio.training.run_record import going_on, kept_runs
from ckpt_studio.training.spec import DataSpec, RunSpec
from tests.training.conftest import TURNS, Graphs


def until(run: AttachedRun, wanted: Callable[[RunEvent], bool]) -> RunEvent:
    for _ in range(TURNS):
        for event in run.events(0.05):
            if wanted(event):
                return event
            assert not isinstance(event, Outcome), event
    raise AssertionError("it did not come")


def begun(spec: RunSpec) -> AttachedRun:
    run = AttachedRun(spec.out, Keeper())
    run.begin(spec)
    return run


def test_a_run_goes_on_without_the_one_who_started_it(graphs: Graphs, tmp_path: Path) -> None:
    spec = RunSpec(
        graphs.checkpoint("adam_ref").prefix, str(tmp_path / "run"), data=DataSpec(graphs.data), save_every=0,
        frozen=("net/layer0/*",), trust=True,
    )  # fmt: skip
    first = begun(spec)
    until(first, lambda event: isinstance(event, Metrics))
    assert kept_runs() == ()
    first.stay()
    first.close()
    for _ in range(TURNS):
        if kept_runs() == (str(tmp_path / "run"),):
            break
        time.sleep(0.05)
    assert list(going_on()) == [str(tmp_path / "run")]
    run = AttachedRun(str(tmp_path / "run"))
    until(run, lambda event: isinstance(event, Metrics))
    assert run.card is not None
    assert "net/layer0/w" in run.card.frozen
    run.pause()
    until(run, lambda event: event == State(RunState.paused))
    run.checkpoint_now()
    written = until(run, lambda event: isinstance(event, CheckpointWritten))
    run.go_on()
    until(run, lambda event: isinstance(event, Metrics) and event.steps[-1] > written.step)  # type: ignore[union-attr]
    run.stop()
    outcome = until(run, lambda event: isinstance(event, Outcome))
    assert isinstance(outcome, Outcome)
    assert outcome.state is RunState.stopped
    assert outcome.frozen_unchanged is True
    assert Path(f"{outcome.prefix}.index").exists()
    assert run.outcome == outcome
    assert first._keeper is not None
    assert first._keeper._process.wait(60) == 0
    assert going_on() == {}


def test_a_run_that_cannot_start_says_why(graphs: Graphs, tmp_path: Path) -> None:
    spec = RunSpec(graphs.checkpoint("adam_ref").prefix, str(tmp_path / "run"), data=DataSpec(graphs.data))
    run = begun(spec)
    outcome = until(run, lambda event: isinstance(event, Outcome))
    assert isinstance(outcome, Outcome)
    assert (outcome.state, outcome.cause) == (RunState.failed, Cause.refused)
    assert "not trusted" in outcome.message
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").touch()
    run.close()
    another = AttachedRun(str(tmp_path / "taken"), Keeper())
    with pytest.raises(TargetExists):
        another.begin(RunSpec(spec.checkpoint, str(tmp_path / "taken")))
    another.close()


def test_a_run_ends_with_a_window_that_is_killed(graphs: Graphs, tmp_path: Path) -> None:
    script = (
        "import os, signal, sys\n"
        "from ckpt_studio.training.attached import AttachedRun\n"
        "from ckpt_studio.training.events import Metrics\n"
        "from ckpt_studio.training.keeper import Keeper\n"
        "from ckpt_studio.training.spec import DataSpec, RunSpec\n"
        "run = AttachedRun(sys.argv[2], Keeper())\n"
        "run.begin(RunSpec(sys.argv[1], sys.argv[2], data=DataSpec(sys.argv[3]), trust=True))\n"
        "while not any(isinstance(event, Metrics) for event in run.events(1)): pass\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    folder = tmp_path / "run"
    command = [sys.executable, "-c", script, graphs.checkpoint("adam_ref").prefix, str(folder), graphs.data]
    assert subprocess.run(command, timeout=60).returncode == -signal.SIGKILL
    run = AttachedRun(str(folder))
    outcome = until(run, lambda event: isinstance(event, Outcome))
    assert isinstance(outcome, Outcome)
    assert outcome.state is RunState.stopped
    for _ in range(TURNS):
        if not going_on():
            return
        time.sleep(0.05)
    raise AssertionError("it goes on")
