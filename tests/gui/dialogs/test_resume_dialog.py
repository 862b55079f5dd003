"""Resuming a run from the window: real clicks, the sample's graph and data, and a real training process."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QFileDialog,
    QLabel,
    QLineEdit,
    QMainWindow,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QTableWidget,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from ckpt_studio.cli.train_command import staged_document
from ckpt_studio.document.edits.marks import Freeze
from ckpt_studio.formats.tf_bundle.write import write_bundle
from ckpt_studio.gui.dialogs.close import CloseDialog
from ckpt_studio.gui.dialogs.places import data_beside
from ckpt_studio.gui.dialogs.resume import ResumeDialog
from ckpt_studio.gui.panels.run import RunPanel
from ckpt_studio.gui.runs import Runs
from ckpt_studio.gui.session import Session
from ckpt_studio.training.spec import read_spec
from tests.helpers.memory_source import MemorySource
from tests.helpers.tensorflow_child import TensorFlowChild

FROZEN = "encoder/dense_1/kernel"


@pytest.fixture
def runs(opened: Session, window: QMainWindow) -> Iterator[Runs]:
    runs = Runs(opened, window)
    yield runs
    runs.close()


@pytest.fixture
def panel(opened: Session, runs: Runs, window: QMainWindow) -> RunPanel:
    panel = RunPanel(opened, runs, window)
    window.setCentralWidget(panel)
    return panel


def click(widget: QWidget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=QPoint(8, widget.height() // 2))


def shown(session: Session, runs: Runs, window: QMainWindow, qtbot: QtBot) -> ResumeDialog:
    dialog = ResumeDialog(session, runs, window)
    dialog.open()
    qtbot.waitExposed(dialog)
    qtbot.waitUntil(lambda: "bind" in card(dialog) or bool(reason(dialog)), timeout=20_000)
    return dialog


def card(dialog: QWidget) -> str:
    return dialog.findChild(QPlainTextEdit, "resumeCard").toPlainText()


def reason(dialog: QWidget) -> str:
    return dialog.findChild(QLabel, "resumeReasonText").text()


def start(dialog: QWidget) -> QPushButton:
    return dialog.findChild(QPushButton, "startButton")


def fill(dialog: QWidget, name: str, text: str) -> None:
    field = dialog.findChild(QWidget, name)
    field.setFocus()
    QTest.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Tab)


def hide_data(sample: Path) -> Path:
    """Put the data where the dialog does not look."""
    (sample / "data").mkdir()
    return (sample / "data.npz").rename(sample / "data" / "data.npz")


def give_data(dialog: ResumeDialog, data: Path, qtbot: QtBot) -> None:
    fill(dialog, "dataPathEdit", str(data))
    qtbot.waitUntil(start(dialog).isEnabled, timeout=20_000)


def verdicts(dialog: ResumeDialog) -> list[str]:
    table = dialog.findChild(QTableWidget, "inputsTable")
    return [table.item(row, 3).text() for row in range(table.rowCount())]


def training_processes() -> list[int]:
    """Processes that train for the runs which this one has started."""
    found = []
    parents = {os.getpid()}
    for tasks in Path("/proc/self/task").iterdir():
        parents |= {int(child) for child in (tasks / "children").read_text().split()}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
                parent = (entry / "stat").read_text().rsplit(")", 1)[1].split()[1]
            except OSError:
                continue
            if b"ckpt_studio.training.worker" in command and int(parent) in parents:
                found.append(int(entry.name))
    return found


def test_says_what_will_happen_and_what_is_missing(
    opened: Session, runs: Runs, window: QMainWindow, sample: Path, qtbot: QtBot
) -> None:
    opened.do(Freeze((FROZEN,)))
    data = hide_data(sample)
    dialog = shown(opened, runs, window, qtbot)
    assert "21 of 21 variables bind" in card(dialog)
    assert "3 frozen" in card(dialog)
    assert "step 500" in card(dialog)
    assert "Choose the data" in reason(dialog)
    assert not start(dialog).isEnabled()
    assert verdicts(dialog) == ["⚠ no data yet"] * 2

    give_data(dialog, data, qtbot)
    assert reason(dialog) == ""
    combos = {box.objectName(): box for box in dialog.findChildren(QComboBox)}
    assert combos["sourceCombo:x:0"].currentText() == "x"
    assert combos["sourceCombo:y:0"].currentText() == "y"
    assert all(verdict.startswith("✓ rows of") for verdict in verdicts(dialog))
    assert dialog.findChild(QLineEdit, "runFolderEdit").text() == str(sample / "run" / "run-01")

    # The keyboard goes from the file through the inputs to the run.
    dialog.findChild(QToolButton, "dataPathEditBrowse").setFocus()
    for name in ("sourceCombo:x:0", "sourceCombo:y:0", "stepsSpin"):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        focus = QApplication.focusWidget()
        assert name in (focus.objectName(), focus.parentWidget().objectName())

    # The wrong array: the row says why, and Start says it too.
    combos["sourceCombo:x:0"].setFocus()
    QTest.keyClick(combos["sourceCombo:x:0"], Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(combos["sourceCombo:x:0"], "y")
    qtbot.waitUntil(lambda: "does not fit" in reason(dialog), timeout=5000)
    assert "does not fit" in verdicts(dialog)[0]
    assert not start(dialog).isEnabled()
    QTest.keyClick(combos["sourceCombo:x:0"], Qt.Key.Key_Backspace)
    QTest.keyClicks(combos["sourceCombo:x:0"], "x")
    qtbot.waitUntil(start(dialog).isEnabled, timeout=5000)

    # A folder that is not empty is refused before anything runs.
    fill(dialog, "runFolderEdit", str(sample / "donor"))
    qtbot.waitUntil(lambda: "not empty" in reason(dialog), timeout=5000)
    dialog.reject()


def test_the_only_data_beside_the_checkpoint_is_guessed(
    opened: Session, runs: Runs, window: QMainWindow, sample: Path, qtbot: QtBot
) -> None:
    dialog = shown(opened, runs, window, qtbot)
    qtbot.waitUntil(start(dialog).isEnabled, timeout=20_000)
    edit = dialog.findChild(QLineEdit, "dataPathEdit")
    guessed = dialog.findChild(QLabel, "dataGuessText")
    assert edit.text() == str(sample / "data.npz")
    assert guessed.isVisible()
    assert guessed.text() == "found beside the checkpoint"
    assert all(verdict.startswith("✓ rows of") for verdict in verdicts(dialog))
    fill(dialog, "dataPathEdit", str(sample / "nothing.npz"))
    assert not guessed.isVisible()
    qtbot.waitUntil(lambda: bool(reason(dialog)), timeout=5000)
    dialog.reject()


def test_data_is_guessed_only_where_there_is_no_choice(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    prefix = str(run / "m-1")
    assert data_beside(prefix) == ""
    (tmp_path / "data.npz").touch()
    (run / "m-1.ckpt-studio.npz").touch()
    assert data_beside(prefix) == str(tmp_path / "data.npz")
    (run / "mine.npz").touch()
    assert data_beside(prefix) == str(run / "mine.npz")
    (run / "other.npz").touch()
    assert data_beside(prefix) == ""


def test_a_checkpoint_without_a_graph_says_so(
    opened: Session, runs: Runs, window: QMainWindow, sample: Path, qtbot: QtBot
) -> None:
    for meta in (sample / "run").glob("*.meta"):
        meta.unlink()
    with qtbot.waitSignal(opened.documentChanged, timeout=10_000):
        opened.reload()
    dialog = shown(opened, runs, window, qtbot)
    assert ".meta" in reason(dialog)
    assert not start(dialog).isEnabled()


def trust_dialog(window: QMainWindow) -> QDialog | None:
    return next((d for d in window.findChildren(QDialog, "trustDialog") if d.isVisible()), None)


def test_a_run_from_trust_to_stop_and_save(
    opened: Session,
    runs: Runs,
    panel: RunPanel,
    window: QMainWindow,
    sample: Path,
    qtbot: QtBot,
    tensorflow_child: TensorFlowChild,
) -> None:
    opened.do(Freeze((FROZEN,)))
    dialog = shown(opened, runs, window, qtbot)
    give_data(dialog, sample / "data.npz", qtbot)
    fill(dialog, "stepsSpin", "0")
    assert dialog.findChild(QSpinBox, "stepsSpin").text() == "until stopped"
    qtbot.waitUntil(start(dialog).isEnabled, timeout=5000)

    # Asked once, before the first run of this graph; refusing starts nothing.
    click(start(dialog))
    qtbot.waitUntil(lambda: trust_dialog(window) is not None, timeout=5000)
    refused = trust_dialog(window)
    assert refused is not None
    click(refused.findChild(QPushButton, "trustRejectButton"))
    qtbot.waitUntil(lambda: trust_dialog(window) is None, timeout=5000)
    assert not runs.active
    click(start(dialog))
    qtbot.waitUntil(lambda: trust_dialog(window) is not None, timeout=5000)
    asked = trust_dialog(window)
    assert asked is not None
    click(asked.findChild(QPushButton, "trustAcceptButton"))
    qtbot.waitUntil(lambda: runs.active, timeout=5000)

    plot = lambda: panel.findChild(QWidget, "lossPlot")  # noqa: E731
    qtbot.waitUntil(lambda: plot() is not None and len(plot().history) > 50, timeout=60_000)
    assert plot().history.span[0] == 501
    qtbot.waitUntil(lambda: "running" in panel.findChild(QLabel, "runTitle").text(), timeout=10_000)
    assert panel.findChild(QLabel, "runRate").text().endswith("steps/s")
    assert opened.running

    with qtbot.waitSignal(runs.checkpointWritten, timeout=20_000):
        click(panel.findChild(QPushButton, "checkpointNowButton"))
    step, prefix = runs.checkpoints[-1]
    assert Path(prefix) == sample / "run" / "run-01" / f"model.ckpt-{step}"
    offered = [one.text() for one in panel.findChild(QToolButton, "runCheckpointsButton").menu().actions()]
    assert f"model.ckpt-{step}" in offered

    # Closing the window asks; "Stop and save" waits for the end of the run.
    closing = CloseDialog(opened, runs, window)
    closing.open()
    with qtbot.waitSignal(closing.agreed, timeout=30_000):
        click(closing.findChild(QPushButton, "keepButton"))
    assert not runs.active
    assert runs.outcome is not None
    assert str(runs.outcome.state) == "stopped"
    last = runs.outcome.prefix
    assert last is not None
    assert "3 frozen variables are bit-identical" in panel.findChild(QLabel, "runProof").text()

    script = """
    start, end = tf.train.load_checkpoint(args[0]), tf.train.load_checkpoint(args[1])
    names = sorted(start.get_variable_to_shape_map())
    result = [n for n in names if np.array_equal(start.get_tensor(n), end.get_tensor(n))]
    """
    same = tensorflow_child(script, str(sample / "run" / "model.ckpt-500"), last)
    assert same == [FROZEN, f"{FROZEN}/Adam", f"{FROZEN}/Adam_1"]

    # The next run of the same graph is not asked about, and goes into a folder of its own.
    again = shown(opened, runs, window, qtbot)
    give_data(again, sample / "data.npz", qtbot)
    assert again.findChild(QLineEdit, "runFolderEdit").text().endswith("run-02")
    click(start(again))
    qtbot.waitUntil(lambda: runs.active, timeout=5000)
    assert trust_dialog(window) is None

    # Killed from outside: the window stays and says what happened.
    qtbot.waitUntil(lambda: len(plot().history) > 20, timeout=60_000)
    (pid,) = training_processes()
    with qtbot.waitSignal(runs.ended, timeout=20_000):
        os.kill(pid, signal.SIGKILL)
    failure = panel.findChild(QLabel, "runFailureText")
    assert failure.isVisible()
    assert "killed" in failure.text()
    click(panel.findChild(QPushButton, "runCopyButton"))
    assert "killed" in QApplication.clipboard().text()
    assert window.isVisible()
    assert not runs.active


def test_the_copied_command_does_the_same_without_a_window(
    opened: Session, runs: Runs, window: QMainWindow, qtbot: QtBot
) -> None:
    opened.freeze(["classifier/kernel"])
    dialog = shown(opened, runs, window, qtbot)
    qtbot.waitUntil(start(dialog).isEnabled, timeout=20_000)
    QTest.mouseClick(dialog.findChild(QPushButton, "copyCommandButton"), Qt.MouseButton.LeftButton)
    first, *middle, last = QApplication.clipboard().text().splitlines()
    assert (first, last) == ("ckpt-studio train - <<'SPEC'", "SPEC")
    spec = read_spec(io.BytesIO("\n".join(middle).encode()))
    document = staged_document(spec)
    assert opened.document is not None
    assert document.frozen_keys() == opened.document.frozen_keys()
    assert (spec.checkpoint, spec.trust) == (opened.document.base.prefix, True)
    assert spec.data is not None
    assert set(spec.data.map)
    dialog.reject()
    opened.undo()


def test_a_recipe_to_start_from_is_written_and_taken(
    session: Session, window: QMainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    source = MemorySource({"dense/kernel": np.ones((4, 3), "f"), "dense/bias": np.zeros(3, "f")})
    write_bundle(source, str(tmp_path / "model"), state="new")
    with qtbot.waitSignal(session.documentChanged, timeout=10_000):
        session.open(str(tmp_path / "model"))
    runs = Runs(session, window)
    dialog = shown(session, runs, window, qtbot)
    assert "no recipe was named" in reason(dialog)
    click(dialog.findChild(QPushButton, "recipeTemplateButton"))
    files = dialog.findChild(QFileDialog, "recipeTemplateDialog")
    files.setDirectory(str(tmp_path))
    name = files.findChild(QLineEdit, "fileNameEdit")
    name.setText("mine.py")
    QTest.keyClick(name, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: reason(dialog) == "" and start(dialog).isEnabled(), timeout=10_000)
    text = (tmp_path / "mine.py").read_text()
    assert "Dense(3, name='dense')" in text
    compile(text, "mine.py", "exec")
    assert dialog.findChild(QLineEdit, "recipeEdit").text() == str(tmp_path / "mine.py")
    assert dialog.findChild(QLabel, "noInputsText").text() == "The recipe brings its own data."
    dialog.reject()
    runs.close()


def test_another_optimizer_is_put_on_the_graph(
    opened: Session, runs: Runs, window: QMainWindow, qtbot: QtBot
) -> None:
    dialog = shown(opened, runs, window, qtbot)
    line = dialog.findChild(QLineEdit, "optimizerEdit")
    assert line.isVisible()
    assert line.placeholderText() == "the graph's own"
    QTest.keyClicks(line, "lion")
    qtbot.waitUntil(lambda: "choose one of sgd, momentum, adam" in reason(dialog), timeout=20_000)
    line.clear()
    QTest.keyClicks(line, "momentum")
    qtbot.waitUntil(lambda: "New optimizer momentum, learning rate 0.01" in card(dialog), timeout=20_000)
    assert "The new optimizer does not use" in card(dialog)
    dialog.reject()
