"""Many keys of a checkpoint as the rows they have in it, without an object for each until somebody wants them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import eq
from typing import overload

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.tensors import Names

_AT_ONCE = 8192


class Keys(Sequence[str]):
    """Keys of some rows. Equal to any sequence of the same keys.

    Attributes:
        names: all keys of the checkpoint, in order.
        rows: int64 [n], ascending; not to be changed.
    """

    __slots__ = ("names", "rows")

    def __init__(self, names: Names, rows: NDArray[np.int64]) -> None:
        self.names = names
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, at: int) -> str: ...

    @overload
    def __getitem__(self, at: slice) -> Keys: ...

    def __getitem__(self, at: int | slice) -> str | Keys:
        return Keys(self.names, self.rows[at]) if isinstance(at, slice) else self.names[int(self.rows[at])]

    def __iter__(self) -> Iterator[str]:
        for first in range(0, len(self.rows), _AT_ONCE):
            part = self.rows[first : first + _AT_ONCE]
            low, past = int(part[0]), int(part[-1]) + 1
            if past - low == len(part):
                yield from self.names.texts(low, past)
            else:
                yield from map(self.names.__getitem__, part.tolist())

    def __contains__(self, key: object) -> bool:
        row = self.names.find(key) if isinstance(key, str) else -1
        at = int(np.searchsorted(self.rows, row))
        return row >= 0 and at < len(self.rows) and int(self.rows[at]) == row

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Keys) and other.names is self.names:
            return np.array_equal(self.rows, other.rows)
        if not isinstance(other, Sequence) or isinstance(other, str) or len(other) != len(self):
            return False
        return all(map(eq, self, other))

    def __hash__(self) -> int:
        return hash(tuple(self))
