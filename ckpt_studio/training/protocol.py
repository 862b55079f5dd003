"""The messages between the window's process and the training process: numbered JSON lines, checked before believed.

Both ends write through `encode` and read through `Parser`. The parent treats what it reads as untrusted: a line that is
too long, is not JSON, is out of order or has fields of the wrong kind ends the run with a sentence.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any, Final

from ckpt_studio.core.errors import RunFault

LINE_BYTES: Final = 1 << 20
"""The longest line that is accepted."""

BEAT_SECONDS: Final = 2.0
"""How often each end says that it is there."""

SILENCE_SECONDS: Final = 20.0
"""How long an end waits for the other's beat before it takes it for dead."""

METRICS_SECONDS: Final = 0.05
"""How often the child sends the metrics that it has gathered."""

Message = dict[str, Any]

_NUMBER = (int, float)
_MOST_SCALARS: Final = 64
_NOT_FINITE: Final = ("NaN", "Infinity", "-Infinity")
_FIELDS: Final[dict[str, dict[str, type | tuple[type, ...]]]] = {
    "ready": {"pid": int},
    "state": {"state": str},
    "metrics": {"steps": list, "losses": list, "scalars": dict, "rate": _NUMBER, "done": int},
    "card": {},
    "checkpoint": {"step": int, "name": str},
    "log": {"text": str},
    "beat": {"idle": _NUMBER},
    "done": {"state": str, "message": str},
    "failed": {"cause": str, "message": str},
    "job": {"file": str},
    "ping": {},
    "stop": {},
    "pause": {},
    "go_on": {},
    "save": {},
}


class ProtocolFault(RunFault):
    """The other end said something that is not part of the protocol."""


def encode(number: int, kind: str, **fields: Any) -> bytes:
    """One line. Losses that are not finite go as the strings "NaN", "Infinity", "-Infinity".

    Raises:
        ProtocolFault: the line would be too long.
    """
    line = (
        json.dumps({"n": number, "type": kind, **fields}, allow_nan=False, separators=(",", ":")).encode()
        + b"\n"
    )
    if len(line) > LINE_BYTES:
        raise ProtocolFault(f"A message of {len(line)} bytes is too long for the pipe.")
    return line


class Parser:
    """Turns bytes as they come into messages."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._next = 0

    def feed(self, data: bytes) -> Iterator[Message]:
        """The messages that `data` completes.

        Raises:
            ProtocolFault: the bytes are not the protocol's.
        """
        self._rest += data
        while True:
            end = self._rest.find(b"\n")
            if end < 0:
                if len(self._rest) > LINE_BYTES:
                    raise ProtocolFault(f"A line of over {LINE_BYTES} bytes came through the pipe.")
                return
            if end > LINE_BYTES:
                raise ProtocolFault(f"A line of over {LINE_BYTES} bytes came through the pipe.")
            line = bytes(self._rest[:end])
            del self._rest[: end + 1]
            yield self._parse(line)

    def _parse(self, line: bytes) -> Message:
        try:
            message = json.loads(line, parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            raise ProtocolFault(f"A line that is not JSON came through the pipe: {line[:80]!r}.") from error
        kind = message.get("type") if isinstance(message, dict) else None
        if not isinstance(kind, str) or kind not in _FIELDS:
            raise ProtocolFault(f"A message of an unknown kind came through the pipe: {line[:80]!r}.")
        if message.get("n") != self._next or isinstance(message.get("n"), bool):
            raise ProtocolFault(f"Message {self._next} was expected, and {str(message.get('n'))[:40]} came.")
        self._next += 1
        for name, types in _FIELDS[kind].items():
            value = message.get(name)
            if (
                not isinstance(value, types)
                or isinstance(value, bool)
                or (value is not None and not _sane(value))
            ):
                raise ProtocolFault(
                    f"The field {name!r} of a {kind!r} message is wrong: {str(value)[:40]!r}."
                )
        if kind == "metrics":
            _check_metrics(message)
        return dict(message)


def _check_metrics(message: Message) -> None:
    steps, scalars = message["steps"], message["scalars"]
    columns = (message["losses"], *scalars.values())
    whole = all(type(step) is int and _sane(step) for step in steps)
    if (
        not whole
        or len(scalars) > _MOST_SCALARS
        or not all(isinstance(column, list) and len(column) == len(steps) for column in columns)
        or not all(_is_number(value) for column in columns for value in column)
    ):
        raise ProtocolFault("The metrics that came through the pipe are not steps and losses.")


def _is_number(value: Any) -> bool:
    return value is None or type(value) in (int, float) or (type(value) is str and value in _NOT_FINITE)


def _sane(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, int) or abs(value) < 1 << 63


def _refuse(text: str) -> float:
    raise ValueError(f"{text} is not JSON")
