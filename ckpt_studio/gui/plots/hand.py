"""What pointer, wheel and keys do to a plot: move, zoom, choose a range, show all again."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Final, TypeVar

from PySide6.QtCore import QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from ckpt_studio.gui.plots.axis import Axis
from ckpt_studio.gui.plots.frame import Frame

T = TypeVar("T")

_CLICK: Final = 4.0
"""A pointer that moved less than so many pixels has clicked, not dragged."""
_NEARER: Final = 0.8
_NOTCH: Final = 120
_ZOOMS: Final[dict[int, float]] = {
    Qt.Key.Key_Plus: _NEARER, Qt.Key.Key_Equal: _NEARER, Qt.Key.Key_Minus: 1 / _NEARER
}  # fmt: skip
_MOVES: Final[dict[int, tuple[float, float]]] = {
    Qt.Key.Key_Left: (-0.1, 0), Qt.Key.Key_Right: (0.1, 0), Qt.Key.Key_Up: (0, -0.1), Qt.Key.Key_Down: (0, 0.1),
    Qt.Key.Key_PageUp: (0, -0.9), Qt.Key.Key_PageDown: (0, 0.9),
}  # fmt: skip


class Drag(Enum):
    """What dragging with the left button does; with Shift, and with the middle button, it is the other of the two."""

    move = "move"
    """Moves the picture; with Shift, zooms into a box."""
    zoom = "zoom"
    """Zooms into a box; with Shift, moves the picture."""
    choose = "choose"
    """Chooses a box, which `Plot.chosen` tells; with Shift, moves the picture."""


class Hand(QObject):
    """Holds what is being dragged over one plot, and changes what its axes show.

    Attributes:
        drag: what dragging does.
    """

    seen = Signal()
    """An axis shows another part."""
    chosen = Signal(object)
    clicked = Signal(object)
    """Both as those of `Plot`."""

    def __init__(self, plot: QWidget, frame: Callable[[], Frame]) -> None:
        super().__init__(plot)
        self.drag = Drag.move
        self._plot = plot
        self._frame = frame
        self._from: QPointF | None = None
        self._last = QPointF()
        self._drag: Drag | None = None
        self._box: QRectF | None = None

    @property
    def box(self) -> QRectF | None:
        """The box that is being drawn, in pixels."""
        return self._box

    def press(self, event: QMouseEvent) -> None:
        """A button went down."""
        middle = event.button() == Qt.MouseButton.MiddleButton
        if event.button() != Qt.MouseButton.LeftButton and not middle:
            return
        if not self._frame().area.contains(event.position()):
            return
        other = middle or bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        usual = self.drag
        if other:
            self._drag = Drag.zoom if usual is Drag.move else Drag.move
        else:
            self._drag = usual
        self._from = self._last = event.position()

    def move(self, event: QMouseEvent) -> bool:
        """The pointer moved; whether it drags something."""
        start, now = self._from, event.position()
        if start is None or self._drag is None:
            return False
        if self._box is None and self._last == start and (now - start).manhattanLength() < _CLICK:
            return False
        if self._drag is Drag.move:
            self._plot.setCursor(Qt.CursorShape.ClosedHandCursor)
            self._shift(now - self._last)
        else:
            self._plot.setCursor(Qt.CursorShape.CrossCursor)
            self._box = self._between(start, now)
            self._plot.update()
        self._last = now
        return True

    def release(self, event: QMouseEvent) -> None:
        """A button went up."""
        start, box, drag, last = self._from, self._box, self._drag, self._last
        self.let_go()
        if start is None:
            return
        if box is not None:
            if drag is Drag.choose:
                self.chosen.emit(self._values(box))
            else:
                left, top, right, bottom = self._values(box)
                self._each(lambda axis, ends: axis.show(*ends), ((left, right), (top, bottom)))
        elif last == start:
            self.clicked.emit(self._frame().at(start))

    def let_go(self) -> None:
        """Drag nothing any more."""
        self._from = self._drag = self._box = None
        self._plot.unsetCursor()
        self._plot.update()

    def wheel(self, event: QWheelEvent) -> bool:
        """The wheel turned: zoom around the pointer; over the numbers of an axis, only that axis."""
        turned = event.angleDelta().y() or event.angleDelta().x()
        if not turned:
            return False
        frame, point = self._frame(), event.position()
        factor = _NEARER ** (turned / _NOTCH)
        over_y, over_x = point.x() < frame.area.left(), point.y() > frame.area.bottom()
        for axis, spared in ((frame.x, over_y), (frame.y, over_x)):
            if axis.zooms and not spared:
                axis.zoom(factor, self._part(axis, point))
        self.seen.emit()
        return True

    def key(self, event: QKeyEvent) -> bool:
        """A key went down; whether it meant something."""
        key = event.key()
        if key in (Qt.Key.Key_0, Qt.Key.Key_Home):
            self.reset()
        elif key in _ZOOMS:
            self._each(lambda axis, factor: axis.zoom(factor), (_ZOOMS[key], _ZOOMS[key]))
        elif key in _MOVES:
            self._each(lambda axis, part: axis.move(-part if axis.inverted else part), self._turned(key))
        elif key == Qt.Key.Key_Escape and self._box is not None:
            self.let_go()
        else:
            return False
        return True

    @staticmethod
    def _turned(key: int) -> tuple[float, float]:
        across, down = _MOVES[key]
        return across, -down  # y grows upwards, if its axis is not inverted

    def reset(self) -> None:
        """See all there is."""
        frame = self._frame()
        frame.x.reset()
        frame.y.reset()
        self.seen.emit()

    def _each(self, do: Callable[[Axis, T], None], parts: tuple[T, T]) -> None:
        frame = self._frame()
        for axis, part in zip((frame.x, frame.y), parts, strict=True):
            if axis.zooms:
                do(axis, part)
        self.seen.emit()

    def _shift(self, by: QPointF) -> None:
        area = self._frame().area
        across, down = -by.x() / max(area.width(), 1), by.y() / max(area.height(), 1)
        self._each(lambda axis, part: axis.move(-part if axis.inverted else part), (across, down))

    def _part(self, axis: Axis, point: QPointF) -> float:
        frame = self._frame()
        if axis is frame.x:
            part = (point.x() - frame.area.left()) / max(frame.area.width(), 1)
            return 1 - part if axis.inverted else part
        part = (point.y() - frame.area.top()) / max(frame.area.height(), 1)
        return part if axis.inverted else 1 - part

    def _between(self, start: QPointF, now: QPointF) -> QRectF:
        frame = self._frame()
        box = QRectF(start, now).normalized()
        if not frame.x.zooms:
            box.setLeft(frame.area.left())
            box.setRight(frame.area.right())
        if not frame.y.zooms:
            box.setTop(frame.area.top())
            box.setBottom(frame.area.bottom())
        return box & frame.area

    def _values(self, box: QRectF) -> tuple[float, float, float, float]:
        """(left, top, right, bottom) in values, each pair rising."""
        frame = self._frame()
        (x1, y1), (x2, y2) = frame.at(box.topLeft()), frame.at(box.bottomRight())
        return min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)
