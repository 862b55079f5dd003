"""The start: what is not imported before the first paint, and what is said where no window can be shown."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from ckpt_studio.core.errors import CkptStudioError
from ckpt_studio.core.tasks import Task
from ckpt_studio.gui.main_window import MainWindow
from ckpt_studio.gui.system import check_system

ROOT = Path(__file__).resolve().parents[2]

FIRST_PAINT = """
import sys
from ckpt_studio.gui.app import make_application
from ckpt_studio.gui.main_window import MainWindow
from PySide6.QtWidgets import QMainWindow

class Watched(MainWindow):
    def paintEvent(self, event):
        QMainWindow.paintEvent(self, event)
        app.exit(0)

app = make_application()
window = Watched()
window.show()
app.exec()
heavy = {"numpy", "google.protobuf", "pyqtgraph", "ckpt_studio.formats.base", "ckpt_studio.gui.workbench"}
print(sorted(heavy & set(sys.modules)))
"""


def run(code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    everything = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "PYTHONPATH": os.pathsep.join(sys.path),
        **environment,
    }
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, env=everything, capture_output=True, text=True
    )


def test_nothing_heavy_is_imported_before_the_first_paint() -> None:
    answer = run(FIRST_PAINT)
    assert answer.stdout.strip() == "[]", answer.stderr


def test_the_window_is_made_without_numpy() -> None:
    code = (
        "import sys; import ckpt_studio.gui.workbench, ckpt_studio.gui.panels.run, ckpt_studio.gui.views.panel; "
        "from ckpt_studio.gui.warm_up import TO_DRAW, import_all; import_all(TO_DRAW); "
        "print([m for m in ('numpy', 'pyqtgraph', 'google.protobuf') if m in sys.modules])"
    )
    answer = run(code)
    assert answer.stdout.strip() == "[]", answer.stderr


def test_opening_is_prepared_without_protobuf_and_pyqtgraph() -> None:
    code = (
        "import sys; from ckpt_studio.gui.warm_up import TO_OPEN, import_all; import_all(TO_OPEN); "
        "print([m for m in ('pyqtgraph', 'google.protobuf', 'h5py', 'tensorflow') if m in sys.modules])"
    )
    answer = run(code)
    assert answer.stdout.strip() == "[]", answer.stderr


ON_THREADS = """
import builtins, sys, threading, time
found = []

class Watch:
    # a module of the window that is looked for on a thread, so first imported there, and asks Qt for names
    def find_spec(self, name, path=None, target=None):
        if threading.current_thread() is not threading.main_thread() and name.startswith(("PySide6", "pyqtgraph")):
            found.append(name)
        return None

sys.meta_path.insert(0, Watch())
original = builtins.__import__

def importing(name, globals=None, locals=None, fromlist=(), level=0):
    if name.startswith("PySide6.") and threading.current_thread() is not threading.main_thread():
        found.append((globals or {}).get("__name__", "?"))
    return original(name, globals, locals, fromlist, level)

from ckpt_studio.gui.app import make_application
from ckpt_studio.gui.qt_import import import_qt
import_qt()
builtins.__import__ = importing
from ckpt_studio.gui.beginning import Beginning
begun = Beginning(sys.argv[1]) if sys.argv[2:] else None
from ckpt_studio.gui.main_window import MainWindow
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QTabWidget
app = make_application()
window = MainWindow(begun)
window.show()
stood = []
window.documentOpened.connect(stood.append)
if begun is None:
    window.open_path(sys.argv[1])

def wait(milliseconds):
    # QTest's own keeps the interpreter all the while
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()

def settle(ready):
    until = time.monotonic() + 30
    while (not ready() or window.session.bridge.busy) and time.monotonic() < until:
        wait(10)
    wait(100)

settle(lambda: stood and window.workbench.runs is not None)
window.session.set_current("encoder/dense_1/kernel")
tabs = window.findChild(QTabWidget, "viewTabs")
for tab in range(tabs.count()):
    tabs.setCurrentIndex(tab)
    settle(lambda: True)
window.close_now()
print(sorted(set(found)), "pyqtgraph" in sys.modules)
"""


@pytest.mark.parametrize("how", [(), ("begun before the window",)], ids=["later", "at once"])
def test_nothing_that_names_qt_is_imported_on_a_thread(sample: Path, how: tuple[str, ...]) -> None:
    answer = run(ON_THREADS, str(sample / "run"), *how, CKPT_STUDIO_HOME=str(sample / "home"))
    assert answer.stdout.strip() == "[] False", answer.stdout + answer.stderr


IMPORTS = """
import linecache
from ckpt_studio.gui.qt_import import import_qt
import_qt()
import pyqtgraph
from PySide6.QtCore import *
print(QPoint(1, 2).x(), [path for path in linecache.cache if "numpy" in path or "pyqtgraph" in path])
"""


def test_imports_read_no_source_text_and_qt_works_on() -> None:
    answer = run(IMPORTS)
    assert answer.stdout.strip() == "1 []", answer.stderr


PUT_OFF = """
import sys
if sys.argv[1:]:
    from ckpt_studio.gui.qt_import import import_qt
    import_qt()
from PySide6 import QtCore, QtWidgets
parser = sys.modules["shibokensupport.signature.parser"]
before = len(vars(parser))
try:
    QtCore.QRect(1).moveTo("here")
except TypeError as error:
    print(error)
print(QtCore.QPoint.__doc__, QtWidgets.QWidget.setGeometry.__doc__)
from PySide6.support.signature.lib.enum_sig import HintingEnumerator
from PySide6.support.signature.lib.pyi_generator import Formatter
print(hasattr(parser, "nothing"), HintingEnumerator.__module__, Formatter.__name__)
print(before < 20, file=sys.stderr)
"""


def test_what_pyside_puts_off_comes_when_it_is_asked_for() -> None:
    late, at_once = run(PUT_OFF, "late"), run(PUT_OFF)
    assert late.stderr.strip() == "True"
    assert at_once.stderr.strip() == "False"
    assert "Supported signatures" in late.stdout
    assert late.stdout == at_once.stdout


def test_without_a_display_a_sentence_and_no_abort() -> None:
    code = "import sys; from ckpt_studio.cli.main import main; sys.exit(main([]))"
    answer = run(code, QT_QPA_PLATFORM="xcb", DISPLAY="", WAYLAND_DISPLAY="")
    assert answer.returncode == 1
    assert "DISPLAY" in answer.stderr or "apt install" in answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1


def test_a_missing_library_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ckpt_studio.gui.system._BASE", {"libnothere.so.1": "libnothere1"})
    if sys.platform.startswith("linux"):
        with pytest.raises(CkptStudioError, match="apt install libnothere1"):
            check_system()


def test_a_window_that_is_closed_at_once_leaves_nothing_behind(qtbot: QtBot) -> None:
    window = MainWindow()
    qtbot.addWidget(window, before_close_func=lambda w: w.close_now())
    window.show()
    assert window.workbench.runs is None
    assert not gc.isenabled()
    window.close_now()
    assert gc.isenabled()


def test_icons_are_drawn_for_the_start_page_first_and_then_for_everything(qtbot: QtBot) -> None:
    window = MainWindow()
    qtbot.addWidget(window, before_close_func=lambda w: w.close_now())
    window.show()
    actions = window.workbench.actions
    assert not actions["actionOpenFolder"].icon().isNull()
    assert actions["actionWrite"].icon().isNull()
    qtbot.waitUntil(lambda: not actions["actionWrite"].icon().isNull(), timeout=10_000)


LEAVE = """
import os, sys
from ckpt_studio.formats.save_log import SaveLog, temporary_name
folder = sys.argv[1]
log = SaveLog(folder, "victim")
open(os.path.join(folder, temporary_name("victim", 1)), "w").close()
os._exit(9)
"""


def test_the_window_clears_away_what_a_killed_save_left(tmp_path: Path, qtbot: QtBot) -> None:
    subprocess.run([sys.executable, "-c", LEAVE, str(tmp_path)], env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert list(tmp_path.iterdir())
    window = MainWindow()
    qtbot.addWidget(window, before_close_func=lambda w: w.close_now())
    window.show()
    qtbot.waitUntil(lambda: not list(tmp_path.iterdir()), timeout=10_000)


def test_garbage_is_collected_in_the_gui_thread_only(qtbot: QtBot) -> None:
    where: list[int] = []

    def note(phase: str, _info: dict[str, int]) -> None:
        where.append(threading.get_ident())

    def litter(_task: Task) -> None:
        for _ in range(20_000):
            loop: list[object] = []
            loop.append(loop)

    window = MainWindow()
    qtbot.addWidget(window, before_close_func=lambda w: w.close_now())
    window.show()
    qtbot.waitSignal(window.workbench.completed, timeout=10_000).wait()
    gc.callbacks.append(note)
    try:
        window.session.bridge.submit(litter, lambda _: None)
        qtbot.waitUntil(lambda: not window.session.bridge.busy and bool(where), timeout=10_000)
    finally:
        gc.callbacks.remove(note)
    assert set(where) == {threading.get_ident()}
    window.close_now()
    assert gc.isenabled()
