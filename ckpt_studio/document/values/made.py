"""Values that come from no file: constants, the identity, and what the usual initializers give.

All of them but `orthogonal` are made piece by piece, so that a variable of any size takes no memory of its own.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod, sqrt
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import BLOCK_BYTES
from ckpt_studio.core.windows import Window
from ckpt_studio.document.values.base import Shape, Unstored, Want
from ckpt_studio.document.values.changed import cast
from ckpt_studio.document.values.random_numbers import TRUNCATED_DEVIATION, Floats, Stream
from ckpt_studio.document.values.stretches import gathered

InitializerName: TypeAlias = Literal[
    "zeros", "ones", "normal", "uniform", "truncated_normal", "glorot_normal", "glorot_uniform",
    "he_normal", "he_uniform", "orthogonal", "identity",
]  # fmt: skip
MOST_ORTHOGONAL: Final = 1 << 22
"""Elements of the largest variable that `orthogonal` is made for: it has to be made as a whole."""


class Made(Unstored):
    """Values that are made by the place of each element in C order."""

    @abstractmethod
    def elements(self, first: int, after: int) -> NDArray[Any]:
        """The elements `first` to `after` (not included), in numpy's native form of the element type."""

    @property
    def _native(self) -> np.dtype[Any]:
        assert self.want.dtype.numpy is not None
        return self.want.dtype.numpy.newbyteorder("=")

    def read(self, window: Window | None = None) -> NDArray[Any]:
        """As `Values.read`."""
        return gathered(self.elements, self.want.known, window, self._native)

    def blocks(self, task: Task = UNTENDED) -> Iterator[NDArray[Any]]:
        """As `Values.blocks`."""
        size, at_once = prod(self.want.known), BLOCK_BYTES // self._native.itemsize
        for first in range(0, size, at_once):
            block = self.elements(first, min(first + at_once, size))
            task.advance(block.nbytes)
            yield block


class Constant(Made):
    """One value everywhere; `value` is a numpy scalar of the element type, or bytes."""

    def __init__(self, want: Want, value: Any) -> None:
        super().__init__(want)
        self.value = value

    def elements(self, first: int, after: int) -> NDArray[Any]:
        """As `Made.elements`."""
        return np.full(after - first, self.value, self._native)

    def identity(self) -> str:
        """As `Values.identity`."""
        return f"constant {self.value!r} of {self.want.dtype.number} {self.want.shape}"


@dataclass(frozen=True, slots=True)
class Initializer:
    """How a variable is initialised, by the rules of Keras.

    Attributes:
        name: one of `InitializerName`.
        seed: of the random ones; variables of other names get other numbers.
        mean, stddev: of `normal` and `truncated_normal` (whose numbers lie within two deviations).
        low, high: of `uniform`.
        gain: of `orthogonal` and `identity`.
    """

    name: InitializerName
    seed: int = 0
    mean: float = 0.0
    stddev: float = 0.05
    low: float = -0.05
    high: float = 0.05
    gain: float = 1.0

    @property
    def is_random(self) -> bool:
        """Whether the seed matters."""
        return self.name not in ("zeros", "ones", "identity")


class Initialised(Made):
    """What an initializer gives.

    Args:
        want: what is initialised.
        how: the initializer.
        stream: whose random numbers these are: the name that the variable had.
    """

    def __init__(self, want: Want, how: Initializer, stream: str) -> None:
        super().__init__(want)
        self._how, self._name = how, stream
        self._stream = Stream(how.seed, stream)
        self._whole: Floats | None = None

    def identity(self) -> str:
        """As `Values.identity`."""
        return f"{self._how} {self._name} of {self.want.dtype.number} {self.want.shape}"

    def elements(self, first: int, after: int) -> NDArray[Any]:
        """As `Made.elements`."""
        return cast(self._numbers(first, after), self.want.dtype)

    def _numbers(self, first: int, after: int) -> Floats:
        how, name = self._how, self._how.name
        if name in ("zeros", "ones"):
            return np.full(after - first, float(name == "ones"))
        if name == "identity":
            columns = self.want.known[-1]
            places = np.arange(first, after)
            return np.where(places // columns == places % columns, how.gain, 0.0)
        if name == "orthogonal":
            if self._whole is None:
                self._whole = orthogonal(self._stream, self.want.known).reshape(-1) * how.gain
            return self._whole[first:after]
        if name == "normal":
            return how.mean + how.stddev * self._stream.normal(first, after)
        if name == "uniform":
            return how.low + (how.high - how.low) * self._stream.uniform(first, after)
        if name == "truncated_normal":
            return how.mean + how.stddev * self._stream.truncated(first, after)
        fan_in, fan_out = fans(self.want.known)
        variance = 2.0 / (fan_in + fan_out) if name.startswith("glorot") else 2.0 / fan_in
        if name.endswith("normal"):
            return self._stream.truncated(first, after) * (sqrt(variance) / TRUNCATED_DEVIATION)
        return (2.0 * self._stream.uniform(first, after) - 1.0) * sqrt(3.0 * variance)


def fans(shape: Shape) -> tuple[int, int]:
    """Inputs and outputs of each unit of a layer whose kernel has this shape, as Keras counts them; at least 1."""
    if len(shape) < 2:
        extent = shape[0] if shape else 1
        return max(1, extent), max(1, extent)
    field = prod(shape[:-2])
    return max(1, shape[-2] * field), max(1, shape[-1] * field)


def orthogonal(stream: Stream, shape: Shape) -> Floats:
    """A matrix of the last axis against all others, with orthogonal rows or columns, whichever are fewer.

    Gram-Schmidt with every projection done twice, in an order of additions that is the same on every machine.
    """
    rows, columns = prod(shape[:-1]), shape[-1]
    few, many = min(rows, columns), max(rows, columns)
    basis = stream.normal(0, few * many).reshape(few, many).T.copy()  # [many, few], a vector a column
    for place in range(few):
        vector = basis[:, place]
        for _ in range(2):
            before = basis[:, :place]
            along = np.add.reduce(before * vector[:, None], axis=0)
            vector = vector - _row_sums(before, along)
        basis[:, place] = vector / np.sqrt(np.add.reduce((vector * vector)[:, None], axis=0))
    return (basis if rows >= columns else basis.T).reshape(shape)


def _row_sums(matrix: Floats, factors: Floats) -> Floats:
    """`matrix @ factors`, with the products of one row added in order."""
    sums: Floats = np.add.reduce((matrix * factors).T.copy(), axis=0)
    return sums
