"""Keeps Python's garbage collector in the GUI thread: elsewhere it may delete a QObject, which ends the process."""

from __future__ import annotations

import gc
from typing import Final

from PySide6.QtCore import QObject, QTimer

_LOOK_MS: Final = 50
_LIMITS: Final = (700, 50, 10)
"""What is more than this, as Python counts it, is looked through for garbage. The second of Python's own limits is 10:
here the young are looked at five times as often, so that a burst of them from a background thread is met in parts."""


class GarbageCollector(QObject):
    """While one of these lives, garbage is collected from its timer and nowhere else."""

    _living = 0
    _closed = False

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._timer.timeout.connect(self._look)
        GarbageCollector._living += 1
        gc.disable()

    def _look(self) -> None:
        for generation in (2, 1, 0):
            if gc.get_count()[generation] > _LIMITS[generation]:
                gc.collect(generation)
                return

    def settle(self) -> None:
        """The start is over: what is there now, imported modules mostly, stays, and no collection looks through it."""
        if not self._closed:
            gc.freeze()
            self._timer.start()

    def close(self) -> None:
        """Hand the collector back, if no other window needs it here."""
        if not self._closed:
            self._closed = True
            self._timer.stop()
            GarbageCollector._living -= 1
            if GarbageCollector._living == 0:
                gc.unfreeze()
                gc.enable()
