"""The perfect simple document: a dict of arrays, and what each edit does to it, said in numpy alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.document.edits import (
    Add,
    Assign,
    Average,
    Cast,
    Drop,
    Freeze,
    Move,
    RenameMany,
    Replace,
    ReplaceNan,
    Reshape,
    Scale,
    SetCells,
    SetStep,
    Slim,
    Transpose,
    Unfreeze,
)
from tests.document.bundles import DONOR, MODEL


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
    """Slots of TensorFlow's Adam stand behind their weights."""
    weights = {
        key: key.rpartition("/")[0] for key in MODEL if key.rpartition("/")[2].partition("_")[0] == "Adam"
    }
    return {key: Row(key, np.asarray(value), weights.get(key)) for key, value in MODEL.items()}


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
    if isinstance(edit, RenameMany | Move):
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
    values = {key: np.asarray(_value(model[key].value, key, edit)) for key in edit.keys}
    return {**model, **{key: replace(model[key], value=value) for key, value in values.items()}}


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
            if other.shape != value.shape or _kind(other) != _kind(value):
                raise Refused
            return other.astype(value.dtype)
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
            return (value.astype("f8") * edit.factor + edit.offset).astype(value.dtype)
        case ReplaceNan():
            if value.dtype.kind != "f":
                raise Refused
            return np.where(np.isnan(value), np.asarray(edit.value, value.dtype), value)
        case Cast():
            if value.dtype == object:
                raise Refused
            return (
                np.trunc(value.astype("f8")).astype(edit.dtype.numpy)
                if edit.dtype.name == "int32"
                else (value.astype(edit.dtype.numpy))
            )
        case Reshape():
            return value.reshape(edit.shape)
        case Transpose():
            return value.T
        case Average():
            if value.dtype.kind != "f" or DONOR[key].shape != value.shape:
                raise Refused
            return (np.asarray(MODEL[key], "f8") * 0.25 + np.asarray(DONOR[key], "f8") * 0.75).astype(
                value.dtype
            )
    raise AssertionError(edit)


def _kind(value: NDArray[Any]) -> str:
    return {"i": "i", "u": "i", "f": "f"}.get(value.dtype.kind, value.dtype.str)
