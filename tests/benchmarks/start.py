"""From process start to the first paint, and to the window with tree and plots, beside an empty PySide6 window.

An empty window that imports numpy and pyqtgraph after its paint and makes one plot shows what the libraries alone take.
"""

from __future__ import annotations

import compileall
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import ckpt_studio
from ckpt_studio.core.resources import resources_folder
from tests.benchmarks.report import Row, median_ms

PACKAGE = Path(ckpt_studio.__file__).parent

# The children print one JSON line: milliseconds since `began` (the clock is the machine's, so the parent's holds).
WATCH = """
import json, os, sys, time
began = float(sys.argv.pop(1))
times = {}

def note(what):
    times.setdefault(what, (time.monotonic() - began) * 1e3)

def watched(kind, done):
    # a window of this kind that notes its first paint; an event filter would slow down what it watches
    from PySide6.QtCore import QTimer
    class Watched(kind):
        timer = None
        def paintEvent(self, event):
            if self.timer is None:  # before the window's own, which goes on to build the rest of itself
                self.timer = QTimer(self)
                QTimer.singleShot(0, self.painted)
            kind.paintEvent(self, event)
        def painted(self):
            note("paint")
            self.timer.timeout.connect(self.look)
            self.timer.start(4)
        def look(self):
            if done(self):
                note("complete")
                print(json.dumps(times), flush=True)
                os._exit(0)
    return Watched
"""

EMPTY = """
def whole(window):
    return True
"""

PLOT = """
def whole(window):
    import numpy, pyqtgraph
    window.setCentralWidget(pyqtgraph.PlotWidget())
    return True
"""

PEER = """
from PySide6.QtWidgets import QApplication, QMainWindow
app = QApplication([])
window = watched(QMainWindow, whole)()
window.resize(1440, 900)
window.show()
app.exec()
"""

OURS = """
import ckpt_studio.gui.app as program
asked = sys.argv[1:]

def done(window):
    bench = window._workbench  # not the property, which would make it
    whole = bench is not None and bench.runs is not None and "pyqtgraph" in sys.modules
    return whole and (not asked or window.session.document is not None)

def watch():
    # where the program goes on to import its window, and no earlier
    take_back()
    import ckpt_studio.gui.main_window as gui
    gui.MainWindow = watched(gui.MainWindow, done)

take_back, program.take_back_import = program.take_back_import, watch
from ckpt_studio.cli.main import main
main()
"""


def times(code: str, *arguments: str) -> dict[str, float]:
    """Milliseconds by name of one start."""
    began = time.monotonic()
    told = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-P", "-c", WATCH + code, str(began), *arguments],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=60,
    )
    answer: dict[str, float] = json.loads(told.stdout.splitlines()[-1])
    return answer


def measure(folder: Path) -> list[Row]:
    """Medians of alternating starts; the first round only warms the disk's cache."""
    sample = str(resources_folder() / "samples" / "run")
    # As after an installation, which compiles; so that an environment that forbids it measures the same.
    compileall.compile_dir(PACKAGE, quiet=1)
    starts = ((EMPTY + PEER,), (PLOT + PEER,), (OURS,), (OURS, sample))
    rounds = [tuple(times(*start) for start in starts) for _ in range(10)][1:]
    empty = statistics.median(empty["paint"] for empty, _, _, _ in rounds)
    bare = statistics.median(bare["complete"] for _, bare, _, _ in rounds)
    paint = statistics.median(ours["paint"] for _, _, ours, _ in rounds)
    complete = statistics.median(ours["complete"] for _, _, ours, _ in rounds)
    opened = statistics.median(ours["complete"] for _, _, _, ours in rounds)
    against = "empty PySide6 window"
    return [
        Row("start to first paint", paint, empty, 1.3, against),
        Row("start to complete, with plots", complete, empty, 2.5, against),
        Row("start to complete, with plots", complete, bare, 1.1, "empty window, then numpy and pyqtgraph"),
        Row("start to the sample's tree, with plots", opened, empty, None, against),
        _through_the_script(),
    ]


def _through_the_script() -> Row:
    """What ./studio adds, where everything is installed."""
    direct = [sys.executable, "-P", "-m", "ckpt_studio", "--version"]
    through = ["/bin/sh", str(PACKAGE.parent / "studio"), "--version"]
    ours, theirs = (
        median_ms(lambda command=command: subprocess.run(command, capture_output=True, check=True), 5)
        for command in (through, direct)
    )
    return Row("--version through ./studio", ours, theirs, 2.5, "python -m ckpt_studio")
