"""A run that goes on without the window: started as a process of its own, followed through its folder, from anywhere.

    run = AttachedRun.launch(spec)          or  AttachedRun(folder) for one that was started earlier
    while run.outcome is None:
        for event in run.events(timeout=0.2): ...
    run.close()                             lets go; the run goes on

It has the methods of `Runner`, so whoever shows a run need not know which one it is. What the run says is read from its
`events.jsonl`; what is wanted of it goes as signals to `ckpt-studio train`, which owns it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from typing import Any, Final

from ckpt_studio.core.child_environment import child_environment
from ckpt_studio.core.errors import RunFault
from ckpt_studio.training.card import Card
from ckpt_studio.training.card_json import card_of
from ckpt_studio.training.events import (
    CardEvent,
    Cause,
    CheckpointWritten,
    LogLine,
    Metrics,
    Outcome,
    RunEvent,
    RunState,
    State,
)
from ckpt_studio.training.run_folder import RunFolder
from ckpt_studio.training.run_record import owner_of, sweep_lost_runs
from ckpt_studio.training.spec import RunSpec

COMMAND: Final = (sys.executable, "-m", "ckpt_studio", "train", "-")
SAVE: Final = getattr(signal, "SIGUSR1", None)
PAUSE: Final = getattr(signal, "SIGUSR2", None)
GO_ON: Final = getattr(signal, "SIGCONT", None)
_TURN_SECONDS: Final = 0.05
_BYTES_A_LOOK: Final = 4 << 20
_SILENT_SECONDS: Final = 1.0
_NUMBERS: Final = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


class AttachedRun:
    """One run that another process owns.

    Args:
        folder: the run's folder.

    Attributes:
        state: where it stands, as far as was read.
        outcome: how it ended, None until `events` has handed it out.
        card: its binding card, None until that was read.
    """

    def __init__(self, folder: str) -> None:
        self.folder = RunFolder(folder)
        self.state = RunState.preparing
        self.outcome: Outcome | None = None
        self.card: Card | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._said = tempfile.TemporaryFile()  # noqa: SIM115
        self._offset = 0
        self._rest = b""
        self._done = 0
        self._looked = 0.0

    @classmethod
    def launch(cls, spec: RunSpec) -> AttachedRun:
        """Start a run that outlives this process.

        Raises:
            RunFault: it could not be started.
        """
        run = cls(spec.out)
        run.folder.check()
        try:
            run._process = subprocess.Popen(
                COMMAND, stdin=subprocess.PIPE, stdout=run._said, stderr=subprocess.DEVNULL,
                env=child_environment(), start_new_session=True,
            )  # fmt: skip
            assert run._process.stdin is not None
            with run._process.stdin as pipe:
                pipe.write(json.dumps(spec.to_json()).encode())
        except OSError as error:
            raise RunFault(f"The run could not be started: {error.strerror}.", path=spec.out) from error
        return run

    def events(self, timeout: float = 0.0) -> list[RunEvent]:
        """What happened since the last call, an `Outcome` at last; waits up to `timeout` seconds for something."""
        end = time.monotonic() + timeout
        while True:
            found = self._read()
            if not found and self.outcome is None and not self._goes_on():
                found = self._read() or [self._lost()]
            for event in found:
                self._note(event)
            if found or time.monotonic() >= end:
                return found
            time.sleep(_TURN_SECONDS)

    def stop(self) -> None:
        """Finish the step, save, end."""
        self._signal(signal.SIGTERM)

    def checkpoint_now(self) -> None:
        """Save after this step and go on."""
        self._signal(SAVE)

    def pause(self) -> None:
        """Do no step until `go_on` or `stop`."""
        self._signal(PAUSE)

    def go_on(self) -> None:
        """Go on after a pause."""
        self._signal(GO_ON)

    def kill(self) -> None:
        """End it at once, without a save."""
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGTERM)

    def close(self) -> None:
        """Let go; the run goes on."""
        self._said.close()

    # ---- what it says

    def _read(self) -> list[RunEvent]:
        """Events of the lines that were completed since the last look; steps of one look are one `Metrics`."""
        with suppress(OSError):
            if self.folder.events.is_symlink():
                return []
            with self.folder.events.open("rb") as file:
                file.seek(self._offset)
                data = file.read(_BYTES_A_LOOK)
            self._offset += len(data)
            *lines, self._rest = (self._rest + data).split(b"\n")
            return self._gathered(lines)
        return []

    def _gathered(self, lines: list[bytes]) -> list[RunEvent]:
        found: list[RunEvent] = []
        steps: list[int] = []
        losses: list[float | None] = []
        rate = 0.0
        for line in lines:
            said = _parsed(line)
            if said.get("event") == "metrics" and isinstance(said.get("step"), int):
                steps.append(said["step"])
                losses.append(_number(said.get("loss")))
                rate = _number(said.get("rate")) or 0.0
                continue
            if steps:
                found.append(self._metrics(steps, losses, rate))
                steps, losses = [], []
            event = _event(said)
            if event is not None:
                found.append(event)
        return [*found, self._metrics(steps, losses, rate)] if steps else found

    def _metrics(self, steps: list[int], losses: list[float | None], rate: float) -> Metrics:
        self._done += len(steps)
        return Metrics(tuple(steps), tuple(losses), rate, self._done)

    def _note(self, event: RunEvent) -> None:
        if isinstance(event, State):
            self.state = event.state
        elif isinstance(event, CardEvent):
            self.card = event.card
        elif isinstance(event, Outcome):
            self.outcome = event
            self.state = event.state

    # ---- whoever owns it

    def _goes_on(self) -> bool:
        """Whether somebody still owns it; looked at once a second."""
        if self._process is not None and self._process.poll() is None:
            return True
        now = time.monotonic()
        if now - self._looked < _SILENT_SECONDS:
            return True
        self._looked = now
        if owner_of(self.folder) is not None:
            return True
        sweep_lost_runs()
        return False

    def _lost(self) -> Outcome:
        """The end of a run that did not say how it ended: it was refused before it had a folder, or is gone."""
        if self._process is not None:
            self._said.seek(0)
            said = _parsed((self._said.read(1 << 20).splitlines() or [b""])[-1])
            error = said.get("error")
            message = error.get("message") if isinstance(error, dict) else said.get("message")
            if isinstance(message, str):
                return Outcome(RunState.failed, Cause.refused, message, None, None)
        return Outcome(RunState.lost, None, "The run is gone.", self.folder.newest(), None)

    def _signal(self, number: Any) -> None:
        process = self._process
        pid = process.pid if process is not None and process.poll() is None else owner_of(self.folder)
        if pid is not None and number is not None:
            with suppress(OSError):
                os.kill(pid, number)


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _number(value: object) -> float | None:
    if isinstance(value, str):
        return _NUMBERS.get(value)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _event(said: dict[str, Any]) -> RunEvent | None:
    """The event of a line; None for one that is not understood: the run could write into its folder."""
    kind = said.pop("event", None)
    try:
        if kind == "state":
            return State(RunState(said["state"]))
        if kind == "card":
            return CardEvent(card_of(said))
        if kind == "checkpoint":
            return CheckpointWritten(int(said["step"]), str(said["prefix"]))
        if kind == "log":
            return LogLine(str(said["text"]))
        if kind == "end":
            cause = None if said["cause"] is None else Cause(said["cause"])
            return Outcome(
                RunState(said["state"]), cause, str(said["message"]), said["prefix"], said["frozen_unchanged"],
                tuple(map(str, said.get("last_lines", ()))), tuple(map(str, said.get("never_moved", ()))),
            )  # fmt: skip
    except (ValueError, KeyError, TypeError):
        pass
    return None
