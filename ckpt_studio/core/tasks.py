"""Cancel and progress, without threads or Qt, so that every long work can be stopped and watched the same way."""

from __future__ import annotations

import os
import threading
from typing import Final

from ckpt_studio.core.errors import Cancelled


class Task:
    """A piece of work that can be cancelled from another thread and that counts its progress.

    `done` and `total` are in the work's own unit (bytes, mostly); `total` is 0 while unknown. They are plain
    attributes, to be polled by whoever shows them.
    """

    __slots__ = ("_cancelled", "done", "label", "total")

    def __init__(self, label: str = "") -> None:
        self._cancelled = threading.Event()
        self.label = label
        self.done = 0
        self.total = 0

    def cancel(self) -> None:
        """Ask the work to stop at its next look."""
        self._cancelled.set()

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked the work to stop."""
        return self._cancelled.is_set()

    def check(self) -> None:
        """Look once (per block, not per element).

        Raises:
            Cancelled: if the work was asked to stop.
        """
        if self._cancelled.is_set():
            raise Cancelled()

    def advance(self, amount: int) -> None:
        """Count `amount` units as done and look for a cancel.

        Raises:
            Cancelled: if the work was asked to stop.
        """
        self.done += amount
        self.check()


class _Untended(Task):
    """Stands for "nobody watches": progress is dropped, so one object serves all threads."""

    def cancel(self) -> None:
        raise AssertionError("UNTENDED is shared and cannot be cancelled")

    def advance(self, amount: int) -> None:
        """Count nothing."""


UNTENDED: Final[Task] = _Untended()
"""For callers that neither watch nor cancel."""


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
