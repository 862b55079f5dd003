"""A plot: layers between two axes, drawn on a QWidget, that is moved, zoomed and read with pointer and keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, QSize, QSizeF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from ckpt_studio.gui.plots.axis import Axis
from ckpt_studio.gui.plots.colours import PlotColours, faded
from ckpt_studio.gui.plots.frame import Frame
from ckpt_studio.gui.plots.hand import Drag, Hand
from ckpt_studio.gui.plots.layers import Layer
from ckpt_studio.gui.plots.sides import Sides

L = TypeVar("L", bound=Layer)


@contextmanager
def _painting(device: QPixmap | QWidget) -> Iterator[QPainter]:
    """A painter that ends also where a layer raises: Qt ends the process when a device goes that is painted on."""
    painter = QPainter(device)
    try:
        yield painter
    finally:
        painter.end()


_SETTLE_MS: Final = 40
"""A view has to rest this long before `settled` tells of it."""


@contextmanager
def _kept(painter: QPainter) -> Iterator[None]:
    """Give the painter back as it was."""
    painter.save()
    try:
        yield
    finally:
        painter.restore()


class Plot(QWidget):
    """Layers between an x axis below and a y axis at the left.

    Attributes:
        x_axis, y_axis: after changing them, `redraw`.
        crosshair: whether lines through the pointer reach both axes and their values are written there.
    """

    seenChanged = Signal()
    """Another part is seen, or the same on other pixels."""
    settled = Signal()
    """What is seen has rested for a moment after `seenChanged`: time to ask for what costs something."""
    pointed = Signal(object)
    """The values (x, y) under the pointer, None when it is not over the picture."""
    clicked = Signal(object)
    """The values (x, y) of a click."""
    chosen = Signal(object)
    """The values (left, top, right, bottom) of a box, each pair rising; along an axis that does not zoom, all that is
    seen. Only with `Drag.choose`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.x_axis, self.y_axis = Axis(), Axis()
        self.crosshair = False
        self._layers: list[Layer] = []
        self._sides = Sides()
        self._hand = Hand(self, self.frame)
        self._hand.seen.connect(self.tell_seen)
        self._hand.chosen.connect(self.chosen)
        self._hand.clicked.connect(self.clicked)
        self._pointer: QPointF | None = None
        self._drawn: QPixmap | None = None
        self._frame: Frame | None = None
        self._settle = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._settle.timeout.connect(self.settled)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    @property
    def drag(self) -> Drag:
        """What dragging does."""
        return self._hand.drag

    @drag.setter
    def drag(self, drag: Drag) -> None:
        self._hand.drag = drag

    # ---- what it shows

    def add(self, layer: L) -> L:
        """Draw this over what is there already."""
        layer.told = self._layer_changed
        self._layers.append(layer)
        self._layer_changed(layer)
        return layer

    def remove(self, layer: Layer) -> None:
        """Draw it no more."""
        self._layers.remove(layer)
        layer.told = None
        self._layer_changed(layer)

    def set_bounds(self, x: tuple[float, float] | None = None, y: tuple[float, float] | None = None) -> None:
        """All there is along an axis, from now on; all of it is seen."""
        for axis, ends in ((self.x_axis, x), (self.y_axis, y)):
            if ends is not None:
                axis.set_bounds(*ends)
        self.tell_seen()

    def show_part(self, x: tuple[float, float] | None = None, y: tuple[float, float] | None = None) -> None:
        """See this part along an axis, or what of it there is."""
        for axis, ends in ((self.x_axis, x), (self.y_axis, y)):
            if ends is not None:
                axis.show(*ends)
        self.tell_seen()

    def show_all(self) -> None:
        """See all there is."""
        self._hand.reset()

    def tell_seen(self) -> None:
        """An axis shows another part: draw that and tell of it."""
        self.redraw()
        self._settle.start()
        self.seenChanged.emit()

    def redraw(self) -> None:
        """Draw everything again soon."""
        self._drawn = self._frame = None
        self.update()

    # ---- where things are

    def frame(self) -> Frame:
        """Where values are on the screen now."""
        if self._frame is None:
            x, y = self.x_axis, self.y_axis
            room = self._sides.room(x, y, self.fontMetrics(), self.width(), self.height())
            area = QRectF(self.rect()).marginsRemoved(room)
            area.setSize(area.size().expandedTo(QSizeF(1, 1)))
            self._frame = Frame(area, x, y, PlotColours.of(self.palette()), self.devicePixelRatioF())
        return self._frame

    def pixels(self) -> tuple[int, int]:
        """Device pixels of the picture, (down, across)."""
        frame = self.frame()
        return (
            max(1, int(frame.area.height() * frame.ratio)),
            max(1, int(frame.area.width() * frame.ratio)),
        )

    def spot(self, x: float, y: float) -> QPointF:
        """The pixel of the widget where these values are."""
        frame = self.frame()
        return QPointF(frame.across(x), frame.down(y))

    def sizeHint(self) -> QSize:
        return QSize(480, 300)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 110)

    # ---- drawing

    def draw(self, painter: QPainter) -> None:
        """Draw it as it is now at the painter's origin, without what belongs to the pointer; for exports too."""
        frame = self.frame()
        painter.setFont(self.font())
        painter.fillRect(self.rect(), frame.colours.base)
        self._sides.draw_grid(painter, frame)
        with _kept(painter):
            painter.setClipRect(frame.area)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for layer in self._layers:
                if layer.visible and not layer.over:
                    with _kept(painter):
                        layer.paint(painter, frame)
        self._sides.draw(painter, frame, self.width(), self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        ratio = self.devicePixelRatioF()
        if self._drawn is None or self._drawn.devicePixelRatio() != ratio:
            self._frame = None
            self._drawn = QPixmap((self.size().toSizeF() * ratio).toSize())
            self._drawn.setDevicePixelRatio(ratio)
            with _painting(self._drawn) as painter:
                self.draw(painter)
        with _painting(self) as painter:
            painter.drawPixmap(0, 0, self._drawn)
            self._draw_over(painter)

    def _draw_over(self, painter: QPainter) -> None:
        """What moves with the pointer, and the focus."""
        frame = self.frame()
        accent = self.palette().color(QPalette.ColorRole.Highlight)
        with _kept(painter):
            painter.setClipRect(frame.area)
            for layer in self._layers:
                if layer.visible and layer.over:
                    layer.paint(painter, frame)
            if (box := self._hand.box) is not None:
                painter.fillRect(box, faded(accent, 0.2))
                painter.setPen(QPen(accent, 1))
                painter.drawRect(box)
        if self.crosshair and self._pointer is not None:
            self._draw_crosshair(painter, frame, self._pointer)
        if self.hasFocus():
            painter.setPen(QPen(accent, 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(frame.area.adjusted(-1, -1, 0, 0))

    def _draw_crosshair(self, painter: QPainter, frame: Frame, at: QPointF) -> None:
        painter.setPen(QPen(frame.colours.faint, 1, Qt.PenStyle.DotLine))
        painter.drawLine(QLineF(at.x(), frame.area.top(), at.x(), frame.area.bottom()))
        painter.drawLine(QLineF(frame.area.left(), at.y(), frame.area.right(), at.y()))
        self._sides.draw_tags(painter, frame, at)

    def _layer_changed(self, layer: Layer) -> None:
        if layer.over:
            self.update()
        else:
            self.redraw()

    # ---- Qt's events

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.tell_seen()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange, QEvent.Type.EnabledChange):
            self.redraw()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._hand.press(event)
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hand.move(event)
        self._point(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._hand.release(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Show all again."""
        self._hand.let_go()
        self.show_all()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self._hand.wheel(event):
            event.accept()
            self._point(event.position())
        else:
            event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Zoom with + and -, move with the arrows, 0 and Home show all."""
        if not self._hand.key(event):
            super().keyPressEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._point(None)

    def _point(self, position: QPointF | None) -> None:
        frame = self.frame()
        inside = position is not None and frame.area.contains(position)
        self._pointer = position if inside else None
        if self.crosshair:
            self.update()
        self.pointed.emit(frame.at(position) if inside and position is not None else None)
