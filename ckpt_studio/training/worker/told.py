"""What a step tells: its loss, and other numbers by their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import tensorflow as tf

from ckpt_studio.core.errors import RunFault

LOSS: Final = "loss"
MOST: Final = 32
"""So many numbers of a step are told beside its loss."""
_NAME_LETTERS: Final = 100


def numbers_of(told: Any) -> dict[str, tf.Tensor]:
    """The numbers of what a step returned, as float64 scalars; the loss first.

    Args:
        told: the loss; or a mapping with one, "loss" or else its first value, and more; or a tuple that begins with it.

    Raises:
        RunFault: it returned nothing, or no number.
    """
    if told is None:
        raise RunFault('The training step returned nothing; let it return its loss, or a dict with "loss".')
    if isinstance(told, Mapping):
        named = {str(name): value for name, value in told.items() if value is not None}
        name = LOSS if LOSS in named else next(iter(named), None)
        loss = None if name is None else named.pop(name)
    else:
        named = {}
        loss = told[0] if isinstance(told, tuple | list) and told else told
    scalars = {name[:_NAME_LETTERS]: value for name, value in named.items() if _is_number(value)}
    more = dict(sorted(scalars.items())[:MOST])
    return {
        LOSS: _scalar(float("nan") if loss is None else loss),
        **{name: _scalar(more[name]) for name in more},
    }


def _is_number(value: Any) -> bool:
    try:
        tensor = tf.convert_to_tensor(value)
    except (TypeError, ValueError):
        return False
    numeric = tensor.dtype.is_floating or tensor.dtype.is_integer or tensor.dtype.is_bool
    return bool(numeric and tensor.shape.num_elements() == 1)


def _scalar(value: Any) -> tf.Tensor:
    try:
        number = tf.convert_to_tensor(value)
    except (TypeError, ValueError):
        number = tf.constant("")
    if number.dtype in (tf.string, tf.resource, tf.variant):
        raise RunFault(f"The training step returned no number as its loss, but {type(value).__name__}.")
    return tf.reduce_mean(tf.cast(number, tf.float64))
