"""Typing over cells and pasting blocks: each is one staged edit of the variable, in whatever slice it is seen."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from PySide6.QtCore import QItemSelection, QItemSelectionModel, QPoint, Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QTableView,
    QToolButton,
)

from ckpt_studio.core.dtypes import of_numpy
from ckpt_studio.core.errors import RequestFault
from ckpt_studio.document.document import Document
from ckpt_studio.document.values.scalars import scalar_of
from ckpt_studio.gui.views.values_copy import Written, written
from ckpt_studio.gui.views.values_parse import block_of, cell_of
from tests.gui.views.conftest import Bench
from tests.helpers.pointer import double_click


@pytest.fixture
def document(bench: Bench) -> Document:
    """Three variables, and the session's own signals for edits."""
    return bench.open(
        {
            "m": np.arange(60, dtype=np.float32).reshape(3, 4, 5),
            "s": np.array(7, np.int64),
            "t": np.array([b"a", b"b"], object),
        }
    )


def point(bench: Bench, row: int, column: int) -> QPoint:
    table = bench.find(QTableView, "valueTable")
    bench.qtbot.waitUntil(lambda: table.model().index(row, column).data() != "…", timeout=5000)
    return table.visualRect(table.model().index(row, column)).center()


def test_enter_opens_the_cell_with_what_it_holds(bench: Bench, document: Document) -> None:
    bench.look("m", 2)
    table = bench.find(QTableView, "valueTable")
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=point(bench, 1, 2))
    QTest.keyClick(table, Qt.Key.Key_Return)
    (editor,) = table.viewport().findChildren(QLineEdit)
    assert editor.text() == "7.0"
    editor.selectAll()
    QTest.keyClicks(editor, "70")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    bench.settle()
    assert document.staged.read("m")[0, 1, 2] == 70


def type_over(bench: Bench, row: int, column: int, text: str) -> None:
    """As a person does it: click, type, Enter."""
    table = bench.find(QTableView, "valueTable")
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=point(bench, row, column))
    QTest.keyClick(table, text[0])
    editor = table.findChild(QLineEdit)
    assert editor is not None
    QTest.keyClicks(editor, text[1:])
    QTest.keyClick(editor, Qt.Key.Key_Return)
    bench.settle()


def paste(bench: Bench, text: str, first: tuple[int, int], last: tuple[int, int] | None = None) -> None:
    table = bench.find(QTableView, "valueTable")
    block = QItemSelection(table.model().index(*first), table.model().index(*(last or first)))
    table.selectionModel().select(block, QItemSelectionModel.SelectionFlag.ClearAndSelect)
    QApplication.clipboard().setText(text)
    table.setFocus()
    QTest.keyClick(table, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    bench.settle()


def staged(document: Document, key: str) -> NDArray[Any]:
    return document.staged.read(key)


def test_a_cell_is_typed_over(bench: Bench, document: Document) -> None:
    bench.look("m", 2)
    bench.find(QSpinBox, "sliceIndex0").setValue(2)
    bench.settle()
    type_over(bench, 1, 3, "-2.5")
    (edit,) = document.edits
    assert edit.label == "Set 1 cell of m"
    expected = document.base.read("m")
    expected[2, 1, 3] = -2.5
    np.testing.assert_array_equal(staged(document, "m"), expected)
    table = bench.find(QTableView, "valueTable")
    assert (table.currentIndex().row(), table.currentIndex().column()) == (1, 3)
    point(bench, 1, 3)
    assert table.model().index(1, 3).data() == "-2.5"
    document.undo()
    bench.settle()
    point(bench, 1, 3)
    assert table.model().index(1, 3).data() == "48"


def test_a_double_click_edits_all_digits(bench: Bench) -> None:
    document = bench.open({"a": np.array([[np.pi, 1]])})
    bench.look("a", 2)
    table = bench.find(QTableView, "valueTable")
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=point(bench, 0, 0))
    double_click(table.viewport(), point(bench, 0, 0))
    editor = table.findChild(QLineEdit)
    assert editor.text() == "3.141592653589793"
    QTest.keyClick(editor, Qt.Key.Key_Return)
    bench.settle()
    assert document.edits == ()


def test_a_block_is_pasted_into_a_turned_slice(bench: Bench, document: Document) -> None:
    bench.look("m", 2)
    for name, axis in (("sliceRowAxis", 2), ("sliceColumnAxis", 0)):
        combo = bench.find(QComboBox, name)
        combo.setCurrentIndex(axis)
        combo.activated.emit(axis)
    bench.settle()
    paste(bench, "10\t20\n30\tnan\n", (3, 1))
    expected = document.base.read("m")
    expected[1, 0, 3], expected[2, 0, 3], expected[1, 0, 4], expected[2, 0, 4] = 10, 20, 30, np.nan
    np.testing.assert_array_equal(staged(document, "m"), expected)
    assert [edit.label for edit in document.edits] == ["Set 4 cells of m"]


def test_one_value_fills_the_selection(bench: Bench, document: Document) -> None:
    bench.look("m", 2)
    paste(bench, "0.5", (1, 1), (3, 2))
    expected = document.base.read("m")
    expected[0, 1:4, 1:3] = 0.5
    np.testing.assert_array_equal(staged(document, "m"), expected)


def test_what_cannot_be_staged_is_said(bench: Bench, document: Document) -> None:
    bench.look("m", 2)
    point(bench, 0, 0)
    for text, place, sentence in (
        ("1\t2\n3", (0, 0), "different numbers of cells"),
        ("one", (0, 0), "“one” is no value of the type float32"),
        ("1\t2", (3, 4), "A block of 1 × 2 cells does not fit here"),
        ("", (0, 0), "nothing to paste"),
        ("\n".join(["\t".join(["1"] * 101)] * 100), (0, 0), "at most 10,000 cells, and these are 10,100"),
    ):
        paste(bench, text, place)
        assert sentence in bench.text("valuesNote"), text
    assert document.edits == ()
    troubles: list[Any] = []
    bench.session.troubled.connect(troubles.append)
    paste(bench, "1e300", (0, 0))
    assert "cannot hold 1e+300" in troubles[0].sentence


def test_other_values_than_the_staged_ones_are_not_edited(bench: Bench, document: Document) -> None:
    bench.look("m", 2)
    paste(bench, "5", (0, 0))
    which = bench.find(QComboBox, "sliceWhich")
    which.setCurrentIndex(which.findText("Original values"))
    which.activated.emit(which.currentIndex())
    bench.settle()
    paste(bench, "6", (0, 0))
    index = bench.find(QTableView, "valueTable").model().index(0, 0)
    point(bench, 0, 0)
    assert not index.flags() & Qt.ItemFlag.ItemIsEditable
    assert len(document.edits) == 1


def test_a_string_is_typed_over(bench: Bench, document: Document) -> None:
    bench.look("t", 2)
    type_over(bench, 1, 0, "new")
    assert staged(document, "t").tolist() == [b"a", b"new"]


def test_a_text_is_edited_whole(bench: Bench) -> None:
    document = bench.open({"s": np.array(b"one\ntwo", object), "b": np.array(b"\xff", object)})
    bench.look("s", 2)
    edit, button = bench.find(QPlainTextEdit, "valueText"), bench.find(QToolButton, "valueTextSet")
    assert (button.isVisible(), button.isEnabled()) == (True, False)
    edit.moveCursor(QTextCursor.MoveOperation.End)
    QTest.keyClicks(edit, "3")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    bench.settle()
    assert staged(document, "s")[()] == b"one\ntwo3"
    assert edit.toPlainText() == "one\ntwo3"
    assert not button.isEnabled()
    combo = bench.find(QComboBox, "valueTextReading")
    combo.setCurrentIndex(combo.findText("Bytes"))
    combo.activated.emit(combo.currentIndex())
    bench.settle()
    assert edit.isReadOnly()
    combo.setCurrentIndex(combo.findText("Text"))
    combo.activated.emit(combo.currentIndex())
    bench.look("b", 2)
    assert edit.toPlainText() == "\\xff"
    assert edit.isReadOnly()
    assert not button.isVisible()


def test_a_scalar_is_set(bench: Bench, document: Document) -> None:
    bench.look("s", 2)
    edit, button = bench.find(QLineEdit, "scalarEdit"), bench.find(QPushButton, "scalarSet")
    assert not button.isEnabled()
    QTest.keyClicks(edit, "x1")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert "is no value of the type int64" in bench.text("scalarRefused")
    edit.clear()
    QTest.keyClicks(edit, "0x10")
    QTest.keyClick(edit, Qt.Key.Key_Return)
    bench.settle()
    assert staged(document, "s")[()] == 16
    assert bench.text("scalarValue") == "16"
    assert bench.text("scalarWay3") == "7"


TYPES = [
    np.float32,
    np.float64,
    ml_dtypes.bfloat16,
    np.complex64,
    np.int64,
    np.uint64,
    np.bool_,
    ml_dtypes.int4,
]


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(st.data())
def test_what_was_copied_can_be_pasted(data: st.DataObject) -> None:
    dtype = np.dtype(data.draw(st.sampled_from(TYPES)))
    shape = data.draw(hnp.array_shapes(min_dims=2, max_dims=2, max_side=4))
    if dtype.isbuiltin == 1:
        block = data.draw(hnp.arrays(dtype, shape))
    else:
        block = data.draw(hnp.arrays(np.int8, shape, elements=st.integers(-8, 7))).astype(dtype)
    for how in (Written.text, Written.csv):
        cells = block_of(written(block, how), of_numpy(dtype))
        again = np.array([[scalar_of(cell, of_numpy(dtype), "v") for cell in row] for row in cells])
        np.testing.assert_array_equal(again.astype(dtype), block)


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(
    hnp.arrays(object, st.tuples(st.integers(1, 3), st.integers(1, 3)), elements=st.text().map(str.encode))
)
def test_strings_that_were_copied_can_be_pasted(block: NDArray[Any]) -> None:
    string = of_numpy(np.dtype(object))
    text = written(block, Written.text)
    if not text.strip() or text.endswith("\n"):  # an end of a line says nothing of an empty one behind it
        return
    pasted = [[scalar_of(cell, string, "v") for cell in row] for row in block_of(text, string)]
    assert pasted == block.tolist()


def test_notations_that_people_paste() -> None:
    float32, string = of_numpy(np.dtype(np.float32)), of_numpy(np.dtype(object))
    assert block_of("[[1. 2.]\n [3. 4.]]", float32) == [[1.0, 2.0], [3.0, 4.0]]
    assert block_of("1;2\r\n3;4", float32) == [[1, 2], [3, 4]]
    assert block_of("1, 2,\n", float32) == [[1, 2]]
    assert block_of("\u22121e-3\tInf", float32) == [[-0.001, "Infinity"]]
    assert block_of("a\tb\\n", string) == [["a", "b\n"]]
    assert cell_of("1_000", float32) == 1000
    assert cell_of("True", of_numpy(np.dtype(np.bool_))) is True
    for nonsense in ("", "--1", "0x", "1,2", "1e400", "-1e400"):
        with pytest.raises(RequestFault):
            cell_of(nonsense, float32)
