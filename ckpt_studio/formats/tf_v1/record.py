"""The bytes of one record, and the fields of the tensor in it: where its numbers stand, not what they are."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.dtypes import DType
from ckpt_studio.formats.files import FileReader
from ckpt_studio.formats.sstable.table_file import Glances
from ckpt_studio.formats.wire import FIXED32, FIXED64, LENGTH, VARINT, Field, walk

_SLICES_DATA, _SLICE_NAME, _SLICE_DATA = 2, 1, 3
_DTYPE, _CONTENT = 1, 4
_STRING, _FLOAT8, _INT = 8, 18, 7
_NUMBERS: Final = {
    "float32": 5, "float64": 6, "string": _STRING, "complex64": 9, "int64": 10, "bool": 11, "complex128": 12,
    "float16": 13, "bfloat16": 13, "uint32": 16, "uint64": 17, "float8_e5m2": _FLOAT8, "float8_e4m3fn": _FLOAT8,
    "float8_e4m3fnuz": _FLOAT8, "float8_e4m3b11fnuz": _FLOAT8, "float8_e5m2fnuz": _FLOAT8, "float4_e2m1fn": _FLOAT8,
}  # fmt: skip
"""The field of each element type; of all others it is `int_val`."""

_KIND: Final = {5: FIXED32, 9: FIXED32, 6: FIXED64, 12: FIXED64, _STRING: LENGTH, _FLOAT8: LENGTH}
"""How one element stands in its field; a varint in all others."""


@dataclass
class Record:
    """The value of one record.

    Attributes:
        source: the file; or the contents of the block, where that was read as a whole.
        start, size: where the value stands in it.
    """

    source: FileReader | memoryview
    start: int
    size: int
    _glances: Glances | None = field(default=None, repr=False)

    def look(self, at: int, size: int) -> bytes:
        """A few bytes, which must lie in the record."""
        at += self.start
        if isinstance(self.source, memoryview):
            return bytes(self.source[at : at + size])
        if self._glances is None:
            self._glances = Glances(self.source)
        return self._glances[at : at + size]

    def read(self, start: int, stop: int) -> NDArray[np.uint8]:
        """The bytes from `start` to `stop`, which must lie in the record; owned by the caller.

        Raises:
            FileFault: as `FileReader`.
        """
        if isinstance(self.source, memoryview):
            return np.frombuffer(self.source, np.uint8, stop - start, self.start + start).copy()
        return self.source.read(self.start + start, stop - start)


@dataclass(frozen=True, eq=False)
class Tensor:
    """Where the numbers of a record's tensor stand, in the record.

    Attributes:
        field: number of the repeated field of its type.
        content: first byte and end of `tensor_content`; the same where there is none.
        starts, stops: int64 [runs]; of strings, each is a run, of other types a run holds any number of elements.
    """

    field: int
    content: tuple[int, int]
    starts: NDArray[np.int64]
    stops: NDArray[np.int64]

    @property
    def is_strings(self) -> bool:
        """Whether each run is a string."""
        return self.field == _STRING

    @property
    def is_varints(self) -> bool:
        """Whether the runs are varints, not the elements' bytes."""
        return self.field not in _KIND


def find_tensor(record: Record, dtype: DType, name: bytes) -> Tensor:
    """Where the numbers of a record's tensor stand.

    Messages that stand there more than once are merged, and numbers are found packed or one by one, as protobuf has it.

    Raises:
        ValueError: the record contradicts itself or its key.
        FileFault: as `FileReader`.
    """
    wanted = _NUMBERS.get(dtype.name, _INT)
    one = _KIND.get(wanted, VARINT)
    content = (0, 0)
    starts, stops = array("q"), array("q")
    for part in _tensor_fields(record, name):
        if part.number == _DTYPE and part.kind == VARINT:
            _check_dtype(record, part, dtype)
        elif part.number == _CONTENT and part.kind == LENGTH:
            content = (part.first, part.after)
        elif part.number == wanted and part.kind in (one, LENGTH):
            if wanted == _FLOAT8:
                del starts[:], stops[:]  # not repeated: the last one counts
            starts.append(part.first)
            stops.append(part.after)
    return Tensor(wanted, content, np.frombuffer(starts, np.int64), np.frombuffer(stops, np.int64))


def _tensor_fields(record: Record, name: bytes) -> Iterator[Field]:
    """The fields of the tensor; what is not about it is passed over."""
    for outer in walk(record.look, 0, record.size):
        if outer.number != _SLICES_DATA or outer.kind != LENGTH:
            continue
        for inner in walk(record.look, outer.first, outer.after):
            if inner.kind != LENGTH:
                continue
            if inner.number == _SLICE_NAME:
                if record.look(inner.first, min(inner.after - inner.first, len(name) + 1)) != name:
                    raise ValueError("it is the record of another variable")
            elif inner.number == _SLICE_DATA:
                yield from walk(record.look, inner.first, inner.after)


def _check_dtype(record: Record, part: Field, dtype: DType) -> None:
    raw = record.look(part.first, part.after - part.first)
    number = sum((byte & 0x7F) << (7 * place) for place, byte in enumerate(raw))
    if number not in (0, dtype.number):
        raise ValueError(f"its values are of another type (number {number})")
