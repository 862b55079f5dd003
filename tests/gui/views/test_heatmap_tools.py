"""What a person does with a heatmap: reads elements, rows and regions, finds NaN, chooses colours, compares."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QToolButton, QWidget

from ckpt_studio.analysis.pairs import Pairs
from ckpt_studio.document.edits.replace import Replace
from ckpt_studio.gui.compared import Compared
from ckpt_studio.gui.plots.colours import PlotColours
from tests.gui.views.conftest import Bench
from tests.gui.views.heatmaps import choose, click, point_at, shown, spot, view
from tests.helpers.memory_source import MemoryCheckpoint, MemorySource
from tests.helpers.pointer import move_pointer, pressed


def test_next_nan_goes_to_each_of_them_and_round_again(bench: Bench) -> None:
    array = np.zeros((2, 40, 50), np.float32)
    places = [(0, 3, 4), (0, 39, 0), (1, 0, 49)]
    for place in places:
        array[place] = np.nan
    bench.open({"a": array})
    bench.look("a", 1)
    for place in [*places, places[0]]:
        click(bench, "heatmapNextNaN")
        assert bench.text("heatmapReadout").startswith(f"[{place[0]}, {place[1]}, {place[2]}] = NaN")
        assert bench.find(QWidget, "sliceIndex0").value() == place[0]
        (top, bottom), (left, right) = view(bench)
        assert top <= place[1] < bottom
        assert left <= place[2] < right
    click(bench, "heatmapNextInf")
    assert bench.text("heatmapReadout") == "There is no Inf in this variable."


def test_edges_show_where_nan_and_inf_are(bench: Bench) -> None:
    array = np.zeros((1000, 1000), np.float32)
    array[400, 300], array[700, 800] = np.nan, np.inf
    bench.open({"a": array})
    bench.look("a", 1)
    plot = bench.find(QWidget, "heatmapPlot")
    area, image = plot.frame().area, plot.grab().toImage()
    colours = PlotColours.of(plot.palette())

    def marked(colour: QColor, points: list[QPoint]) -> bool:
        return any(image.pixelColor(point).rgb() == colour.rgb() for point in points)

    for colour, row, column in ((colours.nan, 400, 300), (colours.inf, 700, 800)):
        down, across = spot(bench, row + 0.5, 0).y(), spot(bench, 0, column + 0.5).x()
        assert marked(colour, [QPoint(int(area.right()) - 3, down + n) for n in (-1, 0, 1)])
        assert marked(colour, [QPoint(across + n, int(area.top()) + 2) for n in (-1, 0, 1)])


def test_an_element_can_be_gone_to_before_the_view_was_ever_shown(bench: Bench) -> None:
    array = np.arange(2 * 300 * 300, dtype=np.int32).reshape(2, 300, 300)
    bench.open({"a": array, "b": array})
    bench.session.set_current("a")
    bench.panel.go_to((1, 200, 100))
    bench.settle()
    assert bench.text("heatmapReadout").startswith(f"[1, 200, 100] = {array[1, 200, 100]}")
    assert bench.find(QWidget, "sliceIndex0").value() == 1
    bench.session.set_current("b")
    bench.panel.go_to((1, 3, 4))
    bench.settle()
    assert bench.text("heatmapReadout").startswith(f"[1, 3, 4] = {array[1, 3, 4]}")


def test_a_click_pins_an_element_and_control_arrows_read_on(bench: Bench) -> None:
    array = np.arange(1_000_000, dtype=np.int32).reshape(1000, 1000)
    bench.open({"a": array})
    bench.look("a", 1)
    plot = bench.find(QWidget, "heatmapPlot")
    QTest.mouseClick(plot, Qt.MouseButton.LeftButton, pos=spot(bench, 500.5, 500.5))
    bench.settle()
    row, column = plot.pinned
    assert bench.text("heatmapReadout").startswith(f"[{row}, {column}] = {array[row, column]}")
    move_pointer(plot, spot(bench, 100, 100))
    for key, step in ((Qt.Key.Key_Right, (0, 1)), (Qt.Key.Key_Down, (1, 0)), (Qt.Key.Key_Left, (0, -1))):
        QTest.keyClick(plot, key, Qt.KeyboardModifier.ControlModifier)
        bench.settle()
        row, column = row + step[0], column + step[1]
        assert bench.text("heatmapReadout").startswith(f"[{row}, {column}] = {array[row, column]}")
    assert view(bench) == ((0, 1000), (0, 1000))
    QTest.keyClick(plot, Qt.Key.Key_Escape)
    assert plot.pinned is None


def test_a_region_shows_its_own_statistics(bench: Bench) -> None:
    array = np.random.default_rng(2).normal(size=(300, 400)).astype(np.float32)
    array[120, 200] = np.nan
    bench.open({"a": array})
    bench.look("a", 1)
    click(bench, "heatmapRegions")
    plot = bench.find(QWidget, "heatmapPlot")
    start, end = spot(bench, 100, 150), spot(bench, 200, 250)
    with pressed(plot, start) as move:
        move((start + end) / 2)
        move(end)
    bench.settle()
    rows, columns = plot.region
    assert abs(rows[0] - 100) <= 2
    assert abs(columns[1] - 250) <= 2
    part = array[slice(*rows), slice(*columns)]
    said = bench.text("heatmapRegion")
    assert f"Rows {rows[0]:,} to {rows[1] - 1:,}" in said
    assert f"elements {part.size:,}" in said
    assert f"max {np.nanmax(part):.6g}" in said
    assert f"std {np.nanstd(part.astype(np.float64)):.6g}" in said
    assert "NaN 1" in said
    click(bench, "heatmapRegions")
    assert not bench.find(QLabel, "heatmapRegion").isVisible()


def test_row_and_column_as_lines(bench: Bench) -> None:
    array = np.random.default_rng(2).normal(size=(30, 40)).astype(np.float32)
    bench.open({"a": array})
    bench.look("a", 1)
    click(bench, "heatmapProfiles")
    point_at(bench, 12.5, 7.5)
    bench.settle()
    for name, at, line in (("Row", 12, array[12]), ("Column", 7, array[:, 7])):
        profile = bench.find(QWidget, f"heatmap{name}Profile")
        assert profile.x_axis.bounds == (0, len(line))
        said = profile.accessibleDescription()
        assert said == f"{name} {at}: from {line.min():.6g} to {line.max():.6g}"
    plot = bench.find(QWidget, "heatmapPlot")
    plot.show_part(x=(10, 20), y=(5, 9))
    assert bench.find(QWidget, "heatmapRowProfile").x_axis.view == (10, 20)
    column = bench.find(QWidget, "heatmapColumnProfile")
    assert column.x_axis.view == (5, 9)
    bench.settle()
    part = array[5:9, 7]
    assert column.accessibleDescription() == f"Column 7: from {part.min():.6g} to {part.max():.6g}"


def limits(bench: Bench) -> str:
    return str(bench.find(QWidget, "heatmapColourBar").accessibleName())


def test_percentiles_and_what_is_seen_set_the_limits(bench: Bench) -> None:
    array = np.tile(np.arange(100, dtype=np.float32), (100, 1))
    array[3, 99] = 1e6
    bench.open({"a": array})
    bench.look("a", 1)
    assert limits(bench) == "Colours from -1e+06 to 1e+06"
    choose(bench, "heatmapLimits_inner")
    assert limits(bench) == "Colours from -94 to 94"
    choose(bench, "heatmapRamp_low_to_high")
    assert limits(bench) == "Colours from 4 to 94"
    choose(bench, "heatmapLimits_seen")
    bench.find(QWidget, "heatmapPlot").show_part(x=(50, 60), y=(50, 60))
    bench.settle()
    assert limits(bench) == "Colours from 48 to 61"
    choose(bench, "heatmapLimits_all")
    assert limits(bench) == "Colours from 0 to 1e+06"


def test_a_logarithmic_scale_tells_small_values_apart(bench: Bench) -> None:
    array = np.array([[1e-3, 1e-1, 1e3]], np.float32)
    bench.open({"a": array})
    bench.look("a", 1)

    def at(column: float) -> int:
        return int(bench.find(QWidget, "heatmapPlot").grab().toImage().pixel(spot(bench, 0.2, column)))

    assert at(0.5) == at(1.5)
    choose(bench, "heatmapRamp_low_to_high")
    choose(bench, "heatmapLogarithmic")
    assert len({at(0.5), at(1.5), at(2.5)}) == 3


def test_filters_side_by_side(bench: Bench, tmp_path: Path) -> None:
    kernel = np.arange(3 * 2 * 4 * 5, dtype=np.float32).reshape(3, 2, 4, 5)
    bench.open({"a": kernel, "flat": np.zeros((3, 3))})
    bench.look("a", 1)
    click(bench, "sliceFilters")
    found = shown(bench, tmp_path)
    across = found.shape[1] // 2
    for cell in range(20):
        down, right = divmod(cell, across)
        part = found[down * 3 : down * 3 + 3, right * 2 : right * 2 + 2]
        np.testing.assert_array_equal(part, kernel[:, :, cell // 5, cell % 5])
    point_at(bench, 0.5, 2.5)
    bench.settle()
    assert bench.text("heatmapReadout") == "[0, 0, 0, 1] = 1"
    assert not bench.find(QWidget, "sliceIndex2").isVisible()
    bench.look("a", 2)
    assert bench.find(QWidget, "sliceIndex2").isVisible()
    bench.look("flat", 1)
    assert not bench.find(QToolButton, "sliceFilters").isVisible()
    assert shown(bench, tmp_path).shape == (3, 3)


def which(bench: Bench, text: str) -> None:
    combo = bench.find(QComboBox, "sliceWhich")
    combo.setCurrentIndex(combo.findText(text))
    combo.activated.emit(combo.currentIndex())
    bench.settle()


def test_staged_compared_and_differences(bench: Bench, tmp_path: Path) -> None:
    def values(number: float) -> NDArray[np.float32]:
        return np.full((2, 3), number, np.float32)

    document = bench.open({"a": values(1)})
    bench.look("a", 1)
    assert not bench.find(QComboBox, "sliceWhich").isVisible()
    document.do(Replace((("a", "b"),), MemorySource({"b": values(7)}, name="donor"), "donor/model"))
    other = MemoryCheckpoint({"a": values(4)}, path="memory/other")
    bench.session.compared = Compared(other, Pairs.of(document.staged.columns, other.columns))
    bench.session.comparedChanged.emit()
    bench.settle()
    for text, number in (
        ("Staged values", 7), ("Original values", 1), ("Compared values", 4), ("Staged − original", 6),
        ("Staged − compared", 3),
    ):  # fmt: skip
        which(bench, text)
        assert set(shown(bench, tmp_path).reshape(-1).tolist()) == {number}, text
    bench.look("a", 2)
    bench.session.compared = None
    bench.session.comparedChanged.emit()
    bench.settle()


def test_taking_along(bench: Bench, tmp_path: Path) -> None:
    array = np.array([[1.5, -2], [np.nan, 0.1]], np.float32)
    bench.open({"a": array})
    bench.look("a", 1)
    button = bench.find(QToolButton, "heatmapExport")
    for kind in ("PNG", "SVG", "CSV"):
        button.save(str(tmp_path / f"a.{kind}"), kind)
    bench.settle()
    picture = QImage(str(tmp_path / "a.PNG"))
    assert picture.width() > 300
    assert picture.height() > 200
    assert b"<svg" in (tmp_path / "a.SVG").read_bytes()
    lines = (tmp_path / "a.CSV").read_text().split()
    np.testing.assert_array_equal(np.array([line.split(",") for line in lines], np.float32), array)
    next(a for a in button.menu().actions() if a.objectName() == "heatmapCopyData").trigger()
    bench.settle()
    assert QApplication.clipboard().text().splitlines()[0] == "1.5\t-2.0"
