"""Opens trees in a real window, types into the filter, expands, sorts and scrolls; prints times and stalls as JSON.

Run by `tree.py` in a process of its own: `python -m tests.benchmarks.tree_job FEW_PREFIX MANY_PREFIX HUGE_PREFIX`.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QHeaderView, QLineEdit

from ckpt_studio.gui.app import make_application, prepare_interpreter
from ckpt_studio.gui.main_window import MainWindow
from ckpt_studio.gui.models.tree_columns import Column
from ckpt_studio.gui.models.variable_view import VariableView
from tests.benchmarks.stall_job import Watched

TYPED = "block_0123/layer_45"
ROUNDS = 5
HALF = 500_000


class Paints(QObject):
    """Notes when the tree of an opened document was painted first."""

    def __init__(self, window: MainWindow, view: VariableView) -> None:
        super().__init__(view)
        self._window, self._view = window, view
        self.before: object = None
        self.first = 0.0
        view.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        painted = event.type() == QEvent.Type.Paint and self._view.model().rowCount()
        if painted and not self.first and self._window.session.document is not self.before:
            self.first = time.perf_counter()
        return False


class Job:
    """The window and what is measured in it."""

    def __init__(self, window: MainWindow) -> None:
        self.window, self.watched = window, Watched()
        self.opened: list[str] = []
        window.documentOpened.connect(self.opened.append)
        self.view = window.findChild(VariableView, "variableTree")
        self.paints = Paints(window, self.view)

    def calm(self) -> bool:
        return not self.window.session.bridge.busy

    def open(self, path: str) -> float:
        """Milliseconds from asking for a checkpoint to its painted tree."""
        self.opened.clear()
        self.paints.before, self.paints.first = self.window.session.document, 0.0
        began = time.perf_counter()
        self.window.open_path(path)
        self.watched.until(lambda: self.opened and self.paints.first and self.calm(), 0.0)
        return (self.paints.first - began) * 1e3

    def type_filter(self) -> list[float]:
        """Milliseconds from each key to the tree that is filtered by it."""
        field = self.window.findChild(QLineEdit, "filterEdit")
        field.setFocus()
        idle: list[float] = []
        self.window.session.bridge.idle.connect(lambda: idle.append(time.perf_counter()))
        times = []
        for letter in TYPED:
            idle.clear()
            began = time.perf_counter()
            QTest.keyClicks(field, letter)
            self.watched.until(lambda: idle and self.calm(), 0.0)
            times.append((idle[-1] - began) * 1e3)
        field.clear()
        self.watched.until(self.calm)
        return times

    def huge(self, path: str) -> list[float]:
        """What a person does with a million variables."""
        watched, view = self.watched, self.view
        with watched.phase("open 1,000,000 variables"):
            self.open(path)
            watched.until(self.calm)
        with watched.phase("filter 1,000,000 as typed"):
            times = self.type_filter()
        with watched.phase("expand 1,000,000"):
            view.setFocus()
            view.setCurrentIndex(view.model().index(0, 0))
            QTest.keyClick(view, Qt.Key.Key_Asterisk)
            watched.until(self.calm)
        with watched.phase("scroll 1,000,000"):
            for _ in range(60):
                QTest.keyClick(view, Qt.Key.Key_PageDown, delay=16)
            QTest.keyClick(view, Qt.Key.Key_End)
            watched.until(self.calm)
        with watched.phase("search by typing"):
            QTest.keyClicks(view, "weight_7", delay=30)
            watched.until(self.calm)
        with watched.phase("sort 1,000,000 by size"):
            self.sort(Column.size)
        self.edit()
        return times

    def edit(self) -> None:
        """Freeze and drop all but the first group, as they stand in the tree; taken back and done again."""
        watched, view, session = self.watched, self.view, self.window.session
        document = session.document
        assert document is not None
        for name, action in (("freeze", "actionFreeze"), ("drop", "actionDrop")):
            with watched.phase(f"choose what to {name}, 1,000,000"):
                view.setFocus()
                for key in (
                    Qt.Key.Key_Home,
                    Qt.Key.Key_Asterisk,
                    Qt.Key.Key_Down,
                    Qt.Key.Key_Left,
                    Qt.Key.Key_Down,
                ):
                    QTest.keyClick(view, key)
                    watched.until(self.calm)
                view.select_ranges([(view.currentIndex().row(), view.model().rowCount() - 1)])
                watched.until(lambda: len(session.selection) > HALF and self.calm())
            with watched.phase(f"{name} 1,000,000"):
                self.window.findChild(QAction, action).trigger()
                watched.until(lambda: document.edits and self.calm())
            with watched.phase(f"{name} 1,000,000, taken back and done again"):
                for change in (session.undo, session.redo, session.undo):
                    change()
                    watched.until(self.calm)

    def sort(self, column: Column) -> None:
        """Click on the header."""
        header: QHeaderView = self.view.horizontalHeader()
        self.view.scrollTo(self.view.model().index(0, column))
        at = QPoint(header.sectionViewportPosition(column) + 8, header.height() // 2)
        QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=at)
        self.watched.until(self.calm)


def main() -> None:
    """Print what was measured and leave at once."""
    few, many, huge = sys.argv[1:]
    prepare_interpreter()
    app = make_application()
    window = MainWindow()
    window.resize(1440, 900)
    window.show()
    window.workbench.furnish_now()
    job = Job(window)
    with job.watched.phase("open"):
        job.open(few)
        small, large = zip(*((job.open(few), job.open(many)) for _ in range(ROUNDS)), strict=True)
    typed = job.huge(huge)
    stalls = {name: stall for name, stall in job.watched.stalls.items() if name != "open"}
    window.close_now()
    app.processEvents()
    found = {
        "few": statistics.median(small),
        "many": statistics.median(large),
        "typed": typed,
        "stalls": stalls,
    }
    print(json.dumps(found), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
