"""The columns that say what each row is for, while they are being filled in by the object graph and by names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.tensors import Columns, Names, Role, RoleSource

_MOST_SLOT_NAMES: Final = 1 << 15
_FEW: Final = 2000


def all_raw(names: Names) -> list[bytes]:
    """All strings of `names`: one split, where none of them holds a newline."""
    if names.blob.count(b"\n") == len(names):
        return names.blob.split(b"\n")[:-1]
    offsets = names.offsets.tolist()
    return [names.blob[start : stop - 1] for start, stop in pairwise(offsets)]


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
            self._rows = {key: row for row, key in enumerate(all_raw(self._keys))}
        return self._rows.get(key, -1)


@dataclass(eq=False)
class Marks:
    """One value a row; see `Columns` for what they mean.

    Attributes:
        keys, dtype, rank, dims: what is known of the rows.
        graph: whether the object graph holds the row.
        names: full names by row, where they are not the keys.
        paths: paths in the object graph by row.
        find: rows by key.
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
    paths: Names | None = None
    slot_names: dict[str, int] = field(default_factory=dict)
    _slots: list[int] = field(default_factory=list)
    _weights: list[int] = field(default_factory=list)
    _numbers: list[int] = field(default_factory=list)

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
            source=np.full(count, RoleSource.by_name, np.uint8),
            slot_of=np.full(count, -1, np.int32),
            slot_name=np.full(count, -1, np.int16),
            trainable=np.full(count, -1, np.int8),
            graph=np.zeros(count, np.bool_),
            find=Finder(keys),
        )

    @cached_property
    def raw_keys(self) -> list[bytes]:
        """The keys as a list."""
        return all_raw(self.keys)

    def is_single(self, row: int) -> bool:
        """Whether a row has exactly one element."""
        rank = int(self.rank[row])
        return rank == 0 or (rank > 0 and bool((self.dims[row, :rank] == 1).all()))

    def number(self, slot_name: str) -> int:
        """The place of a slot's name in `slot_names`, -1 where there are too many."""
        number = self.slot_names.setdefault(slot_name, len(self.slot_names))
        return number if number < _MOST_SLOT_NAMES else -1

    def pair(self, slot: int, weight: int, number: int) -> None:
        """Note that one row says to be a slot of another; `join` believes it if the shapes agree."""
        self._slots.append(slot)
        self._weights.append(weight)
        self._numbers.append(number)

    def join(self) -> None:
        """Believe the pairs whose shapes agree."""
        slot = np.array(self._slots, np.int64)
        weight = np.array(self._weights, np.int64)
        number = np.array(self._numbers, np.int16)
        self._slots, self._weights, self._numbers = [], [], []
        fits = (slot != weight) & (self.rank[slot] == self.rank[weight]) & (self.rank[slot] >= 0)
        fits &= (self.dims[slot] == self.dims[weight]).all(axis=1)
        slot, weight, number = slot[fits], weight[fits], number[fits]
        self.slot_of[slot] = weight
        above = self.slot_of[weight]  # an average of a slot, say: it belongs to the slot's weight
        chained = (above >= 0) & (above != slot)
        self.slot_of[slot[chained]] = above[chained]
        self.slot_name[slot] = number
        self.role[slot] = Role.slot

    def columns(self, nbytes: NDArray[np.int64], faults: Mapping[int, str]) -> Columns:
        """The columns as all other layers see them."""
        names = None
        if self.names:
            names = Names.of(self.names.get(row) or key for row, key in enumerate(self.raw_keys))
        return Columns(
            keys=self.keys,
            dtype=self.dtype,
            rank=self.rank.astype(np.int8),
            dims=self.dims,
            nbytes=nbytes,
            role=self.role,
            role_source=self.source,
            slot_of=self.slot_of,
            slot_name=self.slot_name,
            slot_names=tuple(self.slot_names),
            trainable=self.trainable,
            names=names,
            object_paths=self.paths,
            faults=faults,
        )
