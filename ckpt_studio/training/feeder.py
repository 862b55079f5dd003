"""Batches as a pure function of seed and step, so that a resumed run goes on with the data exactly where it was."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.dtypes import BY_NAME
from ckpt_studio.core.errors import RequestFault
from ckpt_studio.training.data import FeedPlan


def permutation(seed: int, epoch: int, count: int) -> NDArray[np.int64]:
    """The order of `count` rows in an epoch.

    Made from Philox's raw stream and a stable sort: both are the same in every numpy release, which
    `Generator.permutation` does not promise.
    """
    stream = np.random.Philox(key=np.array([seed, epoch], np.uint64))
    return np.argsort(stream.random_raw(count), kind="stable")


class Feeder:
    """Gives the feeds of each step.

    Args:
        plan: checked feeds.
        arrays: the arrays that the plan names.
        seed: of the order of rows.

    Raises:
        RequestFault: values do not fit into the input's integer type.
    """

    def __init__(self, plan: FeedPlan, arrays: dict[str, NDArray[Any]], seed: int) -> None:
        self._plan = plan
        self._seed = seed
        self._epoch = -1
        self._order: NDArray[np.int64] = np.zeros(0, np.int64)
        self._rows: dict[str, tuple[NDArray[Any], np.dtype[Any], tuple[int, ...]]] = {}
        self._fixed: dict[str, NDArray[Any]] = {}
        for feed in plan.feeds:
            dtype = BY_NAME[feed.input.dtype].numpy
            if dtype is None:
                raise RequestFault(
                    f"The input {feed.input.name} takes {feed.input.dtype}, which cannot be fed."
                )
            if isinstance(feed.source, str):
                values = arrays[feed.source]
                _check_range(values, dtype, feed.source, feed.input.name)
                if feed.rows:
                    self._rows[feed.input.name] = (values, dtype, feed.shape)
                else:
                    self._fixed[feed.input.name] = values.astype(dtype).reshape(feed.shape)
            else:
                self._fixed[feed.input.name] = np.full(feed.shape, feed.source, dtype)

    @property
    def names(self) -> frozenset[str]:
        """The tensors that are fed."""
        return frozenset(feed.input.name for feed in self._plan.feeds)

    def __call__(self, step: int) -> dict[str, NDArray[Any]]:
        """What to feed at the step that starts from `step` (0 and up); every row once an epoch, a rest is left out."""
        feeds = dict(self._fixed)
        if self._rows:
            picked = self._picked(step)
            for name, (values, dtype, shape) in self._rows.items():
                feeds[name] = values[picked].astype(dtype, copy=False).reshape((self._plan.batch, *shape))
        return feeds

    def many(self, step: int, count: int) -> dict[str, NDArray[Any]]:
        """What to feed at `count` steps from `step` on, stacked along a new first axis."""
        feeds = {
            name: np.broadcast_to(values, (count, *values.shape)) for name, values in self._fixed.items()
        }
        if self._rows:
            picked = np.stack([self._picked(at) for at in range(step, step + count)])
            for name, (values, dtype, shape) in self._rows.items():
                taken = values[picked].astype(dtype, copy=False)
                feeds[name] = taken.reshape((count, self._plan.batch, *shape))
        return feeds

    def _picked(self, step: int) -> NDArray[np.int64]:
        """The rows of a step."""
        batch = self._plan.batch
        epoch, at = divmod(step, self._plan.rows // batch)
        if epoch != self._epoch:
            self._order = permutation(self._seed, epoch, self._plan.rows)
            self._epoch = epoch
        return self._order[at * batch : (at + 1) * batch]


def _check_range(values: NDArray[Any], dtype: np.dtype[Any], array: str, name: str) -> None:
    if dtype.kind not in "iu" or values.dtype.kind not in "iu" or not values.size:
        return
    if np.can_cast(values.dtype, dtype, "safe"):
        return
    low, high = int(values.min()), int(values.max())
    bounds = np.iinfo(dtype)
    if low < bounds.min or high > bounds.max:
        raise RequestFault(
            f"The array {array!r} has values from {low} to {high}, which do not fit into {dtype.name} of {name}."
        )
