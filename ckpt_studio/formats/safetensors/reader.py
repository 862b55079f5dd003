"""How safetensors files are found: by name or by their first bytes, and in several files by their index."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar, Final

from ckpt_studio.core.errors import Changed, FileFault, MissingFile, Unrecognised
from ckpt_studio.formats.base import Checkpoint, Declined, FolderEntry, Found, Member
from ckpt_studio.formats.files import FileReader, said, step_of
from ckpt_studio.formats.recognise import describe_or_none

INDEX: Final = re.compile(r"(?s)^(?P<name>.+)\.safetensors\.index(?:\.[^.]+)?\.json$")
"""File name of an index; some writers put a variant (`fp16`) before its ending."""
SHARD: Final = re.compile(r"(?s)^(?P<name>.+)-(?P<number>\d{5,10})-of-(?P<count>\d{5,10})\.safetensors$")
"""File name of one of several files."""

_ENDING: Final = ".safetensors"
_FOLDER_STEP: Final = re.compile(r"checkpoint-(\d{1,18})")
_HEAD: Final = 64


class SafetensorsReader:
    """safetensors: one file, or several by their index or any of them."""

    format: ClassVar[str] = "safetensors"

    def claim(self, path: str) -> str | Declined:
        """The file, or the index that it belongs to."""
        folder, name = os.path.split(path)
        if SHARD.match(name) is not None or (name.endswith(_ENDING) and not os.path.lexists(path)):
            index = _index_of(name, _names(folder))
            if index is not None:
                return os.path.join(folder, index)
        if not os.path.isfile(path):
            return Declined("it is no safetensors file")
        if name.endswith(_ENDING) or INDEX.match(name) is not None or _begins_like_one(path):
            return path
        return Declined("it does not begin like a safetensors file")

    def find(self, folder: str, members: Mapping[str, Member]) -> Found:
        """As `Reader.find`: only names and sizes are looked at."""
        indexes = [name for name, member in members.items() if INDEX.match(name) and not member.is_folder]
        own = [name for name, member in members.items() if name.endswith(_ENDING) and not member.is_folder]
        shards: dict[str, list[str]] = {index: [] for index in indexes}
        entries, sentences = [], []
        for name in own:
            shard = SHARD.match(name)
            index = None if shard is None else _index_of(name, indexes)
            if index is not None:
                shards[index].append(name)
                continue
            entries.append(self._entry(folder, name, [members[name]]))
            if shard is not None:
                sentences.append(
                    f"{said(name)} is one of {int(shard['count'])} files whose index is missing; "
                    "it is shown for itself."
                )
        for index, names in shards.items():
            complete = bool(names) and not _missing(names)
            files = [members[name] for name in (index, *names)]
            entries.append(self._entry(folder, index, files, complete))
            if not complete:
                sentences.append(f"Files that {said(index)} speaks of are missing.")
        return Found(tuple(entries), frozenset([*indexes, *own]), tuple(sentences))

    def _entry(self, folder: str, name: str, files: list[Member], complete: bool = True) -> FolderEntry:
        path = os.path.join(folder, name)
        return FolderEntry(
            prefix=path,
            name=_stem(name),
            format=self.format,
            step=name_step(path),
            mtime=files[0].mtime,
            nbytes=sum(file.nbytes for file in files),
            complete=complete,
        )

    def open(self, path: str) -> Checkpoint:
        """Open a file or an index.

        Raises:
            FileFault: it cannot be read; the message says what it is instead, if that is known.
        """
        from ckpt_studio.formats.safetensors.checkpoint import open_file, open_index

        is_index = INDEX.match(os.path.basename(path)) is not None
        try:
            return (open_index if is_index else open_file)(path, name_step(path))
        except (Changed, MissingFile):
            raise
        except FileFault as error:
            what = describe_or_none(path)
            if what is None:
                raise
            raise Unrecognised(what, path=path) from error


def name_step(path: str) -> int | None:
    """The training step that the name of a file tells, or that of its folder (`checkpoint-500/model.safetensors`)."""
    name = os.path.basename(path)
    step = None if SHARD.match(name) else step_of(_stem(name))
    if step is not None:
        return step
    folder = _FOLDER_STEP.fullmatch(os.path.basename(os.path.dirname(os.path.abspath(path))))
    return int(folder[1]) if folder is not None else None


def _stem(name: str) -> str:
    index = INDEX.match(name)
    return index["name"] if index is not None else name.removesuffix(_ENDING)


def _names(folder: str) -> list[str]:
    try:
        return sorted(name for name in os.listdir(folder or os.curdir) if INDEX.match(name))
    except (OSError, ValueError):
        return []


def _index_of(name: str, indexes: Iterable[str]) -> str | None:
    """The index that a file belongs to by its name; that of a variant (`model.fp16-...`) if there is no other."""
    shard = SHARD.match(name)
    own = _stem(name) if shard is None else shard["name"]
    stems = {index: _stem(index) for index in indexes}
    fitting = [index for index, stem in stems.items() if own == stem or own.startswith(stem + ".")]
    return max(fitting, key=lambda index: (len(stems[index]), -len(index)), default=None)


def _missing(names: list[str]) -> bool:
    """Whether the numbers in the names of an index's files are not all there."""
    there: dict[int, set[int]] = {}
    for match in _matches(names):
        there.setdefault(int(match["count"]), set()).add(int(match["number"]))
    return any(len(numbers) != count for count, numbers in there.items())


def _matches(names: list[str]) -> Iterator[re.Match[str]]:
    return (match for name in names if (match := SHARD.match(name)) is not None)


def _begins_like_one(path: str) -> bool:
    """Whether a file begins with the length of a header that fits into it, and an object of JSON."""
    try:
        with FileReader(path) as file:
            size = file.identity.size
            head = file.read(0, min(size, _HEAD)).tobytes()
    except FileFault:
        return False
    text = head[8:].lstrip(b" \t\r\n")
    return int.from_bytes(head[:8], "little") <= size - 8 and re.match(rb'\{\s*["}]', text) is not None
