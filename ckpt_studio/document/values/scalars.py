"""One element of any type from what a person or a file says."""

from __future__ import annotations

from typing import Any

import numpy as np

from ckpt_studio.core.dtypes import DType
from ckpt_studio.core.errors import RequestFault
from ckpt_studio.core.tensors import decode, encode, printable
from ckpt_studio.document.convert import kind_of
from ckpt_studio.document.values.changed import int_limits

NON_FINITE = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
"""Numbers that strict JSON writes as texts."""


def scalar_of(value: Any, dtype: DType, key: str) -> Any:
    """A numpy scalar of an element type, or bytes for strings.

    Args:
        value: a number, one of `NON_FINITE`, a pair (real, imaginary), a text for strings, or true or false.
        dtype: the type.
        key: how a sentence names the variable.

    Raises:
        RequestFault: the value is none of that type, or does not fit; the sentence says so.
    """
    try:
        made = _made(value, dtype)
    except (TypeError, ValueError, OverflowError):
        made = None
    if made is None:
        raise RequestFault(
            f"{printable(key)!r} cannot hold {_said(value)}: it is of the type {dtype.name}.", key=key
        )
    return made


def json_value(value: Any) -> Any:
    """A value that `scalar_of` takes as strict JSON can hold it."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bytes):
        return decode(value)
    if isinstance(value, complex):
        return [json_value(value.real), json_value(value.imag)]
    if isinstance(value, float) and not np.isfinite(value):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    return value


def _made(value: Any, dtype: DType) -> Any:
    kind = kind_of(dtype)
    if dtype.name == "string":
        return encode(value) if isinstance(value, str) else None
    if not dtype.is_numeric or dtype.numpy is None:
        return None
    native = dtype.numpy.newbyteorder("=").type
    if kind == "bool":
        return np.bool_(value) if value in (0, 1) else None
    if isinstance(value, list | tuple):
        real, imaginary = (float(part) for part in value)
        value = complex(real, imaginary)
    elif isinstance(value, str):
        value = NON_FINITE.get(value)
    if value is None:
        return None
    if kind in ("int", "uint"):
        low, high = int_limits(dtype)
        return native(int(value)) if int(value) == value and low <= value <= high else None
    if kind == "complex":
        value = complex(value)
    elif isinstance(value, complex):
        return None
    else:
        value = float(value)
    with np.errstate(over="ignore"):
        made = native(value)
    return made if np.isfinite(np.asarray(made)) or not np.isfinite(value) else None


def _said(value: Any) -> str:
    return repr(printable(value)) if isinstance(value, str) else repr(value)
