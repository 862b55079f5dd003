"""What tests do with a heatmap: point, click, look at its pixels, and take it along as an array."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton, QWidget

from tests.gui.views.conftest import Bench
from tests.helpers.pointer import move_pointer


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
    move_pointer(plot, at + QPoint(3, 3))
    move_pointer(plot, at)
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
