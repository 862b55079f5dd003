"""The main job by mouse and keyboard, from the dropped sample to a checkpoint that stock TensorFlow restores."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QModelIndex, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QTableView,
    QTabWidget,
    QWidget,
)
from pytestqt.qtbot import QtBot

from ckpt_studio.core.resources import resources_folder
from ckpt_studio.gui.main_window import MainWindow
from ckpt_studio.training.events import RunState
from tests.helpers.tensorflow_child import TensorFlowChild

FROZEN = ("encoder/dense_1/bias", "encoder/dense_1/kernel")
SWAPPED = "encoder/dense_2/kernel"
ENDED = (RunState.finished, RunState.stopped, RunState.failed, RunState.lost)


class Person:
    """Does with one window what a person does with it: real events, nothing called behind its back."""

    def __init__(self, qtbot: QtBot, window: MainWindow) -> None:
        self.qtbot = qtbot
        self.window = window

    def part(self, kind: type[Any], name: str, where: QWidget | None = None) -> Any:
        found = (where or self.window).findChild(kind, name)
        assert found is not None, f"there is no {name}"
        return found

    def wait(self, condition: Callable[[], object], seconds: float = 20) -> None:
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=int(seconds * 1000))

    def drop(self, path: Path) -> None:
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path))])
        middle = QPointF(self.window.rect().center())
        how = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
        enter = QDragEnterEvent(middle.toPoint(), *how)  # deprecated for users, and still what Qt sends
        QApplication.sendEvent(self.window, enter)
        assert enter.isAccepted()
        with self.qtbot.waitSignal(self.window.documentOpened, timeout=20_000):
            QApplication.sendEvent(self.window, QDropEvent(middle, *how))

    def click(self, button: QPushButton) -> None:
        self.wait(button.isEnabled)
        self.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    def shortcut(
        self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.ControlModifier
    ) -> None:
        self.wait(lambda: QApplication.activeModalWidget() is None)
        self.window.activateWindow()
        self.wait(self.window.isActiveWindow)
        self.qtbot.keyClick(self.window, key, modifiers)

    def type_into(self, edit: QLineEdit, text: str, enter: bool = False) -> None:
        edit.setFocus()
        edit.selectAll()
        self.qtbot.keyClick(edit, Qt.Key.Key_Delete)
        self.qtbot.keyClicks(edit, text)
        if enter:
            self.qtbot.keyClick(edit, Qt.Key.Key_Return)

    def dialog(self, name: str) -> QDialog:
        def opened() -> QDialog | None:
            shown = [w for w in self.window.findChildren(QDialog, name) if w.isVisible()]
            return shown[0] if shown else None

        self.wait(opened)
        dialog = opened()
        assert dialog is not None
        return dialog

    # ---- the tree

    @property
    def tree(self) -> QTableView:
        return self.part(QTableView, "variableTree")

    def row(self, text: str) -> QModelIndex:
        """The visible row whose key or, for a group, whose name is `text`."""
        model = self.tree.model()
        for row in range(model.rowCount()):
            index = model.index(row, 0)
            key = index.data(Qt.ItemDataRole.UserRole)
            if key == text or (key is None and index.data() == text):
                return index
        raise AssertionError(f"{text} is not shown")

    def choose(self, text: str) -> None:
        at = self.tree.visualRect(self.row(text)).center()
        self.qtbot.mouseClick(self.tree.viewport(), Qt.MouseButton.LeftButton, pos=at)

    def keys_shown(self) -> list[str]:
        model = self.tree.model()
        keys = (model.index(row, 0).data(Qt.ItemDataRole.UserRole) for row in range(model.rowCount()))
        return [key for key in keys if key is not None]

    def frozen_text(self, key: str) -> str:
        return str(self.row(key).siblingAtColumn(1).data())


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    copy = tmp_path / "sample"
    shutil.copytree(resources_folder() / "samples", copy, ignore=shutil.ignore_patterns("*.py"))
    return copy


@pytest.fixture
def person(qtbot: QtBot) -> Person:
    window = MainWindow()
    qtbot.addWidget(window, before_close_func=lambda w: w.close_now())
    with qtbot.waitExposed(window):
        window.show()
    window.activateWindow()
    return Person(qtbot, window)


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


RESTORE = """
import numpy as np, tensorflow as tf
v1 = tf.compat.v1
prefix, out = args
reader = tf.train.load_checkpoint(prefix)
loaded = {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}
with tf.Graph().as_default(), v1.Session() as session:
    saver = v1.train.import_meta_graph(prefix + ".meta")
    saver.restore(session, prefix)
    variables = v1.global_variables()
    values = dict(zip([v.op.name for v in variables], session.run(variables)))
    trainable = sorted(v.op.name for v in v1.trainable_variables())
assert loaded.keys() == values.keys()
assert all(np.array_equal(loaded[n], values[n]) for n in loaded)
np.savez(out, **{n.replace("/", "|"): v for n, v in values.items()})
state = v1.train.get_checkpoint_state(prefix.rpartition("/")[0])
result = {"trainable": trainable, "latest": state.model_checkpoint_path, "all": list(state.all_model_checkpoint_paths)}
"""


def restored(child: TensorFlowChild, prefix: Path, out: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    answer = child(RESTORE, str(prefix), str(out))
    with np.load(out) as arrays:
        return {name.replace("|", "/"): arrays[name] for name in arrays.files}, answer


def test_the_main_job(
    person: Person, sample: Path, tmp_path: Path, tensorflow_child: TensorFlowChild
) -> None:
    before = contents(sample)
    see(person, sample)
    freeze_and_swap(person, sample)
    run_folder = resume(person, sample, tmp_path)
    written = write(person, tmp_path)
    after = contents(sample)
    assert {name: after.get(name) for name in before} == before, "an opened checkpoint was changed"

    start, _ = restored(tensorflow_child, sample / "run" / "model.ckpt-500", tmp_path / "start.npz")
    donor, _ = restored(tensorflow_child, sample / "donor" / "model.ckpt-4000", tmp_path / "donor.npz")
    result, about = restored(tensorflow_child, written, tmp_path / "written.npz")
    for key, value in start.items():
        expected = donor[key] if key == SWAPPED else value
        assert result[key].tobytes() == expected.tobytes(), key
    assert about["latest"] == str(written)
    assert about["trainable"] == ["classifier/bias", "classifier/kernel", "encoder/dense_2/bias", SWAPPED]

    newest = max(run_folder.glob("model.ckpt-*.index"), key=lambda p: int(p.stem.rpartition("-")[2]))
    step = int(newest.stem.rpartition("-")[2])
    trained, about = restored(tensorflow_child, newest.with_suffix(""), tmp_path / "trained.npz")
    assert step >= 700
    assert int(trained["global_step"]) == step
    assert Path(about["latest"]).name == f"model.ckpt-{step}"
    for key in FROZEN:
        assert trained[key].tobytes() == start[key].tobytes(), f"{key} was frozen and moved"
    assert not np.array_equal(trained["classifier/kernel"], start["classifier/kernel"])
    assert not np.array_equal(trained[SWAPPED], donor[SWAPPED])


def see(person: Person, sample: Path) -> None:
    """Open by drop, filter, look at histogram and heatmap."""
    person.drop(sample / "run")
    assert "model.ckpt-500" in person.window.windowTitle()
    person.type_into(person.part(QLineEdit, "filterEdit"), "dense_2")
    person.wait(lambda: person.keys_shown() and all("dense_2" in key for key in person.keys_shown()))
    assert SWAPPED in person.keys_shown()
    person.type_into(person.part(QLineEdit, "filterEdit"), "")
    person.wait(lambda: "classifier" in [person.tree.model().index(r, 0).data() for r in range(3)])
    person.shortcut(Qt.Key.Key_F)
    person.window.findChild(object, "actionExpandAll").trigger()
    person.choose(SWAPPED)
    tabs = person.part(QTabWidget, "viewTabs")
    for name in ("histogramView", "heatmapView", "valueTable"):
        view = person.part(QWidget, name)
        page = next(
            i for i in range(tabs.count()) if tabs.widget(i) is view or tabs.widget(i).isAncestorOf(view)
        )
        person.qtbot.mouseClick(
            tabs.tabBar(), Qt.MouseButton.LeftButton, pos=tabs.tabBar().tabRect(page).center()
        )
        person.wait(lambda: not person.window.session.bridge.busy)
        assert view.isVisible()


def freeze_and_swap(person: Person, sample: Path) -> None:
    """Freeze a subtree, swap one variable from the donor, undo and redo both."""
    person.choose("dense_1")
    person.shortcut(Qt.Key.Key_L)
    person.wait(lambda: all("frozen" in person.frozen_text(key).lower() for key in FROZEN))
    person.choose(SWAPPED)
    person.shortcut(Qt.Key.Key_M)
    dialog = person.dialog("donorDialog")
    person.type_into(person.part(QLineEdit, "donorPathEdit", dialog), str(sample / "donor"), enter=True)
    person.click(person.part(QPushButton, "donorApplyButton", dialog))
    document = person.window.session.document
    person.wait(lambda: len(document.edits) == 2)
    person.shortcut(Qt.Key.Key_Z)
    person.shortcut(Qt.Key.Key_Z)
    person.wait(lambda: not document.edits)
    assert not any("frozen" in person.frozen_text(key).lower() for key in FROZEN)
    for _ in range(2):
        person.shortcut(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    person.wait(lambda: len(document.edits) == 2)
    assert document.state(SWAPPED).replaced_by is not None


def resume(person: Person, sample: Path, tmp_path: Path) -> Path:
    """Resume 200 steps and more in a real child process, then stop."""
    person.shortcut(Qt.Key.Key_R)
    dialog = person.dialog("resumeDialog")
    person.type_into(person.part(QLineEdit, "dataPathEdit", dialog), str(sample / "data.npz"), enter=True)
    for name, number in (("stepsSpin", 1_000_000), ("saveEverySpin", 100), ("batchSizeSpin", 50)):
        spin = person.part(QSpinBox, name, dialog)
        spin.setFocus()
        spin.selectAll()
        person.qtbot.keyClicks(spin, str(number))
    folder = tmp_path / "resumed"
    person.type_into(person.part(QLineEdit, "runFolderEdit", dialog), str(folder))
    person.click(person.part(QPushButton, "startButton", dialog))
    person.click(person.part(QPushButton, "trustAcceptButton", person.dialog("trustDialog")))
    events = folder / "events.jsonl"

    def steps() -> int:
        lines = events.read_text("utf-8").splitlines() if events.exists() else []
        return sum('"metrics"' in line for line in lines)

    person.wait(lambda: (folder / "model.ckpt-700.index").exists(), 60)
    person.shortcut(Qt.Key.Key_Period)
    person.wait(lambda: person.window.session.run in ENDED, 30)
    assert person.window.session.run == RunState.stopped
    assert steps() > 0
    end = json.loads(events.read_text("utf-8").splitlines()[-1])
    assert end["event"] == "end"
    assert end["frozen_unchanged"] is True
    return folder


def write(person: Person, tmp_path: Path) -> Path:
    """Write the staged view into a new folder."""
    person.shortcut(Qt.Key.Key_S)
    dialog = person.dialog("writeDialog")
    person.type_into(person.part(QLineEdit, "writeFolderEdit", dialog), str(tmp_path / "written"))
    person.type_into(person.part(QLineEdit, "writeNameEdit", dialog), "model.ckpt-500")
    person.click(person.part(QPushButton, "writeButton", dialog))
    document = person.window.session.document
    person.wait(lambda: not document.modified)
    return tmp_path / "written" / "model.ckpt-500"
