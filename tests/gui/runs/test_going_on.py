"""A run may outlive its window: it is kept when the window is closed, and the next window shows and stops it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from ckpt_studio.gui.main_window import MainWindow
from ckpt_studio.training.run_record import going_on
from ckpt_studio.training.spec import DataSpec, RunSpec
from tests.helpers.tensorflow_child import TensorFlowChild

RESTORE = """
reader = tf.train.load_checkpoint(args[0])
result = sorted(reader.get_variable_to_shape_map())
"""


def click(widget: QWidget, name: str) -> None:
    QTest.mouseClick(widget.findChild(QPushButton, name), Qt.MouseButton.LeftButton)


def test_a_kept_run_is_watched_and_stopped_by_the_next_window(
    opened: MainWindow, sample: Path, tensorflow_child: TensorFlowChild, qtbot: QtBot
) -> None:
    runs, session = opened.workbench.runs, opened.workbench.session
    assert runs is not None
    assert session.document is not None
    session.freeze(["classifier/kernel"])
    folder = sample / "run" / "run-01"
    data = DataSpec(str(sample / "data.npz"))
    spec = RunSpec(session.document.base.prefix, str(folder), save_every=0, data=data, trust=True)
    runs.start(spec, session.document)
    session.revert_all()
    with qtbot.waitSignal(runs.metrics, timeout=60_000):
        pass
    opened.close()
    dialog = opened.findChild(QDialog, "closeDialog")
    qtbot.waitExposed(dialog)
    with qtbot.waitSignal(dialog.agreed, timeout=10_000):
        click(dialog, "keepRunningButton")
    qtbot.waitUntil(lambda: not opened.isVisible(), timeout=10_000)
    assert list(going_on()) == [str(folder)]

    later = MainWindow()
    later.show()
    qtbot.waitExposed(later)
    offered = lambda: later.findChild(QLabel, "bannerText")  # noqa: E731
    qtbot.waitUntil(lambda: offered() is not None and "run-01" in offered().text(), timeout=20_000)
    assert offered().text() == f"A run is going on in {folder}"
    watching = later.workbench.runs
    assert watching is not None
    click(later, "bannerAction")
    panel = later.findChild(QWidget, "runPanel")
    qtbot.waitUntil(panel.isVisible, timeout=10_000)
    plot = lambda: panel.findChild(QWidget, "lossPlot")  # noqa: E731
    qtbot.waitUntil(lambda: plot() is not None and len(plot().history) > 0, timeout=30_000)
    assert plot().history.span[0] == 501, "the curve begins where the run began"
    assert watching.card is not None
    assert "classifier/kernel" in watching.card.frozen, "what was staged was told to the run"

    click(panel, "runPauseButton")
    title = panel.findChild(QLabel, "runTitle")
    qtbot.waitUntil(lambda: title.text() == "run-01 — paused", timeout=20_000)
    with qtbot.waitSignal(watching.checkpointWritten, timeout=20_000):
        click(panel, "checkpointNowButton")
    later.close()
    assert not later.isVisible(), "a run that stays is no reason to ask"

    third = MainWindow()
    third.show()
    third.workbench.furnish_now()
    assert third.workbench.runs is not None
    third.workbench.runs.watch(str(folder))
    qtbot.waitUntil(lambda: third.workbench.runs.paused, timeout=20_000)
    with qtbot.waitSignal(third.workbench.runs.ended, timeout=30_000):
        click(third.findChild(QWidget, "runPanel"), "runStopButton")
    outcome = third.workbench.runs.outcome
    assert outcome is not None
    assert str(outcome.state) == "stopped", outcome.message
    assert outcome.frozen_unchanged is True
    qtbot.waitUntil(lambda: going_on() == {}, timeout=20_000)
    assert "classifier/kernel" in tensorflow_child(RESTORE, outcome.prefix)
    third.close_now()
    for window in (later, third):
        window.deleteLater()
