"""`ckpt-studio train --attended`: a run for a window, which says on standard input what is wanted of it.

See `training.keeper`, which starts it.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ckpt_studio.training.runner import Runner


def lines_of_input() -> Iterator[str]:
    """Lines of standard input as they come, each complete.

    They are read past `sys.stdin`: a thread that waits in it would trip the interpreter up at its end.
    """
    rest = b""
    while data := os.read(sys.stdin.fileno(), 1 << 16):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            yield line.decode("utf-8", "replace")


def obey(runner: Runner, lines: Iterator[str]) -> None:
    """Do on a thread what the lines say; where they end without `stay`, end the run."""
    threading.Thread(target=_obey, args=(runner, lines), name="wishes", daemon=True).start()


def _obey(runner: Runner, lines: Iterator[str]) -> None:
    from ckpt_studio.training import keeper

    do = {
        keeper.STOP: runner.stop,
        keeper.SAVE: runner.checkpoint_now,
        keeper.PAUSE: runner.pause,
        keeper.GO_ON: runner.go_on,
        keeper.KILL: runner.kill,
        keeper.STAY: runner.stay,
    }
    for line in lines:
        if line in do:
            do[line]()
    if runner.attended:
        runner.kill()
