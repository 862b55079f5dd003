"""The first line of the Run panel: which run it is and what it does, and what can be asked of it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QElapsedTimer, QPoint, Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QWidget

from ckpt_studio.gui.dialogs.fields import ElidedLabel, duration_text, named
from ckpt_studio.gui.menu_button import MenuButton
from ckpt_studio.gui.texts import in_action, visible, without_mnemonic

if TYPE_CHECKING:
    from ckpt_studio.gui.runs import Runs

_LOOK_MS: Final = 1000
_SILENT_S: Final = 5
"""A step that takes longer than this is told of, so that a slow run is not taken for a dead one."""


class RunHead(QWidget):
    """Buttons for the run that goes on, menus of its checkpoints and of the runs that wait."""

    openWanted = Signal(str)
    compareWanted = Signal(str)
    """A checkpoint is to be opened, or compared with the one that is open."""
    resumeWanted = Signal(str)
    """Another run is to begin with a checkpoint."""

    def __init__(self, runs: Runs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runs = runs
        self._state = ""
        self._stepped = QElapsedTimer()
        self._look = QTimer(self, interval=_LOOK_MS)
        self._look.timeout.connect(lambda: self.show_state(self._state))
        self._title = ElidedLabel("runTitle", mode=Qt.TextElideMode.ElideLeft)
        self._title.setMinimumWidth(self.fontMetrics().horizontalAdvance("run-00 — " + self.tr("running")))
        self._waiting = MenuButton("runQueueButton", self.tr("Runs that wait"), "", self)
        self._waiting.hide()  # there only while it does something: the state beside it needs the room
        self._written = MenuButton(
            "runCheckpointsButton", self.tr("Checkpoints of this run"), self.tr("Checkpoints"), self
        )
        self._checkpoint_now = self._button("checkpointNowButton", self.tr("Checkpoint &now"))
        self._checkpoint_now.clicked.connect(runs.checkpoint_now)
        self._pause = self._button("runPauseButton", self.tr("&Pause"))
        self._pause.setCheckable(True)
        self._pause.setToolTip(self.tr("Do no step until this is pressed again"))
        self._pause.clicked.connect(runs.pause)
        self._stop = self._button("runStopButton", self.tr("S&top"))
        self._stop.setToolTip(self.tr("Finish the step, save a checkpoint and end the run"))
        self._stop.clicked.connect(runs.stop)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._title, 1)
        for widget in (
            self._waiting, self._written, self._checkpoint_now, self._pause, self._stop,
        ):  # fmt: skip
            row.addWidget(widget)
        runs.queueChanged.connect(self._show_waiting)

    def _button(self, object_name: str, text: str) -> QPushButton:
        button = QPushButton(text, self)
        named(button, object_name, without_mnemonic(text))
        return button

    def note_steps(self) -> None:
        """Steps were done just now."""
        self._stepped.start()

    def show_state(self, state: str) -> None:
        """Say what the run does, and offer what can be asked of it now."""
        self._state = state
        words = {
            "preparing": self.tr("preparing"),
            "compiling": self.tr("compiling the graph"),
            "running": self.tr("running"),
            "paused": self.tr("paused"),
            "saving": self.tr("saving a checkpoint"),
            "stopping": self.tr("stopping: the step finishes, a checkpoint is saved"),
            "finished": self.tr("finished"),
            "stopped": self.tr("stopped"),
            "failed": self.tr("failed"),
            "lost": self.tr("lost"),
        }
        spec = self._runs.spec
        name = "" if spec is None else visible(Path(spec.out).name)
        active = self._runs.active
        word = words.get(state, state)
        silent = self._stepped.elapsed() // 1000 if self._stepped.isValid() else 0
        if active and state == "running" and silent >= _SILENT_S:
            word = self.tr("running, last step {0} ago").format(duration_text(silent))
        self._title.set_full(f"{name} — {word}")
        if active != self._look.isActive():
            self._look.start() if active else self._look.stop()
        self._stop.setEnabled(active and state != "stopping")
        self._checkpoint_now.setEnabled(active and state in ("running", "saving", "paused"))
        self._pause.setEnabled(active and state in ("running", "saving", "paused"))
        self._pause.setChecked(active and self._runs.paused)
        self._pause.setText(self.tr("&Go on") if self._pause.isChecked() else self.tr("&Pause"))
        self._written.setEnabled(not self._written.entries.isEmpty())

    # ---- its checkpoints

    def show_checkpoints(self) -> None:
        """Offer the checkpoints that are there, newest last."""
        self._written.entries.clear()
        prefixes = [prefix for _, prefix in self._runs.checkpoints]
        for prefix in prefixes:
            action = self._written.entries.addAction(in_action(visible(Path(prefix).name)))
            action.triggered.connect(partial(self._ask_open, prefix))
        if prefixes:
            self._written.entries.addSeparator()
            text = self.tr("Compare %1 with what is open").replace("%1", visible(Path(prefixes[-1]).name))
            compare = self._written.entries.addAction(in_action(text))
            compare.triggered.connect(partial(self._ask_compare, prefixes[-1]))
        self.show_state(self._state)

    def offer(self, prefix: str, at: QPoint) -> None:
        """Ask what to do with a checkpoint, in a menu at a place of the screen."""
        menu = QMenu(self)
        menu.setObjectName("runDotMenu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self.tr("&Open")).triggered.connect(partial(self._ask_open, prefix))
        compare = menu.addAction(self.tr("&Compare with what is open"))
        compare.triggered.connect(partial(self._ask_compare, prefix))
        resume = menu.addAction(self.tr("&Resume from it…"))
        resume.triggered.connect(partial(self._ask_resume, prefix))
        menu.popup(at)

    def _ask_open(self, prefix: str, _checked: bool = False) -> None:
        self.openWanted.emit(prefix)

    def _ask_resume(self, prefix: str, _checked: bool = False) -> None:
        self.resumeWanted.emit(prefix)

    def _ask_compare(self, prefix: str, _checked: bool = False) -> None:
        self.compareWanted.emit(prefix)

    # ---- the runs that wait

    def _show_waiting(self) -> None:
        waiting = self._runs.waiting
        self._waiting.entries.clear()
        for spec in waiting:
            text = self.tr("Take %1 out").replace("%1", visible(Path(spec.out).name))
            self._waiting.entries.addAction(in_action(text)).triggered.connect(
                partial(self._take_out, spec.out)
            )
        self._waiting.setText(self.tr("%1 waiting").replace("%1", str(len(waiting))))
        self._waiting.setVisible(bool(waiting))

    def _take_out(self, out: str, _checked: bool = False) -> None:
        self._runs.take_out(out)
