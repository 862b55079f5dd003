"""The perfect simple document: a dict of arrays, and what each edit does to it, said in numpy alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.document.edits.add import Add
from ckpt_studio.document.edits.arithmetic import ReplaceNan, Scale
from ckpt_studio.document.edits.arrange import Reshape, Transpose
from ckpt_studio.document.edits.assign import Assign
from ckpt_studio.document.edits.average import Average
from ckpt_studio.document.edits.cast import Cast
from ckpt_studio.document.edits.cells import SetCells
from ckpt_studio.document.edits.contents import Array, Initial
from ckpt_studio.document.edits.drop import Drop
from ckpt_studio.document.edits.marks import Freeze, Unfreeze
from ckpt_studio.document.edits.rename import Move, Rename, RenameMany, RenamePattern
from ckpt_studio.document.edits.replace import Replace
from ckpt_studio.document.edits.slim import Slim, SwapAverages
from ckpt_studio.document.edits.step import SetStep
from ckpt_studio.document.staged import StagedView
from ckpt_studio.document.state import State
from tests.document.bundles import DONOR, MODEL
from tests.helpers.memory_source import MemorySource

AVERAGE = "ExponentialMovingAverage"
FIRST: dict[str, Any] = {
    **MODEL,
    f"dense/bias/{AVERAGE}": np.array([4.0, 5.0, 6.0], "f4"),
    f"out/kernel/{AVERAGE}": np.full((3, 2), 8.0, "f4"),
}
"""The checkpoint."""
FILES: dict[str, dict[str, Any]] = {
    "three.npy": {"": np.array([1, 2, 3], "i4")},
    "some.npz": {"dense/bias": np.array([0.5, 1.5, 2.5]), "out/kernel": np.full((3, 2), 6, "i8")},
}
"""Arrays by file and member."""


class Refused(Exception):
    """The edit cannot be applied."""


@dataclass(frozen=True)
class Row:
    """One variable: `name` is what it was called at first, and `weight` what its weight was, for slots."""

    name: str
    value: NDArray[Any]
    weight: str | None = None
    frozen: bool = False
    dropped: bool = False


Model = dict[str, Row]


def at_first() -> Model:
    """Slots of TensorFlow's Adam stand behind their weights, and so do moving averages."""
    weights = {
        key: key.rpartition("/")[0]
        for key in FIRST
        if key.rpartition("/")[2].partition("_")[0] in ("Adam", AVERAGE)
    }
    return {key: Row(key, np.asarray(value), weights.get(key)) for key, value in FIRST.items()}


def live(model: Model) -> Model:
    return {key: row for key, row in model.items() if not row.dropped}


def after(model: Model, edit: Any) -> Model:
    """The model after an edit."""
    if isinstance(edit, Add):
        if edit.key in live(model):
            raise Refused
        value = np.full(edit.shape, edit.contents.value, edit.dtype.numpy)  # type: ignore[attr-defined]
        return {**model, edit.key: Row(f"new {id(edit)}", value)}
    if any(key not in model for key in edit.keys) or all(model[key].dropped for key in edit.keys):
        raise Refused
    if isinstance(edit, Rename | RenameMany | RenamePattern | Move):
        return _renamed(model, dict(edit.pairs))
    if isinstance(edit, Freeze | Unfreeze):
        chosen = _with_slots(model, edit.keys)
        return _changed(model, chosen, frozen=isinstance(edit, Freeze))
    if isinstance(edit, Drop | Slim):
        chosen = _with_slots(model, edit.keys) if isinstance(edit, Drop) else set(edit.keys)
        now = _changed(model, chosen, dropped=True)
        if not live(now):
            raise Refused
        return now
    if isinstance(edit, SwapAverages):
        return _swapped(model, edit)
    values = {key: np.asarray(_value(model[key].value, key, edit)) for key in edit.keys}
    return {**model, **{key: replace(model[key], value=value) for key, value in values.items()}}


def is_average(row: Row) -> bool:
    return row.weight is not None and row.name.endswith(AVERAGE)


def _swapped(model: Model, edit: SwapAverages) -> Model:
    """Weights with the values of their averages."""
    averages = {row.weight: key for key, row in live(model).items() if is_average(row)}
    now = dict(model)
    for key in edit.keys:
        average = averages.get(model[key].name)
        if average is None or not _fits(model[key].value, model[average].value):
            raise Refused
        now[key] = replace(model[key], value=model[average].value.astype(model[key].value.dtype))
        if not edit.keep:
            now[average] = replace(model[average], dropped=True)
    return now


def _with_slots(model: Model, keys: Iterable[str]) -> set[str]:
    names = {model[key].name for key in keys}
    return {key for key, row in model.items() if row.name in names or row.weight in names}


def _changed(model: Model, keys: set[str], **fields: Any) -> Model:
    return {key: replace(row, **fields) if key in keys else row for key, row in model.items()}


def _renamed(model: Model, pairs: dict[str, str]) -> Model:
    stay = {key for key in live(model) if key not in pairs}
    if len(set(pairs.values())) < len(pairs) or stay & set(pairs.values()):
        raise Refused
    kept = {key: row for key, row in model.items() if key not in pairs and key not in pairs.values()}
    return {**kept, **{new: model[old] for old, new in pairs.items()}}


def _value(value: NDArray[Any], key: str, edit: Any) -> NDArray[Any]:
    match edit:
        case Replace():
            other = np.asarray(DONOR[dict(edit.pairs)[key]])
            if _kind(other) != _kind(value) or other.ndim != value.ndim:
                raise Refused
            if edit.filling is None:
                if not _fits(value, other):
                    raise Refused
                return other.astype(value.dtype)
            result = value.copy() if edit.filling.own else np.zeros_like(value)
            both = tuple(slice(min(pair)) for pair in zip(value.shape, other.shape, strict=True))
            result[both] = other[both].astype(value.dtype)
            return result
        case Assign(contents=Array()):
            members = FILES[edit.contents.path.rpartition("/")[2]]
            other = members.get(edit.contents.member or ("" if "" in members else key))
            if other is None or value.dtype == object or other.shape != value.shape:
                raise Refused
            if _kind(other) == "f" != _kind(value):
                raise Refused
            return other.astype(value.dtype)
        case Assign(contents=Initial()):
            return _initialised(value, key, edit)
        case Assign():
            if value.dtype == object:
                raise Refused
            return np.full_like(value, edit.contents.value)  # type: ignore[attr-defined]
        case SetStep():
            return np.full_like(value, edit.step)
        case SetCells():
            result = value.copy()
            for index, one in edit.cells:
                if (
                    len(index) != value.ndim
                    or any(i >= n for i, n in zip(index, value.shape, strict=True))
                    or (value.dtype == object) != isinstance(one, str)
                ):
                    raise Refused
                result[index] = one.encode() if isinstance(one, str) else one
            return result
        case Scale():
            if value.dtype == object:
                raise Refused
            return _as(value.astype("f8") * edit.factor + edit.offset, value.dtype)
        case ReplaceNan():
            if value.dtype.kind != "f":
                raise Refused
            return np.where(np.isnan(value), np.asarray(edit.value, value.dtype), value)
        case Cast():
            if value.dtype == object:
                raise Refused
            assert edit.dtype.numpy is not None
            return _as(value.astype("f8") if value.dtype.kind == "f" else value, edit.dtype.numpy)
        case Reshape():
            return value.reshape(edit.shape)
        case Transpose():
            return value.T
        case Average():
            if value.dtype.kind != "f" or DONOR[key].shape != value.shape:
                raise Refused
            return (np.asarray(FIRST[key], "f8") * 0.25 + np.asarray(DONOR[key], "f8") * 0.75).astype(
                value.dtype
            )
    raise AssertionError(edit)


def _as(value: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """In another type; whole numbers stop at its ends."""
    if dtype.kind == "i":
        ends = np.iinfo(dtype)
        return np.clip(np.trunc(value), ends.min, ends.max).astype(dtype)
    with np.errstate(over="ignore"):
        return value.astype(dtype)


def _initialised(value: NDArray[Any], key: str, edit: Assign) -> NDArray[Any]:
    """What an initializer gives; random numbers are those that the same variable alone is given."""
    how = edit.contents.how  # type: ignore[attr-defined]
    wrong = value.ndim != 2 if how.name == "identity" else how.name == "orthogonal" and value.ndim < 2
    if value.dtype == object or wrong or (how.is_random and _kind(value) != "f"):
        raise Refused
    match how.name:
        case "zeros" | "ones":
            return np.full_like(value, how.name == "ones")
        case "identity":
            return np.eye(*value.shape, dtype=value.dtype)
    alone = MemorySource({key: value})
    return StagedView(alone, Assign((key,), contents=edit.contents).apply(State.of(alone.columns))).read(key)


def _fits(value: NDArray[Any], other: NDArray[Any]) -> bool:
    return other.shape == value.shape and _kind(other) == _kind(value)


def _kind(value: NDArray[Any]) -> str:
    return {"i": "i", "u": "i", "f": "f"}.get(value.dtype.kind, value.dtype.str)
