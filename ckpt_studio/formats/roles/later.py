"""Columns whose roles and full names are found out when somebody asks for them: keys, shapes and types need neither."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.tensors import Columns, Names

_LATER: Final = (
    "role", "role_source", "slot_of", "slot_name", "slot_names", "trainable", "names", "object_paths",
)  # fmt: skip


class _Later:
    """A field that is not there yet. What is set on the object itself comes before it."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, columns: LaterColumns | None, owner: type) -> Any:
        if columns is None:
            return self
        columns.find_out()
        return vars(columns)[self._name]


class LaterColumns(Columns):
    """`Columns` of which at first only what the file itself says is there; any thread may ask for the rest."""

    role = _Later()
    role_source = _Later()
    slot_of = _Later()
    slot_name = _Later()
    slot_names = _Later()
    trainable = _Later()
    names = _Later()
    object_paths = _Later()

    @classmethod
    def begin(
        cls,
        keys: Names,
        dtype: NDArray[np.uint8],
        rank: NDArray[np.int8],
        dims: NDArray[np.int64],
        nbytes: NDArray[np.int64],
        faults: Mapping[int, str],
        rest: Callable[[], Columns],
    ) -> LaterColumns:
        """Columns whose other fields are those of what `rest` gives."""
        columns = cls.__new__(cls)
        vars(columns).update(keys=keys, dtype=dtype, rank=rank, dims=dims, nbytes=nbytes, faults=faults)
        vars(columns).update(_rest=rest, _lock=threading.Lock())
        return columns

    def find_out(self) -> None:
        """Set the fields that are not there yet."""
        own = vars(self)
        with own["_lock"]:
            if _LATER[0] not in own:
                whole = own["_rest"]()
                own.update({name: getattr(whole, name) for name in _LATER})
                del own["_rest"]
