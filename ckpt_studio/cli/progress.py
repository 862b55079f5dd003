"""How far a long command is, in one line of a terminal that is written over; nothing where nobody would see it."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Final

from ckpt_studio.cli.table import bytes_text
from ckpt_studio.core.tasks import Task

_PAUSE: Final = 0.1
_CLEAR: Final = "\r\x1b[K"


class TerminalTask(Task):
    """A task that says on standard error how much of it is done. A context manager: the line goes at the end."""

    def __init__(self, label: str) -> None:
        super().__init__(label)
        self._told = time.monotonic()
        self._shown = False
        self._seen = sys.stderr.isatty()

    def __enter__(self) -> TerminalTask:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:
            print(_CLEAR, end="", file=sys.stderr, flush=True)

    def advance(self, amount: int) -> None:
        """Count, and tell now and then."""
        super().advance(amount)
        now = time.monotonic()
        if self._seen and self.total and now - self._told >= _PAUSE:
            self._told, self._shown = now, True
            text = f"{self.label} {100 * self.done // self.total} % of {bytes_text(self.total)}"
            print(f"{_CLEAR}{text}", end="", file=sys.stderr, flush=True)
