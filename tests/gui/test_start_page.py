"""The start page: recent checkpoints, as they come and go."""

from __future__ import annotations

import gc

from PySide6.QtWidgets import QApplication, QListWidget, QListWidgetItem, QPushButton
from pytestqt.qtbot import QtBot

from ckpt_studio.gui.settings import Settings
from ckpt_studio.gui.start_page import StartPage


def shown(page: StartPage) -> list[str]:
    return [
        button.text() for button in page.findChildren(QPushButton, "recentButton") if not button.isHidden()
    ]


def test_recent_paths_are_shown_and_opened(qtbot: QtBot) -> None:
    settings = Settings()
    page = StartPage(settings)
    qtbot.addWidget(page)
    page.show()
    assert shown(page) == []
    settings.add_recent("/models/a & b")
    settings.add_recent("/models/run-2")
    assert shown(page) == ["run-2   —   /models", "a && b   —   /models"]
    with qtbot.waitSignal(page.openRequested) as asked:
        page.findChildren(QPushButton, "recentButton")[1].click()
    assert asked.args == ["/models/a & b"]
    settings.forget_all_recent()
    assert shown(page) == []


def test_filling_it_again_and_again_leaves_other_widgets_whole(qtbot: QtBot) -> None:
    settings = Settings()
    page = StartPage(settings)
    others = QListWidget()
    qtbot.addWidget(page)
    qtbot.addWidget(others)
    page.show()
    for n in range(100):
        settings.add_recent(f"/models/run-{n % 9}")
        others.clear()
        for i in range(5):
            QListWidgetItem(f"{i}", others)
        if n % 20 == 0:
            gc.collect()
            QApplication.processEvents()
    assert len(shown(page)) == 6
