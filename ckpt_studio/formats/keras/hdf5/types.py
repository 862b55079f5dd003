"""Which element types of an HDF5 file are read, and as what. Runs in the HDF5 process only."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from h5py import h5t

_FLOATS: Final = {
    "float16": (h5t.IEEE_F16LE, h5t.IEEE_F16BE),
    "float32": (h5t.IEEE_F32LE, h5t.IEEE_F32BE),
    "float64": (h5t.IEEE_F64LE, h5t.IEEE_F64BE),
}
_INTEGERS: Final = {
    "int8": (h5t.STD_I8LE, h5t.STD_I8BE),
    "int16": (h5t.STD_I16LE, h5t.STD_I16BE),
    "int32": (h5t.STD_I32LE, h5t.STD_I32BE),
    "int64": (h5t.STD_I64LE, h5t.STD_I64BE),
    "uint8": (h5t.STD_U8LE, h5t.STD_U8BE),
    "uint16": (h5t.STD_U16LE, h5t.STD_U16BE),
    "uint32": (h5t.STD_U32LE, h5t.STD_U32BE),
    "uint64": (h5t.STD_U64LE, h5t.STD_U64BE),
}
_COMPLEX: Final = {"float32": "complex64", "float64": "complex128"}
_BFLOAT16_FIELDS: Final = (15, 7, 8, 0, 7)
_CLASSES: Final = {
    h5t.TIME: "points in time",
    h5t.BITFIELD: "fields of bits",
    h5t.OPAQUE: "opaque bytes",
    h5t.COMPOUND: "records of several fields",
    h5t.REFERENCE: "references to other objects",
    h5t.ENUM: "an enumeration",
    h5t.VLEN: "lists of varying length",
    h5t.ARRAY: "arrays",
}


class OddType(Exception):
    """A type whose values are not read; says what its elements are."""


def kind_of(tid: Any, marked: str) -> tuple[str, bool]:
    """TensorFlow's name of a type, and whether its numbers are big-endian.

    Args:
        tid: an h5py `TypeID`.
        marked: what the dataset's attribute `dtype` says, which is how Keras marks bfloat16.

    Raises:
        OddType: its values are not read.
    """
    kind = tid.get_class()
    if kind == h5t.STRING:
        return "string", False
    if kind in (h5t.FLOAT, h5t.INTEGER):
        return _number(tid, kind)
    if kind == h5t.ENUM and _is_bool(tid):
        return "bool", False
    if kind == h5t.COMPOUND:
        return _complex(tid)
    if kind == h5t.OPAQUE and tid.get_size() == 2 and (marked == "bfloat16" or not tid.get_tag()):
        return "bfloat16", False  # h5py has no other use for two bytes without a tag
    raise OddType(_CLASSES.get(kind, "of an unknown class"))


def _number(tid: Any, kind: int) -> tuple[str, bool]:
    for name, orders in (_FLOATS if kind == h5t.FLOAT else _INTEGERS).items():
        for big_endian, standard in enumerate(orders):
            if tid.equal(standard):
                return name, bool(big_endian)
    if (
        kind == h5t.FLOAT
        and tid.get_size() == 2
        and tid.get_fields() == _BFLOAT16_FIELDS
        and tid.get_ebias() == 127
        and tid.get_order() == h5t.ORDER_LE
    ):
        return "bfloat16", False
    raise OddType(f"{'floating' if kind == h5t.FLOAT else 'whole'} numbers of {8 * tid.get_size()} bits")


def _is_bool(tid: Any) -> bool:
    if tid.get_size() != 1 or tid.get_nmembers() != 2:
        return False
    return {tid.get_member_name(i): tid.get_member_value(i) for i in range(2)} == {b"FALSE": 0, b"TRUE": 1}


def _complex(tid: Any) -> tuple[str, bool]:
    if tid.get_nmembers() == 2 and [tid.get_member_name(i) for i in range(2)] == [b"r", b"i"]:
        parts = [tid.get_member_type(i) for i in range(2)]
        if all(part.get_class() == h5t.FLOAT for part in parts):
            (name, big_endian), other = (_number(part, h5t.FLOAT) for part in parts)
            size = parts[0].get_size()
            places = [tid.get_member_offset(i) for i in range(2)]
            whole = places == [0, size] and tid.get_size() == 2 * size
            if (name, big_endian) == other and name in _COMPLEX and whole:
                return _COMPLEX[name], big_endian
    raise OddType(_CLASSES[h5t.COMPOUND])


def memory_of(name: str, tid: Any) -> tuple[np.dtype[Any], Any]:
    """The numpy dtype and the HDF5 type in which values of type `name` are read: native byte order."""
    if name == "bfloat16":
        return np.dtype("u2"), tid.copy()
    if name == "bool":
        return np.dtype("i1"), tid.copy()
    dtype = np.dtype(name)
    return dtype, h5t.py_create(dtype)
