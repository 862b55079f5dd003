"""Offers the runs that go on without a window: to watch them here, or to stop them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from ckpt_studio.core.errors import CkptStudioError
from ckpt_studio.gui.opening import folder_of
from ckpt_studio.gui.texts import visible
from ckpt_studio.gui.trouble import Trouble

if TYPE_CHECKING:
    from ckpt_studio.gui.runs import Runs
    from ckpt_studio.gui.session import Session


class GoingOn(QObject):
    """Looks once the window is there, when a checkpoint in or beside the folder of such a run is opened, when asked."""

    watched = Signal()
    """A run is being watched: show it."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._runs: Runs | None = None
        self._told: dict[str, Trouble] = {}
        session.warmed.connect(self._look_once)
        session.documentChanged.connect(self._look_beside)

    def attach(self, runs: Runs) -> None:
        """Show what is watched in `runs` from now on."""
        self._runs = runs
        runs.started.connect(self._retract_shown)

    def look(self, near: str = "", *, asked: bool = False) -> None:
        """Offer each run that goes on, only those near a folder where one is named; `asked` tells of none, too."""
        self._session.bridge.submit(
            lambda _task: _kept_near(near), partial(self._offer, asked), owner=self, slot="going on"
        )

    def _look_once(self) -> None:
        self.look()

    def _look_beside(self) -> None:
        if self._session.document is not None:
            self.look(folder_of(self._session.document.base.prefix))

    def _offer(self, asked: bool, folders: tuple[str, ...]) -> None:
        spec = None if self._runs is None or not self._runs.active else self._runs.spec
        others = [folder for folder in folders if spec is None or folder != spec.out]
        for folder in others:
            self._tell(folder)
        if asked and not others:
            self._session.notice(self.tr("No run goes on without a window."))

    def _tell(self, folder: str) -> None:
        trouble = self._told[folder] = Trouble(
            self.tr("A run is going on in %1").replace("%1", visible(folder)),
            self.tr("Watch"),
            partial(self._watch, folder),
            grave=False,
            other_text=self.tr("Stop"),
            other=partial(self._stop, folder),
        )
        self._session.tell(trouble)

    def _watch(self, folder: str) -> None:
        if self._runs is None:
            return
        try:
            self._runs.watch(folder)
        except CkptStudioError as error:
            self._session.trouble(error)
        else:
            self.watched.emit()

    def _stop(self, folder: str) -> None:
        self._session.bridge.submit(
            lambda _task: _stop_run(folder), lambda _none: self._stopped(folder), owner=self
        )

    def _stopped(self, folder: str) -> None:
        self._session.notice(
            self.tr("The run in %1 finishes its step, saves and ends.").replace("%1", visible(folder))
        )

    def _retract_shown(self, spec: object) -> None:
        """What is shown need not be offered."""
        trouble = self._told.pop(str(getattr(spec, "out", "")), None)
        if trouble is not None:
            self._session.retracted.emit(trouble)


def _kept_near(near: str) -> tuple[str, ...]:
    """The runs that go on, those in a folder, directly below or above it, only where one is named."""
    from ckpt_studio.training.run_record import kept_runs

    place = Path(near).absolute() if near else None
    found = kept_runs()
    return (
        found
        if place is None
        else tuple(one for one in found if place in (Path(one).parent, Path(one), Path(one) / "start"))
    )


def _stop_run(folder: str) -> None:
    from ckpt_studio.training.attached import AttachedRun

    run = AttachedRun(folder)
    run.stop()
    run.close()
