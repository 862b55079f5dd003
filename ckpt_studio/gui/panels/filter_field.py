"""The filter field above the tree, with a menu of what it understands: an entry puts an example into the field."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QMenu, QWidget

from ckpt_studio.gui.icons import icon
from ckpt_studio.gui.menu_titles import QT_TRANSLATE_NOOP
from ckpt_studio.gui.texts import in_action

_EXAMPLES: Final = (
    ("kernel bias", QT_TRANSLATE_NOOP("FilterField", "names with both texts in them")),
    ('"two words"', QT_TRANSLATE_NOOP("FilterField", "a text with a space")),
    (r"/conv\d+\/kernel/", QT_TRANSLATE_NOOP("FilterField", "names that a regular expression fits")),
    ("!Adam", QT_TRANSLATE_NOOP("FilterField", "the opposite: names without this text")),
    ("", ""),
    ("nan:", QT_TRANSLATE_NOOP("FilterField", "with values that are not a number; also inf:")),
    (
        "norm>10",
        QT_TRANSLATE_NOOP("FilterField", "L2 norm; also mean, std, min, max, l1, with > >= < <= = !="),
    ),
    ("zeros>0.9", QT_TRANSLATE_NOOP("FilterField", "a share of the elements, or 90%; zeros>100 counts them")),
    ("", ""),
    ("dtype:float16", QT_TRANSLATE_NOOP("FilterField", "element type")),
    ("shape:3x3x*", QT_TRANSLATE_NOOP("FilterField", "shape; * is any extent, at the end any axes")),
    ("size>1M", QT_TRANSLATE_NOOP("FilterField", "bytes on disk; also elements>1000, rank=4")),
    ("role:slot", QT_TRANSLATE_NOOP("FilterField", "weight, slot, counter, statistic or metadata")),
    (
        "frozen:",
        QT_TRANSLATE_NOOP("FilterField", "also staged:, swapped:, renamed:, dropped:, damaged:, frozen:no"),
    ),
)


class FilterField(QLineEdit):
    """The field; Escape clears it."""

    left = Signal()
    """Down or Enter: on to the tree."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("filterEdit")
        self.setPlaceholderText(self.tr("Filter: part of a name, dtype:float32, nan:, norm>10"))
        self.setAccessibleName(self.tr("Filter variables"))
        self.setClearButtonEnabled(True)
        self.setAcceptDrops(False)  # a file dropped on it is for the window
        self._sign = QAction(self)
        self.addAction(self._sign, QLineEdit.ActionPosition.LeadingPosition)
        self.help = QAction(self.tr("What the filter understands"), self)
        self.help.setObjectName("filterHelpAction")
        self.help.setToolTip(self.tr("What the filter understands (Alt+Down)"))
        self.help.triggered.connect(self.show_help)
        self.addAction(self.help, QLineEdit.ActionPosition.TrailingPosition)

    def tint(self) -> None:
        """Take the colours of the palette as it is now."""
        self._sign.setIcon(icon("search"))
        self.help.setIcon(icon("circle-help"))

    def show_help(self) -> None:
        """Open the menu of examples under the field."""
        menu = QMenu(self)
        menu.setObjectName("filterHelp")
        menu.setAccessibleName(self.tr("What the filter understands"))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for example, about in _EXAMPLES:
            if not example:
                menu.addSeparator()
                continue
            action = menu.addAction(f"{in_action(example)}\t{in_action(self.tr(about))}")
            action.triggered.connect(lambda checked=False, example=example: self._add(example))
        menu.popup(self.mapToGlobal(QPoint(0, self.height())))

    def _add(self, example: str) -> None:
        """Put an example behind what is there, selected, so that it is easily changed."""
        before = self.text().rstrip()
        start = len(before) + 1 if before else 0
        self.setText(f"{before} {example}" if before else example)
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        self.setSelection(start, len(example))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        alt = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        if event.key() == Qt.Key.Key_Down and alt:
            self.show_help()
        elif event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.left.emit()
        elif event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        else:
            super().keyPressEvent(event)
