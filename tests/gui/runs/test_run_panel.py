"""The Run panel says in words what the curve cannot show."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QLabel, QProgressBar, QWidget
from pytestqt.qtbot import QtBot

from ckpt_studio.gui.main_window import MainWindow
from ckpt_studio.training.events import Metrics
from ckpt_studio.training.spec import RunSpec


def test_a_loss_that_is_no_number_is_said(opened: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    runs = opened.workbench.runs
    panel = opened.findChild(QWidget, "runPanel")
    assert runs is not None
    spec = RunSpec("model.ckpt-500", str(tmp_path / "run-01"), steps=200)
    runs.spec = spec
    runs.started.emit(spec)
    steps = tuple(range(501, 601))
    losses = (*(1.0 / step for step in steps[:60]), float("nan"), *(1.0 for _ in steps[61:]))
    runs.metrics.emit(Metrics(steps, losses, 50.0, 100))
    notice = panel.findChild(QLabel, "runNotFiniteText")
    qtbot.waitUntil(lambda: "step 561" in notice.text(), timeout=5000)
    assert panel.findChild(QProgressBar, "runProgress").value() == 100
    assert panel.findChild(QLabel, "runEta").text() == "ETA 2 s"
    assert panel.findChild(QLabel, "runStep").text() == "step 600"

    # A run without a loss says so instead of an empty plot.
    runs.started.emit(spec)
    runs.metrics.emit(Metrics((501, 502), (None, None), 10.0, 2))
    assert "No loss" in panel.findChild(QLabel, "lossPlotHint").text()
    assert notice.text() == ""
