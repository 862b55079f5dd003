"""A panel on a real session, with a document over arrays in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from numpy.typing import ArrayLike
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QTabWidget
from pytestqt.qtbot import QtBot

from ckpt_studio.document.document import Document
from ckpt_studio.gui.session import Session
from ckpt_studio.gui.views.panel import TensorPanel
from tests.helpers.memory_source import MemoryCheckpoint

SHORT_MS = 200
"""What waits for longer than this waits for a person."""


class Bench:
    """The panel in a window of its own, and what tests do with it."""

    def __init__(self, qtbot: QtBot, session: Session, panel: TensorPanel) -> None:
        self.qtbot = qtbot
        self.session = session
        self.panel = panel
        self.source = MemoryCheckpoint({})

    def open(self, arrays: Mapping[str, ArrayLike], **more: Any) -> Document:
        """Show a document over these arrays."""
        self.source = MemoryCheckpoint(arrays, **more)
        document = Document(self.source)
        document.changed.connect(lambda keys: self.session.stagedChanged.emit(keys))
        self.session.document = document
        self.session.set_current(None)
        self.session.documentChanged.emit()
        return document

    def look(self, key: str, tab: int) -> None:
        """Choose a variable and a tab (0 histogram, 1 heatmap, 2 values) and wait for what they show."""
        self.find(QTabWidget, "viewTabs").setCurrentIndex(tab)
        self.session.set_current(key)
        self.settle()

    def find(self, kind: type[Any], name: str) -> Any:
        """A widget by its objectName."""
        found = self.panel.findChild(kind, name)
        assert found is not None, name
        return found

    def settle(self) -> None:
        """Wait until nothing is on its way, or about to be asked for, any more."""
        quiet = 0

        def still() -> bool:
            nonlocal quiet
            timers = self.panel.findChildren(
                QTimer
            )  # the views wait some 50 ms before they ask for what a zoom shows
            waits = any(
                one.isActive() and one.isSingleShot() and one.interval() <= SHORT_MS for one in timers
            )
            quiet = 0 if waits or self.session.bridge.busy else quiet + 1
            return quiet > 1

        self.qtbot.waitUntil(still, timeout=20_000)

    def text(self, name: str) -> str:
        """The text of a label."""
        from PySide6.QtWidgets import QLabel

        return str(self.find(QLabel, name).text())


@pytest.fixture
def bench(qtbot: QtBot) -> Iterator[Bench]:
    session = Session()
    panel = TensorPanel(session)
    while panel.make_next():
        pass
    qtbot.addWidget(panel)
    panel.resize(900, 600)
    panel.show()
    qtbot.waitExposed(panel)
    made = Bench(qtbot, session, panel)
    yield made
    session.document = None
    session.close()
