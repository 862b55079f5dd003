"""The fields that the dialogs share, with names that files really have."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QFileDialog, QLineEdit, QMainWindow, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from ckpt_studio.gui.dialogs import places
from ckpt_studio.gui.dialogs.fields import ElidedLabel, PathField, duration_text
from ckpt_studio.gui.dialogs.recent import LIMIT, recent_paths, remember_path
from ckpt_studio.gui.dialogs.trust import TrustDialog


def test_a_path_is_told_once_when_it_is_finished(window: QMainWindow, qtbot: QtBot) -> None:
    field = PathField("someEdit", "Some path", window, folders=True)
    window.setCentralWidget(field)
    told: list[str] = []
    field.chosen.connect(told.append)
    QTest.keyClicks(field.edit, "/a path/with <b>signs</b> ")
    QTest.keyClick(field.edit, Qt.Key.Key_Return)
    QTest.keyClick(field.edit, Qt.Key.Key_Tab)
    assert told == ["/a path/with <b>signs</b>"]
    assert field.edit.objectName() == "someEdit"


def test_browse_opens_a_dialog_of_our_own(window: QMainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    (tmp_path / "data.npz").write_bytes(b"")
    field = PathField("someEdit", "Some path", window, files="All files (*)", folders=True)
    window.setCentralWidget(field)
    field.set_path(str(tmp_path))
    told: list[str] = []
    field.chosen.connect(told.append)
    QTest.mouseClick(field.findChild(QToolButton, "someEditBrowse"), Qt.MouseButton.LeftButton)
    dialog = field.findChild(QFileDialog, "someEditDialog")
    assert dialog.testOption(QFileDialog.Option.DontUseNativeDialog)
    assert Path(dialog.directory().absolutePath()) == tmp_path
    name = dialog.findChild(QLineEdit, "fileNameEdit")
    QTest.keyClicks(name, "data.npz")
    QTest.keyClick(name, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: told == [str(tmp_path / "data.npz")], timeout=5000)


def test_recent_ones_are_offered_newest_first(window: QMainWindow) -> None:
    for number in range(LIMIT + 5):
        remember_path("donors", f"/some/{number}")
    remember_path("donors", "/some/9")
    known = recent_paths("donors")
    assert known[:2] == ["/some/9", f"/some/{LIMIT + 4}"]
    assert len(known) == LIMIT == len(set(known))
    field = PathField("someEdit", "Some path", window, recent=known)
    menu = field.findChild(QToolButton, "someEditRecent").menu()
    menu.actions()[1].trigger()
    assert field.path() == known[1]


def test_a_long_name_is_shortened_in_the_middle(window: QMainWindow, qtbot: QtBot) -> None:
    label = ElidedLabel("someLabel", "/a/very/long/path" * 20 + "/<i>model</i>.ckpt", window)
    window.setCentralWidget(label)
    window.resize(300, 100)
    qtbot.waitUntil(lambda: "…" in label.text(), timeout=2000)
    assert label.textFormat() == Qt.TextFormat.PlainText
    assert "&lt;i&gt;" in label.toolTip()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (89, "89 s"), (180, "3 min"), (7800, "2 h 10 min"), (90 * 60, "1 h 30 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_new_places_are_free_and_never_the_originals(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    prefix = str(folder / "model.ckpt-7")
    assert places.new_checkpoint_folder(prefix) == str(tmp_path / "model.ckpt-7")
    (tmp_path / "model.ckpt-7").mkdir()
    assert places.new_checkpoint_folder(prefix) == str(tmp_path / "model.ckpt-7-2")
    assert places.new_run_folder(prefix) == str(folder / "run-01")
    (folder / "run-01").mkdir()
    assert places.new_run_folder(prefix) == str(folder / "run-02")
    assert places.new_run_folder(str(folder / "run-01" / "model.ckpt-9")) == str(folder / "run-02")


def test_risky_operations_are_named_and_refusing_is_the_default(window: QMainWindow, qtbot: QtBot) -> None:
    dialog = TrustDialog("meta_graph", "/some/<b>model</b>.meta", ["node\u202e (PyFunc) runs code"], window)
    dialog.open()
    qtbot.waitExposed(dialog)
    names = dialog.findChild(QWidget, "trustRisks")
    assert names.item(0).text() == "node\\u202e (PyFunc) runs code"
    with qtbot.waitSignal(dialog.finished) as finished:
        QTest.keyClick(dialog, Qt.Key.Key_Return)
    assert finished.args == [QDialog.DialogCode.Rejected.value]

    harmless = TrustDialog("meta_graph", "/some/model.meta", [], window)
    harmless.open()
    qtbot.waitExposed(harmless)
    with qtbot.waitSignal(harmless.accepted):
        QTest.keyClick(harmless, Qt.Key.Key_Return)


@pytest.mark.parametrize(
    ("prefix", "name"),
    [
        ("run/model.ckpt-7", "model.ckpt-7"),
        ("run/model.keras", "model"),
        ("run/cnn.weights.h5", "cnn"),
        ("run/cnn-5.hdf5", "cnn-5"),
        ("run/model.safetensors", "model"),
        ("run/model.safetensors.index.json", "model"),
        ("run/export-?????-of-00002", "export"),
        ("run/a.npz", "a"),
        ("run/saved_model", "saved_model"),
        ("run/.h5", ".h5"),
    ],
)
def test_what_is_written_has_a_name_without_the_ending_of_another_format(prefix: str, name: str) -> None:
    assert places.checkpoint_name(prefix) == name
