"""Every file and folder of the corpus through `list --json`: what stock readers find in it, or the right sentence.

What is expected comes from TensorFlow's own reader, from h5py and zipfile, and from the kind of file.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from ckpt_studio.cli.main import main
from ckpt_studio.core.errors import FileFault
from ckpt_studio.formats.registry import open_checkpoint
from tests.helpers.tensorflow_child import TensorFlowChild

Rows = dict[str, tuple[str, list[int], str | None]]
"""Type, shape and checksum of the values (None where they cannot be read) by key."""

MAGIC = bytes.fromhex("57fb808b247547db")
LFS = b"version https://git-lfs.github.com/"
PART = re.compile(r"\.(index|meta|data-\d{5}-of-\d{5})$")


def digest(value: Any) -> str:
    array = np.asarray(value)
    data = (
        repr([bytes(item) for item in array.ravel()]).encode() if array.dtype == object else array.tobytes()
    )
    return hashlib.sha256(data).hexdigest()


STOCK = """
import hashlib, warnings
def digest(value):
    array = np.asarray(value, object if isinstance(value, bytes) else None)
    data = repr([bytes(item) for item in array.ravel()]).encode() if array.dtype == object else array.tobytes()
    return hashlib.sha256(data).hexdigest()
def rows(prefix):
    reader = tf.compat.v1.train.NewCheckpointReader(prefix)
    found = {}
    for key, dtype in reader.get_variable_to_dtype_map().items():
        try:
            value = digest(reader.get_tensor(key))
        except Exception:
            value = None
        found[key] = [dtype.name, reader.get_variable_to_shape_map()[key], value]
    return found
result = {prefix: rows(prefix) for prefix in args}
"""


def is_pointer(path: Path) -> bool:
    return path.read_bytes()[: len(LFS)] == LFS


def copies_for_tensorflow(corpus: Path, folder: Path) -> dict[str, str]:
    """All that TensorFlow's reader can be asked for: prefixes by those of copies under plain names.

    It takes a prefix for a pattern, so it finds nothing where a path holds brackets.
    """
    copies = {}
    for number, path in enumerate(sorted(path for path in corpus.rglob("*") if path.is_file())):
        plain = f"{folder}/{number}"
        text = str(path)
        if text.endswith(".index") and not is_pointer(path):
            copies[plain] = stem = text.removesuffix(".index")
            files = {file: PART.search(file.name) for file in path.parent.iterdir()}
            parts = {f: found[0] for f, found in files.items() if found and f"{f}" == stem + found[0]}
        elif not text.endswith(".index") and path.read_bytes().endswith(MAGIC):
            shard = re.search(r"-(\d{5})(-of-\d{5})$", path.name)
            copies[plain if shard is None else f"{plain}-?????{shard[2]}"] = as_pattern(text)
            parts = {path: "" if shard is None else shard[0]}
        else:
            continue
        for file, ending in parts.items():
            shutil.copyfile(file, plain + ending)
    return copies


def as_pattern(path: str) -> str:
    """The prefix of a V1 checkpoint in several files."""
    return re.sub(r"-\d{5}-of-(\d{5})$", r"-?????-of-\1", path)


def rows_of_hdf5(file: h5py.File) -> Rows:
    found: Rows = {}

    def add(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = (item.dtype.name, list(item.shape), digest(item[()]))

    file.visititems(add)
    return found


def rows_of_keras(path: Path) -> Rows:
    if path.suffix == ".keras":
        with (
            zipfile.ZipFile(path) as archive,
            h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file,
        ):
            return rows_of_hdf5(file)
    with h5py.File(path) as file:
        return rows_of_hdf5(file)


@pytest.fixture(scope="module")
def expected(
    corpus: Path, tensorflow_child: TensorFlowChild, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Rows]:
    """Rows by prefix of every checkpoint of the corpus."""
    copies = copies_for_tensorflow(corpus, tmp_path_factory.mktemp("plain"))
    rows: dict[str, Rows] = {
        copies[copy]: {key: (dtype, shape, value) for key, (dtype, shape, value) in found.items()}
        for copy, found in tensorflow_child(STOCK, *copies).items()
    }
    rows |= {str(path): rows_of_keras(path) for path in corpus.rglob("*") if path.suffix in (".keras", ".h5")}
    return rows


def prefix_meant(path: Path, known: set[str]) -> str | None:
    """The checkpoint that a file belongs to, by its name alone."""
    text = str(path)
    beside = [prefix for prefix in known if PART.sub("", text) == re.sub(r"-\?{5}-of-\d{5}$", "", prefix)]
    for prefix in (text, as_pattern(text), PART.sub("", text), *beside):
        if prefix in known:
            return prefix
    if path.name in ("saved_model.pb", "keras_metadata.pb", "fingerprint.pb"):
        variables = f"{path.parent}/variables/variables"
        return variables if variables in known else None
    return None


def meant_by_folder(folder: Path, known: set[str]) -> set[str]:
    """The checkpoints that opening a folder may open: the one of its state file, or else those that lie in it."""
    if (folder / "saved_model.pb").is_file():
        return {f"{folder}/variables/variables"} & known
    here = {prefix for prefix in known if prefix.rpartition("/")[0] == str(folder)}
    state = folder / "checkpoint"
    if state.is_file():
        named = re.search(r'model_checkpoint_path: "(?:.*/)?([^"/]*)"', state.read_text())
        if named is not None and f"{folder}/{named[1]}" in here:
            return {f"{folder}/{named[1]}"}
    return here


def listed(capsys: pytest.CaptureFixture[str], path: Path) -> tuple[int, Any, str]:
    status = main(["list", str(path), "--json"])
    out, err = capsys.readouterr()
    assert "mistake" not in err
    return status, json.loads(out), err


def shown(document: Any) -> dict[str, tuple[str, list[int]]]:
    return {row["key"]: (row["dtype"], row["shape"]) for row in document["variables"]}


def of(rows: Rows) -> dict[str, tuple[str, list[int]]]:
    return {key: (dtype, shape) for key, (dtype, shape, _) in rows.items()}


def test_every_file_leads_to_its_checkpoint_or_says_what_it_is(
    capsys: pytest.CaptureFixture[str], corpus: Path, expected: dict[str, Rows]
) -> None:
    opened = 0
    for path in sorted(path for path in corpus.rglob("*") if path.is_file()):
        status, document, err = listed(capsys, path)
        prefix = prefix_meant(path, set(expected))
        if path.name == "checkpoint":
            there = meant_by_folder(path.parent, set(expected))
            prefix = next(iter(there)) if len(there) == 1 else None
        if prefix is not None and not is_pointer(path):
            opened += 1
            assert (path, shown(document)) == (path, of(expected[prefix]))
            assert status == 0
            continue
        assert (path, status) == (path, 1)
        message = document["error"]["message"]
        assert document["error"]["kind"] == "unrecognised"
        assert err.endswith(f"ckpt-studio: {message}\n")
        if b"git-lfs" in path.read_bytes()[:40]:
            assert message.endswith(
                " is a Git LFS pointer, not the file itself; fetch it with `git lfs pull`."
            )
        elif path.name == "checkpoint":
            assert "which is not in this folder" in message
        else:
            assert message.startswith(path.name)
    assert opened > 60


def test_every_folder_opens_its_checkpoint_or_says_where_there_are_some(
    capsys: pytest.CaptureFixture[str], corpus: Path, expected: dict[str, Rows]
) -> None:
    opened = 0
    for path in (corpus, *sorted(path for path in corpus.rglob("*") if path.is_dir())):
        status, document, _ = listed(capsys, path)
        here = meant_by_folder(path, set(expected))
        inner = [
            folder for folder in path.iterdir() if folder.is_dir() and (folder / "saved_model.pb").is_file()
        ]
        here |= {prefix for folder in inner for prefix in meant_by_folder(folder, set(expected))}
        below = [prefix for prefix in expected if prefix.startswith(f"{path}/")]
        if status == 0:
            opened += 1
            assert any(shown(document) == of(expected[prefix]) for prefix in here), path
            continue
        assert (path, here) == (path, set())
        message = document["error"]["message"]
        assert message.startswith(f"{path.name} holds no checkpoint") or "Git LFS pointer" in message
        if below:
            places = re.search(r"itself; (?:(\d+) below it do: )?(.+?)(?: and (\d+) more| does)?\.$", message)
            assert places is not None, message
            assert (path / places[2].split(", ")[0]).is_dir(), message
    assert opened > 15


def test_values_are_those_of_stock_readers(expected: dict[str, Rows]) -> None:
    compared = 0
    for prefix, rows in expected.items():
        checkpoint = open_checkpoint(f"{prefix}.index" if prefix.endswith("/") else prefix)
        for key, (_, _, value) in rows.items():
            if value is None:
                with pytest.raises(FileFault):
                    checkpoint.read(key)
            else:
                compared += 1
                assert (prefix, key, digest(checkpoint.read(key))) == (prefix, key, value)
    assert compared > 200
