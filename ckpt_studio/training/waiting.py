"""Runs that wait for others without a window: a process of their own holds them, and begins one when those are over.

`leave_waiting` starts it, `ckpt-studio train --waiting`: the first line of its input holds the folders of the runs that
it waits for, each further line a SPEC. Once it has said `HELD` it says nothing any more. It holds a record for each run
(`run_record`), by which a window sees it and can take it away.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, Final

from ckpt_studio.core.child_environment import child_environment
from ckpt_studio.core.errors import RequestFault, RunFault
from ckpt_studio.core.tasks import Task
from ckpt_studio.training.run_folder import RunFolder
from ckpt_studio.training.run_record import RunRecord, going_on, runs_behind, runs_held
from ckpt_studio.training.spec import RunSpec, read_spec

COMMAND: Final = (sys.executable, "-m", "ckpt_studio", "train", "--waiting")
HELD: Final = b"held\n"
_TURN_SECONDS: Final = 0.2


def leave_waiting(specs: Sequence[RunSpec], after: Sequence[str]) -> None:
    """Hand runs over to a process that begins them one after the other when those of other folders are over.

    Raises:
        RunFault: it could not be started, or ended at once.
    """
    try:
        process = subprocess.Popen(
            COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=child_environment(), start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise RunFault(f"The runs that wait could not be handed over: {error.strerror}.") from error
    assert process.stdin is not None
    assert process.stdout is not None
    lines = [list(after), *(spec.to_json() for spec in specs)]
    with suppress(OSError), process.stdin as pipe:
        pipe.writelines(json.dumps(line).encode() + b"\n" for line in lines)
    with process.stdout as pipe:
        if pipe.readline() != HELD:
            process.wait()
            raise RunFault("The runs that wait could not be handed over: the process for them ended.")


def read_waiting(stream: IO[bytes]) -> tuple[list[tuple[RunSpec, RunRecord]], tuple[str, ...]]:
    """The runs that are told on a stream, each with a record that says that it waits, and the folders before them.

    Raises:
        RequestFault: it is not as `leave_waiting` writes it.
    """
    try:
        first, *lines = stream.read().splitlines()
        after = tuple(map(str, json.loads(first)))
    except (ValueError, TypeError) as error:
        raise RequestFault("The first line is no list of folders.") from error
    held: list[tuple[RunSpec, RunRecord]] = []
    for line in lines:
        spec = read_spec(io.BytesIO(line))
        behind = (*after, *(one.out for one, _ in held))
        held.append((spec, RunRecord(RunFolder(spec.out), behind=behind)))
    return held, after


def await_end(folders: Sequence[str]) -> None:
    """Return when none of these runs goes on or waits."""
    while not runs_held().isdisjoint(folders):
        time.sleep(_TURN_SECONDS)


def waiting_for(folder: str) -> tuple[str, ...]:
    """Folders of the runs that wait for one, directly or behind others."""
    begun = going_on()
    return tuple(one for one in runs_behind(folder) if one not in begun)


def begun_after(folder: str, task: Task) -> str | None:
    """The folder of the run that begins when another is over, once it has begun; None where none waits for it.

    Raises:
        Cancelled: nobody wants to know any more.
    """
    while behind := runs_behind(folder):
        if behind[0] in going_on() and RunFolder(behind[0]).job.is_file():
            return behind[0]
        task.check()
        time.sleep(_TURN_SECONDS)
    return None
