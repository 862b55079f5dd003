"""Every input of the campaign: `case(format, number)` gives the same one again, on every machine."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from random import Random
from zlib import crc32

from ckpt_studio.core.errors import CkptStudioError
from tests.fuzz.hdf5 import mutated_hdf5
from tests.fuzz.headers import mutated_npy, mutated_safetensors, mutated_weight_map
from tests.fuzz.mutate import mutated_bytes, mutated_json, mutated_message, mutated_text
from tests.fuzz.tables import GRAPH, mutated_bundle, mutated_graph, mutated_table, put_graph, records_of
from tests.fuzz.zips import mutated_zip

SEEDS = Path(__file__).with_name("seeds")

Files = dict[str, bytes]
Mutator = Callable[[Random, Mapping[str, bytes]], Files]

STATE_WORDS = (
    *(
        b"model_checkpoint_path: ",
        b"all_model_checkpoint_paths: ",
        b"all_model_checkpoint_timestamps: ",
        b'"m-1"',
    ),
    *(
        b"last_preserved_timestamp: ",
        b'"',
        b'"/etc/passwd"',
        b'"../m-1"',
        b'"\\377\\x00"',
        b"1e400",
        b"nan",
        b"-inf",
    ),
    *(
        b"{",
        b"}",
        b"<",
        b">",
        b"[",
        b"]",
        b":",
        b"\n",
        b"#",
        b"\xff",
        b"unknown_field: 1\n",
        b'"m-2" "m-1"',
        b"'m-1'",
    ),
)


KERAS_WORDS = (
    *(
        "class_name",
        "config",
        "layers",
        "name",
        "module",
        "registered_name",
        "build_config",
        "compile_config",
        "optimizer",
    ),
    *(
        "Sequential",
        "Functional",
        "Dense",
        "BatchNormalization",
        "Bidirectional",
        "LSTM",
        "SGD",
        "Adam",
        "trainable",
    ),
    *(
        "first",
        "dense",
        "forward_layer",
        "layer",
        "inbound_nodes",
        "momentum",
        "shared_object_id",
        "weights",
        "0",
    ),
)


class Input:
    """Files of one folder, and which of them is opened.

    Args:
        files: the files; or what makes them, where only what is inside of them may be looked at.
        name: the one that is opened; the folder itself where that is empty.
        seed: the sound files that they come of.
        inside: what was changed, where that is a part of a file.
    """

    def __init__(
        self, files: Files | Callable[[], Files], name: str, seed: Files | None = None, inside: bytes = b""
    ) -> None:
        self._files = files
        self.name = name
        self.seed: Files = {} if seed is None else seed
        self.inside = inside

    @cached_property
    def files(self) -> Files:
        """The files by name."""
        return self._files() if callable(self._files) else self._files

    @property
    def changed(self) -> list[str]:
        """The names of files that are others than those of the seed, or are not there."""
        files = self.files
        return [name for name in {**self.seed, **files} if files.get(name) is not self.seed.get(name)]


@dataclass(frozen=True)
class Kind:
    """One format of the campaign.

    Attributes:
        mutate: what is done to the files of a seed; or, of what lies inside of a file, what that becomes.
        opens: which name is opened, from the names of the files.
        goal: how many inputs the whole campaign asks for.
        put: the files with something else inside, where `mutate` gives that.
    """

    mutate: Mutator | Callable[[Random, Files], bytes]
    opens: Callable[[list[str]], str]
    goal: int = 2_000_000
    put: Callable[[Files, bytes], Files] | None = None


def _one(change: Callable[[Random, bytes], bytes], ending: str = "") -> Mutator:
    """A mutator of the one file with this ending."""

    def mutate(rng: Random, files: Mapping[str, bytes]) -> Files:
        name = rng.choice([name for name in files if name.endswith(ending)])
        return {**files, name: change(rng, files[name])}

    return mutate


def _prefix(names: list[str]) -> str:
    return next(name for name in names if name.endswith(".index")).removesuffix(".index")


def _npz(rng: Random, archive: bytes) -> bytes:
    return mutated_zip(
        rng, archive, lambda r, _, data: mutated_npy(r, data) if r.random() < 0.9 else mutated_bytes(r, data)
    )


def _keras(rng: Random, archive: bytes) -> bytes:
    def change(rng: Random, name: str, data: bytes) -> bytes:
        return (
            mutated_json(rng, data.decode(), KERAS_WORDS)
            if name.endswith(".json")
            else mutated_bytes(rng, data)
        )

    return mutated_zip(rng, archive, change)


def _graph_file(rng: Random, data: bytes) -> bytes:
    if data.startswith(b"\x08"):
        return _meta(rng, data)
    words = (
        b"nodes {",
        b"}",
        b"children {",
        b"node_id: ",
        b'"\\377"',
        b"variable {",
        b"{",
        b"trainable: true",
        b"#",
        b"'",
    )
    return mutated_text(rng, data, words)


def _saved_model(rng: Random, files: Mapping[str, bytes]) -> Files:
    """A folder with another graph, or with other variables."""
    out = dict(files)
    graph = next(name for name in files if name.startswith("saved_model."))
    out[graph] = _graph_file(rng, out[graph])
    inside = {name: data for name, data in files.items() if name.startswith("variables/")}
    if inside and rng.random() < 0.1:
        out = {name: data for name, data in out.items() if name not in inside}
        out |= mutated_bundle(rng, inside)
    return out


def _meta(rng: Random, data: bytes) -> bytes:
    for _ in range(1 + (rng.random() < 0.4)):
        data = mutated_message(rng, data)
    return data


KINDS: dict[str, Kind] = {
    "tf_bundle": Kind(mutated_bundle, _prefix),
    "sstable": Kind(
        _one(mutated_table, ".index"), lambda names: next(n for n in names if n.endswith(".index"))
    ),
    "object_graph": Kind(mutated_graph, _prefix, put=put_graph),
    "tf_v1": Kind(_one(mutated_table), lambda names: names[0]),
    "state": Kind(_one(lambda rng, data: mutated_text(rng, data, STATE_WORDS), "checkpoint"), lambda _: ""),
    "meta": Kind(_one(_meta, ".meta"), _prefix),
    "saved_model": Kind(_saved_model, lambda _: ""),
    "safetensors": Kind(_one(mutated_safetensors), lambda names: names[0]),
    "weight_map": Kind(mutated_weight_map, lambda names: next(n for n in names if n.endswith(".json"))),
    "npy": Kind(_one(mutated_npy), lambda names: names[0]),
    "npz": Kind(_one(_npz), lambda names: names[0]),
    "keras": Kind(_one(_keras), lambda names: names[0]),
    "hdf5": Kind(_one(mutated_hdf5), lambda names: names[0], 10_000),
}
"""In the order in which they are run."""

CORPUS_FROM = 1000
_SMALL = 1 << 15
_HEAD = 1 << 12
_CORPUS = {
    "tf_bundle": "*.index", "sstable": "*.index", "object_graph": "*.index", "tf_v1": "*.ckpt*", "keras": "*.keras",
    "hdf5": "*.h5", "saved_model": "saved_model.pb",
}  # fmt: skip
_SEEDS_OF = {"sstable": "tf_bundle"}


@cache
def seeds(form: str) -> tuple[Files, ...]:
    """The sound files of a format."""
    root = SEEDS / _SEEDS_OF.get(form, form)
    return tuple(
        {
            str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        for folder in sorted(root.iterdir())
    )


@cache
def corpus_seeds(form: str) -> tuple[Files, ...]:
    """Small files of the corpus, and the heads of larger ones; none where there is no corpus."""
    named = os.environ.get("CKPT_STUDIO_CORPUS")
    root = Path(named) if named else Path(__file__).resolve().parents[3] / "shared" / "corpus"
    pattern = _CORPUS.get(form)
    found = sorted(root.rglob(pattern)) if pattern and root.is_dir() else []
    small = [path for path in found if path.name[0] != "." and 100 < path.stat().st_size <= _SMALL]
    return tuple(filter(None, (_with_others(form, path) for path in small)))


def _is_table(data: bytes) -> bool:
    """Whether a file is a sound table; the corpus holds pointers and damaged ones, too."""
    try:
        return bool(records_of(data))
    except CkptStudioError:
        return False


def _with_others(form: str, path: Path) -> Files:
    """A file of the corpus and those that belong to it; nothing where the format would not take it."""
    data = path.read_bytes()
    if form == "saved_model":
        inside = path.parent / "variables"
        index = inside / "variables.index"
        if not index.is_file() or not _is_table(index.read_bytes()):
            return {path.name: data}
        shards = sorted(inside.glob("variables.data-*"))
        variables = {index: index.read_bytes(), **{shard: shard.read_bytes()[:_HEAD] for shard in shards}}
        return {path.name: data, **{f"variables/{file.name}": content for file, content in variables.items()}}
    if form == "tf_v1" and (path.suffix == ".index" or not _is_table(data)):
        return {}
    if form not in ("tf_bundle", "sstable", "object_graph"):
        return {f"m-3{path.suffix}": data}  # without a step in its name, it would be read for one
    if not _is_table(data):
        return {}
    shards = sorted(path.parent.glob(f"{glob.escape(path.stem)}.data-*"))
    most = _HEAD if form != "object_graph" else _SMALL
    files = {path.name: data, **{shard.name: shard.read_bytes()[:most] for shard in shards}}
    whole = all(shard.stat().st_size <= most for shard in shards) and shards
    return files if form != "object_graph" or (whole and GRAPH in dict(records_of(data))) else {}


def case(form: str, number: int) -> Input:
    """Input `number` of a format; from `CORPUS_FROM` on, a part of them grows from files of the corpus."""
    kind = KINDS[form]
    rng = Random(number * 1_000_003 + crc32(form.encode()))
    more = corpus_seeds(form) if number >= CORPUS_FROM and number % 4 == 3 else ()
    seed = rng.choice(more or seeds(form))
    name, changed = kind.opens(list(seed)), kind.mutate(rng, seed)
    if isinstance(changed, bytes):
        put = kind.put
        assert put is not None
        return Input(lambda: put(seed, changed), name, seed, changed)
    return Input(changed, name, seed)
