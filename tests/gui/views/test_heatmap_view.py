"""The heatmap as a person uses it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QProgressBar, QPushButton, QTabWidget, QWidget

import ckpt_studio.analysis.heatmap as heatmap_module
from ckpt_studio.core.windows import Window
from ckpt_studio.document.document import Document
from ckpt_studio.gui.plots.colours import PlotColours
from ckpt_studio.gui.style import palette
from tests.gui.views.conftest import Bench
from tests.gui.views.heatmaps import choose, click, pixel, point_at, shown, spot, view
from tests.helpers.memory_source import MemoryCheckpoint
from tests.helpers.pointer import double_click, pressed


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
    with pressed(plot, grip) as move:
        for step in range(1, 6):
            move(grip + QPoint(10 * step, 8 * step))
    bench.settle()
    (now_top, _), (now_left, _) = view(bench)
    assert now_top < top
    assert now_left < left
    found = shown(bench, tmp_path)
    assert found[0, 0] == array[int(now_top), int(now_left)]
    double_click(plot, middle)
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


SHOWN: dict[str, Any] = {
    "scalar": np.float32(3),
    "vector": np.arange(7.0),
    "one row": np.arange(9, dtype=np.int16)[None],
    "one column": np.arange(9, dtype=np.uint64)[:, None],
    "bool": np.eye(3, dtype=np.bool_),
    "complex": np.array([[1 + 2j, np.nan], [0, -1j]], np.complex64),
    "float8": np.array([[1.5, -2], [np.nan, 0]]).astype(ml_dtypes.float8_e4m3fn),
    "int4": np.array([[-8, 7]]).astype(ml_dtypes.int4),
    "bfloat16": np.array([[1, np.inf]]).astype(ml_dtypes.bfloat16),
}


def test_every_kind_is_taken_along_as_it_is(bench: Bench, tmp_path: Path) -> None:
    bench.open(SHOWN)
    for key, array in SHOWN.items():
        bench.look(key, 1)
        found = shown(bench, tmp_path)
        wanted = np.atleast_2d(array)
        assert found.shape == wanted.shape, key
        assert found.tobytes() == wanted.tobytes(), key


def test_six_axes_and_nothing_at_all(bench: Bench, tmp_path: Path) -> None:
    six = np.arange(720.0).reshape(1, 2, 3, 4, 5, 6)
    bench.open({"six": six, "empty": np.zeros((0, 4)), "text": np.array([b"a"], object)})
    bench.look("six", 1)
    np.testing.assert_array_equal(shown(bench, tmp_path), six[0, 0, 0, 0])
    bench.find(QWidget, "sliceIndex2").setValue(2)
    bench.settle()
    np.testing.assert_array_equal(shown(bench, tmp_path), six[0, 0, 2, 0])
    click(bench, "sliceTranspose")
    np.testing.assert_array_equal(shown(bench, tmp_path), six[0, 0, 2, 0].T)
    for key, word in (("empty", "no elements"), ("text", "holds text")):
        bench.look(key, 1)
        assert word in bench.text("heatmapViewMessage")


def test_values_stand_in_cells_that_have_room(bench: Bench) -> None:
    bench.open({"a": np.zeros((6, 6), np.float32), "many": np.zeros((200, 200), np.float32)})
    bench.look("a", 1)
    plot = bench.find(QWidget, "heatmapPlot")

    def inks() -> set[int]:
        top, bottom = spot(bench, 2.2, 2.2), spot(bench, 2.8, 2.8)
        image = plot.grab().toImage()
        return {image.pixel(x, y) for x in range(top.x(), bottom.x()) for y in range(top.y(), bottom.y())}

    assert len(inks()) > 1
    bench.look("many", 1)
    assert len(inks()) == 1
    plot.show_part(x=(0, 6), y=(0, 6))
    bench.settle()
    assert len(inks()) > 1


def test_no_nan_is_lost_on_the_screen(bench: Bench) -> None:
    array = np.zeros((3001, 2503), np.float32)
    places = np.random.default_rng(5).integers((20, 20), (2980, 2480), (40, 2)).tolist()
    for row, column in places:
        array[row, column] = np.nan
    bench.open({"a": array})
    bench.look("a", 1)
    plot = bench.find(QWidget, "heatmapPlot")
    wanted = PlotColours.of(plot.palette()).nan.rgb()
    for zoomed in (False, True):
        if zoomed:
            plot.show_part(x=(0, 2100), y=(0, 2700))
            bench.settle()
        image = plot.grab().toImage()
        for row, column in places:
            at = spot(bench, row + 0.5, column + 0.5)
            if plot.frame().area.adjusted(2, 8, -8, -2).contains(QPointF(at)):
                near = [at + QPoint(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1)]
                assert wanted in {image.pixelColor(point).rgb() for point in near}, (row, column, zoomed)


def test_the_newest_wish_wins(bench: Bench, tmp_path: Path) -> None:
    arrays = {f"v{n}": np.full((3000, 3000), n, np.float32) for n in range(4)}
    bench.open(arrays)
    bench.look("v0", 1)
    for key in ("v1", "v2", "v3", "v1"):
        bench.session.set_current(key)
    bench.settle()
    assert set(shown(bench, tmp_path).reshape(-1).tolist()) == {1.0}
    bench.session.set_current(None)
    assert bench.find(QWidget, "heatmapPlot").overview is None


class Slow(MemoryCheckpoint):
    """Each read takes its time."""

    def read(self, key: str, window: Window | None = None) -> NDArray[Any]:
        time.sleep(0.02)
        return super().read(key, window)


def test_long_reading_shows_its_progress_and_can_be_stopped(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heatmap_module, "_TILE_BYTES", 1 << 16)
    monkeypatch.setattr(heatmap_module, "_STEP_SECONDS", 0.05)
    bench.open({})
    c = np.zeros((1024, 600), np.float32)
    slow = Slow({"a": np.zeros((4096, 1024), np.float32), "b": np.zeros((9, 9)), "c": c})
    bench.session.document = Document(slow)
    bench.session.documentChanged.emit()
    bench.find(QTabWidget, "viewTabs").setCurrentIndex(1)
    bench.session.set_current("a")
    bar = bench.find(QProgressBar, "heatmapViewProgress")
    bench.qtbot.waitUntil(lambda: bar.isVisible() and bench.text("heatmapState") != "", timeout=5000)
    seen = bar.value()
    bench.qtbot.waitUntil(lambda: bar.value() > seen, timeout=5000)
    assert bar.isVisible()
    QTest.mouseClick(bench.find(QPushButton, "heatmapViewProgressCancel"), Qt.MouseButton.LeftButton)
    bench.settle()
    assert "stopped" in bench.text("heatmapViewMessage")
    before = slow.bytes_read
    bench.session.set_current("b")
    bench.settle()
    assert slow.bytes_read < before + (1 << 20)
    assert bench.text("heatmapState") == ""
    before = slow.bytes_read
    bench.session.set_current("c")
    bench.qtbot.waitUntil(bar.isVisible, timeout=5000)
    bench.settle()
    # once for the picture, once for how its values are spread
    assert slow.bytes_read - before == 2 * c.nbytes
    bench.session.set_current("b")
    bench.session.set_current("c")
    bench.qtbot.waitUntil(lambda: bench.text("heatmapState") != "", timeout=5000)
    choose(bench, "heatmapRamp_low_to_high")  # while it is read
    bar_said = bench.find(QWidget, "heatmapColourBar").accessibleName()
    assert bar_said == "Colours from -0.5 to 0.5"


def test_a_picture_is_described_in_words(bench: Bench) -> None:
    array = np.zeros((5, 7), np.float32)
    array[1, 1], array[2, 2] = np.nan, -3
    bench.open({"a": array})
    bench.look("a", 1)
    said = bench.find(QWidget, "heatmapPlot").accessibleDescription()
    assert "Rows 0 to 4, columns 0 to 6" in said
    assert "-3 to 0" in said
    assert "NaN in 1 pixels" in said


def test_a_damaged_variable_says_so(bench: Bench) -> None:
    bench.open({"a": np.zeros((4, 4))}, faults={"a": "a cannot be read: its bytes are gone."})
    bench.look("a", 1)
    assert bench.text("heatmapViewMessage") == "a cannot be read: its bytes are gone."


def test_colours_follow_the_palette(bench: Bench) -> None:
    bench.open({"a": np.zeros((4, 4))})
    bench.look("a", 1)
    for dark in (False, True):
        bench.panel.setPalette(palette(dark))
        bench.settle()
        assert (sum(pixel(bench, 1.5, 1.5)) < 380) is dark
