"""What goes through the pipes: pickles, which this program makes for itself. Nothing of a file is ever unpickled."""

from __future__ import annotations

import pickle
from typing import IO, Any, Final

NO_MORE: Final = (EOFError, OSError, ValueError, pickle.UnpicklingError)
"""What sending and receiving raise where the other side is gone, or the pipe was closed here."""


def packed(thing: Any) -> bytes:
    """A thing as bytes; equal ones of the same making give equal bytes."""
    return pickle.dumps(thing)


def unpacked(data: bytes) -> Any:
    """What was packed."""
    return pickle.loads(data)  # noqa: S301 - see above


def send(pipe: IO[bytes], message: tuple[Any, ...]) -> None:
    """Write one message, at once."""
    pickle.dump(message, pipe)
    pipe.flush()


def receive(pipe: IO[bytes]) -> Any:
    """The next message."""
    return pickle.load(pipe)  # noqa: S301 - see above
