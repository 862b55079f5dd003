"""Writes `.npz` archives, an array a member, stored as they are, with NumPy's own headers in the standard zip."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Iterator
from typing import Any, ClassVar, Final

import numpy as np
from numpy.lib import format as npy

from ckpt_studio.core.dtypes import BY_NAME, DType
from ckpt_studio.core.tasks import Task
from ckpt_studio.core.tensors import TensorSource
from ckpt_studio.formats.encoding import little_endian
from ckpt_studio.formats.kept import Kept, kept_variables
from ckpt_studio.formats.one_file import FilePlan, plan_file, save_file
from ckpt_studio.formats.temporary_file import TemporaryFile
from ckpt_studio.formats.writing import Plan, Sidecars, WriteOptions, Written
from ckpt_studio.formats.zip_stream import ZipStream

_WIDER: Final[dict[str, str]] = {
    "bfloat16": "float32", "float8_e5m2": "float16", "float8_e4m3fn": "float16", "float8_e4m3fnuz": "float16",
    "float8_e4m3b11fnuz": "float16", "float8_e5m2fnuz": "float32", "float4_e2m1fn": "float16", "int4": "int8",
    "int2": "int8", "uint4": "uint8", "uint2": "uint8",
}  # fmt: skip
_OVERHEAD: Final = 320
_WIDE: Final = 1 << 30


class NpzWriter:
    """Implements `writing.Writer`."""

    format: ClassVar[str] = "npz"
    loses: ClassVar[tuple[str, ...]] = (
        "Texts that end with zero bytes lose those: NumPy fills up with zeros.",
    )

    def kept_as(self, dtype: DType) -> DType | None:
        """As `Writer.kept_as`: NumPy itself has neither bfloat16 nor smaller floats."""
        if dtype.name in _WIDER:
            return BY_NAME[_WIDER[dtype.name]]
        return dtype if dtype.numpy is not None else None

    def plan(self, source: TensorSource, path: str, options: WriteOptions, read: Collection[str]) -> FilePlan:
        """As `Writer.plan`."""
        return plan_file(path, sum(one.nbytes + _OVERHEAD for one in self._arrays(source)), options, read)

    def write(self, source: TensorSource, plan: Plan, sidecars: Sidecars, task: Task) -> Written:
        """As `Writer.write`."""
        assert isinstance(plan, FilePlan)
        return save_file(plan, lambda file: self._fill(file, source, task), sidecars, task)

    def _arrays(self, source: TensorSource) -> list[Kept]:
        return kept_variables(source, self.kept_as, "a NumPy archive", utf8=True)

    def _fill(self, file: TemporaryFile, source: TensorSource, task: Task) -> None:
        with zipfile.ZipFile(ZipStream(file), "w", zipfile.ZIP_STORED) as archive:
            for one in self._arrays(source):
                # Of texts, the widest gives the size of all.
                wide = one.nbytes >= _WIDE or not one.dtype.itemsize
                with archive.open(zipfile.ZipInfo(f"{one.key}.npy"), "w", force_zip64=wide) as target:
                    for data in _array(source, one, task):
                        target.write(data)


def _array(source: TensorSource, one: Kept, task: Task) -> Iterator[bytes | memoryview]:
    """The bytes of a `.npy` file."""
    if one.dtype.itemsize:
        assert one.dtype.numpy is not None
        yield _header(one.dtype.numpy, one.shape)
        yield from little_endian(source, one.key, one.dtype, task)
        return
    values = source.read(one.key)
    width = max(1, max((len(text) for text in values.reshape(-1)), default=1))
    packed = values.astype(f"S{width}")
    yield _header(packed.dtype, one.shape)
    yield packed.tobytes()
    task.advance(packed.nbytes)


def _header(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    head = io.BytesIO()
    described = {"descr": npy.dtype_to_descr(dtype.newbyteorder("<")), "fortran_order": False, "shape": shape}
    npy.write_array_header_1_0(head, described)
    return head.getvalue()
