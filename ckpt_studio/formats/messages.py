"""The fields of very many protobuf messages as columns: an object graph of a hundred thousand variables without an
object for any of its nodes.

All messages are walked side by side, their n-th fields in one step; the few that are left with very many fields, as a
list of all variables is, are walked one by one.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.formats.wire import LENGTH, VARINT, varint

_FEW: Final = 48
"""Below so many messages, a step for each costs less than a step for all."""

_INT32: Final = (1 << 31) - 1
_WORD: Final = 8
_FIXED: Final = np.array([0, 8, 0, 0, 0, 4, 0, 0], np.int64)


@dataclass(frozen=True, eq=False)
class Fields:
    """Fields of messages, those of one message in the order in which they stand.

    Attributes:
        owner: int32 [F], the message that each belongs to.
        number: int32 [F], its number.
        first, after: int32 [F], where its bytes begin and end; of a number, the number itself (-1 for what is negative
            or larger than an int32) and 0.
    """

    owner: NDArray[np.int32]
    number: NDArray[np.int32]
    first: NDArray[np.int32]
    after: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.owner)

    def of(self, number: int) -> Fields:
        """Those with this number."""
        return self.take(np.flatnonzero(self.number == number))

    def take(self, which: NDArray[np.int64]) -> Fields:
        """Some of them."""
        return Fields(self.owner[which], self.number[which], self.first[which], self.after[which])

    def last(self, number: int, count: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """`first` and `after` of the last such field of each of `count` messages; zeros where one has none."""
        found = self.of(number)
        first, after = np.zeros(count, np.int32), np.zeros(count, np.int32)
        first[found.owner] = found.first
        after[found.owner] = found.after
        return first, after


class Messages:
    """Bytes that hold messages.

    Attributes:
        raw: the bytes, less than 2 GiB.
    """

    def __init__(self, raw: bytes) -> None:
        if len(raw) > _INT32:
            raise ValueError("messages of more than 2 GiB")
        self.raw = raw
        self._buffer = np.frombuffer(raw, np.uint8)

    def texts(self, first: NDArray[np.int32], after: NDArray[np.int32]) -> list[bytes]:
        """The bytes of each field."""
        raw = self.raw
        return [raw[start:stop] for start, stop in zip(first.tolist(), after.tolist(), strict=True)]

    def are(self, first: NDArray[np.int32], after: NDArray[np.int32], text: bytes) -> NDArray[np.bool_]:
        """Which fields hold exactly this text."""
        same: NDArray[np.bool_] = after - first == len(text)
        for start in range(0, len(text), _WORD):
            part = text[start : start + _WORD]
            rows = np.flatnonzero(same)
            same[rows] = self._words(first[rows] + start, len(part)) == int.from_bytes(part, "little")
        return same

    def _words(self, at: NDArray[np.int32], size: int) -> NDArray[np.uint64]:
        """So many bytes, up to eight, from each place on, as one number."""
        buffer = self._buffer if len(self.raw) >= _WORD else np.frombuffer(self.raw + bytes(_WORD), np.uint8)
        words: NDArray[np.uint64] = np.ndarray((len(buffer) - _WORD + 1,), "<u8", buffer, strides=(1,))
        place = np.minimum(at, len(words) - 1)
        return words[place] >> (8 * (at - place)).astype(np.uint64) & np.uint64((1 << 8 * size) - 1)

    def whole(self) -> Fields:
        """The fields of the one message that all the bytes are.

        Raises:
            ValueError: they are no message.
        """
        return self.fields(np.zeros(1, np.int32), np.full(1, len(self.raw), np.int32))

    def fields(self, first: NDArray[np.int32], after: NDArray[np.int32]) -> Fields:
        """All fields of the messages that stand there.

        Raises:
            ValueError: one of them is no message.
        """
        try:
            return self._fields(first, after)
        except IndexError as error:
            raise ValueError("a field that is cut off") from error

    def _fields(self, first: NDArray[np.int32], after: NDArray[np.int32]) -> Fields:
        steps: list[tuple[NDArray[np.int32], ...]] = []
        owner = np.flatnonzero(first < after)
        at, end = first[owner].astype(np.int64), after[owner].astype(np.int64)
        while len(owner) > _FEW:
            number, value, stop, behind = self._step(at, end)
            value[value > _INT32] = -1
            steps.append(tuple(column.astype(np.int32) for column in (owner, number, value, stop)))
            live = np.flatnonzero(behind < end)
            owner, at, end = owner[live], behind[live], end[live]
        if not steps:
            return Fields(*self._rest(owner, at, end))
        columns = [np.concatenate(column) for column in zip(*steps, self._rest(owner, at, end), strict=True)]
        order = np.argsort(columns[0], kind="stable")
        return Fields(*(column[order] for column in columns))

    def _step(
        self, at: NDArray[np.int64], end: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Number, value (or first byte), end and what lies behind of one field of each message."""
        tag, position = self._varints(at)
        kind = tag & 7
        value, behind = position.copy(), position + _FIXED[kind]
        numbers = np.flatnonzero((kind == VARINT) | (kind == LENGTH))
        value[numbers], behind[numbers] = self._varints(position[numbers])
        size = np.where(kind == LENGTH, value, 0)
        value = np.where(kind == LENGTH, behind, value)
        odd = (
            (tag < 8)
            | (tag > _INT32)
            | (kind == 3)
            | (kind == 4)
            | (kind > 5)
            | (size < 0)
            | (size > end - behind)
        )
        if (odd | (behind > end)).any():
            raise ValueError("a field that no message has")
        behind = behind + size
        return tag >> 3, value, np.where(kind == VARINT, 0, behind), behind

    def _varints(self, at: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Values of the varints there (-1 for what is negative or too long), and the positions behind.

        Raises:
            IndexError: the bytes end before.
        """
        byte = self._buffer[at]
        value, after = byte.astype(np.int64) & 0x7F, at + 1
        more = np.flatnonzero(byte >= 0x80)
        for shift in range(7, 70, 7):
            if not more.size:
                break
            byte = self._buffer[after[more]]
            value[more] = value[more] | (byte & 0x7F).astype(np.int64) << shift if shift < 63 else -1
            after[more] += 1
            more = more[byte >= 0x80]
        value[more] = -1
        return value, after

    def _rest(
        self, owner: NDArray[np.int64], at: NDArray[np.int64], end: NDArray[np.int64]
    ) -> tuple[NDArray[np.int32], ...]:
        """The fields of a few messages, one after the other."""
        places = array("q")
        counts = []
        for position, stop in zip(at.tolist(), end.tolist(), strict=True):
            before = len(places)
            _walk(self.raw, position, stop, places.append)
            counts.append(len(places) - before)
        number, value, after, _ = self._step(np.frombuffer(places, np.int64), np.repeat(end, counts))
        value[value > _INT32] = -1
        columns = (np.repeat(owner, counts), number, value, after)
        return tuple(column.astype(np.int32) for column in columns)


def _walk(raw: bytes, at: int, stop: int, add: Callable[[int], None]) -> None:
    """Hand over where each field of one message begins.

    Raises:
        ValueError: it is no message.
    """
    try:
        while at < stop:
            add(at)
            tag, size = raw[at], raw[at + 1]
            if tag & 0x87 == LENGTH and size < 0x80:
                at += 2 + size
                continue
            if tag & 0x87 == LENGTH and raw[at + 2] < 0x80:
                at += 3 + (size & 0x7F) + (raw[at + 2] << 7)
                continue
            tag, at = varint(raw, at)
            if tag & 7 in (VARINT, LENGTH):
                size, at = varint(raw, at)
                at += size if tag & 7 == LENGTH else 0
            else:
                at += int(_FIXED[tag & 7])
            if tag & 7 in (3, 4, 6, 7):
                raise ValueError("a field of an unknown kind")
    except IndexError as error:
        raise ValueError("a field that is cut off") from error
    if at > stop:
        raise ValueError("a field that reaches too far")
