"""How Keras's files are found: by their first bytes, in a folder by their endings, weights in several files by their
list or by any of them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import ClassVar, Final

from ckpt_studio.core.errors import Changed, FileFault, MissingFile, Unrecognised
from ckpt_studio.formats.base import Checkpoint, Declined, FolderEntry, Found, Member
from ckpt_studio.formats.files import FileReader, said, step_of
from ckpt_studio.formats.keras.hdf5.image import stored_end
from ckpt_studio.formats.keras.names import ENDINGS, INDEX, SHARD, index_of, stem_of
from ckpt_studio.formats.recognise import describe_or_none

_ZIP: Final = b"PK\x03\x04"
_ZIP_END: Final = b"PK\x05\x06"
_MEMBER: Final = b"model.weights.h5"
_MAP: Final = b'"weight_map"'
_TAIL: Final = 66_000
_HEAD: Final = 8192
_LEGACY: Final = (b"layer_names", b"model_weights", b"top_level_model_weights")


class KerasReader:
    """Keras's archives, whole models and weights."""

    format: ClassVar[str] = "keras"

    def claim(self, path: str) -> str | Declined:
        """The file, or the list that it belongs to."""
        index = index_of(path)
        if index is not None and _names_files(index):
            return index
        if not os.path.isfile(path):
            return Declined("it is no file of Keras")
        if INDEX.match(os.path.basename(path)) and _names_files(path):
            return path
        return (
            path
            if _kind(path)
            else Declined("it begins neither like an HDF5 file nor like an archive of Keras")
        )

    def find(self, folder: str, members: Mapping[str, Member]) -> Found:
        """As `Reader.find`: only names, sizes, and both ends of files are looked at."""
        own = [name for name, member in members.items() if _may_be(name) and not member.is_folder]
        indexes = {name for name in own if INDEX.match(name) and _names_files(os.path.join(folder, name))}
        parts: dict[str, list[Member]] = {name: [members[name]] for name in indexes}
        entries, files, sentences = [], set(indexes), []
        for name in own:
            if name in indexes:
                continue
            path = os.path.join(folder, name)
            index = index_of(path) if SHARD.match(name) else None
            if index is not None and os.path.basename(index) in indexes:
                parts[os.path.basename(index)].append(members[name])
                files.add(name)
                continue
            kind = _kind(path)
            if kind:
                complete = _is_whole(path)
                entries.append(_entry(folder, name, kind, [members[name]], complete))
                files.add(name)
                if not complete:
                    sentences.append(f"{said(name)} is cut off or not finished.")
        for name, found in parts.items():
            entries.append(_entry(folder, name, "keras_weights", found, len(found) > 1))
            if len(found) == 1:
                sentences.append(f"The files that {said(name)} speaks of are missing.")
        return Found(tuple(entries), frozenset(files), tuple(sentences))

    def open(self, path: str) -> Checkpoint:
        """Open a file, or the files that a list names.

        Raises:
            FileFault: it cannot be read; the message says what it is instead, if that is known.
        """
        from ckpt_studio.formats.keras.opening import open_file
        from ckpt_studio.formats.keras.shards import open_shards

        try:
            return (open_shards if INDEX.match(os.path.basename(path)) else open_file)(path)
        except (Changed, MissingFile):
            raise
        except FileFault as error:
            what = describe_or_none(path)
            if what is None:
                raise
            raise Unrecognised(what, path=path) from error


def _may_be(name: str) -> bool:
    return name.endswith(ENDINGS) or INDEX.match(name) is not None


def _entry(folder: str, name: str, kind: str, files: list[Member], complete: bool) -> FolderEntry:
    return FolderEntry(
        prefix=os.path.join(folder, name),
        name=stem_of(name),
        format=kind,
        step=step_of(stem_of(name)),
        mtime=files[0].mtime,
        nbytes=sum(file.nbytes for file in files),
        complete=complete,
    )


def _kind(path: str) -> str:
    """The format of a file as its first and last bytes tell it; empty where it is none of Keras's."""
    name = os.path.basename(path)
    try:
        with FileReader(path) as file:
            size = file.identity.size
            head = file.read(0, min(size, _HEAD)).tobytes()
            if head.startswith(_ZIP):
                start = max(0, size - _TAIL)
                is_own = name.endswith(".keras") or _MEMBER in file.read(start, size - start).tobytes()
                return "keras" if is_own else ""
            if stored_end(file) is None:
                return ""
    except FileFault:
        return ""
    legacy = any(word in head for word in _LEGACY)
    return "keras_weights" if name.endswith(".weights.h5") and not legacy else "keras_h5"


def _names_files(path: str) -> bool:
    """Whether a text begins as the lists of Keras do, which say early which file holds what."""
    try:
        with FileReader(path) as file:
            return _MAP in file.read(0, min(file.identity.size, _HEAD)).tobytes()
    except FileFault:
        return False


def _is_whole(path: str) -> bool:
    """Whether a file is as long as it says, or has the directory that is written last."""
    try:
        with FileReader(path) as file:
            size = file.identity.size
            end = stored_end(file)
            if end is not None:
                return end <= size
            start = max(0, size - _TAIL)
            return _ZIP_END in file.read(start, size - start).tobytes()
    except FileFault:
        return False
