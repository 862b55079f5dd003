"""The Run panel: what the resumed run is doing, in words, numbers and a curve, and what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QLabel,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ckpt_studio.gui.dialogs.card_text import card_lines
from ckpt_studio.gui.dialogs.fields import Notice, PlainLabel, copy_text, duration_text, named
from ckpt_studio.gui.panels.run_head import RunHead
from ckpt_studio.gui.texts import in_action, visible, without_mnemonic
from ckpt_studio.gui.turns import in_next_turn

if TYPE_CHECKING:
    from ckpt_studio.gui.panels.curves import CurvesPanel
    from ckpt_studio.gui.runs import Runs
    from ckpt_studio.gui.session import Session
    from ckpt_studio.training.card import Card
    from ckpt_studio.training.events import Metrics, Outcome
    from ckpt_studio.training.spec import RunSpec


class RunPanel(QWidget):
    """Shows the run of `runs`; a checkpoint of it that is clicked is opened by the session."""

    compareWanted = Signal(str)
    """A checkpoint of the run is to be compared with the one that is open."""
    resumeWanted = Signal(str)
    """Another run is to begin with a checkpoint of this one."""

    def __init__(self, session: Session, runs: Runs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("runPanel")
        self.setAccessibleName(self.tr("Run"))
        self._session = session
        self._runs = runs
        self._curves: CurvesPanel | None = None
        self._waiting: list[Metrics] = []
        self._steps: int | None = None
        self._pages = QStackedWidget(self)
        hint = PlainLabel(
            "runHint", self.tr("No run yet. Run ▸ Resume… (Ctrl+R) trains on from the open checkpoint."), self
        )
        hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._pages.addWidget(hint)
        self._pages.addWidget(self._run_page())
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 4, 6, 4)
        column.addWidget(self._pages)
        runs.started.connect(self._started)
        runs.stateChanged.connect(self._state_changed)
        runs.carded.connect(self._carded)
        runs.metrics.connect(self._metrics)
        runs.checkpointWritten.connect(self._show_checkpoints)
        runs.ended.connect(self._ended)

    # ---- layout

    def _run_page(self) -> QWidget:
        page = QWidget(self)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        self._head = RunHead(self._runs, page)
        self._head.openWanted.connect(self._session.open)
        self._head.compareWanted.connect(self.compareWanted)
        self._head.resumeWanted.connect(self.resumeWanted)
        column.addWidget(self._head)
        column.addLayout(self._numbers())
        self._body = QSplitter(Qt.Orientation.Horizontal, page)
        self._body.setChildrenCollapsible(False)
        self._plot_place = QStackedWidget(self._body)
        self._plot_place.addWidget(self._empty_plot())
        self._body.addWidget(self._plot_place)
        self._body.addWidget(self._side())
        self._body.setStretchFactor(0, 3)
        self._body.setStretchFactor(1, 1)
        self._body.setSizes([900, 400])
        column.addWidget(self._body, 1)
        return page

    def _numbers(self) -> QGridLayout:
        self._progress = QProgressBar(self)
        named(self._progress, "runProgress", self.tr("Progress of the run"))
        self._progress.setTextVisible(True)
        row = QGridLayout()
        row.addWidget(self._progress, 0, 0)
        row.setColumnStretch(0, 1)
        self._step = self._number("runStep", self.tr("step {0}").format("0,000,000"))
        self._loss = self._number("runLoss", self.tr("loss {0}").format("0.000000"))
        self._rate = self._number("runRate", self.tr("{0} steps/s").format("00,000.0"))
        self._eta = self._number("runEta", self.tr("ETA {0}").format("00 h 00 min"))
        for column, label in enumerate((self._step, self._loss, self._rate, self._eta), 1):
            row.addWidget(label, 0, column)
        return row

    def _number(self, object_name: str, widest: str) -> QLabel:
        label = QLabel(self)
        label.setObjectName(object_name)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setMinimumWidth(self.fontMetrics().horizontalAdvance(widest) + 8)
        return label

    def _button(self, object_name: str, text: str) -> QPushButton:
        button = QPushButton(text, self)
        named(button, object_name, without_mnemonic(text))
        return button

    def _empty_plot(self) -> QWidget:
        self._plot_hint = PlainLabel("lossPlotHint", self.tr("The loss appears with the first step."), self)
        self._plot_hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        return self._plot_hint

    def _side(self) -> QWidget:
        area = QScrollArea(self)
        area.setObjectName("runSide")
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setMinimumWidth(220)
        side = QWidget(area)
        column = QVBoxLayout(side)
        column.setContentsMargins(6, 0, 6, 0)
        self._outcome = Notice("runOutcome", side, trouble=False)
        self._failure = Notice("runFailure", side)
        self._not_finite = Notice("runNotFinite", side)
        self._proof = PlainLabel("runProof", parent=side)
        self._last_lines = QPlainTextEdit(side)
        named(self._last_lines, "runLastLines", self.tr("The last lines of the log"))
        self._last_lines.setReadOnly(True)
        self._last_lines.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._last_lines.setFixedHeight(7 * self.fontMetrics().lineSpacing())
        self._copy = self._button("runCopyButton", self.tr("&Copy"))
        self._copy.setToolTip(self.tr("Copy what happened and the last lines of the log"))
        self._copy.clicked.connect(self._copy_failure)
        self._place = self._button("runPlaceButton", "")
        self._place.setToolTip(self.tr("Open the recipe where it failed"))
        self._place.clicked.connect(self._open_place)
        self._card = PlainLabel("runCard", parent=side)
        for widget in (self._not_finite, self._outcome, self._failure, self._proof):
            column.addWidget(widget)
        for button in (self._place, self._copy):
            column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self._last_lines)
        column.addWidget(self._card)
        column.addStretch(1)
        area.setWidget(side)
        return area

    # ---- a run

    def _started(self, spec: RunSpec) -> None:
        self._pages.setCurrentIndex(1)
        self._steps = spec.steps
        self._waiting = []
        self._head.note_steps()
        self._head.show_checkpoints()
        for label in (self._step, self._loss, self._rate, self._eta, self._card, self._proof):
            label.clear()
        self._outcome.say("")
        self._failure.say("")
        self._not_finite.say("")
        self._last_lines.hide()
        self._copy.hide()
        self._place.hide()
        self._proof.hide()
        self._progress.setRange(0, 0)
        self._plot_hint.setText(self.tr("The loss appears with the first step."))
        self._plot_place.setCurrentIndex(0)
        if self._curves is not None:
            self._curves.begin_run()
        else:
            in_next_turn(self, self._make_plot)

    def _make_plot(self) -> None:
        if self._curves is not None:
            return
        from ckpt_studio.gui.panels.curves import CurvesPanel

        self._curves = CurvesPanel(self._session, self)
        self._curves.plot.checkpointClicked.connect(self._session.open)
        self._curves.plot.checkpointMenuWanted.connect(self._head.offer)
        self._plot_place.addWidget(self._curves)
        in_next_turn(self, self._draw_waiting)  # building is enough for one turn of the event loop

    def _draw_waiting(self) -> None:
        assert self._curves is not None
        waiting, self._waiting = self._waiting, []
        for metrics in waiting:
            self._draw(metrics)
        self._curves.plot.set_checkpoints(self._runs.checkpoints)

    def _state_changed(self, state: object) -> None:
        self._head.show_state(str(state))

    def _carded(self, card: Card) -> None:
        self._card.setText("\n".join(card_lines(card)))

    def _metrics(self, metrics: Metrics) -> None:
        if self._progress.maximum() == 0 and self._steps is not None:
            self._progress.setRange(0, self._steps)
        if self._steps is not None:
            self._progress.setValue(min(metrics.done, self._steps))
        self._head.note_steps()
        if metrics.steps:
            self._step.setText(self.tr("step {0}").format(f"{metrics.steps[-1]:,}"))
        known = [loss for loss in metrics.losses if loss is not None]
        if known:
            self._loss.setText(self.tr("loss {0}").format(f"{known[-1]:.6g}"))
        if metrics.rate > 0:
            self._rate.setText(self.tr("{0} steps/s").format(f"{metrics.rate:,.1f}"))
            if self._steps is not None:
                left = max(self._steps - metrics.done, 0) / metrics.rate
                self._eta.setText(self.tr("ETA {0}").format(duration_text(left)))
        if self._curves is None or self._waiting:  # in the order of their steps
            self._waiting.append(metrics)
        else:
            self._draw(metrics)

    def _draw(self, metrics: Metrics) -> None:
        assert self._curves is not None
        if self._curves.extend(metrics):
            self._plot_place.setCurrentWidget(self._curves)
            since = self._curves.plot.history.first_not_finite
            if since is not None and not self._not_finite.text():
                self._not_finite.say(
                    self.tr(
                        "The loss was not a finite number at step {0}; such steps are gaps in the curve."
                    ).format(f"{since:,}")
                )
        elif metrics.steps:
            self._plot_hint.setText(
                self.tr("No loss was found in this graph; the run trains without a curve.")
            )

    def _show_checkpoints(self, *_: object) -> None:
        """The checkpoints that are there, in the menu (for the keyboard) and as dots."""
        self._head.show_checkpoints()
        if self._curves is not None:
            self._curves.plot.set_checkpoints(self._runs.checkpoints)

    def _ended(self, outcome: Outcome) -> None:
        self._head.show_state(str(outcome.state))
        self._eta.clear()
        if self._plot_place.currentIndex() == 0 and self._step.text() == "":
            self._plot_hint.setText(self.tr("The run ended before its first step."))
        if self._progress.maximum() == 0:
            self._progress.setRange(0, 1)
        failed = str(outcome.state) in ("failed", "lost")
        (self._failure if failed else self._outcome).say(visible(outcome.message))
        self._proof.setText(self._proof_text(outcome))
        self._proof.setVisible(bool(self._proof.text()))
        self._last_lines.setPlainText("\n".join(visible(line) for line in outcome.last_lines))
        self._last_lines.setVisible(failed and bool(outcome.last_lines))
        self._copy.setVisible(failed)
        file, _, line = outcome.place.rpartition(":")
        text = self.tr("Open %1, line %2").replace("%2", line).replace("%1", visible(Path(file).name))
        self._place.setText(in_action(text))
        self._place.setVisible(bool(file))
        if failed:
            self._last_lines.verticalScrollBar().setValue(self._last_lines.verticalScrollBar().maximum())

    def _proof_text(self, outcome: Outcome) -> str:
        frozen = 0 if self._runs.card is None else len(self._runs.card.frozen)
        if outcome.frozen_unchanged is None or not frozen:
            return ""
        if outcome.frozen_unchanged:
            if frozen == 1:
                return self.tr("✓ 1 frozen variable is bit-identical.")
            return self.tr("✓ {0} frozen variables are bit-identical.").format(frozen)
        return self.tr("⚠ Frozen variables have changed: do not use this checkpoint.")

    def _open_place(self) -> None:
        """Open the recipe with what the person edits Python with; the place is on the clipboard for its Go to Line."""
        outcome = self._runs.outcome
        if outcome is not None and outcome.place:
            copy_text(outcome.place)
            file = outcome.place.rpartition(":")[0]
            if not QDesktopServices.openUrl(QUrl.fromLocalFile(file)):
                self._session.notice(
                    self.tr("No program opens %1; its place is on the clipboard.").replace(
                        "%1", visible(file)
                    )
                )

    def _copy_failure(self) -> None:
        spec, outcome = self._runs.spec, self._runs.outcome
        lines = [self._failure.text(), self.tr("Run folder: {0}").format("" if spec is None else spec.out)]
        if outcome is not None and outcome.place:
            lines.append(self.tr("Place: {0}").format(outcome.place))
        copy_text("\n".join([*lines, self._last_lines.toPlainText()]))
