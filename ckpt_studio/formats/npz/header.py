"""The header of one NumPy array: a literal of Python, read by a small grammar of our own and never evaluated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ckpt_studio.core.dtypes import BY_NAME, FOREIGN, DType

MAGIC: Final = b"\x93NUMPY"
MOST_BYTES: Final = 10_000
"""NumPy itself believes no longer header from a stranger."""

_KEYS: Final = frozenset({"descr", "fortran_order", "shape"})
_DEEPEST: Final = 20
_PLAIN: Final = re.compile(
    r"\{'descr': '([^'\\]*)', 'fortran_order': (False|True), "
    r"'shape': \(((?:\d+,|\d+(?:, ?\d+)+)?)\), ?\}[ ]*\n?",
    re.ASCII,
)
_TOKEN: Final = re.compile(
    r"[ \t\n\r\f]*(?:(?P<text>'[^'\\\n]*'|\"[^\"\\\n]*\")|(?P<number>-?(?:0|[1-9][0-9]{0,30})L?)(?![0-9A-Za-z_.])"
    r"|(?P<word>True|False|None)(?![0-9A-Za-z_])|(?P<mark>[{}()\[\],:])|(?P<end>$))"
)
_WORDS: Final = {"True": True, "False": False, "None": None}
_SCALAR: Final = re.compile(r"([<>|=]?)([a-zA-Z])(\d{1,10})(\[[^\]]*\])?", re.ASCII)
_NUMBERS: Final = {
    "b1": "bool", "i1": "int8", "i2": "int16", "i4": "int32", "i8": "int64", "u1": "uint8", "u2": "uint16",
    "u4": "uint32", "u8": "uint64", "f2": "float16", "f4": "float32", "f8": "float64", "c8": "complex64",
    "c16": "complex128",
}  # fmt: skip
_OTHERS: Final = {"f16": "float128", "c32": "complex256", "M8": "datetime64", "m8": "timedelta64"}


@dataclass(frozen=True, slots=True)
class ArrayHeader:
    """What a header says, checked.

    Attributes:
        dtype: the element type.
        numpy: how an element lies in the file, byte order included; None where it is opaque.
        shape: extents, not negative.
        fortran: whether the elements lie column by column.
        size: bytes of the header, magic included: where the elements begin.
    """

    dtype: DType
    numpy: np.dtype[Any] | None
    shape: tuple[int, ...]
    fortran: bool
    size: int


def header_size(head: bytes) -> tuple[int, int]:
    """Where the text of a header begins and ends, from the first 12 bytes of an array.

    Raises:
        ValueError: these do not begin an array.
    """
    if not head.startswith(MAGIC) or len(head) < 10:
        raise ValueError("it does not begin as an array does")
    version = (head[6], head[7])
    if version not in ((1, 0), (2, 0), (3, 0)):
        raise ValueError(f"its version {version[0]}.{version[1]} is unknown")
    start = 10 if version == (1, 0) else 12
    if len(head) < start:
        raise ValueError("it ends in its header")
    end = start + int.from_bytes(head[8:start], "little")
    if end - start > MOST_BYTES:
        raise ValueError(f"its header has {end - start} bytes; more than {MOST_BYTES} are not believed")
    return start, end


def parse_header(head: bytes) -> ArrayHeader:
    """The header in the first bytes of an array.

    Raises:
        ValueError: it is damaged; the text says how.
    """
    start, end = header_size(head)
    if len(head) < end:
        raise ValueError("it ends in its header")
    try:
        text = head[start:end].decode("utf-8" if head[6] == 3 else "latin-1")
    except UnicodeDecodeError as error:
        raise ValueError("its header is not UTF-8") from error
    plain = _PLAIN.fullmatch(text)
    if plain is not None:
        descr, fortran, numbers = plain.groups()
        extents = [number for number in numbers.replace(" ", "").split(",") if number]
        if any(len(number) > 30 or (number[0] == "0" and number != "0") for number in extents):
            raise ValueError("its shape is damaged")
        return ArrayHeader(*element_of(descr), tuple(map(int, extents)), fortran == "True", end)
    return _judged(_literal(text, longs=head[6] < 3), end)


def _judged(value: Any, end: int) -> ArrayHeader:
    if not isinstance(value, dict) or value.keys() != _KEYS:
        raise ValueError("its header does not tell type, order and shape")
    shape, fortran = value["shape"], value["fortran_order"]
    if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
        raise ValueError("its shape is damaged")
    if not isinstance(fortran, bool):
        raise ValueError("its order is damaged")
    return ArrayHeader(*element_of(value["descr"]), shape, fortran, end)


def element_of(descr: Any) -> tuple[DType, np.dtype[Any] | None]:
    """The element type of a description, and how it lies in the file.

    Raises:
        ValueError: it is none.
    """
    if isinstance(descr, list | tuple):
        return FOREIGN["void"], None
    found = _SCALAR.fullmatch(descr) if isinstance(descr, str) else None
    if isinstance(descr, str) and re.fullmatch("[<>|=]?O", descr):
        return FOREIGN["object"], None
    if found is None:
        raise ValueError("its element type is unknown")
    order, letter, size, unit = found.groups()
    code = letter + size
    if unit is None and code in _NUMBERS:
        return BY_NAME[_NUMBERS[code]], np.dtype(f"{order.replace('|', '=')}{code}")
    if unit is None and letter in "SU" and 0 < int(size) < 1 << 28:
        return BY_NAME["string"], np.dtype(f"{order.replace('|', '=')}{code}")
    if code in _OTHERS:
        return FOREIGN[_OTHERS[code]], None
    if letter in "VSU" or code == "O8":
        return FOREIGN["object" if letter == "O" else "void"], None
    raise ValueError(f"its element type {descr!r} is unknown")


def _literal(text: str, longs: bool) -> Any:
    """Dicts, lists, tuples, texts, integers, True, False and None, as Python's `repr` writes them.

    With `longs`, an integer may end in L, as Python 2 wrote them.
    """
    tokens = _tokens(text, longs)
    value, (kind, mark) = _value(*next(tokens), tokens, 0)
    if kind != "end":
        raise ValueError(f"its header goes on with {mark!r}")
    return value


def _tokens(text: str, longs: bool) -> Iterator[tuple[str, str]]:
    position = 0
    while True:
        found = _TOKEN.match(text, position)
        if found is None or found.lastgroup is None or (not longs and found[0].endswith("L")):
            raise ValueError(f"its header is damaged from its character {position} on")
        position = found.end()
        yield found.lastgroup, found[found.lastgroup]
        if found.lastgroup == "end":
            return


def _value(
    kind: str, token: str, tokens: Iterator[tuple[str, str]], depth: int
) -> tuple[Any, tuple[str, str]]:
    """The value that begins with a token, and the token behind it."""
    value: Any
    if kind == "text":
        value = token[1:-1]
    elif kind == "number":
        value = int(token.rstrip("L"))
    elif kind == "word":
        value = _WORDS[token]
    elif token in "{[(" and kind == "mark" and depth < _DEEPEST:
        value = _members(token, tokens, depth + 1)
    else:
        raise ValueError("its header is damaged")
    return value, next(tokens)


def _members(opening: str, tokens: Iterator[tuple[str, str]], depth: int) -> Any:
    """What stands between two brackets."""
    closing = {"{": "}", "[": "]", "(": ")"}[opening]
    items: list[Any] = []
    commas = 0
    behind = next(tokens)
    while behind != ("mark", closing):
        item, behind = _value(*behind, tokens, depth)
        if opening == "{":
            if behind != ("mark", ":") or not isinstance(item, str):
                raise ValueError("its header is damaged")
            content, behind = _value(*next(tokens), tokens, depth)
            item = (item, content)
        items.append(item)
        if behind == ("mark", ","):
            commas += 1
            behind = next(tokens)
        elif behind != ("mark", closing):
            raise ValueError("its header is damaged")
    if opening == "{":
        return dict(items)
    if opening == "(":
        return tuple(items) if commas or not items else items[0]
    return items
