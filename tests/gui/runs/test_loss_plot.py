"""The curves of a run: what is followed, chosen, zoomed into, clicked and taken along."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QMenu, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from ckpt_studio.gui.main_window import MainWindow
from ckpt_studio.gui.panels.curves import CurvesPanel
from ckpt_studio.gui.panels.loss_plot import LossPlot
from ckpt_studio.gui.plots.scales import Log
from ckpt_studio.gui.views.exports import ExportButton
from ckpt_studio.training.events import Metrics


@pytest.fixture
def plot(qtbot: QtBot) -> LossPlot:
    plot = LossPlot()
    qtbot.addWidget(plot)
    plot.resize(700, 300)
    plot.show()
    qtbot.waitExposed(plot)
    return plot


@pytest.fixture
def curves(opened: MainWindow, qtbot: QtBot) -> CurvesPanel:
    panel = CurvesPanel(opened.session, opened)
    panel.resize(800, 300)
    panel.show()
    return panel


def turn_wheel(plot: LossPlot) -> None:
    centre = plot.spot(sum(plot.x_axis.view) / 2, sum(plot.y_axis.view) / 2)
    turn = QWheelEvent(
        centre, plot.mapToGlobal(centre.toPoint()).toPointF(), QPoint(), QPoint(0, 240), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(plot, turn)


def test_a_dot_on_the_curve_is_clicked(plot: LossPlot, qtbot: QtBot) -> None:
    plot.extend(range(100, 300), [1.0] * 200)
    plot.set_checkpoints([(200, "model.ckpt-200")])
    plot.redraw_curves()
    with qtbot.waitSignal(plot.checkpointClicked) as clicked:
        QTest.mouseClick(plot, Qt.MouseButton.LeftButton, pos=plot.spot(200, 1.0).toPoint())
    assert clicked.args == ["model.ckpt-200"]
    with qtbot.assertNotEmitted(plot.checkpointClicked, wait=50):
        QTest.mouseClick(plot, Qt.MouseButton.LeftButton, pos=plot.spot(260, 1.0).toPoint())


def test_zooming_stops_following_until_the_whole_run_is_asked_for(plot: LossPlot) -> None:
    plot.extend(range(1, 1001), [1.0 / n for n in range(1, 1001)])
    plot.redraw_curves()
    assert plot.following
    assert plot.x_axis.view[1] > 1000
    turn_wheel(plot)
    assert not plot.following
    seen = plot.x_axis.view
    plot.extend(range(1001, 2001), [0.001] * 1000)
    plot.redraw_curves()
    assert plot.x_axis.view == seen
    assert plot.x_axis.bounds[1] > 2000, "there is more to move to"
    plot.follow()
    assert plot.following
    assert plot.x_axis.view[1] > 2000
    plot.set_log(True)
    plot.redraw_curves()
    assert isinstance(plot.y_axis.scale, Log)
    assert 0 < plot.y_axis.view[0] < 0.001


def test_steps_on_a_logarithmic_axis_keep_their_first_ones(plot: LossPlot) -> None:
    losses = np.ones(1_000_000)
    losses[6] = 5.0
    plot.extend(np.arange(1, 1_000_001), losses)
    plot.set_log_steps(True)
    plot.redraw_curves()
    x, y = plot._points(plot.history)
    assert x[int(np.argmax(y))] == 7
    assert (np.diff(x) >= 0).all()
    assert len(x) < 60_000


def test_every_loss_can_be_drawn_whatever_it_is(plot: LossPlot) -> None:
    for losses in ([0.0, 0.0], [-1.0, 2.0], [1e-320, 1e308], [float("nan")] * 2, [5.0], [3.0, float("inf")]):
        for log in (False, True):
            plot.begin_run()
            plot.extend(range(len(losses)), losses)
            plot.set_log(log)
            plot.set_log_steps(log)
            plot.redraw_curves()
            plot.grab()


def test_other_numbers_are_chosen_named_and_exported(
    curves: CurvesPanel, tmp_path: Path, qtbot: QtBot
) -> None:
    scalars = {
        "accuracy": (0.25, 0.5, 0.75), "learning_rate": (None, None, 0.01), "auc": (0.1, None, 0.3), "more": (1, 2, 3)
    }  # fmt: skip
    curves.extend(Metrics((501, 502, 503), (3.0, 2.0, 1.0), 50.0, 3, scalars))  # type: ignore[arg-type]
    curves.plot.redraw_curves()
    assert curves.chosen() == ["accuracy", "auc"]
    menu = curves.findChild(QMenu, "curvesButtonMenu")
    menu.findChild(QAction, "curve:learning_rate").trigger()
    menu.findChild(QAction, "curve:auc").trigger()
    curves.plot.redraw_curves()
    legend = curves.findChild(QWidget, "curveLegend")
    assert legend.accessibleName() == "loss, accuracy 0.75 (0.25 – 0.75), learning_rate 0.01"
    QTest.mouseClick(curves.findChild(QCheckBox, "lossLogBox"), Qt.MouseButton.LeftButton)

    export = curves.findChild(QToolButton, "lossExport")
    assert isinstance(export, ExportButton)
    for kind in ("CSV", "PNG", "SVG", "NPY"):
        export.save(str(tmp_path / f"loss.{kind.lower()}"), kind)
        qtbot.waitUntil((tmp_path / f"loss.{kind.lower()}").exists, timeout=10_000)
    rows = list(csv.reader((tmp_path / "loss.csv").open()))
    assert rows == [
        ["step", "loss", "accuracy", "learning_rate"],
        ["501", "3.0", "0.25", "nan"], ["502", "2.0", "0.5", "nan"], ["503", "1.0", "0.75", "0.01"],
    ]  # fmt: skip
    assert np.load(tmp_path / "loss.npy")["step"].tolist() == [501, 502, 503]
    curves.begin_run()
    assert not curves.findChild(QPushButton, "lossFollowButton").isVisible()
    assert len(curves.plot.earlier) == 1
