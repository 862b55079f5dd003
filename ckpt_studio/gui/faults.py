"""Our own mistakes: said in a banner with a report to copy, written to the log folder, and never repeated endlessly.

An exception in a slot, in a model's `data()` or in a paint event reaches `sys.excepthook` and the program goes on.
"""

from __future__ import annotations

import platform
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final

from PySide6.QtCore import QMessageLogContext, QObject, QtMsgType, Signal, qInstallMessageHandler, qVersion

from ckpt_studio import __version__
from ckpt_studio.core.errors import Cancelled, CkptStudioError, InternalFault
from ckpt_studio.core.resources import home_folder
from ckpt_studio.gui.trouble import Trouble

QUIET_SECONDS: Final = 10.0
"""The same mistake is told once in this time: `data()` repeats it a hundred times a repaint."""
MOST_REPORTS: Final = 20
"""So many reports are written in one run of the program."""


def log_folder() -> Path:
    """Where reports are kept."""
    return home_folder() / "reports"


class Faults(QObject):
    """Stands between the interpreter, Qt and the window."""

    troubled = Signal(object)
    """A Trouble, in the GUI thread; asks whoever shows it."""
    noted = Signal(str)
    """A message of Qt's, for the log."""
    _caught = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._told: dict[str, float] = {}
        self._written = 0
        self._former_hook: Callable[..., object] | None = None
        self._caught.connect(self._tell)

    def install(self) -> None:
        """Take over from the interpreter's and Qt's own ways of telling."""
        self._former_hook = sys.excepthook
        sys.excepthook = self._hook
        threading.excepthook = self._thread_hook
        qInstallMessageHandler(self._message)

    def uninstall(self) -> None:
        """Give them back."""
        if self._former_hook is not None:
            sys.excepthook = self._former_hook
            threading.excepthook = threading.__excepthook__
            qInstallMessageHandler(None)
            self._former_hook = None

    def _hook(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        self._caught.emit(error.with_traceback(trace))

    def _thread_hook(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
            self._caught.emit(args.exc_value)

    def _message(self, kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
        if kind in (QtMsgType.QtWarningMsg, QtMsgType.QtCriticalMsg, QtMsgType.QtFatalMsg):
            sys.stderr.write(f"Qt: {text}\n")
        if self._due(f"qt {text}"):
            self.noted.emit(f"Qt: {text}")

    def _due(self, what: str) -> bool:
        now = time.monotonic()
        if now - self._told.get(what, -QUIET_SECONDS) < QUIET_SECONDS:
            return False
        if len(self._told) > 500:
            self._told.clear()
        self._told[what] = now
        return True

    def _tell(self, error: BaseException) -> None:
        if isinstance(error, Cancelled):
            return
        last = traceback.extract_tb(error.__traceback__)[-1:]
        where = f"{last[0].filename}:{last[0].lineno}" if last else ""
        if not self._due(f"{type(error).__name__} {where}"):
            return
        if isinstance(error, CkptStudioError) and not isinstance(error, InternalFault):
            self.troubled.emit(Trouble.of(error))
            return
        text = full_report(error)
        sys.stderr.write(text)
        path = self._write(text)
        sentence = self.tr("Ckpt Studio made a mistake (%1). The staged edits are kept.").replace(
            "%1", type(error).__name__
        )
        if path is not None:
            sentence += " " + self.tr("The report is in %1.").replace("%1", str(path))
        self.troubled.emit(Trouble(sentence, detail=text))

    def _write(self, text: str) -> Path | None:
        """Put a report into the log folder; None where that is not possible."""
        if self._written >= MOST_REPORTS:
            return None
        self._written += 1
        path = log_folder() / f"report-{time.strftime('%Y%m%d-%H%M%S')}-{self._written}.txt"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8", errors="backslashreplace")
        except OSError:
            return None
        return path


def full_report(error: BaseException) -> str:
    """The traceback of a mistake, with what is needed to understand it."""
    about = f"Ckpt Studio {__version__}, Python {platform.python_version()}, Qt {qVersion()}, {platform.platform()}"
    return f"{about}\n\n{''.join(traceback.format_exception(error))}"
