"""Looks for checkpoints below a folder that holds none: bounded in depth, number and time, and never by links."""

from __future__ import annotations

import os
import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from ckpt_studio.core.errors import FileFault
from ckpt_studio.formats.base import FolderEntry, Member
from ckpt_studio.formats.members import members_of

DEPTH: Final = 8
"""So many folders deep, the one that was named not counted."""
MOST_SEEN: Final = 5000
"""So many files and folders are looked at."""
SECONDS: Final = 1.0

Find = Callable[[str, Mapping[str, Member]], list[FolderEntry]]


@dataclass(frozen=True, slots=True)
class Below:
    """What was found.

    Attributes:
        entries: the checkpoints, folder by folder in the order of their names, those of a folder as `find` gave them;
            each `name` begins with the path of its folder from the one that was named.
        cut_short: whether there is more below than was looked at.
    """

    entries: tuple[FolderEntry, ...] = ()
    cut_short: bool = False


def search_below(path: str, find: Find) -> Below:
    """Look for checkpoints below `path`, in nearer folders first.

    Hidden folders, links to folders, and what cannot be read are passed over.

    Args:
        path: the folder.
        find: the checkpoints directly in a folder, given its path and its members.
    """
    until = time.monotonic() + SECONDS
    by_folder: dict[str, list[FolderEntry]] = {}
    waiting = deque([("", 0)])
    seen, too_deep = 0, False
    while waiting:
        relative, depth = waiting.popleft()
        folder = os.path.join(path, relative)
        try:
            members = members_of(folder, MOST_SEEN - seen)
        except FileFault:
            continue
        seen += len(members)
        found = find(folder, members) if relative else []
        by_folder[relative] = [replace(entry, name=os.path.join(relative, entry.name)) for entry in found]
        names = (os.path.basename(entry.prefix) for entry in found)
        whole = {name for name in names if f"{name}.index" not in members}
        deeper = [(os.path.join(relative, name), depth + 1) for name in _folders(members, whole)]
        if depth < DEPTH:
            waiting += deeper
        too_deep |= bool(deeper) and depth == DEPTH
        if waiting and (seen >= MOST_SEEN or time.monotonic() > until):
            break
    places = sorted(by_folder, key=natural)
    return Below(
        tuple(entry for place in places for entry in by_folder[place]), cut_short=bool(waiting) or too_deep
    )


def natural(text: str) -> list[tuple[int, str]]:
    """What to sort names by so that numbers in them count as numbers."""
    return [(int(number or 0), rest) for number, rest in re.findall(r"(\d{1,18})|(\D+)", text)]


def _folders(members: Mapping[str, Member], whole: set[str]) -> Iterator[str]:
    """The folders to go on in: not those that are checkpoints themselves."""
    for name, member in members.items():
        if member.is_folder and not member.is_link and not name.startswith(".") and name not in whole:
            yield name
