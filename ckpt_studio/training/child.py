"""Owns the training process: starts it, talks with it over its standard pipes, and notices how it ends.

One thread starts the process, reads it and waits for it. It must be that thread: on Linux the signal that ends a child
with its parent is tied to the thread that started it, so that thread has to live as long as the child.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Final

from ckpt_studio.core.child_environment import child_environment
from ckpt_studio.training.protocol import Message, Parser, ProtocolFault, encode

WORKER: Final = (sys.executable, "-P", "-m", "ckpt_studio.training.worker")
_READ_BYTES = 1 << 16
_LINGER_SECONDS = 5.0
_TAIL_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Ended:
    """The process is gone; the last thing in `Child.messages`.

    Attributes:
        status: its exit status, negative for a signal; None where it could not be started.
        fault: what was wrong with what it said, or why it could not be started.
    """

    status: int | None
    fault: str | None = None


class Child:
    """A training process. Made ahead of time it imports TensorFlow and waits for its job, so that a run starts sooner.

    Args:
        command: what to start (default: the worker); our process id is added as its last argument.

    Attributes:
        messages: what it said, in order, and at last one `Ended`.
    """

    def __init__(self, command: Sequence[str] = WORKER) -> None:
        self.messages: queue.SimpleQueue[Message | Ended] = queue.SimpleQueue()
        self.ended: Ended | None = None
        self._command = tuple(command)
        self._process: subprocess.Popen[bytes] | None = None
        self._started = threading.Event()
        self._sending = threading.Lock()
        self._sent = 0
        self._early: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the process
        self._thread = threading.Thread(target=self._own, name="training-process", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int | None:
        """Its process id, None before it was started or where it could not be."""
        self._started.wait()
        return None if self._process is None else self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it has not ended yet."""
        return self.ended is None

    def send(self, kind: str, **fields: object) -> None:
        """Say something to it; nothing happens if it is gone."""
        self._started.wait()
        if self._process is None or self._process.stdin is None:
            return
        with self._sending, contextlib.suppress(OSError, ValueError):
            self._process.stdin.write(encode(self._sent, kind, **fields))
            self._process.stdin.flush()
            self._sent += 1

    def terminate(self) -> None:
        """Ask the system to end it."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """Make the system end it at once."""
        self._signal(getattr(signal, "SIGKILL", signal.SIGTERM))

    def close(self) -> None:
        """End it and wait for that."""
        self.kill()
        self._thread.join()
        self._early.close()

    def early_output(self) -> str:
        """What it wrote before it had a log file of its own."""
        if self.ended is None:  # the place in the file is shared with it
            return ""
        with contextlib.suppress(OSError, ValueError):
            size = self._early.seek(0, os.SEEK_END)
            self._early.seek(max(0, size - _TAIL_BYTES))
            return self._early.read(_TAIL_BYTES).decode("utf-8", "replace")
        return ""

    def _signal(self, number: int) -> None:
        self._started.wait()
        if self._process is not None and self.ended is None:
            self._process.send_signal(number)  # looks first whether it was waited for

    def _own(self) -> None:
        try:
            self._process = subprocess.Popen(
                (*self._command, str(os.getpid())),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._early,
                env=_environment(),
                start_new_session=True,  # a terminal's Ctrl-C is for us, who then ask it to stop
            )
        except OSError as error:
            self._started.set()
            self._end(Ended(None, f"The training process could not be started: {error.strerror}."))
            return
        self._started.set()
        fault = self._read(self._process)
        self._end(Ended(_wait(self._process), fault))
        with self._sending, contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()

    def _read(self, process: subprocess.Popen[bytes]) -> str | None:
        """Hand on its messages until it closes the pipe; what was wrong, or None."""
        assert process.stdout is not None
        parser = Parser()
        fault: str | None = None
        with process.stdout as pipe:
            while data := os.read(pipe.fileno(), _READ_BYTES):
                if fault is not None:
                    continue
                try:
                    for message in parser.feed(data):
                        self.messages.put(message)
                except ProtocolFault as error:
                    fault = error.message
                    process.kill()
        return fault

    def _end(self, ended: Ended) -> None:
        self.ended = ended
        self.messages.put(ended)


def _wait(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait(_LINGER_SECONDS)
    except subprocess.TimeoutExpired:  # it closed its pipe and went on: nobody would hear of it any more
        process.kill()
        return process.wait()


def _environment() -> dict[str, str]:
    """The child's environment: TensorFlow says less, and nothing waits in a buffer."""
    environment = child_environment(PYTHONUNBUFFERED="1")
    environment.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
    environment["KERAS_BACKEND"] = "tensorflow"  # whatever the person's keras.json says
    return environment
