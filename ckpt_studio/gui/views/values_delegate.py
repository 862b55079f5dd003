"""Paints the cells of a table of values straight from the model: colours of the ramp, marks, and nothing that a style
would ask for a cell at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPalette
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from ckpt_studio.gui.plots.colours import PlotColours, faded
from ckpt_studio.gui.views.value_model import Look, Mark, ValueModel

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROOM: Final = 5
"""Pixels at both sides of a text."""
_BEHIND_MARK: Final = 0.28
_CHOSEN: Final = 0.55
"""How much of the highlight lies over the colour of a cell that is selected."""


class ValueDelegate(QStyledItemDelegate):
    """For the cells of a `ValueModel`.

    Attributes:
        colours: what the indices of the model's colours mean; empty for none.
    """

    colours: Sequence[QColor] = ()

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        model = index.model()
        if not isinstance(model, ValueModel):
            super().paint(painter, option, index)
            return
        look = model.look(index.row(), index.column())
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        ground = self._fill(painter, option, look, chosen)
        self._write(painter, option, look, model.data(index, Qt.ItemDataRole.TextAlignmentRole), ground)
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(
                option.palette.color(
                    QPalette.ColorRole.Text if not chosen else QPalette.ColorRole.HighlightedText
                )
            )
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(option.rect.adjusted(0, 0, -1, -1))
        painter.restore()

    def _fill(
        self, painter: QPainter, option: QStyleOptionViewItem, look: Look, chosen: bool
    ) -> QColor | None:
        """Paint the ground; its colour where the text has to stand out from it."""
        palette: QPalette = option.palette
        highlight = palette.color(QPalette.ColorRole.Highlight)
        coloured = 0 <= look.colour < len(self.colours)
        if coloured:
            painter.fillRect(option.rect, self.colours[look.colour])
        elif look.mark in (Mark.nan, Mark.inf, Mark.differs):
            painter.fillRect(option.rect, faded(_mark_colour(look.mark, palette), _BEHIND_MARK))
        if chosen:
            painter.fillRect(option.rect, faded(highlight, _CHOSEN) if coloured else highlight)
        if coloured:
            return _mixed(self.colours[look.colour], highlight, _CHOSEN if chosen else 0)
        return None

    @staticmethod
    def _write(
        painter: QPainter, option: QStyleOptionViewItem, look: Look, alignment: int, ground: QColor | None
    ) -> None:
        palette: QPalette = option.palette
        chosen = option.state & QStyle.StateFlag.State_Selected
        if ground is not None:
            painter.setPen(QColor("black" if _is_light(ground) else "white"))
        elif look.mark is Mark.waiting:
            painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
        else:
            role = QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.Text
            painter.setPen(palette.color(role))
        if look.mark in (Mark.nan, Mark.inf):
            font = QFont(option.font)
            font.setBold(True)
            painter.setFont(font)
        else:
            painter.setFont(option.font)
        place: QRect = option.rect.adjusted(_ROOM, 0, -_ROOM, 0)
        text, metrics = look.text, painter.fontMetrics()
        if metrics.horizontalAdvance(text) > place.width():
            text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, place.width())
        painter.drawText(place, alignment, text)


def _mark_colour(mark: Mark, palette: QPalette) -> QColor:
    colours = PlotColours.of(palette)
    return {Mark.nan: colours.nan, Mark.inf: colours.inf}.get(mark, colours.compared)


def _is_light(colour: QColor) -> bool:
    return 0.299 * colour.redF() + 0.587 * colour.greenF() + 0.114 * colour.blueF() > 0.55


def _mixed(below: QColor, above: QColor, opacity: float) -> QColor:
    parts = ((below.redF(), above.redF()), (below.greenF(), above.greenF()), (below.blueF(), above.blueF()))
    return QColor.fromRgbF(*(a * (1 - opacity) + b * opacity for a, b in parts))
