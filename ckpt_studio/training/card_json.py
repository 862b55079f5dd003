"""Reads a binding card that the training process wrote. It ran other people's code, so nothing it says is believed."""

from __future__ import annotations

import json
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from ckpt_studio.core.errors import FileFault, RunFault
from ckpt_studio.formats.files import read_whole
from ckpt_studio.training.card import Card

CARD_BYTES: Final = 64 << 20
"""The largest card that is read."""
_NOT_FINITE: Final = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


def read_card(path: Path) -> Card:
    """The card in a file.

    Raises:
        RunFault: it is not a card.
    """
    try:
        return card_of(json.loads(read_whole(str(path), CARD_BYTES)[0]))
    except (FileFault, ValueError, TypeError, RecursionError) as error:
        raise RunFault(
            f"The training process wrote a binding card that cannot be read: {error}.", path=path
        ) from error


def card_of(value: object) -> Card:
    """The card that a JSON object tells.

    Raises:
        ValueError: it is not one; the message names the field.
    """
    card = _as(value, Card, "the card")
    assert isinstance(card, Card)
    return card


def _as(value: object, wanted: Any, where: str) -> Any:
    """A value of JSON as the type that a field is annotated with."""
    if wanted is Any:
        return value
    origin, inside = get_origin(wanted), get_args(wanted)
    if origin in (Union, types.UnionType):
        return _as_one_of(value, inside, where)
    if origin is tuple:
        if not isinstance(value, list):
            raise ValueError(f"{where} is no list")
        return tuple(_as(one, inside[0], where) for one in value)
    if origin is Mapping:
        if not isinstance(value, dict):
            raise ValueError(f"{where} is no object")
        return {str(name): _as(one, inside[1], where) for name, one in value.items()}
    if is_dataclass(wanted):
        return _as_dataclass(value, wanted, where)
    if wanted is float and value in _NOT_FINITE:
        return _NOT_FINITE[str(value)]
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        raise ValueError(f"{where} is {str(value)[:40]!r}")
    return value


def _as_one_of(value: object, wanted: tuple[Any, ...], where: str) -> Any:
    for one in sorted(wanted, key=lambda one: one is str):  # "NaN" is a number before it is a text
        if one is type(None):
            if value is None:
                return None
            continue
        try:
            return _as(value, one, where)
        except ValueError:
            continue
    raise ValueError(f"{where} is {str(value)[:40]!r}")


def _as_dataclass(value: object, wanted: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise ValueError(f"{where} is no object")
    hints = get_type_hints(wanted)
    known = {one.name for one in fields(wanted)}
    return wanted(**{name: _as(one, hints[name], name) for name, one in value.items() if name in known})
