"""How V2 bundles are found: by any of their files, and in a folder by what the names of its files have in common."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final

from ckpt_studio.core.errors import Changed, FileFault, MissingFile, Unrecognised
from ckpt_studio.core.tensors import printable
from ckpt_studio.formats.base import Checkpoint, Declined, FolderEntry, Found, Member
from ckpt_studio.formats.files import FileReader, step_of
from ckpt_studio.formats.recognise import describe_or_none
from ckpt_studio.formats.tf_bundle.sidecars import SIDECARS

_PART: Final = re.compile(
    r"(?s)^(?P<name>.*)(?:\.(?P<kind>index|meta)|\.data-(?P<shard>\d{5,10})-of-(?P<count>\d{5,10}))$"
)


@dataclass
class _Parts:
    """The files found of one prefix."""

    nbytes: int = 0
    mtime: float | None = None
    shards: dict[int, set[int]] = field(default_factory=dict)

    @property
    def has_data(self) -> bool:
        return any(len(found) == count for count, found in self.shards.items())


class BundleReader:
    """V2 bundles, by any of their files."""

    format: ClassVar[str] = "tf_bundle"

    def claim(self, path: str) -> str | Declined:
        """The prefix of a bundle's file, or why not."""
        prefix = prefix_of(path)
        return Declined("it has no .index file beside it") if prefix is None else prefix

    def find(self, folder: str, members: Mapping[str, Member]) -> Found:
        """As `Reader.find`: only names, sizes and the ends of indexes are read."""
        parts, files = _find_parts(members)
        entries = []
        for name, found in parts.items():
            if found.mtime is None:
                continue
            prefix = os.path.join(folder, name)
            entries.append(
                FolderEntry(
                    prefix=prefix,
                    name=name,
                    format=self.format,
                    step=step_of(prefix) if name else None,
                    mtime=found.mtime,
                    nbytes=found.nbytes,
                    complete=found.has_data and _has_its_end(f"{prefix}.index"),
                )
            )
        whole = {entry.name for entry in entries if entry.complete}
        sentences = _not_whole(parts, whole)
        return Found(tuple(entries), frozenset(files), tuple(sentences))

    def open(self, path: str) -> Checkpoint:
        """Open a prefix.

        Raises:
            FileFault: its index cannot be read; the message says what it is instead, if that is known.
        """
        from ckpt_studio.formats.tf_bundle.bundle import open_bundle

        try:
            return open_bundle(path)
        except (Changed, MissingFile):
            raise
        except FileFault as error:
            what = describe_or_none(path + ".index")
            if what is None or error.kind == "checksum" or what.endswith(" is empty."):
                raise
            raise Unrecognised(what, path=error.path) from error


def _find_parts(members: Mapping[str, Member]) -> tuple[dict[str, _Parts], set[str]]:
    """What each prefix has, and the names of all files of bundles.

    A graph alone is none of them: it may belong to a checkpoint of another format.
    """
    found: dict[str, _Parts] = {}
    files = set()
    for name, member in members.items():
        match = _PART.match(name)
        if match is None or member.is_folder or match["kind"] == "meta":
            continue
        files.add(name)
        parts = found.setdefault(match["name"], _Parts())
        parts.nbytes += member.nbytes
        if match["kind"] == "index":
            parts.mtime = member.mtime
        elif int(match["shard"]) < int(match["count"]):
            parts.shards.setdefault(int(match["count"]), set()).add(int(match["shard"]))
    for name, parts in found.items():
        others = [name + ending for ending in (".meta", *SIDECARS) if name + ending in members]
        files.update(others)
        parts.nbytes += sum(members[other].nbytes for other in others)
    return found, files


def _has_its_end(index: str) -> bool:
    """Whether an index has the footer that is written last."""
    from ckpt_studio.formats.sstable.table import check_end

    try:
        with FileReader(index) as file:
            check_end(file)
    except FileFault:
        return False
    return True


def _not_whole(found: dict[str, _Parts], whole: set[str]) -> Iterator[str]:
    """Sentences about files that belong to no checkpoint, and about checkpoints that are not whole."""
    for name, parts in sorted(found.items()):
        said_name = printable(name) or "the checkpoint without a name"
        if parts.mtime is not None and not parts.has_data:
            yield f"Data files of {said_name} are missing."
        elif parts.mtime is not None and name not in whole:
            yield f"The index of {said_name} is cut off or not finished."
        elif parts.mtime is None and parts.shards:
            yield f"{said_name} has data files, but its index is missing."


def prefix_of(path: str) -> str | None:
    """The prefix of the V2 bundle that a file (or the prefix itself) belongs to, if its index is there."""
    candidates = [path]
    match = _PART.match(os.path.basename(path))
    if match is not None:
        nameless = os.curdir + os.sep  # of the file `.index` in the working folder
        candidates.insert(0, os.path.join(os.path.dirname(path), match["name"]) or nameless)
    for suffix in SIDECARS:
        if path.endswith(suffix):
            candidates.insert(0, path[: -len(suffix)])
    return next((prefix for prefix in candidates if os.path.isfile(prefix + ".index")), None)
