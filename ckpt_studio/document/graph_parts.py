"""Objects that are stored as several tensors: the graph has one key of each, with which those of its tensors begin.

table/.ATTRIBUTES/table       in the graph; table/.ATTRIBUTES/table-keys and -values are tensors
data/.ATTRIBUTES/ITERATOR     in the graph; data/.ATTRIBUTES/ITERATOR_STATE is a tensor
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from ckpt_studio.core.tensors import Names, encode
from ckpt_studio.document.paths import ATTRIBUTES

if TYPE_CHECKING:
    from ckpt_studio.document.graph_nodes import Graph

_VALUE: Final = "VARIABLE_VALUE"
_MOST: Final = 64
"""Letters of an attribute, and parts of an object, that are looked at."""


def changed_parts(base: Names, renamed: Mapping[str, str], dropped: Iterable[str]) -> dict[str, str | None]:
    """All parts of the objects that something is changed of: their new keys, None for those that are dropped.

    Args:
        base: the keys of the checkpoint, sorted.
        renamed: new keys by old.
        dropped: keys that are not there any more.
    """
    gone = set(dropped)
    stems = {stem for key in (*renamed, *gone) if (stem := _stem(key))}
    found: dict[str, str | None] = {}
    for stem in stems:
        first = bisect_left(range(len(base)), encode(stem), key=base.raw)
        for key in map(base.__getitem__, range(first, min(first + _MOST, len(base)))):
            if not key.startswith(stem):
                break
            found[key] = None if key in gone else renamed.get(key, key)
    return found


def beginnings(keys: Iterable[str]) -> set[str]:
    """What the graph may have for those of some keys that no variable's value has."""
    return {
        key[:end]
        for key in keys
        if (stem := _stem(key))
        for end in range(len(stem) + 1, min(len(key), len(stem) + _MOST))
    }


def _stem(key: str) -> str:
    """What stands before the attribute in a key that is no variable's value; empty for others."""
    path, cut, name = key.rpartition(ATTRIBUTES)
    return path + cut if cut and name != _VALUE else ""


def of_parts(graph: Graph, parts: Mapping[str, str | None]) -> tuple[dict[str, str], frozenset[str]]:
    """What becomes of the keys of a graph with which those of some tensors begin: renamed ones, and lost ones.

    An object is lost with any of its parts, or where they have no such beginning any more.
    """
    starts = beginnings(parts) - parts.keys()
    renamed, lost = {}, set()
    for _, whole in graph.holding(starts) if starts else ():
        own = {key[len(whole) :]: new for key, new in parts.items() if key.startswith(whole)}
        begins = {new.removesuffix(rest) if new and new.endswith(rest) else "" for rest, new in own.items()}
        begin = begins.pop() if len(begins) == 1 else ""
        if not begin:
            lost.add(whole)
        elif begin != whole:
            renamed[whole] = begin
    return renamed, frozenset(lost)
