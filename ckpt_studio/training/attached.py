"""A run that another process owns, followed through its folder: a window's own, or one that goes on without a window.

    run = AttachedRun(spec.out, Keeper())   a new one; it ends with us unless `stay` is said
    run.begin(spec)
    run = AttachedRun(folder)               one that was started earlier, from anywhere
    while run.outcome is None:
        for event in run.events(timeout=0.2): ...
    run.close()

What the run says is read from its `events.jsonl`. What is wanted of it goes as lines to its keeper, and to a run that
we did not start as signals to `ckpt-studio train`. The thread that calls `events` does all of that, so a wish costs
whoever has it nothing.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from ckpt_studio.core.errors import CkptStudioError
from ckpt_studio.formats.files import read_whole
from ckpt_studio.training import keeper as wishes
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
from ckpt_studio.training.keeper import Keeper
from ckpt_studio.training.run_folder import RunFolder
from ckpt_studio.training.run_record import kept_runs, owner_of, sweep_lost_runs
from ckpt_studio.training.spec import SPEC_BYTES, RunSpec, parse_spec

SAVE: Final = getattr(signal, "SIGUSR1", None)
PAUSE: Final = getattr(signal, "SIGUSR2", None)
GO_ON: Final = getattr(signal, "SIGRTMIN", getattr(signal, "SIGCONT", None))
"""Where there is another, not the one that a shell sends to what it had stopped: a paused run stays paused then."""
_SIGNALS: Final[dict[str, tuple[Any, ...]]] = {
    wishes.STOP: (signal.SIGTERM,),
    wishes.SAVE: (SAVE,),
    wishes.PAUSE: (PAUSE,),
    wishes.GO_ON: (GO_ON,),
    wishes.KILL: (signal.SIGTERM, signal.SIGTERM),
}
_TURN_SECONDS: Final = 0.05
_BYTES_A_LOOK: Final = 1 << 20
_LINE_BYTES: Final = 64 << 20
"""What lies in the folder could be anything: more of a line is not kept."""
_MOST_SCALARS: Final = 64
_SILENT_SECONDS: Final = 1.0
_NOTED_SECONDS: Final = 2.0
"""A run that stays notes it within this: then the next window offers it."""
_NUMBERS: Final = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


class AttachedRun:
    """One run that another process owns.

    Args:
        folder: the run's folder.
        keeper: the process that will own it, or None where it has an owner already. It is ours from here on.

    Attributes:
        state: where it stands, as far as was read.
        outcome: how it ended, None until `events` has handed it out.
        card: its binding card, None until that was read.
        stays: whether it goes on when we let go of it.
    """

    def __init__(self, folder: str, keeper: Keeper | None = None) -> None:
        self.folder = RunFolder(folder)
        self.state = RunState.preparing
        self.outcome: Outcome | None = None
        self.card: Card | None = None
        self.stays = keeper is None
        self._keeper = keeper
        self._wishes: deque[str] = deque()
        self._offset = 0
        self._rest = b""
        self._done = 0
        self._looked = 0.0

    def begin(self, spec: RunSpec) -> None:
        """Start the run in its keeper; wishes that were there before are told afterwards.

        Raises:
            TargetExists: its folder is not new.
        """
        assert self._keeper is not None
        self.folder.check()
        self._keeper.begin(spec)

    def spec(self) -> RunSpec | None:
        """What was asked of it, as its folder says; None where it does not."""
        with suppress(CkptStudioError, ValueError, RecursionError):
            said = json.loads(read_whole(str(self.folder.job), SPEC_BYTES)[0])
            if isinstance(said, dict):
                return parse_spec(said.get("spec"), self.folder.path, str(self.folder.job))
        return None

    def events(self, timeout: float = 0.0) -> list[RunEvent]:
        """What happened since the last call, an `Outcome` at last; waits up to `timeout` seconds for something."""
        end = time.monotonic() + timeout
        while True:
            self._tell_wishes()
            found = self._read()
            if not found and self.outcome is None and not self._goes_on():
                found = self._read() or self._last_words()
            for event in found:
                self._note(event)
            if found or time.monotonic() >= end:
                return found
            time.sleep(_TURN_SECONDS)

    def stop(self) -> None:
        """Finish the step, save, end."""
        self._wishes.append(wishes.STOP)

    def checkpoint_now(self) -> None:
        """Save after this step and go on."""
        self._wishes.append(wishes.SAVE)

    def pause(self) -> None:
        """Do no step until `go_on` or `stop`."""
        self._wishes.append(wishes.PAUSE)

    def go_on(self) -> None:
        """Go on after a pause."""
        self._wishes.append(wishes.GO_ON)

    def kill(self) -> None:
        """End it at once, without a save."""
        self._wishes.append(wishes.KILL)

    def stay(self) -> None:
        """Let it go on when we let go of it."""
        self.stays = True

    def close(self) -> None:
        """Let go. A run that was not told to stay ends, and this returns when it has; one that stays has noted it."""
        self._tell_wishes()
        if self._keeper is None:
            return
        if self.stays and self.outcome is None:
            self._keeper.leave()
            self._await_note()
        else:
            self._keeper.close()

    def await_owner(self) -> None:
        """Return when its owner has noted that it goes on, or it is over."""
        while self.outcome is None and self._goes_on() and owner_of(self.folder) is None:
            time.sleep(_TURN_SECONDS)

    def _await_note(self) -> None:
        assert self._keeper is not None
        end = time.monotonic() + _NOTED_SECONDS
        while self._keeper.alive and str(self.folder.path) not in kept_runs() and time.monotonic() < end:
            time.sleep(_TURN_SECONDS)

    # ---- what it says

    def _read(self) -> list[RunEvent]:
        """Events of the lines that were completed since the last look; steps of one look are one `Metrics`."""
        found: list[RunEvent] = []
        with suppress(OSError):
            if self.folder.events.is_symlink():
                return []
            with self.folder.events.open("rb") as file:
                file.seek(self._offset)
                while not found and (data := file.read(_BYTES_A_LOOK)):
                    self._offset += len(data)
                    *lines, self._rest = (self._rest + data).split(b"\n")
                    self._rest = self._rest[:_LINE_BYTES]
                    found = self._gathered(lines)
        return found

    def _gathered(self, lines: list[bytes]) -> list[RunEvent]:
        found: list[RunEvent] = []
        steps: list[dict[str, Any]] = []
        for line in lines:
            said = _parsed(line)
            if said.get("event") == "metrics" and type(said.get("step")) is int:
                steps.append(said)
                continue
            found += self._metrics(steps)
            steps = []
            event = _event(said)
            if event is not None:
                found.append(event)
        return [*found, *self._metrics(steps)]

    def _metrics(self, steps: list[dict[str, Any]]) -> list[RunEvent]:
        """Lines of steps as one event, none where there are none."""
        if not steps:
            return []
        self._done += len(steps)
        told = [scalars if isinstance(scalars := said.get("scalars"), dict) else {} for said in steps]
        names = list(dict.fromkeys(name for scalars in told for name in scalars))[:_MOST_SCALARS]
        return [
            Metrics(
                tuple(said["step"] for said in steps),
                tuple(_number(said.get("loss")) for said in steps),
                _number(steps[-1].get("rate")) or 0.0,
                self._done,
                {name: tuple(_number(scalars.get(name)) for scalars in told) for name in names},
            )
        ]

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
        if self._keeper is not None and self._keeper.alive:
            return True
        now = time.monotonic()
        if now - self._looked < _SILENT_SECONDS:
            return True
        self._looked = now
        if owner_of(self.folder) is not None:
            return True
        sweep_lost_runs()
        return False

    def _last_words(self) -> list[RunEvent]:
        """The end of a run whose folder does not say it: it was refused, had no room to say it, or is gone."""
        said = [] if self._keeper is None else [_parsed(line) for line in self._keeper.said()]
        for one in said:
            error = one.get("error")
            if isinstance(error, dict) and isinstance(error.get("message"), str):
                return [Outcome(RunState.failed, Cause.refused, error["message"], None, None)]
        told = [event for event in map(_event, said) if event is not None]
        last = [event for event in told if isinstance(event, Outcome)]
        cards = [event for event in told if isinstance(event, CardEvent) and self.card is None]
        return [*cards[-1:], *(last[-1:] or [self._lost()])]

    def _lost(self) -> Outcome:
        newest = self.folder.newest()
        kept = (
            "it had not saved anything yet"
            if newest is None
            else f"its last checkpoint is {Path(newest).name}"
        )
        message = (
            f"The process that owned the run in {self.folder.path} is gone, and the run with it; {kept}."
        )
        return Outcome(RunState.lost, None, message, newest, None)

    def _tell_wishes(self) -> None:
        while self._wishes:
            word = self._wishes.popleft()
            if self._keeper is not None:
                self._keeper.wish(word)
            else:
                self._signal(_SIGNALS[word])

    def _signal(self, numbers: tuple[Any, ...]) -> None:
        pid = owner_of(self.folder)
        for number in numbers:
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
                str(said.get("place", "")),
            )  # fmt: skip
    except (ValueError, KeyError, TypeError):
        pass
    return None
