"""Writes files of Keras: the HDF5 library lays a file out in a process of its own, values go straight to the disk.

A `.keras` archive is written after the one that was opened: with its members in their order, stored as Keras stores
them, the weights laid out anew.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import IO, ClassVar, Final, Protocol, TypeAlias

from ckpt_studio.core.dtypes import BY_NAME, DType
from ckpt_studio.core.errors import RequestFault, SaveFault
from ckpt_studio.core.tasks import Task
from ckpt_studio.core.tensors import TensorSource, printable
from ckpt_studio.formats.archive import blocks_of
from ckpt_studio.formats.encoding import little_endian
from ckpt_studio.formats.files import FileReader, said
from ckpt_studio.formats.kept import Kept, kept_variables
from ckpt_studio.formats.keras.hdf5.layout import Groups, Layout, NewDataset, lay_out
from ckpt_studio.formats.keras.zipped import CONFIG, WEIGHTS, Zipped
from ckpt_studio.formats.one_file import FilePlan, plan_file, save_file
from ckpt_studio.formats.temporary_file import BLOCK, TemporaryFile
from ckpt_studio.formats.writing import Plan, Sidecars, WriteOptions, Written
from ckpt_studio.formats.zip_stream import ZipStream

_KEPT: Final = frozenset(
    {"float16", "float32", "float64", "bfloat16", "bool", "complex64", "complex128"}
    | {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
)
_WIDER: Final[Mapping[str, str]] = {
    "qint8": "int8", "quint8": "uint8", "qint16": "int16", "quint16": "uint16", "qint32": "int32",
    "float8_e5m2": "float16", "float8_e4m3fn": "float16", "float8_e4m3fnuz": "float16",
    "float8_e4m3b11fnuz": "float16", "float8_e5m2fnuz": "float32", "float4_e2m1fn": "float16",
    "int4": "int8", "int2": "int8", "uint4": "uint8", "uint2": "uint8",
}  # fmt: skip
_OBJECT_BYTES: Final = 1024
_MEMBER_BYTES: Final = 128
_WIDE: Final = 1 << 31
"""Members of this size, or nearly, say theirs in 64 bits."""


class Target(Protocol):
    """What is appended to: a file, or a member of an archive."""

    @property
    def size(self) -> int:
        """Bytes that were appended."""
        ...

    def write(self, data: bytes | memoryview) -> None:
        """Append."""
        ...


Fill: TypeAlias = Callable[[Target], None]


@dataclass(frozen=True)
class KerasWriter:
    """Implements `writing.Writer`. Keys of what is written are paths in the file.

    Attributes:
        groups: attributes that groups have, so that Keras finds its layers.
    """

    format: ClassVar[str] = "keras_weights"
    loses: ClassVar[tuple[str, ...]] = ()

    groups: Groups = field(default_factory=dict)

    def kept_as(self, dtype: DType) -> DType | None:
        """As `Writer.kept_as`: HDF5 knows no floats of less than 16 bits, and texts of it are no variables of Keras."""
        return dtype if dtype.name in _KEPT else BY_NAME.get(_WIDER.get(dtype.name, ""))

    def plan(self, source: TensorSource, path: str, options: WriteOptions, read: Collection[str]) -> FilePlan:
        """As `Writer.plan`."""
        size = sum(one.nbytes + _OBJECT_BYTES for one in self._datasets(source))
        return plan_file(path, size, options, read)

    def write(self, source: TensorSource, plan: Plan, sidecars: Sidecars, task: Task) -> Written:
        """As `Writer.write`."""
        assert isinstance(plan, FilePlan)
        found = self._datasets(source)
        layout = lay_out(self.groups, [NewDataset(one.key, one.dtype.name, one.shape) for one in found])
        _check_apart(layout, [one.nbytes for one in found])
        return save_file(
            plan,
            lambda file: self._put(
                file, lambda target: _fill(target, source, layout, found, task), layout.size, task
            ),
            sidecars,
            task,
        )

    def _put(self, file: TemporaryFile, fill: Fill, size: int, task: Task) -> None:
        """Write a file that has the HDF5 file that `fill` writes, of `size` bytes, where it belongs."""
        fill(file)

    def _datasets(self, source: TensorSource) -> list[Kept]:
        found = kept_variables(source, self.kept_as, "an HDF5 file", utf8=False)
        _check_paths([one.key for one in found])
        return found


@dataclass(frozen=True)
class KerasH5Writer(KerasWriter):
    """The same in the layout of Keras 1 and 2, which groups and paths make it."""

    format: ClassVar[str] = "keras_h5"


@dataclass(frozen=True)
class KerasArchiveWriter(KerasWriter):
    """A `.keras` archive, after another one.

    Attributes:
        after: the archive whose members are taken over.
        config: the text that its configuration becomes.
    """

    format: ClassVar[str] = "keras"

    after: Zipped | None = None
    config: str = ""

    def plan(self, source: TensorSource, path: str, options: WriteOptions, read: Collection[str]) -> FilePlan:
        """As `Writer.plan`."""
        assert self.after is not None
        size = sum(one.nbytes + _OBJECT_BYTES for one in self._datasets(source)) + len(self.config)
        for name, part in self.after.parts.items():
            if printable(name) != name:
                raise RequestFault(
                    f"{said(self.after.path)} has a member {printable(name)!r}, which is no name; nothing is written.",
                    path=self.after.path,
                )
            size += _MEMBER_BYTES + 2 * len(part.raw_name)
            size += 0 if name in (WEIGHTS, CONFIG) else part.size
        return plan_file(path, size, options, read)

    def _put(self, file: TemporaryFile, fill: Fill, size: int, task: Task) -> None:
        assert self.after is not None
        with (
            zipfile.ZipFile(ZipStream(file), "w", zipfile.ZIP_STORED) as archive,
            FileReader(self.after.path, self.after.identity) as old,
        ):
            for name, part in self.after.parts.items():
                wide = max(size if name == WEIGHTS else 0, part.size) >= _WIDE
                with archive.open(zipfile.ZipInfo(name), "w", force_zip64=wide) as stream:
                    if name == WEIGHTS:
                        fill(_Member(stream))
                    elif name == CONFIG:
                        stream.write(self.config.encode("utf-8"))
                    else:
                        for block in blocks_of(old, part):
                            stream.write(block.data)
                            task.advance(len(block))
            old.check_unchanged()


class _Member:
    """A member of an archive; implements `Target`."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.size = 0
        self._stream = stream

    def write(self, data: bytes | memoryview) -> None:
        """Append."""
        self._stream.write(data)
        self.size += len(data)


def _check_paths(keys: list[str]) -> None:
    """Raise RequestFault for a key that HDF5 would make another one of, or that is the group of another."""
    every = set(keys)
    for key in keys:
        parts = key.split("/")
        if "" in parts or "." in parts or "\0" in key:
            raise RequestFault(f"{printable(key)!r} is no path in an HDF5 file; rename it.", key=key)
        for above in accumulate(parts[:-1], "{}/{}".format):
            if above in every:
                raise RequestFault(
                    f"{printable(above)!r} and {printable(key)!r} cannot both be in an HDF5 file, where one is a "
                    "group; rename one of them.",
                    key=key,
                )


def _check_apart(layout: Layout, sizes: list[int]) -> None:
    """Raise SaveFault unless no two parts of the file overlap: nothing that the library says is believed unseen."""
    parts = [(at, len(data)) for at, data in layout.pieces]
    parts += [(at, size) for at, size in zip(layout.places, sizes, strict=True) if at is not None]
    end = 0
    for at, size in sorted(parts):
        if at < end:
            raise SaveFault("Nothing was written: the HDF5 library put two things in one place.")
        end = at + size
    if end > layout.size or any(at is None and size for at, size in zip(layout.places, sizes, strict=True)):
        raise SaveFault("Nothing was written: the HDF5 library left no room for a variable.")


def _fill(file: Target, source: TensorSource, layout: Layout, found: list[Kept], task: Task) -> None:
    """Write the file from front to back."""
    values = {at: one for at, one in zip(layout.places, found, strict=True) if at is not None}
    pieces = dict(layout.pieces)
    for at in sorted({*values, *pieces}):
        _zeros(file, at)
        if at in pieces:
            file.write(pieces[at])
        if at in values:
            for data in little_endian(source, values[at].key, values[at].dtype, task):
                file.write(data)
    _zeros(file, layout.size)


def _zeros(file: Target, end: int) -> None:
    """Fill up: what HDF5 leaves unused."""
    while file.size < end:
        file.write(bytes(min(BLOCK, end - file.size)))
