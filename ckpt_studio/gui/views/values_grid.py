"""The cells of a table of values, painted all at once straight from the model.

A delegate would be asked cell by cell, with an option and an index made for each, which takes several times as long.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QLine, QPointF, QRect, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QTableView, QWidget

from ckpt_studio.gui.plots.colours import PlotColours, faded
from ckpt_studio.gui.views.value_model import Mark, ValueModel

_ROOM: Final = 5
"""Pixels at both sides of a text."""
_BEHIND_MARK: Final = 0.28
_CHOSEN: Final = 0.55
"""How much of the highlight lies over the colour of a cell that is selected."""
_Role = QPalette.ColorRole


class ValueGrid(QTableView):
    """A view of a `ValueModel` whose rows and columns all have one size.

    Attributes:
        values: its model.
        colours: what the indices of the model's colours mean; empty for none.
    """

    def __init__(self, model: ValueModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.values = model
        self.colours: Sequence[QColor] = ()
        self.setModel(model)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        area = event.rect()
        across = range(
            *_seen(self.columnAt(area.left()), self.columnAt(area.right()), self.values.columnCount())
        )
        down = range(*_seen(self.rowAt(area.top()), self.rowAt(area.bottom()), self.values.rowCount()))
        painter.fillRect(area, self.palette().color(_Role.Base))
        if across and down:
            _Pen(self, painter).paint(down, across)
        painter.end()

    def chosen(self) -> tuple[range, range]:
        """Rows and columns of what is selected, which is one block."""
        selection = self.selectionModel().selection()
        if selection.isEmpty():
            return range(0), range(0)
        block = selection.first()
        return range(block.top(), block.bottom() + 1), range(block.left(), block.right() + 1)


def _seen(first: int, last: int, count: int) -> tuple[int, int]:
    """From and to, of what lies between two places of which -1 is past the end."""
    return (max(first, 0), count if last < 0 else last + 1) if first >= 0 else (0, 0)


class _Pen:
    """What one painting needs for every cell."""

    def __init__(self, grid: ValueGrid, painter: QPainter) -> None:
        self._grid, self._painter = grid, painter
        palette = grid.palette()
        group = QPalette.ColorGroup.Active if grid.isActiveWindow() else QPalette.ColorGroup.Inactive
        self._text = palette.color(_Role.Text)
        self._waiting = palette.color(_Role.PlaceholderText)
        self._highlight = palette.color(group, _Role.Highlight)
        self._highlighted = palette.color(group, _Role.HighlightedText)
        self._line = palette.color(_Role.Mid)
        colours = PlotColours.of(palette)
        self._marks = {
            mark: faded(colour, _BEHIND_MARK)
            for mark, colour in (
                (Mark.nan, colours.nan),
                (Mark.inf, colours.inf),
                (Mark.differs, colours.compared),
            )
        }
        self._plain = QFont(grid.font())
        self._bold = QFont(grid.font())
        self._bold.setBold(True)
        self._sizes = {mark: QFontMetricsF(self._plain) for mark in Mark} | {
            mark: QFontMetricsF(self._bold) for mark in (Mark.nan, Mark.inf)
        }
        self._right = grid.values.is_numeric

    def paint(self, down: range, across: range) -> None:
        grid = self._grid
        tops = {row: grid.rowViewportPosition(row) for row in down}
        lefts = {column: grid.columnViewportPosition(column) for column in across}
        width, height = grid.columnWidth(across[0]), grid.rowHeight(down[0])
        rows, columns = grid.chosen()
        metrics = self._sizes[Mark.none]
        below = (height + metrics.ascent() - metrics.descent()) / 2
        for row in down:
            row_chosen = row in rows
            for column in across:
                place = QRect(lefts[column], tops[row], width - 1, height - 1)
                self._cell(row, column, place, below, row_chosen and column in columns)
        self._lines(lefts, tops, width, height)
        self._current(lefts, tops, width, height)

    def _cell(self, row: int, column: int, place: QRect, below: float, chosen: bool) -> None:
        look, painter = self._grid.values.look(row, column), self._painter
        ink = self._highlighted if chosen else self._waiting if look.mark is Mark.waiting else self._text
        if 0 <= look.colour < len(self._grid.colours):
            ground = self._grid.colours[look.colour]
            if chosen:
                ground = _mixed(ground, self._highlight, _CHOSEN)
            painter.fillRect(place, ground)
            ink = _BLACK if _is_light(ground) else _WHITE
        elif chosen:
            painter.fillRect(place, self._highlight)
        elif look.mark in self._marks:
            painter.fillRect(place, self._marks[look.mark])
        painter.setPen(ink)
        painter.setFont(self._bold if look.mark in (Mark.nan, Mark.inf) else self._plain)
        text, metrics, room = look.text, self._sizes[look.mark], place.width() - 2 * _ROOM
        size = metrics.horizontalAdvance(text)
        if size > room:
            text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
            size = metrics.horizontalAdvance(text)
        left = place.right() - _ROOM - size if self._right else place.left() + _ROOM
        painter.drawText(QPointF(left, place.top() + below), text)

    def _lines(self, lefts: dict[int, int], tops: dict[int, int], width: int, height: int) -> None:
        right, bottom = max(lefts.values()) + width - 1, max(tops.values()) + height - 1
        first, top = min(lefts.values()), min(tops.values())
        self._painter.setPen(self._line)
        self._painter.drawLines(
            [QLine(left + width - 1, top, left + width - 1, bottom) for left in lefts.values()]
            + [QLine(first, up + height - 1, right, up + height - 1) for up in tops.values()]
        )

    def _current(self, lefts: dict[int, int], tops: dict[int, int], width: int, height: int) -> None:
        index = self._grid.currentIndex()
        if self._grid.hasFocus() and index.row() in tops and index.column() in lefts:
            self._painter.setPen(self._text)
            self._painter.drawRect(lefts[index.column()], tops[index.row()], width - 2, height - 2)


_BLACK: Final = QColor("black")
_WHITE: Final = QColor("white")


def _is_light(colour: QColor) -> bool:
    return 0.299 * colour.red() + 0.587 * colour.green() + 0.114 * colour.blue() > 140


def _mixed(below: QColor, above: QColor, opacity: float) -> QColor:
    parts = ((below.redF(), above.redF()), (below.greenF(), above.greenF()), (below.blueF(), above.blueF()))
    return QColor.fromRgbF(*(a * (1 - opacity) + b * opacity for a, b in parts))
