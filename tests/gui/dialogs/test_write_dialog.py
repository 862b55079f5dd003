"""Writing the staged view through the dialog; stock TensorFlow reads the result."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QMainWindow,
    QPushButton,
    QRadioButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from ckpt_studio.document.edits.marks import Freeze
from ckpt_studio.document.edits.replace import Replace
from ckpt_studio.document.edits.step import SetStep
from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.formats.tf_bundle.write import write_bundle
from ckpt_studio.gui.dialogs.write import WriteDialog
from ckpt_studio.gui.session import Session
from ckpt_studio.gui.trouble import Trouble
from tests.helpers.memory_source import MemorySource
from tests.helpers.tensorflow_child import TensorFlowChild

SWAPPED = "encoder/dense_1/kernel"


def shown(session: Session, window: QMainWindow, qtbot: QtBot) -> WriteDialog:
    dialog = WriteDialog(session, window)
    dialog.open()
    qtbot.waitExposed(dialog)
    return dialog


def button(dialog: QWidget, name: str = "writeButton") -> QPushButton:
    return dialog.findChild(QPushButton, name)


def click(widget: QWidget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=QPoint(8, widget.height() // 2))


def digests(folder: Path) -> dict[str, tuple[str, int]]:
    return {
        file.name: (hashlib.sha256(file.read_bytes()).hexdigest(), file.stat().st_mtime_ns)
        for file in folder.iterdir()
        if file.is_file()
    }


@pytest.fixture
def staged(opened: Session, sample: Path) -> Session:
    """One variable swapped in from the donor, the classifier frozen."""
    opened.do(Replace(((SWAPPED, SWAPPED),), open_checkpoint(str(sample / "donor")), str(sample / "donor")))
    opened.do(Freeze(("classifier/kernel", "classifier/bias")))
    return opened


def test_writes_into_a_new_folder_that_tensorflow_restores(
    staged: Session, window: QMainWindow, sample: Path, qtbot: QtBot, tensorflow_child: TensorFlowChild
) -> None:
    assert staged.document is not None
    before = digests(sample / "run")
    troubles: list[Trouble] = []
    staged.troubled.connect(troubles.append)
    dialog = shown(staged, window, qtbot)
    qtbot.waitUntil(button(dialog).isEnabled, timeout=10_000)
    assert dialog.findChild(QLineEdit, "writeFolderEdit").text() == str(sample / "model.ckpt-500")
    plan = dialog.findChild(QLabel, "writePlan").text()
    assert "other values: 1 of 21. Frozen: 6." in plan
    with qtbot.waitSignal(dialog.written, timeout=10_000) as written:
        QTest.keyClick(dialog, Qt.Key.Key_Return)
    prefix = written.args[0].prefix
    assert prefix == str(sample / "model.ckpt-500" / "model.ckpt-500")
    assert not staged.document.modified
    assert digests(sample / "run") == before

    script = """
    swapped = tf.train.load_checkpoint(args[0])
    donor = tf.train.load_checkpoint(args[1])
    original = tf.train.load_checkpoint(args[2])
    names = sorted(swapped.get_variable_to_shape_map())
    same = [n for n in names if np.array_equal(swapped.get_tensor(n), original.get_tensor(n))]
    result = [
        names == sorted(original.get_variable_to_shape_map()),
        bool(np.array_equal(swapped.get_tensor(args[3]), donor.get_tensor(args[3]))),
        sorted(set(names) - set(same)),
        tf.train.latest_checkpoint(args[4]),
    ]
    """
    folders = (str(sample / "donor" / "model.ckpt-4000"), str(sample / "run" / "model.ckpt-500"))
    answer = tensorflow_child(script, prefix, *folders, SWAPPED, str(Path(prefix).parent))
    assert answer == [True, True, [SWAPPED], prefix]

    # The banner opens what was written, with its frozen marks.
    (notice,) = [one for one in troubles if one.action_text == "Open"]
    assert not notice.grave
    assert notice.action is not None
    with qtbot.waitSignal(staged.documentChanged, timeout=10_000):
        notice.action()
    assert staged.document.base.prefix == prefix
    assert staged.document.is_frozen("classifier/kernel")


def test_beside_the_original_asks_first_and_adds_a_line(
    staged: Session, window: QMainWindow, sample: Path, qtbot: QtBot
) -> None:
    before = digests(sample / "run")
    state = (sample / "run" / "checkpoint").read_text()
    dialog = shown(staged, window, qtbot)
    click(dialog.findChild(QRadioButton, "besideRadio"))
    qtbot.waitUntil(lambda: "Writes" in dialog.findChild(QLabel, "writePlan").text(), timeout=10_000)
    assert "checkpoint" in dialog.findChild(QLabel, "besideNoticeText").text()
    qtbot.wait(300)
    assert not button(dialog).isEnabled()
    click(dialog.findChild(QCheckBox, "besideConfirmBox"))
    qtbot.waitUntil(button(dialog).isEnabled, timeout=10_000)
    with qtbot.waitSignal(dialog.written, timeout=10_000) as written:
        click(button(dialog))
    assert written.args[0].prefix == str(sample / "run" / "model.ckpt-500-edited")
    after = digests(sample / "run")
    assert {name: after[name] for name in before if name != "checkpoint"} == {
        name: kept for name, kept in before.items() if name != "checkpoint"
    }
    lines = (sample / "run" / "checkpoint").read_text()
    assert "model.ckpt-500-edited" in lines
    assert "model.ckpt-500-edited" not in state
    assert all(f"model.ckpt-{step}" in lines for step in (100, 200, 300, 400, 500))


def test_a_target_that_exists_is_said_in_the_dialog(
    staged: Session, window: QMainWindow, sample: Path, qtbot: QtBot
) -> None:
    dialog = shown(staged, window, qtbot)
    qtbot.waitUntil(button(dialog).isEnabled, timeout=10_000)
    edit = dialog.findChild(QLineEdit, "writeFolderEdit")
    notice = dialog.findChild(QLabel, "writeErrorText")
    for folder, said in ((sample / "donor", "exists"), (sample / "run", "Beside the original")):
        name = dialog.findChild(QLineEdit, "writeNameEdit")
        name.setText("model.ckpt-4000")
        edit.setFocus()
        edit.selectAll()
        QTest.keyClicks(edit, str(folder))
        qtbot.waitUntil(lambda said=said: said in notice.text(), timeout=5000)
        assert not button(dialog).isEnabled()


def test_cancel_stops_a_write_and_leaves_nothing(
    session: Session, window: QMainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    values = np.zeros(16 << 20, np.float32)
    (tmp_path / "big").mkdir()
    write_bundle(MemorySource({"a": values, "b": values}), str(tmp_path / "big" / "m"), state="new")
    with qtbot.waitSignal(session.documentChanged, timeout=20_000):
        session.open(str(tmp_path / "big"))
    dialog = shown(session, window, qtbot)
    combo = dialog.findChild(QComboBox, "sharingCombo")
    combo.setFocus()
    QTest.keyClick(combo, Qt.Key.Key_End)
    assert combo.currentData() == "compact"
    qtbot.waitUntil(button(dialog).isEnabled, timeout=10_000)
    folder = Path(dialog.findChild(QLineEdit, "writeFolderEdit").text())
    click(button(dialog))
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    notice = dialog.findChild(QLabel, "writeErrorText")
    qtbot.waitUntil(lambda: "stopped" in notice.text(), timeout=10_000)
    assert dialog.isVisible()
    assert not folder.exists() or list(folder.iterdir()) == []


def choose(dialog: QWidget, name: str, data: object) -> None:
    """With the keyboard, as a person does."""
    combo = dialog.findChild(QComboBox, name)
    combo.setFocus()
    QTest.keyClick(combo, Qt.Key.Key_Home)
    for _ in range(combo.findData(data)):
        QTest.keyClick(combo, Qt.Key.Key_Down)
    assert combo.currentData() == data


def test_another_format_says_what_it_cannot_keep_and_is_certified(
    staged: Session, window: QMainWindow, sample: Path, qtbot: QtBot
) -> None:
    troubles: list[Trouble] = []
    staged.troubled.connect(troubles.append)
    dialog = shown(staged, window, qtbot)
    choose(dialog, "writeFormatCombo", "npz")
    lost = dialog.findChild(QListWidget, "lostList")
    qtbot.waitUntil(lambda: lost.count() > 0 and button(dialog).isEnabled(), timeout=10_000)
    assert [lost.item(row).text() for row in range(lost.count())] == ["The graph (.meta)."]
    assert not dialog.findChild(QComboBox, "sharingCombo").isVisible()
    click(dialog.findChild(QCheckBox, "certifyBox"))
    with qtbot.waitSignal(dialog.written, timeout=30_000) as written:
        click(button(dialog))
    assert written.args[0].prefix == str(sample / "model.ckpt-500" / "model.ckpt-500.npz")
    with np.load(written.args[0].prefix) as archive, np.load(sample / "data.npz"):
        assert len(archive.files) == 21
    assert "Certified: NumPy" in troubles[-1].sentence
    assert "all 21 tensors" in troubles[-1].sentence
    assert not troubles[-1].grave
    assert not (sample / "model.ckpt-500" / "checkpoint").exists()


def test_what_is_there_is_replaced_only_when_a_person_says_so(
    staged: Session, window: QMainWindow, sample: Path, qtbot: QtBot
) -> None:
    (sample / "new").mkdir()
    there = sample / "new" / "model.ckpt-500.safetensors"
    there.write_bytes(b"mine")
    dialog = shown(staged, window, qtbot)
    choose(dialog, "writeFormatCombo", "safetensors")
    edit = dialog.findChild(QLineEdit, "writeFolderEdit")
    edit.setFocus()
    edit.selectAll()
    QTest.keyClicks(edit, str(sample / "new"))
    box = dialog.findChild(QCheckBox, "overwriteBox")
    qtbot.waitUntil(box.isVisible, timeout=10_000)
    assert not button(dialog).isEnabled()
    click(box)
    qtbot.waitUntil(button(dialog).isEnabled, timeout=10_000)
    assert there.read_bytes() == b"mine"
    with qtbot.waitSignal(dialog.written, timeout=10_000):
        click(button(dialog))
    assert open_checkpoint(str(there)).format == "safetensors"


def test_the_name_follows_the_step(opened: Session, window: QMainWindow, qtbot: QtBot) -> None:
    assert opened.document is not None
    opened.do(SetStep.of(opened.document.rows.columns, 7))
    dialog = shown(opened, window, qtbot)
    assert dialog.findChild(QLineEdit, "writeNameEdit").text() == "model.ckpt-7"


def test_names_like_those_of_another_checkpoint(
    session: Session, window: QMainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    (tmp_path / "in").mkdir()
    np.savez(tmp_path / "in" / "v.npz", **{"a/kernel": np.ones((3, 2), "f4"), "stray": np.ones(1)})
    mould = {"a/kernel": np.zeros((3, 2), "f4"), "b/bias": np.arange(2, dtype="f4")}
    write_bundle(MemorySource(mould), str(tmp_path / "mould" / "m"))
    with qtbot.waitSignal(session.documentChanged, timeout=10_000):
        session.open(str(tmp_path / "in" / "v.npz"))
    dialog = shown(session, window, qtbot)
    formats = dialog.findChild(QComboBox, "writeFormatCombo")
    assert formats.currentData() == "npz"
    assert formats.findData("keras") < 0
    like = dialog.findChild(QLineEdit, "writeLikeEdit")
    QTest.keyClicks(like, str(tmp_path / "nothing"))
    QTest.keyClick(like, Qt.Key.Key_Return)
    notice = dialog.findChild(QWidget, "writeError")
    qtbot.waitUntil(lambda: "nothing" in notice.text(), timeout=10_000)
    assert not button(dialog).isEnabled()
    drop(dialog, "writeFormatCombo", tmp_path / "mould" / "m.index")
    qtbot.waitUntil(button(dialog).isEnabled, timeout=10_000)
    assert formats.currentData() == "tf_bundle"
    assert texts(dialog, "fitsList") == ["a/kernel"]
    assert [line.split(" ", 1)[0] for line in texts(dialog, "lostList")] == ["Without", "With"]
    with qtbot.waitSignal(dialog.written, timeout=10_000) as written:
        click(button(dialog))
    copy = open_checkpoint(written.args[0].prefix)
    np.testing.assert_array_equal(copy.read("a/kernel"), np.ones((3, 2)))
    np.testing.assert_array_equal(copy.read("b/bias"), [0, 1])


def test_staged_edits_are_written_before_names_can_be_like_others(
    staged: Session, window: QMainWindow, sample: Path, qtbot: QtBot
) -> None:
    dialog = shown(staged, window, qtbot)
    drop(dialog, "writeFormatCombo", sample / "donor")
    notice = dialog.findChild(QWidget, "writeError")
    qtbot.waitUntil(lambda: "Write the staged edits first" in notice.text(), timeout=10_000)
    assert not button(dialog).isEnabled()
    dialog.findChild(QLineEdit, "writeLikeEdit").clear()
    click(dialog.findChild(QLineEdit, "writeNameEdit"))
    qtbot.waitUntil(button(dialog).isEnabled, timeout=10_000)


def texts(dialog: QWidget, name: str) -> list[str]:
    found = dialog.findChild(QListWidget, name)
    return [found.item(row).text() for row in range(found.count())]


def drop(dialog: QWidget, name: str, path: Path) -> None:
    """Drop a file on the box that a field is in."""
    box = dialog.findChild(QWidget, name).parentWidget()
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    where, left = QPointF(5, 5), Qt.MouseButton.LeftButton
    actions, none = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(box, QDragEnterEvent(where.toPoint(), actions, data, left, none))
    QApplication.sendEvent(box, QDropEvent(where, actions, data, left, none))
