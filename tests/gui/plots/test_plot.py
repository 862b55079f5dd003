"""A plot under hand and keys: what is seen, what is told, what is drawn."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QWheelEvent
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ckpt_studio.gui.plots.frame import Frame
from ckpt_studio.gui.plots.hand import Drag
from ckpt_studio.gui.plots.layers import Band, Curve, Layer, Lines, Picture, Steps
from ckpt_studio.gui.plots.plot import Plot
from ckpt_studio.gui.plots.scales import Log
from ckpt_studio.gui.plots.ticks import Numbers
from ckpt_studio.gui.style import palette
from tests.helpers.pointer import double_click, move_pointer, pressed

NONE, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier
LEFT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton


@pytest.fixture
def plot(qtbot: QtBot) -> Plot:
    """Values from 0 to 100 across and down, rows downwards as in a picture of a matrix."""
    made = Plot()
    qtbot.addWidget(made)
    made.y_axis.inverted = True
    made.resize(500, 400)
    made.set_bounds(x=(0, 100), y=(0, 100))
    made.show()
    qtbot.waitExposed(made)
    return made


def turn(plot: Plot, at: QPointF, notches: int = 1) -> None:
    turned = QWheelEvent(
        at, QPointF(plot.mapToGlobal(at)), QPoint(), QPoint(0, 120 * notches), Qt.MouseButton.NoButton, NONE,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(plot, turned)


def drag(
    plot: Plot, start: tuple[float, float], stop: tuple[float, float], button: Any = LEFT, keys: Any = NONE
) -> None:
    begin, end = plot.spot(*start).toPoint(), plot.spot(*stop).toPoint()
    with pressed(plot, begin, button, keys) as move:
        move((begin + end) / 2)
        move(end)


def pixel(plot: Plot, x: float, y: float) -> str:
    return plot.grab().toImage().pixelColor(plot.spot(x, y).toPoint()).name()


def test_the_wheel_zooms_around_the_pointer(plot: Plot) -> None:
    turn(plot, plot.spot(20, 80))
    assert plot.x_axis.view == (pytest.approx(4), pytest.approx(84))
    assert plot.y_axis.view == (pytest.approx(16), pytest.approx(96))
    turn(plot, plot.spot(20, 80), -5)
    assert plot.x_axis.is_whole
    assert plot.y_axis.is_whole


def test_the_wheel_over_an_axis_zooms_only_that(plot: Plot) -> None:
    turn(plot, QPointF(plot.spot(50, 50).x(), plot.height() - 5))
    assert plot.x_axis.view == (pytest.approx(10), pytest.approx(90))
    assert plot.y_axis.is_whole
    plot.show_all()
    turn(plot, QPointF(3, plot.spot(50, 50).y()))
    assert plot.x_axis.is_whole
    assert not plot.y_axis.is_whole


def test_dragging_moves_and_double_click_shows_all(plot: Plot) -> None:
    plot.show_part(x=(40, 60), y=(40, 60))
    drag(plot, (50, 50), (45, 55))
    assert plot.x_axis.view == (pytest.approx(45, abs=0.2), pytest.approx(65, abs=0.2))
    assert plot.y_axis.view == (pytest.approx(35, abs=0.2), pytest.approx(55, abs=0.2))
    double_click(plot, plot.spot(50, 45).toPoint())
    assert plot.x_axis.view == plot.y_axis.view == (0, 100)


@pytest.mark.parametrize(
    ("mode", "button", "keys"), [(Drag.zoom, LEFT, NONE), (Drag.move, LEFT, SHIFT), (Drag.move, MIDDLE, NONE)]
)
def test_a_box_is_zoomed_into(plot: Plot, mode: Drag, button: Any, keys: Any) -> None:
    plot.drag = mode
    drag(plot, (60, 20), (30, 70), button, keys)
    assert plot.x_axis.view == (pytest.approx(30, abs=0.4), pytest.approx(60, abs=0.4))
    assert plot.y_axis.view == (pytest.approx(20, abs=0.4), pytest.approx(70, abs=0.4))


def test_a_box_is_chosen_along_axes_that_zoom(plot: Plot, qtbot: QtBot) -> None:
    plot.drag = Drag.choose
    plot.y_axis.zooms = False
    with qtbot.waitSignal(plot.chosen) as told:
        drag(plot, (30, 20), (60, 30))
    left, top, right, bottom = told.args[0]
    assert (left, right) == (pytest.approx(30, abs=0.4), pytest.approx(60, abs=0.4))
    assert (top, bottom) == (pytest.approx(0, abs=0.1), pytest.approx(100, abs=0.1))
    assert plot.x_axis.is_whole


def test_escape_lets_go_of_a_box(plot: Plot) -> None:
    plot.drag = Drag.zoom
    begin = plot.spot(20, 20).toPoint()
    with pressed(plot, begin) as move:
        move(begin + QPoint(80, 80))
        QTest.keyClick(plot, Qt.Key.Key_Escape)
    assert plot.x_axis.is_whole


def test_a_click_tells_its_values(plot: Plot, qtbot: QtBot) -> None:
    with qtbot.waitSignal(plot.clicked) as told:
        QTest.mouseClick(plot, LEFT, NONE, plot.spot(25, 75).toPoint())
    assert told.args[0] == (pytest.approx(25, abs=0.2), pytest.approx(75, abs=0.2))


def test_keys_zoom_move_and_show_all(plot: Plot) -> None:
    QTest.keyClick(plot, Qt.Key.Key_Plus)
    assert plot.x_axis.view == plot.y_axis.view == (pytest.approx(10), pytest.approx(90))
    QTest.keyClick(plot, Qt.Key.Key_Right)
    QTest.keyClick(plot, Qt.Key.Key_Up)
    assert plot.x_axis.view == (pytest.approx(18), pytest.approx(98))
    assert plot.y_axis.view == (pytest.approx(2), pytest.approx(82))
    QTest.keyClick(plot, Qt.Key.Key_PageDown)
    assert plot.y_axis.view[1] == 100
    QTest.keyClick(plot, Qt.Key.Key_Minus)
    QTest.keyClick(plot, Qt.Key.Key_Minus)
    QTest.keyClick(plot, Qt.Key.Key_Minus)
    assert plot.x_axis.is_whole
    QTest.keyClick(plot, Qt.Key.Key_Plus)
    QTest.keyClick(plot, Qt.Key.Key_Home)
    assert plot.x_axis.is_whole


def test_an_axis_that_grows_upwards_moves_upwards(plot: Plot) -> None:
    plot.y_axis.inverted = False
    plot.show_part(y=(40, 60))
    QTest.keyClick(plot, Qt.Key.Key_Up)
    assert plot.y_axis.view == (pytest.approx(42), pytest.approx(62))
    drag(plot, (50, 50), (50, 45))  # the picture goes down with the hand, so higher values come into sight
    assert plot.y_axis.view == (pytest.approx(47, abs=0.2), pytest.approx(67, abs=0.2))


def test_the_pointer_tells_where_it_is_and_when_it_has_left(plot: Plot, qtbot: QtBot) -> None:
    told: list[Any] = []
    plot.pointed.connect(told.append)
    plot.crosshair = True
    move_pointer(plot, plot.spot(30, 40).toPoint())
    qtbot.waitUntil(lambda: bool(told))
    assert told[-1] == (pytest.approx(30, abs=0.2), pytest.approx(40, abs=0.2))
    plain = plot.grab()
    move_pointer(plot, QPoint(1, 1))
    qtbot.waitUntil(lambda: told[-1] is None)
    assert plot.grab().toImage() != plain.toImage()


def test_what_is_seen_is_told_at_once_and_again_when_it_rests(plot: Plot, qtbot: QtBot) -> None:
    told: list[str] = []
    plot.seenChanged.connect(lambda: told.append("seen"))
    plot.settled.connect(lambda: told.append("rests"))
    qtbot.wait(60)
    told.clear()
    for _ in range(3):
        QTest.keyClick(plot, Qt.Key.Key_Plus)
    assert told == ["seen"] * 3
    qtbot.waitUntil(lambda: told == ["seen"] * 3 + ["rests"])


def test_a_picture_lies_over_its_values(plot: Plot) -> None:
    picture = plot.add(Picture())
    image = QImage(2, 2, QImage.Format.Format_RGB32)
    for i, name in enumerate(("#ff0000", "#00ff00", "#0000ff", "#ffff00")):
        image.setPixelColor(i % 2, i // 2, QColor(name))
    picture.set_image(image, QRectF(0, 0, 100, 100))
    assert [pixel(plot, x, y) for y in (20, 80) for x in (20, 80)] == [
        "#ff0000", "#00ff00", "#0000ff", "#ffff00",
    ]  # fmt: skip
    plot.show_part(x=(49, 51), y=(49, 51))
    assert [pixel(plot, x, y) for y in (49.5, 50.5) for x in (49.5, 50.5)] == [
        "#ff0000", "#00ff00", "#0000ff", "#ffff00",
    ]  # fmt: skip
    picture.set_image(None)
    assert pixel(plot, 50, 50) == plot.palette().base().color().name()


def test_steps_and_curves_are_where_their_values_are(plot: Plot) -> None:
    red = QColor("#ff0000")
    steps = plot.add(Steps(lambda _: red, fill=1.0))
    steps.set_steps(np.array([0.0, 50.0, 100.0]), np.array([20, 60]), floor=0)
    ground = plot.palette().base().color().name()
    assert [pixel(plot, x, 40) for x in (25, 75)] == [ground, "#ff0000"]
    steps.set_steps(np.linspace(0, 100, 10_001), np.arange(10_000) % 100, floor=0)
    assert pixel(plot, 50, 90) == "#ff0000"  # the highest bin of a pixel is seen
    steps.show(False)
    curve = plot.add(Curve(lambda _: red, width=3))
    y = np.full(1_000_000, 50.0)
    y[400_000:600_000] = np.nan
    curve.set_points(np.linspace(0, 100, len(y)), y)
    assert [pixel(plot, x, 50) for x in (20, 50, 80)] == ["#ff0000", ground, "#ff0000"]
    curve.set_points(None, None)
    assert pixel(plot, 20, 50) == ground


def test_lines_and_bands(plot: Plot) -> None:
    ground = plot.palette().base().color().name()
    band = plot.add(Band(lambda _: QColor("#0000ff"), fill=1.0))
    band.set_band(x=(20, 30))
    assert [pixel(plot, x, 50) for x in (15, 25)] == [ground, "#0000ff"]
    band.set_band()
    lines = plot.add(Lines(lambda _: QColor("#ff0000"), Qt.Orientation.Horizontal))
    lines.set_lines((50.0, "middle"))
    drawn, y = plot.grab().toImage(), plot.spot(0, 50).toPoint().y()
    found = [drawn.pixelColor(x, y + d) for x in range(100, 140) for d in (-1, 0, 1)]
    assert any(colour.red() > colour.blue() + 50 for colour in found)


def test_what_follows_the_pointer_does_not_draw_the_rest_again(plot: Plot) -> None:
    drawn: list[Frame] = []

    class Counting(Layer):
        def paint(self, painter: QPainter, frame: Frame) -> None:
            drawn.append(frame)

    plot.add(Counting())
    band = plot.add(Band(lambda c: c.text))
    plot.grab()
    before = len(drawn)
    band.set_band(x=(1, 2))
    plot.grab()
    assert len(drawn) == before
    plot.redraw()
    plot.grab()
    assert len(drawn) == before + 1


def test_colours_follow_the_palette(plot: Plot) -> None:
    for dark in (False, True):
        plot.setPalette(palette(dark))
        assert (QColor(pixel(plot, 50, 50)).lightness() < 128) is dark


def test_numbers_of_all_kinds_are_drawn_as_a_drawing_of_lines_and_texts(plot: Plot) -> None:
    plot.x_axis.numbers, plot.y_axis.scale = Numbers.indices, Log()
    plot.x_axis.label, plot.y_axis.label = "column", "elements"
    plot.x_axis.grid = plot.y_axis.grid = True
    plot.set_bounds(x=(0, 5), y=(0.5, 1000))
    curve = plot.add(Curve(lambda c: c.staged, dots=True, fill=0.3, floor=0.5))
    curve.set_points(np.arange(5), np.array([1, 10, np.nan, 100, 20]))
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    painter = QPainter(generator)
    plot.draw(painter)
    painter.end()
    drawn = bytes(data.data()).decode()
    texts = {text.strip() for text in re.findall(r">([^<>]+)</text>", drawn)}
    assert {"column", "elements", "0", "4", "1", "10", "100", "1,000"} <= texts
    assert "<image" not in drawn


def test_it_needs_neither_numpy_nor_pyqtgraph_to_be_imported() -> None:
    code = (
        "import sys; import ckpt_studio.gui.plots.plot, ckpt_studio.gui.plots.layers; "
        "print([m for m in ('numpy', 'pyqtgraph') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_a_layer_that_fails_is_a_fault_and_no_abort(plot: Plot, qtbot: QtBot) -> None:
    class Failing(Layer):
        def paint(self, painter: QPainter, frame: Frame) -> None:
            raise ZeroDivisionError

    failing = plot.add(Failing())
    with qtbot.captureExceptions() as faults:
        qtbot.waitUntil(lambda: bool(faults))
        plot.update()
        qtbot.wait(30)
    assert [kind for kind, _, _ in faults] == [
        ZeroDivisionError
    ]  # once: what failed is not tried again and again
    plot.remove(failing)
    assert not plot.grab().isNull()
