"""Finds the fields of a `.meta` file, so that a collection is read without parsing the graph beside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ckpt_studio.core.errors import Corrupt, Truncated
from ckpt_studio.formats.wire import LENGTH, ReadAt, WireFault, walk

_MOST: Final = 100_000
"""Fields of one message: graphs have some dozens, and each costs a read."""


def fields(
    read: ReadAt, start: int, end: int, said: str, most: int = _MOST
) -> Iterator[tuple[int, int, int]]:
    """(number, first byte of the value, byte after it) of every length-delimited field between `start` and `end`.

    Fields of other kinds are passed over. `said` is how sentences name the file. More than `most` fields are damage.

    Raises:
        Truncated: a field reaches beyond `end`.
        Corrupt: no protobuf message.
    """
    try:
        for count, (number, kind, first, after) in enumerate(walk(read, start, end)):
            if count == most:
                raise Corrupt(f"{said} has more than {most} parts, too many to be believed.", offset=first)
            if kind == LENGTH:
                yield number, first, after
    except WireFault as fault:
        if fault.short < 0:
            raise Truncated(f"{said} ends in the middle of a field.", offset=fault.offset) from fault
        if fault.short:
            raise Truncated(
                f"{said} ends {fault.short} bytes too early; it was not written to its end.",
                offset=fault.offset,
            ) from fault
        raise Corrupt(f"{said} is no MetaGraph: {fault}.", offset=fault.offset) from fault
