"""What is done to files so that readers stumble: to bytes, numbers, protobuf messages, JSON and text.

Everything takes a `random.Random` and nothing else that could differ from run to run.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from random import Random
from typing import Any, Literal

INTERESTING = (
    *(
        0,
        1,
        2,
        3,
        4,
        7,
        8,
        9,
        15,
        16,
        31,
        32,
        33,
        63,
        64,
        100,
        127,
        128,
        129,
        254,
        255,
        256,
        257,
        1000,
        4095,
        4096,
    ),
    *(
        32767,
        32768,
        65535,
        65536,
        2**20,
        2**24,
        2**28,
        2**31 - 1,
        2**31,
        2**32 - 1,
        2**32,
        2**40,
        2**47,
        2**53,
    ),
    *(
        2**61,
        2**62,
        2**63 - 1,
        2**63,
        2**64 - 2,
        2**64 - 1,
        -1,
        -2,
        -8,
        -127,
        -128,
        -(2**31),
        -(2**62),
        -(2**63),
    ),
)
BYTE_ORDERS: tuple[Literal["little", "big"], ...] = ("little", "little", "big")
_MOST = 1 << 17
_DEEPEST = 12


def number(rng: Random, near: int = 0) -> int:
    """A number that readers stumble over, or one near the one that was there."""
    kind = rng.randrange(6)
    if kind == 0:
        return near + rng.choice((-1, 1, 2, -2, 8, -8))
    if kind == 1:
        return near ^ (1 << rng.randrange(40))
    if kind == 2:
        return rng.randrange(1 << rng.randrange(1, 33))
    return rng.choice(INTERESTING)


def varint(value: int) -> bytes:
    """A varint; negative numbers as protobuf has them."""
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def odd_varint(rng: Random, value: int) -> bytes:
    """A varint, now and then longer than it need be or without an end."""
    raw = varint(value)
    kind = rng.randrange(12)
    if kind == 0:
        return raw[:-1] + bytes([raw[-1] | 128]) + b"\x80" * rng.randrange(9) + b"\0"
    if kind == 1:
        return b"\xff" * rng.randrange(1, 12)
    return raw


def read_varint(data: bytes, at: int) -> tuple[int, int] | None:
    """Value of the varint at a place and the place behind it, None where there is none."""
    value = shift = 0
    while at < len(data) and shift < 70:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value & ((1 << 64) - 1), at
        shift += 7
    return None


def mutated_bytes(rng: Random, data: bytes, others: Sequence[bytes] = ()) -> bytes:
    """Some changes to bytes; `others` is what pieces are taken from, too."""
    out = bytearray(data)
    for _ in range(1 + (rng.random() < 0.4) + (rng.random() < 0.2) + (rng.random() < 0.1)):
        _change(rng, out, others)
    return bytes(out[:_MOST])


def _change(rng: Random, out: bytearray, others: Sequence[bytes]) -> None:
    size = len(out)
    at = rng.randrange(size + 1)
    length = min(rng.choice((1, 1, 2, 4, 8, 16, rng.randrange(1, 200))), size - at)
    kind = rng.randrange(12)
    if kind <= 2 and at < size:
        out[at] ^= 1 << rng.randrange(8)
    elif kind == 3 and at < size:
        out[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
    elif kind == 4:
        width, order = rng.choice((1, 2, 4, 8)), rng.choice(BYTE_ORDERS)
        new = number(rng, int.from_bytes(out[at : at + width], order)) & ((1 << 8 * width) - 1)
        out[at : at + width] = new.to_bytes(width, order)
    elif kind == 5:
        found = read_varint(bytes(out[at : at + 10]), 0)
        if found is not None:
            out[at : at + found[1]] = odd_varint(rng, number(rng, found[0]))
    elif kind == 6:
        del out[at : at + length]
    elif kind == 7:
        out[at:at] = rng.randbytes(length) if rng.random() < 0.5 else bytes(length)
    elif kind == 8:
        out[at:at] = out[at : at + length] * rng.choice((1, 1, 2, 50))
    elif kind == 9:
        del out[at:]
    elif kind == 10 and others:
        other = rng.choice(others)
        start = rng.randrange(len(other) + 1)
        piece = other[start : start + rng.choice((4, 16, 64, 1000))]
        out[at : at + (len(piece) if rng.random() < 0.5 else 0)] = piece
    else:
        to = rng.randrange(size + 1)
        piece = bytes(out[at : at + length])
        out[to : to + length] = piece


# ---- protobuf, by wire format


def parse_fields(data: bytes) -> list[tuple[int, int, Any]] | None:
    """A message as (number, wire type, value); None where it is none."""
    fields: list[tuple[int, int, Any]] = []
    at = 0
    while at < len(data):
        tag = read_varint(data, at)
        if tag is None or not tag[0] >> 3:
            return None
        at, kind = tag[1], tag[0] & 7
        value: Any
        if kind == 0:
            found = read_varint(data, at)
            if found is None:
                return None
            value, at = found
        elif kind in (1, 5):
            width = 8 if kind == 1 else 4
            value, at = data[at : at + width], at + width
            if len(value) != width:
                return None
        elif kind == 2:
            length = read_varint(data, at)
            if length is None or length[1] + length[0] > len(data):
                return None
            value, at = data[length[1] : length[1] + length[0]], length[1] + length[0]
        else:
            return None
        fields.append((tag[0] >> 3, kind, value))
    return fields


def encode_fields(fields: Sequence[tuple[int, int, Any]]) -> bytes:
    """The bytes of a message; a value that does not fit its wire type is written as it is."""
    out = bytearray()
    for place, kind, value in fields:
        out += varint(place << 3 | kind)
        if kind == 0:
            out += varint(value) if isinstance(value, int) else value
        elif kind == 2:
            raw = value if isinstance(value, bytes) else varint(value)
            out += varint(len(raw)) + raw
        else:
            out += (
                value
                if isinstance(value, bytes)
                else struct.pack("<q", _signed(value))[: 8 if kind == 1 else 4]
            )
    return bytes(out)


def _signed(value: int) -> int:
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >> 63 else value


def mutated_message(rng: Random, data: bytes, depth: int = 0) -> bytes:
    """A message with a field changed, somewhere in its depths; lengths on the way there are right again."""
    fields = parse_fields(data)
    if not fields or depth > _DEEPEST:
        return mutated_bytes(rng, data) if rng.random() < 0.8 else _new_field(rng)
    at = rng.randrange(len(fields))
    place, kind, value = fields[at]
    if kind == 2 and value and rng.random() < 0.75:
        inner = parse_fields(value)
        changed = mutated_message(rng, value, depth + 1) if inner else mutated_bytes(rng, value)
        fields[at] = (place, kind, changed)
        return encode_fields(fields)
    choice = rng.randrange(10)
    if choice <= 3:
        fields[at] = (place, kind, _other_value(rng, kind, value))
    elif choice == 4:
        fields[at:at] = [fields[at]] * rng.choice((1, 1, 2, 40))
    elif choice == 5:
        del fields[at]
    elif choice == 6:
        other = rng.randrange(len(fields))
        fields[at], fields[other] = fields[other], fields[at]
    elif choice == 7:
        fields[at] = (rng.choice((place + 1, max(place - 1, 1), rng.randrange(1, 60))), kind, value)
    elif choice == 8:
        fields[at] = (place, rng.choice((0, 1, 2, 3, 4, 5, 6, 7)), value)
    else:
        return encode_fields(fields[:at]) + _new_field(rng) + encode_fields(fields[at:])
    return encode_fields(fields)


def _other_value(rng: Random, kind: int, value: Any) -> Any:
    if kind == 0:
        return number(rng, value)
    if kind == 2:
        return rng.choice((b"", value * 2, mutated_bytes(rng, value), number(rng)))
    return rng.choice((number(rng), rng.randbytes(8 if kind == 1 else 4)))


def _new_field(rng: Random) -> bytes:
    """A field of any number and type, now and then with a length that is not there."""
    place = rng.choice((1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 2047, 2**29 - 1, 0))
    kind = rng.randrange(8)
    tag = varint(place << 3 | kind)
    if kind == 2:
        raw = rng.randbytes(rng.randrange(20))
        length = len(raw) if rng.random() < 0.5 else number(rng, len(raw))
        return tag + odd_varint(rng, length) + raw
    return tag + odd_varint(rng, number(rng)) + bytes(rng.choice((0, 4, 8)))


# ---- JSON and text


def mutated_json(rng: Random, text: bytes, words: Sequence[str] = ()) -> bytes:
    """A document with a value changed, or broken as a text."""
    if rng.random() < 0.35:
        return mutated_text(rng, text.encode(), [word.encode("utf-8", "surrogatepass") for word in words])
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return mutated_bytes(rng, text.encode())
    for _ in range(1 + (rng.random() < 0.3)):
        document = _other_json(rng, document, words)
    out = json.dumps(document, ensure_ascii=rng.random() < 0.8)
    return out.encode("utf-8", "surrogatepass")


def _other_json(rng: Random, value: Any, words: Sequence[str], depth: int = 0) -> Any:
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice(list(value))
        out = dict(value)
        kind = rng.randrange(8)
        if kind <= 4:
            out[key] = _other_json(rng, value[key], words, depth + 1)
        elif kind == 5:
            out[_json_text(rng, words)] = out.pop(key)
        elif kind == 6:
            del out[key]
        else:
            out[rng.choice(list(value))] = value[key]
        return out
    if isinstance(value, list) and value and rng.random() < 0.9:
        at = rng.randrange(len(value))
        kind = rng.randrange(6)
        if kind <= 2:
            return [*value[:at], _other_json(rng, value[at], words, depth + 1), *value[at + 1 :]]
        if kind == 3:
            return [*value[:at], *value[at + 1 :]]
        return [*value[:at], *[value[at]] * rng.choice((2, 2, 3, 40)), *value[at + 1 :]]
    if type(value) is int and rng.random() < 0.8:
        return number(rng, value)
    if isinstance(value, str) and rng.random() < 0.8:
        return _json_text(rng, words)
    deep: Any = []
    for _ in range(rng.choice((0, 1, 60, 130, 400)) if rng.random() < 0.3 else 0):
        deep = [deep] if rng.random() < 0.5 else {"a": deep}
    return rng.choice((None, True, False, 1.5, -0.0, 1e300, {}, [], [1], {"a": 1}, "", number(rng), deep))


def _json_text(rng: Random, words: Sequence[str]) -> str:
    if words and rng.random() < 0.7:
        return rng.choice(words)
    return rng.choice(
        ("", "a", "/", "..", "a/b", "\0", "\n", "\ud800", "é", "x" * 300, "__metadata__", "-1", "1e9")
    )


def mutated_text(rng: Random, text: bytes, words: Sequence[bytes]) -> bytes:
    """A text with words put in, lines moved and numbers changed."""
    if not words or rng.random() < 0.3:
        return mutated_bytes(rng, text)
    out = bytearray(text)
    for _ in range(1 + (rng.random() < 0.4)):
        at = rng.randrange(len(out) + 1)
        word = rng.choice(words)
        kind = rng.randrange(4)
        if kind == 0:
            out[at:at] = word
        elif kind == 1:
            out[at : at + len(word)] = word
        elif kind == 2:
            digits = [place for place, byte in enumerate(out) if 48 <= byte <= 57]
            if digits:
                start = end = rng.choice(digits)
                while end < len(out) and 48 <= out[end] <= 57:
                    end += 1
                out[start:end] = str(number(rng)).encode()
        else:
            out[at:at] = word * rng.choice((2, 30, 1000))
    return bytes(out[:_MOST])
