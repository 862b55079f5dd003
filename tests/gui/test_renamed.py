"""What an edit makes of the variables is what the window shows: the tree, the choice and the views follow."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from ckpt_studio.core.dtypes import BY_NAME
from ckpt_studio.document.edits.add import Add
from ckpt_studio.document.edits.base import Edit
from ckpt_studio.document.edits.cast import Cast
from ckpt_studio.document.edits.contents import Value
from ckpt_studio.document.edits.drop import Drop
from ckpt_studio.document.edits.rename import Rename
from ckpt_studio.gui.main_window import MainWindow

WEIGHT = "classifier/bias"


def shown_keys(window: MainWindow) -> list[str]:
    tree = window.workbench.variables.model.tree
    return [] if tree is None else tree.nodes.columns.keys.texts()


def do(window: MainWindow, qtbot: QtBot, edit: Edit) -> None:
    window.workbench.session.do(edit)
    follows(window, qtbot)


def follows(window: MainWindow, qtbot: QtBot) -> None:
    """Wait until the tree is that of the staged variables."""
    document, model = window.workbench.session.document, window.workbench.variables.model
    assert document is not None
    qtbot.waitUntil(
        lambda: model.tree is not None and model.tree.nodes.columns is document.rows.columns, timeout=10_000
    )


def test_a_renamed_variable_stays_chosen_and_goes_back(opened: MainWindow, qtbot: QtBot) -> None:
    session, panel = opened.workbench.session, opened.workbench.variables
    panel.go_to(WEIGHT)
    qtbot.waitUntil(lambda: session.selection == (WEIGHT,), timeout=5_000)
    do(opened, qtbot, Rename(((WEIGHT, "head/b"),)))
    assert session.current == "head/b"
    assert session.selection == ("head/b",)
    assert "head/b" in shown_keys(opened)
    assert panel.view.currentIndex().data(Qt.ItemDataRole.UserRole) == "head/b"
    do(opened, qtbot, Cast(("head/b",), dtype=BY_NAME["float16"]))
    do(opened, qtbot, Add("head/new", BY_NAME["int8"], (2,), Value(1)))
    do(opened, qtbot, Drop(("head/new",)))
    assert {"head/b", "head/new"} <= set(shown_keys(opened))
    for _ in range(4):
        QTest.keyClick(opened, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    follows(opened, qtbot)
    assert session.current == WEIGHT
    assert not {"head/b", "head/new"} & set(shown_keys(opened))


def test_a_filter_and_a_new_variable(opened: MainWindow, qtbot: QtBot) -> None:
    panel = opened.workbench.variables
    panel.filter.setText("head")
    qtbot.waitUntil(lambda: panel.model.rowCount() == 0, timeout=5_000)
    do(opened, qtbot, Add("head/new", BY_NAME["int8"], (2,), Value(1)))
    qtbot.waitUntil(lambda: panel.model.rowCount() > 0, timeout=5_000)
    panel.go_to("head/new")
    qtbot.waitUntil(lambda: opened.workbench.session.current == "head/new", timeout=5_000)
    opened.workbench.session.undo()
    follows(opened, qtbot)
    assert opened.workbench.session.current is None
