"""Weights of Keras 3 in several files, by the list that says which file holds which group.

    {"metadata": {"total_size": BYTES}, "weight_map": {"/layers/dense/vars": FILE or [FILE, ...], ...}}

A missing or damaged file makes its own groups faulty; no file outside the folder is ever looked at.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, Final

from ckpt_studio.core.errors import Corrupt, FileFault, MissingFile
from ckpt_studio.core.tensors import printable
from ckpt_studio.formats.files import FileIdentity, FileReader, read_settled, said
from ckpt_studio.formats.keras.checkpoint import Held, KerasWeights
from ckpt_studio.formats.keras.hdf5.image import Image, stored_end
from ckpt_studio.formats.keras.hdf5.listing import Attribute, Dataset, Listing
from ckpt_studio.formats.keras.hdf5.process import Hdf5
from ckpt_studio.formats.keras.object_tree import ObjectTree
from ckpt_studio.formats.keras.opening import contents_of
from ckpt_studio.formats.parallel import in_order

_MOST_BYTES: Final = 64 << 20
_MOST_FILES: Final = 10_000
_MAP: Final = "weight_map"


def open_shards(path: str) -> KerasWeights:
    """Open the files that a list names.

    Raises:
        FileFault: the list cannot be read, or none of its files.
    """
    groups = read_settled(path, _MOST_BYTES, lambda data, _: _parse(path, data))
    names = sorted({name for files in groups.values() for name in files})
    parts = _Parts(path)
    for name, answer in in_order(lambda name, _: _read(path, name), names):
        parts.add(name, answer)
    if not parts.files and parts.faults:
        raise next(iter(parts.faults.values()))
    parts.add_missing(groups)
    datasets = {key: held.dataset for key, held in parts.held.items()}
    tree = ObjectTree(datasets, parts.attributes, None, None)
    contents = contents_of(path, parts.held, tree.facts, tree.iteration, parts.notes, parts.attributes)
    contents.files = (path, *parts.files)
    return KerasWeights(path, contents)


class _Parts:
    """What the files hold together."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.files: list[str] = []
        self.faults: dict[str, FileFault] = {}
        self.attributes: dict[str, dict[str, Attribute]] = {}
        self.held: dict[str, Held] = {}
        self.notes: list[str] = []

    def add(self, name: str, answer: tuple[Hdf5, Listing] | FileFault) -> None:
        """What one file holds, or what is wrong with it."""
        if isinstance(answer, FileFault):
            self.faults[name] = answer
            return
        hdf5, listing = answer
        self.files.append(hdf5.image.path)
        self.notes += listing.notes
        for group, found in listing.groups.items():
            self.attributes.setdefault(group, {}).update(found)
        for key, dataset in listing.datasets.items():
            twice = Dataset(key, fault="More than one file has it, so what it means cannot be told.")
            self.held[key] = Held(hdf5, twice if key in self.held else dataset)

    def add_missing(self, groups: Mapping[str, list[str]]) -> None:
        """A faulty row for each group that lies in a file which cannot be read."""
        for group, files in groups.items():
            error = next((self.faults[name] for name in files if name in self.faults), None)
            if error is None:
                continue
            text = f"Not all that is in it can be read: {error.message}"
            key = group.strip("/")
            image = Image(self._path, FileIdentity.at(self._path), 0, 0)
            self.held[key] = Held(Hdf5(image), Dataset(key, fault=text, fault_kind=type(error)))


def _read(path: str, name: str) -> tuple[Hdf5, Listing] | FileFault:
    """One of the files and what it holds, or what is wrong with it. Its process is not kept: there can be many."""
    try:
        hdf5 = Hdf5(_image(path, name))
        try:
            return hdf5, hdf5.listing()
        finally:
            hdf5.close()
    except FileFault as error:
        return error


def _image(path: str, name: str) -> Image:
    """One of the files, in the folder of the list."""
    if os.path.basename(name) != name or name in ("", os.curdir, os.pardir) or "\\" in name:
        text = f"{said(path)} puts weights into {printable(name)}, which is no file of its own folder."
        raise Corrupt(text, path=path)
    file = os.path.join(os.path.dirname(path), name)
    try:
        with FileReader(file) as opened:
            if stored_end(opened) is None:
                raise Corrupt(f"{said(file)} is no HDF5 file.", path=file)
        return Image.of_file(file)
    except MissingFile as error:
        raise MissingFile(f"{said(file)}, a part of {said(path)}, is missing.", path=file) from error


def _parse(path: str, data: bytes) -> dict[str, list[str]]:
    """The files of each group."""
    try:
        found: Any = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Corrupt(f"{said(path)} is not the list of weights that its name says.", path=path) from error
    groups = found.get(_MAP) if isinstance(found, dict) else None
    if not isinstance(groups, dict):
        raise Corrupt(f"{said(path)} has no {_MAP!r}, so it is no list of weights.", path=path)
    answer = {}
    for group, files in groups.items():
        names = files if isinstance(files, list) else [files]
        if not names or not all(isinstance(name, str) for name in names):
            raise Corrupt(f"{said(path)} names no file for {printable(group)}.", path=path)
        answer[group] = names
    if len({name for names in answer.values() for name in names}) > _MOST_FILES:
        raise Corrupt(f"{said(path)} names more than {_MOST_FILES} files, which is not believed.", path=path)
    return answer
