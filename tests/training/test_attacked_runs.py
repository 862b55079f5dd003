"""Training processes that die, hang, lie or run out of room at any moment: a right sentence, and nothing half done."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.training.child import Child
from ckpt_studio.training.events import Cause, Outcome, RunState
from ckpt_studio.training.protocol import LINE_BYTES
from tests.helpers.memory_source import MemoryCheckpoint
from tests.training.conftest import Start, Watched

TIMES = 40
"""How often the campaign does each, at another moment each time: 360 runs in all."""

Attack = Callable[[Watched, random.Random], set[Cause | None]]


def let_it_run(run: Watched, moment: random.Random) -> None:
    """Until some moment between its start and its hundredth step or so."""
    if moment.random() < 0.8:
        run.step()
        time.sleep(moment.random() * 0.3)
    else:
        time.sleep(moment.random() * 0.2)


def pid_of(run: Watched) -> int:
    child = run.runner._child
    assert child is not None
    assert child.pid is not None
    return child.pid


def signalled(number: int, *causes: Cause) -> Attack:
    def attack(run: Watched, moment: random.Random) -> set[Cause | None]:
        let_it_run(run, moment)
        os.kill(pid_of(run), number)
        return set(causes)

    return attack


def stopped(run: Watched, moment: random.Random) -> set[Cause | None]:
    let_it_run(run, moment)
    run.runner.stop()
    return {None}


def killed_by_hand(run: Watched, moment: random.Random) -> set[Cause | None]:
    let_it_run(run, moment)
    run.runner.kill()
    return {None}


def hangs(run: Watched, moment: random.Random) -> set[Cause | None]:
    let_it_run(run, moment)
    os.kill(pid_of(run), signal.SIGSTOP)
    run.runner.stop()
    return {Cause.hung, None}  # None where it had ended before it could be stopped


ATTACKS: dict[str, Attack] = {
    "kill": signalled(signal.SIGKILL, Cause.killed, Cause.out_of_memory),
    "segfault": signalled(signal.SIGSEGV, Cause.segfault),
    "abort": signalled(signal.SIGABRT, Cause.abort),
    "stop": stopped,
    "kill by hand": killed_by_hand,
}

LIES = {
    "garbage": "import os\nos.write(1, os.urandom({size}) + bytes([10]))",
    "oversized": f"import os\nos.write(1, b'x' * ({LINE_BYTES} + {{size}}))",
}


def judge(run: Watched, outcome: Outcome, causes: set[Cause | None]) -> None:
    """The end is one of those that can be; what was saved is whole, and nothing else is left."""
    assert outcome.cause in causes, outcome
    assert outcome.message.endswith((".", "!")), outcome
    run.runner.close()
    folder = Path(run.runner.spec.out)
    if not folder.exists():
        assert outcome.prefix is None
        return
    assert not (folder / "work").exists()
    assert not list(folder.glob(".ckpt-studio*"))
    for index in folder.glob("*.index"):
        checkpoint = open_checkpoint(str(index))
        assert list(checkpoint.verify()) == []
        assert (folder / f"{checkpoint.prefix}.meta").exists()
    if outcome.prefix is not None:
        assert Path(f"{outcome.prefix}.index").exists()
    last = json.loads((folder / "events.jsonl").read_text().splitlines()[-1])
    assert (last["event"], last["state"]) == ("end", outcome.state)


@pytest.mark.campaign("runs")
@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_at_any_moment(attack: str, start: Start, tmp_path: Path) -> None:
    for number in range(TIMES):
        moment = random.Random(f"{attack}{number}")
        run = start(
            "adam_ref", out=str(tmp_path / str(number)), save_every=moment.choice([1, 7, 50]), max_to_keep=2
        )
        causes = ATTACKS[attack](run, moment)
        judge(run, run.end(), causes)


@pytest.mark.parametrize("attack", ["stop", "abort"])
def test_an_attack_a_kind(attack: str, start: Start) -> None:
    run = start("adam_ref", save_every=7, max_to_keep=2)
    causes = ATTACKS[attack](run, random.Random(attack))
    judge(run, run.end(), causes)


@pytest.mark.campaign("runs")
def test_processes_that_hang(start: Start, tmp_path: Path) -> None:
    for number in range(TIMES):
        run = start("adam_ref", out=str(tmp_path / str(number)), save_every=7, grace=0.2)
        causes = hangs(run, random.Random(number))
        judge(run, run.end(), causes)


def lie(kind: str, size: int, start: Start, out: Path) -> None:
    script = f"import sys\nsys.stdin.readline()\n{LIES[kind].format(size=size)}\nimport time\ntime.sleep(60)"
    run = start("adam_ref", child=Child((sys.executable, "-c", script)), out=str(out))
    outcome = run.end()
    assert outcome.state is RunState.failed
    judge(run, outcome, {Cause.protocol})


@pytest.mark.parametrize("kind", LIES)
def test_a_lie_on_the_pipe(kind: str, start: Start, tmp_path: Path) -> None:
    lie(kind, 4096, start, tmp_path / "run")


@pytest.mark.campaign("runs")
@pytest.mark.parametrize("kind", LIES)
def test_lies_on_the_pipe(kind: str, start: Start, tmp_path: Path) -> None:
    for number in range(TIMES):
        lie(kind, 1 << random.Random(number).randrange(8, 17), start, tmp_path / str(number))


FULL = """
import resource
import numpy as np
import tensorflow as tf

def build():
    w = tf.Variable(np.ones((512, 512), "f"), name="w")
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))  # a disk on which there is no room for it

    @tf.function
    def train_step(batch):
        w.assign_sub(0.1 * w)
        return tf.reduce_sum(w)

    holder = tf.Module()
    holder.w = w
    return {"net": holder, "train_step": train_step, "dataset": np.zeros((8, 1), "f")}
"""


def test_a_full_disk_is_said_and_nothing_half_is_left(start: Start, tmp_path: Path) -> None:
    (tmp_path / "recipe.py").write_text(FULL)
    base = MemoryCheckpoint({"w": np.ones((512, 512), "f")})
    base.step = 3
    run = start(base, data=None, recipe=str(tmp_path / "recipe.py"), steps=4)
    outcome = run.end()
    assert outcome.state is RunState.failed, outcome
    assert "Nothing was written" in outcome.message
    assert "file too large" in outcome.message
    assert outcome.prefix is None
    assert not list((tmp_path / "run").glob("model.ckpt*"))
    assert not list((tmp_path / "run").glob(".ckpt-studio*"))
