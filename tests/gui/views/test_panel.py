"""The middle of the window: what is shown for which variable, and what is said where there is nothing to show."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from PySide6.QtWidgets import QComboBox, QLabel, QSlider, QSpinBox, QTableView, QTabWidget, QWidget

from ckpt_studio.document.edits.replace import Replace
from tests.gui.views.conftest import Bench
from tests.helpers.memory_source import MemorySource


def test_hints_where_nothing_is_chosen(bench: Bench) -> None:
    assert "Open a checkpoint" in bench.text("tensorHint")
    bench.open({"a": np.zeros(3)})
    assert "Choose a variable" in bench.text("tensorHint")
    bench.session.set_current("gone")
    assert "gone" in bench.text("tensorHint")


def test_the_three_views_have_their_names(bench: Bench) -> None:
    for kind, name in ((QWidget, "histogramView"), (QWidget, "heatmapView"), (QTableView, "valueTable")):
        assert bench.find(kind, name).accessibleName()


def test_title_says_name_shape_and_dtype(bench: Bench) -> None:
    bench.open({"a<b>": np.zeros((3, 4), np.float32)})
    bench.look("a<b>", 0)
    title = bench.find(QLabel, "tensorTitle")
    assert "a<b>   3 × 4   float32" in title.full()


@pytest.mark.parametrize(
    ("key", "tab", "message", "sentence"),
    [
        ("text", 0, "histogramViewMessage", "text"),
        ("text", 1, "heatmapViewMessage", "text"),
        ("opaque", 2, "valuesViewMessage", "variant"),
        ("empty", 0, "histogramViewMessage", "0 × 5"),
        ("empty", 2, "valuesViewMessage", "0 × 5"),
        ("faulty", 1, "heatmapViewMessage", "Bytes of faulty are damaged."),
    ],
)
def test_a_sentence_where_there_is_nothing_to_draw(
    bench: Bench, key: str, tab: int, message: str, sentence: str
) -> None:
    bench.open(
        {
            "text": np.array([b"x"], object),
            "opaque": np.zeros(2),
            "empty": np.zeros((0, 5)),
            "faulty": np.zeros(3),
        },
        opaque=frozenset({"opaque"}),
        faults={"faulty": "Bytes of faulty are damaged."},
    )
    bench.look(key, tab)
    label = bench.find(QLabel, message)
    assert label.isVisible()
    assert sentence in label.text()


def test_a_read_that_fails_can_be_tried_again(bench: Bench) -> None:
    bench.open({"a": np.arange(6.0)})
    bench.source._faults["a"] = "The file went away."
    bench.look("a", 0)
    assert "went away" in bench.text("histogramViewMessage")
    bench.source._faults.clear()
    retry = bench.find(QWidget, "histogramViewRetry")
    assert retry.isVisible()
    retry.click()
    bench.settle()
    assert bench.find(QWidget, "histogramPlot").isVisible()


def test_slice_bar_offers_every_axis(bench: Bench) -> None:
    array = np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5)
    bench.open({"a": array, "matrix": array[0, 0], "vector": array[0, 0, 0], "scalar": np.float32(1)})
    bench.look("a", 2)
    table = bench.find(QTableView, "valueTable")
    assert (table.model().rowCount(), table.model().columnCount()) == (4, 5)
    bench.find(QSlider, "sliceSlider1").setValue(2)
    bench.settle()
    assert bench.find(QSpinBox, "sliceIndex1").value() == 2
    assert table.model().index(3, 4).data() == f"{array[0, 2, 3, 4]:g}"
    rows = bench.find(QComboBox, "sliceRowAxis")
    rows.setCurrentIndex(0)
    rows.activated.emit(0)
    bench.settle()
    table.viewport().repaint()
    bench.settle()
    assert (table.model().rowCount(), table.model().columnCount()) == (2, 5)
    assert table.model().index(1, 4).data() == f"{array[1, 2, 0, 4]:g}"
    columns = bench.find(QComboBox, "sliceColumnAxis")
    columns.setCurrentIndex(0)
    columns.activated.emit(0)  # the axis that runs down: both change places
    assert (table.model().rowCount(), table.model().columnCount()) == (5, 2)
    bar = bench.find(QWidget, "sliceBar")
    assert bar.isVisible()
    for key, shown in (("matrix", True), ("vector", False), ("scalar", False)):
        bench.look(key, 2)
        assert bar.isVisible() is shown
    bench.look("a", 0)
    assert not bar.isVisible()


def test_staged_values_beside_the_original_ones(bench: Bench) -> None:
    document = bench.open({"a": np.zeros((2, 2), np.float32)})
    donor = MemorySource({"b": np.full((2, 2), 7, np.float32)}, name="donor")
    bench.look("a", 2)
    which = bench.find(QComboBox, "sliceWhich")
    cell = bench.find(QTableView, "valueTable").model().index
    assert not which.isVisible()
    document.do(Replace((("a", "b"),), donor, "donor/model"))
    bench.settle()
    assert which.isVisible()
    assert cell(0, 0).data() == "7"
    which.setCurrentIndex(1)
    which.activated.emit(1)
    bench.settle()
    bench.find(QTableView, "valueTable").viewport().repaint()
    bench.settle()
    assert cell(0, 0).data() == "0"
    document.undo()
    bench.settle()
    assert not which.isVisible()


def test_edits_of_other_variables_ask_for_nothing(bench: Bench) -> None:
    document = bench.open({"a": np.zeros(4), "b": np.zeros(4)})
    bench.look("a", 0)
    before = bench.source.bytes_read
    document.do(Replace((("b", "a"),), MemorySource({"a": np.ones(4)}), "donor/model"))
    bench.settle()
    assert bench.source.bytes_read == before


def test_only_the_view_in_front_reads(bench: Bench) -> None:
    bench.open({"a": np.zeros((50, 50), np.float32)})
    bench.look("a", 2)
    bench.find(QTabWidget, "viewTabs").setCurrentIndex(1)
    bench.settle()
    read = bench.source.bytes_read
    bench.find(QTabWidget, "viewTabs").setCurrentIndex(2)
    bench.settle()
    assert bench.source.bytes_read == read


def test_the_panel_is_made_without_numpy_and_pyqtgraph() -> None:
    code = (
        "import sys; import ckpt_studio.gui.views.panel; "
        "print([m for m in ('numpy', 'pyqtgraph', 'google.protobuf') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
