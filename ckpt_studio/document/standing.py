"""How the variables of a document stand: one of them, some of them, and what verifying has found."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.tensors import Names
from ckpt_studio.formats.base import Fault


@dataclass(frozen=True, slots=True)
class KeyState:
    """How one variable stands.

    Attributes:
        frozen: whether a resumed run leaves it alone.
        replaced_by: what its values come from now, for a person (a donor, an initializer), or None for its own.
        original_frozen: whether it was frozen when the checkpoint was opened.
        dropped: whether it is left out.
        renamed_from: the key that the checkpoint has for it, or None where that is its own.
        added: whether the checkpoint does not have it.
    """

    frozen: bool
    replaced_by: str | None
    original_frozen: bool
    dropped: bool = False
    renamed_from: str | None = None
    added: bool = False


@dataclass(frozen=True, slots=True)
class Verified:
    """What comparing every checksum of a checkpoint has found.

    Attributes:
        faults: all of them, also those that were known when it was opened.
        checked_bytes: how many bytes were compared.
    """

    faults: tuple[Fault, ...]
    checked_bytes: int


class KeySet(Set[str]):
    """Some keys of a checkpoint, without an object for each until somebody wants them."""

    def __init__(self, names: Names, rows: NDArray[np.bool_]) -> None:
        self._names, self._rows = names, rows

    def __contains__(self, key: object) -> bool:
        row = self._names.find(key) if isinstance(key, str) else -1
        return row >= 0 and bool(self._rows[row])

    def __iter__(self) -> Iterator[str]:
        return iter(self._names.take(np.flatnonzero(self._rows).tolist()))

    def __len__(self) -> int:
        return int(np.count_nonzero(self._rows))
