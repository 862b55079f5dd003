"""The keyboard reaches all of the main window: Tab, Space, the letters of menus, the palettes."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QLineEdit,
    QListWidget,
    QMenu,
    QTableView,
    QTabWidget,
    QWidget,
)
from pytestqt.qtbot import QtBot

from ckpt_studio.gui.main_window import MainWindow
from ckpt_studio.gui.models.tree_columns import Column
from tests.gui.window import action, row_of, settle, text, tree


def test_tab_goes_through_what_is_seen_as_it_is_read(opened: MainWindow, qtbot: QtBot) -> None:
    opened.session.set_current("classifier/kernel")
    opened.findChild(QTabWidget, "viewTabs").setCurrentIndex(2)
    settle(opened, qtbot)
    opened.activateWindow()
    begun = opened.findChild(QWidget, "checkpointList")
    begun.setFocus()
    passed = [begun]
    while len(passed) < 100:
        QTest.keyClick(passed[-1], Qt.Key.Key_Tab)
        now = opened.focusWidget()
        if now is begun:
            break
        passed.append(now)
    names = [widget.objectName() for widget in passed]
    expected = (
        "checkpointList", "filterEdit", "namesSwitch", "variableTree", "valueFormat", "valuesCopyButton", "valueTable",
        "valuesGoTo", "sliceRowAxis", "detailsPanel",
    )  # fmt: skip
    assert [name for name in names if name in expected] == list(expected)
    assert not {"problemTable", "healthTable", "logFilterEdit"} & set(names)  # their docks lie behind another
    QTest.keyClick(begun, Qt.Key.Key_Tab, Qt.KeyboardModifier.ShiftModifier)
    assert opened.focusWidget() is passed[-1]


def test_what_was_passed_over_by_tab_goes_on_working(opened: MainWindow, qtbot: QtBot) -> None:
    opened.session.set_current("classifier/kernel")
    tabs = opened.findChild(QTabWidget, "viewTabs")
    qtbot.waitUntil(lambda: opened.findChild(QWidget, "histogramLow") is not None, timeout=10_000)
    low = opened.findChild(QWidget, "histogramLow")
    for _ in range(5):
        low.setFocus()
        tabs.setCurrentIndex(1)  # what had the keyboard is hidden, so that it goes on by itself
        settle(opened, qtbot)
        tabs.setCurrentIndex(0)
        settle(opened, qtbot)
    opened.session.set_current("classifier/bias")
    settle(opened, qtbot)
    assert [action.isEnabled() for action in opened.findChild(QTableView, "valueTable").actions()] == [
        True
    ] * 6


def test_no_two_entries_of_a_menu_share_a_letter(opened: MainWindow) -> None:
    for menu in opened.menuBar().findChildren(QMenu):
        letters = [
            entry.text().partition("&")[2][:1].lower() for entry in menu.actions() if "&" in entry.text()
        ]
        assert len(set(letters)) == len(letters), menu.objectName()


def test_space_freezes_all_that_is_selected(opened: MainWindow, qtbot: QtBot) -> None:
    action(opened, "actionExpandAll").trigger()
    view = tree(opened)
    keys = ("classifier/bias", "classifier/kernel")
    for key, keyboard in zip(
        keys, (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier), strict=True
    ):
        at = view.visualRect(view.model().index(row_of(opened, key), 0)).center()
        QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, keyboard, at)
    QTest.keyClick(view, Qt.Key.Key_Space)
    assert [text(opened, key, Column.frozen) for key in keys] == ["❄ frozen", "❄ frozen"]
    action(opened, "actionUndo").trigger()
    assert [text(opened, key, Column.frozen) for key in keys] == ["trainable", "trainable"]


def test_names_in_the_palette_stand_below_each_other(opened: MainWindow, qtbot: QtBot) -> None:
    action(opened, "actionPalette").trigger()
    offered = opened.findChild(QListWidget, "commandPaletteList")
    icons = [offered.item(row).icon() for row in range(offered.count())]
    assert len(icons) > 20
    assert not [icon for icon in icons if icon.isNull()]
    offered.window().close()


def test_the_palette_finds_commands_and_variables(opened: MainWindow, qtbot: QtBot) -> None:
    action(opened, "actionPalette").trigger()
    field = opened.findChild(QLineEdit, "commandPaletteEdit")
    QTest.keyClicks(field, "expand all")
    tree(opened).collapseAll()
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert row_of(opened, "classifier/kernel") > 0
    action(opened, "actionGoTo").trigger()
    field = opened.findChild(QLineEdit, "variablePaletteEdit")
    QTest.keyClicks(field, "dense_2/bias")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert opened.session.current == "encoder/dense_2/bias"
