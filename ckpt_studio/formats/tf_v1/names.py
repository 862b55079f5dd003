"""How the files of a V1 checkpoint are named, and which of them a folder holds."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_SHARD: Final = re.compile(r"(?s)^(?P<name>.*)-(?P<shard>\d{5,9}|\?{5})-of-(?P<count>\d{5,9})$")


@dataclass(frozen=True, slots=True)
class ShardName:
    """A name of the form NAME-SSSSS-of-NNNNN; the shard is None where it stands for all of them (?????)."""

    name: str
    shard: int | None
    count: int

    @classmethod
    def parse(cls, text: str) -> ShardName | None:
        """From a path or file name, None where it has another form."""
        found = _SHARD.match(text)
        if found is None:
            return None
        shard, count = found["shard"], int(found["count"])
        if shard.startswith("?"):
            return cls(found["name"], None, count) if count else None
        return cls(found["name"], int(shard), count) if int(shard) < count else None

    @property
    def prefix(self) -> str:
        """As TensorFlow calls all shards together."""
        return f"{self.name}-?????-of-{self.count:05d}"

    def of_shard(self, shard: int) -> str:
        """The name of one shard."""
        return f"{self.name}-{shard:05d}-of-{self.count:05d}"


def shards_there(prefix: str, names: Iterable[str]) -> dict[int, str]:
    """Paths by number of the shards of a prefix that a folder holds.

    Args:
        prefix: with `?????`, or of a single file, which then is shard 0.
        names: what the folder of the prefix holds.
    """
    folder, base = os.path.split(prefix)
    wanted = ShardName.parse(base)
    if wanted is None or wanted.shard is not None:
        return {0: prefix}
    found = {}
    for text in names:
        name = ShardName.parse(text)
        if name is not None and name.shard is not None and name.prefix == wanted.prefix:
            found[name.shard] = os.path.join(folder, text)
    return dict(sorted(found.items()))


def meta_of(prefix: str) -> str:
    """The MetaGraph's path, whether it exists or not."""
    name = ShardName.parse(prefix)
    return (prefix if name is None else name.name) + ".meta"
