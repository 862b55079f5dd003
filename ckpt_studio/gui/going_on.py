"""Offers the runs that go on without a window: to watch them here, or to stop them."""

from __future__ import annotations

from dataclasses import dataclass
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

    def _offer(self, asked: bool, found: _Found) -> None:
        spec = None if self._runs is None or not self._runs.active else self._runs.spec
        others = {
            folder: behind for folder, behind in found.kept.items() if spec is None or folder != spec.out
        }
        for folder, behind in others.items():
            self._tell(folder, behind)
        for sentence in found.not_begun:
            self._session.tell(Trouble(visible(sentence)))
        if asked and not others:
            self._session.notice(self.tr("No run goes on without a window."))

    def _tell(self, folder: str, behind: int) -> None:
        sentence = self.tr("A run is going on in %1").replace("%1", visible(folder))
        if behind == 1:
            sentence = self.tr("%1; another one waits for it").replace("%1", sentence)
        elif behind:
            others = self.tr("%1; %2 others wait for it").replace("%2", str(behind))
            sentence = others.replace("%1", sentence)
        trouble = self._told[folder] = Trouble(
            sentence,
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


@dataclass(frozen=True, slots=True)
class _Found:
    """What a look found.

    Attributes:
        kept: folders of the runs that go on, and how many wait for each.
        not_begun: why runs that waited did not begin.
    """

    kept: dict[str, int]
    not_begun: tuple[str, ...]


def _kept_near(near: str) -> _Found:
    """The runs that go on, those in a folder, directly below or above it, only where one is named."""
    from ckpt_studio.training.run_record import kept_runs, not_begun
    from ckpt_studio.training.waiting import waiting_for

    place = Path(near).absolute() if near else None
    kept = {
        one: len(waiting_for(one))
        for one in kept_runs()
        if place is None or place in (Path(one).parent, Path(one), Path(one) / "start")
    }
    return _Found(kept, not_begun())


def _stop_run(folder: str) -> None:
    from ckpt_studio.training.attached import AttachedRun

    run = AttachedRun(folder)
    run.stop()
    run.close()
