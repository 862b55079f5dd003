"""The pointer of tests, whose moves reach the window they are meant for, whatever lies on the screen beside it.

`QTest.mouseMove` of a widget sets the cursor of the whole screen instead: the move then goes to whichever window lies
there, and there is none where the cursor was already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QCursor, QWindow
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

LEFT = Qt.MouseButton.LeftButton
NONE = Qt.KeyboardModifier.NoModifier


def move_pointer(widget: QWidget, point: QPoint) -> None:
    """Move it to a point of a widget that is shown, past a point beside it."""
    window, at = _place(widget, point)
    for step in (at + QPoint(0, 1), at):
        _move(window, step)


@contextmanager
def pressed(
    widget: QWidget,
    point: QPoint,
    button: Qt.MouseButton = LEFT,
    keys: Qt.KeyboardModifier = NONE,
) -> Iterator[Callable[[QPoint], None]]:
    """Hold a button down from this point on; what is given moves the pointer, and it is let go where that led."""
    window, last = _place(widget, point)
    QTest.mousePress(window, button, keys, last)

    def move(to: QPoint) -> None:
        nonlocal last
        last = _place(widget, to)[1]
        _move(window, last)

    yield move
    QTest.mouseRelease(window, button, keys, last)


def double_click(widget: QWidget, point: QPoint) -> None:
    """With the left button; `QTest.mouseDClick` of a widget leaves it down for what comes after."""
    window, at = _place(widget, point)
    QTest.mouseDClick(window, LEFT, NONE, at)


def _move(window: QWindow, point: QPoint) -> None:
    QCursor.setPos(window.mapToGlobal(point))
    QTest.mouseMove(window, point)


def _place(widget: QWidget, point: QPoint) -> tuple[QWindow, QPoint]:
    window = widget.window()
    return window.windowHandle(), widget.mapTo(window, point)
