"""A damaged checkpoint in the window: verified, looked at, mended, written; and what cannot be mended is refused."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QDockWidget,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QTableView,
    QToolButton,
)
from pytestqt.qtbot import QtBot

from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.gui.dialogs.fields import Notice
from ckpt_studio.gui.main_window import MainWindow
from tests.helpers.bundles import BundleMaker, Record, shard_name
from tests.helpers.damage import flip_variables
from tests.helpers.tensorflow_child import TensorFlowChild

DAMAGED = ("classifier/kernel", "encoder/dense_1/bias", "encoder/dense_2/kernel")


class Person:
    """What a person does with the Problems panel."""

    def __init__(self, window: MainWindow, qtbot: QtBot) -> None:
        self.window, self.qtbot = window, qtbot
        self.table = window.findChild(QTableView, "problemTable")

    def open(self, path: Path | str) -> None:
        with self.qtbot.waitSignal(self.window.documentOpened, timeout=10_000):
            self.window.open_path(str(path))

    def verify(self) -> None:
        self.window.findChild(QAction, "actionVerify").trigger()
        self.qtbot.waitUntil(lambda: self.document.verified is not None, timeout=20_000)

    @property
    def document(self):  # type: ignore[no-untyped-def]
        return self.window.session.document

    @property
    def summary(self) -> str:
        return str(self.window.findChild(QLabel, "problemsSummary").text())

    def button(self, name: str) -> QPushButton:
        found = self.window.findChild(QPushButton, name)
        assert isinstance(found, QPushButton)
        return found

    def click(self, name: str) -> None:
        button = self.button(name)
        self.qtbot.waitUntil(button.isEnabled)
        self.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    def rows(self) -> list[list[str]]:
        model = self.table.model()
        return [[model.index(row, c).data() for c in range(4)] for row in range(model.rowCount())]

    def choose(self, row: int) -> None:
        at = self.table.visualRect(self.table.model().index(row, 0)).center()
        self.qtbot.mouseClick(self.table.viewport(), Qt.MouseButton.LeftButton, pos=at)

    def state(self, key: str) -> str:
        model = self.window.findChild(QTableView, "variableTree").model()
        for row in range(model.rowCount()):
            if model.index(row, 0).data(Qt.ItemDataRole.UserRole) == key:
                return str(model.index(row, 3).data())
        raise AssertionError(key)

    def dialog(self, name: str) -> QDialog:
        self.qtbot.waitUntil(lambda: QApplication.activeModalWidget() is not None)
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, QDialog)
        assert dialog.objectName() == name
        return dialog


@pytest.fixture
def person(main_window: MainWindow, qtbot: QtBot) -> Person:
    return Person(main_window, qtbot)


def test_a_sound_checkpoint_says_so(person: Person, sample: Path) -> None:
    person.open(sample / "run")
    assert person.summary == "The checksums have not been compared yet."
    person.verify()
    files = person.document.base.files()
    size = sum(Path(path).stat().st_size for path in files if path.endswith((".index", "00001")))
    assert person.summary == f"All checksums are right ({size:,} bytes)."
    assert person.rows() == []
    assert not person.button("problemsDropButton").isEnabled()
    assert person.window.findChild(QDockWidget, "problemsDock").windowTitle() == "Problems"


def test_a_damaged_checkpoint_is_mended_and_written(
    person: Person, sample: Path, tmp_path: Path, tensorflow_child: TensorFlowChild
) -> None:
    prefix = str(sample / "run" / "model.ckpt-500")
    before = {key: open_checkpoint(prefix).read(key) for key in open_checkpoint(prefix).columns.keys}
    flip_variables(open_checkpoint(prefix), *DAMAGED)
    person.open(prefix)
    person.verify()
    person.window.findChild(QAction, "actionExpandAll").trigger()
    assert sorted((row[0], row[1], row[3]) for row in person.rows()) == [
        (key, "checksum", "") for key in DAMAGED
    ]
    assert all(row[2].startswith("Its ") and "do not match" in row[2] for row in person.rows())
    assert person.summary.startswith("3 problems in ")
    assert person.window.findChild(QDockWidget, "problemsDock").windowTitle() == "Problems (3)"
    assert {person.state(key) for key in DAMAGED} == {"⚠ damaged"}
    places = [row[0] for row in person.rows()]
    person.choose(places.index("encoder/dense_1/bias"))
    assert person.window.session.current == "encoder/dense_1/bias"
    person.click("problemsDropButton")
    assert person.state("encoder/dense_1/bias") == "✕ dropped"
    assert person.rows()[places.index("encoder/dense_1/bias")][3] == "✕ dropped"
    refused(person)
    person.table.clearSelection()
    person.click("problemsSwapButton")
    dialog = person.dialog("donorDialog")
    edit = dialog.findChild(QLineEdit, "donorPathEdit")
    edit.setText(str(sample / "run" / "model.ckpt-400"))
    person.qtbot.keyClick(edit, Qt.Key.Key_Return)
    apply = dialog.findChild(QPushButton, "donorApplyButton")
    person.qtbot.waitUntil(apply.isEnabled, timeout=10_000)
    person.qtbot.mouseClick(apply, Qt.MouseButton.LeftButton)
    person.qtbot.waitUntil(lambda: len(person.document.edits) == 2)
    assert person.summary.endswith("Mended by staged edits: write them.")
    assert not person.button("problemsSwapButton").isEnabled()
    written = write(person, tmp_path / "out")
    values = tensorflow_child(
        """
        reader = tf.train.load_checkpoint(args[0])
        result = {key: reader.get_tensor(key).tobytes().hex() for key in reader.get_variable_to_dtype_map()}
        """,
        written,
    )
    donor = open_checkpoint(str(sample / "run" / "model.ckpt-400"))
    expected = {**before, **{key: donor.read(key) for key in DAMAGED}}
    gone = {key for key in expected if key.startswith("encoder/dense_1/bias")}
    assert values == {
        key: np.asarray(value).tobytes().hex() for key, value in expected.items() if key not in gone
    }
    person.open(written)
    person.verify()
    assert person.summary.startswith("All checksums are right (")


def refused(person: Person) -> None:
    """What is damaged and kept is not written; the dialog says what and what to do."""
    person.window.findChild(QAction, "actionWrite").trigger()
    dialog = person.dialog("writeDialog")
    notice = dialog.findChild(Notice, "writeError")
    person.qtbot.waitUntil(lambda: "2 variables (classifier/kernel, encoder/dense_2/kernel)" in notice.text())
    assert "or drop them" in notice.text()
    assert not dialog.findChild(QPushButton, "writeButton").isEnabled()
    dialog.reject()


def write(person: Person, folder: Path) -> str:
    person.window.findChild(QAction, "actionWrite").trigger()
    dialog = person.dialog("writeDialog")
    dialog.findChild(QLineEdit, "writeFolderEdit").setText(str(folder))
    button = dialog.findChild(QPushButton, "writeButton")
    person.qtbot.waitUntil(button.isEnabled, timeout=10_000)
    person.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    person.qtbot.waitUntil(lambda: not person.document.modified, timeout=20_000)
    return str(folder / "model.ckpt-500")


def test_rows_that_were_faulty_at_opening_are_listed_from_the_start(person: Person, tmp_path: Path) -> None:
    made = BundleMaker(2)
    for i in range(4):
        made.add(f"net/t{i}", np.ones(3, np.float32), 1, shard=i % 2)
    prefix = made.write(tmp_path / "m")
    Path(shard_name(prefix, 1, 2)).unlink()
    person.open(prefix)
    name = Path(shard_name(prefix, 1, 2)).name
    sentence = f"Its data file {name} is missing."
    assert person.rows() == [[f"net/t{i}", "unreadable", sentence, ""] for i in (1, 3)]
    assert person.summary.startswith("2 variables could not be read")
    person.click("problemsCopyButton")
    assert QApplication.clipboard().text() == "\n".join(f"net/t{i}\tunreadable\t{sentence}" for i in (1, 3))
    person.click("problemsDropButton")
    assert person.document.dropped_keys() == ("net/t1", "net/t3")
    person.window.session.undo()
    person.verify()
    assert [row[:2] for row in person.rows()] == [["net/t1", "missing"], ["net/t3", "missing"]]


def test_the_whole_sentence_stands_below_the_table(person: Person, sample: Path) -> None:
    prefix = str(sample / "run" / "model.ckpt-500")
    flip_variables(open_checkpoint(prefix), *DAMAGED)
    person.open(prefix)
    person.verify()
    label = person.window.findChild(QLabel, "problemSentence")
    assert label.isHidden()
    person.table.selectRow(1)
    name, _, sentence, _ = person.rows()[1]
    assert not label.isHidden()
    assert label.text() == f"{name}: {sentence}"
    assert label.wordWrap()
    dock = person.window.findChild(QDockWidget, "problemsDock")
    dock.setFloating(True)
    for width, hidden in ((420, True), (900, False)):
        dock.resize(width, 300)
        person.qtbot.waitUntil(lambda hidden=hidden: person.table.isColumnHidden(1) == hidden)
    person.table.selectAll()
    assert label.isHidden()


def test_verifying_is_watched_and_stopped(person: Person, tmp_path: Path) -> None:
    made = BundleMaker()
    size = 8 << 30
    made.put("huge", Record(4, (size,), size=size, crc=5).encode())
    prefix = made.write(tmp_path / "m")
    os.truncate(shard_name(prefix, 0, 1), size)  # sparse
    person.open(prefix)
    bar = person.window.findChild(QProgressBar, "verifyProgress")
    for stop in ("verifyCancelButton", "cancelWorkButton"):
        person.window.findChild(QAction, "actionVerify").trigger()
        person.qtbot.waitUntil(lambda: bar.isVisible() and bar.value() > 0, timeout=10_000)
        assert person.summary.startswith("Comparing checksums: ")
        button = person.window.findChild(QPushButton, stop) or person.window.findChild(QToolButton, stop)
        person.qtbot.waitUntil(button.isVisible, timeout=10_000)
        person.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        person.qtbot.waitUntil(bar.isHidden)
        assert person.summary == "Verifying was stopped before its end."
        assert person.document.verified is None
    person.qtbot.waitUntil(lambda: not person.window.session.bridge.busy)


def test_a_dropped_variable_can_still_be_looked_at(person: Person, sample: Path) -> None:
    person.open(sample / "run")
    window = person.window
    window.session.set_selection(("encoder/dense_1/kernel",))
    window.findChild(QAction, "actionDrop").trigger()
    window.workbench.variables.go_to("encoder/dense_1/kernel")
    details = window.workbench.details
    person.qtbot.waitUntil(lambda: "✕ dropped (staged)" in details.text() and "L2 norm" in details.text())
    window.session.freeze(("encoder/dense_1/kernel",))
    assert any("dropped by a staged edit" in b.trouble.sentence for b in window.workbench.banners.banners)
    tree = window.workbench.variables
    tree.filter.setText("dropped:yes")
    model = window.findChild(QTableView, "variableTree").model()
    keys = [
        model.index(row, 0).data(Qt.ItemDataRole.UserRole) for row in range(model.rowCount(QModelIndex()))
    ]
    assert "encoder/dense_1/kernel" in keys
    assert "encoder/dense_1/bias" not in keys
