"""Whatever a person names (any file of a checkpoint, the beginning of a name, what was pasted) leads to it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ckpt_studio.core.errors import MissingFile
from ckpt_studio.formats.meant import from_here, meant
from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.formats.tf_bundle.reader import prefix_of
from tests.helpers.bundles import BundleMaker

ENDINGS = ["", ".index", ".meta", ".data-00000-of-00001", ".ckpt-studio.json"]
FORMS = ["{}", "'{}'", '"{}"', " {}\n", "“{}”", "file://{}", "file://localhost{}", "'file:{}'"]
COMPLETED = [".", ".data", ".data-", ".data-000", ".data-00000-of-", "/", ".index/"]


def make(prefix: Path | str) -> str:
    made = BundleMaker()
    made.add("w", np.zeros(2, np.float32), 1)
    return made.write(prefix)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("name", ["m-1", "", "-m[1] ü"])
def test_any_file_of_a_checkpoint_opens_it(tmp_path: Path, name: str, ending: str) -> None:
    prefix = make(f"{tmp_path}/{name}")
    Path(f"{prefix}.meta").write_bytes(b"")
    Path(f"{prefix}.ckpt-studio.json").write_text("{}")
    if name or ending:
        assert prefix_of(prefix + ending) == prefix
    assert open_checkpoint(prefix + ending).prefix == prefix


@pytest.mark.parametrize("ending", COMPLETED)
def test_the_beginning_of_a_name_opens_it(tmp_path: Path, ending: str) -> None:
    prefix = make(tmp_path / "model.ckpt-100")
    assert open_checkpoint(prefix + ending).prefix == prefix
    with pytest.raises(MissingFile, match=r"^model\.ckpt-1"):
        open_checkpoint(str(tmp_path / "model.ckpt-1") + ending)


@pytest.mark.parametrize(
    "form", ["{}", "'{}'", '"{}"', " {}\n", "“{}”", "file://{}", "file://localhost{}", "'file:{}'"]
)
@pytest.mark.parametrize("ending", ["", ".index"])
def test_what_was_pasted_or_dropped(tmp_path: Path, form: str, ending: str) -> None:
    prefix = make(tmp_path / "m 1-5")
    text = form.format(prefix + ending)
    if "file:" in form:
        text = text.replace(" ", "%20")
    checkpoint = open_checkpoint(text)
    assert (checkpoint.prefix, checkpoint.path) == (prefix, prefix + ending)
    assert (
        open_checkpoint(form.format(tmp_path).replace(" ", "%20" if "file:" in form else " ")).prefix
        == prefix
    )


def test_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    prefix = make(tmp_path / "m-5")
    assert open_checkpoint("~/m-5").prefix == prefix
    assert meant("~") == str(tmp_path)


def test_a_name_that_is_there_is_taken_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("'m'", "~", "m."):
        assert open_checkpoint(make(name)).prefix == name
    make("m")
    assert open_checkpoint("m.").prefix == "m."


def test_paths_of_the_command_line_stay_what_they_mean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert from_here("m-1") == str(tmp_path / "m-1")
    for text in ("~/m", "file:///a%20b", "'/a b'", str(tmp_path)):
        assert from_here(text) == text


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("m-150", r"^m-150 does not exist; the nearest there are m-100 and m-200\.$"),
        ("m-150.index", r"^m-150\.index does not exist; the nearest there are m-100 and m-200\.$"),
        ("m-150.", r"; the nearest there are m-100 and m-200\.$"),
        ("m-5", r"; the nearest there is m-100\.$"),
        ("m-301", r"; the nearest there is m-300\.$"),
        ("n-150", r"; its folder holds m-100, m-200 and m-300\.$"),
        ("model", r"; its folder holds m-100, m-200 and m-300\.$"),
    ],
)
def test_a_wrong_step_names_the_nearest(tmp_path: Path, wrong: str, said: str) -> None:
    for step in (100, 200, 300):
        make(tmp_path / f"m-{step}")
    with pytest.raises(MissingFile, match=said):
        open_checkpoint(str(tmp_path / wrong))
