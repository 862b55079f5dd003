"""The checkpoints of a run stand in the Checkpoints dock, below those of the folder."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QListWidget
from pytestqt.qtbot import QtBot

from ckpt_studio.gui.main_window import MainWindow


def texts(window: MainWindow) -> list[str]:
    checkpoints = window.findChild(QListWidget, "checkpointList")
    return [checkpoints.item(row).text().split("  ·  ")[0] for row in range(checkpoints.count())]


def test_they_are_listed_and_open_at_a_click(opened: MainWindow, sample: Path, qtbot: QtBot) -> None:
    own = [f"model.ckpt-{step}" for step in (100, 200, 300, 400, 500)]
    assert texts(opened) == own
    runs = opened.workbench.runs
    assert runs is not None
    runs.checkpointWritten.emit(str(sample / "donor" / "model.ckpt-4000"))
    qtbot.waitUntil(lambda: texts(opened) == [*own, "donor (the run)", "model.ckpt-4000"], timeout=5000)

    checkpoints = opened.findChild(QListWidget, "checkpointList")
    checkpoints.scrollToItem(checkpoints.item(6))
    place = checkpoints.visualItemRect(checkpoints.item(6)).center()
    with qtbot.waitSignal(opened.documentOpened, timeout=10_000):
        QTest.mouseClick(checkpoints.viewport(), Qt.MouseButton.LeftButton, pos=place)
    # Its folder is now the folder itself, and is not listed twice.
    qtbot.waitUntil(lambda: texts(opened) == ["model.ckpt-4000"], timeout=5000)
