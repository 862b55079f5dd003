"""The training process's end of the pipe: takes over the standard streams, gathers metrics, beats, and obeys."""

from __future__ import annotations

import faulthandler
import os
import queue
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ckpt_studio.training.clock import AwakeTime
from ckpt_studio.training.protocol import (
    BEAT_SECONDS,
    METRICS_SECONDS,
    SILENCE_SECONDS,
    Parser,
    ProtocolFault,
    encode,
)
from ckpt_studio.training.strict import strict

_STUCK_SECONDS: Final = 3 * SILENCE_SECONDS
ORPHANED: Final = 3
"""Exit status of a training process whose parent is gone."""
Step = tuple[int, float | None, Mapping[str, float | None]]
"""A step that was done: its number, its loss, and other numbers by name."""
_STEPS_A_MESSAGE = 4096
_RATE_SECONDS = 3.0


class Link:
    """Talks with the parent. Made once, before anything else writes to the standard streams.

    Attributes:
        stop: set when the run shall end after this step.
        asked_to_stop: set when somebody has asked for that; the same, but where workers have to agree upon it first.
        stops_by_agreement: whether they have.
        save: set when a checkpoint is wanted after this step.
        paused: set while no step shall be done.
        wanted: set when one of these has changed.
    """

    def __init__(self) -> None:
        self._in = os.dup(0)
        self._out = os.dup(1)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
        os.dup2(2, 1)  # what libraries print is log, not protocol
        self.stop = threading.Event()
        self.asked_to_stop = threading.Event()
        self.stops_by_agreement = False
        self.save = threading.Event()
        self.paused = threading.Event()
        self.wanted = threading.Event()
        self._jobs: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._steps: deque[Step] = deque()
        self._sending = threading.Lock()
        self._flushing = threading.Lock()
        self._sent = 0
        self._done = 0
        self._last_step = time.monotonic()
        self._samples: deque[tuple[float, int]] = deque([(self._last_step, 0)])
        self._watched = False
        self._told = threading.Event()

    def start(self) -> None:
        """Begin to listen and to beat."""
        threading.Thread(target=self._listen, name="link-in", daemon=True).start()
        threading.Thread(target=self._beat, name="link-out", daemon=True).start()

    @property
    def has_job(self) -> bool:
        """Whether a job has come already."""
        return not self._jobs.empty()

    def wait_for_job(self) -> str:
        """Path of the job. From here on, a parent that does not beat ends this process."""
        job = self._jobs.get()
        self._watched = True
        faulthandler.dump_traceback_later(_STUCK_SECONDS, exit=True)
        return job

    def ask_to_stop(self) -> None:
        """As if the parent had said so."""
        self.asked_to_stop.set()
        if self.stops_by_agreement:
            self.paused.clear()  # the others learn of it with the next step
        else:
            self.stop.set()
        self.wanted.set()

    def log_to(self, path: Path) -> None:
        """Send standard output and error to a file from here on."""
        sys.stdout.flush()
        sys.stderr.flush()
        log = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)

    def say(self, kind: str, **fields: Any) -> None:
        """Send a message; metrics that were gathered before it go first."""
        if kind != "beat":
            self.flush()
        self._send(kind, **fields)

    def step(self, step: int, loss: float | None, scalars: Mapping[str, float | None]) -> None:
        """A step is done. Costs nothing but a place in a list: the sender takes many at once."""
        self._steps.append((step, loss, scalars))
        self._last_step = time.monotonic()

    def _send(self, kind: str, **fields: Any) -> None:
        with self._sending:
            data = encode(self._sent, kind, **fields)
            self._sent += 1
            try:
                while data:
                    data = data[os.write(self._out, data) :]
            except OSError:
                os._exit(ORPHANED)

    def flush(self) -> None:
        """Send the metrics that were gathered."""
        with self._flushing:  # two threads that took turns would mix up the steps
            while self._steps:
                taken: list[Step] = []
                while self._steps and len(taken) < _STEPS_A_MESSAGE // (1 + len(self._steps[0][2])):
                    taken.append(self._steps.popleft())
                self._done += len(taken)
                self._send("metrics", **_columns(taken), rate=self._rate(), done=self._done)

    def _rate(self) -> float:
        now = time.monotonic()
        self._samples.append((now, self._done))
        while len(self._samples) > 2 and now - self._samples[0][0] > _RATE_SECONDS:
            self._samples.popleft()
        since, done = self._samples[0]
        return (self._done - done) / (now - since) if now > since else 0.0

    def _beat(self) -> None:
        beaten, awake, heard = 0.0, AwakeTime(), 0.0
        while True:
            time.sleep(METRICS_SECONDS)
            self.flush()
            if self._told.is_set() or not self._watched:
                self._told.clear()
                heard = awake()
            elif awake() - heard > SILENCE_SECONDS:
                os._exit(ORPHANED)
            now = time.monotonic()
            if now - beaten >= BEAT_SECONDS:
                beaten = now
                self._send("beat", idle=round(now - self._last_step, 2))

    def _listen(self) -> None:
        parser = Parser()
        while data := os.read(self._in, 1 << 16):
            try:
                for message in parser.feed(data):
                    self._obey(message["type"], message)
            except ProtocolFault:
                break
        os._exit(ORPHANED)

    def _obey(self, kind: str, message: dict[str, Any]) -> None:
        self._told.set()
        if self._watched:  # outside of Python, for an interpreter that is stuck
            faulthandler.dump_traceback_later(_STUCK_SECONDS, exit=True)
        if kind == "job":
            self._jobs.put(message["file"])
        elif kind == "stop":
            self.ask_to_stop()
        elif kind == "save":
            self.save.set()
        elif kind == "pause":
            self.paused.set()
        elif kind == "go_on":
            self.paused.clear()
        self.wanted.set()


def _columns(taken: list[Step]) -> dict[str, Any]:
    """The steps as a message holds them: a list of each kind of number."""
    names = dict.fromkeys(name for _, _, scalars in taken for name in scalars)
    return {
        "steps": [step for step, _, _ in taken],
        "losses": [strict(loss) for _, loss, _ in taken],
        "scalars": {name: [strict(scalars.get(name)) for _, _, scalars in taken] for name in names},
    }
