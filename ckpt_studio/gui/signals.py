"""SIGINT and SIGTERM close the windows in good order, instead of cutting them off."""

from __future__ import annotations

import signal
import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSocketNotifier
from PySide6.QtWidgets import QApplication

if TYPE_CHECKING:
    from ckpt_studio.gui.main_window import MainWindow


def close_on_signals(app: QApplication, windows: Sequence[MainWindow]) -> None:
    """From now on both signals close these windows without asking: the staged edits are in their journal."""

    def close_all() -> None:
        for window in windows:
            window.close_now()
        app.quit()

    # Python runs its signal handlers only between its own instructions; the socket wakes Qt's loop for them.
    told, teller = socket.socketpair()
    for end in (told, teller):
        end.setblocking(False)
    notifier = QSocketNotifier(told.fileno(), QSocketNotifier.Type.Read, app)

    def read_away() -> None:
        if told.fileno() >= 0:  # Python may run a handler, and all that it closes, on the way in here
            told.recv(64)

    notifier.activated.connect(read_away)
    signal.set_wakeup_fd(teller.fileno(), warn_on_full_buffer=False)

    def give_back() -> None:
        notifier.setEnabled(False)
        signal.set_wakeup_fd(-1)
        told.close()
        teller.close()

    app.aboutToQuit.connect(give_back)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: close_all())
