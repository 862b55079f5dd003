"""What a variable is for, by the names that TensorFlow's optimizers, normalizations and metrics give.

A slot is believed only where the weight that its name names exists with the same shape.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from ckpt_studio.core import dtypes
from ckpt_studio.core.tensors import Role
from ckpt_studio.formats.roles.marks import Marks

GRAPH_KEY: Final = "_CHECKPOINTABLE_OBJECT_GRAPH"
ATTRIBUTES: Final = b"/.ATTRIBUTES/"
SLOT: Final = b"/.OPTIMIZER_SLOT/"

_AVERAGE: Final = "average"
_BY_TURNS: Final = {
    b"Adam": ("m", "v"), b"AdaMax": ("m", "v"), b"Nadam": ("m", "v"), b"LazyAdam": ("m", "v"),
    b"AdamW": ("m", "v"), b"LAMB": ("m", "v"), b"Adadelta": ("accum", "accum_update"), b"Ftrl": ("accum", "linear"),
    b"Momentum": ("momentum",), b"MomentumW": ("momentum",), b"LARSOptimizer": ("momentum",),
    b"RMSProp": ("rms", "momentum"), b"Adagrad": ("accumulator",), b"ProximalAdagrad": ("accumulator",),
    b"AdagradDA": ("gradient_accumulator", "gradient_squared_accumulator"),
    b"ExponentialMovingAverage": (_AVERAGE,),
}  # fmt: skip
_PLAIN: Final = {
    b"adam_m": "m", b"adam_v": "v", b"m": "m", b"v": "v", b"vhat": "vhat", b"momentum": "momentum", b"rms": "rms",
    b"mg": "mg", b"accumulator": "accumulator", b"accum_grad": "accum_grad", b"accum_var": "accum_var",
    b"linear": "linear", b"average": _AVERAGE,
}  # fmt: skip
_COUNTER: Final = re.compile(
    rb"_?(global_step|save_counter|iterations?|iter|step|train(ing)?_step|local_step|epoch|num_updates|counter"
    rb"|beta[12]_power(_\d+)?|u_product|step_counter|seed_generator_state)"
)
_STATISTIC: Final = re.compile(
    rb"(moving|running)_(mean|var|variance|stddev|std|avg|average)(_\d+)?|renorm_\w+|biased"
    rb"|true_positives|true_negatives|false_positives|false_negatives"
)
_METRIC: Final = re.compile(
    rb"total|count|total_confusion_matrix|weighted_intermediate|true_positives|accumulator"
)
_SETTING: Final = re.compile(rb"_?(learning_rate|lr)")
_SCOPES: Final = 4
_INNER: Final = re.compile(rb"/(part|t)_\d+$")


class Kind(Enum):
    """What the last part of a name suggests."""

    slot = 1
    counter = 2
    statistic = 3
    metric = 4
    setting = 5


class Hint(NamedTuple):
    """A kind, and for slots the slot's name."""

    kind: Kind
    slot_name: str = ""


@lru_cache(maxsize=4096)
def hint_of(part: bytes, has_second: bool = False) -> Hint | None:
    """What the last part of a name suggests; `has_second`: a centered RMSProp keeps three slots."""
    found = re.fullmatch(rb"([A-Za-z]+)(?:_(\d{1,4}))?", part)
    if found is not None and found[1] in _BY_TURNS:
        names = _BY_TURNS[found[1]]
        turn = int(found[2] or 0)
        if has_second and found[1] == b"RMSProp":
            names = ("rms", "mg", "momentum")
        return Hint(Kind.slot, names[turn % len(names)])
    if part in _PLAIN:
        return Hint(Kind.slot, _PLAIN[part])
    if _COUNTER.fullmatch(part):
        return Hint(Kind.counter)
    if _STATISTIC.fullmatch(part):
        return Hint(Kind.statistic)
    if _SETTING.fullmatch(part):
        return Hint(Kind.setting)
    if _METRIC.fullmatch(part):
        return Hint(Kind.metric)
    return None


def mark_by_names(marks: Marks) -> None:
    """Roles of the rows that the object graph does not hold."""
    metadata = np.isin(marks.dtype, [dtypes.BY_NAME[name].number for name in ("resource", "variant")])
    graph = marks.keys.find(GRAPH_KEY)
    if graph >= 0:
        metadata[graph] = True
    marks.role[metadata & ~marks.graph] = Role.metadata
    blob, offsets = marks.keys.blob, marks.keys.offsets.tolist()
    objects = ATTRIBUTES in blob
    centered = b"/RMSProp_2\n" in blob
    skipped = marks.graph.tolist() if marks.graph.any() else None
    weight_of = _Weights(marks, offsets)
    rfind, find = blob.rfind, blob.find
    start = 0
    for row, stop in enumerate(offsets[1:]):
        end = stop - 1
        if objects:
            cut = find(ATTRIBUTES, start, end)
            end = end if cut < 0 else cut
        slash = rfind(b"/", start, end)
        part = blob[slash + 1 : end] if slash >= 0 else blob[start:end]
        hint = hint_of(part, centered)
        if hint is not None and (skipped is None or not skipped[row]):
            if hint.kind is not Kind.slot:
                _mark(marks, row, hint.kind, blob[start : max(slash, start)])
            elif slash > start and (weight := weight_of(row, slash, end)) >= 0:
                marks.pair(row, weight, marks.number(hint.slot_name))
            elif hint.slot_name == _AVERAGE:
                marks.role[row] = Role.statistic
        start = stop
    marks.join()


def _mark(marks: Marks, row: int, kind: Kind, scope: bytes) -> None:
    if marks.role[row] == Role.metadata:
        return
    if kind in (Kind.counter, Kind.setting):
        if marks.is_single(row):
            marks.role[row] = Role.counter if kind is Kind.counter else Role.metadata
    elif kind is Kind.statistic or b"metric" in scope:
        marks.role[row] = Role.statistic


class _Weights:
    """Finds the row of the weight that a slot's name begins with: mostly the row before, or the last one found.

    An optimizer that was built in a scope puts the scope in front, Keras 2 puts its own name there; the parts of a
    partitioned variable (`/part_0`, an Estimator's `/t_0`) are not in the weight's own key.
    """

    def __init__(self, marks: Marks, offsets: list[int]) -> None:
        self._blob = marks.keys.blob
        self._find = marks.find
        self._offsets = offsets
        self._last = (b"", -1)

    def __call__(self, row: int, slash: int, end: int) -> int:
        """The row of the weight for the slot whose last part begins at `slash`, or -1."""
        offsets, blob = self._offsets, self._blob
        start = offsets[row]
        base = blob[start:slash]
        if base == self._last[0]:
            return self._last[1]
        if row and blob[offsets[row - 1] : start - 1] == base:
            found = row - 1
        elif (cut := base.find(SLOT)) >= 0:
            return self._find(base[:cut] + blob[end : offsets[row + 1] - 1])
        else:
            found = self._search(base)
        self._last = (base, found)
        return found

    def _search(self, base: bytes) -> int:
        for _ in range(_SCOPES):
            found = self._find(base)
            if found < 0 and _INNER.search(base):
                found = self._find(_INNER.sub(b"", base))
            if found >= 0:
                return found
            _, separator, base = base.partition(b"/")
            if not separator:
                return -1
        return -1
