"""`list` as a person reads it, and its one sentence for whatever cannot be opened, however it is damaged or named."""

from __future__ import annotations

import json
import os
import pickle
import time
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from safetensors.numpy import save_file

from ckpt_studio.cli.main import main
from tests.helpers.bundles import BundleMaker, Record, shard_name, table
from tests.helpers.tensorflow_child import TensorFlowChild

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"


def make(prefix: Path) -> str:
    made = BundleMaker()
    for key in ("net/w", "net/w/Adam", "net/w/Adam_1"):
        made.add(key, np.ones((30, 20), np.float32), 1)
    made.add("global_step", np.array(7, np.int64), 9)
    return made.write(prefix)


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> list[list[str]]:
    """Cells of the table, the line below it last."""
    assert main(["list", *words]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return [line.split() for line in out.splitlines()]


def test_the_table(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    prefix = make(tmp_path / "m-7")
    head, *rows, foot = shown(capsys, prefix)
    assert head == ["NAME", "SHAPE", "DTYPE", "SIZE", "ROLE"]
    assert rows[0] == ["global_step", "scalar", "int64", "8", "B", "counter"]
    assert rows[2] == ["net/w/Adam", "30x20", "float32", "2.34", "KiB", "slot", "m"]
    assert " ".join(foot) == f"TensorFlow checkpoint, 4 variables, 7.04 KiB, step 7: {prefix}"


def test_more_of_it(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    head, *rows, _ = shown(capsys, make(tmp_path / "m-7"), "--long")
    assert head == ["NAME", "SHAPE", "DTYPE", "SIZE", "ROLE", "SOURCE", "SLOT", "OF"]
    assert rows[2][-3:] == ["m", "name", "net/w"]


def test_by_each_of_its_names(capsys: pytest.CaptureFixture[str], corpus: Path) -> None:
    folder = str(corpus / "tiwarylab__LSTM-predict-MD" / "training_checkpoints")
    path = "layer_with_weights-2/kernel"
    names = {"full": "dense/kernel", "path": path, "key": f"{path}/.ATTRIBUTES/VARIABLE_VALUE"}
    for kind, name in names.items():
        rows = shown(capsys, folder, "--names", kind)[1:-1]
        assert [row[1] for row in rows if row[0] == name] == ["64x4"]
        assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    assert shown(capsys, folder, "--names", "full") == shown(capsys, folder)
    long = shown(capsys, folder, "--long")
    assert [names["full"], names["key"]] in [[row[0], row[-1]] for row in long]
    assert main(["list", folder, "--names", "other"]) == 2


def test_what_is_called_the_same_is_told_apart_by_key(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, tensorflow_child: TensorFlowChild
) -> None:
    """TensorFlow calls a `Variable` whatever nobody named."""
    make_it = "tf.train.Checkpoint(a=tf.Variable(1.0), b=tf.Variable(2.0), c=tf.Variable(3.0, name='w')).write(args[0])"
    tensorflow_child(make_it, tmp_path / "m")
    head, *rows, _ = shown(capsys, str(tmp_path / "m"))
    assert head[-1] == "KEY"
    assert [row[-1] for row in rows if row[0] == "Variable"] == [
        f"{name}/.ATTRIBUTES/VARIABLE_VALUE" for name in "ab"
    ]
    assert [row[-1] for row in rows if row[0] == "w"] == ["weight"]


def test_faults_are_in_the_last_column(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    made = BundleMaker()
    made.put("bad\x1b[2J", Record(1, (-1,), size=4).encode())
    assert main(["list", made.write(tmp_path / "m")]) == 0
    out = capsys.readouterr().out
    assert "negative" in out.splitlines()[1]
    assert "bad\\x1b[2J" in out


def refused(capsys: pytest.CaptureFixture[str], path: Path | str) -> dict[str, Any]:
    """The error of a path that cannot be opened; the same sentence stands on standard error, alone and plain."""
    assert main(["list", str(path), "--json"]) == 1
    out, err = capsys.readouterr()
    error: dict[str, Any] = json.loads(out)["error"]
    assert err == f"ckpt-studio: {error['message']}\n"
    assert error["message"].isprintable()
    assert error["message"].endswith(".")
    assert error["path"]
    assert main(["list", str(path)]) == 1
    assert capsys.readouterr() == ("", err)
    return error


def whole(kind: str, folder: Path) -> Path:
    """A checkpoint of a kind; the file that a person names."""
    path = folder / f"model.{kind}"
    if kind == "index":
        return Path(make(folder / "model") + ".index")
    if kind == "ckpt":
        path.write_bytes(table([(b"", b"\x0a\x00")]))
    elif kind == "h5":
        with h5py.File(path, "w") as file:
            file["dense/kernel"] = np.ones((30, 20), np.float32)
    elif kind == "safetensors":
        save_file({"w": np.ones((30, 20), np.float32)}, path)
    elif kind == "npz":
        np.savez(path, w=np.ones((30, 20), np.float32))
    elif kind == "npy":
        np.save(path, np.ones((30, 20), np.float32))
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("config.json", "{}")
            archive.write(whole("h5", folder), "model.weights.h5")
    return path


KINDS = ("index", "h5", "keras", "safetensors", "npz", "npy")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_cut_off_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Path, kind: str) -> None:
    path = whole(kind, tmp_path)
    assert main(["list", str(path)]) == 0
    capsys.readouterr()
    data = path.read_bytes()
    for kept in (0, len(data) // 2, len(data) - 3):
        path.write_bytes(data[:kept])
        status = main(["list", str(path), "--json"])
        out, err = capsys.readouterr()
        answer = json.loads(out)
        if status == 1:
            assert err == f"ckpt-studio: {answer['error']['message']}\n"
            assert path.name in err
        else:
            assert "cut off" in err or all("cut off" in row["error"] for row in answer["variables"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_pointer_of_git_lfs_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Path, kind: str) -> None:
    path = whole(kind, tmp_path)
    path.write_bytes(LFS)
    error = refused(capsys, path)
    assert error["message"] == (
        f"{path.name} is a Git LFS pointer, not the file itself; fetch it with `git lfs pull`."
    )
    assert error["kind"] == "unrecognised"


@pytest.mark.parametrize("kind", KINDS)
def test_flipped_bytes_give_rows_or_a_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, kind: str
) -> None:
    path = whole(kind, tmp_path)
    data = path.read_bytes()
    for at in (9, len(data) // 3, len(data) - 30):
        path.write_bytes(data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :])
        status = main(["list", str(path), "--json"])
        out, err = capsys.readouterr()
        assert "Ckpt Studio made a mistake" not in err
        assert ("error" in json.loads(out)) == (status == 1)


def test_parts_that_are_alone(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    prefix = make(tmp_path / "m-7")
    Path(prefix + ".meta").write_bytes(b"\x0a\x00")
    Path(prefix + ".index").unlink()
    for ending in (".data-00000-of-00001", ".meta"):
        assert "whose index m-7.index is not there" in refused(capsys, prefix + ending)["message"]
    assert "m-7 has data files, but its index is missing" in refused(capsys, tmp_path)["message"]
    assert refused(capsys, prefix)["kind"] == "missing"
    make(tmp_path / "m-7")
    Path(shard_name(prefix, 0, 1)).unlink()
    assert main(["list", prefix, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["variables"]
    assert all("m-7.data-00000-of-00001 is missing" in row["error"] for row in rows)


def test_what_is_no_checkpoint_at_all(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    others = {
        "torch.ckpt": (pickle.dumps({"a": 1}, 2), "pickle"),
        "sprite.meta": (b"fileFormatVersion: 2\n", "Unity"),
        "page.h5": (b"<!DOCTYPE html><html>", "web page"),
        "notes.txt": (
            b"hello",
            "notes.txt is not a checkpoint that Ckpt Studio knows: it ",
        ),
        "a\n\u202eb.ckpt": (b"", "a\\n\\u202eb.ckpt is empty"),
    }
    for name, (data, words) in others.items():
        (tmp_path / name).write_bytes(data)
        assert words in refused(capsys, tmp_path / name)["message"]
    with zipfile.ZipFile(tmp_path / "new.ckpt", "w") as archive:
        archive.writestr("archive/data.pkl", b"")
    assert "PyTorch" in refused(capsys, tmp_path / "new.ckpt")["message"]
    os.mkfifo(tmp_path / "pipe")
    assert "is a pipe" in refused(capsys, tmp_path / "pipe")["message"]
    assert "no/such" not in refused(capsys, "no/such/place")["message"]
    (tmp_path / "loop").symlink_to("loop")
    assert "leads back to itself" in refused(capsys, tmp_path / "loop")["message"]


def test_a_folder_that_was_copied_opens_what_lies_here(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    make(tmp_path / "m-7")
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "/gone/run/m-7"\n')
    assert main(["list", str(tmp_path), "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["prefix"] == str(tmp_path / "m-7")
    assert "names /gone/run/m-7, which is outside this folder; m-7 of this folder is used" in err
    for broken in (b"", b"\xff\xfe\0", b"model_checkpoint_path: 5"):
        (tmp_path / "checkpoint").write_bytes(broken)
        assert main(["list", str(tmp_path / "checkpoint"), "--json"]) == 0
        assert "the newest checkpoint is taken by step and time" in capsys.readouterr().err


def test_a_folder_of_folders_names_what_is_below(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for name in ("c", "a", "b", "d"):
        (tmp_path / name).mkdir()
        make(tmp_path / name / "m-1")
    assert refused(capsys, tmp_path)["message"].endswith(
        " holds no checkpoint itself; 4 below it do: a, b, c and 1 more."
    )


def test_an_index_that_a_job_is_writing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = make(tmp_path / "m-7")
    index = Path(prefix + ".index")
    data = index.read_bytes()
    written = iter([*range(10, 20), len(data)])
    monkeypatch.setattr(time, "sleep", lambda seconds: index.write_bytes(data[: next(written)]))
    index.write_bytes(data[:5])
    assert main(["list", prefix]) == 1
    words = "m-7.index is being rewritten by another program; try again in a moment."
    assert capsys.readouterr().err == f"ckpt-studio: {words}\n"
    index.write_bytes(data[:5])
    written = iter([8, len(data)])
    assert main(["list", prefix]) == 0, "it was whole after a moment"
