"""From process start to seeing a large tensor: histogram, statistics and heatmap, and the memory that looking takes.

The peer is what most scripts do: PySide6 and numpy with the whole array in memory, the same figures by numpy's own
calls, and every n-th element as a picture.
"""

from __future__ import annotations

import os
import statistics
from pathlib import Path

import numpy as np

from ckpt_studio.formats.tf_bundle.write import write_bundle
from tests.benchmarks.report import Row
from tests.benchmarks.start import PROGRAM, times
from tests.helpers.memory_source import MemorySource

ROWS, COLUMNS = 50_000, 4_096
"""800 MB of float32."""
LARGE_ROWS = 1 << 20
"""With 1,024 columns, 4 GiB."""
ROUNDS = 3
_PATIENCE = 300
"""Seconds that reading gigabytes may take on a busy machine."""

ANONYMOUS = """
def anonymous():
    # MiB of memory that is no file's, at its most since the last look: this process's and that of its engine
    engine = sys.modules.get("ckpt_studio.analysis.engine.process")
    pids = ["self", engine._RUNNING.engine.pid] if engine and engine._RUNNING.engine else ["self"]
    used = 0
    for pid in filter(None, pids):
        for line in open(f"/proc/{pid}/status"):
            if line.startswith("RssAnon"):
                used += int(line.split()[1]) / 1024
    times["anonymous"] = max(times.get("anonymous", 0), used)

def processor():
    # milliseconds of processors' time, of both
    engine = sys.modules.get("ckpt_studio.analysis.engine.process")
    pid = engine and engine._RUNNING.engine and engine._RUNNING.engine.pid
    ticks = sum(map(int, open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[11:13])) if pid else 0
    return time.process_time() * 1e3 + ticks * 1e3 / os.sysconf("SC_CLK_TCK")
"""

# Qt is named where the program has imported it already: its own order of things is what is measured.
LOOK = """
step, looks, (path, key) = 0, 0, (*sys.argv[1:], "", "")[:2]
del sys.argv[2:]

found = {}

def part(window, kind, name):
    # looked for once, for the window has very many parts; its own way of looking would make what is still to come
    if found.get(name) is None:
        from PySide6 import QtWidgets
        found[name] = QtWidgets.QWidget.findChild(window, getattr(QtWidgets, kind), name)
    return found[name]

def text(window, name):
    label = part(window, "QLabel", name)
    return "" if label is None else label.text()

def drawn(window):
    plot = part(window, "QWidget", "heatmapPlot")
    return plot is not None and plot.accessibleDescription()

def done(window):
    # goes on from one view to the next as a person would who never waits
    global step, looks
    looks += 1
    if looks % 8 == 1:  # each time it takes as long as a small painting
        anonymous()
    if window._workbench is None or window._workbench.runs is None:
        return False
    if not path:
        return not window.session.bridge.busy
    if step == 0 and window.session.document is not None:
        window.session.set_current(key)
        step = 1
    elif step == 1 and text(window, "histogramCounts") and text(window, "detail_l2").strip("…"):
        note("histogram")
        part(window, "QTabWidget", "viewTabs").setCurrentIndex(1)
        step = 2
    elif step == 2 and not text(window, "heatmapState") and drawn(window):
        note("heatmap")
        part(window, "QTabWidget", "viewTabs").setCurrentIndex(2)
        step = 3
    elif step == 3 and part(window, "QTableView", "valueTable").model().index(0, 0).data() != "…":
        note("values")
        anonymous()
        times["processor"] = processor()
        return True
    return False
"""

PLAIN = """
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QApplication, QLabel, QMainWindow
path = sys.argv[1]
app = QApplication([])

def whole(window):
    import numpy as np
    array = np.fromfile(path, np.float32).reshape(%d, %d)
    figures = [array.mean(), array.std(), array.min(), array.max(), np.linalg.norm(array), np.isnan(array).sum()]
    window.bins = np.histogram(array, 256)
    small = array[::array.shape[0] // 700, ::array.shape[1] // 900]
    grey = ((small - small.min()) / (small.max() - small.min()) * 255).astype(np.uint8, order="C")
    image = QImage(grey.data, grey.shape[1], grey.shape[0], grey.shape[1], QImage.Format.Format_Grayscale8)
    label = QLabel(str(figures))
    label.setPixmap(QPixmap.fromImage(image))
    window.setCentralWidget(label)
    note("heatmap")
    times["processor"] = processor()
    anonymous()
    return True

window = watched(QMainWindow, whole)()
window.resize(1440, 900)
window.show()
app.exec()
"""


def measure(folder: Path) -> list[Row]:
    """Medians of alternating starts; the files are in the disk's cache, and nothing of them is remembered."""
    prefix, key = _make(folder)
    raw = folder / "model.ckpt-1.data-00000-of-00001"
    large = _make_large(folder / "large.npy")
    for path in (raw, large):
        _have_been_read(path)
    ours = ANONYMOUS + LOOK + PROGRAM
    plain = ANONYMOUS + PLAIN % (ROWS, COLUMNS)
    rounds = []
    for number in range(ROUNDS + 1):
        os.environ["CKPT_STUDIO_HOME"] = str(folder / f"home-{number}")
        rounds.append(
            (
                times(ours),
                times(ours, prefix, key),
                times(plain, str(raw), patience=_PATIENCE),
                times(ours, str(large), "large", patience=_PATIENCE),
            )
        )
    del rounds[0]
    base, looked, peer, huge = (
        {name: statistics.median(each[name] for each in column) for name in column[0]}
        for column in zip(*rounds, strict=True)
    )
    against = "PySide6 and numpy with the whole array"
    return [
        Row(
            "start to the histogram and statistics of 800 MB",
            looked["histogram"],
            peer["heatmap"],
            None,
            against,
        ),
        Row("start to the heatmap of it, too", looked["heatmap"], peer["heatmap"], 0.5, against),
        Row("the same, no peer", looked["heatmap"], None, 700),
        Row("start to its values, too", looked["values"], peer["heatmap"], None, against),
        Row("processor time of all that", looked["processor"], peer["processor"], None, against),
        Row("anonymous memory meanwhile", looked["anonymous"], peer["anonymous"], 0.2, against, unit="MiB"),
        Row("the same, no peer", looked["anonymous"], None, 150, unit="MiB"),
        Row(
            "looking at 4 GiB, over the base program",
            huge["anonymous"] - base["anonymous"],
            None,
            200,
            unit="MiB",
        ),
    ]


def _make(folder: Path) -> tuple[str, str]:
    """A bundle with one tensor of normal numbers; its prefix and key."""
    part = np.random.default_rng(1).standard_normal([ROWS // 10, COLUMNS], np.float32)
    prefix = str(folder / "model.ckpt-1")
    write_bundle(MemorySource({"dense/kernel": np.tile(part, (10, 1))}), prefix)
    return prefix, "dense/kernel"


def _have_been_read(path: Path) -> None:
    """Have the disk's cache hold a file as it does after it was read from the disk.

    What was written lies there in large pieces or in small ones, by the state of the machine's memory, and is read
    twice as fast or not.
    """
    block = bytearray(1 << 20)
    with path.open("r+b", buffering=0) as file:
        if hasattr(os, "posix_fadvise"):
            os.fsync(file)
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while file.readinto(block):
            pass


def _make_large(path: Path) -> Path:
    """A file of 4 GiB, some of it written: the rest are zeros that take no room on the disk, but are read as any."""
    array = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(LARGE_ROWS, 1024))
    part = np.random.default_rng(2).standard_normal([256, 1024], np.float32)
    for start in range(0, LARGE_ROWS, 1 << 14):
        array[start : start + len(part)] = part
    array.flush()
    return path
