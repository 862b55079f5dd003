"""Runs that wait without a window: those that cannot begin leave a sentence, those behind them get their turn."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from ckpt_studio.core.errors import RunFault
from ckpt_studio.training import waiting
from ckpt_studio.training.run_folder import RunFolder
from ckpt_studio.training.run_record import RunRecord, not_begun, runs_folder, runs_held, take_away
from ckpt_studio.training.spec import RunSpec
from tests.training.conftest import TURNS


def until_held(folders: set[str]) -> None:
    """Until some process holds these runs and no others."""
    for _ in range(TURNS):
        if runs_held() == folders:
            return
        time.sleep(0.05)
    raise AssertionError(runs_held())


def test_what_cannot_begin_is_told_once_and_what_was_taken_out_is_not(tmp_path: Path) -> None:
    before = RunRecord(RunFolder(str(tmp_path / "before")))
    specs = [RunSpec(str(tmp_path / f"no-{name}"), str(tmp_path / name)) for name in ("a", "b", "c")]
    waiting.leave_waiting(specs, [str(tmp_path / "before")])
    a, b, c = (one.out for one in specs)
    assert waiting.waiting_for(str(tmp_path / "before")) == (a, b, c)
    assert waiting.waiting_for(b) == (c,)
    take_away(b)
    assert waiting.waiting_for(a) == (c,)
    assert not_begun() == ()
    before.close()
    until_held(set())
    assert not_begun() == tuple(
        f"The run that waited to begin in {tmp_path / name} did not: no-{name} does not exist."
        for name in ("a", "c")
    )
    assert not_begun() == ()


def test_what_held_them_may_be_killed(tmp_path: Path) -> None:
    before = RunRecord(RunFolder(str(tmp_path / "before")))
    specs = [RunSpec(str(tmp_path / "no"), str(tmp_path / "a"))]
    waiting.leave_waiting(specs, [str(tmp_path / "before")])
    os.kill(pid_of(specs[0].out), signal.SIGKILL)
    until_held({str(tmp_path / "before")})
    assert not_begun() == (
        f"The run that waited to begin in {tmp_path / 'a'} did not: what held it is gone.",
    )
    before.close()


def test_a_process_that_does_not_start_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "COMMAND", ("/bin/false",))
    with pytest.raises(RunFault, match="the process for them ended"):
        waiting.leave_waiting([RunSpec("x", str(tmp_path / "a"))], [str(tmp_path / "before")])


def pid_of(folder: str) -> int:
    """The process that holds a run which waits."""
    said = [json.loads(record.read_bytes()) for record in runs_folder().iterdir()]
    return next(int(one["pid"]) for one in said if one["folder"] == folder)
