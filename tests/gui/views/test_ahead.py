"""The heatmap of a large variable is there when its histogram is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtWidgets import QLabel, QTabWidget, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from ckpt_studio.gui.main_window import MainWindow
from tests.gui.window import settle

ROWS, COLUMNS = 20_000, 800
"""64 MB of float32."""


def test_the_heatmap_after_a_histogram_reads_nothing_again(
    main_window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    array = np.random.default_rng(1).standard_normal((ROWS, COLUMNS), np.float32)
    array[-1, -1] = 77
    np.save(tmp_path / "w.npy", array)
    main_window.open_path(str(tmp_path / "w.npy"))
    qtbot.waitUntil(lambda: main_window.session.document is not None, timeout=10_000)
    main_window.session.set_current("w")
    qtbot.waitUntil(lambda: shown(main_window, "histogramCounts") != "", timeout=10_000)
    expected = main_window.session.ahead._expected
    assert expected is not None
    qtbot.waitUntil(lambda: expected.riding.found() is not None, timeout=10_000)
    settle(main_window, qtbot)
    before = bytes_read()
    main_window.findChild(QTabWidget, "viewTabs").setCurrentIndex(1)
    qtbot.waitUntil(lambda: part(main_window, "heatmapPlot").overview is not None, timeout=10_000)
    assert part(main_window, "heatmapPlot").overview.heatmap.exact
    assert bytes_read() - before < array.nbytes / 4
    main_window.findChild(QToolButton, "heatmapExport").save(str(tmp_path / "shown.npy"), "NPY")
    settle(main_window, qtbot)
    picture = np.load(tmp_path / "shown.npy")
    down, across = part(main_window, "heatmapPlot").pixels()
    assert 0.8 * down <= len(picture) <= down
    assert 0.8 * across <= picture.shape[1] <= across
    assert picture[-1, -1] == 77
    assert np.abs(picture).min() > 0
    main_window.session.set_current(None)
    assert main_window.session.ahead._expected is None


def shown(window: MainWindow, name: str) -> str:
    label = window.findChild(QLabel, name)
    return "" if label is None else str(label.text())


def part(window: MainWindow, name: str) -> QWidget:
    found = window.findChild(QWidget, name)
    assert found is not None
    return found


def bytes_read() -> int:
    """By this process, from files and pipes."""
    return int(Path("/proc/self/io").read_text().split()[1])
