"""A damaged checkpoint of any kind is written as a new one from the command line, and stock TensorFlow restores it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from ckpt_studio.formats.registry import open_checkpoint
from tests.document.bundles import MODEL, make
from tests.helpers.tensorflow_child import TensorFlowChild

READ = """
reader = tf.train.load_checkpoint(tf.train.latest_checkpoint(args[0]))
result = {}
for key in reader.get_variable_to_dtype_map():
    value = reader.get_tensor(key)
    result[key] = [str(value.dtype), list(value.shape), value.tobytes().hex()]
"""


def call(*words: Any) -> tuple[int, dict[str, Any], str]:
    command = [sys.executable, "-m", "ckpt_studio", *map(str, words), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout), done.stderr


def seen(values: dict[str, Any]) -> dict[str, Any]:
    arrays = {key: np.asarray(value) for key, value in values.items()}
    return {key: [str(a.dtype), list(a.shape), a.tobytes().hex()] for key, a in arrays.items()}


def patch(folder: Path, *edits: dict[str, Any]) -> Path:
    path = folder / "rescue.json"
    path.write_text(json.dumps({"version": 1, "edits": edits}))
    return path


def test_a_bundle_with_flipped_bytes(tmp_path: Path, tensorflow_child: TensorFlowChild) -> None:
    numbers = {key: value for key, value in MODEL.items() if key.isprintable() and key != "text"}
    older = {
        key: np.asarray(value) + np.asarray(1, np.asarray(value).dtype) for key, value in numbers.items()
    }
    make(tmp_path / "older", "model.ckpt-90", older)
    base = make(tmp_path / "in", "model.ckpt-100", numbers)
    places = [base.stored(key) for key in ("dense/kernel", "out/kernel")]
    with Path(base.shard_path(0)).open("r+b") as file:
        for stored in places:
            assert stored is not None
            file.seek(stored.offset + 1)
            file.write(b"\xaa")
    before = {path: path.read_bytes() for path in (tmp_path / "in").iterdir()}
    out = tmp_path / "out" / "model.ckpt-100"
    status, answer, _ = call("verify", tmp_path / "in")
    assert (status, [f["key"] for f in answer["faults"]]) == (1, ["dense/kernel", "out/kernel"])

    one = {"op": "replace", "match": "dense/kernel", "from": "older"}
    status, answer, said = call("apply", patch(tmp_path, one), tmp_path / "in", out)
    assert (status, answer["error"]["kind"], answer["error"]["key"]) == (1, "checksum", "out/kernel")
    assert "out/kernel is damaged in model.ckpt-100, so nothing is written; take it from another" in said
    assert not out.parent.exists()

    two = {"op": "drop", "match": "out/*"}
    status, answer, said = call("apply", patch(tmp_path, one, two), tmp_path / "in", out)
    assert status == 0
    assert "Without 1 variable: out/kernel." in said
    expected = {**numbers, "dense/kernel": older["dense/kernel"]}
    del expected["out/kernel"]
    assert tensorflow_child(READ, out.parent) == seen(expected)
    assert call("verify", out)[0] == 0
    assert {path: path.read_bytes() for path in (tmp_path / "in").iterdir()} == before


@pytest.mark.parametrize("how", ["missing", "cut"])
def test_safetensors_that_lost_a_file(tmp_path: Path, tensorflow_child: TensorFlowChild, how: str) -> None:
    """Not a bundle: what is left of it is encoded anew."""
    values = {f"layer{i}/w": np.arange(100, dtype=np.float32) + i for i in range(4)}
    folder = tmp_path / "in"
    folder.mkdir()
    files = {key: f"model-0000{i // 2 + 1}-of-00002.safetensors" for i, key in enumerate(values)}
    for name in set(files.values()):
        save_file({key: value for key, value in values.items() if files[key] == name}, folder / name)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": files}))
    donor = tmp_path / "donor"
    shutil.copytree(folder, donor)
    lost = folder / "model-00002-of-00002.safetensors"
    if how == "missing":
        lost.unlink()
    else:
        lost.write_bytes(lost.read_bytes()[:-200])
    faulty = sorted(open_checkpoint(str(folder)).columns.faults)
    assert faulty
    keys = [open_checkpoint(str(folder)).columns.keys[row] for row in faulty]
    out = tmp_path / "out" / "model.ckpt-1"
    status, _, said = call("apply", patch(tmp_path), folder, out)
    assert status == 1
    assert all(key in said for key in keys)
    assert "from another checkpoint, or drop" in said
    edits: list[dict[str, Any]] = [{"op": "drop", "match": keys[0]}]
    edits += [{"op": "replace", "match": key, "from": "donor"} for key in keys[1:]]
    status, _, said = call("apply", patch(tmp_path, *edits), folder, out)
    assert status == 0, said
    assert tensorflow_child(READ, out.parent) == seen({k: v for k, v in values.items() if k != keys[0]})
