"""What a MetaGraph says of variables: which of them are trainable, and so which are kept for one that is."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

import numpy as np

from ckpt_studio.core.tensors import Role, RoleSource, decode, encode
from ckpt_studio.formats.roles.marks import Marks

_PART: Final = re.compile(rb"/part_\d+$")


def mark_trainable(marks: Marks, trainable: Collection[str]) -> None:
    """What the MetaGraph says: a trainable variable is a weight, whatever its name looks like.

    Where it names none of the keys, its Saver calls the variables otherwise, and nothing is said.
    """
    rows = [row for name in trainable if (row := _row_of(marks, encode(name))) >= 0]
    if trainable and not rows:
        return
    marks.trainable[marks.role != Role.metadata] = 0
    for row in rows:
        marks.trainable[row] = 1
        marks.role[row] = Role.weight
        marks.source[row] = RoleSource.meta_graph
        marks.slot_of[row] = marks.slot_name[row] = -1
    _mark_kept(marks)


def _mark_kept(marks: Marks) -> None:
    """What is named as a trainable variable and one part more is kept for it, whatever its name and its shape are."""
    free = (marks.role == Role.weight) & (marks.trainable == 0) & ~marks.graph
    found = []
    for row in np.flatnonzero(free).tolist():
        base, _, part = marks.keys.raw(row).rpartition(b"/")
        weight = _row_of(marks, base) if base else -1
        if weight >= 0 and marks.trainable[weight] == 1:
            found.append((row, weight, marks.number(decode(part))))
            marks.source[row] = RoleSource.meta_graph
    if found:
        marks.pair_for_certain(*np.array(found, np.int64).T)
        marks.join()


def _row_of(marks: Marks, name: bytes) -> int:
    row = marks.find(name)
    return row if row >= 0 else marks.find(_PART.sub(b"", name))
