"""Says where each variable belongs in the tree: among the weights, under one of them, or apart at the end."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core import dtypes
from ckpt_studio.core.tensors import Columns, Role
from ckpt_studio.gui.models.tree_nodes import METADATA, METRICS, OPTIMIZER

_METRIC: Final = re.compile(
    rb"(^|/)\w*metrics?(_\d+)?/"
    rb"|(^|/)(true_positives|true_negatives|false_positives|false_negatives|total_confusion_matrix"
    rb"|weighted_intermediate)(_\d+)?(/\.ATTRIBUTES/[^/]*)?$"
)
_NUMERIC: Final = [number for number, dtype in dtypes.BY_NUMBER.items() if dtype.is_numeric]


def real_slots(columns: Columns) -> NDArray[np.bool_]:
    """Rows that stand under another one: not under themselves, and not under a slot."""
    of = columns.slot_of
    is_slot = (of >= 0) & (of < len(columns)) & (of != np.arange(len(columns)))
    target = np.where(is_slot, of, 0)
    return is_slot & ~is_slot[target]


def group_of_rows(columns: Columns, slot: NDArray[np.bool_]) -> NDArray[np.int8]:
    """int8 [N]: 0 for what a person looks for, or the top group that a row stands in."""
    role = columns.role
    group = np.zeros(len(columns), np.int8)
    metadata = role == Role.metadata
    group[metadata] = METADATA
    # hyperparameters, what an optimizer keeps beside its slots, and slots of weights that are not there
    group[metadata & np.isin(columns.dtype, _NUMERIC)] = OPTIMIZER
    group[(role == Role.counter) | ((role == Role.slot) & ~slot)] = OPTIMIZER
    for row in np.flatnonzero(role == Role.statistic).tolist():
        if _METRIC.search(columns.keys.raw(row)):
            group[row] = METRICS
    return group


def twin_slots(columns: Columns, slots: NDArray[np.int64]) -> NDArray[np.int64]:
    """Those of these slots that another slot of the same weight has the name of, as with two optimizers."""
    named = slots[columns.slot_name[slots] >= 0]
    place = columns.slot_of[named].astype(np.int64) << 16 | columns.slot_name[named]
    _, which, count = np.unique(place, return_inverse=True, return_counts=True)
    twins: NDArray[np.int64] = named[count[which] > 1]
    return twins
