"""Writes safetensors: one file, or several of a size that a person chose, with the index that ties them together."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar, Final

from ckpt_studio.core.dtypes import BY_NAME, DType
from ckpt_studio.core.errors import RequestFault, TargetExists
from ckpt_studio.core.tasks import Task
from ckpt_studio.core.tensors import TensorSource, encode
from ckpt_studio.formats.encoding import little_endian
from ckpt_studio.formats.kept import Kept, kept_variables
from ckpt_studio.formats.one_file import FilePlan, plan_file, save_file, write_beside
from ckpt_studio.formats.safetensors.header import LENGTH_BYTES, MAX_HEADER_BYTES, TYPES
from ckpt_studio.formats.saving import Saving
from ckpt_studio.formats.temporary_file import TemporaryFile
from ckpt_studio.formats.writing import Plan, Sidecars, WriteOptions, Written

_METADATA: Final = "__metadata__"
_ENDING: Final = ".safetensors"
_ALIGNMENT: Final = 8
_CODES: Final[dict[int, str]] = {
    dtype.number: code for code, (bits, dtype) in TYPES.items() if dtype.numpy is not None and bits % 8 == 0
}
_WIDER: Final[dict[str, str]] = {
    "complex128": "", "qint8": "int8", "quint8": "uint8", "qint32": "int32", "qint16": "int16", "quint16": "uint16",
    "float8_e4m3b11fnuz": "float16", "int4": "int8", "int2": "int8", "uint4": "uint8", "uint2": "uint8",
    "float4_e2m1fn": "float16",
}  # fmt: skip


class SafetensorsWriter:
    """Implements `writing.Writer`."""

    format: ClassVar[str] = "safetensors"
    loses: ClassVar[tuple[str, ...]] = ()

    def kept_as(self, dtype: DType) -> DType | None:
        """As `Writer.kept_as`: small integers of TensorFlow have whole bytes here, complex128 has no counterpart."""
        if dtype.number in _CODES:
            return dtype
        return BY_NAME.get(_WIDER.get(dtype.name, ""))

    def plan(self, source: TensorSource, path: str, options: WriteOptions, read: Collection[str]) -> FilePlan:
        """As `Writer.plan`."""
        tensors = self._tensors(source)
        files = _in_files(tensors, options.shard_size)
        size = sum(one.nbytes for one in tensors) + sum(len(_header(part)) for part in files)
        if len(files) == 1:
            return plan_file(path, size, options, read)
        plan = plan_file(_index_path(path), size, options, read)
        if plan.replacing:
            raise TargetExists(
                f"{plan.prefix!r} and its files cannot be replaced at one moment; choose another name.",
                path=plan.prefix,
            )
        return plan

    def write(self, source: TensorSource, plan: Plan, sidecars: Sidecars, task: Task) -> Written:
        """As `Writer.write`."""
        assert isinstance(plan, FilePlan)
        files = _in_files(self._tensors(source), plan.options.shard_size)
        if len(files) == 1:
            return save_file(plan, lambda file: _fill(file, source, files[0], task), sidecars, task)
        return _save_several(plan, source, files, sidecars, task)

    def _tensors(self, source: TensorSource) -> list[Kept]:
        tensors = kept_variables(source, self.kept_as, "a safetensors file", utf8=True)
        if any(one.key == _METADATA for one in tensors):
            raise RequestFault(f"{_METADATA!r} is no name for a safetensors file; rename it.", key=_METADATA)
        return tensors


def _in_files(tensors: list[Kept], most: int | None) -> list[list[Kept]]:
    """The tensors of each file: larger elements first, so that all are aligned, as the format's own writer does."""
    files: list[list[Kept]] = [[]]
    size = 0
    for tensor in tensors:
        if most is not None and size and size + tensor.nbytes > most:
            files.append([])
            size = 0
        files[-1].append(tensor)
        size += tensor.nbytes
    return [sorted(part, key=lambda one: (-one.dtype.itemsize, encode(one.key))) for part in files]


def _header(tensors: Sequence[Kept]) -> bytes:
    """The header with its length before it."""
    described: dict[str, Any] = {_METADATA: {"format": "tf"}}
    at = 0
    for one in tensors:
        described[one.key] = {
            "dtype": _CODES[one.dtype.number],
            "shape": one.shape,
            "data_offsets": [at, at + one.nbytes],
        }
        at += one.nbytes
    text = json.dumps(described, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    text += b" " * (-(len(text) + LENGTH_BYTES) % _ALIGNMENT)
    if len(text) > MAX_HEADER_BYTES:
        raise RequestFault(
            f"So many variables make a header of {len(text)} bytes, which no reader takes; write several files."
        )
    return len(text).to_bytes(LENGTH_BYTES, "little") + text


def _fill(file: TemporaryFile, source: TensorSource, tensors: Sequence[Kept], task: Task) -> None:
    file.write(_header(tensors))
    for one in tensors:
        for data in little_endian(source, one.key, one.dtype, task):
            file.write(data)


def _index_path(path: str) -> str:
    return f"{path}.index.json"


def _save_several(
    plan: FilePlan, source: TensorSource, files: list[list[Kept]], sidecars: Sidecars, task: Task
) -> Written:
    """Write the files and then the index, whose rename makes them a checkpoint."""
    plan.check_space()
    task.total = 2 * plan.written_bytes
    stem = plan.name.removesuffix(".index.json").removesuffix(_ENDING)
    placed: list[tuple[TemporaryFile, str]] = []
    weight_map: dict[str, str] = {}
    with Saving(plan.folder, task) as saving:
        for number, tensors in enumerate(files, 1):
            name = f"{stem}-{number:05d}-of-{len(files):05d}{_ENDING}"
            file = saving.create()
            _fill(file, source, tensors, task)
            saving.seal(file)
            placed.append((file, name))
            weight_map |= {one.key: name for one in tensors}
        new, switch = write_beside(saving, plan.name, sidecars, len(files))
        placed += new
        saving.place([(file.path, name) for file, name in placed])
        index = saving.write_small(_index_of(weight_map, sum(one.nbytes for part in files for one in part)))
        saving.commit(index, plan.name, switch=switch)
    every = [(index, plan.name), *placed, *switch]
    paths = tuple(os.path.join(plan.folder, name) for _, name in every)
    return Written(plan.prefix, paths, sum(file.size for file, _ in every), 0)


def _index_of(weight_map: Mapping[str, str], total: int) -> bytes:
    value = {"metadata": {"total_size": total}, "weight_map": dict(sorted(weight_map.items()))}
    return json.dumps(value, ensure_ascii=False, indent=2).encode("utf-8") + b"\n"
