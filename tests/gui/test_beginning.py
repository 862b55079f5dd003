"""Paths of the command line are opened while their windows are still being made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ckpt_studio.core.tasks import Task
from ckpt_studio.document.edits.drop import Drop
from ckpt_studio.gui.beginning import Beginning
from ckpt_studio.gui.main_window import MainWindow
from ckpt_studio.gui.opening import Opened
from tests.gui.test_main_window import settle


@pytest.fixture
def windows() -> Iterator[list[MainWindow]]:
    """Windows of a test, closed at its end."""
    made: list[MainWindow] = []
    yield made
    for window in made:
        window.close_now()
        window.deleteLater()
    QApplication.processEvents()


def begin(path: Path, windows: list[MainWindow]) -> MainWindow:
    """A window as the program's start makes it."""
    windows.append(MainWindow(Beginning(str(path))))
    return windows[-1]


def test_the_window_goes_on_with_what_is_opened(
    windows: list[MainWindow], sample: Path, qtbot: QtBot
) -> None:
    window = begin(sample / "run", windows)
    with qtbot.waitSignal(window.documentOpened, timeout=10_000) as opened:
        window.show()
    assert opened.args == [str(sample / "run")]
    settle(window, qtbot)
    document = window.session.document
    assert document is not None
    document.do(Drop(("encoder/dense_1/kernel",)))
    with qtbot.waitSignal(window.documentOpened, timeout=10_000):
        window.session.reload()
    assert window.session.document is not document
    assert window.session.document is not None
    assert window.session.document.modified, "the edit was in the journal, which went along"


def test_a_window_that_is_never_painted_opens_it_too(
    windows: list[MainWindow], sample: Path, qtbot: QtBot
) -> None:
    window = begin(sample / "run", windows)
    with qtbot.waitSignal(window.documentOpened, timeout=10_000):
        pass


def test_what_cannot_be_opened_is_said(windows: list[MainWindow], tmp_path: Path, qtbot: QtBot) -> None:
    window = begin(tmp_path / "nothing", windows)
    with qtbot.waitSignal(window.openFailed, timeout=10_000) as failed:
        window.show()
    assert failed.args is not None
    assert "nothing does not exist" in failed.args[1]
    (tmp_path / "nothing").mkdir()
    with qtbot.waitSignal(window.openFailed, timeout=10_000) as failed:
        window.open_path(str(tmp_path / "nothing"))
    assert failed.args is not None
    assert "does not exist" not in failed.args[1]


def test_another_path_takes_its_place(windows: list[MainWindow], sample: Path, qtbot: QtBot) -> None:
    window = begin(sample / "run", windows)
    with qtbot.waitSignal(window.documentOpened, timeout=10_000) as opened:
        window.open_path(str(sample / "donor"))
    assert opened.args == [str(sample / "donor")]
    settle(window, qtbot)
    with qtbot.waitSignal(window.documentOpened, timeout=10_000) as opened:
        window.open_path(str(sample / "run"))
    assert opened.args == [str(sample / "run")]
    assert window.session.document is not None
    assert window.session.document.read_only is None, "the first one had let go of the journal"


def test_a_window_that_is_closed_at_once_lets_go_of_it(sample: Path, windows: list[MainWindow]) -> None:
    begun = Beginning(str(sample / "run"))
    window = MainWindow(begun)
    window.show()
    window.close_now()
    window.deleteLater()
    again = Beginning(str(sample / "run"))
    try:
        answer = again.answer(Task())
        assert isinstance(answer, Opened)
        assert answer.document.read_only is None
    finally:
        again.close()
