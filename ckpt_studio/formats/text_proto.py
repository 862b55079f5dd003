"""Parses protobuf's text as TensorFlow does, which leaves that to protobuf for Python, but without its warnings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from google.protobuf.message import Message

    M = TypeVar("M", bound=Message)

_TOKEN: Final = re.compile(r"#[^\n]*|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'")
_ESCAPE: Final = re.compile(r"\\([0-7]{1,3}|.)")
_PLAIN: Final = frozenset("abfnrtvxuUN\\'\"")


class TextFault(ValueError):
    """A text that is not what it should be; its words are part of a sentence."""


def parse_text(text: str, message: M) -> M:
    """The message that a text means, put into `message`; fields that it does not know are passed over.

    As TensorFlow does: of a field that stands there twice, the last one counts.

    Raises:
        TextFault: it does not parse.
    """
    from google.protobuf import text_format

    if "\\" in text:
        text = _TOKEN.sub(
            lambda token: token[0] if token[0][0] == "#" else _ESCAPE.sub(_escape, token[0]), text
        )
    try:
        return text_format.Merge(text, message, allow_unknown_field=True)
    except (text_format.ParseError, UnicodeError, RecursionError) as error:
        raise TextFault(str(error).partition("\n")[0].strip().rstrip(".")) from error


def _escape(found: re.Match[str]) -> str:
    """An escape so that Python does not warn of it: what is none is a backslash."""
    what = found[1]
    if what[0] in "01234567":
        if int(what, 8) > 255:
            raise TextFault(f"it has the escape {found[0]}, which is no byte")
        return found[0]
    return found[0] if what in _PLAIN else f"\\{found[0]}"
