"""The Run panel says in words what the curve cannot show."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QLabel,
    QMenu,
    QProgressBar,
    QPushButton,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from ckpt_studio.core.errors import RunFault
from ckpt_studio.gui.main_window import MainWindow
from ckpt_studio.gui.panels.run import RunPanel
from ckpt_studio.gui.panels.run_head import RunHead
from ckpt_studio.training.events import Cause, Metrics, Outcome, RunState
from ckpt_studio.training.spec import DataSpec, RunSpec


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


def test_the_state_is_shown_whole_where_there_is_room(
    opened: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    runs = opened.workbench.runs
    assert runs is not None
    panel = RunPanel(opened.session, runs)
    qtbot.addWidget(panel)
    panel.resize(640, 200)  # as wide as in a window of the default size
    panel.show()
    runs.spec = RunSpec("model.ckpt-500", str(tmp_path / "run-01"), steps=200)
    runs.started.emit(runs.spec)
    runs.stateChanged.emit(RunState.saving)
    title = panel.findChild(QLabel, "runTitle")
    qtbot.waitUntil(lambda: title.text() == "run-01 — saving a checkpoint", timeout=2000)
    runs.spec = RunSpec("model.ckpt-500", str(tmp_path / ("run-" + 99 * "0")), steps=200)
    runs.stateChanged.emit(RunState.running)
    assert title.text().endswith("000 — running"), "what it does stays to be seen"
    assert "run-000" in title.toolTip()


def test_the_whole_run_is_offered_once_somebody_has_zoomed(
    opened: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    runs = opened.workbench.runs
    panel = opened.findChild(QWidget, "runPanel")
    assert runs is not None
    runs.started.emit(RunSpec("model.ckpt-500", str(tmp_path / "run-01"), steps=200))
    runs.metrics.emit(Metrics((501, 502, 503), (3.0, 2.0, 1.0), 50.0, 3))
    qtbot.waitUntil(lambda: panel.findChild(QWidget, "lossPlot") is not None, timeout=10_000)
    whole, plot = panel.findChild(QPushButton, "lossFollowButton"), panel.findChild(QWidget, "lossPlot")
    assert whole.isHidden()
    QTest.keyClick(plot, Qt.Key.Key_Plus)
    assert not whole.isHidden()
    QTest.mouseClick(whole, Qt.MouseButton.LeftButton)
    assert plot.following
    assert whole.isHidden()


def test_runs_wait_for_each_other_pause_and_stay_in_grey(
    opened: MainWindow, sample: Path, qtbot: QtBot
) -> None:
    runs, session = opened.workbench.runs, opened.workbench.session
    panel = opened.findChild(QWidget, "runPanel")
    assert runs is not None
    assert session.document is not None
    data = DataSpec(str(sample / "data.npz"), {})

    def spec(name: str, steps: int | None) -> RunSpec:
        out = str(sample / "run" / name)
        return RunSpec(session.document.base.prefix, out, steps=steps, save_every=0, data=data, trust=True)

    runs.start(spec("run-01", None), session.document)
    runs.start(spec("run-02", 30), session.document)
    with pytest.raises(RunFault, match="run-02"):
        runs.start(spec("run-02", 10), session.document)
    runs.start(spec("run-03", 10), session.document)
    waiting = panel.findChild(QToolButton, "runQueueButton")
    assert waiting.text() == "2 waiting"
    waiting.menu().actions()[1].trigger()
    assert [one.out for one in runs.waiting] == [str(sample / "run" / "run-02")]

    title, pause = panel.findChild(QLabel, "runTitle"), panel.findChild(QPushButton, "runPauseButton")
    plot = lambda: panel.findChild(QWidget, "lossPlot")  # noqa: E731
    qtbot.waitUntil(lambda: plot() is not None and len(plot().history) > 0, timeout=60_000)
    QTest.mouseClick(pause, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: title.text().endswith("paused"), timeout=20_000)
    qtbot.wait(200)  # what was under way has arrived
    done = len(plot().history)
    qtbot.wait(300)
    assert len(plot().history) == done
    QTest.mouseClick(pause, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(plot().history) > done, timeout=20_000)

    with qtbot.waitSignal(runs.ended, timeout=30_000):
        QTest.mouseClick(panel.findChild(QPushButton, "runStopButton"), Qt.MouseButton.LeftButton)
    first = plot().history
    with qtbot.waitSignal(runs.ended, timeout=60_000):
        pass
    assert runs.spec is not None
    assert (runs.spec.out, runs.waiting) == (str(sample / "run" / "run-02"), ())
    assert plot().earlier == (first,)
    assert plot().history.span == (501, 530)
    compare = panel.findChild(QToolButton, "runCheckpointsButton").menu().actions()[-1]
    assert compare.text() == "Compare model.ckpt-530 with what is open"
    with qtbot.waitSignal(opened.workbench.comparing.opened, timeout=10_000):
        compare.trigger()


def test_a_failure_names_the_place_in_the_recipe(opened: MainWindow, tmp_path: Path) -> None:
    runs = opened.workbench.runs
    assert runs is not None
    panel = opened.findChild(QWidget, "runPanel")
    runs.spec = RunSpec("model.ckpt-500", str(tmp_path / "run-01"), recipe=str(tmp_path / "recipe.py"))
    runs.started.emit(runs.spec)
    place = panel.findChild(QPushButton, "runPlaceButton")
    assert place.isHidden()
    runs.outcome = Outcome(
        RunState.failed, Cause.exception, "KeyError in recipe.py, line 7: 'milk'.", None, None, ("last line",),
        place=str(tmp_path / "recipe.py:7"),
    )  # fmt: skip
    runs.ended.emit(runs.outcome)
    assert not place.isHidden()
    assert place.text() == "Open recipe.py, line 7"
    QTest.mouseClick(panel.findChild(QPushButton, "runCopyButton"), Qt.MouseButton.LeftButton)
    copied = QApplication.clipboard().text().splitlines()
    assert copied[0] == "KeyError in recipe.py, line 7: 'milk'."
    assert copied[2:] == [f"Place: {tmp_path / 'recipe.py:7'}", "last line"]


def test_another_run_begins_with_a_checkpoint_of_the_curve(
    opened: MainWindow, sample: Path, qtbot: QtBot
) -> None:
    head = opened.findChild(RunHead)
    prefix = str(sample / "run" / "model.ckpt-200")
    head.offer(prefix, QPoint(10, 10))
    menu = head.findChild(QMenu, "runDotMenu")
    menu.actions()[-1].trigger()
    menu.close()
    qtbot.waitUntil(lambda: opened.findChild(QDialog, "resumeDialog") is not None, timeout=20_000)
    assert opened.session.document is not None
    assert opened.session.document.base.prefix == prefix
    opened.findChild(QDialog, "resumeDialog").reject()
