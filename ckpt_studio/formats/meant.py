"""What path a person means by what was typed, pasted or dropped: the disk has the last word on it.

It names nothing that takes time to import and, but for `meant`, looks at no disk: the window's start uses it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Final

_QUOTES: Final = (("'", "'"), ('"', '"'), ("“", "”"), ("‘", "’"), ("`", "`"), ("<", ">"))
_URI: Final = re.compile(r"(?i)^file:(?://(?:localhost)?(?=/))?(?P<path>/.*)$", re.DOTALL)
_PART: Final = re.compile(
    r"(?s)^(?P<prefix>.*[^./\\])\.(?:index|meta|data(?:-\d*(?:-(?:of?)?(?:-\d*)?)?)?)?$"
)
"""A file of a bundle, or the beginning of its name, as a shell completes it."""


def meant(path: str) -> str:
    """The path itself where something is there, else without quotes, blanks, `file://` and `~`."""
    if os.path.lexists(path) or os.path.lexists(path + ".index"):
        return path
    return os.path.expanduser(bare(path))


def bare(text: str) -> str:
    """A path as people write it, without what is around it; a `file://` URI as the path that it says."""
    text = text.strip()
    for start, end in _QUOTES:
        if len(text) > 1 and text.startswith(start) and text.endswith(end):
            text = text[1:-1].strip()
            break
    found = _URI.match(text)
    if found is None:
        return text
    from urllib.parse import unquote

    return unquote(found["path"], errors="surrogateescape")


def from_here(path: str) -> str:
    """A path of the command line with the working folder before it, unless it begins as only `meant` understands."""
    return path if path[:1] in ("", "~", "'", '"') or _URI.match(path) else os.path.abspath(path)


def candidates(path: str) -> Iterator[str]:
    """Paths to try in turn for one that no reader claims: as it is, then with less and less at its end."""
    yield path
    shorter = path.rstrip(os.sep)
    if shorter != path:
        yield shorter
    found = _PART.match(shorter)
    if found is not None:
        yield found["prefix"]
