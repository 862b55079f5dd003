"""A vector as a line: the whole of it at once, whatever its length, and each element where one looks closely."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ckpt_studio.gui.dialogs.fields import PlainLabel, named
from ckpt_studio.gui.plots.layers import Curve
from ckpt_studio.gui.plots.plot import Plot
from ckpt_studio.gui.plots.ticks import Numbers
from ckpt_studio.gui.texts import byte_size
from ckpt_studio.gui.views.numbers import count_text, number_text

if TYPE_CHECKING:
    from ckpt_studio.analysis.envelope import Envelope
    from ckpt_studio.core.tasks import Task
    from ckpt_studio.gui.session import Session
    from ckpt_studio.gui.views.subject import Side

_STRETCHES: Final = 4096
_UNASKED: Final = 1 << 28
"""A vector of more bytes is read whole only when a person says so."""


class LineFace(QWidget):
    """One curve for the values, one for those beside them."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._sides: tuple[Side, ...] = ()
        self._whole: tuple[Envelope, ...] = ()
        self._seen: tuple[Envelope, ...] = ()
        self._asked: Task | None = None
        self.plot = Plot(self)
        named(self.plot, "valuesLine", self.tr("Line plot"))
        self.plot.x_axis.label = self.tr("index")
        self.plot.y_axis.label = self.tr("value")
        self.plot.x_axis.numbers = Numbers.counts
        self.plot.x_axis.least = 2
        self._curves = (
            self.plot.add(Curve(lambda colours: colours.compared)),
            self.plot.add(Curve(lambda colours: colours.staged, dots=True)),
        )
        self.plot.pointed.connect(self._pointed)
        self.plot.settled.connect(self._look_closer)
        self._readout = PlainLabel("valuesLineReadout", parent=self)
        self._readout.setWordWrap(False)
        self._draw_button = QPushButton(self.tr("&Draw it"), self)
        named(self._draw_button, "valuesLineDraw", self.tr("Read the vector and draw it"))
        self._draw_button.clicked.connect(self._ask_whole)
        self._draw_button.hide()
        below = QHBoxLayout()
        below.addWidget(self._readout, 1)
        below.addWidget(self._draw_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.plot, 1)
        column.addLayout(below)

    def show_sides(self, sides: Sequence[Side]) -> None:
        """Show a vector, and perhaps another one of the same length beside it."""
        if tuple(sides) == self._sides:
            return
        self._sides, self._whole, self._seen = tuple(sides), (), ()
        for curve in self._curves:
            curve.set_points(None, None)
        self._readout.clear()
        size = sum(side.info.nbytes for side in self._sides)
        self._draw_button.setVisible(size > _UNASKED)
        if size > _UNASKED:
            self._readout.setText(
                self.tr("To draw this vector, {0} have to be read.").format(byte_size(size))
            )
        elif self._sides:
            self._ask_whole()

    def _ask_whole(self) -> None:
        self._draw_button.hide()
        (length,) = self._sides[0].info.shape or (0,)
        self._ask(0, length, self._take_whole)

    def _ask(self, start: int, stop: int, take: Callable[[tuple[Envelope, ...]], object]) -> None:
        sides = self._sides

        def work(task: Task) -> tuple[Envelope, ...]:
            from ckpt_studio.analysis.envelope import envelope

            return tuple(envelope(side.source, side.key, start, stop, _STRETCHES, task) for side in sides)

        self._asked = self._session.bridge.submit(
            work, take, self._failed, owner=self, slot="line", label=self.tr("Drawing the line")
        )

    def _failed(self, error: Any) -> None:
        self._readout.setText(str(error))

    def _take_whole(self, found: tuple[Envelope, ...]) -> None:
        import numpy as np

        self._whole = self._seen = found
        low = min(
            (float(np.nanmin(each.low)) for each in found if not np.isnan(each.low).all()), default=-1.0
        )
        high = max(
            (float(np.nanmax(each.high)) for each in found if not np.isnan(each.high).all()), default=1.0
        )
        half = (high / 2 - low / 2) * 0.1 or abs(low) / 2 or 0.5
        last = max(found[0].stop - 1, 1)
        self.plot.set_bounds(x=(0, last), y=(low - half, high + half))
        self._draw()
        self._say_odd()

    def _look_closer(self) -> None:
        """Ask for the part that is seen where the curve of the whole shows less than there is."""
        if not self._whole or self._whole[0].is_exact:
            return
        low, high = self.plot.x_axis.view
        start, stop = max(0, int(low)), min(self._whole[0].stop, int(high) + 2)
        if (stop - start) * 2 > self._whole[0].stop:
            if self._seen is not self._whole:
                self._seen = self._whole
                self._draw()
        elif (self._seen[0].start, self._seen[0].stop) != (start, stop):
            self._ask(start, stop, self._take_part)

    def _take_part(self, found: tuple[Envelope, ...]) -> None:
        self._seen = found
        self._draw()

    def _draw(self) -> None:
        curves = self._curves[::-1]
        for place, curve in enumerate(curves):
            points = self._seen[place].points() if place < len(self._seen) else (None, None)
            curve.set_points(*points)

    # ---- words

    def _say_odd(self) -> None:
        odd = [(self._whole[0].nan, "NaN"), (self._whole[0].inf, "Inf")]
        text = "  ·  ".join(f"⚠ {count_text(count)} {name}" for count, name in odd if count)
        self._readout.setText(text)
        self.plot.setAccessibleDescription(text)

    def _pointed(self, at: tuple[float, float] | None) -> None:
        if at is None or not self._seen:
            if self._whole:
                self._say_odd()
            return
        low, high = self.plot.x_axis.view
        pixel = (high - low) / self.plot.frame().area.width()
        first, last = round(at[0] - pixel / 2), round(at[0] + pixel / 2)
        told = [found.part(first, last) for found in self._seen]
        begin, end = told[0][:2]
        texts = [
            number_text(low) if end - begin == 1 else f"{number_text(low)} … {number_text(high)}"
            for _, _, low, high in told
        ]
        where = f"[{begin:,}]" if end - begin == 1 else f"[{begin:,}–{end - 1:,}]"
        self._readout.setText(f"{where} = {'  |  '.join(texts)}")
