"""A `.keras` archive: its configuration, and its weights as the HDF5 file that they are.

Keras stores its members plain, so the weights are read where they lie; packed anew by another program, they are
unpacked into a temporary file without a name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from ckpt_studio.core.arrays import room
from ckpt_studio.core.errors import Corrupt, FileFault, Unsupported
from ckpt_studio.core.tasks import Task
from ckpt_studio.core.tensors import BLOCK_BYTES, printable
from ckpt_studio.formats.archive import Part, Unpacked, check_part, data_of, read_directory
from ckpt_studio.formats.files import FileIdentity, FileReader, said
from ckpt_studio.formats.keras.hdf5.image import Image, Scratch, stored_end

CONFIG: Final = "config.json"
METADATA: Final = "metadata.json"
WEIGHTS: Final = "model.weights.h5"
_PICKLES: Final = "model.weights.npz"
_MOST_TEXT: Final = 64 << 20
_USUAL_BYTES: Final = 64 << 20
_USUAL_RATIO: Final = 100


@dataclass(frozen=True)
class Zipped:
    """One opened archive.

    Attributes:
        path, identity: the file.
        parts: its members by name.
        image: its weights.
        config, metadata: the texts of these members, None where they are not there.
        notes: sentences about what is odd.
    """

    path: str
    identity: FileIdentity
    parts: Mapping[str, Part]
    image: Image
    config: str | None
    metadata: str | None
    notes: tuple[str, ...]


def open_zipped(path: str) -> Zipped:
    """Open an archive.

    Raises:
        Truncated, Corrupt, Unsupported, FileFault: it cannot be read, or holds no weights.
    """
    with FileReader(path) as file:
        parts: dict[str, Part] = {}
        for part in read_directory(file):
            if part.name in parts:
                raise Corrupt(f"{said(path)} has two members named {printable(part.name)}.", path=path)
            parts[part.name] = part
        notes: list[str] = []
        texts = [_text(file, parts, name, notes) for name in (CONFIG, METADATA)]
        image = _image(file, parts)
        file.check_unchanged()
        return Zipped(path, file.identity, parts, image, texts[0], texts[1], tuple(notes))


def check_parts(zipped: Zipped, task: Task) -> Iterator[FileFault]:
    """Compare every checksum of an archive; `task` counts its bytes.

    Raises:
        Cancelled: if asked to stop.
    """
    with FileReader(zipped.path, zipped.identity) as file:
        for part in zipped.parts.values():
            before = task.done
            try:
                check_part(file, part, task)
                file.check_unchanged()
            except FileFault as error:
                yield error
            task.advance(max(part.size - (task.done - before), 0))


def _text(file: FileReader, parts: Mapping[str, Part], name: str, notes: list[str]) -> str | None:
    """A member that is a text; a note where it is damaged, because the weights can be read without it."""
    part = parts.get(name)
    if part is None:
        return None
    try:
        if part.size > _MOST_TEXT:
            raise Corrupt(f"{name!r} of {said(file.path)} has {part.size} bytes, which is not believed.")
        check_part(file, part)
        return _read(file, part).decode("utf-8")
    except FileFault as error:
        notes.append(error.message)
    except UnicodeDecodeError:
        notes.append(f"{name!r} of {said(file.path)} is no text.")
    return None


def _read(file: FileReader, part: Part) -> bytes:
    data = np.empty(part.size, np.uint8)
    start = data_of(file, part, file.path)
    if part.deflated:
        Unpacked(file, part, start).read_into(data, 0)
    else:
        file.read_into(data, start)
    return data.tobytes()


def _image(file: FileReader, parts: Mapping[str, Part]) -> Image:
    path = file.path
    part = parts.get(WEIGHTS)
    if part is None:
        if _PICKLES in parts:
            text = f"{said(path)} keeps its weights as Python pickles ({_PICKLES}), which Ckpt Studio never opens."
            raise Unsupported(text, path=path)
        raise Corrupt(f"{said(path)} is an archive without {WEIGHTS}, so no Keras model.", path=path)
    fault = part.fault(path)
    if fault is not None:
        raise fault
    image = Image(path, file.identity, data_of(file, part, path), part.size)
    if part.deflated:
        image = _unpacked(file, part, image)
    with image.open() as weights:
        if stored_end(weights, image.base, image.size) is None:
            raise Corrupt(f"{WEIGHTS!r} of {said(path)} is no HDF5 file.", path=path)
    return image


def _unpacked(file: FileReader, part: Part, image: Image) -> Image:
    """The weights in a temporary file, which is not filled with what no weights are."""
    if part.size > max(_USUAL_BYTES, _USUAL_RATIO * part.packed):
        text = f"{part.name!r} of {said(file.path)} claims {part.size} bytes in {part.packed}, which no weights are."
        raise Corrupt(text, path=file.path)
    source = Unpacked(file, part, image.base)
    buffer = room((min(BLOCK_BYTES, part.size),))
    try:
        target = Scratch()
        for done in range(0, part.size, BLOCK_BYTES):
            block = buffer[: min(BLOCK_BYTES, part.size - done)]
            source.read_into(block, done)
            target.file.write(block.data)
        target.file.flush()
    except OSError as error:
        text = f"{said(file.path)} cannot be unpacked into the folder for temporary files: {error.strerror}."
        raise FileFault(text, path=file.path) from error
    return Image(image.path, image.identity, 0, part.size, target)
