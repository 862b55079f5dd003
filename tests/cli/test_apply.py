"""`apply` as others call it: its JSON, its exit status, and what TensorFlow makes of what it wrote."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_studio.document.document import Document
from ckpt_studio.formats.registry import open_checkpoint
from tests.document.bundles import DONOR, MODEL, make
from tests.helpers.tensorflow_child import TensorFlowChild

EDITS = [
    {"op": "freeze", "match": "dense/*"},
    {"op": "replace", "match": "dense/bias", "from": "donor"},
    {
        "op": "replace",
        "match": "out/kernel",
        "from": "donor/best-9.index",
        "map": {"out/kernel": "net/out/kernel"},
    },
]


def apply(*arguments: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ckpt_studio", "apply", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make(tmp_path / "in", "model.ckpt-100", MODEL)
    make(tmp_path / "donor", "best-9", DONOR)
    (tmp_path / "p.json").write_text(json.dumps({"version": 1, "edits": EDITS}))
    return tmp_path


@pytest.mark.parametrize(
    "source", ["in", "in/model.ckpt-100", "in/model.ckpt-100.data-00000-of-00001", "in/checkpoint"]
)
def test_it_writes_what_the_patch_says(folder: Path, source: str, tensorflow_child: TensorFlowChild) -> None:
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in (folder / "in").iterdir()}
    done = apply(folder / "p.json", folder / source, folder / "out" / "m-1", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert sorted(answer) == ["files", "prefix", "shared_bytes", "written_bytes"]
    assert answer["prefix"] == str(folder / "out" / "m-1")
    assert {Path(file).parent for file in answer["files"]} == {folder / "out"}
    sizes = sum(Path(file).stat().st_size for file in answer["files"])
    assert answer["written_bytes"] + answer["shared_bytes"] == sizes
    values = tensorflow_child(
        """
        reader = tf.train.load_checkpoint(tf.train.latest_checkpoint(args[0]))
        result = [reader.get_tensor(key) for key in ("dense/bias", "out/kernel", "dense/kernel")]
        """,
        folder / "out",
    )
    np.testing.assert_array_equal(values[0], DONOR["dense/bias"])
    np.testing.assert_array_equal(values[1], DONOR["net/out/kernel"])
    np.testing.assert_array_equal(values[2], MODEL["dense/kernel"])
    assert {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in (folder / "in").iterdir()} == before
    again = Document(open_checkpoint(str(folder / "out")))
    assert again.frozen_keys() == {key for key in MODEL if key.startswith("dense/")}
    patch = json.loads((folder / "out" / "m-1.ckpt-studio.json").read_text())
    assert patch["edits"][0] == EDITS[0]
    assert patch["edits"][1]["from"] == "../donor/best-9"


def test_the_patch_beside_it_replays(folder: Path) -> None:
    assert apply(folder / "p.json", folder / "in", folder / "one" / "m").returncode == 0
    done = apply(
        folder / "one" / "m.ckpt-studio.json", folder / "in", folder / "two" / "m", "--share", "compact"
    )
    assert (done.returncode, done.stdout) == (0, f"Written: {folder / 'two' / 'm'}\n")
    one, two = (open_checkpoint(str(folder / name)) for name in ("one", "two"))
    for key in MODEL:
        np.testing.assert_array_equal(one.read(key), two.read(key))


def test_beside_the_original_its_state_file_gets_a_line(folder: Path) -> None:
    assert apply(folder / "p.json", folder / "in", folder / "in" / "m-2").returncode == 0
    text = (folder / "in" / "checkpoint").read_text()
    assert 'model_checkpoint_path: "m-2"' in text
    assert 'all_model_checkpoint_paths: "model.ckpt-100"' in text


def test_an_existing_target_needs_overwrite(folder: Path) -> None:
    out = folder / "out" / "m"
    assert apply(folder / "p.json", folder / "in", out).returncode == 0
    done = apply(folder / "p.json", folder / "in", out, "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["kind"] == "target_exists"
    assert "exists already" in done.stderr
    assert "Traceback" not in done.stderr
    assert apply(folder / "p.json", folder / "in", out, "--overwrite").returncode == 0
    assert (
        apply(folder / "p.json", folder / "in", folder / "in" / "model.ckpt-100", "--overwrite").returncode
        == 1
    )


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        ({"op": "freeze", "match": "nope"}, "Edit 1 of p.json: 'nope' matches no variable"),
        ({"op": "fly"}, "edit 1 has the unknown op 'fly'"),
        ({"op": "replace", "match": "out/kernel", "from": "donor"}, "[3, 2] here, [3, 5] there"),
        (
            {"op": "replace", "match": "out/kernel", "from": "donor", "map": {"out/kernel": "huge"}},
            "fit into float32",
        ),
    ],
)
def test_a_fault_is_one_sentence(folder: Path, edit: dict[str, Any], words: str) -> None:
    (folder / "p.json").write_text(json.dumps({"version": 1, "edits": [edit]}))
    done = apply(folder / "p.json", folder / "in", folder / "out" / "m", "--json")
    assert done.returncode == 1
    error = json.loads(done.stdout)["error"]
    assert words in error["message"]
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / "out").exists()


def test_wrong_usage(folder: Path) -> None:
    assert apply(folder / "p.json").returncode == 2
    assert apply(folder / "p.json", folder / "in", folder / "o", "--share", "sell").returncode == 2
