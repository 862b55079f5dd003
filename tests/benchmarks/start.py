"""From process start to the first paint, to the complete window and to a histogram, beside an empty PySide6 window.

Complete is the window in which all that is seen is made and what draws a variable is imported. numpy and what opens a
checkpoint follow in the background: the rows of the sample tell how long until they have been there and of use. An
empty window that imports numpy and pyqtgraph after its paint and makes one plot shows what the libraries would take.
"""

from __future__ import annotations

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

# What `PROGRAM` waits for: `done(window)`.
OURS = """
asked = sys.argv[1:]
told = []

def done(window):
    bench = window._workbench  # not the property, which would make it
    if bench is None:
        return False
    if not told:
        told.append("watched")
        bench.completed.connect(lambda: (note("ready"), told.append("ready")))
        window.documentOpened.connect(lambda _: (note("tree"), look(window)))
    return "histogram" in told if asked else "ready" in told

def look(window):
    # choose the first weight, and wait until its histogram has been painted
    columns = window.session.document.staged.columns
    weight = next(i.key for i in map(columns.info, range(len(columns))) if i.role.name == "weight" and i.size > 1)
    window.session.set_current(weight)
    from PySide6.QtCore import QTimer
    timer = QTimer(window)
    timer.timeout.connect(lambda: shown(window))
    timer.start(4)

def shown(window):
    from ckpt_studio.gui.views.histogram_plot import HistogramPlot
    plot = window.centralWidget().findChild(HistogramPlot)
    if plot is not None and plot._found is not None and plot._drawn is not None:
        note("histogram")
        told.append("histogram")

"""

PROGRAM = """
import ckpt_studio.gui.app as program

def watch():
    # where the program goes on to import its window, and no earlier
    import_qt()
    import ckpt_studio.gui.main_window as gui
    gui.MainWindow = watched(gui.MainWindow, done)

import_qt, program.import_qt = program.import_qt, watch
from ckpt_studio.cli.main import main
main()
"""


def times(code: str, *arguments: str, patience: float = 60) -> dict[str, float]:
    """Milliseconds by name of one start, which takes no longer than so many seconds."""
    began = time.monotonic()
    told = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-P", "-c", WATCH + code, str(began), *arguments],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=patience,
    )
    answer: dict[str, float] = json.loads(told.stdout.splitlines()[-1])
    return answer


def measure(folder: Path) -> list[Row]:
    """Medians of alternating starts; the first round only warms the disk's cache."""
    sample = str(resources_folder() / "samples" / "run")
    starts = ((EMPTY + PEER,), (PLOT + PEER,), (OURS + PROGRAM,), (OURS + PROGRAM, sample))
    rounds = [tuple(times(*start) for start in starts) for _ in range(10)][1:]

    def median(place: int, what: str) -> float:
        return statistics.median(found[place][what] for found in rounds)

    empty, against = median(0, "paint"), "empty PySide6 window"
    plot, histogram = median(1, "complete"), median(3, "histogram")
    return [
        Row("start to first paint", median(2, "paint"), empty, 1.3, against),
        Row("start to complete, with plots", median(2, "ready"), empty, 2.5, against),
        Row("start to the sample's tree", median(3, "tree"), empty, None, against),
        Row("start to the sample's first histogram", histogram, empty, None, against),
        Row("start to the sample's first histogram", histogram, plot, 1.5, "it, numpy and a pyqtgraph plot"),
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
    return Row("--version through ./studio", ours, theirs, 1.5, "python -m ckpt_studio")
