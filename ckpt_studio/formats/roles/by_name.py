"""What a variable is for, by the names that TensorFlow's optimizers, normalizations and metrics give.

A slot is believed only where the weight that its name names exists with the same shape.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from functools import cached_property, lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core import dtypes
from ckpt_studio.core.tensors import Role, decode
from ckpt_studio.formats.roles.last_parts import last_parts, rows_above
from ckpt_studio.formats.roles.marks import ATTRIBUTES, Marks

GRAPH_KEY: Final = "_CHECKPOINTABLE_OBJECT_GRAPH"
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
_OTHERS: Final = re.compile(
    rb"(?P<counter>_?(?:global_step|save_counter|iterations?|iter|step|train(?:ing)?_step|local_step|epoch|num_updates"
    rb"|counter|beta[12]_power(?:_\d+)?|u_product|step_counter|good_steps))"
    rb"|(?P<random>_state_var|StateVar|(?:seed_generator_)+state|seed_generator)"
    rb"|(?P<statistic>(?:moving|running)_(?:mean|var|variance|stddev|std|avg|average)(?:_\d+)?|renorm_\w+|biased"
    rb"|adapt_(?:mean|variance)|(?:true|false)_(?:positives|negatives)|total_confusion_matrix)"
    rb"|(?P<setting>_?(?:learning_rate|lr)|current_loss_scale|dynamic_scale|loss_scale)"
    rb"|(?P<metric>total|count|total_cm|weighted_intermediate)"
)
_OPTIMIZER: Final = re.compile(
    rb"(?:.*/)?(?:SGD|RMSprop|Adagrad|Adadelta|Adam|Adamax|Nadam|TFOptimizer)(?:_\d+)?"
)
_KEPT_BY_KERAS: Final = re.compile(rb"(?s)(?:.*/)?_variables/\d+/\.ATTRIBUTES/")
_UNNAMED: Final = b"Variable"
_OPTIMIZERS_OWN: Final = frozenset({b"beta_1", b"beta_2", b"decay", b"rho", b"momentum", b"schedule_decay"})
_TURN: Final = re.compile(rb"(?s)(.*?)(?:_(\d{1,4}))?")
_SCOPES: Final = 4
_MOST_BELOW: Final = 64
_NUMBER: Final = re.compile(rb"\d+$")


class Kind(Enum):
    """What the last part of a name suggests."""

    slot = 1
    counter = 2
    random = 3
    statistic = 4
    metric = 5
    setting = 6


class Hint(NamedTuple):
    """A kind, and for slots the slot's name."""

    kind: Kind
    slot_name: str = ""


@lru_cache(maxsize=4096)
def hint_of(part: bytes, has_second: bool = False) -> Hint | None:
    """What the last part of a name suggests; `has_second`: a centered RMSProp keeps three slots."""
    if part in _PLAIN:
        return Hint(Kind.slot, _PLAIN[part])
    other = _OTHERS.fullmatch(part)
    if other is not None:
        return Hint(Kind[str(other.lastgroup)])
    stem, turn = _turn(part)
    if stem not in _BY_TURNS:
        return None
    names = _BY_TURNS[stem] if not (has_second and stem == b"RMSProp") else ("rms", "mg", "momentum")
    return Hint(Kind.slot, names[turn % len(names)])


def _turn(part: bytes) -> tuple[bytes, int]:
    """`Adam_1` -> `Adam`, 1."""
    found = _TURN.fullmatch(part)
    assert found is not None
    return found[1], int(found[2] or 0)


def role_by(hint: Hint, is_single: bool, in_metric: bool) -> Role | None:
    """The role that a hint gives to what is no slot, or None."""
    if hint.kind is Kind.random:
        return Role.counter
    if hint.kind in (Kind.counter, Kind.setting):
        role = Role.counter if hint.kind is Kind.counter else Role.metadata
        return role if is_single else None
    if hint.kind is Kind.statistic or (hint.kind is Kind.metric and in_metric):
        return Role.statistic
    return None


def role_alone(key: bytes, is_single: bool) -> Role:
    """What the key alone of a variable says: a counter, a setting, a statistic, else a weight."""
    stem = key.partition(ATTRIBUTES)[0]
    scope, _, part = stem.rpartition(b"/")
    hint = hint_of(part)
    return Role.weight if hint is None else role_by(hint, is_single, b"metric" in scope) or Role.weight


def mark_by_names(marks: Marks) -> None:
    """Roles of the rows that the object graph does not hold."""
    metadata = np.isin(marks.dtype, [dtypes.BY_NAME[name].number for name in ("resource", "variant")])
    graph = marks.keys.find(GRAPH_KEY)
    if graph >= 0:
        metadata[graph] = True
    marks.role[metadata & ~marks.graph] = Role.metadata
    blob, offsets = marks.keys.blob, marks.keys.offsets
    objects = ATTRIBUTES in blob
    centered = b"/RMSProp_2\n" in blob
    rows = np.flatnonzero(~marks.graph)
    if not objects:
        rows = _mark_usual_slots(marks, rows, centered)
    weight_of = _Weights(marks)
    rfind, find = blob.rfind, blob.find
    for row, start, stop in zip(
        rows.tolist(), offsets[rows].tolist(), offsets[rows + 1].tolist(), strict=True
    ):
        end = stop - 1
        if objects:
            cut = find(ATTRIBUTES, start, end)
            end = end if cut < 0 else cut
        slash = rfind(b"/", start, end)
        part = blob[slash + 1 : end] if slash >= 0 else blob[start:end]
        hint = hint_of(part, centered)
        if (
            _is_of_an_optimizer(part)
            and slash > start
            and _is_of_keras_1(marks, row, blob[start:slash], part)
        ):
            continue
        if hint is None:
            continue
        if hint.kind is not Kind.slot:
            _mark(marks, row, hint, blob[start : max(slash, start)])
        elif slash > start and (weight := weight_of(row, slash, end)) >= 0:
            marks.pair(row, weight, marks.number(hint.slot_name))
        elif hint.slot_name == _AVERAGE:
            marks.role[row] = Role.statistic
    marks.join()
    _mark_named_optimizers(marks)
    if objects and b"/_variables/" in blob:
        _mark_without_graph(marks)


def _mark_usual_slots(marks: Marks, rows: NDArray[np.int64], centered: bool) -> NDArray[np.int64]:
    """Slots that stand just below their weights: `w/Adam`, `w/Adam_1`. The rows whose names say something else."""
    found = last_parts(
        marks.keys, rows, lambda part: hint_of(part, centered) is not None or _is_of_an_optimizer(part)
    )
    slot_names = [_usual_slot(part, centered) for part in found.parts]
    usual = np.array([name is not None for name in slot_names], np.bool_)
    chosen = np.flatnonzero(usual[found.which] & (found.base > 0))
    weights = rows_above(marks.keys, found.rows[chosen], found.base[chosen])
    chosen, weights = chosen[weights >= 0], weights[weights >= 0]
    said = np.bincount(found.which[chosen], minlength=len(slot_names)).tolist()
    numbers = np.array(
        [marks.number(name) if count and name else -1 for name, count in zip(slot_names, said, strict=True)],
        np.int64,
    )
    marks.pair_all(found.rows[chosen], weights, numbers[found.which[chosen]])
    return np.delete(found.rows, chosen)


def _usual_slot(part: bytes, centered: bool) -> str | None:
    """The slot that the last part of a name stands for, None where it may mean something else."""
    hint = hint_of(part, centered)
    return hint.slot_name if hint and hint.kind is Kind.slot and not _is_of_an_optimizer(part) else None


def _is_of_an_optimizer(part: bytes) -> bool:
    """Whether an optimizer of Keras on TensorFlow 1 may have given the name."""
    return part in _OPTIMIZERS_OWN or part.startswith(_UNNAMED)


def _mark(marks: Marks, row: int, hint: Hint, scope: bytes) -> None:
    if marks.role[row] != Role.metadata:
        role = role_by(hint, marks.is_single(row), b"metric" in scope)
        if role is not None:
            marks.role[row] = role


def _is_of_keras_1(marks: Marks, row: int, scope: bytes, part: bytes) -> bool:
    """Mark what an optimizer of Keras on TensorFlow 1 keeps: `training/Adam/Variable_3`, a slot of no known weight."""
    is_single = marks.is_single(row)
    if not _OPTIMIZER.fullmatch(scope) or (_turn(part)[0] != _UNNAMED and not is_single):
        return False
    if marks.role[row] != Role.metadata:
        marks.role[row] = Role.metadata if is_single else Role.slot
    return True


def _mark_without_graph(marks: Marks) -> None:
    """What Keras's optimizers keep, where the object graph that says for which weights is damaged."""
    for row in np.flatnonzero((marks.role == Role.weight) & ~marks.graph).tolist():
        if _KEPT_BY_KERAS.match(marks.keys.raw(row)):
            marks.role[row] = Role.metadata if marks.is_single(row) else Role.slot


def _mark_named_optimizers(marks: Marks) -> None:
    """Slots of an optimizer that is not known or has a name of its own: `w/mine`, `w/mine_1`, for one weight after the
    other.

    Believed where several weights have one of their shape; then others are slots too, as Shampoo's sums over an axis.
    """
    found: dict[bytes, list[_Below]] = {}
    for below in _below_weights(marks):
        found.setdefault(below.stem, []).append(below)
    adam = marks.keys.find("beta1_power") >= 0
    for slots in found.values():
        alike = [one for one in slots if marks.same_shape(one.row, one.weight)]
        weights = {one.weight for one in alike}
        if len(weights) < 2 or all(marks.is_single(weight) for weight in weights):
            continue
        in_pairs = adam and len(alike) == 2 * len(weights) and {one.turn for one in alike} == {0, 1}
        names = ["mv"[one.turn] if in_pairs and one.turn < 2 else decode(one.part) for one in slots]
        marks.pair_for_certain(
            np.array([one.row for one in slots], np.int64),
            np.array([one.weight for one in slots], np.int64),
            np.array([marks.number(name) for name in names], np.int64),
        )
    marks.join()


class _Below(NamedTuple):
    """A row that is named as a weight and one part more."""

    weight: int
    row: int
    stem: bytes
    turn: int

    @property
    def part(self) -> bytes:
        """What its name has more: `mine_1`."""
        return self.stem if not self.turn else self.stem + b"_%d" % self.turn


def _below_weights(marks: Marks) -> Iterator[_Below]:
    blob, offsets = marks.keys.blob, marks.keys.offsets
    free = (marks.role == Role.weight) & ~marks.graph
    size = np.diff(offsets) - 1
    first = np.flatnonzero(free[:-1] & free[1:] & (size[1:] > size[:-1] + 1))
    after = np.frombuffer(blob, np.uint8)[offsets[first + 1] + size[first]]
    for weight in first[after == ord("/")].tolist():
        base = marks.keys.raw(weight) + b"/"
        for row in range(weight + 1, min(weight + 1 + _MOST_BELOW, len(free))):
            if not blob.startswith(base, int(offsets[row])):
                break
            part = marks.keys.raw(row)[len(base) :]
            if b"/" not in part and free[row]:
                yield _Below(weight, row, *_turn(part))


class _Weights:
    """Finds the row of the weight that a slot's name begins with: mostly the row before, or the last one found.

    An optimizer that was built in a scope puts the scope in front, Keras 2 puts its own name there; the parts of a
    partitioned variable are not in the weight's own key.
    """

    def __init__(self, marks: Marks) -> None:
        self._keys = marks.keys
        self._blob = marks.keys.blob
        self._find = marks.find
        self._last = (b"", -1)

    @cached_property
    def _offsets(self) -> list[int]:
        offsets: list[int] = self._keys.offsets.tolist()
        return offsets

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

    def _partitioned(self, base: bytes) -> int:
        """The row of the partitioned variable of which `base` is a part, or -1.

        Where the optimizer has a scope, TensorFlow cuts the part's name off as many letters too late as the scope has:
        of `net/w/part_0` it leaves any end behind the variable's name, as `net/w/t_0` or `net/w/w/part_0`.
        """
        number = _NUMBER.search(base)
        cut = len(base)
        for _ in range(_SCOPES if number else 0):
            cut = base.rfind(b"/", 0, cut)
            if cut <= 0:
                break
            whole = base[:cut]
            if number and (b"%s/part_%s" % (whole, number[0])).endswith(base[cut + 1 :]):
                found = self._find(whole)
                if found >= 0:
                    return found
        return -1

    def _search(self, base: bytes) -> int:
        for _ in range(_SCOPES):
            found = self._find(base)
            if found < 0:
                found = self._partitioned(base)
            if found >= 0:
                return found
            _, separator, base = base.partition(b"/")
            if not separator:
                return -1
        return -1
