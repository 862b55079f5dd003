"""The element types a checkpoint can hold: TensorFlow's name and number for each, and the numpy dtype that reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import ml_dtypes
import numpy as np


@dataclass(frozen=True, slots=True)
class DType:
    """One element type.

    Attributes:
        number: TensorFlow's `DataType` enum value (tensorflow/core/framework/types.proto).
        name: TensorFlow's name, as `tf.DType.name` gives it.
        numpy: little-endian numpy dtype of one element on disk, object for strings, None where the bytes are opaque.
    """

    number: int
    name: str
    numpy: np.dtype[Any] | None

    @property
    def itemsize(self) -> int:
        """Bytes of one element on disk; 0 where elements differ in size."""
        return 0 if self.numpy is None or self.numpy.hasobject else self.numpy.itemsize

    @property
    def held(self) -> int:
        """Bytes of one element in memory, at least: of a string, those of a pointer to it."""
        return max(self.itemsize, 8 if self.name == "string" else 1)

    @property
    def is_numeric(self) -> bool:
        """Whether elements are numbers (bool included), so that statistics mean something."""
        return self.itemsize > 0


def _table() -> dict[int, DType]:
    plain = {
        1: ("float32", "<f4"), 2: ("float64", "<f8"), 3: ("int32", "<i4"), 4: ("uint8", "u1"),
        5: ("int16", "<i2"), 6: ("int8", "i1"), 8: ("complex64", "<c8"), 9: ("int64", "<i8"), 10: ("bool", "?"),
        11: ("qint8", "i1"), 12: ("quint8", "u1"), 13: ("qint32", "<i4"), 15: ("qint16", "<i2"),
        16: ("quint16", "<u2"), 17: ("uint16", "<u2"), 18: ("complex128", "<c16"), 19: ("float16", "<f2"),
        22: ("uint32", "<u4"), 23: ("uint64", "<u8"), 7: ("string", "O"),
    }  # fmt: skip
    small = {
        14: "bfloat16", 24: "float8_e5m2", 25: "float8_e4m3fn", 26: "float8_e4m3fnuz", 27: "float8_e4m3b11fnuz",
        28: "float8_e5m2fnuz", 29: "int4", 30: "uint4", 31: "int2", 32: "uint2", 33: "float4_e2m1fn",
    }  # fmt: skip
    table = {number: DType(number, name, np.dtype(code)) for number, (name, code) in plain.items()}
    for number, name in small.items():
        table[number] = DType(number, name, np.dtype(getattr(ml_dtypes, name)))
    for number, name in {20: "resource", 21: "variant"}.items():
        table[number] = DType(number, name, None)
    return table


BY_NUMBER: Final[dict[int, DType]] = _table()
BY_NAME: Final[dict[str, DType]] = {d.name: d for d in BY_NUMBER.values()}
FOREIGN: Final[dict[str, DType]] = {
    name: DType(255 - place, name, None)
    for place, name in enumerate(
        (
            "float8_e8m0fnu", "float6_e2m3fn", "float6_e3m2fn",  # safetensors
            "datetime64", "timedelta64", "float128", "complex256", "void", "object",  # NumPy
        )
    )
}  # fmt: skip
"""Types of other formats that TensorFlow has none for: opaque, under numbers of our own that are never written."""

_FOREIGN_NUMBERS: Final = {dtype.number: dtype for dtype in FOREIGN.values()}


def unknown(number: int) -> DType:
    """A type by its number; a stand-in for one that no TensorFlow release has given a meaning: its bytes are opaque."""
    return BY_NUMBER.get(number) or _FOREIGN_NUMBERS.get(number) or DType(number, f"unknown_{number}", None)


def of_numpy(dtype: np.dtype[Any]) -> DType:
    """The element type that a numpy array is written as; byte order is ignored.

    Raises:
        KeyError: if TensorFlow has no type for it.
    """
    if dtype.kind in "OSU":
        return BY_NAME["string"]
    return BY_NAME[dtype.newbyteorder("=").name]
