"""Any name that a file or a variable can have, on the command line: it opens, is shown, and can be asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_studio.cli.main import main
from ckpt_studio.formats.registry import open_checkpoint
from tests.helpers.bundles import BundleMaker, shard_name

NAMES = [
    "", "-x", "--json", "a[1]b*?", "mit Leerzeichen", " lead", "trail ", "größe-ü", "日本語-7", "e\u0301", "new\nline",
    "tab\there", "$(touch x)", "'quoted'", '"', "~", "~root", "file:x", "x.index", "x.meta", "a.data-00000-of-00001",
    "%s", "n" * 235, "ü" * 117, "model.ckpt-12-00000-of-00001", "b\\c",
]  # fmt: skip

CAFE = b"caf\xe9/w"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(capsys: pytest.CaptureFixture[str], command: str, *words: str) -> Any:
    """The JSON of a command that succeeds."""
    status = main([command, "--json", *words])
    out, err = capsys.readouterr()
    assert status == 0, (words, err)
    return json.loads(out)


def make(prefix: str) -> str:
    made = BundleMaker()
    made.add("w", np.arange(3, dtype=np.float32), 1)
    made.add(CAFE, np.ones(2, np.float32), 1)
    return made.write(prefix)


@pytest.mark.parametrize("name", NAMES)
def test_any_prefix_on_the_command_line(here: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    make(f"{here}/{name}")
    for path in (f"{name}.index", f"{here}/{name}.index", *([name] if name else [])):
        listed = call(capsys, "list", "--", path)
        assert [row["key"] for row in listed["variables"]] == ["caf\\xe9/w", "w"]
        assert open_checkpoint(listed["prefix"]).read("w").tolist() == [0, 1, 2]
        assert [row["max"] for row in call(capsys, "stats", "--", path)["variables"]] == [1, 2]
        assert call(capsys, "verify", "--", path)["ok"]
    listed = call(capsys, "list", str(here))
    assert Path(listed["prefix"] + ".index").samefile(f"{name}.index")


def test_a_file_name_that_is_not_utf8(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make(f"{here}/caf\udce9")
    listed = call(capsys, "list", "caf\udce9")
    assert listed["prefix"] == "caf\\xe9"
    assert main(["list", "caf\udce9"]) == 0
    assert "caf\\xe9" in capsys.readouterr().out


def test_keys_that_are_not_utf8_can_be_asked_for(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make("m")
    other = BundleMaker()
    other.add(CAFE, np.array([5, 7], np.float32), 1)
    other.write("donor")
    by_hex = f"hex:{CAFE.hex()}"
    row = call(capsys, "list", "m")["variables"][0]
    assert (row["key"], row["key_hex"], row["name"]) == ("caf\\xe9/w", CAFE.hex(), "caf\\xe9/w")
    (told,) = call(capsys, "stats", "m", "--key", by_hex)["variables"]
    assert (told["key"], told["key_hex"], told["count"]) == ("caf\\xe9/w", CAFE.hex(), 2)
    edits = [{"op": "freeze", "match": by_hex}, {"op": "replace", "match": by_hex, "from": "donor"}]
    Path("patch.json").write_text(json.dumps({"version": 1, "edits": edits}))
    call(capsys, "apply", "patch.json", "m", "out")
    assert open_checkpoint("out").read("caf\udce9/w").tolist() == [5, 7]
    assert call(capsys, "list", "out")["variables"][0]["trainable"] is False
    Path("patch.json").write_text(json.dumps({"version": 1, "edits": [{"op": "drop", "match": by_hex}]}))
    call(capsys, "apply", "patch.json", "m", "less")
    assert [row["key"] for row in call(capsys, "list", "less")["variables"]] == ["w"]
    Path(shard_name("m", 0, 1)).write_bytes(bytes(14))
    assert main(["verify", "m", "--json"]) == 1
    fault = json.loads(capsys.readouterr().out)["faults"][0]
    assert (fault["key"], fault["key_hex"], fault["kind"]) == ("caf\\xe9/w", CAFE.hex(), "truncated")
