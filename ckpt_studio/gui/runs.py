"""The resumed runs of a window, one after the other: a thread drives the Qt-free runner, and what it says arrives here.

The thread gathers events and hands them over as queued signals, at most twenty times a second, so a graph of a thousand
steps a second costs the window no more than a slow one.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt, QThread, QTimer, Signal, Slot

from ckpt_studio.core.errors import CkptStudioError, InternalFault, RunFault

if TYPE_CHECKING:
    from ckpt_studio.document.document import Document
    from ckpt_studio.document.staged import StagedView
    from ckpt_studio.formats.base import Checkpoint
    from ckpt_studio.gui.session import Session
    from ckpt_studio.training.card import Card
    from ckpt_studio.training.child import Child
    from ckpt_studio.training.events import Outcome, RunEvent, RunState
    from ckpt_studio.training.runner import Runner
    from ckpt_studio.training.spec import RunSpec

DELIVERY_S: Final = 0.05
"""Events are handed to the window this far apart at least."""
_POLL_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A run that was asked for: the staged view as it was then."""

    spec: RunSpec
    view: StagedView
    base: Checkpoint
    frozen: frozenset[str]


class _Driver(QThread):
    """Owns the runner from start to end; everything that may wait happens here."""

    arrived = Signal(object)

    def __init__(self, runner: Runner, parent: QObject) -> None:
        super().__init__(parent)
        self.setObjectName("run-driver")
        self._runner = runner

    def run(self) -> None:
        """Start the run and pass its events on; the outcome comes last, when nothing is left to clear away."""
        last: list[RunEvent]
        try:
            self._runner.start()
            last = self._pass_on()
        except CkptStudioError as error:
            last = [_refused(error)]
        except Exception as error:
            fault = InternalFault(
                f"Ckpt Studio made a mistake while it ran: {type(error).__name__}: {error}."
            )
            last = [_refused(fault)]
        finally:
            self._runner.close()
        self.arrived.emit(last)

    def _pass_on(self) -> list[RunEvent]:
        """Deliver events while the run goes on, and return the last ones, the outcome at their end."""
        from ckpt_studio.training.events import Outcome

        held: list[RunEvent] = []
        sent = 0.0
        while True:
            wait = max(DELIVERY_S - (time.monotonic() - sent), 0.0) if held else _POLL_S
            held += self._runner.events(wait)
            if held and isinstance(held[-1], Outcome):
                return held
            if held and time.monotonic() - sent >= DELIVERY_S:
                self.arrived.emit(held)
                held, sent = [], time.monotonic()


class Runs(QObject):
    """At most one run at a time; others wait. Signals are emitted in the GUI thread, in the order of the run's events.

    Attributes:
        spec: what was asked of the run that is or was last, or None.
        card: its binding card, once known.
        outcome: how it ended, once it has.
        checkpoints: (step, prefix) of each checkpoint that it wrote and kept, oldest first.
        paused: whether it was asked to do no step.
    """

    started = Signal(object)
    """RunSpec."""
    stateChanged = Signal(object)
    """RunState."""
    carded = Signal(object)
    """Card."""
    metrics = Signal(object)
    """Metrics: the steps since the last one."""
    checkpointWritten = Signal(str)
    """Prefix of a checkpoint that is complete on disk."""
    logLine = Signal(str)
    ended = Signal(object)
    """Outcome."""
    queueChanged = Signal()
    """Another run waits, or one less."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._driver: _Driver | None = None
        self._runner: Runner | None = None
        self._warm: Child | None = None
        self._cooling: set[Child] = set()
        self.spec: RunSpec | None = None
        self.card: Card | None = None
        self.outcome: Outcome | None = None
        self.checkpoints: list[tuple[int, str]] = []
        self.paused = False
        self._queue: list[_Waiting] = []
        self._state: RunState | None = None

    @property
    def active(self) -> bool:
        """Whether a run is going on, its last words included."""
        return self._runner is not None

    @property
    def state(self) -> RunState | None:
        """The state of the run that is or was last, or None."""
        return self._state

    def start(self, spec: RunSpec, document: Document) -> None:
        """Start a run of the document's staged view as it is now, or when those before it are over; returns at once.

        Raises:
            RunFault: a run that goes on or waits has the same folder.
        """
        if spec.out in [
            one.out for one in (*self.waiting, *([self.spec] if self.active and self.spec else []))
        ]:
            raise RunFault(f"Another run writes into {spec.out}; choose another folder.", path=spec.out)
        self._queue.append(_Waiting(spec, document.staged, document.base, document.frozen_keys()))
        if self.active:
            self.queueChanged.emit()
        else:
            self._start_next()

    @property
    def waiting(self) -> tuple[RunSpec, ...]:
        """The runs that begin when those before them are over."""
        return tuple(one.spec for one in self._queue)

    def take_out(self, out: str) -> None:
        """Do not begin the run that waits for this folder."""
        self._queue = [one for one in self._queue if one.spec.out != out]
        self.queueChanged.emit()

    def _start_next(self) -> None:
        from ckpt_studio.training.events import RunState
        from ckpt_studio.training.runner import Runner

        if self.active or not self._queue:
            return
        following = self._queue.pop(0)
        self.queueChanged.emit()
        spec = self.spec = following.spec
        self.card = self.outcome = None
        self.checkpoints, self.paused = [], False
        child, self._warm = self._warm, None
        self._runner = Runner(spec, following.view, following.base, following.frozen, child=child)
        self.started.emit(spec)
        self._enter(RunState.preparing)
        self._driver = _Driver(self._runner, self)
        self._driver.arrived.connect(self._arrived, Qt.ConnectionType.QueuedConnection)
        self._driver.start()

    def warm_up(self) -> None:
        """Start a training process ahead of a run that is being thought about; it imports TensorFlow and waits."""
        from ckpt_studio.training.child import Child

        if not self.active and (self._warm is None or not self._warm.alive):
            self._warm = Child()

    def cool_down(self) -> None:
        """Let go of a process that was started ahead and not used."""
        child, self._warm = self._warm, None
        if child is not None:
            self._cooling.add(child)
            self._session.bridge.submit(
                lambda _task: child.close(), lambda _none: self._cooling.discard(child), owner=self
            )

    def pause(self, paused: bool) -> None:
        """Do no step for a while, or go on."""
        if self._runner is not None:
            self.paused = paused
            if paused:
                self._runner.pause()
            else:
                self._runner.go_on()

    def stop(self) -> None:
        """Ask the run to finish its step, save and end."""
        if self._runner is not None:
            self._runner.stop()

    def checkpoint_now(self) -> None:
        """Ask for a checkpoint after the current step."""
        if self._runner is not None:
            self._runner.checkpoint_now()

    def close(self) -> None:
        """End the run at once, without a last checkpoint: the window goes away."""
        self._queue.clear()
        warm, self._warm = self._warm, None
        for child in (*self._cooling, *([] if warm is None else [warm])):
            child.close()
        self._cooling.clear()
        driver, self._driver = self._driver, None
        if self._runner is not None:
            self._runner.kill()
            self._runner = None
        if driver is not None:
            driver.arrived.disconnect(self._arrived)
            driver.wait()

    @Slot(object)
    def _arrived(self, events: list[RunEvent]) -> None:
        from ckpt_studio.training.events import CardEvent, CheckpointWritten, LogLine, Metrics, Outcome, State

        for event in events:
            if isinstance(event, Metrics):
                self.metrics.emit(event)
            elif isinstance(event, State):
                self._enter(event.state)
            elif isinstance(event, LogLine):
                self.logLine.emit(event.text)
                self._session.log(event.text)
            elif isinstance(event, CheckpointWritten):
                self._keep(event.step, event.prefix)
                self.checkpointWritten.emit(event.prefix)
            elif isinstance(event, CardEvent):
                self.card = event.card
                self.carded.emit(event.card)
            elif isinstance(event, Outcome):
                self._over(event)

    def _keep(self, step: int, prefix: str) -> None:
        """Count a checkpoint, and no longer those that the run has dropped for it."""
        limit = 0 if self.spec is None else self.spec.max_to_keep
        others = [one for one in self.checkpoints if one[1] != prefix]
        self.checkpoints = [*others, (step, prefix)][-limit:]

    def _enter(self, state: RunState) -> None:
        if state != self._state:
            self._state = state
            self.stateChanged.emit(state)
            self._session.set_run(state)

    def _over(self, outcome: Outcome) -> None:
        self.outcome = outcome
        if self._driver is not None:
            self._driver.wait()
            self._driver.deleteLater()
            self._driver = None
        self._runner = None
        self._enter(outcome.state)
        self._session.log(outcome.message)
        self.ended.emit(outcome)
        QTimer.singleShot(0, self, self._start_next)


def _refused(error: CkptStudioError) -> Outcome:
    from ckpt_studio.training.events import Cause, Outcome, RunState

    return Outcome(RunState.failed, Cause.refused, error.message, None, None)
