"""What a MetaGraph says of variables: which of them are trainable."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from ckpt_studio.core.tensors import Role, RoleSource, encode
from ckpt_studio.formats.roles.marks import Marks

_PART: Final = re.compile(r"/part_\d+$")


def mark_trainable(marks: Marks, trainable: Collection[str]) -> None:
    """What the MetaGraph says: a trainable variable is a weight, whatever its name looks like."""
    known = marks.role != Role.metadata
    marks.trainable[known] = 0
    for name in trainable:
        row = marks.find(encode(name))
        if row < 0:
            row = marks.find(encode(_PART.sub("", name)))
        if row < 0:
            continue
        marks.trainable[row] = 1
        marks.role[row] = Role.weight
        marks.source[row] = RoleSource.meta_graph
        marks.slot_of[row] = marks.slot_name[row] = -1
