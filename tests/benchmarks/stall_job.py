"""Works in a real window: open, look, change, run, write; prints the longest stall of its event loop in each.

A timer that should fire every 5 ms notes how late it is, and how long the thread stood ready without being given a
processor meanwhile: on a busy machine that part is not the program's. Run by `stall.py` in a process of its own:
`python -m tests.benchmarks.stall_job LARGE_PREFIX MANY_PREFIX SAMPLE_FOLDER OUT_FOLDER`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QEventLoop, QPoint, Qt, QTimer
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableView,
    QTabWidget,
    QToolButton,
    QWidget,
)

from ckpt_studio.gui.app import make_application, prepare_interpreter
from ckpt_studio.gui.main_window import MainWindow

TICK_MS = 5
PATIENCE_S = 60


def waited_ms() -> float:
    """How long this thread, so far, was ready to run and had no processor."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e6
    except (OSError, IndexError):
        return 0.0


class Watched:
    """An event loop whose longest stalls are noted by phase: (milliseconds, of which without a processor)."""

    def __init__(self) -> None:
        self.stalls: dict[str, tuple[float, float]] = {}
        self._phase = ""
        self._last = 0.0
        self._waited = 0.0
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)

    def _tick(self) -> None:
        now = time.perf_counter()
        late = (now - self._last) * 1e3 - TICK_MS
        if late > self.stalls[self._phase][0]:
            self.stalls[self._phase] = (late, waited_ms() - self._waited)
        self._last, self._waited = now, waited_ms()

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """What is done inside, and all that follows until `settle`, counts under this name."""
        self._phase = name
        self.stalls.setdefault(name, (0.0, 0.0))
        self._last, self._waited = time.perf_counter(), waited_ms()
        self._timer.start()
        yield
        self._timer.stop()

    @staticmethod
    def rest(milliseconds: int) -> None:
        """Let the loop run so long; QTest's own way keeps the interpreter from all other threads meanwhile."""
        loop = QEventLoop()
        QTimer.singleShot(milliseconds, loop.quit)
        loop.exec()

    def until(self, condition: Callable[[], object], settle_s: float = 0.3) -> None:
        """Let the loop run until the condition holds, and a little longer."""
        loop = QEventLoop()
        began = time.monotonic()
        held: list[float] = []
        raised: list[Exception] = []

        def look() -> None:
            now = time.monotonic()
            try:
                if not held and condition():
                    held.append(now)
            except Exception as error:  # Qt would only print it, and go on
                raised.append(error)
                loop.quit()
            if held and now - held[0] > settle_s:
                loop.quit()
            elif now - began > PATIENCE_S:
                loop.exit(1)

        looker = QTimer(interval=20)
        looker.timeout.connect(look)
        looker.start()
        status = loop.exec()
        looker.stop()
        if raised:
            raise raised[0]
        if status:
            raise TimeoutError(self._phase)


def work(window: MainWindow, watched: Watched, large: str, many: str, sample: Path, out: Path) -> None:
    """The phases, with real events where a person would use mouse or keyboard."""
    opened: list[str] = []
    window.documentOpened.connect(opened.append)

    built: list[None] = []
    window.built.connect(lambda: built.append(None))
    with watched.phase("start"):
        window.show()
        watched.until(lambda: built and window.workbench.runs is not None)
    session = window.session

    def calm() -> bool:
        return not session.bridge.busy

    with watched.phase("open 20,000 variables"):
        window.open_path(large)
        watched.until(lambda: opened and calm())
    for number, name in enumerate(("histogram", "heatmap", "values")):
        with watched.phase(f"{name} of 256 MiB"):
            session.set_current(None)
            window.findChild(QTabWidget, "viewTabs").setCurrentIndex(number)
            session.set_current("large")
            watched.until(calm, 0.5)
    with watched.phase("histograms of 256 MiB: scales, percentiles, 8,192 channels"):
        distribute(window, watched)
    with watched.phase("values of 256 MiB, coloured and scrolled"):
        scroll(window, watched)
    with watched.phase("filter"):
        edit = window.findChild(QLineEdit, "filterEdit")
        edit.setFocus()
        QTest.keyClicks(edit, "block_7/weight_70", delay=30)
        watched.until(calm)
        edit.clear()
        watched.until(calm)
    with watched.phase("freeze, undo, redo"):
        session.freeze([f"block_{n // 1000}/weight_{n}" for n in range(5000)])
        watched.until(calm)
        session.undo()
        watched.until(calm)
        session.redo()
        watched.until(calm)
    with watched.phase("match 20,000 variables with a donor's"):
        match(window, watched, large)
    with watched.phase("write 256 MiB"):
        write(window, watched, out / "written")
    with watched.phase("open 100,000 variables"):
        opened.clear()
        window.open_path(many)
        watched.until(lambda: opened and calm())
    with watched.phase("compare 100,000 variables"):
        compare(window, watched, large)
    edit_all(window, watched, many)
    with watched.phase("open the sample"):
        opened.clear()
        window.open_path(str(sample / "run"))
        watched.until(lambda: opened and calm())
    with watched.phase("run"):
        run(window, watched, sample, out / "run")


def edit_all(window: MainWindow, watched: Watched, donor: str) -> None:
    """Swap through the dialog, freeze and drop all variables but one, take it back, verify."""
    session, document = window.session, window.session.document
    assert document is not None

    def edits(count: int) -> Callable[[], bool]:
        return lambda: len(document.edits) == count and not session.bridge.busy

    with watched.phase("swap 100,000 variables"):
        from ckpt_studio.gui.dialogs.donor import DonorDialog

        dialog = DonorDialog(session, (), window, donor_path=donor)
        dialog.open()
        apply = dialog.findChild(QPushButton, "donorApplyButton")
        watched.until(apply.isEnabled)
        QTest.mouseClick(apply, Qt.MouseButton.LeftButton)
        watched.until(edits(1))
    keys = tuple(document.base.columns.keys.texts()[1:])
    for name, change in (("freeze", session.freeze), ("drop", session.drop)):
        with watched.phase(f"{name} 100,000 variables"):
            change(keys)
            watched.until(edits(2))
        with watched.phase(f"{name}, taken back"):
            session.undo()
            watched.until(edits(1))
    with watched.phase("verify 100,000 variables"):
        window.workbench.verifying.start()
        watched.until(lambda: document.verified is not None and edits(1)())
    session.revert_all()
    watched.until(edits(0))


def distribute(window: MainWindow, watched: Watched) -> None:
    """The histogram on its other scales, with percentiles, and one a channel, zoomed and read by keys."""
    tabs = window.findChild(QTabWidget, "viewTabs")
    tabs.setCurrentIndex(0)
    window.findChild(QAction, "histogramPercentiles").trigger()
    plot = window.findChild(QWidget, "histogramPlot")
    for name, index in (
        ("histogramValueScale", 2), ("histogramScale", 1), ("histogramChannels", 1), ("histogramValueScale", 0)
    ):  # fmt: skip
        combo = window.findChild(QComboBox, name)
        combo.setCurrentIndex(index)
        combo.activated.emit(index)
        watched.until(lambda: not window.session.bridge.busy)
    plot.setFocus()
    for key in (Qt.Key.Key_Plus,) * 12 + (Qt.Key.Key_Right, Qt.Key.Key_Up) * 5:
        QTest.keyClick(plot, key)
        watched.rest(15)
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Down) * 5:
        QTest.keyClick(plot, key, Qt.KeyboardModifier.ControlModifier)
        watched.rest(15)
    window.findChild(QToolButton, "histogramAutoRange").click()
    watched.until(lambda: not window.session.bridge.busy)
    tabs.setCurrentIndex(2)


def scroll(window: MainWindow, watched: Watched) -> None:
    """The table of values with colours behind the numbers: wheel, pages, and the whole way at the bar."""
    colours = window.findChild(QComboBox, "valueColours")
    colours.setCurrentIndex(1)
    colours.activated.emit(1)
    watched.until(lambda: not window.session.bridge.busy)
    table = window.findChild(QTableView, "valueTable")
    table.setFocus()
    bar = table.verticalScrollBar()
    for _ in range(40):
        QTest.keyClick(table, Qt.Key.Key_PageDown)
        watched.rest(10)
    for part in range(100):
        bar.setValue(bar.maximum() * part // 100)
        watched.rest(10)
    watched.until(lambda: not window.session.bridge.busy)


def compare(window: MainWindow, watched: Watched, other: str) -> None:
    """With a checkpoint that has a fifth of the variables; then what differs is filtered, sorted and let go of."""
    comparing = window.workbench.comparing
    comparing.start(other)
    watched.until(lambda: comparing.rows is not None and not window.session.bridge.busy)
    edit = window.findChild(QLineEdit, "compareFilter")
    edit.setFocus()
    QTest.keyClicks(edit, "weight_70", delay=30)
    watched.until(lambda: not window.session.bridge.busy)
    edit.clear()
    header = window.findChild(QTableView, "compareTable").horizontalHeader()
    QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(20, header.height() // 2))
    watched.until(lambda: not window.session.bridge.busy)
    QTest.mouseClick(window.findChild(QPushButton, "compareCloseButton"), Qt.MouseButton.LeftButton)
    watched.until(lambda: not window.session.bridge.busy)


def match(window: MainWindow, watched: Watched, donor: str) -> None:
    """Through the dialog, which is given up then."""
    from ckpt_studio.gui.dialogs.donor import DonorDialog

    dialog = DonorDialog(window.session, (), window)
    dialog.open()
    edit = dialog.findChild(QLineEdit, "donorPathEdit")
    edit.setText(donor)
    QTest.keyClick(edit, Qt.Key.Key_Return)
    summary = dialog.findChild(QLabel, "donorFitSummary")
    watched.until(lambda: "chosen" in summary.text())
    QTest.mouseClick(
        dialog.findChild(QCheckBox, "onlyFittingBox"), Qt.MouseButton.LeftButton, pos=QPoint(8, 8)
    )
    watched.until(lambda: True)
    dialog.reject()


def write(window: MainWindow, watched: Watched, folder: Path) -> None:
    """Through the dialog."""
    from ckpt_studio.gui.dialogs.write import WriteDialog

    dialog = WriteDialog(window.session, window)
    ended: list[int] = []
    dialog.finished.connect(ended.append)
    dialog.findChild(QLineEdit, "writeFolderEdit").setText(str(folder))
    dialog.open()
    button = dialog.findChild(QPushButton, "writeButton")
    watched.until(button.isEnabled)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    watched.until(lambda: ended)
    assert ended == [QDialog.DialogCode.Accepted]


def run(window: MainWindow, watched: Watched, sample: Path, out: Path) -> None:
    """Two thousand steps of the sample with a checkpoint every 500."""
    from ckpt_studio.training.spec import DataSpec, RunSpec

    spec = RunSpec(
        checkpoint=str(sample / "run"), out=str(out), steps=2000, save_every=500,
        data=DataSpec(str(sample / "data.npz")), trust=True,
    )  # fmt: skip
    runs, document = window.workbench.runs, window.session.document
    assert runs is not None
    assert document is not None
    runs.start(spec, document)
    watched.until(lambda: runs.outcome is not None)
    assert runs.outcome is not None
    assert runs.outcome.state.name == "finished", runs.outcome


def main() -> None:
    """Print the stalls as JSON and leave at once."""
    large, many, sample, out = sys.argv[1:]
    prepare_interpreter()
    app = make_application()
    window = MainWindow()
    watched = Watched()
    work(window, watched, large, many, Path(sample), Path(out))
    window.close_now()
    app.processEvents()
    print(json.dumps(watched.stalls), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
