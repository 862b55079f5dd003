"""The histogram as a person uses it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QLineEdit, QSpinBox, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from ckpt_studio.analysis.pairs import Pairs
from ckpt_studio.document.edits.replace import Replace
from ckpt_studio.gui.compared import Compared
from ckpt_studio.gui.main_window import MainWindow
from ckpt_studio.gui.views.histogram_plot import HistogramPlot
from tests.gui.views.conftest import Bench
from tests.helpers.memory_source import MemoryCheckpoint, MemorySource
from tests.helpers.pointer import double_click, move_pointer, pressed

CTRL = Qt.KeyboardModifier.ControlModifier


def exported(bench: Bench, tmp_path: Path, kind: str) -> Path:
    """A file of what the histogram shows."""
    path = tmp_path / f"out.{kind.lower()}"
    bench.find(QToolButton, "histogramExport").save(str(path), kind)
    bench.settle()
    return path


def choose(bench: Bench, combo: str, index: int) -> None:
    """An entry of a combo box, as a person chooses it."""
    field = bench.find(QComboBox, combo)
    field.setCurrentIndex(index)
    field.activated.emit(index)
    bench.settle()


def ground_of(plot: QWidget) -> QColor:
    return plot.palette().base().color()


def counts(bench: Bench, tmp_path: Path) -> Any:
    return np.load(exported(bench, tmp_path, "NPY"))


def test_where_nothing_can_be_drawn_it_is_said(bench: Bench) -> None:
    bench.open({"lost": np.full(3, np.nan, np.float32), "one": np.float32(1)})
    bench.look("lost", 0)
    assert bench.text("histogramCounts") == (
        "3 elements  ·  ⚠ 3 NaN  ·  Inf 0  ·  0 % zero  ·  no number among them that could be drawn"
    )
    bench.look("one", 0)
    assert bench.text("histogramCounts") == "1 element  ·  NaN 0  ·  Inf 0  ·  0 % zero"


def test_counts_bins_range_and_what_no_bin_holds(bench: Bench, tmp_path: Path) -> None:
    array = np.concatenate([np.linspace(0, 10, 1001), [np.nan, np.nan, np.inf]]).astype(np.float32)
    bench.open({"a": array})
    bench.look("a", 0)
    assert counts(bench, tmp_path)[:, 2].sum() == 1001
    beside = bench.text("histogramCounts")
    assert "1,004" in beside
    assert "⚠ 2 NaN" in beside
    assert "⚠ 1 +Inf" in beside
    bench.find(QSpinBox, "histogramBins").setValue(10)
    bench.settle()
    found = counts(bench, tmp_path)
    np.testing.assert_allclose(found[:, 0], np.arange(10), rtol=1e-5)
    np.testing.assert_allclose(found[:, 2], 100, atol=1)  # a value on an edge is on one side of it
    low, high = bench.find(QLineEdit, "histogramLow"), bench.find(QLineEdit, "histogramHigh")
    QTest.keyClicks(low, "2")
    QTest.keyClicks(high, "4")
    high.editingFinished.emit()
    bench.settle()
    assert counts(bench, tmp_path)[:, 2].sum() == 201
    assert "800 outside the range" in bench.text("histogramCounts")
    bench.find(QToolButton, "histogramAutoRange").click()
    bench.settle()
    assert counts(bench, tmp_path)[:, 2].sum() == 1001


def test_staged_and_original_share_their_bins_and_have_a_legend(bench: Bench, tmp_path: Path) -> None:
    document = bench.open({"a": np.zeros(10, np.float32)})
    bench.look("a", 0)
    assert not bench.find(QWidget, "histogramLegend").isVisible()
    document.do(
        Replace((("a", "b"),), MemorySource({"b": np.full(10, 8, np.float32)}, name="donor"), "d/model")
    )
    bench.settle()
    assert bench.find(QWidget, "histogramLegend").isVisible()
    found = counts(bench, tmp_path)
    assert (found[0, 0], found[-1, 1]) == (0, 8)
    assert (found[-1, 2], found[0, 3]) == (10, 10)
    assert "Staged:" in bench.text("histogramCounts")
    document.undo()
    bench.settle()
    assert counts(bench, tmp_path).shape[1] == 3


def test_the_bin_under_the_pointer_is_read_out(bench: Bench) -> None:
    bench.open({"a": np.arange(10, dtype=np.int32).repeat(3)})
    bench.look("a", 0)
    plot = bench.find(HistogramPlot, "histogramPlot")
    move_pointer(plot, QPoint(1, 1))
    move_pointer(plot, plot.spot(4, 1).toPoint())
    bench.settle()
    assert bench.text("histogramReadout") == "4:  3 (10 %)"
    QTest.keyClick(plot, Qt.Key.Key_Right, CTRL)
    assert bench.text("histogramReadout") == "5:  3 (10 %)"
    for _ in range(9):
        QTest.keyClick(plot, Qt.Key.Key_Left, CTRL)
    assert bench.text("histogramReadout") == "0:  3 (10 %)"
    assert plot.accessibleDescription() == "0:  3 (10 %)"
    QTest.keyClick(plot, Qt.Key.Key_Escape)
    assert bench.text("histogramReadout") == ""
    move_pointer(plot, QPoint(1, 1))
    bench.settle()
    assert bench.text("histogramReadout") == ""


def test_zoom_with_the_keyboard_keeps_the_counts(bench: Bench) -> None:
    bench.open({"a": np.linspace(0, 1, 1000)})
    bench.look("a", 0)
    plot = bench.find(HistogramPlot, "histogramPlot")
    heights = plot.y_axis.view
    QTest.keyClick(plot, Qt.Key.Key_Plus)
    assert plot.x_axis.view == (pytest.approx(0.1), pytest.approx(0.9))
    QTest.keyClick(plot, Qt.Key.Key_Right)
    assert plot.x_axis.view == (pytest.approx(0.18), pytest.approx(0.98))
    for _ in range(70):
        QTest.keyClick(plot, Qt.Key.Key_Left, CTRL)  # what is read stays in sight
    assert plot.x_axis.view[0] < 0.1
    assert plot.y_axis.view == heights
    QTest.keyClick(plot, Qt.Key.Key_0)
    bench.settle()
    assert plot.x_axis.is_whole


def test_a_range_is_chosen_by_dragging_and_given_up_by_a_double_click(bench: Bench, tmp_path: Path) -> None:
    bench.open({"a": np.linspace(0, 10, 1001).astype(np.float32), "b": np.zeros(3)})
    bench.look("a", 0)
    plot = bench.find(HistogramPlot, "histogramPlot")
    start, stop = plot.spot(8, 3).toPoint(), plot.spot(4, 3).toPoint()
    with pressed(plot, start) as move:
        move((start + stop) / 2)
        move(stop)
    bench.settle()
    low, high = (float(bench.find(QLineEdit, name).text()) for name in ("histogramLow", "histogramHigh"))
    assert (low, high) == (pytest.approx(4, abs=0.05), pytest.approx(8, abs=0.05))
    assert plot.x_axis.view == (pytest.approx(low), pytest.approx(high))
    assert counts(bench, tmp_path)[:, 2].sum() == pytest.approx(401, abs=6)
    double_click(plot, start)
    bench.settle()
    assert counts(bench, tmp_path)[:, 2].sum() == 1001
    bench.find(QLineEdit, "histogramLow").setText("4")
    bench.find(QLineEdit, "histogramLow").editingFinished.emit()
    bench.look("b", 0)
    assert bench.find(QLineEdit, "histogramLow").text() == ""  # another variable has a range of its own


def test_logarithmic_counts_show_a_single_element(bench: Bench) -> None:
    bench.open({"a": np.concatenate([np.zeros(100_000), [1.0]])})
    bench.look("a", 0)
    choose(bench, "histogramScale", 1)
    plot = bench.find(HistogramPlot, "histogramPlot")
    low, high = plot.y_axis.view
    assert 0 < low < 1 < 100_000 < high
    picture = plot.grab().toImage()
    assert picture.pixelColor(plot.spot(0.998, 0.75).toPoint()) != ground_of(plot)


def test_logarithmic_values_say_what_has_no_place(bench: Bench, tmp_path: Path) -> None:
    array = np.array([-5, 0, 1e-3, 1, 1e3, np.nan], np.float32)
    bench.open({"a": array})
    bench.look("a", 0)
    choose(bench, "histogramValueScale", 1)
    assert counts(bench, tmp_path)[:, 2].sum() == 3
    assert "⚠ 2 not positive, so not on this axis" in bench.text("histogramCounts")
    choose(bench, "histogramValueScale", 2)
    assert counts(bench, tmp_path)[:, 2].sum() == 5
    assert "not positive" not in bench.text("histogramCounts")
    plot = bench.find(HistogramPlot, "histogramPlot")
    assert 0.1 < plot.x_axis.fraction(0.0) < 0.6  # on a linear axis it would stand at 0.005


def test_a_range_that_makes_no_sense_can_be_put_right(bench: Bench, tmp_path: Path) -> None:
    bench.open({"a": np.arange(1.0, 100.0)})
    bench.look("a", 0)
    choose(bench, "histogramValueScale", 1)
    low, high = bench.find(QLineEdit, "histogramLow"), bench.find(QLineEdit, "histogramHigh")
    high.setText("-3")
    high.editingFinished.emit()
    bench.settle()
    assert "⚠ A logarithmic axis shows positive values only" in bench.text("histogramCounts")
    assert high.isVisible()
    low.setText("1")
    high.setText("10")
    high.editingFinished.emit()
    bench.settle()
    assert counts(bench, tmp_path)[:, 2].sum() == 10


def test_cumulative_shares_and_percentiles(bench: Bench) -> None:
    bench.open({"a": np.arange(1, 101, dtype=np.int32), "b": np.array([np.nan, 3.5])})
    bench.look("a", 0)
    for name in ("histogramCumulative", "histogramPercentiles"):
        bench.panel.findChild(QAction, name).trigger()
    bench.settle()
    plot = bench.find(HistogramPlot, "histogramPlot")
    assert plot.y_axis.view == (0, pytest.approx(106))
    assert plot.y_axis.label == "percent up to here"
    assert "p1 1.99  ·  p5 5.95  ·  p25 25.75  ·  p50 50.5" in bench.text("histogramCounts")
    picture = plot.grab().toImage()
    assert picture.pixelColor(plot.spot(90, 80).toPoint()) != ground_of(plot)
    assert picture.pixelColor(plot.spot(70, 78).toPoint()) == ground_of(plot)
    choose(bench, "histogramScale", 1)
    assert plot.y_axis.view[0] == pytest.approx(0.5)
    bench.look("b", 0)
    assert "p50 3.5" in bench.text("histogramCounts")


def test_one_histogram_a_channel(bench: Bench, tmp_path: Path) -> None:
    array = np.zeros((4, 3, 30), np.float32) + np.arange(30, dtype=np.float32)
    array[1, 2, 7] = np.nan
    bench.open({"a": array, "b": np.ones((2, 5)), "v": np.ones(5)})
    bench.look("a", 0)
    channels = bench.find(QComboBox, "histogramChannels")
    assert [channels.itemText(i) for i in range(4)] == ["together", "axis 0 (4)", "axis 1 (3)", "axis 2 (30)"]
    choose(bench, "histogramChannels", 3)
    found = counts(bench, tmp_path)
    assert found.shape[1] == 2 + 30
    assert (found[:, 2:].sum(0) == [12] * 7 + [11] + [12] * 22).all()
    plot = bench.find(HistogramPlot, "histogramPlot")
    move_pointer(plot, QPoint(1, 1))
    move_pointer(plot, plot.spot(6.95, 7.5).toPoint())
    bench.settle()
    assert bench.text("histogramReadout").startswith("channel 7  ·  ")
    assert bench.text("histogramReadout").endswith("11 (91.7 %)  ·  ⚠ 1 NaN/Inf")
    QTest.keyClick(plot, Qt.Key.Key_Down, CTRL)
    assert bench.text("histogramReadout").startswith("channel 8  ·  ")
    lines = exported(bench, tmp_path, "CSV").read_text().splitlines()
    assert lines[0].startswith("left,right,channels 0-0,channels 1-1,")
    assert not bench.panel.findChild(QAction, "histogramCumulative").isEnabled()
    ridge = plot.spot(6.95, 7.1).toPoint()  # in the upper part of the peak of channel 7
    assert plot.grab().toImage().pixelColor(ridge) != ground_of(plot)
    bench.look("b", 0)
    assert channels.currentText() == "axis 1 (5)"  # the last axis stays chosen
    bench.look("v", 0)
    assert not channels.isVisible()
    assert counts(bench, tmp_path).shape[1] == 3


def test_many_channels_are_shades(bench: Bench) -> None:
    array = np.zeros((900, 8), np.float32)
    array[450:] = 1
    bench.open({"a": array})
    bench.look("a", 0)
    choose(bench, "histogramChannels", 1)
    plot = bench.find(HistogramPlot, "histogramPlot")
    picture, ground = plot.grab().toImage(), ground_of(plot)
    full = picture.pixelColor(plot.spot(0.002, 200).toPoint())
    assert full != ground
    assert picture.pixelColor(plot.spot(0.998, 700).toPoint()) == full
    assert picture.pixelColor(plot.spot(0.998, 200).toPoint()) == ground
    assert picture.pixelColor(plot.spot(0.5, 200).toPoint()) == ground


def test_slots_are_laid_over_their_weight(opened: MainWindow, qtbot: QtBot) -> None:
    session = opened.session

    def says(text: str) -> bool:
        label = opened.findChild(QLabel, "histogramCounts")
        return label is not None and text in label.text()

    session.set_current("encoder/dense_1/kernel")
    qtbot.waitUntil(lambda: opened.findChild(QAction, "histogramSlot:m") is not None, timeout=10_000)
    opened.findChild(QAction, "histogramSlot:m").trigger()
    legend = opened.findChild(QWidget, "histogramLegend")
    qtbot.waitUntil(lambda: says("m:  3,072 elements"), timeout=10_000)
    assert legend.accessibleName() == "Filled: This variable; outlined: m"
    session.set_current("encoder/dense_2/kernel")
    qtbot.waitUntil(lambda: says("m:  1,536 elements"), timeout=10_000)  # chosen by name, it stays chosen
    session.set_current("encoder/dense_2/kernel/Adam")
    qtbot.waitUntil(legend.isHidden, timeout=10_000)
    qtbot.waitUntil(lambda: not session.bridge.busy, timeout=10_000)


def test_the_compared_checkpoint_is_an_outline(bench: Bench, tmp_path: Path) -> None:
    document = bench.open({"a": np.zeros(10, np.float32)})
    other = MemoryCheckpoint({"a": np.full(20, 4, np.float64)}, name="other")
    bench.session.compared = Compared(other, Pairs.of(document.staged.columns, other.columns))
    bench.look("a", 0)
    found = counts(bench, tmp_path)
    assert (found[0, 2], found[-1, 3]) == (10, 20)
    assert exported(bench, tmp_path, "CSV").read_text().startswith("left,right,count_staged,count_compared\n")
    assert "↔" in bench.find(QWidget, "histogramLegend").accessibleName()


@pytest.mark.parametrize(
    "array",
    [
        np.full(5, 3.0), np.float32(0), np.array([np.nan]), np.array([True, False]),
        np.array([1e30, -1e-30, 1e300]), np.array([3 + 4j, 0j], np.complex64),
        np.arange(8).astype(ml_dtypes.int4), np.ones((2, 2), ml_dtypes.float8_e4m3fn),
    ],
)  # fmt: skip
def test_odd_variables_are_drawn_on_every_scale(bench: Bench, array: Any, tmp_path: Path) -> None:
    bench.open({"a": array})
    bench.look("a", 0)
    values = np.abs(array) if array.dtype.kind == "c" else np.asarray(array).astype(np.float64)
    for scale, wanted in ((1, values > 0), (2, np.isfinite(values)), (0, np.isfinite(values))):
        choose(bench, "histogramValueScale", scale)
        plot = bench.find(HistogramPlot, "histogramPlot")
        assert plot.isVisible()
        assert not plot.grab().isNull()
        assert counts(bench, tmp_path)[:, 2].sum() == wanted.sum()


def test_export_and_copy(bench: Bench, tmp_path: Path) -> None:
    bench.open({"a": np.arange(100.0)})
    bench.look("a", 0)
    bench.find(QSpinBox, "histogramBins").setValue(4)
    bench.settle()
    lines = exported(bench, tmp_path, "CSV").read_text().splitlines()
    assert lines[0] == "left,right,count"
    assert lines[1] == "0.0,24.75,25.0"
    drawn = exported(bench, tmp_path, "SVG").read_text()
    assert "<path" in drawn
    assert "<image" not in drawn
    plain = QImage(str(exported(bench, tmp_path, "PNG")))
    assert not plain.isNull()
    plot = bench.find(HistogramPlot, "histogramPlot")
    plot.setFocus()
    QTest.keyClick(plot, Qt.Key.Key_Right, CTRL)
    assert QImage(str(exported(bench, tmp_path, "PNG"))) == plain  # what is read is no part of the picture
    bench.panel.findChild(QAction, "histogramCopyData").trigger()
    bench.settle()
    assert QApplication.clipboard().text().splitlines()[1] == "0.0\t24.75\t25.0"
    bench.panel.findChild(QAction, "histogramCopyImage").trigger()
    assert not QApplication.clipboard().image().isNull()


def test_an_export_that_fails_is_a_banner(bench: Bench, tmp_path: Path) -> None:
    troubles: list[Any] = []
    bench.session.troubled.connect(troubles.append)
    bench.open({"a": np.arange(100.0)})
    bench.look("a", 0)
    bench.find(QToolButton, "histogramExport").save(str(tmp_path / "none" / "x.csv"), "CSV")
    bench.settle()
    assert "could not be written" in troubles[0].sentence
    assert not list(tmp_path.iterdir())


def test_the_newest_variable_wins(bench: Bench) -> None:
    bench.open({f"v{i}": np.full(300_000, float(i)) for i in range(20)})
    bench.look("v0", 0)
    for i in range(20):
        bench.session.set_current(f"v{i}")
    bench.settle()
    assert "v19" in bench.find(QLabel, "tensorTitle").full()
    low, high = bench.find(HistogramPlot, "histogramPlot").x_axis.view
    assert low < 19 < high
    assert high - low < 3
