"""A run may outlive its window: it is kept when the window is closed, and the next window shows and stops it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QLabel, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from ckpt_studio.gui.main_window import MainWindow
from ckpt_studio.training.run_record import going_on, runs_held
from ckpt_studio.training.spec import DataSpec, RunSpec
from ckpt_studio.training.waiting import waiting_for
from tests.helpers.tensorflow_child import TensorFlowChild

RESTORE = """
reader = tf.train.load_checkpoint(args[0])
result = sorted(reader.get_variable_to_shape_map())
"""


def click(widget: QWidget, name: str) -> None:
    QTest.mouseClick(widget.findChild(QPushButton, name), Qt.MouseButton.LeftButton)


def next_window(run: str, qtbot: QtBot) -> tuple[MainWindow, str]:
    """A window that offers to watch a run, and how it says so."""
    window = MainWindow()
    window.show()
    qtbot.waitExposed(window)

    def text() -> str:
        label = window.findChild(QLabel, "bannerText")
        return "" if label is None else label.text()

    qtbot.waitUntil(lambda: run in text(), timeout=20_000)
    return window, text()


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

    later, offered = next_window("run-01", qtbot)
    assert offered == f"A run is going on in {folder}"
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


def test_runs_that_wait_go_on_without_the_window_and_the_next_one_shows_them(
    opened: MainWindow, sample: Path, qtbot: QtBot
) -> None:
    """One is kept and two wait: one of these is taken out by the next window, the other begins when the first ends."""
    runs, session = opened.workbench.runs, opened.workbench.session
    assert runs is not None
    assert session.document is not None
    folders = [sample / "run" / f"run-0{number}" for number in (1, 2, 3)]
    for folder, steps in zip(folders, (None, 3, 3), strict=True):
        runs.start(
            RunSpec(
                session.document.base.prefix,
                str(folder),
                steps,
                0,
                data=DataSpec(str(sample / "data.npz")),
                trust=True,
            ),
            session.document,
        )
    with qtbot.waitSignal(runs.metrics, timeout=60_000):
        pass
    opened.close()
    dialog = opened.findChild(QDialog, "closeDialog")
    qtbot.waitExposed(dialog)
    assert (
        dialog.findChild(QLabel, "closeQueueText")
        .text()
        .startswith("2 runs wait for it: they begin afterwards")
    )
    with qtbot.waitSignal(dialog.agreed, timeout=60_000):
        click(dialog, "keepRunningButton")
    qtbot.waitUntil(lambda: not opened.isVisible(), timeout=10_000)
    assert waiting_for(str(folders[0])) == (str(folders[1]), str(folders[2]))

    later, offered = next_window("run-01", qtbot)
    assert offered == f"A run is going on in {folders[0]}; 2 others wait for it"
    click(later, "bannerAction")
    watching = later.workbench.runs
    assert watching is not None
    panel = later.findChild(QWidget, "runPanel")
    waiting = panel.findChild(QToolButton, "runQueueButton")
    qtbot.waitUntil(lambda: waiting.isVisible() and waiting.text() == "2 waiting", timeout=30_000)
    waiting.entries.actions()[1].trigger()
    assert waiting.text() == "1 waiting"
    qtbot.waitUntil(lambda: waiting_for(str(folders[0])) == (str(folders[1]),), timeout=20_000)

    ends = []
    watching.ended.connect(ends.append)
    click(panel, "runStopButton")
    qtbot.waitUntil(lambda: len(ends) == 2, timeout=120_000)
    assert [str(outcome.state) for outcome in ends] == ["stopped", "finished"], ends
    assert [Path(outcome.prefix).parent for outcome in ends] == folders[:2]
    assert not folders[2].exists()
    qtbot.waitUntil(lambda: not runs_held(), timeout=20_000)
    later.close_now()
    later.deleteLater()
