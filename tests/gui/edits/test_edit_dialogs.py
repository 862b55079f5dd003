"""Each edit through its dialog, with real events: what is typed is what is staged, and undone in one step."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QDialog, QLabel, QLineEdit, QPushButton, QTableView, QWidget
from pytestqt.qtbot import QtBot

from ckpt_studio.document.edits.slim import bytes_by_role
from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.gui.main_window import MainWindow

KERNEL = "classifier/kernel"


class Desk:
    """A window with the sample, and what a person does to it."""

    def __init__(self, window: MainWindow, qtbot: QtBot) -> None:
        self.window, self.qtbot = window, qtbot
        self.session = window.workbench.session
        assert self.session.document is not None
        self.document = self.session.document

    def ask(self, action: str, *keys: str) -> QDialog:
        """Choose variables and open the dialog of an action."""
        self.session.set_selection(keys)
        wanted = self.window.workbench.actions[action]
        assert wanted.isEnabled()
        before = set(self.window.findChildren(QDialog))
        wanted.trigger()
        (dialog,) = (one for one in self.window.findChildren(QDialog) if one not in before)
        self.qtbot.waitExposed(dialog)
        return dialog

    def type_into(self, dialog: QDialog, name: str, text: str) -> None:
        edit = dialog.findChild(QLineEdit, name)
        edit.setFocus()
        edit.selectAll()
        QTest.keyClicks(edit, text)

    def choose(self, dialog: QDialog, name: str, data: str) -> None:
        combo = dialog.findChild(QComboBox, name)
        combo.setCurrentIndex(combo.findData(data))

    def lines(self, dialog: QDialog) -> list[tuple[str, ...]]:
        """The preview."""
        table = next(t for t in dialog.findChildren(QTableView) if t.objectName().endswith("Preview"))
        model = table.model()
        columns = range(model.columnCount())
        return [
            tuple(model.index(row, column).data() for column in columns) for row in range(model.rowCount())
        ]

    def button(self, dialog: QDialog) -> QPushButton:
        (button,) = (b for b in dialog.findChildren(QPushButton) if b.objectName().endswith("ApplyButton"))
        return button

    def apply(self, dialog: QDialog) -> None:
        """Press Apply as soon as it can be pressed."""
        button = self.button(dialog)
        self.qtbot.waitUntil(button.isEnabled, timeout=10_000)
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        self.qtbot.waitUntil(lambda: not dialog.isVisible())

    def wait_for_trouble(self, dialog: QDialog, part: str) -> None:
        """Wait for the sentence that says why nothing can be applied."""
        (label,) = (one for one in dialog.findChildren(QLabel) if one.objectName().endswith("ErrorText"))
        self.qtbot.waitUntil(lambda: part in label.text(), timeout=10_000)
        assert not self.button(dialog).isEnabled()

    def read(self, key: str) -> np.ndarray:
        return np.asarray(self.document.staged.read(key))


@pytest.fixture
def desk(opened: MainWindow, qtbot: QtBot) -> Desk:
    return Desk(opened, qtbot)


def test_fields_below_each_other_begin_at_one_place(desk: Desk) -> None:
    dialog = desk.ask("actionAdd")
    fields = [dialog.findChild(QWidget, f"add{name}") for name in ("NameEdit", "KindCombo", "ValueEdit")]
    desk.qtbot.waitUntil(lambda: len({field.mapTo(dialog, QPoint()).x() for field in fields}) == 1)


def test_one_variable_is_renamed_with_its_slots(desk: Desk) -> None:
    before = desk.read(f"{KERNEL}/Adam")
    dialog = desk.ask("actionRename", KERNEL)
    desk.type_into(dialog, "renameEdit", "head/w")
    desk.qtbot.waitUntil(lambda: len(desk.lines(dialog)) == 3, timeout=10_000)
    desk.apply(dialog)
    assert KERNEL not in desk.document.staged.columns
    np.testing.assert_array_equal(desk.read("head/w/Adam"), before)
    desk.session.undo()
    assert "head/w" not in desk.document.staged.columns


def test_a_name_that_is_taken_is_said_and_not_applied(desk: Desk) -> None:
    dialog = desk.ask("actionRename", KERNEL)
    desk.type_into(dialog, "renameEdit", "classifier/bias")
    desk.qtbot.waitUntil(lambda: any("already" in line[2] for line in desk.lines(dialog)), timeout=10_000)
    assert not desk.button(dialog).isEnabled()
    dialog.reject()
    assert not desk.document.edits


def test_a_group_moves_and_rules_rename_what_is_chosen(desk: Desk) -> None:
    columns = desk.document.staged.columns
    group = [key for key in columns.keys if key.startswith("encoder/dense_1/")]
    dialog = desk.ask("actionRename", *group)
    desk.type_into(dialog, "moveTargetEdit", "body")
    desk.apply(dialog)
    assert [edit.op for edit in desk.document.edits] == ["move"]
    moved = {key.replace("encoder/dense_1", "body") for key in group}
    assert moved <= set(desk.document.staged.columns.keys)

    dialog = desk.ask("actionRename", *moved)
    desk.choose(dialog, "renameHowCombo", "rules")
    desk.type_into(dialog, "patternEdit", "kernel")
    desk.type_into(dialog, "replacementEdit", "w")
    desk.apply(dialog)
    assert "body/w/Adam_1" in desk.document.staged.columns
    assert "encoder/dense_2/kernel" in desk.document.staged.columns


@pytest.mark.parametrize(("typed", "value"), [("2.5", 2.5), ("nan", np.nan), ("-Infinity", -np.inf)])
def test_a_value_is_assigned(desk: Desk, typed: str, value: float) -> None:
    dialog = desk.ask("actionAssign", KERNEL)
    desk.type_into(dialog, "assignValueEdit", typed)
    desk.apply(dialog)
    np.testing.assert_array_equal(desk.read(KERNEL), np.full((32, 10), value, np.float32))


def test_what_is_no_number_is_said(desk: Desk) -> None:
    dialog = desk.ask("actionAssign", KERNEL)
    desk.type_into(dialog, "assignValueEdit", "many")
    desk.wait_for_trouble(dialog, "many")
    dialog.reject()


def test_an_initializer_and_a_file_are_assigned(desk: Desk, tmp_path: Path) -> None:
    dialog = desk.ask("actionAssign", KERNEL)
    desk.choose(dialog, "assignKindCombo", "initializer")
    desk.choose(dialog, "assignInitializerCombo", "identity")
    desk.apply(dialog)
    np.testing.assert_array_equal(desk.read(KERNEL), np.eye(32, 10, dtype=np.float32))

    other = np.arange(320, dtype=np.float32).reshape(32, 10)
    np.savez(tmp_path / "some.npz", mine=other, wrong=other.T)
    dialog = desk.ask("actionAssign", KERNEL)
    desk.choose(dialog, "assignKindCombo", "file")
    desk.type_into(dialog, "assignFileEdit", str(tmp_path / "some.npz"))
    desk.type_into(dialog, "assignMemberEdit", "wrong")
    desk.wait_for_trouble(dialog, "[32, 10] here")
    desk.type_into(dialog, "assignMemberEdit", "mine")
    desk.apply(dialog)
    np.testing.assert_array_equal(desk.read(KERNEL), other)


def test_a_variable_is_added(desk: Desk) -> None:
    dialog = desk.ask("actionAdd")
    desk.type_into(dialog, "addNameEdit", "extra/mask")
    desk.choose(dialog, "addTypeCombo", "int8")
    desk.type_into(dialog, "addShapeEdit", "2 x 3")
    desk.type_into(dialog, "addValueEdit", "7")
    desk.apply(dialog)
    np.testing.assert_array_equal(desk.read("extra/mask"), np.full((2, 3), 7, np.int8))


def test_values_are_scaled_and_freed_of_nan(desk: Desk) -> None:
    before = desk.read(KERNEL)
    dialog = desk.ask("actionScale", KERNEL)
    desk.type_into(dialog, "scaleFactorEdit", "-2")
    desk.type_into(dialog, "scaleOffsetEdit", "1")
    desk.apply(dialog)
    np.testing.assert_array_equal(desk.read(KERNEL), before * np.float32(-2) + np.float32(1))

    dialog = desk.ask("actionAssign", KERNEL)
    desk.type_into(dialog, "assignValueEdit", "NaN")
    desk.apply(dialog)
    dialog = desk.ask("actionReplaceNan", KERNEL)
    desk.type_into(dialog, "replaceNanValueEdit", "0.5")
    desk.apply(dialog)
    assert (desk.read(KERNEL) == 0.5).all()


def test_a_cast_says_what_it_costs_before(desk: Desk) -> None:
    before = desk.read(KERNEL)
    dialog = desk.ask("actionAssign", "classifier/bias")
    desk.type_into(dialog, "assignValueEdit", "1e9")
    desk.apply(dialog)
    dialog = desk.ask("actionCast", KERNEL, "classifier/bias")
    desk.choose(dialog, "castTypeCombo", "float16")
    expected = int(np.count_nonzero(before.astype(np.float16).astype(np.float32) != before))
    desk.qtbot.waitUntil(
        lambda: len(desk.lines(dialog)) == 2 and "…" not in sum(desk.lines(dialog), ()), timeout=10_000
    )
    found = {line[0]: line[3:] for line in desk.lines(dialog)}
    assert found["classifier/bias"] == ("10", "–", "–", "–")
    lost = found[KERNEL]
    assert int(lost[1].replace("–", "0")) + int(lost[2]) == expected
    desk.apply(dialog)
    np.testing.assert_array_equal(desk.read(KERNEL), before.astype(np.float16))


def test_axes_change_places(desk: Desk) -> None:
    before = desk.read(KERNEL)
    dialog = desk.ask("actionArrange", KERNEL)
    desk.type_into(dialog, "arrangeNumbersEdit", "7 x 3")
    desk.wait_for_trouble(dialog, "320 elements")
    desk.choose(dialog, "arrangeHowCombo", "transpose")
    desk.type_into(dialog, "arrangeNumbersEdit", "1, 0")
    desk.apply(dialog)
    np.testing.assert_array_equal(desk.read(KERNEL), before.T)


def test_slimming_shows_what_it_saves(desk: Desk) -> None:
    dialog = desk.ask("actionSlim")
    desk.qtbot.waitUntil(desk.button(dialog).isEnabled, timeout=10_000)
    going = {line[0] for line in desk.lines(dialog)}
    desk.apply(dialog)
    columns = desk.document.staged.columns
    assert going == set(desk.document.base.columns.keys) - set(columns.keys)
    assert "slot" not in bytes_by_role(columns)
    assert "global_step" in columns
    dialog = desk.ask("actionSlim")
    desk.choose(dialog, "slimWhatCombo", "averages")
    desk.wait_for_trouble(dialog, "no moving averages")
    dialog.reject()


@pytest.mark.parametrize("how", ["mean", "ema"])
def test_checkpoints_of_the_folder_are_averaged(desk: Desk, sample: Path, how: str) -> None:
    dialog = desk.ask("actionAverage", KERNEL)
    desk.choose(dialog, "averageHowCombo", how)
    desk.apply(dialog)
    paths = [str(sample / "run" / f"model.ckpt-{step}") for step in range(100, 600, 100)]
    values = [np.asarray(open_checkpoint(path).read(KERNEL), np.float64) for path in paths]
    expected = values[0]
    if how == "mean":
        expected = np.mean(values, axis=0)
    else:
        for value in values[1:]:
            expected = 0.9 * expected + 0.1 * value
    np.testing.assert_allclose(desk.read(KERNEL), expected, rtol=1e-6)


def test_the_step_is_set(desk: Desk) -> None:
    dialog = desk.ask("actionSetStep")
    desk.type_into(dialog, "stepEdit", "12345")
    desk.apply(dialog)
    assert int(desk.read("global_step")) == 12345


def test_a_head_of_another_size_is_cropped_and_filled(desk: Desk, sample: Path) -> None:
    own = desk.read("classifier/bias")
    dialog = desk.ask("actionSwapFrom", KERNEL, "classifier/bias")
    desk.type_into(dialog, "donorPathEdit", str(sample / "donor"))
    QTest.keyClick(dialog.findChild(QLineEdit, "donorPathEdit"), Qt.Key.Key_Return)
    summary: Callable[[], str] = dialog.findChild(QLabel, "donorFitSummary").text
    desk.qtbot.waitUntil(lambda: summary().startswith("0 of 2"), timeout=10_000)
    desk.choose(dialog, "donorShapesCombo", "zeros")
    desk.qtbot.waitUntil(lambda: summary().startswith("2 of 2"), timeout=10_000)
    desk.apply(dialog)
    donor = open_checkpoint(str(sample / "donor"))
    np.testing.assert_array_equal(desk.read(KERNEL), donor.read(KERNEL)[:, :10])
    assert desk.read("classifier/bias").shape == own.shape
