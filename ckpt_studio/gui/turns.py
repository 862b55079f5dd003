"""Long work of the window's thread in parts, between which it paints and answers."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer


def in_next_turn(owner: QObject, part: Callable[[], object]) -> None:
    """Call something in a later turn of the event loop, unless its owner is gone by then.

    `QTimer.singleShot(0, ...)` posts it instead, and what is posted while posted events are being handled is handled
    with them: a chain of such parts is one long turn.
    """
    timer = QTimer(owner, singleShot=True, interval=0)
    timer.timeout.connect(part)
    timer.timeout.connect(timer.deleteLater)
    timer.start()
