"""What a MetaGraph says of variables: which of them are trainable."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from ckpt_studio.core.tensors import Role, RoleSource, encode
from ckpt_studio.formats.roles.marks import Marks

_PART: Final = re.compile(r"/part_\d+$")


def mark_trainable(marks: Marks, trainable: Collection[str]) -> None:
    """What the MetaGraph says: a trainable variable is a weight, whatever its name looks like.

    Where it names none of the keys, its Saver calls the variables otherwise, and nothing is said.
    """
    rows = [row for name in trainable if (row := _row_of(marks, name)) >= 0]
    if trainable and not rows:
        return
    marks.trainable[marks.role != Role.metadata] = 0
    for row in rows:
        marks.trainable[row] = 1
        marks.role[row] = Role.weight
        marks.source[row] = RoleSource.meta_graph
        marks.slot_of[row] = marks.slot_name[row] = -1


def _row_of(marks: Marks, name: str) -> int:
    row = marks.find(encode(name))
    return row if row >= 0 else marks.find(encode(_PART.sub("", name)))
