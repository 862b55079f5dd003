"""What every other layer sees of a checkpoint: columns of what there is, and a way to read windows of it.

A checkpoint on disk, a document's staged view, a donor and a sample are all a `TensorSource`, so a plot, a statistic, a
comparison, a save and a run never ask which one they hold. Variables are kept as columns; a `TensorInfo` is made when
somebody looks at one.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from functools import cached_property
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core import dtypes
from ckpt_studio.core.errors import NoSuchVariable
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.windows import Window

_AT_ONCE = 1 << 14
_FEW_RUNS = 256
BLOCK_BYTES = 1 << 20
"""How much `blocks` reads at once."""


class Role(IntEnum):
    """What a variable is for (DESIGN.md, Words)."""

    weight = 0
    slot = 1
    counter = 2
    statistic = 3
    metadata = 4


class RoleSource(IntEnum):
    """Where a role comes from."""

    by_name = 0
    object_graph = 1
    meta_graph = 2
    config = 3

    @property
    def word(self) -> str:
        """As CONTRACT.md's ROW says it."""
        return "name" if self is RoleSource.by_name else self.name


class Names:
    """N strings in one blob, so that a million of them cost no object each.

    String i is `blob[offsets[i]:offsets[i + 1] - 1]`; one newline stands after each (a separator for searching; names
    may hold newlines of their own). Bytes that are not UTF-8 come out as surrogate escapes.
    """

    __slots__ = ("_bounds", "blob", "offsets")

    def __init__(self, blob: bytes, offsets: NDArray[np.int64]) -> None:
        self.blob = blob
        self.offsets = offsets
        self._bounds = offsets.data  # whose elements are plain int, and quick to have

    @classmethod
    def of(cls, raw: Iterable[bytes]) -> Names:
        """From byte strings."""
        parts = list(raw)
        offsets = np.zeros(len(parts) + 1, np.int64)
        np.cumsum(np.fromiter(map(len, parts), np.int64, len(parts)) + 1, out=offsets[1:])
        return cls(b"\n".join([*parts, b""]) if parts else b"", offsets)

    @classmethod
    def of_text(cls, texts: Iterable[str]) -> Names:
        """From strings."""
        return cls.of(encode(t) for t in texts)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def raw(self, i: int) -> bytes:
        """String i as bytes."""
        return self.blob[self._bounds[i] : self._bounds[i + 1] - 1]

    def __getitem__(self, i: int) -> str:
        return decode(self.raw(i))

    def __iter__(self) -> Iterator[str]:
        return (self[i] for i in range(len(self)))

    def take(self, rows: Sequence[int]) -> list[str]:
        """The strings of these rows; a hundred thousand of them take some milliseconds."""
        if len(rows) * 8 < len(self):
            return [self[row] for row in rows]
        every = self.texts()
        return [every[row] for row in rows]

    def texts(self, first: int = 0, past: int | None = None) -> list[str]:
        """All strings, or those of these rows."""
        past = len(self) if past is None else past
        every: list[str] = []
        for low in range(first, past, _AT_ONCE):  # other threads get their turn in between
            high = min(low + _AT_ONCE, past)
            part = decode(self.blob[self.offsets[low] : self.offsets[high]]).split("\n")[:-1]
            # a name may hold newlines of its own
            every += part if len(part) == high - low else [self[row] for row in range(low, high)]
        return every

    def raws(self) -> list[bytes]:
        """All strings as bytes; a hundred thousand of them take some milliseconds."""
        if self.blob.count(b"\n") == len(self):
            return self.blob.split(b"\n")[:-1]
        return [self.raw(row) for row in range(len(self))]

    def subset(self, rows: NDArray[np.int64]) -> Names:
        """The strings of these rows, in their order; nothing of it costs an object a string."""
        sizes = np.diff(self.offsets)[rows]
        offsets = np.zeros(len(rows) + 1, np.int64)
        np.cumsum(sizes, out=offsets[1:])
        cuts = np.flatnonzero(np.diff(rows) != 1) + 1
        if len(cuts) * 8 < len(rows) or len(cuts) < _FEW_RUNS:  # mostly rows that follow each other
            first = rows[np.concatenate(([0], cuts))[: len(rows)]]
            after = rows[np.concatenate((cuts, [len(rows)]))[: len(rows)] - 1] + 1
            spans = zip(self.offsets[first].tolist(), self.offsets[after].tolist(), strict=True)
            return Names(b"".join([self.blob[start:stop] for start, stop in spans]), offsets)
        places = np.arange(offsets[-1]) + np.repeat(self.offsets[rows] - offsets[:-1], sizes)
        return Names(np.frombuffer(self.blob, np.uint8)[places].tobytes(), offsets)

    def followed_by(self, more: Sequence[bytes]) -> Names:
        """These strings, and others behind them."""
        other = Names.of(more)
        return Names(
            self.blob + other.blob, np.concatenate((self.offsets, other.offsets[1:] + len(self.blob)))
        )

    def find(self, text: str) -> int:
        """Row of `text` in sorted names, or -1."""
        try:
            return self.find_raw(encode(text))
        except UnicodeEncodeError:  # half a pair of surrogates, as JSON can hold it: no bytes mean that
            return -1

    def find_raw(self, want: bytes) -> int:
        """Row of a byte string in sorted names, or -1."""
        i = bisect_left(range(len(self)), want, key=self.raw)
        return i if i < len(self) and self.raw(i) == want else -1


def encode(text: str) -> bytes:
    """Bytes of a key or name as the file has them."""
    return text.encode("utf-8", "surrogateescape")


def decode(raw: bytes) -> str:
    """A key or name of the file as a string; bytes that are not UTF-8 become surrogate escapes."""
    return raw.decode("utf-8", "surrogateescape")


def printable(text: str) -> str:
    r"""A key or name for showing: bytes that are not UTF-8 as `\xNN`, what no bytes can mean as `\uNNNN`."""
    try:
        return encode(text).decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:
        text = re.sub("[\ud800-\udc7f\udd00-\udfff]", lambda half: f"\\u{ord(half[0]):04x}", text)
        return encode(text).decode("utf-8", "backslashreplace")


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """One variable, as CONTRACT.md's ROW describes it.

    Attributes:
        key: the name in the file (surrogate escapes where it is not UTF-8).
        name: what a person calls it: the full name, else the key.
        object_path: path in the object graph, or None.
        shape: None when unknown.
        dtype: the element type.
        nbytes: bytes on disk, slices added up.
        slot_of: key of the weight that this optimizer slot belongs to, or None.
        slot_name: `m`, `momentum`, ..., or None.
        trainable: None when nothing says.
        error: the row's own fault as a sentence, or None.
    """

    key: str
    name: str
    object_path: str | None
    shape: tuple[int, ...] | None
    dtype: dtypes.DType
    nbytes: int
    role: Role
    role_source: RoleSource
    slot_of: str | None
    slot_name: str | None
    trainable: bool | None
    error: str | None

    @property
    def size(self) -> int:
        """Number of elements, as a Python integer; 0 when the shape is unknown."""
        count = 1
        for extent in self.shape if self.shape is not None else (0,):
            count *= extent
        return count


ROW_ARRAYS: Final = ("dtype", "rank", "dims", "nbytes", "role", "role_source", "slot_name", "trainable")
"""Of `Columns`, what is one value a row and means the same wherever the row stands."""


@dataclass(frozen=True)
class Columns:
    """All variables of a source, one array a property, rows in byte order of keys.

    Attributes:
        keys: the names in the file.
        dtype: uint8 [N], TensorFlow's DataType number.
        rank: int8 [N], -1 where the shape is unknown. Deeper than 127 is a fault of the row.
        dims: int64 [N, max rank], -1 past the rank.
        nbytes: int64 [N].
        role, role_source: uint8 [N], values of `Role` and `RoleSource`.
        slot_of: int32 [N], row of the weight or -1.
        slot_name: int16 [N], place in `slot_names` or -1.
        trainable: int8 [N], 1, 0, or -1 when nothing says.
        names: full names, or None where they are the keys.
        object_paths: paths in the object graph ("" where a row has none), or None.
        faults: sentence by row, for the rows that are damaged.
    """

    keys: Names
    dtype: NDArray[np.uint8]
    rank: NDArray[np.int8]
    dims: NDArray[np.int64]
    nbytes: NDArray[np.int64]
    role: NDArray[np.uint8]
    role_source: NDArray[np.uint8]
    slot_of: NDArray[np.int32]
    slot_name: NDArray[np.int16]
    slot_names: tuple[str, ...]
    trainable: NDArray[np.int8]
    names: Names | None = None
    object_paths: Names | None = None
    faults: Mapping[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.keys)

    @cached_property
    def sizes(self) -> NDArray[np.float64]:
        """Float64 [N]: number of elements of each row, 0 where the shape is unknown."""
        sizes = (self.rank >= 0).astype(np.float64)
        for extents in self.dims.T:
            sizes *= np.where(extents < 0, 1, extents)
        return sizes

    def shape(self, row: int) -> tuple[int, ...] | None:
        """Shape of a row, None when unknown."""
        rank = int(self.rank[row])
        return None if rank < 0 else tuple(self.dims[row, :rank].tolist())

    def row(self, key: str) -> int:
        """Row of a key.

        Raises:
            NoSuchVariable: if there is none.
        """
        row = self.keys.find(key)
        if row < 0:
            raise NoSuchVariable(f"There is no variable {printable(key)!r} in this checkpoint.", key=key)
        return row

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.keys.find(key) >= 0

    def name(self, row: int) -> str:
        """What a person calls the variable of a row."""
        return self.keys[row] if self.names is None else self.names[row]

    def info(self, row: int) -> TensorInfo:
        """The variable of a row."""
        slot_of = int(self.slot_of[row])
        slot_name = int(self.slot_name[row])
        trainable = int(self.trainable[row])
        return TensorInfo(
            key=self.keys[row],
            name=self.name(row),
            object_path=None if self.object_paths is None else self.object_paths[row] or None,
            shape=self.shape(row),
            dtype=dtypes.unknown(int(self.dtype[row])),
            nbytes=int(self.nbytes[row]),
            role=Role(int(self.role[row])),
            role_source=RoleSource(int(self.role_source[row])),
            slot_of=None if slot_of < 0 else self.keys[slot_of],
            slot_name=None if slot_name < 0 else self.slot_names[slot_name],
            trainable=None if trainable < 0 else bool(trainable),
            error=self.faults.get(row),
        )

    def of(self, key: str) -> TensorInfo:
        """The variable with this key.

        Raises:
            NoSuchVariable: if there is none.
        """
        return self.info(self.row(key))

    def subset(self, rows: NDArray[np.int64], faults: Mapping[int, str]) -> Columns:
        """Only these rows, in an order that keeps the keys sorted; a slot whose weight is gone belongs to none.

        Args:
            rows: int64 [n], rows of ours.
            faults: sentences by row of the result.
        """
        now = np.full(len(self) + 1, -1, np.int32)
        now[rows] = np.arange(len(rows), dtype=np.int32)
        return replace(
            self,
            keys=self.keys.subset(rows),
            names=None if self.names is None else self.names.subset(rows),
            object_paths=None if self.object_paths is None else self.object_paths.subset(rows),
            slot_of=now[self.slot_of[rows]],
            faults=faults,
            **{name: getattr(self, name)[rows] for name in ROW_ARRAYS},
        )

    @cached_property
    def slots_by_weight(self) -> dict[int, tuple[int, ...]]:
        """Rows of the optimizer slots of each weight row that has some."""
        found: dict[int, list[int]] = {}
        for row in np.flatnonzero(self.slot_of >= 0).tolist():
            found.setdefault(int(self.slot_of[row]), []).append(row)
        return {weight: tuple(rows) for weight, rows in found.items()}


@dataclass(frozen=True, slots=True)
class Stored:
    """Where the bytes of a whole tensor lie, encoded as a V2 bundle stores them: they can be read without the format,
    and where their checksum is known, a writer can copy them as they are.

    Attributes:
        path: the data file.
        offset, size: the bytes.
        crc: masked CRC32C of them, as an index entry holds it; None where the format has no checksums.
        big_endian: byte order of the elements.
        identity: of the file when it was looked at first, as text: what reads it later compares (`open_stored`).
    """

    path: str
    offset: int
    size: int
    crc: int | None
    big_endian: bool
    identity: str


class TensorSource(Protocol):
    """Anything that holds named tensors. All methods may be called from any thread."""

    @property
    def columns(self) -> Columns:
        """What there is. The same object until something changes."""
        ...

    def read(self, key: str, window: Window | None = None) -> NDArray[Any]:
        """Values of a window, or of the whole tensor: native byte order, C order, owned by the caller.

        Strings come as an object array of bytes.

        Raises:
            NoSuchVariable: no such key.
            FileFault: the tensor's bytes are damaged, missing or opaque.
        """
        ...

    def blocks(self, key: str, task: Task = UNTENDED) -> Iterator[NDArray[Any]]:
        """All values in C order as flat arrays of about `BLOCK_BYTES`; each is valid until the next is asked for.

        `task.advance` is called with the bytes of each block, which is also where a cancel is noticed.

        Raises:
            as `read`, and Cancelled.
        """
        ...

    def identity(self, key: str) -> str:
        """A text that changes when the values of `key` may have changed: for caches and "newest request wins"."""
        ...

    def stored(self, key: str) -> Stored | None:
        """Where the bytes lie in V2 encoding, or None if they lie apart, or in another."""
        ...
