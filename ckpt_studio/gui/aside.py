"""Work that nobody waits for stands aside while the window's thread has something to do, and so never adds to a stall.

A thread of Python that computes delays another even where each has a processor: each call of Qt gives the interpreter
away, and whoever took it meanwhile keeps it for a while. A turn of the event loop makes hundreds of such calls.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import suppress
from typing import Final

from ckpt_studio.core.tasks import Task

_NICENESS: Final = 10
_SHARE: Final = 0.1
"""A thread that spent more of the time on a processor is at work."""
_LOOK_SECONDS: Final = 0.002
_PATIENCE_SECONDS: Final = 0.03
"""A window that is always at work does not keep the figures away for ever."""


def stand_back() -> None:
    """Let the window's thread go first where both want a processor; threads made by this one inherit that."""
    with suppress(OSError, AttributeError):  # not every system ranks single threads
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


class AsideTask(Task):
    """A task whose every look waits until the thread that made it is idle."""

    __slots__ = ("_clock", "_looked")

    def __init__(self, label: str = "") -> None:
        super().__init__(label)
        self._clock: int | None = None
        if sys.platform == "linux":  # other systems have no clock of another thread
            self._clock = time.pthread_getcpuclockid(threading.get_ident())
        self._looked = (0.0, 0.0)
        self._at_work()

    def check(self) -> None:
        """As `Task.check`, after the wait."""
        super().check()
        until = time.monotonic() + _PATIENCE_SECONDS
        while self._at_work() and time.monotonic() < until:
            time.sleep(_LOOK_SECONDS)
            super().check()

    def _at_work(self) -> bool:
        """Whether the thread worked between the last look and now."""
        if self._clock is None:
            return False
        then, spent = self._looked
        now, used = self._looked = time.monotonic(), time.clock_gettime(self._clock)
        return used - spent > _SHARE * (now - then)
