"""The curves of a run with what belongs to them: which numbers are shown, what they are, the axes, and taking it along.

Imported late, since it needs numpy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from ckpt_studio.gui.dialogs.fields import named
from ckpt_studio.gui.menu_button import MenuButton
from ckpt_studio.gui.panels.loss_plot import LossPlot, colour_of
from ckpt_studio.gui.plots.colours import PlotColours
from ckpt_studio.gui.texts import in_action, tooltip, visible, without_mnemonic
from ckpt_studio.gui.views.exports import ExportButton

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PySide6.QtGui import QColor

    from ckpt_studio.gui.session import Session
    from ckpt_studio.training.events import Metrics

_GAP: Final = 6
_SHOWN_AT_FIRST: Final = 2
"""So many numbers beside the loss are shown before anybody chooses."""


class CurveLegend(QWidget):
    """Which curve is which, and how far it reaches, in one line; nothing where there is only the loss."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("curveLegend")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._entries: tuple[tuple[str, int | None], ...] = ()
        self.hide()

    def show_entries(self, entries: Sequence[tuple[str, int | None]]) -> None:
        """Name these: a text each, and the place of its colour, None for the loss's."""
        if tuple(entries) == self._entries:
            return
        self._entries = tuple(entries)
        said = ", ".join(text for text, _ in entries)
        self.setAccessibleName(said)
        self.setToolTip(tooltip(said))
        self.setVisible(len(self._entries) > 1)
        self.update()

    def sizeHint(self) -> QSize:
        """One line."""
        return QSize(100, self.fontMetrics().height() + 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it on the screen."""
        self.draw(QPainter(self))

    def draw(self, painter: QPainter) -> None:
        """Draw it at the painter's origin."""
        colours, metrics = PlotColours.of(self.palette()), self.fontMetrics()
        left, middle = 4, self.height() / 2
        for text, place in self._entries:
            painter.setPen(QPen(_colour(place, colours), 2.5))
            painter.drawLine(QRectF(left, middle, 16, 0).topLeft(), QRectF(left, middle, 16, 0).topRight())
            left += 16 + _GAP
            painter.setPen(colours.text)
            shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(self.width() - left, 20))
            painter.drawText(left, round(middle + metrics.ascent() / 2) - 1, shown)
            left += metrics.horizontalAdvance(shown) + 2 * _GAP + 4


def _colour(place: int | None, colours: PlotColours) -> QColor:
    found: QColor = colours.staged if place is None else colour_of(place, colours)
    return found


class CurvesPanel(QWidget):
    """The plot of a run's numbers below a bar that says what it shows.

    Attributes:
        plot: the plot.
    """

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("curvesPanel")
        self._wanted: dict[str, bool] = {}
        self._legend = CurveLegend(self)
        self.plot = LossPlot(self)
        self._choice = MenuButton("curvesButton", self.tr("Numbers to show"), self.tr("Curves"), self)
        self._choice.setToolTip(self.tr("Which numbers of the run are shown beside its loss"))
        self._choice.entries.setToolTipsVisible(True)
        self._whole = QPushButton(self.tr("&Whole run"), self)
        named(self._whole, "lossFollowButton", without_mnemonic(self._whole.text()))
        self._whole.setToolTip(self.tr("Show the whole run again after zooming"))
        self._whole.clicked.connect(self.plot.follow)
        self._whole.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(self._bar(session))
        column.addWidget(self._legend)
        column.addWidget(self.plot, 1)
        self.plot.followingChanged.connect(self._whole.setHidden)
        self.plot.drawn.connect(self._show_legend)

    def _bar(self, session: Session) -> QHBoxLayout:
        log = self._box("lossLogBox", self.tr("&Log loss"), self.tr("Logarithmic loss axis"))
        log.toggled.connect(self.plot.set_log)
        steps = self._box("lossLogStepsBox", self.tr("Log st&eps"), self.tr("Logarithmic axis of steps"))
        steps.toggled.connect(self.plot.set_log_steps)
        row = QHBoxLayout()
        for widget in (self._choice, log, steps):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self._whole)
        row.addWidget(ExportButton(session, "loss", self, self))
        return row

    def _box(self, name: str, text: str, accessible: str) -> QCheckBox:
        box = QCheckBox(text, self)
        named(box, name, accessible)
        return box

    # ---- a run

    def begin_run(self) -> None:
        """Show another run from now on."""
        self.plot.begin_run()
        self._fill_menu()

    def extend(self, metrics: Metrics) -> bool:
        """Draw some steps soon; whether any of them had a loss."""
        pairs = [(s, loss) for s, loss in zip(metrics.steps, metrics.losses, strict=True) if loss is not None]
        scalars = {}
        for name, values in metrics.scalars.items():
            known = [(s, value) for s, value in zip(metrics.steps, values, strict=True) if value is not None]
            if known:
                scalars[name] = ([step for step, _ in known], [value for _, value in known])
        before = len(self.plot.scalars)
        self.plot.extend([step for step, _ in pairs], [loss for _, loss in pairs], scalars)
        if len(self.plot.scalars) != before:
            self._fill_menu()
        return bool(pairs)

    # ---- which numbers

    def _fill_menu(self) -> None:
        """Offer the numbers that there are; a choice stays for the runs after this one."""
        names = list(self.plot.scalars)
        self._choice.setEnabled(bool(names))
        fresh = [name for name in names if name not in self._wanted]
        for name in fresh:
            shown = sum(self._wanted.values())
            self._wanted[name] = not name.endswith("learning_rate") and shown < _SHOWN_AT_FIRST
        menu = self._choice.entries
        menu.clear()
        for name in names:
            entry = menu.addAction(in_action(visible(name)))
            entry.setObjectName(f"curve:{name}")
            entry.setCheckable(True)
            entry.setChecked(self._wanted[name])
            entry.toggled.connect(lambda on, which=name: self._want(which, on))
        self._show_chosen()

    def _want(self, name: str, wanted: bool) -> None:
        self._wanted[name] = wanted
        self._show_chosen()

    def chosen(self) -> list[str]:
        """The numbers that are shown beside the loss."""
        return [name for name in self.plot.scalars if self._wanted.get(name)]

    def _show_chosen(self) -> None:
        self.plot.choose(self.chosen())
        self._show_legend()

    def _show_legend(self) -> None:
        entries: list[tuple[str, int | None]] = [(self.tr("loss"), None)]
        for place, name in enumerate(self.chosen()):
            last, ends = self.plot.scalars[name].last, self.plot.ends_of(name)
            text = visible(name) if last is None else f"{visible(name)} {last:.4g}"
            if ends is not None and ends[0] < ends[1]:
                text += f" ({ends[0]:.4g} – {ends[1]:.4g})"
            entries.append((text, place))
        self._legend.show_entries(entries)

    # ---- taking it along, see `exports.Exportable`

    def drawing(self) -> QWidget:
        """The plot and its legend; buttons do not draw themselves."""
        return self

    def table(self) -> tuple[str, NDArray[Any]]:
        """Every step of the run: its loss and the numbers that are shown, NaN where a step has none."""
        columns = {"loss": self.plot.history, **{name: self.plot.scalars[name] for name in self.chosen()}}
        points = {name: history.points for name, history in columns.items()}
        steps = np.unique(np.concatenate([at for at, _ in points.values()]))
        names = ["step", *columns]
        figures = np.zeros(
            len(steps), [("step", np.int64), *((f"column {n}", np.float64) for n in range(len(columns)))]
        )
        figures["step"] = steps
        for number, (at, values) in enumerate(points.values()):
            figures[f"column {number}"] = np.nan
            figures[f"column {number}"][np.searchsorted(steps, at)] = values
        return ",".join(
            '"' + name.replace('"', '""') + '"' if set(name) & set(',"') else name for name in names
        ), figures

    def array(self) -> NDArray[Any]:
        """The same, with a field each."""
        return self.table()[1]
