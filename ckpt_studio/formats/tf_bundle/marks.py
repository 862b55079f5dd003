"""The columns that say what each row is for, while they are being filled in by the object graph and by names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.tensors import Names, Role, RoleSource

_MOST_SLOT_NAMES: Final = 1 << 15
_FEW: Final = 2000


class Finder:
    """Rows by key: bisecting for a few, a dictionary from then on, for the many that name what is not there."""

    def __init__(self, keys: Names) -> None:
        self._keys = keys
        self._asked = 0
        self._rows: dict[bytes, int] | None = None

    def __call__(self, key: bytes) -> int:
        """The row of a key, or -1."""
        self._asked += 1
        if self._asked < _FEW:
            return self._keys.find_raw(key)
        if self._rows is None:
            self._rows = {self._keys.raw(row): row for row in range(len(self._keys))}
        return self._rows.get(key, -1)


@dataclass(eq=False)
class Marks:
    """One value a row; see `Columns` for what they mean.

    Attributes:
        keys, dtype, rank, dims: what is known of the rows.
        graph: whether the object graph holds the row.
        names: full names by row, where they are not the keys.
        find: rows by key.
        pairs: (slot row, weight row, slot name) that are believed if the shapes agree.
    """

    keys: Names
    dtype: NDArray[np.uint8]
    rank: NDArray[np.int32]
    dims: NDArray[np.int64]
    role: NDArray[np.uint8]
    source: NDArray[np.uint8]
    slot_of: NDArray[np.int32]
    slot_name: NDArray[np.int16]
    trainable: NDArray[np.int8]
    graph: NDArray[np.bool_]
    find: Finder
    names: dict[int, bytes] = field(default_factory=dict)
    slot_names: dict[str, int] = field(default_factory=dict)
    pairs: list[tuple[int, int, str]] = field(default_factory=list)

    @classmethod
    def of(
        cls, keys: Names, dtype: NDArray[np.uint8], rank: NDArray[np.int32], dims: NDArray[np.int64]
    ) -> Marks:
        """All rows weights by name, until something says otherwise."""
        count = len(keys)
        return cls(
            keys,
            dtype,
            rank,
            dims,
            role=np.full(count, Role.weight, np.uint8),
            source=np.full(count, RoleSource.name, np.uint8),
            slot_of=np.full(count, -1, np.int32),
            slot_name=np.full(count, -1, np.int16),
            trainable=np.full(count, -1, np.int8),
            graph=np.zeros(count, np.bool_),
            find=Finder(keys),
        )

    def is_single(self, row: int) -> bool:
        """Whether a row has exactly one element."""
        rank = int(self.rank[row])
        return rank == 0 or (rank > 0 and bool((self.dims[row, :rank] == 1).all()))

    def join(self) -> None:
        """Believe the pairs whose shapes agree and whose weight is no slot itself."""
        pairs, self.pairs = self.pairs, []
        if not pairs:
            return
        slot = np.array([pair[0] for pair in pairs], np.int64)
        weight = np.array([pair[1] for pair in pairs], np.int64)
        fits = (slot != weight) & (self.rank[slot] == self.rank[weight]) & (self.rank[slot] >= 0)
        fits &= (self.dims[slot] == self.dims[weight]).all(axis=1)
        kept = np.flatnonzero(fits)
        self.slot_of[slot[kept]] = weight[kept]
        chained = (
            self.slot_of[weight[kept]] >= 0
        )  # an average of a slot, say: it belongs to the slot's weight
        self.slot_of[slot[kept[chained]]] = self.slot_of[weight[kept[chained]]]
        self.role[slot[kept]] = Role.slot
        for i in kept.tolist():
            self.slot_name[pairs[i][0]] = self._number(pairs[i][2])

    def _number(self, name: str) -> int:
        number = self.slot_names.setdefault(name, len(self.slot_names))
        return number if number < _MOST_SLOT_NAMES else -1
