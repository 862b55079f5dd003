"""The table of values as a person uses it, for tensors of any size."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLineEdit, QSpinBox, QTableView, QWidget

import ckpt_studio.gui.views.value_model as value_model
from ckpt_studio.core.windows import Window
from ckpt_studio.gui.views.numbers import NumberFormat, number_text, share_text
from tests.gui.views.conftest import Bench
from tests.helpers.memory_source import MemoryCheckpoint


def cell(bench: Bench, row: int, column: int) -> Any:
    """The text of a cell, waited for."""
    table = bench.find(QTableView, "valueTable")
    index = table.model().index(row, column)
    table.scrollTo(index)
    index.data()
    bench.settle()
    return index.data()


def test_cells_come_as_they_are_looked_at(bench: Bench) -> None:
    array = np.arange(3_000_000, dtype=np.float32).reshape(3000, 1000)
    bench.open({"a": array})
    bench.look("a", 2)
    assert cell(bench, 0, 0) == "0"
    assert cell(bench, 2999, 999) == "3e+06"
    assert bench.source.bytes_read < 2_000_000
    header = bench.find(QTableView, "valueTable").model().headerData
    assert header(1234, value_model.Qt.Orientation.Vertical) == "1,234"


@pytest.mark.parametrize(
    ("array", "texts"),
    [
        (np.array([0.1, np.nan, -np.inf], np.float32), ["0.1", "NaN", "-Infinity"]),
        (np.array([2**62 + 1, -5]), ["4611686018427387905", "-5"]),
        (np.array([True, False]), ["True", "False"]),
        (np.array([1 + 2j, complex(0, -1.5)], np.complex64), ["1+2j", "0-1.5j"]),
        (np.array([0.1, 3], ml_dtypes.bfloat16), ["0.100098", "3"]),
        (np.array([-7, 7], ml_dtypes.int4), ["-7", "7"]),
        (np.array([b"plain", b"\xff\x00", "é\u202e".encode()], object), ["plain", "\\xff\\x00", "é\\u202e"]),
    ],
    ids=["float", "int64", "bool", "complex", "bfloat16", "int4", "text"],
)
def test_every_kind_of_value(bench: Bench, array: NDArray[Any], texts: list[str]) -> None:
    bench.open({"a": array})
    bench.look("a", 2)
    assert [cell(bench, row, 0) for row in range(len(texts))] == texts


def test_number_formats(bench: Bench) -> None:
    bench.open({"a": np.array([np.float32(1) / 3])})
    bench.look("a", 2)
    found = {}
    combo = bench.find(QComboBox, "valueFormat")
    for index in range(combo.count()):
        combo.setCurrentIndex(index)
        combo.activated.emit(index)
        found[combo.currentData()] = cell(bench, 0, 0)
    assert found == {
        NumberFormat.short: "0.333333",
        NumberFormat.full: "0.33333334",
        NumberFormat.scientific: "3.3333e-01",
        NumberFormat.fixed: "0.333333",
        NumberFormat.hex: "0x3eaaaaab",
    }


def test_the_index_of_the_current_cell_is_said(bench: Bench) -> None:
    bench.open({"a": np.arange(24.0).reshape(2, 3, 4)})
    bench.look("a", 2)
    table = bench.find(QTableView, "valueTable")
    table.setCurrentIndex(table.model().index(2, 3))
    assert bench.text("valuesNote") == "[0, 2, 3] = 11.0"


class Endless(MemoryCheckpoint):
    """More rows than Qt can lay out; each value is its row."""

    rows = 120_000_000

    def __init__(self) -> None:
        super().__init__({"a": np.broadcast_to(np.int64(0), (self.rows, 3))})

    def read(self, key: str, window: Window | None = None) -> NDArray[Any]:
        assert window is not None
        rows = np.arange(window[0].start, window[0].stop, dtype=np.int64)
        return np.repeat(rows[:, None], window[1].stop - window[1].start, axis=1)


def test_beyond_what_qt_can_lay_out_there_are_pages(bench: Bench) -> None:
    from ckpt_studio.document.document import Document

    bench.session.document = Document(Endless())
    bench.session.documentChanged.emit()
    bench.look("a", 2)
    table = bench.find(QTableView, "valueTable")
    assert table.model().rowCount() == value_model.PAGE_ROWS
    assert table.verticalHeader().length() < 2**31
    assert cell(bench, value_model.PAGE_ROWS - 1, 2) == "49999999"
    page = bench.find(QSpinBox, "valuesRowPage")
    assert page.isVisible()
    assert page.maximum() == 3
    page.setValue(3)
    assert table.model().rowCount() == 20_000_000
    assert cell(bench, 19_999_999, 0) == "119999999"
    assert "100,000,000–119,999,999" in bench.text("valuesPageText")


class Wide(MemoryCheckpoint):
    """More columns than Qt can lay out; each value is its column."""

    def __init__(self) -> None:
        super().__init__({"a": np.broadcast_to(np.complex128(0), (3, 2_500_000))})

    def read(self, key: str, window: Window | None = None) -> NDArray[Any]:
        assert window is not None
        columns = np.arange(window[1].start, window[1].stop, dtype=np.complex128)
        return np.repeat(columns[None, :], window[0].stop - window[0].start, axis=0)


def test_columns_have_pages_too(bench: Bench) -> None:
    from ckpt_studio.document.document import Document

    bench.session.document = Document(Wide())
    bench.session.documentChanged.emit()
    bench.look("a", 2)
    table = bench.find(QTableView, "valueTable")
    combo = bench.find(QComboBox, "valueFormat")
    combo.setCurrentIndex(4)
    combo.activated.emit(4)
    assert 100_000_000 < table.horizontalHeader().length() < 2**31
    field = bench.find(QLineEdit, "valuesGoTo")
    QTest.keyClicks(field, "2, 2345678")
    QTest.keyClick(field, Qt.Key.Key_Return)
    bench.qtbot.waitUntil(lambda: bench.text("valuesNote") == "[2, 2,345,678] = 2345678+0j", timeout=5000)
    assert bench.find(QSpinBox, "valuesColumnPage").value() == 3
    assert table.model().columnCount() == 500_000


def test_a_failing_read_is_a_sentence(bench: Bench) -> None:
    bench.open({"a": np.zeros((4, 4))})
    bench.source._faults["a"] = "The file went away."
    bench.look("a", 2)
    assert "went away" in bench.text("valuesViewMessage")
    bench.source._faults.clear()
    bench.find(QWidget, "valuesViewRetry").click()
    bench.settle()
    assert cell(bench, 0, 0) == "0"


def test_shares_never_round_to_nothing_or_all() -> None:
    assert [share_text(*pair) for pair in ((0, 5), (1, 10**6), (999_999, 10**6), (1, 4), (4, 4))] == [
        "0 %",
        "< 0.1 %",
        "> 99.9 %",
        "25 %",
        "100 %",
    ]
    assert number_text(np.float64(1e300), NumberFormat.full) == "1e+300"
    assert number_text(np.complex64(complex("nan")), NumberFormat.short) == "NaN+0j"


def test_tiles_of_the_slice_before_do_not_come_into_the_next(bench: Bench) -> None:
    bench.open({f"v{i}": np.full((300, 64), i, np.int32) for i in range(6)})
    bench.look("v0", 2)
    model = bench.find(QTableView, "valueTable").model()
    for i in range(6):
        bench.session.set_current(f"v{i}")
        model.index(0, 0).data()
        bench.qtbot.wait(i % 3)
        assert model.index(0, 0).data() in ("…", str(i))
    bench.settle()
    assert cell(bench, 0, 0) == "5"
