"""The switch beside the filter: which of its names a variable is shown by."""

from __future__ import annotations

from typing import get_args

from PySide6.QtCore import Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QWidget

from ckpt_studio.gui.settings import Naming, Settings
from ckpt_studio.gui.texts import tooltip


class NamesSwitch(QComboBox):
    """Shows and sets `Settings.naming`."""

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("namesSwitch")
        self.setAccessibleName(self.tr("Show variables by"))
        self._settings = settings
        texts: dict[Naming, tuple[str, str]] = {
            "name": (self.tr("Full names"), self.tr("What the model calls each variable")),
            "object": (
                self.tr("Object paths"),
                self.tr("Where the program that saved it kept each variable"),
            ),
            "key": (self.tr("Keys"), self.tr("What each variable is called in the file")),
        }
        for naming in get_args(Naming):
            text, hint = texts[naming]
            self.addItem(text, naming)
            self.setItemData(self.count() - 1, tooltip(hint), Qt.ItemDataRole.ToolTipRole)
        self.setToolTip(tooltip(self.tr("Show variables by full name, object path or key")))
        self._show(settings.naming)
        settings.namingChanged.connect(self._show)
        self.activated.connect(self._choose)

    def _show(self, naming: str) -> None:
        self.setCurrentIndex(self.findData(naming))

    def _choose(self, place: int) -> None:
        naming = self.itemData(place)
        if naming != self._settings.naming:
            self._settings.naming = naming

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to others: who scrolls past must not get another tree."""
        event.ignore()
