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

from ckpt_studio.analysis.heatmap import HeatmapRequest, heatmap
from ckpt_studio.analysis.slices import SliceSpec
from ckpt_studio.gui.plots.colours import PlotColours
from ckpt_studio.gui.style import palette
from ckpt_studio.gui.views.colours import (
    BLANK_INDEX,
    FIRST,
    INF_INDEX,
    LAST,
    NAN_INDEX,
    Painted,
    Ramp,
    Tone,
    colour_table,
    tone_of,
)
from tests.gui.views.conftest import Bench
from tests.helpers.memory_source import MemorySource


def shown(bench: Bench, tmp_path: Path) -> Any:
    path = tmp_path / "shown.npy"
    bench.find(QToolButton, "heatmapExport").save(str(path), "NPY")
    bench.settle()
    return np.load(path)


def spot(bench: Bench, row: float, column: float) -> QPoint:
    point: QPoint = bench.find(QWidget, "heatmapPlot").spot(column, row).toPoint()
    return point


def point_at(bench: Bench, row: float, column: float) -> None:
    plot, at = bench.find(QWidget, "heatmapPlot"), spot(bench, row, column)
    QTest.mouseMove(plot, at + QPoint(3, 3))
    QTest.mouseMove(plot, at)
    bench.qtbot.waitUntil(lambda: bench.text("heatmapReadout") != "", timeout=5000)


def pixel(bench: Bench, row: float, column: float) -> tuple[int, int, int]:
    at = spot(bench, row, column)
    colour = bench.find(QWidget, "heatmapPlot").grab().toImage().pixelColor(at)
    return colour.red(), colour.green(), colour.blue()


def choose(bench: Bench, action: str) -> None:
    """An entry of the colours' menu."""
    menu = bench.find(QToolButton, "heatmapColours").menu()
    next(entry for entry in menu.actions() if entry.objectName() == action).trigger()
    bench.settle()


def click(bench: Bench, name: str) -> None:
    QTest.mouseClick(bench.find(QToolButton, name), Qt.MouseButton.LeftButton)
    bench.settle()


def view(bench: Bench) -> tuple[tuple[float, float], tuple[float, float]]:
    plot = bench.find(QWidget, "heatmapPlot")
    return plot.y_axis.view, plot.x_axis.view


def test_small_matrices_are_shown_as_they_are(bench: Bench, tmp_path: Path) -> None:
    array = np.random.default_rng(0).normal(size=(20, 30)).astype(np.float32)
    array[3, 4], array[5, 6] = np.nan, np.inf
    bench.open({"a": array})
    bench.look("a", 1)
    found = shown(bench, tmp_path)
    finite = np.isfinite(array)
    np.testing.assert_array_equal(found[finite], array[finite])
    colours = PlotColours.of(bench.panel.palette())
    assert pixel(bench, 3.2, 4.1) == colours.nan.getRgb()[:3]
    assert pixel(bench, 5.2, 6.1) == colours.inf.getRgb()[:3]
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


def test_zoom_reads_little_more_than_what_is_seen_and_reset_shows_all(bench: Bench, tmp_path: Path) -> None:
    array = np.arange(4_000_000, dtype=np.float32).reshape(2000, 2000)
    bench.open({"a": array})
    bench.look("a", 1)
    plot = bench.find(QWidget, "heatmapPlot")
    before = bench.source.bytes_read
    plot.show_part(x=(100, 120), y=(500, 510))
    bench.settle()
    assert bench.source.bytes_read - before == 14 * 28 * 4  # a fifth more on each side, for moving on
    np.testing.assert_array_equal(shown(bench, tmp_path), array[500:510, 100:120])
    before = bench.source.bytes_read
    plot.show_part(x=(101, 121), y=(499, 509))
    bench.settle()
    assert bench.source.bytes_read == before
    np.testing.assert_array_equal(shown(bench, tmp_path), array[499:509, 101:121])
    click(bench, "heatmapReset")
    assert view(bench) == ((0, 2000), (0, 2000))
    assert shown(bench, tmp_path).max() == array.max()


def test_a_drag_moves_the_picture_and_the_wheel_zooms(bench: Bench, tmp_path: Path) -> None:
    array = np.arange(250_000, dtype=np.int32).reshape(500, 500)
    bench.open({"a": array})
    bench.look("a", 1)
    plot = bench.find(QWidget, "heatmapPlot")
    middle = spot(bench, 250, 250)
    turned = QWheelEvent(
        QPointF(middle),
        QPointF(plot.mapToGlobal(middle)),
        QPoint(),
        QPoint(0, 1200),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(plot, turned)
    bench.settle()
    (top, bottom), (left, right) = view(bench)
    assert 0 < left < 250 < right < 500
    assert 0 < top < 250 < bottom < 500
    grip = spot(bench, 250, 250)
    QTest.mousePress(plot, Qt.MouseButton.LeftButton, pos=grip)
    for step in range(1, 6):
        QTest.mouseMove(plot, grip + QPoint(10 * step, 8 * step))
    QTest.mouseRelease(plot, Qt.MouseButton.LeftButton, pos=grip + QPoint(50, 40))
    bench.settle()
    (now_top, _), (now_left, _) = view(bench)
    assert now_top < top
    assert now_left < left
    found = shown(bench, tmp_path)
    assert found[0, 0] == array[int(now_top), int(now_left)]
    QTest.mouseDClick(plot, Qt.MouseButton.LeftButton, pos=middle)
    bench.settle()
    assert view(bench) == ((0, 500), (0, 500))


def test_zoom_with_the_keyboard(bench: Bench) -> None:
    bench.open({"a": np.zeros((500, 500), np.float32)})
    bench.look("a", 1)
    plot = bench.find(QWidget, "heatmapPlot")
    QTest.keyClick(plot, Qt.Key.Key_Plus)
    assert view(bench) == (pytest.approx((50, 450)), pytest.approx((50, 450)))
    QTest.keyClick(plot, Qt.Key.Key_Right)
    QTest.keyClick(plot, Qt.Key.Key_Up)
    assert view(bench) == (pytest.approx((10, 410)), pytest.approx((90, 490)))
    QTest.keyClick(plot, Qt.Key.Key_Home)
    bench.settle()
    assert view(bench) == ((0, 500), (0, 500))


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
def test_nan_and_inf_look_like_no_value(ramp: Ramp, dark: bool) -> None:
    table = colour_table(ramp, PlotColours.of(palette(dark)))
    special = {tuple(table[NAN_INDEX]), tuple(table[INF_INDEX]), tuple(table[BLANK_INDEX])}
    assert len(special) == 3
    assert special.isdisjoint({tuple(line) for line in table[FIRST : LAST + 1]})


def indices(values: Any, tone: Tone) -> list[int]:
    array = np.asarray(values, np.float64)[None]
    picture = heatmap(
        MemorySource({"v": array}), HeatmapRequest.whole("v", SliceSpec.of_shape(array.shape), (9, 9))
    )
    return Painted.of(picture, tone).indices[0].tolist()


def test_values_become_indices() -> None:
    around = tone_of(Ramp.around_zero, -1.0, 2.0)
    assert (around.low, around.high) == (-2, 2)
    assert indices([-2, 0, 2, np.nan, np.inf], around) == [FIRST, 127, LAST, NAN_INDEX, INF_INDEX]
    assert indices([-1.7e308, 0, 1.7e308], tone_of(Ramp.around_zero, -1.7e308, 1.7e308)) == [FIRST, 127, LAST]
    assert tone_of(Ramp.around_zero, 0.0, 0.0).limits == (-1, 1)
    assert tone_of(Ramp.low_to_high, 3.0, 3.0).limits == (1.5, 4.5)
    assert tone_of(Ramp.low_to_high, None, None).limits == (-1, 1)
    log = tone_of(Ramp.low_to_high, 1.0, 1e4, logarithmic=True)
    assert indices([1, 100, 1e4, 1e9], log) == [FIRST, 127, LAST, LAST]
    both = tone_of(Ramp.around_zero, -5.0, 5.0, logarithmic=True)
    found = indices([-5, -0.05, 0, 0.05, 5], both)
    assert found == sorted(found)
    assert (found[2], found[1] + found[3]) == (127, 254)
    assert both.value(both.place(0.3)) == pytest.approx(0.3)
