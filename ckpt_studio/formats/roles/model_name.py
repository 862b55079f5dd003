"""What of full names belongs to one building of a model of Keras: its own name, and the number of its optimizer.

Keras puts the name before those of a Sequential's layers, and leaves it out in its own files: `net/dense/kernel` in a
checkpoint is `dense/kernel` there. The numbers in the keys tell it from a model, or a layer, inside the model.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

from ckpt_studio.core.tensors import Columns, Role

NUMBERED: Final = re.compile(r"(?:^|/)(_operations/|_layers/|layer-|layer_with_weights-)(\d{1,9})(?=/)")
"""How Keras numbers the layers of a model, and those of a model inside it."""
TRAINED: Final = re.compile(r"(?:^|/)_trainable_variables/(\d{1,9})/")
"""How an optimizer of Keras numbers what it trains."""

_OPTIMIZERS_NUMBER: Final = re.compile(r"(?<=[a-z])_\d{1,9}(?=/[a-z_]+$)")


def model_name(keys: Sequence[str], names: Sequence[str]) -> str:
    """What stands before the names of layers; empty where nothing does.

    Args:
        keys: of weights and moving statistics.
        names: their full names.
    """
    first = Counter(name.partition("/")[0] for name in names if name.count("/") > 1)
    model = next((name for name, _ in first.most_common(1)), "")
    own = [key for key, name in zip(keys, names, strict=True) if name.startswith(f"{model}/")]
    numbers = [NUMBERED.findall(key) for key in own]
    if not all(len(found) == 1 or TRAINED.search(key) for key, found in zip(own, numbers, strict=True)):
        return ""  # of no Keras model, or of a model inside it
    spans = len(own) == len(names) or len({found[0][1] for found in numbers if found}) > 1
    return model if spans else ""


def names_in_model(columns: Columns) -> dict[int, str]:
    """What rows are called without what differs from one building of a model to the next; empty where nothing does.

    That is the name of the model of weights and moving statistics, and the number of the optimizer of its own counters
    and settings (`adam_1/iteration`).
    """
    if columns.names is None:
        return {}
    rows = np.flatnonzero(np.isin(columns.role, (Role.weight, Role.statistic))).tolist()
    names = columns.names.take(rows)
    model = "" if columns.object_paths is None else model_name(columns.keys.take(rows), names)
    found = {row: name.removeprefix(f"{model}/") for row, name in zip(rows, names, strict=True) if model}
    for row in np.flatnonzero(np.isin(columns.role, (Role.counter, Role.metadata))).tolist():
        name = columns.names[row]
        short = _OPTIMIZERS_NUMBER.sub("", name)
        if short != name:
            found[row] = short
    return found
