"""The window's light half: menu titles and start page, painted before anything else of the program is imported.

It keeps away from the `Qt` namespace, whose hundreds of enumerations alone would cost a tenth of the start.
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QMainWindow, QVBoxLayout, QWidget

from ckpt_studio.gui.menu_titles import MENUS, menu_title
from ckpt_studio.gui.settings import Settings
from ckpt_studio.gui.start_page import StartPage
from ckpt_studio.gui.style import apply_scheme

_SIZE: Final = QSize(1440, 900)


class Frame(QMainWindow):
    """What the other half is put into.

    Attributes:
        settings: what the program remembers.
        start_page: shown while there is no document.
        middle: the layout of the central area.
        menus: by id, empty at first.
    """

    documentOpened = Signal(str)
    """The tree of the document stands; with the path that was asked for."""
    openFailed = Signal(str, str)
    """Path and sentence."""
    built = Signal()
    """The first paint is over and the rest of the window is there."""

    _closing = False

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("mainWindow")
        self.setWindowTitle(self.tr("Ckpt Studio"))
        self.settings = Settings(self)
        apply_scheme(self.settings.scheme, indicators=False)
        self.start_page = StartPage(self.settings, self)
        middle = QWidget(self)
        self.middle = QVBoxLayout(middle)
        self.middle.setContentsMargins(0, 0, 0, 0)
        self.middle.setSpacing(0)
        self.middle.addWidget(self.start_page, 1)
        self.setCentralWidget(middle)
        self.menus = {name: self.menuBar().addMenu(menu_title(title)) for name, title in MENUS}
        self.setAcceptDrops(True)
        self._resize()

    def _resize(self) -> None:
        self.resize(_SIZE.boundedTo(self.screen().availableSize() * 0.95))
        layout = self.settings.layout()
        if layout is not None:
            self.restoreGeometry(layout[0])

    def close_now(self) -> None:
        """Close without asking about staged edits or a run: those are in their journal, this is stopped."""
        self._closing = True
        self.close()
