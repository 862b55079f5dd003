"""Asks for the pictures of a heatmap in the background: all of the plane, what is seen, and how its values spread.

The picture that is there stays until a better one comes, and a newer wish takes the place of an older one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, QTimer, Signal

from ckpt_studio.analysis.heatmap import HeatmapRequest, Refinement
from ckpt_studio.analysis.spread import Spread, spread
from ckpt_studio.gui.views.colours import Limits, Painted
from ckpt_studio.gui.views.heatmap_controls import HeatmapControls
from ckpt_studio.gui.views.heatmap_plot import HeatmapPlot, Span

if TYPE_CHECKING:
    from ckpt_studio.analysis.ahead import Ahead
    from ckpt_studio.analysis.planes import Plane
    from ckpt_studio.core.tasks import Task
    from ckpt_studio.gui.views.subject import Side
    from ckpt_studio.gui.views.view import TensorView

_LOOK_MS: Final = 30
"""While a person moves about, what is seen is asked for so often."""
_MARGIN: Final = 0.2
"""So much more than is seen is read on each side, so that a moved picture has no unsharp edge."""


class Pictures(QObject):
    """The pictures of one plane of one variable; `changed` is emitted when there is another one."""

    changed = Signal()

    def __init__(self, view: TensorView, ahead: Ahead, plot: HeatmapPlot, controls: HeatmapControls) -> None:
        super().__init__(view)
        self._ahead = ahead
        self._view, self._submit = view, view.submit
        self._plot, self._controls = plot, controls
        self._side: Side | None = None
        self._plane: Plane | None = None
        self._fresh = False
        self._asked: HeatmapRequest | None = None
        self._spread: Spread | None = None
        self._spread_of: tuple[str, Plane] | None = None
        self._rest = QTimer(self, singleShot=True, interval=_LOOK_MS)
        self._rest.timeout.connect(self._look)
        plot.seenChanged.connect(self._seen_changed)
        controls.coloursChanged.connect(self._recolour)

    @property
    def shown(self) -> Painted | None:
        """What is seen."""
        return self._plot.detail or self._plot.overview

    @property
    def spread(self) -> Spread | None:
        """How the values of the plane are spread, if that is known."""
        known = self._side is not None and self._spread_of == (self._side.identity, self._plane)
        return self._spread if known else None

    # ---- all of the plane

    def begin(self, side: Side, plane: Plane) -> None:
        """Ask for the pictures of a plane; those of the one before stay until they come."""
        self._side, self._plane, self._fresh, self._asked = side, plane, True, None
        self._ask_all()

    def forget(self) -> None:
        """Let go of the variable and its pictures."""
        self._side = self._plane = self._asked = self._spread = self._spread_of = None
        self._plot.begin(1, 1, None)

    def _ask_all(self) -> None:
        assert self._side is not None
        assert self._plane is not None
        reduce = self._controls.reduce
        request = HeatmapRequest.whole(self._side.key, self._plane, self._plot.pixels(), reduce)
        self._refine("overview", request, self._drawn_all)

    def _refine(
        self,
        slot: str,
        request: HeatmapRequest,
        draw: Callable[[Painted], object],
        before: Refinement | None = None,
    ) -> None:
        """Ask for the next picture of a request, and then for the one after, until it is exact."""
        side = self._side
        assert side is not None
        colouring, known, overview = self._controls.colouring, self.spread, self._plot.overview
        own = slot == "overview" or overview is None or colouring.limits is Limits.seen
        ahead = self._ahead

        def work(task: Task) -> tuple[Refinement, Painted]:
            # what is seen lies over the picture of everything, which is rough enough
            whole = slot == "overview"
            ready = ahead.find(side.source, request) if whole else None
            refinement = before or Refinement(side.source, request, rough=whole, ready=ready)
            task.total, task.done = refinement.total, refinement.done
            picture = refinement.step(task)
            tone = colouring.tone(picture, known) if own or overview is None else overview.tone
            return refinement, Painted.of(picture, tone)

        def done(answer: tuple[Refinement, Painted]) -> None:
            refinement, painted = answer
            if slot == "detail" and request is not self._asked:
                return  # something else is seen by now
            if not refinement.exact:
                self._refine(slot, request, draw, refinement)
            draw(painted)
            if colouring != self._controls.colouring:
                self._recolour()

        self._submit(work, done, slot=slot)

    def _drawn_all(self, painted: Painted) -> None:
        if self._fresh:
            self._fresh = False
            self._plot.set_detail(None)
        self._plot.set_overview(painted)
        self.changed.emit()
        self._match_detail()
        self._look()
        if painted.heatmap.exact and self.spread is None:
            self._ask_spread()

    def _ask_spread(self) -> None:
        side, plane = self._side, self._plane
        assert side is not None
        assert plane is not None

        def done(found: Spread) -> None:
            self._spread, self._spread_of = found, (side.identity, plane)
            if self._controls.colouring.limits.value > 0:
                self._recolour()
            else:
                self.changed.emit()

        self._submit(lambda task: spread(side.source, side.key, plane, task), done, slot="spread")

    # ---- what is seen

    def _seen_changed(self) -> None:
        if not self._rest.isActive():  # not put off, or nothing would come while a person drags on
            self._rest.start()

    def _look(self) -> None:
        """Ask for what is seen, if it is not there already in as many pixels as there are."""
        overview = self._plot.overview
        if overview is None or self._plane is None or not self._plot.isVisible():
            return
        pixels = self._plot.pixels()
        if self._plot.is_whole:
            self._plot.set_detail(None)
            self._asked = None
            settled = overview.heatmap.exact and not self._view.shows_progress
            if settled and not overview.heatmap.fills(pixels):
                self._ask_all()
            return
        seen = self._plot.seen()
        enough = overview.heatmap.elements is not None and self._controls.colouring.limits is not Limits.seen
        if enough or (self._asked is not None and _suits(self._asked, seen, pixels)):
            return  # it is there or on its way
        spans, counts = zip(
            *(
                _widened(span, count, extent)
                for span, count, extent in zip(
                    seen, pixels, (self._plane.rows, self._plane.columns), strict=True
                )
            ),
            strict=True,
        )
        assert self._side is not None
        self._asked = request = HeatmapRequest(
            self._side.key, self._plane, spans[0], spans[1], (counts[0], counts[1]), self._controls.reduce
        )
        self._refine("detail", request, self._drawn_detail)

    def _drawn_detail(self, painted: Painted) -> None:
        self._plot.set_detail(None if self._plot.is_whole else painted)
        self.changed.emit()
        self._match_detail()

    # ---- colours

    def _match_detail(self) -> None:
        """Give what is seen the colours of the whole, if it was painted in others."""
        overview, detail = self._plot.overview, self._plot.detail
        seen = self._controls.colouring.limits is Limits.seen
        if overview is None or detail is None or seen or detail.tone == overview.tone:
            return
        tone, picture = overview.tone, detail.heatmap
        self._submit(lambda task: Painted.of(picture, tone), self._drawn_detail, slot="colours")

    def _recolour(self) -> None:
        overview, detail = self._plot.overview, self._plot.detail
        if overview is None:
            return
        colouring, known = self._controls.colouring, self.spread
        whole, part = overview.heatmap, None if detail is None else detail.heatmap

        def work(task: Task) -> tuple[Painted, Painted | None]:
            tone = colouring.tone(whole, known)
            mine = (
                tone if part is None or colouring.limits is not Limits.seen else colouring.tone(part, known)
            )
            return Painted.of(whole, tone), None if part is None else Painted.of(part, mine)

        def done(both: tuple[Painted, Painted | None]) -> None:
            if self._plot.overview is overview:
                self._plot.set_overview(both[0])
            if self._plot.detail is detail:
                self._plot.set_detail(both[1])
            self.changed.emit()
            self._look()

        self._submit(work, done, slot="colours")

    # ---- what is shown, to take along

    def array(self) -> Any:
        """What is seen: elements in their own type where there is one a pixel, else what stands for them."""
        import numpy as np

        painted = self.shown
        if painted is None:
            return np.empty((0, 0))
        picture = painted.heatmap
        found = picture.values if picture.elements is None else picture.elements
        parts = []
        for edges, (start, stop) in zip(
            (picture.row_edges, picture.column_edges), self._plot.seen(), strict=True
        ):
            first = int(np.searchsorted(edges, start, "right")) - 1
            parts.append(slice(max(first, 0), int(np.searchsorted(edges, stop, "left"))))
        return found[parts[0], parts[1]]


def _widened(span: Span, pixels: int, extent: int) -> tuple[Span, int]:
    """A little more than is seen, and its pixels: rather too few, so that drawing leaves none out."""
    start, stop = span
    margin = int((stop - start) * _MARGIN)
    wide = max(0, start - margin), min(extent, stop + margin)
    count = int(pixels * (wide[1] - wide[0]) / (stop - start) * 0.99)
    return wide, max(1, count)


def _suits(request: HeatmapRequest, seen: tuple[Span, Span], pixels: tuple[int, int]) -> bool:
    """Whether a picture covers what is seen, as finely as the screen can show it."""
    spans = (request.rows, request.columns)
    for (start, stop), (first, last), most, want in zip(seen, spans, request.out_shape, pixels, strict=True):
        if start < first or stop > last:
            return False
        finest = max(1.0, (stop - start) / want)
        if not finest * 0.6 <= (last - first) / min(last - first, most) <= finest * 1.1:
            return False
    return True
