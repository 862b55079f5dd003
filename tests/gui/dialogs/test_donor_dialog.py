"""Swapping initial values through the dialog: a donor, rules, a preview, one undoable edit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QCheckBox,
    QLabel,
    QLineEdit,
    QMainWindow,
    QPushButton,
    QTableView,
)
from pytestqt.qtbot import QtBot

from ckpt_studio.formats.tf_bundle.write import write_bundle
from ckpt_studio.gui.dialogs import donor_table
from ckpt_studio.gui.dialogs.donor import DonorDialog
from ckpt_studio.gui.dialogs.name_rules import pattern_problem
from ckpt_studio.gui.session import Session
from tests.helpers.memory_source import MemorySource


def shown(dialog: DonorDialog, qtbot: QtBot) -> DonorDialog:
    dialog.open()
    qtbot.waitExposed(dialog)
    return dialog


def summary(dialog: DonorDialog) -> str:
    return dialog.findChild(QLabel, "donorFitSummary").text()


def type_into(dialog: DonorDialog, name: str, text: str) -> None:
    edit = dialog.findChild(QLineEdit, name)
    edit.setFocus()
    edit.selectAll()
    QTest.keyClicks(edit, text)


def choose_donor(dialog: DonorDialog, path: Path, qtbot: QtBot) -> None:
    type_into(dialog, "donorPathEdit", str(path))
    QTest.keyClick(dialog.findChild(QLineEdit, "donorPathEdit"), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "chosen" in summary(dialog), timeout=10_000)


def rows(dialog: DonorDialog) -> dict[str, tuple[str, ...]]:
    model = dialog.findChild(QTableView, "donorTable").model()
    return {
        model.index(row, 0).data(Qt.ItemDataRole.UserRole): tuple(
            model.index(row, column).data() for column in range(model.columnCount())
        )
        for row in range(model.rowCount())
    }


def test_swaps_what_fits_as_one_undoable_edit(
    opened: Session, window: QMainWindow, sample: Path, qtbot: QtBot
) -> None:
    assert opened.document is not None
    dialog = shown(DonorDialog(opened, (), window), qtbot)
    apply = dialog.findChild(QPushButton, "donorApplyButton")
    assert not apply.isEnabled()
    choose_donor(dialog, sample / "donor", qtbot)
    # The donor has 12 classes, the sample 10: six variables of the classifier differ in shape.
    assert summary(dialog) == "15 of 21 fit, 15 chosen"
    differing = {key for key, row in rows(dialog).items() if row[donor_table.VERDICT] != "✓ fits"}
    assert differing == {key for key in opened.document.base.columns.keys if key.startswith("classifier/")}

    # Space takes the row out, from the keyboard alone.
    table = dialog.findChild(QTableView, "donorTable")
    left_out = next(iter(rows(dialog)))
    table.setFocus()
    table.setCurrentIndex(table.model().index(0, donor_table.VERDICT))
    QTest.keyClick(table, Qt.Key.Key_Space)
    assert summary(dialog) == "15 of 21 fit, 14 chosen"

    QTest.mouseClick(apply, Qt.MouseButton.LeftButton)
    (edit,) = opened.document.edits
    assert len(edit.keys) == 14
    assert opened.document.state(left_out).replaced_by is None
    assert opened.document.state(edit.keys[0]).replaced_by is not None
    opened.undo()
    assert opened.document.edits == ()


def test_only_a_subtree_where_one_was_chosen(
    opened: Session, window: QMainWindow, sample: Path, qtbot: QtBot
) -> None:
    assert opened.document is not None
    keys = list(opened.document.base.columns.keys)[:2]
    dialog = shown(DonorDialog(opened, keys, window, str(sample / "donor")), qtbot)
    qtbot.waitUntil(lambda: "chosen" in summary(dialog), timeout=10_000)
    assert list(rows(dialog)) == keys


@pytest.fixture
def odd_donor(opened: Session, tmp_path: Path) -> Path:
    """Our variables under `old/`, `kernel` called `weights`, one of another shape, one as float64, one left out."""
    assert opened.document is not None
    base = opened.document.base
    arrays = {}
    for row, key in enumerate(base.columns.keys):
        values = base.read(key)
        if row == 0:
            continue
        if row == 1:
            values = np.zeros((*values.shape, 2), values.dtype)
        elif row == 2:
            values = values.astype(np.float64)
        arrays[f"old/{key.replace('kernel', 'weights')}"] = values
    prefix = tmp_path / "odd" / "donor.ckpt"
    prefix.parent.mkdir()
    write_bundle(MemorySource(arrays), str(prefix), state="new")
    return prefix


def test_rules_find_renamed_variables_and_say_what_does_not_fit(
    opened: Session, window: QMainWindow, odd_donor: Path, qtbot: QtBot
) -> None:
    assert opened.document is not None
    dialog = shown(DonorDialog(opened, (), window), qtbot)
    choose_donor(dialog, odd_donor, qtbot)
    keys = list(opened.document.base.columns.keys)
    assert summary(dialog).startswith(f"0 of {len(keys)} fit")

    type_into(dialog, "addPrefixEdit", "old/")
    type_into(dialog, "patternEdit", "kern(el")
    notice = dialog.findChild(QLabel, "patternErrorText")
    qtbot.waitUntil(notice.isVisible)
    assert "regular expression" in notice.text()
    assert not dialog.findChild(QPushButton, "donorApplyButton").isEnabled()

    type_into(dialog, "patternEdit", "kernel")
    type_into(dialog, "replacementEdit", "weights")
    qtbot.waitUntil(lambda: summary(dialog).startswith(f"{len(keys) - 2} of"), timeout=5000)
    assert not notice.isVisible()
    table = rows(dialog)
    assert table[keys[0]][donor_table.VERDICT] == "– missing"
    assert table[keys[1]][donor_table.VERDICT] == "≠ shape differs"
    assert table[keys[2]][donor_table.VERDICT] == "~ type differs (converted)"
    assert table[keys[2]][donor_table.DTYPE] == "float32"
    assert table[keys[2]][donor_table.DONOR_DTYPE] == "float64"

    QTest.mouseClick(
        dialog.findChild(QCheckBox, "onlyFittingBox"), Qt.MouseButton.LeftButton, pos=QPoint(8, 8)
    )
    assert set(rows(dialog)) == set(keys[2:])


def test_a_name_in_the_donor_can_be_put_in_by_hand(
    opened: Session, window: QMainWindow, odd_donor: Path, qtbot: QtBot
) -> None:
    assert opened.document is not None
    dialog = shown(DonorDialog(opened, (), window), qtbot)
    choose_donor(dialog, odd_donor, qtbot)
    key = list(opened.document.base.columns.keys)[3]
    view = dialog.findChild(QTableView, "donorTable")
    cell = view.model().index(3, donor_table.DONOR_NAME)
    view.setCurrentIndex(cell)
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_F2)
    assert view.state() == QAbstractItemView.State.EditingState
    edit = view.findChild(QLineEdit, "donorNameEdit")
    QTest.keyClicks(edit, f"old/{key.replace('kernel', 'weights')}")
    QTest.keyClick(edit, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: summary(dialog).startswith("1 of"), timeout=5000)
    assert rows(dialog)[key][donor_table.VERDICT] == "✓ fits"


@pytest.mark.filterwarnings(
    "ignore:.*QDragEnterEvent:DeprecationWarning"
)  # there is no other way to make one
def test_a_donor_can_be_dropped_on_the_dialog(
    opened: Session, window: QMainWindow, sample: Path, qtbot: QtBot
) -> None:
    dialog = shown(DonorDialog(opened, (), window), qtbot)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(sample / "donor" / "model.ckpt-4000.index"))])
    how = (data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    enter = QDragEnterEvent(QPoint(40, 40), Qt.DropAction.CopyAction, *how)
    QApplication.sendEvent(dialog, enter)
    assert enter.isAccepted()
    drop = QDropEvent(QPoint(40, 40), Qt.DropAction.CopyAction, *how)
    QApplication.sendEvent(dialog, drop)
    qtbot.waitUntil(lambda: "chosen" in summary(dialog), timeout=10_000)
    assert dialog.findChild(QLineEdit, "donorPathEdit").text().endswith(".index")


def test_a_donor_that_cannot_be_opened_is_said_in_the_dialog(
    opened: Session, window: QMainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    dialog = shown(DonorDialog(opened, (), window), qtbot)
    type_into(dialog, "donorPathEdit", str(tmp_path / "nothing"))
    QTest.keyClick(dialog.findChild(QLineEdit, "donorPathEdit"), Qt.Key.Key_Return)
    notice = dialog.findChild(QLabel, "donorErrorText")
    qtbot.waitUntil(notice.isVisible, timeout=5000)
    assert "nothing" in notice.text()
    assert dialog.isVisible()


@pytest.mark.parametrize(
    ("pattern", "replacement", "said"),
    [
        ("", "", ""),
        (r"(?i)layer_(\d+)", r"block\1", ""),
        (r"(?P<n>\d)", r"\g<n>x", ""),
        ("", "x", "no pattern"),
        ("[", "", "regular expression"),
        ("a", r"\1", "replacement"),
        ("(a)", r"\g<n>", "replacement"),
    ],
)
def test_a_rule_that_cannot_be_used_is_said(pattern: str, replacement: str, said: str) -> None:
    problem = pattern_problem(pattern, replacement)
    assert bool(problem) == bool(said)
    assert said in problem


def test_a_hundred_thousand_variables_are_matched(
    session: Session, window: QMainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    values = np.zeros(1, np.float32)
    source = MemorySource({f"block{n // 1000}/layer{n:06d}/kernel": values for n in range(100_000)})
    prefix = str(tmp_path / "many.ckpt")
    write_bundle(source, prefix, state="none")
    with qtbot.waitSignal(session.documentChanged, timeout=20_000):
        session.open(prefix)
    dialog = shown(DonorDialog(session, (), window), qtbot)
    choose_donor(dialog, Path(prefix), qtbot)
    assert summary(dialog) == "100000 of 100000 fit, 100000 chosen"
    QTest.mouseClick(
        dialog.findChild(QCheckBox, "onlyFittingBox"), Qt.MouseButton.LeftButton, pos=QPoint(8, 8)
    )
    model = dialog.findChild(QTableView, "donorTable").model()
    qtbot.waitUntil(lambda: model.rowCount() == 100_000)
