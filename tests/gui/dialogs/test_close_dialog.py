"""Closing with staged edits asks once, and does what was answered."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QLabel, QMainWindow, QPushButton
from pytestqt.qtbot import QtBot

from ckpt_studio.document.edits.marks import Freeze
from ckpt_studio.gui.dialogs.close import CloseDialog
from ckpt_studio.gui.runs import Runs
from ckpt_studio.gui.session import Session


@pytest.fixture
def runs(opened: Session, window: QMainWindow) -> Runs:
    return Runs(opened, window)


def asked(session: Session, runs: Runs, window: QMainWindow, qtbot: QtBot) -> CloseDialog:
    dialog = CloseDialog(session, runs, window)
    dialog.open()
    qtbot.waitExposed(dialog)
    return dialog


def click(dialog: QDialog, name: str) -> None:
    QTest.mouseClick(dialog.findChild(QPushButton, name), Qt.MouseButton.LeftButton)


def test_nothing_is_asked_when_nothing_is_staged(opened: Session, runs: Runs) -> None:
    assert not CloseDialog.needed(opened, runs)
    opened.do(Freeze(("classifier/kernel",)))
    assert CloseDialog.needed(opened, runs)
    opened.undo()
    assert not CloseDialog.needed(opened, runs)


def test_keep_is_the_default_and_the_edits_come_back(
    opened: Session, runs: Runs, window: QMainWindow, sample: Path, qtbot: QtBot
) -> None:
    opened.do(Freeze(("classifier/kernel",)))
    dialog = asked(opened, runs, window, qtbot)
    assert "1 staged edit of" in dialog.findChild(QLabel, "closeEditsText").text()
    with qtbot.waitSignal(dialog.agreed):
        QTest.keyClick(dialog, Qt.Key.Key_Return)
    opened.close()
    later = Session(parent=window)  # with a parent, so that no other thread's garbage collection ends it
    with qtbot.waitSignal(later.documentChanged, timeout=10_000):
        later.open(str(sample / "run"))
    assert later.document is not None
    assert [edit.keys for edit in later.document.edits] == [("classifier/kernel",)]
    later.close()


def test_discard_drops_them(opened: Session, runs: Runs, window: QMainWindow, qtbot: QtBot) -> None:
    assert opened.document is not None
    opened.do(Freeze(("classifier/kernel",)))
    dialog = asked(opened, runs, window, qtbot)
    with qtbot.waitSignal(dialog.agreed):
        click(dialog, "discardButton")
    assert opened.document.edits == ()
    assert not CloseDialog.needed(opened, runs)


def test_cancel_stays(opened: Session, runs: Runs, window: QMainWindow, qtbot: QtBot) -> None:
    opened.do(Freeze(("classifier/kernel",)))
    dialog = asked(opened, runs, window, qtbot)
    with qtbot.assertNotEmitted(dialog.agreed), qtbot.waitSignal(dialog.finished):
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert CloseDialog.needed(opened, runs)


def test_write_goes_on_to_close_once_it_is_written(
    opened: Session, runs: Runs, window: QMainWindow, sample: Path, qtbot: QtBot
) -> None:
    opened.do(Freeze(("classifier/kernel",)))
    dialog = asked(opened, runs, window, qtbot)
    click(dialog, "closeWriteButton")
    write = dialog.findChild(QDialog, "writeDialog")
    button = write.findChild(QPushButton, "writeButton")
    qtbot.waitUntil(button.isEnabled, timeout=10_000)
    with qtbot.waitSignal(dialog.agreed, timeout=10_000):
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert (sample / "model.ckpt-500" / "model.ckpt-500.index").exists()
