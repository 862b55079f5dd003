"""Looks at huge tensors in a real window; prints how soon pictures came, the longest stalls, and the memory it took.

Run by `heatmap.py` in a process of its own: `python -m tests.benchmarks.heatmap_job OVERVIEW_PREFIX PAN_PREFIX
LARGE_PREFIX`.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QTabWidget, QWidget

from ckpt_studio.gui.app import make_application, prepare_interpreter
from ckpt_studio.gui.main_window import MainWindow
from tests.benchmarks.stall_job import Watched

if TYPE_CHECKING:
    from ckpt_studio.analysis.heatmap import Heatmap

ROUNDS = 5
PAN_STEPS = 120


def anonymous_mib() -> float:
    """Memory that belongs to this process alone."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return 0.0
    found = re.search(r"RssAnon:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


class Job:
    """The window and what is noted of it."""

    def __init__(self) -> None:
        self.window = MainWindow()
        self.watched = Watched()
        self.most_memory = 0.0
        self._opened: list[str] = []
        self.window.documentOpened.connect(self._opened.append)
        self._memory = QTimer(interval=10)
        self._memory.timeout.connect(self._look_at_memory)

    def _look_at_memory(self) -> None:
        self.most_memory = max(self.most_memory, anonymous_mib())

    def calm(self) -> bool:
        return not self.window.session.bridge.busy

    def start(self) -> None:
        built: list[None] = []
        self.window.built.connect(lambda: built.append(None))
        with self.watched.phase("start"):
            self.window.show()
            self.watched.until(lambda: built and self.window.workbench.runs is not None)
            self.window.findChild(QTabWidget, "viewTabs").setCurrentIndex(1)

    def open(self, prefix: str) -> None:
        self._opened.clear()
        with self.watched.phase(f"open {Path(prefix).parent.name}"):
            self.window.open_path(prefix)
            self.window.session.set_current(None)
            self.watched.until(lambda: self._opened and self.calm())

    def _picture(self) -> Heatmap | None:
        """What is seen of the whole tensor, if anything is."""
        plot = self.window.findChild(QWidget, "heatmapPlot")
        return None if plot is None or plot.overview is None else plot.overview.heatmap

    def _is_exact(self) -> bool:
        picture = self._picture()
        return picture is not None and picture.exact

    def look(self, phase: str) -> tuple[float, float]:
        """Milliseconds from the choice of the variable to its first picture and to the exact one."""
        session = self.window.session
        with self.watched.phase(phase):
            session.set_current(None)
            self.watched.until(self.calm, 0.05)
            times: list[float] = []
            began = time.perf_counter()
            session.set_current("w")

            def note() -> bool:
                picture = self._picture()
                if picture is not None and (not times or (picture.exact and len(times) == 1)):
                    times.append((time.perf_counter() - began) * 1e3)
                return self._is_exact()

            often = QTimer(interval=1)
            often.timeout.connect(note)
            often.start()
            self.watched.until(note, 0.05)
            often.stop()
        return times[0], times[-1]

    def pan(self) -> None:
        """Zoom in and drag the picture about."""
        plot = self.window.findChild(QWidget, "heatmapPlot")
        with self.watched.phase("panning"):
            plot.show_part(x=(9000, 19000), y=(4000, 9000))
            self.watched.until(lambda: plot.detail is not None and plot.detail.heatmap.exact)
            left = [PAN_STEPS]
            start = plot.rect().center()
            QTest.mousePress(plot, Qt.MouseButton.LeftButton, pos=start)

            def drag() -> None:
                left[0] -= 1
                away = PAN_STEPS - left[0]
                QTest.mouseMove(plot, start + QPoint((away * 7) % 200 - 100, (away * 5) % 160 - 80))

            timer = QTimer(interval=16)
            timer.timeout.connect(drag)
            timer.start()
            self.watched.until(lambda: left[0] <= 0)
            timer.stop()
            QTest.mouseRelease(plot, Qt.MouseButton.LeftButton, pos=start)
            self.watched.until(lambda: plot.detail is not None and plot.detail.heatmap.exact)

    def large(self, prefix: str) -> float:
        """MiB that looking at a tensor takes over what the window had before."""
        before = anonymous_mib()
        self.most_memory = before
        self._memory.start()
        self.open(prefix)
        with self.watched.phase("4 GiB, the first view"):
            self.window.session.set_current("w")
            self.watched.until(self._is_exact)
        self._memory.stop()
        return self.most_memory - before


def main() -> None:
    """Print what was found as JSON and leave at once."""
    overview, pan, large = sys.argv[1:]
    prepare_interpreter()
    app = make_application()
    job = Job()
    job.start()
    memory = job.large(large)
    job.open(overview)
    looks = [job.look("800 MiB") for _ in range(ROUNDS)]
    job.open(pan)
    job.look("2 GiB")
    job.pan()
    job.window.close_now()
    app.processEvents()
    print(json.dumps({"looks": looks, "memory": memory, "stalls": job.watched.stalls}), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
