"""Where Tab goes in a main window: as it is read, and only to what is seen.

Qt goes by the order in which widgets were made, which is that of the start and of first looks, and it goes into docks
that lie behind others.
"""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QLayout, QMainWindow, QSplitter, QTabBar, QTabWidget, QWidget

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
    parts: list[tuple[int, int, int, QWidget]] = []
    for child in window.children():
        if not isinstance(child, QWidget) or child.isWindow() or child.visibleRegion().isEmpty():
            continue
        area = Qt.DockWidgetArea.NoDockWidgetArea
        if isinstance(child, QDockWidget):
            area = window.dockWidgetArea(child)
        elif isinstance(child, QTabBar):
            area = _area_of_tabs(window, child)
        parts.append((_AREAS.index(area), child.y(), child.x(), child))
    for *_, part in sorted(parts, key=lambda part: part[:3]):
        yield from _stops(part)


def _area_of_tabs(window: QMainWindow, tabs: QTabBar) -> Qt.DockWidgetArea:
    """Where the docks are that a tab bar lies above: the one in front begins where it ends."""
    for dock in window.children():
        if isinstance(dock, QDockWidget) and dock.geometry().adjusted(0, -tabs.height(), 0, 0).intersects(
            tabs.geometry()
        ):
            return window.dockWidgetArea(dock)
    return Qt.DockWidgetArea.NoDockWidgetArea


def _stops(widget: QWidget) -> Iterator[QWidget]:
    if not widget.isVisible():
        return
    if widget.isEnabled() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.focusProxy() is None:
        yield widget
    for inner in _inside(widget):
        yield from _stops(inner)


def _inside(widget: QWidget) -> list[QWidget]:
    """The widgets in a widget, as they are read."""
    laid_out = _in_layout(widget.layout())
    if isinstance(widget, QTabWidget):
        laid_out = [widget.tabBar()]
    elif isinstance(widget, QSplitter):
        parts = (widget.widget(place) for place in range(widget.count()))
        laid_out = [part for part in parts if part is not None]
    others = (child for child in widget.children() if isinstance(child, QWidget) and not child.isWindow())
    return list(dict.fromkeys([*laid_out, *others]))


def _in_layout(layout: QLayout | None) -> list[QWidget]:
    found: list[QWidget] = []
    for place in range(0 if layout is None else layout.count()):
        item = layout.itemAt(place) if layout is not None else None
        if item is None:
            continue
        inner = item.widget()
        found += _in_layout(item.layout()) if inner is None else [inner]
    return found
