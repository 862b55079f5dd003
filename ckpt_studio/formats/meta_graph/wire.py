"""Walks the top-level fields of a `.meta` file, so that a collection is found without parsing the graph beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ckpt_studio.core.errors import Corrupt, Truncated

_HEAD_BYTES = 20
"""Two varints of at most ten bytes: the tag and the length of a field."""

ReadAt = Callable[[int, int], bytes]
"""`read(offset, size)`: at most `size` bytes from `offset` on, fewer only at the end."""


def varint(data: bytes, at: int) -> tuple[int, int]:
    """The number at `at` and where the next byte lies.

    Raises:
        IndexError: the bytes end inside the number.
        ValueError: more than ten bytes.
    """
    value = 0
    for place in range(10):
        byte = data[at + place]
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at + place + 1
    raise ValueError("a varint of more than ten bytes")


def fields(read: ReadAt, start: int, end: int, said: str) -> Iterator[tuple[int, int, int]]:
    """(number, first byte of the value, byte after it) of every length-delimited field between `start` and `end`.

    Fields of other kinds are passed over. `said` is how sentences name the file.

    Raises:
        Truncated: a field reaches beyond `end`.
        Corrupt: no protobuf message.
    """
    at = start
    while at < end:
        head = read(at, min(_HEAD_BYTES, end - at))
        try:
            tag, used = varint(head, 0)
            number, kind = tag >> 3, tag & 7
            if kind == 2:
                size, used = varint(head, used)
            elif kind == 0:
                _, used = varint(head, used)
                size = 0
            elif kind in (1, 5):
                size = 8 if kind == 1 else 4
            else:
                raise ValueError(f"a field of kind {kind}")
            if not number:
                raise ValueError("a field without a number")
        except IndexError as error:
            raise Truncated(f"{said} ends in the middle of a field.", offset=at) from error
        except ValueError as error:
            raise Corrupt(f"{said} is no MetaGraph: byte {at} begins {error}.", offset=at) from error
        first, at = at + used, at + used + size
        if at > end:
            raise Truncated(
                f"{said} ends {at - end} bytes too early; it was not written to its end.", offset=first
            )
        if kind == 2:
            yield number, first, at
