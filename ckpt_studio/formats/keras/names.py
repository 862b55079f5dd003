"""The file names that Keras and its users give: what is before their endings, and which files are parts of another."""

from __future__ import annotations

import os
import re
from typing import Final

INDEX: Final = re.compile(r"(?s)^(?P<name>.*)weights\.json$")
"""File name of the list that says which file holds which weights."""
SHARD: Final = re.compile(r"(?s)^(?P<name>.+)_(?P<number>\d{5,9})\.weights\.h5$")
"""File name of one of several files."""
ENDINGS: Final = (".weights.h5", ".weights.json", ".keras", ".hdf5", ".h5")


def stem_of(path: str) -> str:
    """A path without the ending that tells its format."""
    ending = next((ending for ending in ENDINGS if path.endswith(ending)), "")
    return path.removesuffix(ending)


def index_of(path: str) -> str | None:
    """The list beside a file that is one of several, if there is one."""
    folder, name = os.path.split(path)
    shard = SHARD.match(name)
    if shard is None:
        return None
    stem = shard["name"]
    names = (f"{stem}.weights.json", *(("weights.json",) if stem == "weights" else ()))
    found = (os.path.join(folder, each) for each in names)
    return next((index for index in found if os.path.isfile(index)), None)
