"""What a plot shows: curves, steps, lines, bands and pictures, one over the other."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPainterPath, QPen, QPolygonF

from ckpt_studio.gui.plots.colours import Colour, faded

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ckpt_studio.gui.plots.frame import Frame

_CROWDED: Final = 4
"""More points than this a pixel are thinned out."""
_DOT: Final = 5.0


class Layer(ABC):
    """Something drawn. A subclass draws itself in `paint` and calls `changed` when it looks different.

    Attributes:
        visible: whether it is drawn.
        over: whether it is drawn again with each move of the pointer, over the other layers, which then are not.
    """

    over = False

    def __init__(self) -> None:
        self.visible = True
        self.told: Callable[[Layer], object] | None = None

    @abstractmethod
    def paint(self, painter: QPainter, frame: Frame) -> None:
        """Draw it; what is outside of the frame's area is cut off."""

    def changed(self) -> None:
        """Have the plot draw it again."""
        if self.told is not None:
            self.told(self)

    def show(self, visible: bool = True) -> None:
        """Draw it from now on, or do not."""
        if visible != self.visible:
            self.visible = visible
            self.changed()


class Curve(Layer):
    """A line through points of rising x; NaN leaves a gap. With `dots`, points are marked where there is room.

    With `fill`, so much of the colour lies between the line and `floor`.
    """

    def __init__(
        self, colour: Colour, width: float = 1.5, dots: bool = False, fill: float = 0.0, floor: float = 0.0
    ) -> None:
        super().__init__()
        self._colour, self._width, self._dots = colour, width, dots
        self._fill, self._floor = fill, floor
        self._x: NDArray[Any] | None = None
        self._y: NDArray[Any] | None = None

    def set_points(self, x: NDArray[Any] | None, y: NDArray[Any] | None) -> None:
        """Draw these, arrays [points]; None for nothing."""
        self._x, self._y = x, y
        self.changed()

    def paint(self, painter: QPainter, frame: Frame) -> None:
        x, y = self._pixels(frame)
        colour = self._colour(frame.colours)
        # smoothing up and down strokes of a crowded line takes ten times as long and looks the same
        crowded = len(x) > frame.area.width()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, not crowded)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for line in _unbroken(x, y):
            if self._fill:
                painter.fillPath(_down_to(line, frame.down(self._floor)), faded(colour, self._fill))
            painter.setPen(QPen(colour, 1 if crowded else self._width, j=Qt.PenJoinStyle.RoundJoin))
            painter.drawPolyline(line) if line.size() > 1 else painter.drawPoint(line.first())
        if self._dots and len(x) * 3 * _DOT < frame.area.width():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            for across, down in zip(x.tolist(), y.tolist(), strict=True):
                if down == down:
                    painter.drawEllipse(QPointF(across, down), _DOT / 2, _DOT / 2)

    def _pixels(self, frame: Frame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What is seen of it, with the point before and the one behind."""
        import numpy as np

        from ckpt_studio.gui.plots.decimate import least_and_largest

        if self._x is None or self._y is None:
            return np.empty(0), np.empty(0)
        low, high = frame.x.view
        first = max(int(np.searchsorted(self._x, low)) - 1, 0)
        last = int(np.searchsorted(self._x, high, "right")) + 1
        x, y = self._x[first:last], self._y[first:last]
        if len(x) > _CROWDED * frame.area.width():
            x, y = least_and_largest(x, y, frame.columns())
        return frame.all_across(x), self._down(frame, y)

    def _down(self, frame: Frame, y: NDArray[Any]) -> NDArray[np.float64]:
        """The pixels of these values."""
        return frame.all_down(y)


class Steps(Layer):
    """Bins as a staircase: filled (`fill` is how much of the colour), outlined, or both."""

    def __init__(self, colour: Colour, fill: float = 0.0, width: float = 1.0) -> None:
        super().__init__()
        self._colour, self._fill, self._width = colour, fill, width
        self._edges: NDArray[np.float64] | None = None
        self._heights: NDArray[Any] | None = None
        self._floor = 0.0

    def set_steps(
        self, edges: NDArray[np.float64] | None, heights: NDArray[Any] | None, floor: float = 0.0
    ) -> None:
        """Draw bins from `edges[i]` to `edges[i + 1]`, from `floor` up to `heights[i]`; None for nothing."""
        self._edges, self._heights, self._floor = edges, heights, floor
        self.changed()

    def paint(self, painter: QPainter, frame: Frame) -> None:
        if self._edges is None or self._heights is None or not len(self._heights):
            return
        path = staircase(frame, self._edges, self._heights, self._floor)
        colour = self._colour(frame.colours)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        if self._fill:
            painter.fillPath(path, faded(colour, self._fill))
        if self._width:
            painter.strokePath(path, QPen(colour, self._width))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)


def staircase(frame: Frame, edges: NDArray[np.float64], heights: NDArray[Any], floor: float) -> QPainterPath:
    """The closed outline of the bins that are seen; bins narrower than a pixel are put together."""
    import numpy as np

    from ckpt_studio.gui.plots.decimate import largest_of_bins

    low, high = frame.x.view
    first = max(int(np.searchsorted(edges, low, "right")) - 1, 0)
    last = min(int(np.searchsorted(edges, high)), len(heights))
    path = QPainterPath()
    if last <= first:
        return path
    x, tops = frame.all_across(edges[first : last + 1]), heights[first:last]
    if frame.x.inverted:
        x, tops = x[::-1], tops[::-1]
    if len(tops) > frame.area.width() * frame.ratio:
        x, tops = largest_of_bins(x, tops)
    ground = frame.down(floor)
    y = np.nan_to_num(frame.all_down(tops), nan=ground)
    xs = np.repeat(x, 2)
    ys = np.concatenate([[ground], np.repeat(y, 2), [ground]])
    path.addPolygon(_polygon(xs, ys))
    path.closeSubpath()
    return path


class Lines(Layer):
    """Lines across the whole picture at some values, each with a word at its end."""

    def __init__(self, colour: Colour, orientation: Qt.Orientation = Qt.Orientation.Vertical) -> None:
        super().__init__()
        self._colour, self._upright = colour, orientation == Qt.Orientation.Vertical
        self._lines: tuple[tuple[float, str], ...] = ()

    def set_lines(self, *lines: tuple[float, str]) -> None:
        """Draw a line at each (value, word)."""
        self._lines = lines
        self.changed()

    def paint(self, painter: QPainter, frame: Frame) -> None:
        area, metrics = frame.area, painter.fontMetrics()
        colour = self._colour(frame.colours)
        taken = -1e9
        for value, word in sorted(self._lines):
            at = frame.across(value) if self._upright else frame.down(value)
            painter.setPen(QPen(colour, 1, Qt.PenStyle.DashLine))
            if self._upright:
                painter.drawLine(QPointF(at, area.top()), QPointF(at, area.bottom()))
            else:
                painter.drawLine(QPointF(area.left(), at), QPointF(area.right(), at))
            if not word:
                continue
            painter.setPen(colour)
            width = metrics.horizontalAdvance(word)
            if self._upright:
                left = at + 3 if at + 3 + width < area.right() else at - 3 - width
                if left <= taken + 2:
                    continue  # it would stand on another one
                taken = left + width
                _write(painter, frame, QPointF(left, area.top() + 1), word)
            else:
                _write(painter, frame, QPointF(area.right() - width - 4, at - 2 - metrics.height()), word)


def _write(painter: QPainter, frame: Frame, corner: QPointF, word: str) -> None:
    """A word on a ground of its own, so that it can be read over anything."""
    metrics = painter.fontMetrics()
    ground = QRectF(corner.x() - 1, corner.y(), metrics.horizontalAdvance(word) + 2, metrics.height())
    painter.fillRect(ground, faded(frame.colours.base, 0.75))
    painter.drawText(corner + QPointF(0, metrics.ascent()), word)


class Band(Layer):
    """A shade over a range of x, or of y, or over a rectangle of both, such as what is pointed at or chosen."""

    over = True

    def __init__(self, colour: Colour, fill: float = 0.14, outline: bool = False) -> None:
        super().__init__()
        self._colour, self._fill, self._outline = colour, fill, outline
        self._x: tuple[float, float] | None = None
        self._y: tuple[float, float] | None = None

    def set_band(self, x: tuple[float, float] | None = None, y: tuple[float, float] | None = None) -> None:
        """Shade this; without a range, all along that axis; without both, nothing."""
        self._x, self._y = x, y
        self.changed()

    def paint(self, painter: QPainter, frame: Frame) -> None:
        if self._x is None and self._y is None:
            return
        left, right = self._x or frame.x.view
        top, bottom = self._y or frame.y.view
        rect = frame.rect(left, top, right, bottom)
        rect.setWidth(max(rect.width(), 1.0))
        rect.setHeight(max(rect.height(), 1.0))
        colour = self._colour(frame.colours)
        painter.fillRect(rect, faded(colour, self._fill))
        if self._outline:
            painter.setPen(QPen(colour, 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(rect)


class Picture(Layer):
    """An image whose pixels lie over a rectangle of values, on linear axes. Pixels stay sharp when they grow large.

    An x to the right and a y downwards (`inverted`) show the image upright.
    """

    def __init__(self) -> None:
        super().__init__()
        self._image: QImage | None = None
        self._place = QRectF()

    def set_image(self, image: QImage | None, place: QRectF | None = None) -> None:
        """Draw this over `place`, (x, y, width, height) in values; None for nothing.

        An image over memory of an array lives only as long as the array: hand over one that owns its pixels, or keep
        the array as long as this layer shows it.
        """
        self._image, self._place = image, place or QRectF()
        self.changed()

    def paint(self, painter: QPainter, frame: Frame) -> None:
        image, place = self._image, self._place
        if image is None or image.isNull() or not place.width() or not place.height():
            return
        wide, high = place.width() / image.width(), place.height() / image.height()
        left, right = _seen_pixels(frame.x.view, place.left(), wide, image.width())
        top, bottom = _seen_pixels(frame.y.view, place.top(), high, image.height())
        if left >= right or top >= bottom:
            return
        target = frame.rect(
            place.left() + left * wide,
            place.top() + top * high,
            place.left() + right * wide,
            place.top() + bottom * high,
        )
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.drawImage(target, image, QRectF(left, top, right - left, bottom - top))


def _seen_pixels(view: tuple[float, float], start: float, step: float, count: int) -> tuple[int, int]:
    """First and last pixel of an image that is seen; the drawing engine is imprecise with far larger ones."""
    first = min(max((view[0] - start) / step, 0.0), float(count))
    last = min(max((view[1] - start) / step, 0.0), float(count))
    return int(first), min(int(last) + 1, count)


def _polygon(x: NDArray[np.float64], y: NDArray[np.float64]) -> QPolygonF:
    return QPolygonF([QPointF(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)])


def _unbroken(x: NDArray[np.float64], y: NDArray[np.float64]) -> list[QPolygonF]:
    """The parts of a line between its gaps."""
    import numpy as np

    there = np.isfinite(y) & np.isfinite(x)
    turns = np.flatnonzero(np.diff(there.astype(np.int8), prepend=0, append=0))
    return [_polygon(x[a:b], y[a:b]) for a, b in zip(turns[::2], turns[1::2], strict=True)]


def _down_to(line: QPolygonF, ground: float) -> QPainterPath:
    path = QPainterPath(QPointF(line.first().x(), ground))
    for place in range(line.size()):
        path.lineTo(line.at(place))
    path.lineTo(line.last().x(), ground)
    path.closeSubpath()
    return path
