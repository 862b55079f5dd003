"""safetensors files that the safetensors package wrote are read as it reads them; several files by their index."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from safetensors import TensorSpec, safe_open, serialize_file
from safetensors.numpy import save_file

from ckpt_studio.core.errors import (
    Corrupt,
    FileFault,
    MissingFile,
    NoSuchVariable,
    Unrecognised,
    Unsupported,
)
from ckpt_studio.core.tensors import Role
from ckpt_studio.formats.folder import scan_folder
from ckpt_studio.formats.registry import open_checkpoint

TYPES = {
    "BOOL": "bool", "U8": "uint8", "I8": "int8", "U16": "uint16", "I16": "int16", "U32": "uint32", "I32": "int32",
    "U64": "uint64", "I64": "int64", "F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64",
    "C64": "complex64", "F8_E5M2": "float8_e5m2", "F8_E4M3": "float8_e4m3fn", "F8_E4M3FNUZ": "float8_e4m3fnuz",
    "F8_E5M2FNUZ": "float8_e5m2fnuz",
}  # fmt: skip


def write(path: Path, tensors: dict[str, tuple[str, list[int], bytes]], **more: Any) -> str:
    """A file in the layout of the format, from words, shapes and bytes."""
    header: dict[str, Any] = dict(more)
    end, data = 0, b""
    for key, (code, shape, raw) in tensors.items():
        header[key] = {"dtype": code, "shape": shape, "data_offsets": [end, end + len(raw)]}
        end, data = end + len(raw), data + raw
    raw = json.dumps(header).encode()
    path.write_bytes(len(raw).to_bytes(8, "little") + raw + data)
    return str(path)


def test_every_type(tmp_path: Path) -> None:
    arrays = {}
    for code, name in TYPES.items():
        dtype = np.dtype(getattr(ml_dtypes, name, None) or name)
        arrays[code] = np.arange(24).reshape(2, 3, 4).astype(dtype)
    path = str(tmp_path / "m.safetensors")
    serialize_file(
        {
            code: TensorSpec(
                dtype=array.dtype.name, shape=array.shape, data_ptr=array.ctypes.data, data_len=array.nbytes
            )
            for code, array in arrays.items()
        },
        path,
    )
    checkpoint = open_checkpoint(path)
    assert (checkpoint.format, checkpoint.path, checkpoint.prefix) == ("safetensors", path, path)
    assert list(checkpoint.columns.keys) == sorted(TYPES)
    for code, array in arrays.items():
        info = checkpoint.columns.of(code)
        assert (info.dtype.name, info.shape, info.nbytes, info.error) == (
            TYPES[code],
            (2, 3, 4),
            array.nbytes,
            None,
        )
        np.testing.assert_array_equal(checkpoint.read(code), array)
        window = (slice(1, 2), slice(0, 3), slice(1, 3))
        np.testing.assert_array_equal(checkpoint.read(code, window), array[window])
        assert b"".join(block.tobytes() for block in checkpoint.blocks(code)) == array.tobytes()
    assert list(checkpoint.verify()) == []


def test_what_safetensors_wrote_is_what_it_reads(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    arrays = {
        "model.layers.0.weight": rng.normal(size=(700, 900)).astype(np.float32),
        "empty": np.zeros((0, 3), np.float32),
        "scalar": np.array(5, np.int64),
        "Ünicode/ä\n": np.ones(3, np.float16),
    }
    path = tmp_path / "model-1200.safetensors"
    save_file(arrays, path, metadata={"format": "np"})
    checkpoint = open_checkpoint(str(path))
    assert checkpoint.step == 1200
    with safe_open(path, "np") as peer:
        assert sorted(checkpoint.columns.keys) == sorted(peer.keys())
        for key in peer.keys():  # noqa: SIM118
            np.testing.assert_array_equal(checkpoint.read(key), peer.get_tensor(key))
    big = np.concatenate([block.copy() for block in checkpoint.blocks("model.layers.0.weight")])
    np.testing.assert_array_equal(big, arrays["model.layers.0.weight"].reshape(-1))
    for key, array in arrays.items():
        stored = checkpoint.stored(key)
        assert stored is not None
        assert (stored.crc, stored.big_endian) == (None, False)
        assert path.read_bytes()[stored.offset : stored.offset + stored.size] == array.tobytes()
    assert checkpoint.files() == (str(path),)
    with pytest.raises(NoSuchVariable):
        checkpoint.read("nowhere")


def test_types_that_tensorflow_does_not_have(tmp_path: Path) -> None:
    path = write(
        tmp_path / "m.safetensors",
        {
            "scale": ("F8_E8M0", [4], b"\x7f\x80\x81\x82"),
            "six": ("F6_E2M3", [4], b"abc"),
            "four": ("F4", [8], b"abcd"),
        },
    )
    checkpoint = open_checkpoint(path)
    infos = {key: checkpoint.columns.of(key) for key in ("scale", "six", "four")}
    assert [info.dtype.name for info in infos.values()] == [
        "float8_e8m0fnu",
        "float6_e2m3fn",
        "float4_e2m1fn",
    ]
    assert [info.nbytes for info in infos.values()] == [4, 3, 4]
    for key in infos:
        with pytest.raises(Unsupported):
            checkpoint.read(key)


def test_rows_that_no_array_can_hold(tmp_path: Path) -> None:
    path = write(
        tmp_path / "m.safetensors",
        {
            "deep": ("U8", [1] * 40, b"a"),
            "deepest": ("U8", [1] * 200, b"b"),
            "wide": ("U8", [0, 2**40, 2**40], b""),
            "wider": ("U8", [0, 2**64 - 1], b""),
            "fine": ("U8", [2], b"cd"),
        },
    )
    checkpoint = open_checkpoint(path)
    columns = checkpoint.columns
    assert [columns.of(key).error for key in ("deep", "deepest")] == [
        "It has 40 axes, more than can be shown.",
        "It has 200 axes, more than can be shown.",
    ]
    for key in ("wide", "wider"):
        assert "larger than any file" in (columns.of(key).error or "")
    assert columns.of("wide").shape == (0, 2**40, 2**40)
    assert columns.of("wider").shape is None
    for key in ("deep", "deepest", "wide", "wider"):
        with pytest.raises(Unsupported):
            checkpoint.read(key)
    np.testing.assert_array_equal(checkpoint.read("fine"), [99, 100])
    assert {fault.key for fault in checkpoint.verify()} == {"deep", "deepest", "wide", "wider"}


def test_a_name_that_stands_there_twice(tmp_path: Path) -> None:
    one = '"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}'
    header = f'{{{one},"b":{{"dtype":"U8","shape":[1],"data_offsets":[1,2]}},{one}}}'.encode()
    path = tmp_path / "m.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + b"xy")
    checkpoint = open_checkpoint(str(path))
    assert "more than once" in (checkpoint.columns.of("a").error or "")
    with pytest.raises(Corrupt, match="more than once"):
        checkpoint.read("a")
    assert checkpoint.read("b").tolist() == [ord("y")]


@pytest.mark.parametrize(
    ("folder", "name", "metadata", "step"),
    [
        ("run", "m.safetensors", {}, None),
        ("run", "m-7.safetensors", {"step": "9"}, 7),
        ("run", "m.safetensors", {"step": "9"}, 9),
        ("run", "m.safetensors", {"global_step": "12", "step": "9"}, 12),
        ("run", "m.safetensors", {"step": "nine"}, None),
        ("checkpoint-500", "m.safetensors", {}, 500),
        ("checkpoint-500", "m-00001-of-00002.safetensors", {}, 500),
    ],
)
def test_step(tmp_path: Path, folder: str, name: str, metadata: dict[str, str], step: int | None) -> None:
    (tmp_path / folder).mkdir()
    path = write(tmp_path / folder / name, {"a": ("U8", [1], b"a")}, __metadata__=metadata)
    assert open_checkpoint(path).step == step


@pytest.fixture
def sharded(tmp_path: Path) -> Path:
    """A model in three files."""
    write(tmp_path / "model-00001-of-00003.safetensors", {"a": ("U8", [1], b"1"), "both": ("U8", [1], b"x")})
    write(tmp_path / "model-00002-of-00003.safetensors", {"b": ("U8", [1], b"2"), "both": ("U8", [1], b"y")})
    write(
        tmp_path / "model-00003-of-00003.safetensors", {"c/Adam": ("U8", [1], b"3"), "c": ("U8", [1], b"4")}
    )
    places = {"a": 1, "b": 2, "both": 2, "c": 3, "c/Adam": 3}
    index = {
        "metadata": {"total_size": 6, "global_step": 41},
        "weight_map": {key: f"model-{number:05d}-of-00003.safetensors" for key, number in places.items()},
    }
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    return tmp_path


@pytest.mark.parametrize(
    "name",
    [
        *("", "model.safetensors.index.json", "model-00001-of-00003.safetensors", "model.safetensors"),
        *("model-00003-of-00003.safetensors", "model-00009-of-00009.safetensors"),
    ],
)
def test_several_files_by_any_name(sharded: Path, name: str) -> None:
    checkpoint = open_checkpoint(str(sharded / name))
    assert (checkpoint.format, checkpoint.step) == ("safetensors", 41)
    assert checkpoint.prefix == str(sharded / "model.safetensors.index.json")
    assert list(checkpoint.columns.keys) == ["a", "b", "both", "c", "c/Adam"]
    assert [bytes(checkpoint.read(key)) for key in checkpoint.columns.keys] == [b"1", b"2", b"y", b"4", b"3"]
    assert checkpoint.columns.of("c/Adam").role == Role.slot
    assert any("does not speak of are not shown: 1." in note for note in checkpoint.notes)
    assert len(checkpoint.files()) == 4
    assert list(checkpoint.verify()) == []


def test_files_of_a_folder(sharded: Path) -> None:
    write(sharded / "adapter.safetensors", {"a": ("U8", [1], b"1")})
    write(sharded / "lost-00001-of-00002.safetensors", {"a": ("U8", [1], b"1")})
    folder = scan_folder(str(sharded))
    entries = {entry.name: entry for entry in folder.entries}
    assert sorted(entries) == ["adapter", "lost-00001-of-00002", "model"]
    assert entries["model"].complete
    assert entries["model"].nbytes == sum(path.stat().st_size for path in sharded.glob("model*"))
    assert any("lost-00001-of-00002.safetensors is one of 2 files" in note for note in folder.notes)
    (sharded / "model-00002-of-00003.safetensors").unlink()
    folder = scan_folder(str(sharded))
    assert not next(entry for entry in folder.entries if entry.name == "model").complete
    assert any("model.safetensors.index.json speaks of are missing" in note for note in folder.notes)


def test_a_missing_or_damaged_file_costs_its_own_rows(sharded: Path) -> None:
    (sharded / "model-00001-of-00003.safetensors").unlink()
    (sharded / "model-00002-of-00003.safetensors").write_bytes(b"short")
    checkpoint = open_checkpoint(str(sharded))
    columns = checkpoint.columns
    assert columns.of("a").error == "Its file model-00001-of-00003.safetensors is missing."
    assert columns.of("b").error == columns.of("both").error
    assert "only 5 bytes" in (columns.of("b").error or "")
    assert [columns.of(key).shape for key in "abc"] == [None, None, (1,)]
    for key, kind in (("a", MissingFile), ("b", FileFault)):
        with pytest.raises(kind) as caught:
            checkpoint.read(key)
        assert caught.value.key == key
    assert bytes(checkpoint.read("c")) == b"4"
    assert {fault.key for fault in checkpoint.verify()} == {"a", "b", "both"}


@pytest.mark.parametrize(
    "name",
    ["../outside.safetensors", "/etc/passwd", "sub/x.safetensors", "", ".", "..", "a\0b"],
)
def test_an_index_leads_nowhere_else(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "model"
    (folder / "sub").mkdir(parents=True)
    for place in (tmp_path / "outside.safetensors", folder / "sub" / "x.safetensors"):
        write(place, {"a": ("U8", [1], b"1")})
    index = folder / "m.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": name}}))
    checkpoint = open_checkpoint(str(index))
    assert "which is no file of this folder" in (checkpoint.columns.of("a").error or "")
    with pytest.raises(Corrupt):
        checkpoint.read("a")
    assert checkpoint.files() == (str(index),)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no JSON"),
        ("[]", "no weight_map"),
        ("{}", "no weight_map"),
        ('{"weight_map":[]}', "no weight_map"),
        ('{"weight_map":{"a":1}}', "no weight_map"),
        ('{"weight_map":{"\\ud800":"a"}}', "surrogates"),
        ("[" * 100_000, "too deeply"),
    ],
)
def test_an_index_that_is_none(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "m.safetensors.index.json"
    path.write_text(text)
    with pytest.raises(FileFault, match=rf"m\.safetensors\.index\.json .*{words}|is empty"):
        open_checkpoint(str(path))


def test_a_key_in_two_places_of_the_index(tmp_path: Path) -> None:
    write(tmp_path / "x.safetensors", {"a": ("U8", [1], b"1")})
    write(tmp_path / "y.safetensors", {"a": ("U8", [1], b"1"), "b": ("U8", [1], b"1")})
    index = tmp_path / "m.safetensors.index.json"
    index.write_text(
        '{"weight_map":{"a":"x.safetensors","a":"y.safetensors","b":"y.safetensors","c":"y.safetensors"}}'
    )
    columns = open_checkpoint(str(index)).columns
    assert "more than one file" in (columns.of("a").error or "")
    assert columns.of("b").error is None
    assert "does not hold it" in (columns.of("c").error or "")


def test_other_names_and_other_files(tmp_path: Path) -> None:
    path = Path(write(tmp_path / "weights.bin", {"a": ("U8", [1], b"1")}))
    assert open_checkpoint(str(path)).format == "safetensors"
    pointer = tmp_path / "m.safetensors"
    pointer.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n")
    with pytest.raises(Unrecognised, match=r"m\.safetensors is a Git LFS pointer"):
        open_checkpoint(str(pointer))
    pointer.write_bytes(b"")
    with pytest.raises(FileFault, match="is empty"):
        open_checkpoint(str(pointer))
    pointer.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(FileFault, match="is cut off"):
        open_checkpoint(str(pointer))


def test_a_file_that_changes_is_noticed(tmp_path: Path) -> None:
    path = write(tmp_path / "m.safetensors", {"a": ("U8", [4], b"1234")})
    checkpoint = open_checkpoint(path)
    before = checkpoint.identity("a")
    write(tmp_path / "m.safetensors", {"a": ("U8", [5], b"12345")})
    with pytest.raises(FileFault, match="rewritten"):
        checkpoint.read("a")
    assert open_checkpoint(path).identity("a") != before
