"""Writes what TensorBoard reads: an event file in the run's folder, the numbers of each step.

A record is its length (8 bytes, little-endian), a masked CRC-32C of that, an `Event`, and a masked CRC-32C of it; the
first event says the version of the file.
"""

from __future__ import annotations

import struct
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from ckpt_studio.formats.protos.event_pb2 import Event
from ckpt_studio.training.events import Metrics
from ckpt_studio.training.records import masked

_VERSION: Final = "brain.Event:2"
_LOSS: Final = "loss"


class EventFile:
    """One event file. A disk that is full ends the file and not the run.

    Args:
        folder: where it is made.
    """

    def __init__(self, folder: Path) -> None:
        self._file: IO[bytes] | None = None
        now = time.time()
        with suppress(OSError):
            self._file = (folder / f"events.out.tfevents.{int(now)}.ckpt-studio").open("ab")
        self._write(Event(wall_time=now, file_version=_VERSION))

    def add(self, metrics: Metrics) -> None:
        """Add the numbers of some steps, an event a step."""
        now = time.time()
        columns = {_LOSS: metrics.losses, **metrics.scalars}
        for at, step in enumerate(metrics.steps):
            event = Event(wall_time=now, step=step)
            for name, values in columns.items():
                value = values[at]
                if value is not None:
                    event.summary.value.add(tag=name, simple_value=value)
            if event.summary.value:
                self._write(event)
        if self._file is not None:
            with suppress(OSError):
                self._file.flush()

    def close(self) -> None:
        """Write what is left."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._file = None

    def _write(self, event: Event) -> None:
        if self._file is None:
            return
        data = event.SerializeToString()
        length = struct.pack("<Q", len(data))
        try:
            self._file.write(
                b"".join([length, struct.pack("<I", masked(length)), data, struct.pack("<I", masked(data))])
            )
        except OSError:
            self.close()
