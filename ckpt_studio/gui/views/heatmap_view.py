"""The heatmap of a slice: an overview that hides no extreme and no NaN, and detail where a person zooms in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from ckpt_studio.gui.dialogs.fields import PlainLabel, named
from ckpt_studio.gui.texts import translate
from ckpt_studio.gui.views.exports import ExportButton
from ckpt_studio.gui.views.numbers import number_text
from ckpt_studio.gui.views.subject import Side, Subject, Which
from ckpt_studio.gui.views.view import TensorView

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ckpt_studio.analysis.heatmap import Heatmap
    from ckpt_studio.analysis.slices import SliceSpec
    from ckpt_studio.core.tasks import Task
    from ckpt_studio.gui.session import Session
    from ckpt_studio.gui.views.colours import Painted

_PREVIEW_FROM: Final = 1 << 25
"""Slices with more elements than this get a rough picture first."""
_POINTER_MS: Final = 60


class HeatmapView(TensorView):
    """The slice that the slice bar names, of the values that it names."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, "heatmapView", translate("HeatmapView", "Heatmap"), parent)
        named(self, "heatmapView", self.tr("Heatmap"))
        self._spec: SliceSpec | None = None
        self._which = Which.staged
        self._drawn: tuple[object, ...] | None = None
        self._spot: tuple[int, int] | None = None
        self._exact = False

    def set_slice(self, spec: SliceSpec | None, which: Which) -> None:
        """Another slice; drawn at the next `present` or `invalidate`. A vector runs across."""
        self._spec = spec.transposed() if spec is not None and spec.column_axis is None else spec
        self._which = which

    def side(self, subject: Subject) -> Side:
        return subject.side(self._which)

    def load(self) -> None:
        from ckpt_studio.gui.views import heatmap_plot  # noqa: F401

    def build(self, content: QWidget) -> None:
        from ckpt_studio.gui.views.heatmap_plot import ColourBar, HeatmapPlot

        self._figure = QWidget(content)
        self._figure.setAutoFillBackground(True)
        self._plot = HeatmapPlot(self._figure)
        named(self._plot, "heatmapPlot", self.tr("Heatmap"))
        self._plot.viewChanged.connect(self._view_changed)
        self._plot.pointed.connect(self._pointed)
        self._bar = ColourBar(self._figure)
        self._readout = PlainLabel("heatmapReadout", parent=content)
        self._readout.setWordWrap(False)
        self._pointer = QTimer(self, singleShot=True, interval=_POINTER_MS)
        self._pointer.timeout.connect(self._ask_value)
        figure = QHBoxLayout(self._figure)
        figure.setContentsMargins(0, 0, 0, 0)
        figure.addWidget(self._plot, 1)
        figure.addWidget(self._bar)
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(self._controls(content))
        column.addWidget(self._figure, 1)
        column.addWidget(self._readout)

    def _controls(self, content: QWidget) -> QHBoxLayout:
        from ckpt_studio.gui.views.colours import Ramp

        self._reduce = QComboBox(content)
        named(self._reduce, "heatmapReduce", self.tr("What stands for the elements of a pixel"))
        for text, value in (
            (self.tr("Largest |x|"), "extreme"),
            (self.tr("Mean"), "mean"),
            (self.tr("Minimum"), "min"),
            (self.tr("Maximum"), "max"),
        ):
            self._reduce.addItem(text, value)
        self._reduce.activated.connect(lambda _: self.invalidate())
        self._ramp = QComboBox(content)
        named(self._ramp, "heatmapColours", self.tr("Colours"))
        self._ramp.addItem(self.tr("Around zero"), Ramp.around_zero)
        self._ramp.addItem(self.tr("Low to high"), Ramp.low_to_high)
        self._ramp.activated.connect(lambda _: self._recolour())
        reset = QToolButton(content)
        named(reset, "heatmapReset", self.tr("Show the whole slice"))
        reset.setText(self.tr("All"))
        reset.setToolTip(self.tr("Show the whole slice"))
        reset.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        reset.clicked.connect(self._plot.reset_zoom)
        row = QHBoxLayout()
        for text, field in ((self.tr("&Pixel"), self._reduce), (self.tr("&Colours"), self._ramp)):
            label = QLabel(text, content)
            label.setBuddy(field)
            row.addWidget(label)
            row.addWidget(field)
            row.addSpacing(8)
        row.addWidget(reset)
        row.addStretch(1)
        row.addWidget(ExportButton(self._session, "heatmap", self, content))
        return row

    # ---- work

    def refresh(self) -> None:
        subject, spec = self._subject, self._spec
        if subject is None or spec is None:
            return
        drawn = (self.side(subject).key, spec)
        if drawn != self._drawn:
            before = self._drawn
            self._drawn = drawn
            if before is None or before[0] != drawn[0] or not _same_extent(before[1], spec):
                self._plot.begin(spec.rows, spec.columns)
        self._readout.clear()
        self._plot.name_axes(self._axis_text(spec.row_axis), self._axis_text(spec.column_axis))
        self._ask_overview(spec)

    def _axis_text(self, axis: int | None) -> str:
        return "" if axis is None else self.tr("axis {0}").format(axis)

    def _ask_overview(self, spec: SliceSpec) -> None:
        if spec.rows * spec.columns > _PREVIEW_FROM:
            self._ask(spec, (0, spec.rows), (0, spec.columns), self._preview_drawn, "preview", preview=True)
        self._exact = False
        self._ask(spec, (0, spec.rows), (0, spec.columns), self._exact_drawn, "overview")

    def _preview_drawn(self, picture: Painted) -> None:
        if not self._exact:
            self._overview_drawn(picture)

    def _exact_drawn(self, picture: Painted) -> None:
        self._exact = True
        self._overview_drawn(picture)

    def _overview_drawn(self, picture: Painted) -> None:
        self._plot.set_overview(picture)
        self._bar.show_colours(picture)
        if not self._plot.is_whole and self._spec is not None:
            self._ask_detail(self._spec)

    def _ask_detail(self, spec: SliceSpec) -> None:
        """The part that is seen, in the colours of the whole."""
        overview = self._plot.overview
        if overview is not None:
            rows, columns = self._plot.seen()
            self._ask(spec, rows, columns, self._plot.set_detail, "detail", limits=overview.limits)

    def _ask(
        self,
        spec: SliceSpec,
        rows: tuple[int, int],
        columns: tuple[int, int],
        done: Callable[[Painted], object],
        slot: str,
        *,
        preview: bool = False,
        limits: tuple[float, float] | None = None,
    ) -> None:
        from ckpt_studio.analysis.heatmap import HeatmapRequest, heatmap
        from ckpt_studio.gui.views.colours import Painted

        assert self._subject is not None
        side, ramp = self.side(self._subject), self._ramp.currentData()
        pixels, reduce = self._plot.pixels(), self._reduce.currentData()
        request = HeatmapRequest(side.key, spec, rows, columns, pixels, reduce, preview)
        cells = (rows[1] - rows[0]) * (columns[1] - columns[0])
        total = cells * max(1, side.info.dtype.itemsize)

        def work(task: Task) -> Painted:
            task.total = total
            return Painted.of(heatmap(side.source, request, task), ramp, limits)

        self.submit(work, done, slot=slot)

    def _view_changed(self) -> None:
        """Another part is seen, or in other pixels: ask for the picture of it, unless it is there already."""
        spec, overview = self._spec, self._plot.overview
        if spec is None or overview is None or not self.isVisible():
            return
        if not self._plot.is_whole:
            self._ask_detail(spec)
            return
        self._plot.set_detail(None)
        if not _fits(overview.heatmap, self._plot.pixels()):
            self._ask_overview(spec)

    def _recolour(self) -> None:
        from ckpt_studio.gui.views.colours import Painted

        overview, ramp = self._plot.overview, self._ramp.currentData()
        if overview is not None:
            found = overview.heatmap
            self.submit(lambda task: Painted.of(found, ramp), self._overview_drawn, slot="colours")

    @property
    def _picture(self) -> Heatmap | None:
        """What is seen."""
        painted = self._plot.detail or self._plot.overview
        return None if painted is None else painted.heatmap

    # ---- the pointer

    def _pointed(self, spot: tuple[int, int] | None) -> None:
        self._spot = spot
        if spot is None:
            self._pointer.stop()
            self._readout.clear()
        else:
            self._pointer.start()

    def _ask_value(self) -> None:
        subject, spec, spot, picture = self._subject, self._spec, self._spot, self._picture
        if subject is None or spec is None or spot is None or picture is None:
            return
        side, (row, column) = self.side(subject), spot

        def work(task: Task) -> Any:
            return spec.read(side.source, side.key, slice(row, row + 1), slice(column, column + 1))[0, 0]

        def said(value: Any) -> None:
            if self._spot == spot:
                index = ", ".join(f"{i:,}" for i in spec.index(row, column))
                self._readout.setText(
                    f"[{index}] = {number_text(value)}{self._block_text(picture, row, column)}"
                )

        self._tasks["pointer"] = self._session.bridge.submit(
            work, said, lambda error: self._readout.clear(), owner=self, slot="pointer"
        )

    def _block_text(self, picture: Heatmap, row: int, column: int) -> str:
        """What the pixel stands for, where it stands for more than one element."""
        import numpy as np

        down = int(np.searchsorted(picture.row_edges, row, "right")) - 1
        across = int(np.searchsorted(picture.column_edges, column, "right")) - 1
        if not (0 <= down < picture.values.shape[0] and 0 <= across < picture.values.shape[1]):
            return ""
        height = int(picture.row_edges[down + 1] - picture.row_edges[down])
        width = int(picture.column_edges[across + 1] - picture.column_edges[across])
        if height * width == 1:
            return ""
        parts = []
        if np.isfinite(picture.values[down, across]):
            low, high = picture.minimum[down, across], picture.maximum[down, across]
            parts.append(self.tr("{0} to {1}").format(number_text(low), number_text(high)))
        parts += ["NaN"] if picture.nan_mask[down, across] else []
        parts += ["Inf"] if picture.inf_mask[down, across] else []
        block = self.tr("pixel of {0:,} × {1:,} elements").format(height, width)
        return f"    {block}: {', '.join(parts)}"

    # ---- taking along

    def drawing(self) -> QWidget:
        return self._figure

    def table(self) -> tuple[str, NDArray[Any]]:
        return "", self.array()

    def array(self) -> NDArray[Any]:
        import numpy as np

        picture = self._picture
        return np.empty((0, 0)) if picture is None else picture.values


def _same_extent(before: object, spec: SliceSpec) -> bool:
    return (getattr(before, "rows", None), getattr(before, "columns", None)) == (spec.rows, spec.columns)


def _fits(picture: Heatmap, pixels: tuple[int, int]) -> bool:
    """Whether a picture has as many pixels as it could have."""
    spans = (picture.request.rows, picture.request.columns)
    wanted = tuple(min(stop - start, count) for (start, stop), count in zip(spans, pixels, strict=True))
    return picture.values.shape == wanted
