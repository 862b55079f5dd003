"""The runs that a window shows, one after the other: a thread follows each, and what it says arrives here.

A run is owned by a process of its own (`training.keeper`), so it can go on when the window is closed, and a window can
show one that it did not start. The thread gathers events and hands them over as queued signals, at most twenty times a
second, so a graph of a thousand steps a second costs the window no more than a slow one.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt, QThread, QTimer, Signal, Slot

from ckpt_studio.core.errors import CkptStudioError, InternalFault, RunFault
from ckpt_studio.gui.models.log_lines import Source

if TYPE_CHECKING:
    from ckpt_studio.document.document import Document
    from ckpt_studio.gui.session import Session
    from ckpt_studio.training.attached import AttachedRun
    from ckpt_studio.training.card import Card
    from ckpt_studio.training.events import Outcome, RunEvent, RunState
    from ckpt_studio.training.keeper import Keeper
    from ckpt_studio.training.spec import RunSpec

DELIVERY_S: Final = 0.05
"""Events are handed to the window this far apart at least."""
_POLL_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class _Kept:
    """The checkpoints of the run that are there, (step, prefix), oldest first."""

    checkpoints: tuple[tuple[int, str], ...]


class _Driver(QThread):
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
            if held and isinstance(held[-1], Outcome):
                return held
            if held and time.monotonic() - sent >= DELIVERY_S:
                self.arrived.emit(held)
                held, sent = [], time.monotonic()
        return held

    def _kept(self) -> _Kept:
        """Those that it has not dropped for newer or better ones."""
        there = self._run.folder.checkpoint_of
        found = [(step, prefix) for prefix, step in self._written.items() if there(Path(prefix).name)]
        return _Kept(tuple(sorted(found)))


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
        self._run: AttachedRun | None = None
        self._warm: Keeper | None = None
        self._cooling: set[Keeper] = set()
        self.spec: RunSpec | None = None
        self.card: Card | None = None
        self.outcome: Outcome | None = None
        self.checkpoints: list[tuple[int, str]] = []
        self.paused = False
        self._queue: list[RunSpec] = []
        self._state: RunState | None = None

    @property
    def active(self) -> bool:
        """Whether a run is going on, its last words included."""
        return self._run is not None

    @property
    def watching(self) -> bool:
        """Whether the run that goes on is one that does not end with this window."""
        return self._run is not None and self._run.stays

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
            one.out for one in (*self._queue, *([self.spec] if self.active and self.spec else []))
        ]:
            raise RunFault(f"Another run writes into {spec.out}; choose another folder.", path=spec.out)
        self._queue.append(replace(spec, patch=document.patch()) if document.edits else spec)
        if self.active:
            self.queueChanged.emit()
        else:
            self._start_next()

    def watch(self, folder: str) -> None:
        """Show the run that goes on in a folder, from its beginning; returns at once.

        Raises:
            RunFault: another run is shown that goes on.
        """
        from ckpt_studio.training.attached import AttachedRun

        if self.active:
            raise RunFault(
                f"A run goes on in this window; the one in {folder} can be watched when it is over.",
                path=folder,
            )
        run = AttachedRun(folder)
        self._session.bridge.submit(
            lambda _task: run.spec(), lambda spec: self._watch(run, spec), owner=self, slot="watch"
        )

    def _watch(self, run: AttachedRun, spec: RunSpec | None) -> None:
        from ckpt_studio.training.spec import RunSpec

        if not self.active:
            folder = str(run.folder.path)
            self._follow(run, replace(spec, out=folder) if spec is not None else RunSpec("", folder), None)

    @property
    def waiting(self) -> tuple[RunSpec, ...]:
        """The runs that begin when those before them are over."""
        return tuple(self._queue)

    def take_out(self, out: str) -> None:
        """Do not begin the run that waits for this folder."""
        self._queue = [one for one in self._queue if one.out != out]
        self.queueChanged.emit()

    def _start_next(self) -> None:
        from ckpt_studio.training.attached import AttachedRun
        from ckpt_studio.training.keeper import Keeper

        if self.active or not self._queue:
            return
        spec = self._queue.pop(0)
        self.queueChanged.emit()
        keeper, self._warm = self._warm, None
        if keeper is not None and not keeper.alive:
            keeper.close()
            keeper = None
        try:
            run = AttachedRun(spec.out, keeper or Keeper())
        except RunFault as error:
            self._session.trouble(error)
            return
        self._follow(run, spec, spec)

    def _follow(self, run: AttachedRun, shown: RunSpec, begun: RunSpec | None) -> None:
        from ckpt_studio.training.events import RunState

        self.spec, self._run = shown, run
        self.card = self.outcome = None
        self.checkpoints, self.paused = [], False
        self.started.emit(shown)
        self._enter(RunState.preparing)
        self._driver = _Driver(run, begun, self)
        self._driver.arrived.connect(self._arrived, Qt.ConnectionType.QueuedConnection)
        self._driver.start()

    def warm_up(self) -> None:
        """Start a process ahead of a run that is being thought about; it imports TensorFlow and waits."""
        from ckpt_studio.training.keeper import Keeper

        if not self.active and (self._warm is None or not self._warm.alive):
            try:
                self._warm = Keeper()
            except RunFault as error:  # the run itself will say so again
                self._session.log(error.message)

    def cool_down(self) -> None:
        """Let go of a process that was started ahead and not used."""
        keeper, self._warm = self._warm, None
        if keeper is not None:
            self._cooling.add(keeper)
            self._session.bridge.submit(
                lambda _task: keeper.close(), lambda _none: self._cooling.discard(keeper), owner=self
            )

    def pause(self, paused: bool) -> None:
        """Do no step for a while, or go on."""
        if self._run is not None:
            self.paused = paused
            if paused:
                self._run.pause()
            else:
                self._run.go_on()

    def stop(self) -> None:
        """Ask the run to finish its step, save and end."""
        if self._run is not None:
            self._run.stop()

    def checkpoint_now(self) -> None:
        """Ask for a checkpoint after the current step."""
        if self._run is not None:
            self._run.checkpoint_now()

    def keep(self) -> None:
        """Let the run go on when the window goes away."""
        if self._run is not None:
            self._run.stay()

    def close(self) -> None:
        """The window goes away: a run that does not stay ends at once, without a last checkpoint."""
        self._queue.clear()
        warm, self._warm = self._warm, None
        for keeper in (*self._cooling, *([] if warm is None else [warm])):
            keeper.close()
        self._cooling.clear()
        driver, self._driver = self._driver, None
        self._run = None
        if driver is not None:
            driver.arrived.disconnect(self._arrived)
            driver.leave()
            driver.wait()

    @Slot(object)
    def _arrived(self, events: list[RunEvent | _Kept]) -> None:
        from ckpt_studio.training.events import CardEvent, CheckpointWritten, LogLine, Metrics, Outcome, State

        written = ""
        for event in events:
            if isinstance(event, Metrics):
                self.metrics.emit(event)
            elif isinstance(event, State):
                self._enter(event.state)
            elif isinstance(event, LogLine):
                self.logLine.emit(event.text)
                self._session.log(event.text, Source.run)
            elif isinstance(event, CheckpointWritten):
                written = event.prefix
            elif isinstance(event, _Kept):
                self.checkpoints = list(event.checkpoints)
                self.checkpointWritten.emit(written)
            elif isinstance(event, CardEvent):
                self.card = event.card
                self.carded.emit(event.card)
            elif isinstance(event, Outcome):
                self._over(event)

    def _enter(self, state: RunState) -> None:
        if state != self._state:
            self._state = state
            if self.watching or state.value == "paused":  # somebody else may have asked for it
                self.paused = state.value == "paused"
            self.stateChanged.emit(state)
            self._session.set_run(state)

    def _over(self, outcome: Outcome) -> None:
        self.outcome = outcome
        if self._driver is not None:
            self._driver.wait()
            self._driver.deleteLater()
            self._driver = None
        self._run = None
        self._enter(outcome.state)
        failed = outcome.cause is not None
        self._session.log(outcome.message, Source.trouble if failed else Source.program)
        self.ended.emit(outcome)
        QTimer.singleShot(0, self, self._start_next)


def _refused(error: CkptStudioError) -> Outcome:
    from ckpt_studio.training.events import Cause, Outcome, RunState

    return Outcome(RunState.failed, Cause.refused, error.message, None, None)
