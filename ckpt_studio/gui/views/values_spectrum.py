"""The singular values of a small matrix as a plot, and what they say about it, when a person asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QVBoxLayout, QWidget

from ckpt_studio.gui.dialogs.fields import PlainLabel, named
from ckpt_studio.gui.plots.layers import Curve
from ckpt_studio.gui.plots.plot import Plot
from ckpt_studio.gui.plots.scales import Linear, Log
from ckpt_studio.gui.plots.ticks import Numbers
from ckpt_studio.gui.views.numbers import number_text

if TYPE_CHECKING:
    from ckpt_studio.analysis.spectrum import Spectrum
    from ckpt_studio.gui.session import Session
    from ckpt_studio.gui.views.values_slice import ShownSlice


class SpectrumFace(QWidget):
    """Works while it is shown; a matrix that is too large, or not finite, is told in a sentence."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._shown: ShownSlice | None = None
        self._found: Spectrum | None = None
        self.plot = Plot(self)
        named(self.plot, "valuesSpectrum", self.tr("Singular values"))
        self.plot.x_axis.label = self.tr("number")
        self.plot.y_axis.label = self.tr("singular value")
        self.plot.x_axis.numbers = Numbers.counts
        self._curve = self.plot.add(Curve(lambda colours: colours.staged, dots=True, fill=0.18))
        self.plot.pointed.connect(self._pointed)
        self._words = PlainLabel("valuesSpectrumFacts", parent=self)
        self._readout = PlainLabel("valuesSpectrumReadout", parent=self)
        self._readout.setWordWrap(False)
        self._log = QCheckBox(self.tr("&Logarithmic"), self)
        named(self._log, "valuesSpectrumLog", self.tr("Logarithmic scale of the singular values"))
        self._log.toggled.connect(lambda _: self._draw())
        below = QHBoxLayout()
        below.addWidget(self._readout, 1)
        below.addWidget(self._log)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self._words)
        column.addWidget(self.plot, 1)
        column.addLayout(below)

    def show_slice(self, shown: ShownSlice | None) -> None:
        """Show the singular values of a slice, once they are known."""
        if shown == self._shown:
            return
        self._shown, self._found = shown, None
        self._curve.set_points(None, None)
        if shown is None:
            return
        self._words.setText(self.tr("Computing the singular values …"))

        def work(task: Any) -> Spectrum:
            from ckpt_studio.analysis.spectrum import spectrum

            matrix = shown.values(slice(0, shown.spec.rows), slice(0, shown.spec.columns))
            task.check()
            return spectrum(matrix)

        self._session.bridge.submit(
            work,
            self._take,
            lambda error: self._words.setText(str(error)),
            owner=self,
            slot="spectrum",
            label=self.tr("Singular values"),
            may_hang=True,  # for some seconds, in which nothing can stop it
        )

    def _take(self, found: Spectrum) -> None:
        self._found = found
        self._words.setText(self._facts(found))
        self.plot.setAccessibleDescription(self._words.text())
        self._draw()

    def _facts(self, found: Spectrum) -> str:
        count = len(found.values)
        facts = (
            self.tr("rank {0:,} of {1:,}").format(found.rank, count),
            self.tr("effective rank {0}").format(number_text(found.effective_rank)),
            self.tr("stable rank {0}").format(number_text(found.stable_rank)),
            self.tr("condition number {0}").format(number_text(found.condition)),
            self.tr("largest {0}, smallest {1}").format(
                number_text(found.largest), number_text(found.smallest)
            ),
            self.tr("90 % of the energy in {0:,}, 99 % in {1:,}").format(
                found.needed_for(0.9), found.needed_for(0.99)
            ),
        )
        return "  ·  ".join(facts)

    def _draw(self) -> None:
        import numpy as np

        found = self._found
        if found is None:
            return
        count, top = len(found.values), found.largest or 1.0
        positive = found.values[found.values > found.tolerance]
        logarithmic = self._log.isChecked() and len(positive) > 0
        self.plot.y_axis.scale = Log() if logarithmic else Linear()
        if logarithmic:
            low = float(positive[-1])
            values = np.where(found.values > found.tolerance, found.values, np.nan)
            ends = (low / 2, top * 2)
        else:
            values, ends = found.values, (0.0, top * 1.05)
        self.plot.set_bounds(x=(1, max(count, 2)), y=ends)
        self._curve.set_points(np.arange(1, count + 1, dtype=np.float64), values)

    def _pointed(self, at: tuple[float, float] | None) -> None:
        found = self._found
        place = 0 if at is None else round(at[0])
        if found is None or not 1 <= place <= len(found.values):
            self._readout.clear()
            return
        value = number_text(float(found.values[place - 1]))
        self._readout.setText(self.tr("number {0:,}: {1}").format(place, value))
