"""The heatmap as a person uses it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QToolButton, QWidget

from ckpt_studio.gui.style import palette
from ckpt_studio.gui.views.colours import (
    INF_INDEX,
    NAN_INDEX,
    PlotColours,
    Ramp,
    colour_table,
    indices_of,
    limits_of,
)
from tests.gui.views.conftest import Bench


def shown(bench: Bench, tmp_path: Path) -> Any:
    path = tmp_path / "shown.npy"
    bench.find(QToolButton, "heatmapExport").save(str(path), "NPY")
    bench.settle()
    return np.load(path)


def point_at(bench: Bench, row: float, column: float) -> None:
    plot = bench.find(QWidget, "heatmapPlot")
    spot = plot.mapFromScene(plot.getPlotItem().getViewBox().mapViewToScene(QPointF(column, row)))
    QTest.mouseMove(plot.viewport(), spot + QPoint(3, 3))
    QTest.mouseMove(plot.viewport(), spot)
    bench.qtbot.waitUntil(lambda: bench.text("heatmapReadout") != "", timeout=5000)


def pixel(bench: Bench, row: float, column: float) -> tuple[int, int, int]:
    plot = bench.find(QWidget, "heatmapPlot")
    spot = plot.mapFromScene(plot.getPlotItem().getViewBox().mapViewToScene(QPointF(column, row)))
    colour = plot.grab().toImage().pixelColor(spot)
    return colour.red(), colour.green(), colour.blue()


def test_small_matrices_are_shown_as_they_are(bench: Bench, tmp_path: Path) -> None:
    array = np.random.default_rng(0).normal(size=(20, 30)).astype(np.float32)
    array[3, 4], array[5, 6] = np.nan, np.inf
    bench.open({"a": array})
    bench.look("a", 1)
    found = shown(bench, tmp_path)
    finite = np.isfinite(array)
    np.testing.assert_array_equal(found[finite], array[finite])
    colours = PlotColours.of(bench.panel.palette())
    assert pixel(bench, 3.5, 4.5) == colours.nan.getRgb()[:3]
    assert pixel(bench, 5.5, 6.5) == colours.inf.getRgb()[:3]
    bar = bench.find(QWidget, "heatmapColourBar").accessibleName()
    assert "NaN" in bar
    assert "Inf" in bar


def test_value_and_index_under_the_pointer(bench: Bench) -> None:
    array = np.arange(12, dtype=np.int32).reshape(3, 4)
    bench.open({"a": array, "big": np.indices((3000, 3000), np.int32).sum(0) % 2})
    bench.look("a", 1)
    point_at(bench, 1.5, 2.5)
    assert bench.text("heatmapReadout") == "[1, 2] = 6"
    bench.look("big", 1)
    point_at(bench, 1500.5, 1500.5)
    assert "elements: 0 to 1" in bench.text("heatmapReadout")


def test_zoom_reads_only_what_is_seen_and_reset_shows_all(bench: Bench, tmp_path: Path) -> None:
    array = np.arange(4_000_000, dtype=np.float32).reshape(2000, 2000)
    bench.open({"a": array})
    bench.look("a", 1)
    before = bench.source.bytes_read
    assert before < 1.6 * array.nbytes  # what is drawn while the window is laid out is cancelled
    box = bench.find(QWidget, "heatmapPlot").getPlotItem().getViewBox()
    box.setRange(xRange=(100, 120), yRange=(500, 510), padding=0)
    bench.settle()
    assert bench.source.bytes_read - before == 10 * 20 * 4
    np.testing.assert_array_equal(shown(bench, tmp_path), array[500:510, 100:120])
    bench.find(QToolButton, "heatmapReset").click()
    bench.settle()
    assert box.viewRange() == [[0, 2000], [0, 2000]]
    assert shown(bench, tmp_path).max() == array.max()


def test_wheel_zooms_in_and_double_click_out(bench: Bench) -> None:
    bench.open({"a": np.zeros((500, 500), np.float32)})
    bench.look("a", 1)
    plot = bench.find(QWidget, "heatmapPlot")
    box = plot.getPlotItem().getViewBox()
    middle = plot.mapFromScene(box.mapViewToScene(QPointF(250, 250)))
    turned = QWheelEvent(
        QPointF(middle),
        QPointF(plot.viewport().mapToGlobal(middle)),
        QPoint(),
        QPoint(0, 240),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(plot.viewport(), turned)
    bench.settle()
    (left, right), (top, bottom) = box.viewRange()
    assert 0 < left < 250 < right < 500
    assert 0 < top < 250 < bottom < 500
    QTest.mouseDClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=middle)
    bench.settle()
    assert box.viewRange() == [[0, 500], [0, 500]]


def test_zoom_with_the_keyboard(bench: Bench) -> None:
    bench.open({"a": np.zeros((500, 500), np.float32)})
    bench.look("a", 1)
    plot = bench.find(QWidget, "heatmapPlot")
    box = plot.getPlotItem().getViewBox()
    QTest.keyClick(plot, Qt.Key.Key_Plus)
    assert box.viewRange() == [pytest.approx([50, 450]), pytest.approx([50, 450])]
    QTest.keyClick(plot, Qt.Key.Key_Right)
    QTest.keyClick(plot, Qt.Key.Key_Up)
    assert box.viewRange() == [pytest.approx([90, 490]), pytest.approx([10, 410])]
    QTest.keyClick(plot, Qt.Key.Key_0)
    bench.settle()
    assert box.viewRange() == [[0, 500], [0, 500]]


def test_reduction_is_a_choice(bench: Bench, tmp_path: Path) -> None:
    array = np.zeros((4000, 4000), np.float32)
    array[1234, 2345], array[0, 0] = -5, 2
    bench.open({"a": array})
    bench.look("a", 1)
    assert shown(bench, tmp_path).min() == -5
    reduce = bench.find(QComboBox, "heatmapReduce")
    for index, low, high in ((2, -5, 0), (3, 0, 2)):
        reduce.setCurrentIndex(index)
        reduce.activated.emit(index)
        bench.settle()
        found = shown(bench, tmp_path)
        assert (found.min(), found.max()) == (low, high)


def test_vectors_and_scalars(bench: Bench, tmp_path: Path) -> None:
    bench.open({"v": np.arange(7.0), "s": np.float32(3)})
    bench.look("v", 1)
    assert shown(bench, tmp_path).tolist() == [list(range(7))]
    bench.look("s", 1)
    assert shown(bench, tmp_path).tolist() == [[3.0]]


def test_colours_follow_the_palette(bench: Bench) -> None:
    bench.open({"a": np.zeros((4, 4))})
    bench.look("a", 1)
    for dark in (False, True):
        bench.panel.setPalette(palette(dark))
        bench.settle()
        assert (sum(pixel(bench, 1.5, 1.5)) < 380) is dark


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("ramp", list(Ramp))
def test_ramps_have_256_distinct_ends(ramp: Ramp, dark: bool) -> None:
    table = colour_table(ramp, PlotColours.of(palette(dark)))
    special = {tuple(table[NAN_INDEX]), tuple(table[INF_INDEX])}
    assert len(special) == 2
    assert special.isdisjoint({tuple(line) for line in table[1:255]})


def test_values_become_indices() -> None:
    values = np.array([[-2.0, 0.0, 2.0, np.nan, np.nan]])
    nan = np.array([[False, False, False, True, False]])
    inf = np.array([[False, False, False, False, True]])
    found = indices_of(values, nan, inf, (-2.0, 2.0))
    assert found.tolist() == [[1, 128, 254, NAN_INDEX, INF_INDEX]] or found.tolist() == [
        [1, 127, 254, 0, 255]
    ]
    huge = np.array([[-1.7e308, 1.7e308]])
    none = np.zeros((1, 2), np.bool_)
    assert indices_of(huge, none, none, limits_of(Ramp.around_zero, -1.7e308, 1.7e308)).tolist() == [[1, 254]]
    assert limits_of(Ramp.around_zero, 0.0, 0.0) == (-1, 1)
    assert limits_of(Ramp.low_to_high, 3.0, 3.0) == (1.5, 4.5)
    assert limits_of(Ramp.low_to_high, None, None) == (-1, 1)
    tiny = np.array([[0.0, 5e-324]])
    assert indices_of(tiny, none, none, limits_of(Ramp.low_to_high, 0.0, 5e-324)).tolist()[0][0] == 1
