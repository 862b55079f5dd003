"""The heatmap of a plane: an overview that hides no extreme and no NaN, and detail where a person zooms in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QSplitter, QVBoxLayout, QWidget

from ckpt_studio.gui.dialogs.fields import PlainLabel, named
from ckpt_studio.gui.texts import translate, visible
from ckpt_studio.gui.views.exports import ExportButton
from ckpt_studio.gui.views.subject import Side, Subject, Which
from ckpt_studio.gui.views.view import TensorView

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ckpt_studio.analysis.heatmap import Heatmap
    from ckpt_studio.analysis.planes import Plane, Span
    from ckpt_studio.analysis.statistics import Statistics
    from ckpt_studio.core.errors import CkptStudioError
    from ckpt_studio.core.tasks import Task
    from ckpt_studio.gui.session import Session

_POINTER_MS: Final = 40


class HeatmapView(TensorView):
    """The plane that the slice bar names, of the values that it names.

    `indexWanted` is emitted with the full index of an element that is not in this plane.
    """

    indexWanted = Signal(object)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, "heatmapView", translate("HeatmapView", "Heatmap"), parent)
        named(self, "heatmapView", self.tr("Heatmap"))
        self._plane: Plane | None = None
        self._which = Which.staged
        self._drawn: tuple[str, Plane] | None = None
        self._spot: tuple[int, int] | None = None
        self._wanted: tuple[int, ...] | None = None

    def set_slice(self, plane: Plane | None, which: Which) -> None:
        """Another plane; drawn at the next `present` or `invalidate`. A vector runs across."""
        single = plane is not None and len(plane.shape) == 1
        self._plane = plane.transposed() if single and plane is not None and plane.columns == 1 else plane
        self._which = which

    def present(self, subject: Subject | None) -> None:
        self._wanted = None
        if subject is None and self._built:
            self._drawn = None
            self._pictures.forget()
        super().present(subject)

    def side(self, subject: Subject) -> Side:
        return subject.side(self._which)

    def load(self) -> None:
        from ckpt_studio.analysis import ahead, derived, grids, heatmap, places, spread, statistics  # noqa: F401

    # ---- the parts

    def build(self, content: QWidget) -> None:
        from ckpt_studio.gui.views import heatmap_texts
        from ckpt_studio.gui.views.heatmap_controls import HeatmapControls
        from ckpt_studio.gui.views.heatmap_pictures import Pictures

        self._texts = heatmap_texts
        self._controls = HeatmapControls(content)
        self._controls.add(ExportButton(self._session, "heatmap", self, content))
        self._make_figure(content)
        self._pictures = Pictures(self, self._session.ahead, self._plot, self._controls)
        self._pictures.changed.connect(self._picture_changed)
        self._readout = PlainLabel("heatmapReadout", parent=content)
        self._readout.setWordWrap(False)  # and no wider for its text, or the window would follow the pointer
        self._readout.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._state = PlainLabel("heatmapState", parent=content)
        self._state.setWordWrap(False)
        self._region = PlainLabel("heatmapRegion", parent=content)
        self._region.hide()
        self._pointer = QTimer(self, singleShot=True, interval=_POINTER_MS)
        self._pointer.timeout.connect(self._ask_spot)
        self._connect()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._controls)
        column.addWidget(self._parts, 1)
        below = QHBoxLayout()
        below.addWidget(self._readout, 1)
        below.addWidget(self._state)
        column.addLayout(below)
        column.addWidget(self._region)

    def _make_figure(self, content: QWidget) -> None:
        from ckpt_studio.gui.views.heatmap_bar import ColourBar
        from ckpt_studio.gui.views.heatmap_plot import HeatmapPlot
        from ckpt_studio.gui.views.heatmap_profiles import Profiles

        self._parts = QSplitter(Qt.Orientation.Vertical, content)
        self._parts.setChildrenCollapsible(False)
        self._figure = QWidget(self._parts)
        self._figure.setAutoFillBackground(True)
        self._plot = HeatmapPlot(self._figure)
        named(self._plot, "heatmapPlot", self.tr("Heatmap"))
        self._bar = ColourBar(self._figure)
        figure = QHBoxLayout(self._figure)
        figure.setContentsMargins(0, 0, 0, 0)
        figure.addWidget(self._plot, 1)
        figure.addWidget(self._bar)
        self._lines = Profiles(self._parts)
        self._lines.hide()
        self._parts.setStretchFactor(0, 2)
        self._parts.setStretchFactor(1, 1)

    def _connect(self) -> None:
        controls, plot = self._controls, self._plot
        controls.reduceChanged.connect(self.invalidate)
        controls.fitWanted.connect(plot.show_all)
        controls.nextWanted.connect(self._go_to_next)
        controls.regionsToggled.connect(self._choose_regions)
        controls.profilesToggled.connect(self._show_profiles)
        plot.spotted.connect(self._spotted)
        plot.boxed.connect(self._boxed)
        plot.seenChanged.connect(self._follow)

    # ---- work

    def refresh(self) -> None:
        subject, plane = self._subject, self._plane
        if subject is None or plane is None:
            return
        side = self.side(subject)
        before, self._drawn = self._drawn, (side.key, plane)
        if before is None or before[0] != side.key or not _alike(before[1], plane):
            self._plot.begin(plane.rows, plane.columns, plane.cell_shape)
        self._plot.name_axes(*self._texts.axis_names(plane))
        self._pictures.begin(side, plane)
        self._arrive(plane)
        self._boxed(self._plot.region)
        self._spotted(self._plot.element)

    def _picture_changed(self) -> None:
        painted = self._pictures.shown
        if painted is None:
            return
        self._bar.show_colours(painted, self._pictures.spread)
        picture = painted.heatmap
        self._state.setText("" if picture.exact else self.tr("Rough so far: more is being read"))
        self._plot.setAccessibleDescription(self._texts.described(picture))
        self._show_spot()

    @property
    def _is_drawn(self) -> bool:
        """Whether the whole picture is there, so that what goes wrong beside it need not take its place."""
        painted = self._pictures.shown if self._built else None
        return painted is not None and painted.heatmap.exact and not self._stale

    def _failed(self, error: CkptStudioError) -> None:
        if self._is_drawn:
            self._readout.setText(visible(str(error)))
        else:
            super()._failed(error)

    def _stopped(self) -> None:
        if self._is_drawn:
            self._readout.setText(self.tr("This was stopped before it was done."))
        else:
            super()._stopped()

    # ---- where NaN and Inf are

    def _go_to_next(self, wanted: Literal["nan", "inf"]) -> None:
        import numpy as np

        from ckpt_studio.analysis.places import next_place

        subject, plane = self._subject, self._plane
        if subject is None or plane is None:
            return
        side, spot = self.side(subject), self._plot.pinned
        here = None if spot is None else plane.index(*spot)
        after = -1 if here is None or not here else int(np.ravel_multi_index(here, plane.shape))

        def work(task: Task) -> tuple[int, ...] | None:
            task.total = 2 * side.info.nbytes
            return next_place(side.source, side.key, wanted, after, task)

        def found(index: tuple[int, ...] | None) -> None:
            if index is None:
                name = "NaN" if wanted == "nan" else "Inf"
                self._readout.setText(self.tr("There is no {0} in this variable.").format(name))
            else:
                self.go_to(index)

        self.submit(work, found, slot="next")

    def go_to(self, index: tuple[int, ...]) -> None:
        """Show an element, in another slice if it has to be."""
        self._wanted = index
        plane = self._plane
        if plane is not None and len(index) == len(plane.shape) and plane.place(index) is None:
            self.indexWanted.emit(index)
        elif plane is not None and self._built and not self._stale:
            self._arrive(plane)

    def _arrive(self, plane: Plane) -> None:
        """Show the element that somebody wants to see, if it is in this plane."""
        if self._wanted is not None and len(self._wanted) == len(plane.shape):
            place = plane.place(self._wanted)
            if place is not None:
                self._wanted = None
                self._plot.go_to(*place)

    # ---- one element

    def _spotted(self, spot: tuple[int, int] | None) -> None:
        self._spot = spot
        if spot is None:
            self._pointer.stop()
            self._readout.clear()
            self._bar.set_mark(None)
        elif (not self._show_spot() or self._lines.isVisible()) and not self._pointer.isActive():
            self._pointer.start()

    def _show_spot(self) -> bool:
        """Say what is at the spot, if the picture has it element by element."""
        painted, spot = self._pictures.shown, self._spot
        if painted is None or spot is None or painted.heatmap.elements is None:
            return False
        pixel = painted.heatmap.pixel(*spot)
        if pixel is None:
            return False
        self._say_value(painted.heatmap, spot, painted.heatmap.elements[pixel])
        return True

    def _ask_spot(self) -> None:
        """Read the element at the spot, and its row and column if they are shown."""
        subject, plane, spot, painted = self._subject, self._plane, self._spot, self._pictures.shown
        if subject is None or plane is None or spot is None or painted is None:
            return
        index = plane.index(*spot)
        side, lines = self.side(subject), self._lines.isVisible()
        if index is None:
            self._readout.clear()
            return

        names, seen = self._texts.axis_names(plane), self._plot.seen()

        def work(task: Task) -> tuple[Any, tuple[Heatmap, Heatmap] | None]:
            from ckpt_studio.gui.views.heatmap_profiles import lines_through

            value = side.source.read(side.key, tuple(slice(i, i + 1) for i in index)).reshape(-1)[0]
            return value, lines_through(side.source, side.key, plane, spot, seen, task) if lines else None

        def said(answer: tuple[Any, tuple[Heatmap, Heatmap] | None]) -> None:
            if self._spot == spot:
                self._say_value(painted.heatmap, spot, answer[0])
                if answer[1] is not None:
                    self._lines.show_lines(answer[1], plane, spot, names)
                    self._lines.see(self._plot.y_axis.view, self._plot.x_axis.view)

        self._tasks["pointer"] = self._session.bridge.submit(
            work, said, self._failed, owner=self, slot="pointer"
        )

    def _say_value(self, picture: Heatmap, spot: tuple[int, int], value: Any) -> None:
        index = None if self._plane is None else self._plane.index(*spot)
        if index is None:
            self._readout.clear()
            return
        self._readout.setText(self._texts.element_text(index, value, picture, spot))
        self._bar.set_mark(float(abs(value)) if value.dtype.kind == "c" else float(value))

    # ---- row and column

    def _show_profiles(self, on: bool) -> None:
        self._lines.setVisible(on)
        self._follow()
        if on and self._spot is None:
            self._readout.setText(self.tr("Point at an element to see its row and its column."))
        elif on:
            self._ask_spot()

    def _follow(self) -> None:
        """See the same part of row and column as of the picture."""
        if self._lines.isVisible():
            self._lines.see(self._plot.y_axis.view, self._plot.x_axis.view)
            if self._spot is not None and not self._pointer.isActive():
                self._pointer.start()

    # ---- a region

    def _choose_regions(self, on: bool) -> None:
        self._plot.choose_regions(on)
        if not on:
            self._plot.set_region(None)
        elif self._plot.region is None:
            self._readout.setText(self.tr("Drag over the picture to choose a region."))

    def _boxed(self, box: tuple[Span, Span] | None) -> None:
        self._region.setVisible(box is not None)
        subject, plane = self._subject, self._plane
        if box is None or subject is None or plane is None:
            return
        self._region.setText(f"{self._texts.box_text(box)}: …")
        side = self.side(subject)

        def work(task: Task) -> Statistics:
            from ckpt_studio.analysis.derived import Region
            from ckpt_studio.analysis.statistics import statistics

            region = Region(side.source, side.key, plane, *box)
            task.total = region.columns.of(side.key).nbytes
            return statistics(region, side.key, task)

        def said(found: Statistics) -> None:
            self._region.setText(self._texts.region_text(box, found))

        self.submit(work, said, slot="region")

    # ---- taking along

    def drawing(self) -> QWidget:
        return self._figure

    def table(self) -> tuple[str, NDArray[Any]]:
        return "", self.array()

    def array(self) -> NDArray[Any]:
        found: NDArray[Any] = self._pictures.array()
        return found


def _alike(before: Plane, plane: Plane) -> bool:
    """Whether two planes have the same extent, so that what is seen of one can be seen of the other."""
    return (before.rows, before.columns, type(before)) == (plane.rows, plane.columns, type(plane))
