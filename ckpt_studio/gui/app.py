"""Starts the window: looks at the system first, then makes the one QApplication, and shows a window for each path."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ckpt_studio.gui.system import check_system

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from ckpt_studio.gui.faults import Faults
    from ckpt_studio.gui.main_window import MainWindow

_SWITCH_SECONDS: Final = 0.001
"""Background threads give the interpreter back after this long; it halves a repaint's time beside a busy worker."""


def main(paths: Sequence[str] = ()) -> int:
    """Open a window (one for each path) and return the exit status when the last is closed.

    Raises:
        CkptStudioError: the system lacks something that the window needs.
    """
    check_system()
    sys.setswitchinterval(_SWITCH_SECONDS)
    from ckpt_studio.gui.faults import Faults

    app = make_application()
    faults = Faults(app)
    faults.install()
    windows = [_show(path, faults) for path in paths or ("",)]
    _close_on_signals(app, windows)
    try:
        return app.exec()
    finally:
        faults.uninstall()


def make_application() -> QApplication:
    """The one QApplication, with name, icon and style."""
    from PySide6.QtGui import QGuiApplication
    from PySide6.QtWidgets import QApplication

    from ckpt_studio.gui.icons import app_icon
    from ckpt_studio.gui.style import apply_scheme

    QGuiApplication.setApplicationName("ckpt-studio")
    QGuiApplication.setApplicationDisplayName("")
    QGuiApplication.setDesktopFileName("ckpt-studio")
    app = QApplication([sys.argv[0] or "ckpt-studio"])
    apply_scheme("system")
    app.setWindowIcon(app_icon())
    return app


def _show(path: str, faults: Faults) -> MainWindow:
    from ckpt_studio.gui.main_window import MainWindow

    window = MainWindow(faults)
    window.show()
    if path:
        window.open_path(str(Path(path).absolute()))
    return window


def _close_on_signals(app: QApplication, windows: Sequence[MainWindow]) -> None:
    """SIGINT and SIGTERM close the windows without asking: the staged edits are in their journal."""
    from PySide6.QtCore import QSocketNotifier

    def close_all() -> None:
        for window in windows:
            window.close_now()
        app.quit()

    # Python runs its signal handlers only between its own instructions; the socket wakes Qt's loop for them
    told, teller = socket.socketpair()
    for end in (told, teller):
        end.setblocking(False)
    notifier = QSocketNotifier(told.fileno(), QSocketNotifier.Type.Read, app)
    notifier.activated.connect(lambda: told.recv(64))
    signal.set_wakeup_fd(teller.fileno(), warn_on_full_buffer=False)
    app.aboutToQuit.connect(lambda: (signal.set_wakeup_fd(-1), told.close(), teller.close()))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: close_all())
