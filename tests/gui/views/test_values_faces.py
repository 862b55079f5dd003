"""Scalars as themselves, strings as text, vectors as lines, spectra, and values held against others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QTableView,
    QToolButton,
    QWidget,
)

from ckpt_studio.analysis.pairs import Pairs
from ckpt_studio.gui.compared import Compared
from ckpt_studio.gui.views import values_line
from ckpt_studio.gui.views.colours import FIRST, LAST, NAN_INDEX
from ckpt_studio.gui.views.value_model import Mark
from ckpt_studio.gui.views.values_words import PART, Reading, words_of
from tests.gui.views.conftest import Bench
from tests.helpers.memory_source import MemoryCheckpoint
from tests.helpers.pointer import move_pointer


def compare_with(bench: Bench, arrays: dict[str, Any]) -> None:
    other = MemoryCheckpoint(arrays, path="other/model", name="other")
    assert bench.session.document is not None
    bench.session.set_compared(
        Compared(other, Pairs.of(bench.session.document.staged.columns, other.columns))
    )
    bench.settle()


def pick(bench: Bench, name: str, text: str) -> None:
    combo = bench.find(QComboBox, name)
    place = combo.findText(text)
    assert place >= 0, [combo.itemText(i) for i in range(combo.count())]
    combo.setCurrentIndex(place)
    combo.activated.emit(place)
    bench.settle()


def cells(bench: Bench, rows: int, columns: int) -> list[list[str]]:
    model = bench.find(QTableView, "valueTable").model()
    places = [(row, column) for row in range(rows) for column in range(columns)]
    bench.qtbot.waitUntil(lambda: all(model.index(*place).data() != "…" for place in places), timeout=5000)
    return [[model.index(row, column).data() for column in range(columns)] for row in range(rows)]


def go(bench: Bench, text: str) -> None:
    field = bench.find(QLineEdit, "valuesGoTo")
    field.setFocus()
    field.clear()
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)
    bench.settle()


# ---- where a person goes


def test_going_to_an_index(bench: Bench) -> None:
    bench.open({"a": np.arange(4 * 500 * 300).reshape(4, 500, 300)})
    bench.look("a", 2)
    for text, said in (
        ("2, 450, 299", "[2, 450, 299] = 435299"),
        ("[0, 0, 7]", "[0, 0, 7] = 7"),
        ("499 1", "[0, 499, 1] = 149701"),
        ("-1", "[0, 499, 0] = 149700"),
        ("-1, -1, -1", "[3, 499, 299] = 599999"),
    ):
        go(bench, text)
        bench.qtbot.waitUntil(lambda said=said: bench.text("valuesNote") == said, timeout=5000)
    assert bench.find(QSpinBox, "sliceIndex0").value() == 3
    go(bench, "1, 500, 0")
    assert "500 is outside of axis 1, which has 500 elements" in bench.text("valuesNote")
    for nonsense in ("", "x", "1, 2, 3, 4", "1.5"):
        go(bench, nonsense)
        assert "Type row or row, column or 3 indices as whole numbers" in bench.text("valuesNote")


def test_one_index_of_a_vector(bench: Bench) -> None:
    bench.open({"a": np.arange(1000.0)})
    bench.look("a", 2)
    go(bench, "777")
    bench.qtbot.waitUntil(lambda: bench.text("valuesNote") == "[777] = 777.0", timeout=5000)


# ---- numbers


def test_digits(bench: Bench) -> None:
    bench.open({"a": np.array([[np.pi * 1000]])})
    bench.look("a", 2)
    digits = bench.find(QSpinBox, "valueDigits")
    found = []
    for how, count in (
        ("Automatic", 3),
        ("Fixed", 2),
        ("Scientific", 2),
        ("Hexadecimal", 2),
        ("All digits", 2),
    ):
        pick(bench, "valueFormat", how)
        digits.setValue(count)
        found.append(cells(bench, 1, 1)[0][0])
    assert found == ["3.14e+03", "3141.59", "3.14e+03", "0x40a88b2f704a9409", "3141.592653589793"]
    assert not digits.isEnabled()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.float32(-2), "0xc0000000"),
        (ml_dtypes.bfloat16(1), "0x3f80"),
        (np.int16(-1), "0xffff"),
        (np.bool_(True), "0x01"),
        (ml_dtypes.int4(-1), "0xf"),
        (np.complex64(1 - 2j), "0x3f800000 0xc0000000"),
    ],
)
def test_bits_of_every_kind(bench: Bench, value: Any, text: str) -> None:
    bench.open({"a": np.array([[value]])})
    bench.look("a", 2)
    pick(bench, "valueFormat", "Hexadecimal")
    assert cells(bench, 1, 1) == [[text]]


def test_nan_and_infinity_stand_out(bench: Bench) -> None:
    bench.open({"a": np.array([[0.5, np.nan, -np.inf]])})
    bench.look("a", 2)
    cells(bench, 1, 3)
    model = bench.find(QTableView, "valueTable").model()
    assert [model.look(0, column).mark for column in range(3)] == [Mark.none, Mark.nan, Mark.inf]
    view = bench.find(QTableView, "valueTable")
    view.clearSelection()
    image = view.viewport().grab().toImage()
    inks = {
        image.pixelColor(view.visualRect(model.index(0, column)).topLeft() + QPoint(3, 3)).name()
        for column in range(3)
    }
    assert len(inks) == 3


def test_colours_hold_for_the_whole_variable(bench: Bench) -> None:
    array = np.linspace(-1, 1, 3000 * 4).reshape(3000, 4)
    array[2, 2] = np.nan
    bench.open({"a": array})
    bench.look("a", 2)
    cells(bench, 3, 4)
    model = bench.find(QTableView, "valueTable").model()
    assert model.look(0, 0).colour == -1
    pick(bench, "valueColours", "Around zero")
    assert (model.look(0, 0).colour, model.look(2, 2).colour) == (FIRST, NAN_INDEX)
    go(bench, "2999, 3")
    bench.qtbot.waitUntil(lambda: model.look(2999, 3).colour == LAST, timeout=5000)
    pick(bench, "valueColours", "None")
    assert model.look(2999, 3).colour == -1


# ---- beside others


def test_values_beside_those_compared(bench: Bench) -> None:
    ours = np.array([[1, 2, np.nan], [np.inf, -1, 0]], np.float32)
    theirs = np.array([[1, 2.5, np.nan], [np.inf, 3, np.nan]], np.float32)
    bench.open({"a": ours, "other": np.zeros((2, 2))})
    bench.look("a", 2)
    assert not bench.find(QComboBox, "valuesBeside").isVisible()
    compare_with(bench, {"a": theirs, "other": np.zeros((3, 3))})
    pick(bench, "valuesBeside", "beside compared")
    assert cells(bench, 2, 3) == [
        ["1  |  1", "2  |  2.5", "NaN  |  NaN"],
        ["Infinity  |  Infinity", "-1  |  3", "0  |  NaN"],
    ]
    model = bench.find(QTableView, "valueTable").model()
    marks = [[model.look(row, column).mark is Mark.differs for column in range(3)] for row in range(2)]
    assert marks == [[False, True, False], [False, True, True]]
    bench.look("other", 2)
    assert not bench.find(QComboBox, "valuesBeside").isVisible()
    assert cells(bench, 1, 1) == [["0"]]
    bench.look("a", 2)
    pick(bench, "sliceWhich", "Staged − compared")
    assert cells(bench, 2, 3) == [["0", "-0.5", "0"], ["0", "-4", "NaN"]]
    bench.session.set_compared(None)
    bench.settle()
    assert cells(bench, 1, 2) == [["1", "2"]]


# ---- scalars


@pytest.mark.parametrize(
    ("value", "ways"),
    [
        (np.float32(0.1), ["1.00000001e-01", "0x3dcccccd", "0  01111011  10011001100110011001101"]),
        (ml_dtypes.bfloat16(-1.5), ["-1.50000000e+00", "0xbfc0", "1  01111111  1000000"]),
        (np.int32(-5000), ["-5,000", "0xffffec78", "11111111 11111111 11101100 01111000"]),
        (np.bool_(True), ["0x01", "00000001"]),
    ],
)
def test_a_scalar_is_shown_down_to_its_bits(bench: Bench, value: Any, ways: list[str]) -> None:
    bench.open({"a": np.array(value)})
    bench.look("a", 2)
    assert bench.text("scalarValue") == str(value)
    assert [bench.text(f"scalarWay{row}") for row in range(len(ways))] == ways
    assert not bench.find(QTableView, "valueTable").isVisible()


def test_a_scalar_beside_the_one_compared(bench: Bench) -> None:
    bench.open({"a": np.array(7)})
    bench.look("a", 2)
    compare_with(bench, {"a": np.array(9)})
    assert bench.text("scalarValue") == "7"
    assert bench.text("scalarWay3") == "9"


# ---- strings


def test_a_string_is_read_as_json_text_or_bytes(bench: Bench, tmp_path: Path) -> None:
    value = json.dumps({"b": [1, {"a": "é\u202e"}]}).encode()
    bench.open({"a": np.array(value, object), "n": np.array(b"\x00\xff" * 40, object)})
    bench.look("a", 2)
    edit = bench.find(QPlainTextEdit, "valueText")
    assert edit.toPlainText().splitlines()[1] == '  "b": ['
    assert "\\u202e" in edit.toPlainText()
    pick(bench, "valueTextReading", "Text")
    assert edit.toPlainText() == value.decode()
    pick(bench, "valueTextReading", "Bytes")
    assert edit.toPlainText().startswith("00000000  7b 22 62 22 3a 20")
    assert f"{len(value)} bytes" in bench.text("valueTextAbout")
    pick(bench, "valueTextReading", "Automatic")
    bench.look("n", 2)
    assert edit.toPlainText().startswith("00000000  00 ff 00 ff")
    QTest.mouseClick(bench.find(QToolButton, "valueTextSave"), Qt.MouseButton.LeftButton)
    dialog = bench.find(QFileDialog, "valuesExportDialog")
    dialog.fileSelected.emit(str(tmp_path / "n.bin"))
    dialog.close()
    bench.settle()
    assert (tmp_path / "n.bin").read_bytes() == b"\x00\xff" * 40


def test_a_long_string_comes_in_parts(bench: Bench) -> None:
    value = b"".join(b"%07d " % number for number in range(20_000))
    bench.open({"a": np.array([b"short", value], object)})
    bench.look("a", 2)
    table = bench.find(QTableView, "valueTable")
    assert len(cells(bench, 2, 1)[1][0]) == 501
    table.setCurrentIndex(table.model().index(1, 0))
    bench.settle()
    part = bench.find(QSpinBox, "valueTextPart")
    assert (part.isVisible(), part.maximum()) == (True, 5)
    part.setValue(5)
    bench.settle()
    assert bench.find(QPlainTextEdit, "valueText").toPlainText().endswith("0019999 ")
    table.setCurrentIndex(table.model().index(0, 0))
    bench.settle()
    assert bench.find(QPlainTextEdit, "valueText").toPlainText() == "short"
    assert not part.isVisible()


def test_words_put_together_are_the_whole_string() -> None:
    value = ("π" * (PART - 1) + "ab\n" * 10).encode()
    first = words_of(value, Reading.text)
    assert first.parts == 2
    assert first.text + words_of(value, Reading.text, 1).text == value.decode()
    assert words_of(b"{not json", Reading.json).reading is Reading.text
    assert words_of(b"[" * 100_000, Reading.json).reading is Reading.text
    assert words_of(b"", Reading.guess).text == ""
    dump = [words_of(bytes(range(256)) * 64, Reading.hex, part) for part in range(2)]
    assert dump[0].parts == 2
    assert dump[1].text.splitlines()[0].startswith("00002000  00 01 02")


# ---- lines and spectra


def test_a_vector_is_drawn_and_read(bench: Bench) -> None:
    vector = np.sin(np.arange(300_000) / 20_000).astype(np.float32)
    vector[5] = np.nan
    vector[123_456] = 9
    bench.open({"a": vector, "m": np.zeros((3, 3))})
    bench.look("a", 2)
    plot = bench.find(QWidget, "valuesLine")
    assert plot.isVisible()
    assert bench.text("valuesLineReadout") == "⚠ 1 NaN"
    assert plot.y_axis.bounds[1] > 9
    read = bench.source.bytes_read
    move_pointer(plot, plot.spot(123_456, 0).toPoint())
    assert "… 9" in bench.text("valuesLineReadout")
    plot.show_part(x=(123_450, 123_460))
    bench.qtbot.waitUntil(lambda: bench.source.bytes_read > read, timeout=5000)
    bench.settle()
    assert bench.source.bytes_read - read < 1000
    plot.pointed.emit((123_456.2, 0.0))
    assert bench.text("valuesLineReadout") == "[123,456] = 9"
    QTest.mouseClick(bench.find(QToolButton, "valuesPlotButton"), Qt.MouseButton.LeftButton)
    assert not plot.isVisible()
    bench.look("m", 2)
    assert not bench.find(QToolButton, "valuesPlotButton").isVisible()


def test_a_huge_vector_is_drawn_when_asked_for(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values_line, "_UNASKED", 1000)
    bench.open({"a": np.arange(100_000.0)})
    bench.look("a", 2)
    assert bench.source.bytes_read < 500_000
    assert "800 kB have to be read" in bench.text("valuesLineReadout")
    button = bench.find(QPushButton, "valuesLineDraw")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    bench.settle()
    assert bench.source.bytes_read > 800_000
    assert not button.isVisible()
    assert bench.find(QWidget, "valuesLine").y_axis.bounds[1] > 99_999


def test_a_vector_is_not_read_while_another_view_is_in_front(bench: Bench) -> None:
    bench.open({"a": np.arange(100_000.0)})
    bench.look("a", 1)
    read = bench.source.bytes_read
    bench.session.stagedChanged.emit(frozenset(["a"]))
    bench.settle()
    assert bench.panel.findChild(QWidget, "valuesLine") is None
    bench.look("a", 2)
    assert bench.source.bytes_read > read
    assert bench.find(QWidget, "valuesLine").y_axis.bounds[1] > 99_999


def test_the_spectrum_of_a_matrix(bench: Bench) -> None:
    matrix = np.diag([4.0, 2, 1, 0]).astype(np.float32)
    bench.open(
        {"a": matrix, "huge": np.broadcast_to(np.float32(0), (3000, 3000)), "nan": np.full((4, 4), np.nan)}
    )
    bench.look("a", 2)
    button = bench.find(QToolButton, "valuesSpectrumButton")
    assert bench.panel.findChild(QWidget, "valuesSpectrum") is None
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    bench.settle()
    assert bench.find(QWidget, "valuesSpectrum").isVisible()
    facts = bench.text("valuesSpectrumFacts")
    for fact in ("rank 3 of 4", "stable rank 1.3125", "condition number Infinity", "largest 4, smallest 0"):
        assert fact in facts
    QTest.mouseClick(bench.find(QCheckBox, "valuesSpectrumLog"), Qt.MouseButton.LeftButton)
    plot = bench.find(QWidget, "valuesSpectrum")
    assert plot.y_axis.bounds == (0.5, 8.0)
    plot.pointed.emit((2.2, 1.0))
    assert bench.text("valuesSpectrumReadout") == "number 2: 2"
    bench.look("nan", 2)
    assert "16 of the elements are NaN or infinite" in bench.text("valuesSpectrumFacts")
    bench.look("huge", 2)
    assert not button.isEnabled()
    assert "2,048" in button.toolTip()
    assert not plot.isVisible()


def test_a_column_of_strings_is_as_wide_as_the_table(bench: Bench) -> None:
    bench.open({"words": np.array([b"left", b"right"], object), "numbers": np.zeros((2, 40), np.float32)})
    bench.look("words", 2)
    table = bench.find(QTableView, "valueTable")
    assert table.horizontalHeader().sectionSize(0) == table.viewport().width()
    bench.look("numbers", 2)
    assert table.horizontalHeader().sectionSize(39) == table.horizontalHeader().sectionSize(0)
