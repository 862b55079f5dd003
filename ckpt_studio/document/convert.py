"""Which values may stand in for others: the rule for swapping between element types, and the conversion on reading.

A swapped variable keeps its own element type, because the graph that restores it asks for that one. Floats take
floats, integers take integers, complex numbers take complex numbers; floats are rounded, and a value that does not fit
is an error when it is read, never something else in silence. Everything else has to agree exactly.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.dtypes import DType
from ckpt_studio.core.errors import Unsupported
from ckpt_studio.core.tensors import printable

_KINDS: Final = (("float", "bfloat"), ("int", "uint"), ("complex",))


def kind_of(dtype: DType) -> str:
    """A word for what converts into each other: its own name for types that convert into nothing."""
    for names in _KINDS:
        if dtype.name.startswith(names):
            return names[0]
    return dtype.name


def adopted(own: DType, other: DType) -> DType:
    """The element type of a variable that values of `other` are swapped into: its own, unless damage has left none."""
    return other if own.number == 0 else own


def can_stand_in(own: DType, other: DType) -> bool:
    """Whether values of `other` may be swapped into a variable of `own`. Opaque types never may."""
    if own.numpy is None:
        return False
    return own.number == other.number or (kind_of(own) == kind_of(other) and own.is_numeric)


def conversion_note(own: DType, other: DType) -> str:
    """What a person should know before values of `other` stand in for `own`; empty where nothing changes."""
    if own.number == other.number:
        return ""
    how = "rounded where needed" if kind_of(own) in ("float", "complex") else "refused where one does not fit"
    return f"{other.name} to {own.name}, {how}"


def converted(values: NDArray[Any], own: DType, key: str) -> NDArray[Any]:
    """Values as numpy's native form of `own`.

    Raises:
        Unsupported: one does not fit.
    """
    assert own.numpy is not None
    target = own.numpy.newbyteorder("=")
    if values.dtype == target:
        return values
    with np.errstate(over="ignore", invalid="ignore"):
        result = values.astype(target)
    if kind_of(own) == "int":
        fits = bool((result.astype(values.dtype) == values).all()) and not _sign_lost(values, result)
    else:
        fits = bool((np.isfinite(result) | ~np.isfinite(values)).all())
    if not fits:
        raise Unsupported(
            f"{printable(key)!r} cannot take the other checkpoint's values: one does not fit into {own.name}.",
            key=key,
        )
    return result


def _sign_lost(values: NDArray[Any], result: NDArray[Any]) -> bool:
    """Whether wrapping around changed a sign, which comparing there and back again does not show."""
    return bool(((values < 0) != (result < 0)).any())
