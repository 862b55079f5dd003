"""The histogram as a person uses it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QLineEdit, QSpinBox, QToolButton, QWidget

from ckpt_studio.document.edits import Replace
from tests.gui.views.conftest import Bench
from tests.helpers.memory_source import MemorySource


def exported(bench: Bench, tmp_path: Path, kind: str) -> Path:
    """A file of what the histogram shows."""
    path = tmp_path / f"out.{kind.lower()}"
    bench.find(QToolButton, "histogramExport").save(str(path), kind)
    bench.settle()
    return path


def counts(bench: Bench, tmp_path: Path) -> Any:
    return np.load(exported(bench, tmp_path, "NPY"))


def test_counts_bins_range_and_what_no_bin_holds(bench: Bench, tmp_path: Path) -> None:
    array = np.concatenate([np.linspace(0, 10, 1001), [np.nan, np.nan, np.inf]]).astype(np.float32)
    bench.open({"a": array})
    bench.look("a", 0)
    assert counts(bench, tmp_path)[:, 2].sum() == 1001
    beside = bench.text("histogramCounts")
    assert "1,004" in beside
    assert "⚠ 2 NaN" in beside
    assert "⚠ 1 Inf" in beside
    bench.find(QSpinBox, "histogramBins").setValue(10)
    bench.settle()
    found = counts(bench, tmp_path)
    np.testing.assert_allclose(found[:, 0], np.arange(10))
    assert found[:, 2].tolist() == [100] * 9 + [101]
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
    plot = bench.find(QWidget, "histogramPlot")
    spot = plot.getPlotItem().getViewBox().mapViewToScene(QPointF(4, 1))
    QTest.mouseMove(plot.viewport(), QPoint(5, 5))
    QTest.mouseMove(plot.viewport(), plot.mapFromScene(spot))
    bench.settle()
    assert bench.text("histogramReadout") == "4:  3 (10 %)"


def test_zoom_with_the_keyboard_keeps_the_counts(bench: Bench) -> None:
    bench.open({"a": np.linspace(0, 1, 1000)})
    bench.look("a", 0)
    plot = bench.find(QWidget, "histogramPlot")
    box = plot.getPlotItem().getViewBox()
    (left, right), heights = box.viewRange()
    QTest.keyClick(plot, Qt.Key.Key_Plus)
    (nearer_left, nearer_right), after = box.viewRange()
    assert nearer_right - nearer_left == pytest.approx(0.8 * (right - left))
    assert after == heights
    QTest.keyClick(plot, Qt.Key.Key_0)
    assert box.viewRange()[0] == pytest.approx([left, right])


def test_logarithmic_counts_show_a_single_element(bench: Bench) -> None:
    bench.open({"a": np.concatenate([np.zeros(100_000), [1.0]])})
    bench.look("a", 0)
    scale = bench.find(QComboBox, "histogramScale")
    scale.setCurrentIndex(1)
    scale.activated.emit(1)
    box = bench.find(QWidget, "histogramPlot").getPlotItem().getViewBox()
    low, high = box.viewRange()[1]
    assert low < 0 < 5 < high < 6


@pytest.mark.parametrize(
    "array", [np.full(5, 3.0), np.float32(0), np.array([np.nan]), np.array([True, False])]
)
def test_odd_variables_are_drawn(bench: Bench, array: Any, tmp_path: Path) -> None:
    bench.open({"a": array})
    bench.look("a", 0)
    assert bench.find(QWidget, "histogramPlot").isVisible()
    assert counts(bench, tmp_path)[:, 2].sum() == np.isfinite(array).sum()


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
    assert not QImage(str(exported(bench, tmp_path, "PNG"))).isNull()
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
    low, high = bench.find(QWidget, "histogramPlot").getPlotItem().getViewBox().viewRange()[0]
    assert low < 19 < high
    assert high - low < 3
