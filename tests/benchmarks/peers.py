"""Looking at a large tensor with what people use today, each in its own process, beside ours in a window.

Runs when it is named: `./studio bench peers`. The peers are installed into an environment that is thrown away, never
into the program's own; one that cannot be had, or ends with an error, is said and left out. The tensor is small enough
for all of them: of 800 MB matplotlib takes 11 GB of memory, and TensorBoard's histogram asks for a byte a value and
bucket. netron draws graphs and shows no values of this size, and argos needs another Qt for Python; they have no rows.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import venv
from pathlib import Path

import h5py
import numpy as np

from ckpt_studio.analysis.histogram import HistogramRequest, histogram
from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.formats.tf_bundle.write import write_bundle
from tests.benchmarks import look
from tests.benchmarks.report import Row, best_ms
from tests.benchmarks.start import PROGRAM, times
from tests.helpers.memory_source import MemorySource

ROWS, COLUMNS = 6_400, 4_096
"""100 MB of float32."""
BUCKETS = 30
"""As many as TensorBoard makes unless it is told otherwise."""
_PATIENCE = 400

# Children print one JSON line: milliseconds from the process's start, and the most MiB that were no file's.
WATCH = """
import json, os, sys, threading, time
began, path, rows, columns = float(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
most = 0.0

def sample():
    global most
    while True:
        for line in open("/proc/self/status"):
            if line.startswith("RssAnon"):
                most = max(most, int(line.split()[1]) / 1024)
        time.sleep(0.02)

threading.Thread(target=sample, daemon=True).start()

def told():
    print(json.dumps([(time.monotonic() - began) * 1e3, most]), flush=True)
    os._exit(0)
"""

IMSHOW = """
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
values = np.fromfile(path + ".data-00000-of-00001", np.float32).reshape(rows, columns)
figure = Figure((14.4, 9))
figure.add_subplot().imshow(values, aspect="auto")
FigureCanvasAgg(figure).draw()
told()
"""

TENSORBOARD = """
import numpy as np
from tensorboard.plugins.histogram.summary import histogram_pb
values = np.fromfile(path + ".data-00000-of-00001", np.float32)
began = time.monotonic()
histogram_pb("w", values)
told()
"""

SILX = """
import h5py
from silx.gui import qt
app = qt.QApplication([])
from silx.gui.data.DataViewerFrame import DataViewerFrame
from silx.gui.data.DataViews import IMAGE_MODE
from silx.gui.plot import PlotWidget
viewer = DataViewerFrame()
viewer.resize(1440, 900)
viewer.show()
viewer.setData(h5py.File(path + ".h5")["w"])
viewer.setDisplayMode(IMAGE_MODE)

def drawn():
    for plot in viewer.findChildren(PlotWidget):
        if plot.isVisible() and plot.getAllImages():
            plot.grab()  # paints it, if that was not done yet
            told()

timer = qt.QTimer()
timer.timeout.connect(drawn)
timer.start(5)
app.exec()
"""


SILX_NEEDS = ("silx", "h5py", "PySide6-Essentials<6.12", "qtawesome", "PyOpenGL", "matplotlib")


def installed(python: Path, *packages: str) -> bool:
    """Whether these packages could be added to an environment; says why not."""
    command = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *packages]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{', '.join(packages)} cannot be installed: {done.stderr.strip()[-300:]}", file=sys.stderr)
    return not done.returncode


def looked(python: Path, code: str, path: str) -> tuple[float, float] | None:
    """Milliseconds and MiB of one child; None, after saying so, where it fails."""
    command = [str(python), "-c", WATCH + code, str(time.monotonic()), path, str(ROWS), str(COLUMNS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_PATIENCE)
    if done.returncode:
        print(f"it failed: {done.stderr.strip()[-300:]}", file=sys.stderr)
        return None
    ms, mebibytes = json.loads(done.stdout.splitlines()[-1])
    return ms, mebibytes


def measure(folder: Path) -> list[Row]:
    """Each is started twice; the first start warms the disk's cache."""
    values = np.random.default_rng(1).standard_normal((ROWS, COLUMNS), np.float32)
    prefix = write_bundle(MemorySource({"w": values}), str(folder / "model.ckpt-1")).prefix
    with h5py.File(f"{prefix}.h5", "w") as file:
        file["w"] = values
    program = look.ANONYMOUS + look.LOOK + PROGRAM
    ours = [times(program, prefix, "w") for _ in range(2)][1]
    source = open_checkpoint(prefix)
    counted = best_ms(lambda: histogram(source, HistogramRequest("w", BUCKETS)), 3)
    size = f"{values.nbytes / 1e6:.0f} MB"
    venv.create(folder / "environment", with_pip=True)
    python = folder / "environment" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    rows = []
    for what, mine, code, packages in (
        (f"start to the picture of {size}", ours["heatmap"], IMSHOW, ("matplotlib",)),
        (f"start to the picture of {size}", ours["heatmap"], SILX, SILX_NEEDS),
        (f"histogram of {size}", counted, TENSORBOARD, ("tensorboard", "numpy")),
    ):
        found = None
        for _ in range(2 if installed(python, *packages) else 0):
            found = looked(python, code, prefix)
        if found is not None:
            rows += [
                Row(what, mine, found[0], None, packages[0]),
                Row("... anonymous memory", ours["anonymous"], found[1], None, packages[0], unit="MiB"),
            ]
    return rows
