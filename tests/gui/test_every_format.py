"""Each format in the window: dropped or named on the command line, as a donor, and what Write suggests for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QDragEnterEvent
from PySide6.QtWidgets import QLabel, QLineEdit, QListWidget, QTableView
from pytestqt.qtbot import QtBot

from ckpt_studio.gui.dialogs.donor import DonorDialog
from ckpt_studio.gui.dialogs.fields import PathField
from ckpt_studio.gui.dialogs.write import WriteDialog
from ckpt_studio.gui.main_window import MainWindow
from tests.gui.test_main_window import drag, settle
from tests.helpers.every_format import MADE

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def paths(corpus: Path, tmp_path: Path) -> list[Path]:
    """One of every format."""
    made = []
    for number, make in enumerate(MADE.values()):
        (tmp_path / str(number)).mkdir()
        made.append(make(corpus, tmp_path / str(number)))
    return made


def test_dropped_they_open_are_listed_and_can_be_written(
    main_window: MainWindow, paths: list[Path], qtbot: QtBot
) -> None:
    view = main_window.workbench.variables.view
    model = main_window.findChild(QTableView, "variableTree").model()
    listed = main_window.findChild(QListWidget, "checkpointList")
    for path in paths:
        drag(main_window, path, QPoint(40, 40), QDragEnterEvent)
        with qtbot.waitSignal(main_window.documentOpened, timeout=10_000) as opened:
            drag(main_window, path, QPoint(40, 40))
        assert opened.args == [str(path)]
        document = main_window.session.document
        assert document is not None
        view.expandAll()
        rows = range(model.rowCount())
        shown = {model.index(row, 0).data(Qt.ItemDataRole.UserRole) for row in rows} - {None}
        assert shown == set(document.base.columns.keys)
        assert listed.currentItem().data(Qt.ItemDataRole.UserRole) == document.base.prefix
        assert Path(document.base.prefix).name in main_window.windowTitle()
        look_at_write(main_window, document.base.prefix, qtbot)


def look_at_write(window: MainWindow, prefix: str, qtbot: QtBot) -> None:
    """What Write suggests: a new folder beside the original's, and a name without the ending of another format."""
    dialog = WriteDialog(window.session, window)
    dialog.open()
    name = dialog.findChild(QLineEdit, "writeNameEdit").text()
    folder = dialog.findChild(QLineEdit, "writeFolderEdit")
    plan = dialog.findChild(QLabel, "writePlan")
    qtbot.waitUntil(lambda: bool(folder.text()) and "Writes" in plan.text(), timeout=5000)
    assert not {".h5", ".keras", ".safetensors", ".npz", ".npy", ".json"} & set(Path(name).suffixes)
    assert Path(folder.text()) == Path(prefix).parents[1] / name
    dialog.reject()


def test_they_can_be_donors(opened: MainWindow, paths: list[Path], qtbot: QtBot) -> None:
    dialog = DonorDialog(opened.session, (), opened)
    dialog.open()
    field = dialog.findChild(PathField, "donorPathEditField")
    about = dialog.findChild(QLabel, "donorSummary")
    for path in paths:
        field.set_path(str(path), finish=True)
        qtbot.waitUntil(lambda: "variables" in about.accessibleName(), timeout=10_000)
        assert about.accessibleName().startswith(str(path.parent))
    settle(opened, qtbot)
    dialog.reject()


ON_THE_COMMAND_LINE = """
import sys
from PySide6.QtCore import QTimer
from ckpt_studio.gui import app, main_window

class Watched(main_window.MainWindow):
    open = []
    def __init__(self, begun):
        super().__init__(begun)
        self.documentOpened.connect(self.note)
    def note(self, path):
        self.open.append((path, self.session.document.base.format, len(self.session.document.base.columns)))
        if len(self.open) == len(sys.argv) - 1:
            print(sorted(self.open))
            QTimer.singleShot(0, self.end)
    def end(self):
        for window in app.QApplication.topLevelWidgets():
            if isinstance(window, Watched):
                window.close_now()

from PySide6.QtWidgets import QApplication
app.QApplication = QApplication
main_window.MainWindow = Watched
sys.exit(app.main(sys.argv[1:]))
"""


def test_on_the_command_line(corpus: Path, tmp_path: Path) -> None:
    made = {}
    for kind in ("keras", "saved_model", "npz"):
        (tmp_path / kind).mkdir()
        made[kind] = MADE[kind](corpus, tmp_path / kind)
    words = [os.path.relpath(made["keras"], tmp_path), made["saved_model"].as_uri(), f"'{made['npz']}'"]
    answer = subprocess.run(
        [sys.executable, "-c", ON_THE_COMMAND_LINE, *words],
        cwd=tmp_path,
        env={
            **os.environ,
            "QT_QPA_PLATFORM": "offscreen",
            "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    wanted = sorted([(str(made["keras"]), "keras", 20), (words[1], "saved_model", 9), (words[2], "npz", 2)])
    assert (answer.returncode, answer.stdout.strip()) == (0, str(wanted)), answer.stderr
