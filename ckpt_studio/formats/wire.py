"""Walks the fields of a protobuf message where it stands, so that a few can be found without parsing the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

_HEAD_BYTES: Final = 20
"""Two varints of at most ten bytes: the tag and the length of a field."""

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
"""Kinds of fields: a number, eight bytes, so many bytes as a length before them says, four bytes."""

ReadAt = Callable[[int, int], bytes]
"""`read(offset, size)`: at most `size` bytes from `offset` on, fewer only at the end."""


class Field(NamedTuple):
    """One field: its number and kind, the first byte of its value and the byte after it."""

    number: int
    kind: int
    first: int
    after: int


class WireFault(ValueError):
    """Bytes that are no protobuf message.

    Attributes:
        offset: where it shows.
        short: how many bytes are missing, where a field reaches beyond the end; -1 where it ends in its head; else 0.
    """

    def __init__(self, text: str, offset: int, short: int = 0) -> None:
        super().__init__(text)
        self.offset = offset
        self.short = short


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


def walk(read: ReadAt, start: int, end: int) -> Iterator[Field]:
    """Every field between `start` and `end`, in the order in which they stand.

    Raises:
        WireFault: this is no protobuf message.
    """
    at = start
    while at < end:
        head = read(at, min(_HEAD_BYTES, end - at))
        try:
            tag, used = varint(head, 0)
            number, kind = tag >> 3, tag & 7
            size = 0
            if kind == LENGTH:
                size, used = varint(head, used)
            elif kind == VARINT:
                size = varint(head, used)[1] - used
            elif kind in (FIXED64, FIXED32):
                size = 8 if kind == FIXED64 else 4
            else:
                raise ValueError(f"a field of kind {kind}")
            if not number:
                raise ValueError("a field without a number")
        except IndexError as error:
            raise WireFault("it ends in the middle of a field", at, -1) from error
        except ValueError as error:
            raise WireFault(f"byte {at} begins {error}", at) from error
        first, at = at + used, at + used + size
        if at > end:
            raise WireFault(f"it ends {at - end} bytes too early", first, at - end)
        yield Field(number, kind, first, at)
