"""Where Tab goes in a main window: as it is read, and only to what is seen.

Qt goes by the order in which widgets were made, which is that of the start and of first looks, and it goes into docks
that lie behind others.
"""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabBar, QWidget

_AREAS = (
    Qt.DockWidgetArea.TopDockWidgetArea, Qt.DockWidgetArea.LeftDockWidgetArea,
    Qt.DockWidgetArea.NoDockWidgetArea, Qt.DockWidgetArea.BottomDockWidgetArea,
    Qt.DockWidgetArea.RightDockWidgetArea,
)  # fmt: skip
"""As they are read; what is in no area is in the middle."""


def next_stop(window: QMainWindow, forward: bool) -> QWidget | None:
    """The widget that is to have the keyboard after the one that has it now, or None where there is none."""
    stops, now = list(_stops_of_window(window)), window.focusWidget()
    if not stops:
        return None
    if now not in stops:
        return stops[0 if forward else -1]
    return stops[(stops.index(now) + (1 if forward else -1)) % len(stops)]


def _stops_of_window(window: QMainWindow) -> Iterator[QWidget]:
    seen = [part for part in _shown_in(window) if not part.visibleRegion().isEmpty()]
    docks = [part for part in seen if isinstance(part, QDockWidget)]

    def place(part: QWidget) -> tuple[int, int, int]:
        area = Qt.DockWidgetArea.NoDockWidgetArea
        if isinstance(part, QDockWidget):
            area = window.dockWidgetArea(part)
        elif isinstance(part, QTabBar):  # of docks: the one in front begins where it ends
            below = part.geometry().adjusted(0, 0, 0, part.height())
            area = next((window.dockWidgetArea(d) for d in docks if d.geometry().intersects(below)), area)
        return _AREAS.index(area), part.y(), part.x()

    for part in sorted(seen, key=place):
        yield from _stops(part)


def _stops(widget: QWidget) -> Iterator[QWidget]:
    if widget.isEnabled() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.focusProxy() is None:
        yield widget
    for inner in _as_read(_shown_in(widget)):
        yield from _stops(inner)


def _shown_in(widget: QWidget) -> list[QWidget]:
    # neither children() nor the items of a layout: asked for those, PySide loses objects that it knew
    inner = QWidget.findChildren(widget, QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)
    return [child for child in inner if child.isVisible() and not child.isWindow()]


def _as_read(widgets: list[QWidget]) -> Iterator[QWidget]:
    """Line by line; what begins above the middle of a line's first widget stands in that line."""
    line: list[QWidget] = []
    for widget in sorted(widgets, key=QWidget.y):
        if line and widget.y() >= line[0].geometry().center().y():
            yield from sorted(line, key=_across)
            line = []
        line.append(widget)
    yield from sorted(line, key=_across)


def _across(widget: QWidget) -> tuple[int, int]:
    return widget.x(), widget.y()
