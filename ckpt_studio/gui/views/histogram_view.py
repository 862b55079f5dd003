"""The histogram of a variable, with what no bin can hold said beside it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QLocale, Qt
from PySide6.QtGui import QDoubleValidator
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ckpt_studio.gui.dialogs.fields import PlainLabel, named
from ckpt_studio.gui.texts import translate
from ckpt_studio.gui.views.exports import ExportButton
from ckpt_studio.gui.views.numbers import count_text, number_text, share_text
from ckpt_studio.gui.views.view import TensorView

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ckpt_studio.analysis.histogram import Histogram
    from ckpt_studio.analysis.statistics import Statistics
    from ckpt_studio.gui.session import Session

_BINS = 128


class HistogramView(TensorView):
    """Staged values filled, and the original ones as an outline where they differ."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, "histogramView", translate("HistogramView", "Histogram"), parent)
        named(self, "histogramView", self.tr("Histogram"))
        self._found: tuple[Histogram, ...] = ()
        self._known: dict[str, Statistics] = {}
        self._asked: tuple[float | None, float | None] = (None, None)

    def load(self) -> None:
        from ckpt_studio.gui.views import histogram_legend, histogram_plot  # noqa: F401

    def build(self, content: QWidget) -> None:
        from ckpt_studio.gui.views.histogram_legend import Legend
        from ckpt_studio.gui.views.histogram_plot import HistogramPlot

        self._figure = QWidget(content)
        self._figure.setAutoFillBackground(True)
        self._plot = HistogramPlot(self._figure)
        named(self._plot, "histogramPlot", self.tr("Histogram"))
        self._plot.pointed.connect(self._pointed)
        self._legend = Legend(self._figure)
        self._counts = PlainLabel("histogramCounts", parent=content)
        self._readout = PlainLabel("histogramReadout", parent=content)
        self._readout.setWordWrap(False)
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(self._controls(content))
        figure = QVBoxLayout(self._figure)
        figure.setContentsMargins(0, 0, 0, 0)
        figure.setSpacing(4)
        figure.addWidget(self._legend)
        figure.addWidget(self._plot, 1)
        column.addWidget(self._figure, 1)
        below = QHBoxLayout()
        below.addWidget(self._readout, 1)
        below.addWidget(self._counts, 2)
        self._counts.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        column.addLayout(below)

    def _controls(self, content: QWidget) -> QHBoxLayout:
        self._scale = QComboBox(content)
        named(self._scale, "histogramScale", self.tr("Scale of the counts"))
        self._scale.addItem(self.tr("Linear"), False)
        self._scale.addItem(self.tr("Logarithmic"), True)
        self._scale.activated.connect(lambda _: self._draw())
        self._bins = QSpinBox(content)
        named(self._bins, "histogramBins", self.tr("Number of bins"))
        self._bins.setRange(1, 4096)
        self._bins.setValue(_BINS)
        self._bins.setKeyboardTracking(False)
        self._bins.valueChanged.connect(lambda _: self.invalidate())
        self._low = self._end("histogramLow", self.tr("Begin of the range"))
        self._high = self._end("histogramHigh", self.tr("End of the range"))
        auto = QToolButton(content)
        named(auto, "histogramAutoRange", self.tr("Show the whole range"))
        auto.setText(self.tr("All"))
        auto.setToolTip(self.tr("Show the whole range"))
        auto.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        auto.clicked.connect(self._whole_range)
        row = QHBoxLayout()
        for text, fields in (
            (self.tr("&Counts"), (self._scale,)),
            (self.tr("&Bins"), (self._bins,)),
            (self.tr("Ran&ge"), (self._low, self._high, auto)),
        ):
            label = QLabel(text, content)
            label.setBuddy(fields[0])
            row.addWidget(label)
            for field in fields:
                row.addWidget(field)
            row.addSpacing(8)
        row.addStretch(1)
        row.addWidget(ExportButton(self._session, "histogram", self, content))
        return row

    def _end(self, name: str, title: str) -> QLineEdit:
        field = QLineEdit(self._content)
        named(field, name, title)
        field.setPlaceholderText(self.tr("auto"))
        field.setMaximumWidth(100)
        validator = QDoubleValidator(field)
        validator.setLocale(QLocale.c())
        field.setValidator(validator)
        field.editingFinished.connect(self._range_edited)
        return field

    def _range(self) -> tuple[float | None, float | None]:
        low, high = (float(field.text()) if field.text() else None for field in (self._low, self._high))
        return low, high

    def _range_edited(self) -> None:
        if self._range() != self._asked:
            self.invalidate()

    def _whole_range(self) -> None:
        self._low.clear()
        self._high.clear()
        self._plot.reset_zoom()
        self._range_edited()

    # ---- work

    def refresh(self) -> None:
        from ckpt_studio.analysis.histogram import HistogramRequest, histograms
        from ckpt_studio.gui.views.subject import Nature

        subject = self._subject
        if subject is None:
            return
        self._asked = self._range()
        low, high = self._asked
        sides = [side for side in subject.sides if side.nature is Nature.numbers]
        wanted = [
            (
                side.source,
                HistogramRequest(side.key, self._bins.value(), low, high, self._known.get(side.identity)),
            )
            for side in sides
        ]
        total = sum(side.info.nbytes * (1 if side.identity in self._known else 2) for side in sides)

        def work(task: Any) -> list[Histogram]:
            task.total = total
            return histograms(wanted, task)

        self.submit(work, lambda found: self._take([side.identity for side in sides], found))

    def _take(self, identities: list[str], found: list[Histogram]) -> None:
        self._known = {i: h.statistics for i, h in zip(identities, found, strict=True)}
        self._found = tuple(found)
        self._draw()

    def _draw(self) -> None:
        if not self._found:
            return
        self._plot.show_histograms(self._found, bool(self._scale.currentData()))
        self._legend.setVisible(len(self._found) > 1)
        self._counts.setText(self._beside())
        self._plot.setAccessibleDescription(self._counts.text())

    def _beside(self) -> str:
        lines = []
        titles = (self.tr("Staged"), self.tr("Original"))
        for title, histogram in zip(titles, self._found, strict=False):
            figures = histogram.statistics
            parts = [self.tr("{0} elements").format(count_text(figures.count))]
            for name, count in (("NaN", figures.nan or 0), ("Inf", figures.inf or 0)):
                parts.append(f"⚠ {count_text(count)} {name}" if count else f"{name} 0")
            zeros = figures.zeros or 0
            parts.append(self.tr("{0} zero").format(share_text(zeros, figures.count)))
            if outside := histogram.below + histogram.above:
                parts.append(self.tr("{0} outside the range").format(count_text(outside)))
            text = "  ·  ".join(parts)
            lines.append(f"{title}:  {text}" if len(self._found) > 1 else text)
        return "\n".join(lines)

    def _pointed(self, place: int | None) -> None:
        self._readout.setText("" if place is None else self._bin_text(place))

    def _bin_text(self, place: int) -> str:
        first = self._found[0]
        counts = [
            f"{count_text(int(h.counts[place]))} ({share_text(int(h.counts[place]), h.statistics.count)})"
            for h in self._found
        ]
        if len(counts) > 1:
            counts = [self.tr("staged {0}").format(counts[0]), self.tr("original {0}").format(counts[1])]
        return f"{self._span_text(first, place)}:  " + ",  ".join(counts)

    @staticmethod
    def _span_text(histogram: Histogram, place: int) -> str:
        low, high = (float(edge) for edge in histogram.edges[place : place + 2])
        if not isinstance(histogram.statistics.min, int):
            return f"{number_text(low)} … {number_text(high)}"
        first, last = math.ceil(low), math.floor(high)  # bins of integers end halfway between two of them
        return f"{first:,}" if first >= last else f"{first:,} … {last:,}"

    # ---- taking along

    def drawing(self) -> QWidget:
        return self._figure

    def table(self) -> tuple[str, NDArray[Any]]:
        heading = "left,right,count" if len(self._found) < 2 else "left,right,count_staged,count_original"
        return heading, self.array()

    def array(self) -> NDArray[Any]:
        import numpy as np

        if not self._found:
            return np.empty((0, 3))
        edges = self._found[0].edges
        return np.column_stack([edges[:-1], edges[1:], *(h.counts for h in self._found)])
