"""The thread that follows a run for the window: it gathers what the run says and hands it over as queued signals.

At most twenty times a second, so a graph of a thousand steps a second costs the window no more than a slow one.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QThread, Signal

from ckpt_studio.core.errors import CkptStudioError, InternalFault

if TYPE_CHECKING:
    from ckpt_studio.training.attached import AttachedRun
    from ckpt_studio.training.events import Outcome
    from ckpt_studio.training.spec import RunSpec

DELIVERY_S: Final = 0.05
"""Events are handed to the window this far apart at least."""
_POLL_S: Final = 0.2
_LOOK_S: Final = 1.0
"""How often a run that others may wait for is looked at for that."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The checkpoints of the run that are there, (step, prefix), oldest first."""

    checkpoints: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Behind:
    """Folders of the runs that wait for it without a window."""

    folders: tuple[str, ...]


class RunDriver(QThread):
    """Follows one run from start to end; everything that may wait happens here.

    Args:
        run: the run.
        spec: what is to be started; None where it goes on already.
    """

    arrived = Signal(object)

    def __init__(self, run: AttachedRun, spec: RunSpec | None, parent: QObject) -> None:
        super().__init__(parent)
        self.setObjectName("run-driver")
        self._run = run
        self._spec = spec
        self._left = False
        self._behind = Behind(())
        self._looked = 0.0
        self._written: dict[str, int] = {}

    def leave(self) -> None:
        """Follow it no more."""
        self._left = True

    def run(self) -> None:
        """Start the run and pass its events on; the outcome comes last, when nothing is left to clear away."""
        last: list[object]
        try:
            if self._spec is not None:
                self._run.begin(self._spec)
            last = self._pass_on()
        except CkptStudioError as error:
            last = [_refused(error)]
        except Exception as error:
            fault = InternalFault(
                f"Ckpt Studio made a mistake while it ran: {type(error).__name__}: {error}."
            )
            last = [_refused(fault)]
        finally:
            self._run.close()
        self.arrived.emit(last)

    def _pass_on(self) -> list[object]:
        """Deliver events while the run goes on, and return the last ones, the outcome at their end."""
        from ckpt_studio.training.events import CheckpointWritten, Outcome

        held: list[object] = []
        sent = 0.0
        while not self._left:
            wait = max(DELIVERY_S - (time.monotonic() - sent), 0.0) if held else _POLL_S
            for event in self._run.events(wait):
                held.append(event)
                if isinstance(event, CheckpointWritten):
                    self._written[event.prefix] = event.step
                    held.append(self._kept())
            held += self._look_behind()
            if held and isinstance(held[-1], Outcome):
                return held
            if held and time.monotonic() - sent >= DELIVERY_S:
                self.arrived.emit(held)
                held, sent = [], time.monotonic()
        return held

    def _look_behind(self) -> list[object]:
        """What waits for it, where that is something new."""
        from ckpt_studio.training.waiting import waiting_for

        if not self._run.stays or time.monotonic() - self._looked < _LOOK_S:
            return []
        self._looked = time.monotonic()
        before, self._behind = self._behind, Behind(waiting_for(str(self._run.folder.path)))
        return [] if self._behind == before else [self._behind]

    def _kept(self) -> Kept:
        """Those that it has not dropped for newer or better ones."""
        there = self._run.folder.checkpoint_of
        found = [(step, prefix) for prefix, step in self._written.items() if there(Path(prefix).name)]
        return Kept(tuple(sorted(found)))


def _refused(error: CkptStudioError) -> Outcome:
    from ckpt_studio.training.events import Cause, Outcome, RunState

    return Outcome(RunState.failed, Cause.refused, error.message, None, None)
