"""The columns of figures in the window: they fill by themselves, sort, filter, and follow staged values."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QMenu, QTableView
from pytestqt.qtbot import QtBot

from ckpt_studio.document.edits.replace import Replace
from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.gui.main_window import MainWindow
from ckpt_studio.gui.models.tree_columns import Column
from tests.helpers.bundles import BundleMaker

ARRAYS = {
    "a/large": np.full((20, 20), 9, np.float32),
    "a/small": np.full((20, 20), 0.5, np.float32),
    "b/bad": np.array([math.nan, math.inf, 1, 2], np.float32),
    "b/middle": np.full(100, 3, np.float32),
}


@pytest.fixture
def files(tmp_path: Path) -> Callable[[str, float], str]:
    def make(name: str, factor: float) -> str:
        made = BundleMaker()
        for key, array in ARRAYS.items():
            made.add(key, (array * factor).astype(np.float32), 1)
        return made.write(tmp_path / name)

    return make


@pytest.fixture
def shown(main_window: MainWindow, files: Callable[[str, float], str], qtbot: QtBot) -> MainWindow:
    with qtbot.waitSignal(main_window.documentOpened, timeout=10_000):
        main_window.open_path(files("model", 1))
    return main_window


def texts(window: MainWindow, column: Column) -> dict[str, str]:
    model = window.findChild(QTableView, "variableTree").model()
    return {model.index(row, 0).data(): model.index(row, column).data() for row in range(model.rowCount())}


def labels(window: MainWindow) -> list[str]:
    return list(texts(window, Column.label))


def test_they_fill_by_themselves(shown: MainWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: "…" not in texts(shown, Column.norm).values())
    assert texts(shown, Column.norm)["large"] == "180"
    assert texts(shown, Column.mean)["small"] == "0.5"
    assert texts(shown, Column.std)["middle"] == "0"
    assert texts(shown, Column.nan) == {
        "a": "", "large": "0", "small": "0", "b": "⚠ 2", "bad": "⚠ 1 + 1 Inf", "middle": "0",
    }  # fmt: skip


def test_a_click_on_the_header_sorts_and_the_third_one_does_not(shown: MainWindow, qtbot: QtBot) -> None:
    view = shown.findChild(QTableView, "variableTree")
    header = view.horizontalHeader()
    natural = ["a", "large", "small", "b", "bad", "middle"]
    assert labels(shown) == natural
    view.setCurrentIndex(view.model().index(2, 0))

    def click() -> None:
        view.horizontalScrollBar().setValue(view.horizontalScrollBar().maximum())
        middle = header.sectionViewportPosition(Column.norm) + header.sectionSize(Column.norm) // 2
        QTest.mouseClick(
            header.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(middle, header.height() // 2)
        )

    click()
    qtbot.waitUntil(lambda: labels(shown) == ["b", "bad", "middle", "a", "small", "large"])
    click()
    qtbot.waitUntil(lambda: labels(shown) == ["a", "large", "small", "b", "middle", "bad"])
    assert view.currentIndex().data() == "small"
    click()
    qtbot.waitUntil(lambda: labels(shown) == natural)


def test_a_filter_waits_for_figures_and_says_what_is_wrong(shown: MainWindow, qtbot: QtBot) -> None:
    field = shown.findChild(QLineEdit, "filterEdit")
    count = shown.findChild(QLabel, "variableCount")
    QTest.keyClicks(field, "norm>25")
    qtbot.waitUntil(lambda: labels(shown) == ["a", "large", "b", "middle"])
    assert count.text() == "2 of 4"
    QTest.keyClicks(field, "x")
    assert count.text() == "⚠ “norm>25x” needs a number after >, such as norm>10."
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert len(labels(shown)) == 6
    QTest.keyClick(field, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    menu = shown.findChild(QMenu, "filterHelp")
    next(action for action in menu.actions() if action.text().startswith("nan:")).trigger()
    menu.close()
    qtbot.waitUntil(lambda: labels(shown) == ["b", "bad"])
    assert field.selectedText() == "nan:"


def test_staged_values_have_their_own_figures(
    shown: MainWindow, files: Callable[[str, float], str], qtbot: QtBot
) -> None:
    qtbot.waitUntil(lambda: texts(shown, Column.mean)["large"] == "9")
    donor = open_checkpoint(files("donor", 2))
    shown.session.do(Replace((("a/large", "a/large"),), donor, donor.path))
    qtbot.waitUntil(lambda: texts(shown, Column.mean)["large"] == "18")
    shown.session.undo()
    qtbot.waitUntil(lambda: texts(shown, Column.mean)["large"] == "9")


def test_a_screen_reader_is_told_of_the_tree(shown: MainWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: texts(shown, Column.nan)["b"] == "⚠ 2")
    view = shown.findChild(QTableView, "variableTree")
    view.setFocus()
    QApplication.processEvents()
    table = QAccessible.queryAccessibleInterface(view)
    assert table.text(QAccessible.Text.Name) == "Variables"
    spoken = [table.child(i).text(QAccessible.Text.Name) for i in range(table.childCount())]
    assert "b, level 1, expanded, trainable, ⚠ NaN/Inf, not finite: ⚠ 2" in spoken
    assert "large, level 2, trainable" in spoken


def test_columns_are_hidden_and_moved_and_remembered(shown: MainWindow, qtbot: QtBot) -> None:
    view = shown.findChild(QTableView, "variableTree")
    header = view.horizontalHeader()
    header.customContextMenuRequested.emit(QPoint(5, 5))
    menu = shown.findChild(QMenu, "columnsMenu")
    next(action for action in menu.actions() if action.text() == "Type").trigger()
    menu.close()
    header.moveSection(header.visualIndex(Column.norm), 1)
    wanted = ["label", "norm", "frozen", "shape", "state", "size", "mean", "std", "nan"]
    assert shown.session.settings.columns == wanted
    again = MainWindow()
    qtbot.addWidget(again)
    again.workbench.furnish_now()
    other = again.findChild(QTableView, "variableTree")
    assert other.isColumnHidden(Column.dtype)
    assert other.horizontalHeader().visualIndex(Column.norm) == 1
    again.close_now()
