"""The protocol between the program and its HDF5 process: frames of a kind, a length and so many bytes, all bounded."""

from __future__ import annotations

from enum import IntEnum
from struct import Struct
from typing import IO, Final

HEAD: Final = Struct("<BI")
"""Kind and length of what follows."""
WANT: Final = Struct("<QI")
"""Offset and size of a piece of the file."""
LENGTH: Final = Struct("<I")
"""What stands before each string of values."""

MOST_PIECE: Final = 4 << 20
"""Bytes of the file that are asked for at once."""
MOST_VALUES: Final = 8 << 20
"""Bytes of values that one request answers with."""
MOST_TEXT: Final = 80 << 20
"""Bytes of a frame of text: a batch of rows, or one group with a model's configuration."""
SLACK: Final = 1 << 20
"""All texts of a file together are no longer than the file and this: whatever is longer is told more than once."""
_MOST_PATHS: Final = 48 << 20


class Kind(IntEnum):
    """What a frame is; the first two go to the child, the others come from it."""

    request = 1
    piece = 2
    want = 3
    listing = 4
    values = 5
    fault = 6
    done = 7


MOST: Final = {
    Kind.request: 1 << 20,
    Kind.piece: MOST_PIECE,
    Kind.want: WANT.size,
    Kind.listing: MOST_TEXT,
    Kind.values: MOST_VALUES,
    Kind.fault: 1 << 12,
    Kind.done: 0,
}


def most_paths(size: int) -> int:
    """Bytes of all paths that a file of so many bytes may have: an object takes more than its name does."""
    return min(_MOST_PATHS, 2 * size + SLACK)


class FrameFault(Exception):
    """The other side ended, or said what cannot be."""


def send(pipe: IO[bytes], kind: Kind, payload: bytes | memoryview = b"") -> None:
    """Write one frame.

    Raises:
        OSError: the other side is gone.
    """
    pipe.write(HEAD.pack(kind, len(payload)))
    if len(payload):
        pipe.write(payload)
    pipe.flush()


def receive_head(pipe: IO[bytes]) -> tuple[Kind, int]:
    """Kind and length of the next frame, within its bound.

    Raises:
        FrameFault: the pipe ended, or it is no frame.
    """
    kind, length = HEAD.unpack(receive_bytes(pipe, HEAD.size))
    if kind not in MOST or length > MOST[Kind(kind)]:
        raise FrameFault(f"a frame of kind {kind} with {length} bytes")
    return Kind(kind), length


def receive_bytes(pipe: IO[bytes], length: int) -> bytes:
    """Exactly so many bytes.

    Raises:
        FrameFault: the pipe ended before.
    """
    data = pipe.read(length) if length else b""
    if len(data) != length:
        raise FrameFault("the pipe ended")
    return data
