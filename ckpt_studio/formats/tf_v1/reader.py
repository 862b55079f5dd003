"""How V1 checkpoints are found: their names say nothing, so a few bytes of each file do, and shards by their names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar, Final

from ckpt_studio.core.errors import FileFault
from ckpt_studio.formats.base import Checkpoint, Declined, FolderEntry, Found, Member
from ckpt_studio.formats.files import FileReader, said, step_of
from ckpt_studio.formats.recognise import describe_or_none
from ckpt_studio.formats.tf_v1.names import ShardName, meta_of, shards_there

_MAGIC: Final = bytes.fromhex("57fb808b247547db")
_SMALLEST: Final = 48
_HEAD: Final = 64
_MOST_LOOKED_INTO: Final = 512
_META: Final = ".meta"

_OTHER_ENDING: Final = re.compile(
    r"(?i)\.(?:bin|bmp|bz2|c|cc|cfg|conf|cpp|css|csv|dat|db|dll|docx?|gif|gz|h|h5|hdf5|html?|index|ini|ipynb|java|jpe?g"
    r"|js|jsonl?|keras|ldb|lock|log|md|meta|mp[34]|np[yz]|onnx|out|parquet|pb|pbtxt|pdf|pickle|pkl|png|proto|pth?|py|pyc"
    r"|rar|rst|safetensors|sh|so|sst|svg|tar|tfevents|tflite|tfrecord|tgz|tiff?|toml|tsv|txt|wav|xml|xz|ya?ml|zip)$"
)
"""Endings of files that are not looked into."""


class V1Reader:
    """V1 tables: one file, or several by any of them."""

    format: ClassVar[str] = "tf_v1"

    def claim(self, path: str) -> str | Declined:
        """The file, or the prefix of several."""
        folder, base = os.path.split(path)
        name = ShardName.parse(base)
        if name is not None:
            prefix = os.path.join(folder, name.prefix)
            if any(map(_is_like_one, shards_there(prefix, _names(folder)).values())):
                return prefix
        if _is_like_one(path):
            return path
        if path.endswith(_META) and not os.path.isfile(path.removesuffix(_META) + ".index"):
            return self.claim(path.removesuffix(_META))
        if not os.path.lexists(path):
            for prefix in _prefixes(base, _names(folder)):
                claim = self.claim(os.path.join(folder, prefix))
                if isinstance(claim, str):
                    return claim
        return Declined("it does not end as a table of TensorFlow's V1 checkpoints does")

    def find(self, folder: str, members: Mapping[str, Member]) -> Found:
        """As `Reader.find`: a few bytes of files without a known ending are read, of at most some hundred files."""
        entries: list[FolderEntry] = []
        files: set[str] = set()
        sentences: list[str] = []
        looks = _MOST_LOOKED_INTO
        for prefix, group in _groups(members).items():
            if looks <= 0:
                break
            looks -= len(group)
            tables = [member for member in group if _is_like_one(os.path.join(folder, member.name))]
            if not tables:
                continue
            meta = members.get(meta_of(prefix))
            own = tables if meta is None else [*tables, meta]
            files.update(member.name for member in own)
            wrong = list(_not_whole(folder, prefix, tables))
            sentences += wrong
            entries.append(
                FolderEntry(
                    prefix=os.path.join(folder, prefix),
                    name=prefix,
                    format=self.format,
                    step=step_of(meta_of(prefix).removesuffix(_META)),
                    mtime=max(member.mtime for member in tables),
                    nbytes=sum(member.nbytes for member in own),
                    complete=not wrong,
                )
            )
        metas = [name for name in members if name.endswith(_META) and name not in files]
        sentences += _about_orphans(folder, metas, members)
        return Found(tuple(entries), frozenset([*files, *metas]), tuple(sentences))

    def open(self, path: str) -> Checkpoint:
        """Open a table, or those that a prefix with `?????` stands for.

        Raises:
            FileFault: it cannot be read.
        """
        from ckpt_studio.formats.tf_v1.checkpoint import open_v1

        return open_v1(path)


def _groups(members: Mapping[str, Member]) -> dict[str, list[Member]]:
    """The files that are worth a look, shards together, by prefix."""
    groups: dict[str, list[Member]] = {}
    for name, member in members.items():
        if member.is_folder or not member.nbytes or _OTHER_ENDING.search(name):
            continue
        shard = ShardName.parse(name)
        prefix = name if shard is None or shard.shard is None else shard.prefix
        groups.setdefault(prefix, []).append(member)
    return groups


def _is_like_one(path: str) -> bool:
    """Whether a file ends as a table does, or begins as one that lost its end."""
    return _ends_like_one(path) or _begins_like_one(path)


def _ends_like_one(path: str) -> bool:
    """Whether a file has the magic number at its end."""
    try:
        with FileReader(path) as file:
            size = file.identity.size
            return size >= _SMALLEST and file.read(size - len(_MAGIC), len(_MAGIC)).tobytes() == _MAGIC
    except FileFault:
        return False


def _begins_like_one(path: str) -> bool:
    """Whether a file begins with the record of key "" and, in it, the list of variables and the name of the first."""
    try:
        with FileReader(path) as file:
            head = file.read(0, min(file.identity.size, _HEAD)).tobytes()
    except FileFault:
        return False
    at = 2
    for tag in (b"", b"\x0a", b"\x0a", b"\x0a"):  # the value, `meta`, `tensor`, `name`, each with its length
        if not head.startswith(tag, at):
            return False
        at += len(tag)
        while at < len(head) and head[at] >= 0x80:
            at += 1
        at += 1
    return head.startswith(b"\0\0") and at < len(head)


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder or os.curdir)
    except (OSError, ValueError):
        return []


def _prefixes(base: str, names: Iterable[str]) -> list[str]:
    """The prefixes of several tables that have this name, those of most files first: older ones may lie beside."""
    found: dict[str, int] = {}
    for text in names:
        name = ShardName.parse(text)
        if name is not None and name.name == base:
            found[name.prefix] = found.get(name.prefix, 0) + 1
    return sorted(found, key=lambda prefix: found[prefix], reverse=True)


def _not_whole(folder: str, prefix: str, tables: list[Member]) -> Iterator[str]:
    """Sentences about what is missing of a checkpoint."""
    for member in tables:
        if not _ends_like_one(os.path.join(folder, member.name)):
            yield f"{said(member.name)} is cut off; of its variables only names and shapes are known."
    name = ShardName.parse(prefix)
    if name is not None and name.shard is None and len(tables) < name.count:
        yield f"Of the {name.count} files of {said(prefix)}, {name.count - len(tables)} are missing."


def _about_orphans(folder: str, metas: Iterable[str], members: Mapping[str, Member]) -> Iterator[str]:
    """Sentences about graphs whose checkpoint no reader has found; other programs have files of that name, too."""
    for meta in metas:
        name = meta.removesuffix(_META)
        what = describe_or_none(os.path.join(folder, name)) if name in members else None
        unity = describe_or_none(os.path.join(folder, meta))
        if what is not None:
            yield what
        elif unity is None or "Unity" not in unity:
            yield f"{said(meta)} is a graph without a checkpoint."
