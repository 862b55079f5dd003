"""The histogram of a variable, with what no bin can hold said beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from PySide6.QtWidgets import QVBoxLayout, QWidget

from ckpt_studio.core.errors import RequestFault
from ckpt_studio.gui.dialogs.fields import PlainLabel, named
from ckpt_studio.gui.texts import translate, visible
from ckpt_studio.gui.views.exports import ExportButton
from ckpt_studio.gui.views.subject import Which
from ckpt_studio.gui.views.view import TensorView

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ckpt_studio.analysis.distribution import Distribution
    from ckpt_studio.analysis.heatmap import HeatmapRequest
    from ckpt_studio.analysis.planes import Plane
    from ckpt_studio.core.errors import CkptStudioError
    from ckpt_studio.gui.session import Session
    from ckpt_studio.gui.views.overlays import Overlay, Slot
    from ckpt_studio.gui.views.subject import Subject

_MOST_CHANNEL_BINS: Final = 512
"""One histogram a channel has no more bins than this: thousands of them are drawn at once."""
_AROUND_HEATMAP: Final = (150, 250)
"""Of the height and width of a view, what the controls, axes and colours around a heatmap take, and a little more."""


class HistogramView(TensorView):
    """Staged values filled; the original ones, those of a compared checkpoint and slots as outlines over them."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, "histogramView", translate("HistogramView", "Histogram"), parent)
        named(self, "histogramView", self.tr("Histogram"))
        self._found: Distribution | None = None
        self._overlays: tuple[Overlay, ...] = ()
        self._key: str | None = None
        self._slots: tuple[Slot, ...] = ()
        self._plane: Plane | None = None

    def set_slice(self, plane: Plane | None, which: Which) -> None:
        """What the heatmap shows of the variable: it is likely to be looked at next."""
        self._plane = plane if which is Which.staged else None

    def present(self, subject: Subject | None) -> None:
        if subject is None and self._built:
            self._session.ahead.forget()
        super().present(subject)

    def load(self) -> None:
        from ckpt_studio.analysis import ahead, distribution  # noqa: F401

    def build(self, content: QWidget) -> None:
        from ckpt_studio.analysis.distribution import Known
        from ckpt_studio.gui.views.histogram_controls import HistogramControls
        from ckpt_studio.gui.views.histogram_legend import Legend
        from ckpt_studio.gui.views.histogram_plot import HistogramPlot

        self._known = Known(self._session.figure_cache)
        self._controls = HistogramControls(content)
        self._controls.row.addWidget(ExportButton(self._session, "histogram", self, self._controls))
        self._figure = QWidget(content)
        self._figure.setAutoFillBackground(True)
        self._plot = HistogramPlot(self._figure)
        named(self._plot, "histogramPlot", self.tr("Histogram"))
        self._legend = Legend(self._figure)
        self._counts = PlainLabel("histogramCounts", parent=content)
        self._readout = PlainLabel("histogramReadout", parent=content)
        self._readout.setMinimumHeight(self._readout.fontMetrics().lineSpacing())
        self._lay_out(content)
        self._controls.asked.connect(self.invalidate)
        self._controls.redrawn.connect(self._draw)
        self._controls.wholeWanted.connect(self._whole_range)
        self._plot.binPointed.connect(self._pointed)
        self._plot.chosen.connect(self._range_dragged)
        self._plot.wholeWanted.connect(self._whole_range)

    def _lay_out(self, content: QWidget) -> None:
        figure = QVBoxLayout(self._figure)
        figure.setContentsMargins(0, 0, 0, 0)
        figure.setSpacing(4)
        figure.addWidget(self._legend)
        figure.addWidget(self._plot, 1)
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._controls)
        column.addWidget(self._figure, 1)
        column.addWidget(self._readout)
        column.addWidget(self._counts)

    # ---- work

    def refresh(self) -> None:
        subject = self._subject
        if subject is None:
            return
        if subject.staged.key != self._key:
            self._meet(subject)
        from ckpt_studio.analysis.distribution import DistributionRequest, distribution

        overlays, known, ahead = self._wanted(subject), self._known, self._session.ahead
        controls = self._controls
        low, high = controls.range
        bins = controls.bins if controls.axis is None else min(controls.bins, _MOST_CHANNEL_BINS)
        request = DistributionRequest(
            tuple((each.side.source, each.side.key) for each in overlays),
            bins, low, high, controls.scale, controls.shares, controls.axis,
        )  # fmt: skip
        total = sum(each.side.info.nbytes for each in overlays) * 2
        next_one = self._likely_next(subject)

        def work(task: Any) -> Distribution:
            task.total = total
            if next_one is not None:
                ahead.expect(subject.staged.source, next_one)
            return distribution(request, known, task)

        self.submit(work, lambda found: self._take(overlays, found))

    def _likely_next(self, subject: Subject) -> HeatmapRequest | None:
        """The heatmap of the whole variable, in somewhat fewer pixels than its view will have; None without room."""
        if self._plane is None or self._plane.is_empty:
            return None
        from ckpt_studio.analysis.heatmap import HeatmapRequest

        ratio = self.devicePixelRatioF()
        down, across = self.height() - _AROUND_HEATMAP[0], self.width() - _AROUND_HEATMAP[1]
        pixels = int(down * ratio), int(across * ratio)
        return HeatmapRequest.whole(subject.staged.key, self._plane, pixels) if min(pixels) > 0 else None

    def _meet(self, subject: Subject) -> None:
        """Another variable: its channels, its slots, its own range."""
        key = self._key = subject.staged.key
        self._slots = ()
        self._controls.set_range(None, None)
        self._controls.offer_axes(subject.staged.info.shape or ())
        self._controls.offer_slots(())
        document = self._session.document
        if document is None:
            return
        from ckpt_studio.gui.views.overlays import find_slots

        self._session.bridge.submit(
            lambda task: find_slots(document, key), self._take_slots, owner=self, slot="slots"
        )

    def _take_slots(self, slots: tuple[Slot, ...]) -> None:
        self._slots = slots
        self._controls.offer_slots([slot.name for slot in slots])
        if any(self._controls.wants_slot(slot.name) for slot in slots):
            self.invalidate()

    def _wanted(self, subject: Subject) -> tuple[Overlay, ...]:
        from ckpt_studio.gui.views.overlays import overlays_of

        compared = self._session.compared
        label = None if compared is None else compared.label
        found = overlays_of(subject, label, self._slots, self._controls.wants_slot)
        return found if self._controls.axis is None else found[:1]

    def _take(self, overlays: tuple[Overlay, ...], found: Distribution) -> None:
        self._found, self._overlays = found, overlays
        self._draw()

    def _draw(self) -> None:
        if self._found is None:
            return
        from ckpt_studio.gui.views.histogram_plot import Drawing
        from ckpt_studio.gui.views.histogram_texts import beside

        how = Drawing(self._controls.log, self._controls.cumulative)
        self._controls.allow_cumulative(self._found.channels is None)
        self._plot.x_axis.label = self._value_text()
        self._plot.show_distribution(self._found, self._overlays, how)
        self._legend.show_entries(self._overlays)
        self._counts.setText(beside(self._found, self._overlays))
        self._plot.setAccessibleDescription(self._counts.text())

    def _value_text(self) -> str:
        is_complex = self._overlays[0].side.info.dtype.name.startswith("complex")
        return self.tr("magnitude") if is_complex else self.tr("value")

    def _failed(self, error: CkptStudioError) -> None:
        """What a person has asked wrongly is said beside the fields, where it can be put right."""
        if not isinstance(error, RequestFault):
            super()._failed(error)
            return
        self._found = None
        self._plot.clear()
        self._readout.clear()
        self._counts.setText(f"⚠ {visible(str(error))}")

    # ---- a person's hand

    def _whole_range(self) -> None:
        self._plot.show_all()
        self._controls.choose_range(None, None)

    def _range_dragged(self, box: tuple[float, float, float, float]) -> None:
        left, top, right, bottom = box
        if self._found is not None and self._found.channels is not None:
            self._plot.show_part(y=(top, bottom))
        self._controls.choose_range(left, right)

    def _pointed(self, spot: tuple[int | None, int] | None) -> None:
        if spot is None or self._found is None:
            self._readout.clear()
            return
        from ckpt_studio.gui.views.histogram_texts import bin_text

        self._readout.setText(bin_text(self._found, self._overlays, *spot))
        self._plot.setAccessibleDescription(self._readout.text())

    # ---- taking along

    def drawing(self) -> QWidget:
        return self._figure

    def table(self) -> tuple[str, NDArray[Any]]:
        found = self._found
        if found is None or found.channels is None:
            titles = ["count"]
            if len(self._overlays) > 1:
                titles = [f"count_{each.column}" for each in self._overlays]
        else:
            titles = [
                "channels {}-{}".format(*found.channels.span(row))
                for row in range(len(found.channels.counts))
            ]
        return ",".join(["left", "right", *(f'"{t}"' if "," in t else t for t in titles)]), self.array()

    def array(self) -> NDArray[Any]:
        import numpy as np

        if self._found is None:
            return np.empty((0, 3))
        edges, channels = self._found.histograms[0].edges, self._found.channels
        columns = [h.counts for h in self._found.histograms] if channels is None else list(channels.counts)
        return np.column_stack([edges[:-1], edges[1:], *columns])
