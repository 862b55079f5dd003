"""The runs that a window shows, one after the other: a thread follows each, and what it says arrives here.

A run is owned by a process of its own (`training.keeper`), so it can go on when the window is closed, and a window can
show one that it did not start. Runs that wait behind one that is kept are handed over to another (`training.waiting`),
and a window that shows the first goes on to them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from ckpt_studio.core.errors import CkptStudioError, RunFault
from ckpt_studio.gui.models.log_lines import Source
from ckpt_studio.gui.run_driver import Behind, Kept, RunDriver

if TYPE_CHECKING:
    from ckpt_studio.core.tasks import Task
    from ckpt_studio.document.document import Document
    from ckpt_studio.gui.session import Session
    from ckpt_studio.training.attached import AttachedRun
    from ckpt_studio.training.card import Card
    from ckpt_studio.training.events import Outcome, RunEvent, RunState
    from ckpt_studio.training.keeper import Keeper
    from ckpt_studio.training.spec import RunSpec


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
    handedOver = Signal()
    """The runs that wait go on without the window, too."""
    notHandedOver = Signal(str)
    """They do not, and why."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._driver: RunDriver | None = None
        self._run: AttachedRun | None = None
        self._warm: Keeper | None = None
        self._cooling: set[Keeper] = set()
        self.spec: RunSpec | None = None
        self.card: Card | None = None
        self.outcome: Outcome | None = None
        self.checkpoints: list[tuple[int, str]] = []
        self.paused = False
        self._queue: list[RunSpec] = []
        self._behind: tuple[str, ...] = ()
        self._following: Task | None = None
        self._handing_over = False
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
            one.out for one in (*self.waiting, *([self.spec] if self.active and self.spec else []))
        ]:
            raise RunFault(f"Another run writes into {spec.out}; choose another folder.", path=spec.out)
        self._queue.append(replace(spec, patch=document.patch()) if document.edits else spec)
        self.queueChanged.emit()
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
        """The runs that begin when those before them are over; first those that do so without this window."""
        from ckpt_studio.training.spec import RunSpec

        return (*(RunSpec("", folder) for folder in self._behind), *self._queue)

    @property
    def need_window(self) -> int:
        """How many of them will not begin when this window goes away."""
        return len(self._queue)

    @property
    def handing_over(self) -> bool:
        """Whether `handedOver` or `notHandedOver` is to come."""
        return self._handing_over

    def take_out(self, out: str) -> None:
        """Do not begin the run that waits for this folder."""
        if out in self._behind:
            self._take_away(out)
        self._queue = [one for one in self._queue if one.out != out]
        self.queueChanged.emit()

    def _take_away(self, out: str) -> None:
        from ckpt_studio.training.run_record import take_away

        self._behind = tuple(one for one in self._behind if one != out)
        self._session.bridge.submit(lambda _task: take_away(out), lambda _none: None, owner=self)

    def _start_next(self) -> None:
        from ckpt_studio.training.attached import AttachedRun
        from ckpt_studio.training.keeper import Keeper

        if self.active or self._following is not None or self._handing_over or not self._queue:
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
        self._behind = ()
        self.queueChanged.emit()
        self.started.emit(shown)
        self._enter(RunState.preparing)
        self._driver = RunDriver(run, begun, self)
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
        """Let the run go on when the window goes away, and those that wait begin after it; see `handing_over`."""
        from ckpt_studio.training.waiting import leave_waiting

        run, queue = self._run, tuple(self._queue)
        if run is not None:
            run.stay()
        if self.spec is None or not queue:
            return
        after = (self.spec.out, *self._behind)
        self._handing_over = True

        def hand_over(_task: Task) -> None:
            if run is not None:
                run.await_owner()
            leave_waiting(queue, after)

        self._session.bridge.submit(
            hand_over,
            lambda _none: self._handed_over(queue),
            self._not_handed_over,
            owner=self,
            may_hang=True,
        )

    def _handed_over(self, queue: tuple[RunSpec, ...]) -> None:
        self._handing_over = False
        self._queue = [one for one in self._queue if one not in queue]
        self.queueChanged.emit()
        self.handedOver.emit()
        if not self.active:
            self._await_following()

    def _not_handed_over(self, error: CkptStudioError) -> None:
        self._handing_over = False
        self.notHandedOver.emit(error.message)
        self._start_next()

    def close(self) -> None:
        """The window goes away: a run that does not stay ends at once, without a last checkpoint."""
        self._queue.clear()
        if self._following is not None:
            self._following.cancel()
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
    def _arrived(self, events: list[RunEvent | Kept | Behind]) -> None:
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
            elif isinstance(event, Kept):
                self.checkpoints = list(event.checkpoints)
                self.checkpointWritten.emit(written)
            elif isinstance(event, Behind):
                self._behind = event.folders
                self.queueChanged.emit()
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
        stayed, self._run = self.watching, None
        self._enter(outcome.state)
        failed = outcome.cause is not None
        self._session.log(outcome.message, Source.trouble if failed else Source.program)
        self.ended.emit(outcome)
        if stayed and not self._handing_over:
            self._await_following()
        QTimer.singleShot(0, self, self._start_next)

    def _await_following(self) -> None:
        """Go on to the run that begins after one that went on without this window, if there is one."""
        from ckpt_studio.training.waiting import begun_after

        assert self.spec is not None
        folder = self.spec.out
        self._following = self._session.bridge.submit(
            lambda task: begun_after(folder, task), self._follow_next, owner=self, may_hang=True
        )

    def _follow_next(self, folder: str | None) -> None:
        self._following = None
        if folder is None or self.active:
            self._start_next()
        else:
            self.watch(folder)
