"""The main window through what a person touches: opening, freezing, undoing, switching, dropping, closing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QLabel,
    QLineEdit,
    QListWidget,
    QMenu,
    QPushButton,
    QTreeWidget,
    QWidget,
)
from pytestqt.qtbot import QtBot

from ckpt_studio.gui.action_specs import SPECS
from ckpt_studio.gui.main_window import MainWindow
from ckpt_studio.gui.models.tree_columns import Column
from tests.gui.window import action, row_of, settle, text, tree
from tests.helpers.bundles import BundleMaker

NAMES = (
    "variableTree", "filterEdit", "checkpointList", "histogramView", "heatmapView", "valueTable", "detailsPanel",
    "changeList", "runPanel", "logView",
)  # fmt: skip
ACTIONS = (
    "actionOpen", "actionReload", "actionWrite", "actionRevert", "actionUndo", "actionRedo", "actionFreeze",
    "actionUnfreeze", "actionSwapFrom", "actionResume", "actionStop",
)  # fmt: skip


def drag(
    window: QWidget,
    path: Path,
    at: QPoint,
    kind: Callable[..., QDropEvent] = QDropEvent,
    also: Sequence[Path] = (),
) -> QDropEvent:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(each)) for each in (path, *also)])
    place = at if kind is QDragEnterEvent else QPointF(at)
    event = kind(
        place, Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(window, event)
    return event


def test_of_several_that_are_dropped_one_is_taken_and_that_is_said(
    main_window: MainWindow, sample: Path, qtbot: QtBot
) -> None:
    drag(main_window, sample / "run", QPoint(40, 40), QDragEnterEvent, also=[sample / "donor"])
    with qtbot.waitSignal(main_window.documentOpened, timeout=10_000):
        drag(main_window, sample / "run", QPoint(40, 40), also=[sample / "donor"])
    banner = main_window.findChild(QLabel, "bannerText")
    assert banner.text() == "2 things were dropped together; only run is taken."


def test_everything_has_its_name(opened: MainWindow, qtbot: QtBot) -> None:
    settle(opened, qtbot)
    assert [name for name in NAMES if opened.findChild(QWidget, name) is None] == []
    assert [name for name in ACTIONS if opened.findChild(QAction, name) is None] == []


def test_the_actions_of_the_registry_do_not_get_in_each_others_way() -> None:
    shortcuts = [spec.shortcut for spec in SPECS if spec.shortcut]
    assert len(set(shortcuts)) == len(shortcuts)
    assert len({spec.id for spec in SPECS}) == len(SPECS)
    assert all(spec.menu for spec in SPECS)


def test_opening_says_so_and_shows_the_tree(opened: MainWindow, sample: Path) -> None:
    assert opened.session.opened_path == str(sample / "run")
    assert "model.ckpt-500" in opened.windowTitle()
    assert opened.findChild(QListWidget, "checkpointList").count() == 5
    assert text(opened, "classifier/kernel", Column.shape) == "32 × 10"
    assert "21 variables" in opened.findChild(QLabel, "statusDocument").text()
    assert opened.settings.recent == [str(sample / "run")]


def test_what_cannot_be_opened_is_said_in_a_banner(
    main_window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    path = tmp_path / "<b>notes.txt"
    path.write_text("hello")
    with qtbot.waitSignal(main_window.openFailed, timeout=10_000) as failed:
        main_window.open_path(str(path))
    assert failed.args[0] == str(path)
    banner = main_window.findChild(QLabel, "bannerText")
    assert banner.text() == failed.args[1]
    assert banner.textFormat() == Qt.TextFormat.PlainText


def test_the_newest_request_wins(main_window: MainWindow, sample: Path, qtbot: QtBot) -> None:
    with qtbot.waitSignal(main_window.documentOpened, timeout=10_000) as opened:
        main_window.open_path(str(sample / "run" / "model.ckpt-100.index"))
        main_window.open_path(str(sample / "run" / "model.ckpt-200.index"))
    assert opened.args[0].endswith("model.ckpt-200.index")
    assert main_window.session.document is not None
    assert main_window.session.document.base.step == 200


def test_filtering_as_one_types(opened: MainWindow) -> None:
    field = opened.findChild(QLineEdit, "filterEdit")
    QTest.keyClicks(field, "dense_2/ker")
    model = tree(opened).model()
    shown = {model.index(row, 0).data(Qt.ItemDataRole.UserRole) for row in range(model.rowCount())} - {None}
    assert shown == {f"encoder/dense_2/kernel{end}" for end in ("", "/Adam", "/Adam_1")}
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert field.text() == ""


def test_freezing_a_group_by_its_action_and_back(opened: MainWindow, qtbot: QtBot) -> None:
    view = tree(opened)
    group = next(
        row for row in range(view.model().rowCount()) if view.model().index(row, 0).data() == "dense_1"
    )
    assert not action(opened, "actionFreeze").isEnabled()
    view.selectRow(group)
    qtbot.waitUntil(lambda: action(opened, "actionFreeze").isEnabled())
    action(opened, "actionFreeze").trigger()
    assert text(opened, "encoder/dense_1/kernel", Column.frozen) == "❄ frozen"
    assert text(opened, "encoder/dense_2/kernel", Column.frozen) == "trainable"
    assert opened.findChild(QTreeWidget, "changeList").topLevelItemCount() == 1
    assert opened.windowTitle().startswith("●")
    assert "Freeze" in action(opened, "actionUndo").text()
    action(opened, "actionUndo").trigger()
    assert text(opened, "encoder/dense_1/kernel", Column.frozen) == "trainable"
    action(opened, "actionRedo").trigger()
    assert text(opened, "encoder/dense_1/kernel", Column.frozen) == "❄ frozen"


def test_the_box_freezes_and_delete_reverts_in_changes(opened: MainWindow) -> None:
    model = tree(opened).model()
    box = model.index(row_of(opened, "classifier/kernel"), Column.frozen)
    model.setData(box, Qt.CheckState.Checked, Qt.ItemDataRole.CheckStateRole)
    assert text(opened, "classifier/kernel", Column.frozen) == "❄ frozen"
    changes = opened.findChild(QTreeWidget, "changeList")
    changes.setCurrentItem(changes.topLevelItem(0))
    opened.findChild(QPushButton, "copyPatchButton").click()
    copied = json.loads(QApplication.clipboard().text())
    assert copied == {"version": 1, "edits": [{"op": "freeze", "match": "classifier/kernel"}]}
    changes.setFocus()
    QTest.keyClick(changes, Qt.Key.Key_Delete)
    assert text(opened, "classifier/kernel", Column.frozen) == "trainable"


def test_looking_at_a_variable_fills_the_details(opened: MainWindow, qtbot: QtBot) -> None:
    opened.workbench.variables.go_to("encoder/dense_1/kernel")
    details = opened.workbench.details
    qtbot.waitUntil(
        lambda: "L2 norm" in details.text() and "Shape: 64 × 48" in details.text(), timeout=10_000
    )
    assert "weight" in details.text()


def test_switching_keeps_the_staged_edits_and_marks_them(
    opened: MainWindow, sample: Path, qtbot: QtBot
) -> None:
    opened.session.freeze(["classifier/kernel"])
    checkpoints = opened.findChild(QListWidget, "checkpointList")
    with qtbot.waitSignal(opened.documentOpened, timeout=10_000):
        checkpoints.itemClicked.emit(checkpoints.item(0))
    settle(opened, qtbot)
    assert text(opened, "classifier/kernel", Column.frozen) == "trainable"
    qtbot.waitUntil(lambda: "staged" in checkpoints.item(4).text(), timeout=5000)
    with qtbot.waitSignal(opened.documentOpened, timeout=10_000):
        checkpoints.itemClicked.emit(checkpoints.item(4))
    assert text(opened, "classifier/kernel", Column.frozen) == "❄ frozen"


def test_reloading_keeps_the_staged_edits(opened: MainWindow, qtbot: QtBot) -> None:
    opened.session.freeze(["classifier/kernel"])
    with qtbot.waitSignal(opened.documentOpened, timeout=10_000):
        action(opened, "actionReload").trigger()
    assert text(opened, "classifier/kernel", Column.frozen) == "❄ frozen"
    assert opened.session.document is not None
    assert opened.session.document.read_only is None


def test_reloading_stays_at_the_checkpoint_where_a_newer_one_has_come(
    opened: MainWindow, sample: Path, qtbot: QtBot
) -> None:
    opened.session.freeze(["classifier/kernel"])
    for file in list((sample / "run").glob("model.ckpt-500.*")):
        shutil.copy(file, file.with_name(file.name.replace("500", "600")))
    (sample / "run" / "checkpoint").unlink()
    with qtbot.waitSignal(opened.documentOpened, timeout=10_000):
        action(opened, "actionReload").trigger()
    assert opened.session.document is not None
    assert Path(opened.session.document.base.prefix).name == "model.ckpt-500"
    assert text(opened, "classifier/kernel", Column.frozen) == "❄ frozen"
    assert opened.session.settings.recent[0] == str(sample / "run")


def test_a_recent_path_that_is_gone_is_forgotten(main_window: MainWindow, sample: Path, qtbot: QtBot) -> None:
    gone = str(sample / "gone")
    main_window.session.settings.add_recent(gone)
    with qtbot.waitSignal(main_window.openFailed, timeout=10_000):
        main_window.open_path(gone)
    assert gone not in main_window.session.settings.recent


def test_what_was_reverted_is_not_called_staged_later(opened: MainWindow, sample: Path, qtbot: QtBot) -> None:
    checkpoints = opened.findChild(QListWidget, "checkpointList")
    opened.session.freeze(["classifier/kernel"])
    assert "staged" in checkpoints.item(4).text()
    opened.session.revert_all()
    assert "staged" not in checkpoints.item(4).text()
    with qtbot.waitSignal(opened.documentOpened, timeout=10_000):
        checkpoints.itemClicked.emit(checkpoints.item(0))
    settle(opened, qtbot)
    opened.session.rescan()
    settle(opened, qtbot)
    assert [
        checkpoints.item(row).text() for row in range(5) if "staged" in checkpoints.item(row).text()
    ] == []


def test_a_new_checkpoint_of_the_folder_appears(opened: MainWindow, sample: Path, qtbot: QtBot) -> None:
    checkpoints = opened.findChild(QListWidget, "checkpointList")
    for path in sorted((sample / "run").glob("model.ckpt-500.*")):
        shutil.copy(path, path.with_name(path.name.replace("500", "600")))
    qtbot.waitUntil(lambda: checkpoints.count() == 6, timeout=5000)


def test_dropping_opens_or_swaps(main_window: MainWindow, sample: Path, qtbot: QtBot) -> None:
    overlay = main_window.findChild(QWidget, "dropOverlay")
    event = drag(main_window, sample / "run", QPoint(40, 40), QDragEnterEvent)
    assert event.isAccepted()
    assert overlay.isVisible()
    with qtbot.waitSignal(main_window.documentOpened, timeout=10_000):
        drag(main_window, sample / "run", QPoint(40, 40))
    assert not overlay.isVisible()
    right = QPoint(main_window.width() - 60, 200)
    drag(main_window, sample / "donor", right, QDragEnterEvent)
    drag(main_window, sample / "donor", right)
    dialog = main_window.findChild(QDialog, "donorDialog")
    assert dialog.isVisible()
    settle(main_window, qtbot)
    dialog.reject()


def test_closing_with_staged_edits_asks_once(opened: MainWindow, qtbot: QtBot) -> None:
    opened.session.freeze(["classifier/kernel"])
    opened.close()
    assert opened.isVisible()
    dialog = opened.findChild(QDialog, "closeDialog")
    assert dialog.isVisible()
    opened.close()
    assert len(opened.findChildren(QDialog, "closeDialog")) == 1
    dialog.findChild(QPushButton, "keepButton").click()
    qtbot.waitUntil(lambda: not opened.isVisible(), timeout=5000)


def test_staged_edits_are_offered_after_a_crash(sample: Path, qtbot: QtBot, opened: MainWindow) -> None:
    opened.session.freeze(["classifier/kernel"])
    opened.close_now()
    window = MainWindow()
    window.show()
    qtbot.waitUntil(lambda: window.findChild(QPushButton, "bannerAction") is not None, timeout=10_000)
    with qtbot.waitSignal(window.documentOpened, timeout=10_000):
        window.findChild(QPushButton, "bannerAction").click()
    assert text(window, "classifier/kernel", Column.frozen) == "❄ frozen"
    window.close_now()


def test_the_sample_is_opened_as_a_working_copy(
    main_window: MainWindow, studio_home: Path, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(main_window.documentOpened, timeout=10_000) as opened:
        main_window.findChild(QPushButton, "openSampleButton").click()
    assert Path(opened.args[0]) == studio_home / "sample" / "run"


def test_recent_paths_are_in_the_file_menu(opened: MainWindow, sample: Path, qtbot: QtBot) -> None:
    menu = opened.findChild(QMenu, "recentMenu")
    menu.aboutToShow.emit()
    assert menu.actions()[0].text() == str(sample / "run")
    with qtbot.waitSignal(opened.documentOpened, timeout=10_000):
        menu.actions()[0].trigger()


def test_layout_and_colours_are_remembered(opened: MainWindow, qtbot: QtBot, sample: Path) -> None:
    opened.workbench.docks["logDock"].setVisible(False)
    opened.settings.scheme = "dark"
    opened.close_now()
    window = MainWindow()
    window.show()
    with qtbot.waitSignal(window.documentOpened, timeout=10_000):
        window.open_path(str(sample / "run"))
    assert window.workbench.docks["logDock"].isHidden()
    assert window.palette().window().color().lightness() < 128
    window.settings.scheme = "light"
    qtbot.waitUntil(lambda: window.palette().window().color().lightness() > 128)
    window.close_now()


def test_the_shape_of_a_kernel_is_shown_whole(main_window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    made = BundleMaker()
    made.add("block/conv/kernel", np.zeros((3, 3, 16, 32), np.float32), 1)
    main_window.resize(1500, 900)
    with qtbot.waitSignal(main_window.documentOpened, timeout=10_000):
        main_window.open_path(made.write(tmp_path / "model"))
    view = tree(main_window)
    action(main_window, "actionExpandAll").trigger()
    main_window.session.settings.naming = "key"  # the rows are laid out anew
    settle(main_window, qtbot)
    assert text(main_window, "block/conv/kernel", Column.shape) == "3 × 3 × 16 × 32"
    assert view.columnWidth(Column.shape) >= view.sizeHintForColumn(Column.shape)


def test_a_small_screen_is_wide_enough(opened: MainWindow, qtbot: QtBot) -> None:
    settle(opened, qtbot)
    assert opened.minimumSizeHint().width() <= 1000


@pytest.mark.parametrize("name", ["actionHelp", "actionAbout", "actionLicences"])
def test_help_opens(main_window: MainWindow, name: str) -> None:
    action(main_window, name).trigger()
    dialog = main_window.findChild(QDialog, f"{name.removeprefix('action').lower()}Dialog")
    assert dialog.isVisible()
    dialog.reject()


def test_the_window_goes_on_while_a_checkpoint_is_opened(
    main_window: MainWindow, sample: Path, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(main_window.documentOpened, timeout=10_000):
        main_window.open_path(str(sample / "run"))
        assert main_window.session.document is None, "it is read later, in another thread"
