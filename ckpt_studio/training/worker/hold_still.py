"""Keeps single weights out of a Keras optimizer's hands, at the one place that all its updates go through.

The optimizer is built on all weights, so that its slots stay where the checkpoint has them: `trainable = False` would
shift them by one weight, without an error. What is clipped by a global norm counts only what is trained.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any


def hold_still(optimizer: Any, weights: Sequence[Any], frozen: Collection[Any]) -> None:
    """Let `optimizer.apply` pass over the frozen weights.

    Args:
        optimizer: a Keras optimizer.
        weights: all that the model trains.
        frozen: those that must not change.
    """
    if not optimizer.built:
        optimizer.build(list(weights))
    still = {id(variable) for variable in frozen}
    if not still:
        return
    inner = getattr(optimizer, "inner_optimizer", None) or optimizer
    apply = inner.apply

    def apply_to_the_rest(grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> Any:
        known = inner._trainable_variables if trainable_variables is None else trainable_variables
        pairs = [(g, v) for g, v in zip(grads, known, strict=True) if id(v) not in still]
        if pairs:
            return apply([g for g, _ in pairs], [v for _, v in pairs])
        inner._iterations.assign_add(1)
        return None

    inner.apply = apply_to_the_rest
