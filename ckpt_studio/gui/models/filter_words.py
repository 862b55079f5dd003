"""What the filter field understands: words that must all occur, `dtype:`, `role:`, `frozen:`, `damaged:`..."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core import dtypes
from ckpt_studio.core.tensors import Role
from ckpt_studio.gui.models.row_states import RowStates

if TYPE_CHECKING:
    from ckpt_studio.gui.models.variable_tree import VariableTree

_NO = frozenset(("no", "false", "0"))


def matching_rows(tree: VariableTree, states: RowStates | None, text: str) -> NDArray[np.bool_] | None:
    """bool [N]: rows that fit every word; None when there is no word."""
    words = text.split()
    if not words:
        return None
    found = np.ones(len(tree.nodes.columns), np.bool_)
    for word in words:
        found &= _matching(tree, states, word)
    return found


def _matching(tree: VariableTree, states: RowStates | None, word: str) -> NDArray[np.bool_]:
    columns = tree.nodes.columns
    kind, colon, value = word.lower().partition(":")
    if colon and kind == "dtype":
        numbers = [number for number, dtype in dtypes.BY_NUMBER.items() if value in dtype.name]
        return np.isin(columns.dtype, numbers)
    if colon and kind == "role":
        return np.isin(columns.role, [role.value for role in Role if role.name.startswith(value)])
    wanted = value not in _NO
    if colon and kind == "frozen" and states is not None:
        return states.frozen == (1 if wanted else 0)
    if colon and kind in ("swapped", "dropped", "damaged") and states is not None:
        marked = {"swapped": states.swapped, "dropped": states.dropped, "damaged": states.damaged}[kind]
        return marked if wanted else ~marked
    found = tree.searches[0].find(word)
    for search in tree.searches[1:]:
        found |= search.find(word)
    return found
