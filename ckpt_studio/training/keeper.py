"""The process that owns a run for a window: `ckpt-studio train --attended`, told what is wanted by lines on its input.

It is made ahead of time, imports what a run needs and starts the training process, so that a run begins at once. The
first line is the SPEC, each one after it a wish. The end of the input ends the run, unless the last wish was `stay`:
so a run dies with its window, however that dies, until somebody wants it to go on.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from contextlib import suppress
from typing import IO, Final

from ckpt_studio.core.child_environment import child_environment
from ckpt_studio.core.errors import RunFault
from ckpt_studio.training.spec import RunSpec

COMMAND: Final = (sys.executable, "-m", "ckpt_studio", "train", "--attended")
STOP: Final = "stop"
SAVE: Final = "save"
PAUSE: Final = "pause"
GO_ON: Final = "go_on"
KILL: Final = "kill"
STAY: Final = "stay"
WISHES: Final = frozenset({STOP, SAVE, PAUSE, GO_ON, KILL, STAY})
"""What a line after the first may be."""
_END_SECONDS: Final = 10.0
_SAID_BYTES: Final = 4 << 20


class Keeper:
    """One such process, of which no run is known yet.

    Raises:
        RunFault: it could not be started.
    """

    def __init__(self) -> None:
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the process
        try:
            self._process = subprocess.Popen(
                COMMAND, stdin=subprocess.PIPE, stdout=self._said, stderr=subprocess.DEVNULL,
                env=child_environment(), start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            self._said.close()
            raise RunFault(f"The run could not be started: {error.strerror}.") from error

    @property
    def alive(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def begin(self, spec: RunSpec) -> None:
        """Tell it the run; nothing happens if it is gone."""
        self._write(json.dumps(spec.to_json()))

    def wish(self, word: str) -> None:
        """Tell it what is wanted of the run, one of `WISHES`; nothing happens if it is gone."""
        self._write(word)

    def said(self) -> list[bytes]:
        """The lines that it printed, once it has ended: `events.jsonl` lacks them where there was no room for it."""
        self._said.seek(0)
        return self._said.read(_SAID_BYTES).splitlines()

    def leave(self) -> None:
        """Let the run go on without us."""
        self.wish(STAY)
        self._end_input()
        self._said.close()

    def close(self) -> None:
        """End it, and its run with it, and wait for that."""
        self._end_input()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._said.close()

    def _write(self, line: str) -> None:
        pipe = self._process.stdin
        assert pipe is not None
        with suppress(OSError, ValueError):
            pipe.write(line.encode() + b"\n")
            pipe.flush()

    def _end_input(self) -> None:
        pipe = self._process.stdin
        assert pipe is not None
        with suppress(OSError):
            pipe.close()
