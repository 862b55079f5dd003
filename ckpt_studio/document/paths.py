"""Keys of object-based checkpoints as paths, and what else of a variable is named after its key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.tensors import Columns, encode

ATTRIBUTES: Final = "/.ATTRIBUTES/"
"""Stands between the path of an object and what is stored of it."""


def path_of(key: str) -> tuple[str, ...] | None:
    """Local names from the root to the object that a key belongs to; None for a key that is no such path."""
    path, found, _ = key.rpartition(ATTRIBUTES)
    return tuple(map(unescape, path.split("/"))) if found else None


def unescape(name: str) -> str:
    """A local name from the form that it has in a key: `.S` is a slash, `..` a dot."""
    return name.replace("..", "\0").replace(".S", "/").replace("\0", ".") if "." in name else name


def can_be_written(key: str) -> bool:
    """Whether a variable can have a key: some letters, none of which no bytes mean, and no sign of a slice's entry."""
    try:
        return key != "" and not encode(key).startswith(b"\0")
    except UnicodeEncodeError:
        return False


def names_after(columns: Columns, rows: NDArray[np.int64], keys: Sequence[str]) -> dict[int, tuple[str, str]]:
    """Full name and object path, by row, of variables that get other keys, where they follow.

    A name that is the key stays so; of any other, the part changes that changes in the key, where it is found once.
    """
    if columns.names is None and columns.object_paths is None:
        return {}
    found = {}
    for row, key in zip(rows.tolist(), keys, strict=True):
        old, name = columns.keys[row], columns.name(row)
        path = "" if columns.object_paths is None else columns.object_paths[row]
        stem, cut, _ = key.rpartition(ATTRIBUTES)
        found[row] = (following_name(name, old, key), stem if cut and path else path)
    return found


def following_name(name: str, old: str, new: str) -> str:
    """What becomes of a full name when the key of its variable changes."""
    if name == old:
        return new
    before, after = (key.rpartition(ATTRIBUTES)[0] or key for key in (old, new))
    gone, come = _difference(before.split("/"), after.split("/"))
    parts = name.split("/")
    places = [at for at in range(len(parts)) if gone and parts[at : at + len(gone)] == gone]
    if len(places) != 1:
        return name
    at = places[0]
    return "/".join([*parts[:at], *come, *parts[at + len(gone) :]])


def _difference(old: list[str], new: list[str]) -> tuple[list[str], list[str]]:
    """What of two lists is left without their common beginning and end."""
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    return old[start : len(old) - end], new[start : len(new) - end]
