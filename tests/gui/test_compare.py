"""Comparing with another checkpoint as a person does it: by dialog, by a drop, with a step of the timeline."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QDockWidget,
    QLabel,
    QLineEdit,
    QListWidget,
    QMenu,
    QPushButton,
    QTableView,
    QTabWidget,
)
from pytestqt.qtbot import QtBot

from ckpt_studio.gui import comparing
from ckpt_studio.gui.main_window import MainWindow


class Compare:
    """The window, and its dock of differences."""

    def __init__(self, window: MainWindow, qtbot: QtBot) -> None:
        self.window, self.qtbot = window, qtbot

    def part(self, kind: type[Any], name: str) -> Any:
        found = self.window.findChild(kind, name)
        assert found is not None, name
        return found

    def click(self, name: str) -> None:
        button = self.part(QPushButton, name)
        assert button.isVisible()
        assert button.isEnabled()
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    @property
    def summary(self) -> str:
        return str(
            self.part(QLabel, "compareSummary").toolTip() or self.part(QLabel, "compareSummary").text()
        )

    def settled(self) -> list[tuple[str, ...]]:
        """The table, once nothing goes on any more."""
        self.qtbot.waitUntil(lambda: not self.window.session.bridge.busy, timeout=10_000)
        model = self.part(QTableView, "compareTable").model()
        return [
            tuple(model.index(row, column).data() for column in range(model.columnCount()))
            for row in range(model.rowCount())
        ]

    def choose(self, path: object) -> None:
        """Through the dialog."""
        self.part(QAction, "actionCompare").trigger()
        edit = self.part(QLineEdit, "comparePathEdit")
        QTest.keyClicks(edit, str(path))
        QTest.keyClick(edit, Qt.Key.Key_Return)


@pytest.fixture
def compare(opened: MainWindow, qtbot: QtBot) -> Compare:
    return Compare(opened, qtbot)


def test_with_a_step_of_the_timeline(compare: Compare, sample: Path) -> None:
    timeline = compare.part(QListWidget, "checkpointList")
    at = timeline.visualItemRect(timeline.item(1)).center()
    timeline.customContextMenuRequested.emit(at)
    menu = compare.part(QMenu, "checkpointMenu")
    menu.findChild(QAction, "checkpointCompare").trigger()
    menu.close()
    rows = compare.settled()
    assert compare.part(QDockWidget, "compareDock").isVisible()
    relative = [float(row[3]) for row in rows]
    assert relative == sorted(relative, reverse=True)
    assert "model.ckpt-200" in compare.summary
    assert "21 different" in compare.summary
    step = next(row for row in rows if row[0] == "global_step")
    assert step[1:] == ("values", "300", "0.6", "1")

    table = compare.part(QTableView, "compareTable")
    where = next(i for i, row in enumerate(rows) if row[0] == "encoder/dense_2/kernel")
    table.scrollTo(table.model().index(where, 0))
    QTest.mouseClick(
        table.viewport(),
        Qt.MouseButton.LeftButton,
        pos=table.visualRect(table.model().index(where, 0)).center(),
    )
    assert compare.window.session.current == "encoder/dense_2/kernel"
    assert "↔ run/model.ckpt-200" in compare.part(QLabel, "tensorTitle").text()

    compare.click("compareCloseButton")
    assert not compare.part(QDockWidget, "compareDock").isVisible()
    assert "↔" not in compare.part(QLabel, "tensorTitle").text()
    assert compare.window.session.compared is None


def test_the_dialog_says_what_cannot_be_opened(compare: Compare, sample: Path) -> None:
    compare.choose(sample / "nothing")
    compare.qtbot.waitUntil(lambda: compare.part(QLabel, "compareErrorText").isVisible(), timeout=5000)
    assert "nothing does not exist" in compare.part(QLabel, "compareErrorText").text()
    neighbours = compare.part(QListWidget, "compareList")
    assert [neighbours.item(row).text().split()[0] for row in range(4)] == [
        f"model.ckpt-{step}" for step in (400, 300, 200, 100)
    ]
    QTest.keyClick(neighbours, Qt.Key.Key_Down)
    compare.click("compareButton")
    compare.qtbot.waitUntil(lambda: compare.window.findChild(QDialog, "compareDialog") is None, timeout=5000)
    compare.settled()
    assert "model.ckpt-400" in compare.summary


def test_opening_can_be_stopped(compare: Compare, sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()
    opening = comparing._open

    def slow(path: str, view: Any) -> Any:
        assert go_on.wait(20)
        return opening(path, view)

    monkeypatch.setattr(comparing, "_open", slow)
    compare.choose(sample / "donor")
    button = compare.part(QPushButton, "compareButton")
    assert not button.isEnabled()
    for task in compare.window.session.bridge.tasks():
        task.cancel()
    compare.qtbot.waitUntil(button.isEnabled, timeout=5000)
    assert compare.part(QLabel, "compareErrorText").text() == "The work was stopped."
    go_on.set()
    compare.click("compareButton")
    compare.qtbot.waitUntil(lambda: compare.window.findChild(QDialog, "compareDialog") is None, timeout=5000)
    assert len(compare.settled()) == 21


def test_sorting_and_filtering(compare: Compare, sample: Path) -> None:
    compare.choose(sample / "donor")
    rows = compare.settled()
    assert {row[1] for row in rows[:6]} == {"⚠ shape 10 → 12", "⚠ shape 32 × 10 → 32 × 12"}
    header = compare.part(QTableView, "compareTable").horizontalHeader()
    at = QPoint(header.sectionViewportPosition(0) + 10, header.height() // 2)
    QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=at)
    names = [row[0] for row in compare.settled()]
    assert names == sorted(names)
    edit = compare.part(QLineEdit, "compareFilter")
    QTest.keyClicks(edit, "DENSE_2 adam")
    compare.qtbot.waitUntil(lambda: len(compare.settled()) == 4, timeout=5000)
    QTest.mouseClick(compare.part(QPushButton, "compareCopyButton"), Qt.MouseButton.LeftButton)
    copied = QApplication.clipboard().text().splitlines()
    assert [line.split("\t")[0] for line in copied] == [
        f"encoder/dense_2/{name}" for name in ("bias/Adam", "bias/Adam_1", "kernel/Adam", "kernel/Adam_1")
    ]


def test_by_a_drop(compare: Compare, sample: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(sample / "run" / "model.ckpt-500.index"))])
    corner = QPoint(compare.window.width() - 60, compare.window.height() - 60)
    how = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(compare.window, QDragEnterEvent(corner, *how))
    QApplication.sendEvent(compare.window, QDropEvent(corner, *how))
    compare.qtbot.waitUntil(lambda: compare.window.session.compared is not None, timeout=5000)
    assert compare.settled() == []
    assert "run/model.ckpt-500 holds the same, 21 variables." in compare.summary


def test_edits_are_compared_anew(compare: Compare, sample: Path) -> None:
    session = compare.window.session
    compare.choose(sample / "run" / "model.ckpt-500")
    assert compare.settled() == []
    session.drop(["classifier/bias"])
    assert [row[:2] for row in compare.settled()] == [
        ("classifier/bias", "+ only there"),
        ("classifier/bias/Adam", "+ only there"),
        ("classifier/bias/Adam_1", "+ only there"),
    ]
    session.undo()
    assert compare.settled() == []
    session.freeze(["classifier/bias"])
    assert compare.settled() == []
    from ckpt_studio.document.edits.replace import Replace
    from ckpt_studio.formats.registry import open_checkpoint

    donor = open_checkpoint(str(sample / "donor"))
    session.do(Replace((("encoder/dense_1/bias", "encoder/dense_1/bias"),), donor, donor.path))
    ((name, what, max_abs, _, elements),) = compare.settled()
    a = session.document.base.read("encoder/dense_1/bias").astype(float)
    b = donor.read("encoder/dense_1/bias").astype(float)
    assert (name, what, elements) == ("encoder/dense_1/bias", "values", "48")
    assert float(max_abs) == pytest.approx(np.abs(a - b).max(), rel=1e-3)


def test_another_document_is_compared_with_the_same_checkpoint(
    compare: Compare, sample: Path, qtbot: QtBot
) -> None:
    compare.choose(sample / "run" / "model.ckpt-100")
    assert len(compare.settled()) == 21
    with qtbot.waitSignal(compare.window.documentOpened, timeout=10_000):
        compare.window.open_path(str(sample / "run" / "model.ckpt-100"))
    assert compare.settled() == []
    assert "holds the same" in compare.summary


def test_the_views_show_the_compared_values(compare: Compare, sample: Path) -> None:
    session = compare.window.session
    compare.choose(sample / "run" / "model.ckpt-100")
    compare.settled()
    session.set_current("classifier/kernel")
    compare.part(QTabWidget, "viewTabs").setCurrentIndex(2)
    compare.settled()
    which = compare.part(QComboBox, "sliceWhich")
    assert [which.itemText(i) for i in range(which.count())] == [
        "Staged values", "Compared values", "Staged − compared",
    ]  # fmt: skip
    which.setCurrentIndex(1)
    which.activated.emit(1)
    compare.settled()
    table = compare.part(QTableView, "valueTable")
    compare.qtbot.waitUntil(lambda: table.model().index(0, 0).data() != "…", timeout=5000)
    value = session.compared.checkpoint.read("classifier/kernel")[0, 0]
    assert float(table.model().index(0, 0).data()) == pytest.approx(float(value), rel=1e-5)


def test_swapping_from_what_is_compared(compare: Compare, sample: Path) -> None:
    shutil.copytree(sample / "run", sample / "other")
    compare.choose(sample / "other" / "model.ckpt-300")
    rows = compare.settled()
    table = compare.part(QTableView, "compareTable")
    table.selectRow([row[0] for row in rows].index("classifier/bias"))
    compare.click("compareSwapButton")
    compare.settled()
    dialog = compare.part(QDialog, "donorDialog")
    assert dialog.findChild(QLabel, "donorFitSummary").text() == "1 of 1 fit, 1 chosen"
    dialog.reject()
