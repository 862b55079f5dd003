"""The flat table that shows a tree: what Qt is told, what keys and mouse do, and what a screen reader hears."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from pytestqt.qtbot import QtBot

from ckpt_studio.core.tensors import Columns
from ckpt_studio.document.edits.replace import Swap
from ckpt_studio.document.state import State
from ckpt_studio.gui.models.row_states import RowStates
from ckpt_studio.gui.models.tree_columns import Column
from ckpt_studio.gui.models.variable_table import EXPANDED_ROLE, VariableTable
from ckpt_studio.gui.models.variable_tree import prepare
from ckpt_studio.gui.models.variable_view import VariableView, arrow_rect
from tests.helpers.memory_source import MemorySource
from tests.helpers.pointer import double_click
from tests.helpers.tree_columns import columns_of

Role = Qt.ItemDataRole


def some_columns() -> Columns:
    keys = [f"net/layer{i}/{part}" for i in range(3) for part in ("bias", "kernel", "kernel/Adam")]
    slots = {key: (key.removesuffix("/Adam"), "m") for key in keys if key.endswith("Adam")}
    return columns_of(keys, slots=slots, faults={"net/layer1/bias": "The bytes of <b>net</b> are damaged."})


def show(model: VariableTable, columns: Columns, frozen: tuple[str, ...] = ()) -> None:
    tree = prepare(columns, "name")
    marks = np.where(columns.role == 0, 0, -1).astype(np.int8)
    for key in frozen:
        marks[columns.row(key)] = 1
    donor = Swap(MemorySource({"w": 1.0}), "best-9000", ("w",))
    staged = State.of(columns).laying(np.array([columns.row("net/layer2/bias")]), donor)
    model.show(tree, RowStates(tree.nodes, marks, staged, columns.faults, staged.changed))


@pytest.fixture
def view(qtbot: QtBot) -> Iterator[VariableView]:
    model = VariableTable()
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    view = VariableView(model)
    qtbot.addWidget(view)
    show(model, some_columns(), frozen=("net/layer0/kernel", "net/layer0/bias", "net/layer1/kernel"))
    view.resize(700, 500)
    view.show()
    qtbot.waitExposed(view)
    yield view
    del tester


def table(view: VariableView) -> VariableTable:
    model = view.model()
    assert isinstance(model, VariableTable)
    return model


def labels(view: VariableView) -> list[str]:
    return [view.model().index(row, 0).data() for row in range(view.model().rowCount())]


def row(view: VariableView, key: str) -> int:
    node = table(view).node_of_key(key)
    assert node is not None
    return table(view).index_of(node).row()


def cell(view: VariableView, key: str, column: Column, role: int = Role.DisplayRole) -> object:
    return view.model().index(row(view, key), column).data(role)


def test_a_small_tree_is_shown_whole(view: VariableView) -> None:
    assert labels(view)[:5] == ["net", "layer0", "bias", "kernel", "m"]
    assert len(labels(view)) == 13


def test_keys_are_in_the_user_role_and_groups_have_none(view: VariableView) -> None:
    keys = [view.model().index(i, 0).data(Role.UserRole) for i in range(5)]
    assert keys == [None, None, "net/layer0/bias", "net/layer0/kernel", "net/layer0/kernel/Adam"]


def test_frozen_is_said_in_words_and_by_the_box(view: VariableView) -> None:
    model = view.model()
    boxes = {i: model.index(i, Column.frozen) for i in range(model.rowCount())}
    assert boxes[0].data(Role.CheckStateRole) == Qt.CheckState.PartiallyChecked
    assert boxes[1].data(Role.CheckStateRole) == Qt.CheckState.Checked
    assert boxes[1].data() == "❄ frozen"
    assert cell(view, "net/layer2/kernel", Column.frozen) == "trainable"
    assert cell(view, "net/layer2/kernel", Column.frozen, Role.CheckStateRole) == Qt.CheckState.Unchecked
    assert cell(view, "net/layer2/kernel/Adam", Column.frozen, Role.CheckStateRole) is None


def test_damage_and_swaps_are_said(view: VariableView) -> None:
    assert cell(view, "net/layer1/bias", Column.state) == "⚠ damaged"
    assert "&lt;b&gt;net" in str(cell(view, "net/layer1/bias", Column.state, Role.ToolTipRole))
    assert cell(view, "net/layer2/bias", Column.state) == "● best-9000"
    assert view.model().index(0, Column.state).data() == "⚠ 1 inside", "the gravest comes first"


def test_a_screen_reader_hears_level_and_state(view: VariableView) -> None:
    spoken = view.model().index(1, 0).data(Role.AccessibleTextRole)
    assert spoken == "layer0, level 2, expanded, ❄ frozen"


def test_left_and_right_walk_the_tree(view: VariableView) -> None:
    view.setCurrentIndex(view.model().index(row(view, "net/layer1/kernel"), 0))
    QTest.keyClick(view, Qt.Key.Key_Left)
    assert cell(view, "net/layer1/kernel", Column.label, EXPANDED_ROLE) is False
    QTest.keyClick(view, Qt.Key.Key_Left)
    assert view.currentIndex().data() == "layer1"
    QTest.keyClick(view, Qt.Key.Key_Left)
    assert len(labels(view)) == 10
    QTest.keyClick(view, Qt.Key.Key_Right)
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert view.currentIndex().data(Role.UserRole) == "net/layer1/bias"


def test_star_expands_all_below(view: VariableView) -> None:
    view.collapseAll()
    assert labels(view) == ["net"]
    view.setCurrentIndex(view.model().index(0, 0))
    QTest.keyClick(view, Qt.Key.Key_Asterisk, Qt.KeyboardModifier.ShiftModifier)
    assert len(labels(view)) == 13


def test_enter_and_double_click_choose_a_variable(view: VariableView, qtbot: QtBot) -> None:
    index = view.model().index(row(view, "net/layer0/bias"), 0)
    view.setCurrentIndex(index)
    with qtbot.waitSignal(view.chosen):
        QTest.keyClick(view, Qt.Key.Key_Return)
    with qtbot.waitSignal(view.chosen):
        at = view.visualRect(index).center()
        QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
        double_click(view.viewport(), at)


def test_typing_goes_to_a_name(view: VariableView) -> None:
    view.setCurrentIndex(view.model().index(0, 0))
    QTest.keyClicks(view, "layer2")
    assert view.currentIndex().data() == "layer2"


def test_the_arrow_is_clicked_and_the_box_is_ticked(view: VariableView, qtbot: QtBot) -> None:
    index = view.model().index(1, 0)
    arrow = arrow_rect(view.visualRect(index), index).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, arrow)
    assert index.data(EXPANDED_ROLE) is False
    box = view.visualRect(view.model().index(1, Column.frozen))
    with qtbot.waitSignal(table(view).freezeRequested) as asked:
        at = QPoint(box.left() + 10, box.center().y())
        QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
    assert asked.args[1] is False


def test_a_filter_shows_what_fits_and_what_is_above(view: VariableView) -> None:
    columns = some_columns()
    table(view).set_filter(np.array(["layer1/kernel" in key for key in columns.keys]))
    assert labels(view) == ["net", "layer1", "kernel", "m"]
    view.setCurrentIndex(view.model().index(1, 0))
    QTest.keyClick(view, Qt.Key.Key_Left)
    assert labels(view) == ["net", "layer1"]
    table(view).set_filter(None)
    assert len(labels(view)) == 13


class CountingTable(VariableTable):
    """Notes which rows the view asks for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[int] = set()

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Role.DisplayRole) -> Any:
        self.asked.add(index.row())
        return super().data(index, role)


def test_of_many_variables_only_those_on_the_screen_are_asked_for(qtbot: QtBot) -> None:
    model = CountingTable()
    keys = [f"net/b{i // 1000}/l{i}/w" for i in range(200_000)]
    show_columns = columns_of([*keys, "net/layer2/bias"])
    show(model, show_columns)
    view = VariableView(model)
    qtbot.addWidget(view)
    view.show()
    view.expandAll()
    model.set_filter(np.array([True] * 100_000 + [False] * 100_001))
    qtbot.waitExposed(view)
    view.grab()
    assert model.rowCount() > 100_000
    assert 0 < len(model.asked) < 500
