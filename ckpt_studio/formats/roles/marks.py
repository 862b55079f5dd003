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

ATTRIBUTES: Final = b"/.ATTRIBUTES/"
"""Stands in the keys of TF2 checkpoints between the path of an object and what is stored of it."""

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
        names: full names by row, where they are not the keys; none of them is empty.
        paths: paths in the object graph by row, where the keys do not begin with them.
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
    paths: dict[int, bytes] = field(default_factory=dict)
    slot_names: dict[str, int] = field(default_factory=dict)
    _said: tuple[list[int], list[int], list[int]] = field(default_factory=lambda: ([], [], []))
    _pairs: list[NDArray[np.int64]] = field(default_factory=list)
    _certain: list[NDArray[np.int64]] = field(default_factory=list)

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

    def same_shape(self, row: int, other: int) -> bool:
        """Whether two rows have one known shape."""
        rank = int(self.rank[row])
        return rank >= 0 and rank == self.rank[other] and bool((self.dims[row] == self.dims[other]).all())

    def pair(self, slot: int, weight: int, number: int) -> None:
        """Note that one row says to be a slot of another; `join` believes it if the shapes agree."""
        slots, weights, numbers = self._said
        slots.append(slot)
        weights.append(weight)
        numbers.append(number)

    def pair_all(
        self, slots: NDArray[np.int64], weights: NDArray[np.int64], numbers: NDArray[np.int64]
    ) -> None:
        """As `pair`, for many."""
        self._pairs.append(np.stack([slots, weights, numbers]))

    def pair_for_certain(
        self, slots: NDArray[np.int64], weights: NDArray[np.int64], numbers: NDArray[np.int64]
    ) -> None:
        """Note slots whose weights are known, whatever their shapes; -1 for a weight that is not."""
        self._certain.append(np.stack([slots, weights, numbers]))

    def join(self) -> None:
        """Make slots of the rows that were noted, where that can be believed."""
        said = np.concatenate([np.array(self._said, np.int64), *self._pairs], axis=1)
        slot, weight, _ = said
        fits = (self.rank[slot] == self.rank[weight]) & (self.rank[slot] >= 0)
        fits &= (self.dims[slot] == self.dims[weight]).all(axis=1)
        slot, weight, number = np.concatenate([said[:, fits], *self._certain], axis=1)
        self._said, self._pairs, self._certain = ([], [], []), [], []
        other = slot != weight
        slot, weight, number = slot[other], weight[other], number[other]
        self.slot_of[slot] = weight
        above = np.where(weight >= 0, self.slot_of[weight], -1)
        chained = (above >= 0) & (above != slot)  # an average of a slot, say: it belongs to the slot's weight
        self.slot_of[slot[chained]] = above[chained]
        self.slot_name[slot] = number
        self.role[slot] = Role.slot
        unclear = np.flatnonzero(self.slot_of >= 0)
        unclear = unclear[self.role[self.slot_of[unclear]] == Role.slot]
        self.slot_of[unclear] = -1  # slots of each other

    def columns(self, nbytes: NDArray[np.int64], faults: Mapping[int, str]) -> Columns:
        """The columns as all other layers see them."""
        names = None
        if self.names:
            names = Names.of(map(self.names.get, range(len(self.keys)), self.raw_keys))
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
            object_paths=self._object_paths(),
            faults=faults,
        )

    def _object_paths(self) -> Names | None:
        """TensorFlow makes an object's keys from its path, escaped: the path is what stands before its attributes."""
        if ATTRIBUTES not in self.keys.blob:
            return Names.of(self.paths.get(row, b"") for row in range(len(self.keys))) if self.paths else None
        paths = [key[:cut] if (cut := key.find(ATTRIBUTES)) >= 0 else b"" for key in self.raw_keys]
        for row, path in self.paths.items():
            paths[row] = path
        return Names.of(paths)
