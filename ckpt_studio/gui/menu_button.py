"""A button that opens a menu, with its arrow beside the text: Fusion draws the one of a tool button over its corner."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

_ARROW = 9
_GAP = 5


class MenuButton(QToolButton):
    """Opens its menu wherever it is pressed, and by Space.

    Args:
        name: its object name; that of the menu is the same with `Menu` behind it.
        accessible: what it is for, where its text does not say so.
        text: what stands on it.
    """

    def __init__(self, name: str, accessible: str, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(accessible)
        self.setText(text)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.entries = QMenu(self)
        self.entries.setObjectName(f"{name}Menu")
        self.setMenu(self.entries)

    def sizeHint(self) -> QSize:
        """Qt's, and room for the arrow."""
        return super().sizeHint() + QSize(_ARROW + _GAP, 0)

    def paintEvent(self, _: QPaintEvent) -> None:
        """Frame, text and arrow side by side."""
        # here, because the many enumerations of QStyle would be part of the start
        from PySide6.QtWidgets import QStyle, QStyleOptionToolButton, QStylePainter

        painter, option = QStylePainter(self), QStyleOptionToolButton()
        self.initStyleOption(option)
        option.features &= ~QStyleOptionToolButton.ToolButtonFeature.HasMenu
        text, option.text = option.text, ""
        painter.drawComplexControl(QStyle.ComplexControl.CC_ToolButton, option)
        whole = QRect(option.rect)
        option.text, option.rect = text, whole.adjusted(0, 0, -_ARROW - _GAP // 2, 0)
        painter.drawControl(QStyle.ControlElement.CE_ToolButtonLabel, option)
        option.rect = QRect(0, 0, _ARROW, _ARROW)
        option.rect.moveCenter(whole.center())
        option.rect.moveRight(whole.right() - _GAP)
        painter.drawPrimitive(QStyle.PrimitiveElement.PE_IndicatorArrowDown, option)
