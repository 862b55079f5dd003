"""The curve of a run's loss: drawn from a pyramid, following the run until a person zooms, dots for checkpoints.

Runs before it stay behind it in grey.

Imported late (it needs pyqtgraph and numpy), when the first run shows its first loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPoint, QPointF, QTimer, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QPalette
from PySide6.QtWidgets import QWidget

from ckpt_studio.gui.panels.loss_history import LossHistory

_FRAME_MS: Final = 80
_MOST_EARLIER: Final = 8


class LossPlot(pg.PlotWidget):
    """Steps of the run's own axis (continuing the checkpoint's) against the loss.

    `checkpointClicked` is emitted with the prefix of the dot that was clicked.
    """

    checkpointClicked = Signal(str)
    checkpointMenuWanted = Signal(str, QPoint)
    """A dot was clicked with the right button: its prefix, and where on the screen."""
    followingChanged = Signal(bool)
    """Whether the whole run is shown, said again each time."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, enableMenu=False)
        self.setObjectName("lossPlot")
        self.setAccessibleName(self.tr("Loss by step"))
        self.history = LossHistory()
        self._log = False
        self._following = True
        self._checkpoints: list[tuple[int, str]] = []
        self._earlier: list[tuple[LossHistory, Any]] = []
        self._line = pg.PlotCurveItem(connect="finite")
        self._dots = pg.ScatterPlotItem(size=10, hoverable=True, tip=None)
        self._dots.setZValue(10)
        self._dots.sigClicked.connect(self._dot_clicked)
        plot = self.getPlotItem()
        plot.addItem(self._line)
        plot.addItem(self._dots)
        plot.hideButtons()
        plot.setLabel("bottom", self.tr("step"))
        plot.setLabel("left", self.tr("loss"))
        for side in ("bottom", "left"):
            plot.getAxis(side).enableAutoSIPrefix(False)
        plot.showGrid(x=True, y=True, alpha=0.15)
        box = plot.getViewBox()
        box.disableAutoRange()
        box.sigRangeChangedManually.connect(self._zoomed)
        box.sigXRangeChanged.connect(self._plan)
        self._timer = QTimer(self, singleShot=True, interval=_FRAME_MS)
        self._timer.timeout.connect(self.redraw)
        self._take_colours()

    def begin_run(self) -> None:
        """Show another run from now on; the one that was shown stays behind it."""
        if len(self.history):
            line = pg.PlotCurveItem(connect="finite")
            line.setZValue(-10)
            self.getPlotItem().addItem(line)
            self._earlier.append((self.history, line))
            if len(self._earlier) > _MOST_EARLIER:
                self.getPlotItem().removeItem(self._earlier.pop(0)[1])
            self._take_colours()
        self.history = LossHistory()
        self._checkpoints = []
        self.follow()

    def extend(self, steps: Any, losses: Any) -> None:
        """Append points and draw them soon."""
        self.history.extend(steps, losses)
        self._plan()

    def set_checkpoints(self, checkpoints: Sequence[tuple[int, str]]) -> None:
        """Put a dot at the step of each (step, prefix), and nowhere else."""
        self._checkpoints = list(checkpoints)
        self._plan()

    def set_log(self, log: bool) -> None:
        """Show the loss on a logarithmic axis or a linear one."""
        self._log = log
        self.getPlotItem().getAxis("left").setLogMode(log)
        self.follow()

    def follow(self) -> None:
        """Show the whole run from now on, as it grows."""
        self._following = True
        self.followingChanged.emit(True)
        self._plan()

    @property
    def following(self) -> bool:
        """Whether the whole run is shown as it grows; False once a person has zoomed."""
        return self._following

    def redraw(self) -> None:
        """Draw what is to be seen now."""
        box = self.getPlotItem().getViewBox()
        span = self._span()
        if span is not None and self._following:
            box.setXRange(span[0], max(span[1], span[0] + 1), padding=0.02)
        curves = ((self.history, self._line), *self._earlier)
        drawn = np.concatenate([self._draw_curve(history, line) for history, line in curves])
        self._draw_dots()
        if self._following:
            self._fit(drawn)
        self._timer.stop()

    def _span(self) -> tuple[int, int] | None:
        """First and last step of all that is shown."""
        spans = [span for history in (self.history, *self.earlier) if (span := history.span) is not None]
        return (min(first for first, _ in spans), max(last for _, last in spans)) if spans else None

    @property
    def earlier(self) -> tuple[LossHistory, ...]:
        """The runs behind the one that is shown, oldest first."""
        return tuple(history for history, _ in self._earlier)

    def _draw_curve(self, history: LossHistory, line: Any) -> np.ndarray:
        """Draw what is to be seen of a run; returns the losses as they are drawn."""
        box = self.getPlotItem().getViewBox()
        first, last = box.viewRange()[0]
        x, y = history.curve(first, last, max(int(box.width()), 100))
        y = self._scaled(y)
        line.setData(x, y)
        return y

    def _fit(self, y: np.ndarray) -> None:
        finite = y[np.isfinite(y)]
        if not len(finite):
            return
        low, high = float(finite.min()), float(finite.max())
        if high - low < 1e-12 * max(abs(low), abs(high), 1e-300):
            spread = 0.5 if self._log else max(abs(low) * 0.1, 1e-6)
            low, high = low - spread, high + spread
        self.getPlotItem().getViewBox().setYRange(low, high, padding=0.06)

    def _scaled(self, y: np.ndarray) -> np.ndarray:
        if not self._log:
            return y
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(y > 0, np.log10(y), np.nan)

    def _draw_dots(self) -> None:
        spots = []
        for step, prefix in self._checkpoints:
            loss = self.history.loss_at(step)
            if loss is None:
                continue
            y = float(self._scaled(np.array([loss]))[0])
            if np.isfinite(y):
                spots.append({"pos": (step, y), "data": prefix})
        self._dots.setData(spots)

    def _plan(self, *_: object) -> None:
        if not self._timer.isActive():
            self._timer.start()

    def _zoomed(self, *_: object) -> None:
        self._following = False
        self.followingChanged.emit(False)
        self._plan()

    def _dot_clicked(self, _item: object, points: Any, _event: object = None) -> None:
        if len(points):
            self.checkpointClicked.emit(str(points[0].data()))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What can be done with the dot below the pointer is asked for."""
        at = self.getPlotItem().getViewBox().mapSceneToView(QPointF(self.mapToScene(event.pos())))
        points = self._dots.pointsAt(at)
        if len(points):
            self.checkpointMenuWanted.emit(str(points[0].data()), event.globalPos())
            event.accept()

    def _take_colours(self) -> None:
        palette = self.palette()
        text = palette.color(QPalette.ColorRole.Text)
        accent = palette.color(QPalette.ColorRole.Highlight)
        base = palette.color(QPalette.ColorRole.Base)
        self.setBackground(base)
        self._line.setPen(pg.mkPen(accent, width=1))
        grey = QColor(text)
        grey.setAlpha(90)
        for _, line in self._earlier:
            line.setPen(pg.mkPen(grey, width=1))
        self._dots.setPen(pg.mkPen(text, width=1))
        self._dots.setBrush(pg.mkBrush(base))
        self._dots.opts["hoverBrush"] = pg.mkBrush(accent)
        faint = QColor(text)
        faint.setAlpha(170)
        for side in ("bottom", "left"):
            axis = self.getPlotItem().getAxis(side)
            axis.setPen(faint)
            axis.setTextPen(text)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the window from light to dark and back."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_line"):
            self._take_colours()
            self._plan()
