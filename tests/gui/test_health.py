"""The health check as a person runs it: findings, and where they lead."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton, QTableView, QTabWidget
from pytestqt.qtbot import QtBot

from ckpt_studio.document.edits.marks import Freeze
from ckpt_studio.gui.main_window import MainWindow
from tests.helpers.bundles import BundleMaker


@pytest.fixture
def ill(main_window: MainWindow, tmp_path: Path, qtbot: QtBot) -> MainWindow:
    rng = np.random.default_rng(5)
    fine = rng.normal(0, 0.1, (4, 30, 20)).astype(np.float32)
    bad = fine.copy()
    bad[2, 7, 11] = math.nan
    dead = fine[0].copy()
    dead[:, 5] = 0
    vector = rng.normal(0, 1, 50).astype(np.float64)
    vector[33] = -math.inf
    made = BundleMaker()
    for key, array in {"bad": bad, "dead": dead, "fine": fine, "line": vector}.items():
        made.add(key, array, {"float32": 1, "float64": 2}[array.dtype.name])
    with qtbot.waitSignal(main_window.documentOpened, timeout=10_000):
        main_window.open_path(made.write(tmp_path / "model"))
    return main_window


def check(window: MainWindow, qtbot: QtBot) -> QTableView:
    window.workbench.actions["actionHealth"].trigger()
    qtbot.waitUntil(lambda: window.workbench.health_check.complete, timeout=10_000)
    table = window.findChild(QTableView, "healthTable")
    assert isinstance(table, QTableView)
    return table


def lines(table: QTableView) -> list[tuple[str, ...]]:
    model = table.model()
    return [tuple(model.index(row, column).data() for column in range(3)) for row in range(model.rowCount())]


def click(table: QTableView, key: str) -> None:
    row = next(row for row, line in enumerate(lines(table)) if line[1] == key)
    index = table.model().index(row, 1)
    table.selectionModel().select(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=table.visualRect(index).center())


def heatmap_says(window: MainWindow) -> str:
    readout = window.findChild(QLabel, "heatmapReadout")
    return "" if readout is None else readout.text()


def test_findings_are_told_and_lead_to_their_places(ill: MainWindow, qtbot: QtBot) -> None:
    summary = ill.findChild(QLabel, "healthSummary")
    assert summary.text() == "The variables have not been looked over yet."
    table = check(ill, qtbot)
    assert sorted(lines(table), key=lambda line: line[1]) == [
        ("✕ fault", "bad", "1 of 2,400 elements are not a number (0.04%)."),
        ("• hint", "dead", "1 of 20 columns are nothing but zeros: 5."),
        ("✕ fault", "line", "1 of 50 elements are infinite (2.00%)."),
    ]
    assert [line[0] for line in lines(table)] == ["✕ fault", "✕ fault", "• hint"], "the gravest first"
    assert summary.text() == "3 findings."
    assert ill.workbench.docks["healthDock"].windowTitle() == "Health (3)"
    tabs = ill.findChild(QTabWidget, "viewTabs")
    click(table, "bad")
    assert ill.session.current == "bad"
    qtbot.waitUntil(lambda: tabs.currentIndex() == 1)
    qtbot.waitUntil(lambda: "[2, 7, 11]" in heatmap_says(ill), timeout=10_000)
    assert "NaN" in heatmap_says(ill)
    click(table, "line")
    qtbot.waitUntil(lambda: tabs.currentIndex() == 2)
    note = ill.findChild(QLabel, "valuesNote")
    qtbot.waitUntil(lambda: note.text().startswith("[33]"))
    QTest.mouseClick(ill.findChild(QPushButton, "healthCopyButton"), Qt.MouseButton.LeftButton)
    assert "elements are infinite" in QApplication.clipboard().text()


def test_an_edit_makes_findings_stale(ill: MainWindow, qtbot: QtBot) -> None:
    check(ill, qtbot)
    ill.session.do(Freeze(("fine",)))
    assert ill.findChild(QLabel, "healthSummary").text() == (
        "3 findings. Edits have been staged since: check again."
    )
    ill.findChild(QLineEdit, "filterEdit").setText("nan:")
    table = check(ill, qtbot)
    assert len(lines(table)) == 3
