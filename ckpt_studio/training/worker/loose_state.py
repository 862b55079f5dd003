"""Finds what a step changes and no object of the model holds: states of recurrent layers, counts of a person's own.

TensorFlow and Keras save no such thing, and begin it anew wherever a model is loaded. A run carries it beside its
checkpoints, as it does the states of seeds.
"""

from __future__ import annotations

import gc
import math
from collections.abc import Collection, Iterable
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf

from ckpt_studio.core.errors import RunFault
from ckpt_studio.training.binding import Live
from ckpt_studio.training.worker.freeze_function import written_by
from ckpt_studio.training.worker.live import LiveVariable

_MOST: Final = 1 << 22
"""Elements of all of it that are carried along; they stand as text beside the checkpoint."""


class Held:
    """A variable of which only its resource is known.

    Args:
        handle: the resource.
    """

    def __init__(self, handle: Any) -> None:
        self.handle = handle
        self.dtype = tf.as_dtype(handle._handle_data.shape_and_type[0].dtype)
        self.shape = np.asarray(self).shape

    def assign(self, value: Any) -> None:
        """Give it a value."""
        tf.raw_ops.AssignVariableOp(resource=self.handle, value=tf.constant(value, self.dtype))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        """Its value."""
        value = tf.raw_ops.ReadVariableOp(resource=self.handle, dtype=self.dtype).numpy()
        return np.asarray(value, dtype)


def loose_states(
    traced: Any, known: Collection[LiveVariable], counted: Iterable[Any] = ()
) -> list[LiveVariable]:
    """The variables that a step writes and nobody knows yet; what metrics count is none of them.

    Args:
        traced: the step's concrete function.
        known: the model's and optimizer's variables.
        counted: variables of metrics, as far as they are at hand; looking for others takes time.

    Raises:
        RunFault: they are too large to be carried.
    """
    handles = {id(one.resource.handle) for one in known} | {id(one.value.handle) for one in counted}
    captured = [held for held, _ in traced.graph.captures if _is_variable(held) and id(held) not in handles]
    if not captured:
        return []
    passed_over = _counted_by_metrics() | handles
    found: list[LiveVariable] = []
    for handle in written_by(traced):
        if _is_variable(handle) and id(handle) not in passed_over:
            value = Held(handle)
            live = Live(f"state {len(found)} of the step", value.shape, value.dtype.name, carried=True)
            found.append(LiveVariable(live, value))
    if sum(math.prod(one.told.shape) for one in found) > _MOST:
        raise RunFault(
            "The step changes large variables that no checkpoint would hold; let build() of a recipe return the "
            "objects that have them."
        )
    return found


def _is_variable(resource: Any) -> bool:
    """Whether a captured tensor is the handle of a variable, and of no table or iterator."""
    told = getattr(resource, "_handle_data", None)
    return resource.dtype == tf.resource and told is not None and told.is_set and bool(told.shape_and_type)


def _counted_by_metrics() -> set[int]:
    """Ids of the resources of all metrics, which no training depends on."""
    # by its type: what only stands for another object is not to be woken
    metrics = [one for one in gc.get_objects() if issubclass(type(one), keras.metrics.Metric)]
    return {id(variable.value.handle) for metric in metrics for variable in metric.variables}
