"""Imports what the first paint did not wait for, on one background thread, before anything else asks for it.

Numpy and pyqtgraph have import cycles: when two threads import them at once, Python hands out half-made modules. And
PySide6 makes the Python type of a Qt class when its name is first asked for; two threads that do so at once end the
process. So whatever names Qt is imported in the GUI thread, and what is imported here does not.

pyqtgraph is the exception: it names all of Qt, which takes longer than the start of the window. It is imported for
the first curve of a run, here, after the GUI thread has asked for every name (`QtNames`), a few at a time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from importlib import import_module
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal

from ckpt_studio.core.tasks import UNTENDED, Task

TO_DRAW: Final = (
    "ckpt_studio.gui.views.histogram_controls",
    "ckpt_studio.gui.views.histogram_legend",
    "ckpt_studio.gui.views.histogram_plot",
)
"""What drawing the first variable needs; it names Qt and no numpy, so the GUI thread imports it."""
TO_OPEN: Final = (
    "numpy",
    "ckpt_studio.formats.registry",
    "ckpt_studio.formats.folder",
    "ckpt_studio.document.document",
    "ckpt_studio.document.journal",
    "ckpt_studio.gui.models.tree_work",
    "ckpt_studio.gui.panels.facts",
    "ckpt_studio.analysis.distribution",
    "ckpt_studio.training.events",
)
"""What opening a checkpoint, showing its tree and looking at a variable need."""
FOR_CURVES: Final = ("pyqtgraph", "ckpt_studio.gui.panels.loss_plot")
"""What the curve of a run needs; it follows `QtNames`."""
_QT: Final = ("QtCore", "QtGui", "QtWidgets", "QtSvg", "QtTest", "QtOpenGLWidgets")
"""Modules whose names pyqtgraph asks for when it is imported; QtOpenGL comes with the last, and waits for a drawing."""
_SLICE_SECONDS: Final = 0.008

_importing = threading.Lock()


class QtNames(QObject):
    """Asks for every name of the Qt modules, in slices that leave the window responsive."""

    done = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._names = self._each()
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._slice)

    def start(self) -> None:
        """Begin; `done` follows."""
        self._timer.start()

    def _slice(self) -> None:
        until = time.perf_counter() + _SLICE_SECONDS
        for _ in self._names:
            if time.perf_counter() > until:
                return
        self._timer.stop()
        self.done.emit()

    @staticmethod
    def _each() -> Iterator[str]:
        for module in _QT:
            try:
                there = import_module(f"PySide6.{module}")
            except ImportError:  # not every build has OpenGL
                continue
            for name in dir(there):
                getattr(there, name, None)
                yield name


def import_all(names: tuple[str, ...], task: Task = UNTENDED) -> None:
    """Import these modules, one after another."""
    with _importing:
        for name in names:
            task.check()
            import_module(name)
