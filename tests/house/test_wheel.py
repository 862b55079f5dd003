"""A wheel brings the bundled files along, and the program finds them there as it does in a checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ckpt_studio.core.resources import resources_folder

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a copy of the project, unpacked as an installer would."""
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "project"
    copy.mkdir()
    for name in ("ckpt_studio", "resources"):
        shutil.copytree(PROJECT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, copy)
    build = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
    told = subprocess.run(
        [sys.executable, "-c", build, str(folder)], cwd=copy, capture_output=True, text=True, check=True
    )
    target = folder / "site"
    with zipfile.ZipFile(folder / told.stdout.split()[-1]) as wheel:
        wheel.extractall(target)
    return target


def test_resources_are_in_the_wheel_and_found(unpacked: Path) -> None:
    bundled = {str(path.relative_to(PROJECT / "resources")) for path in (PROJECT / "resources").rglob("*.*")}
    packed = unpacked / "ckpt_studio" / "_resources"
    missing = {name for name in bundled if "__pycache__" not in name and not (packed / name).exists()}
    assert not missing
    environment = dict(os.environ, PYTHONPATH=str(unpacked))
    ask = "from ckpt_studio.core.resources import resources_folder; print(resources_folder())"
    told = subprocess.run(
        [sys.executable, "-c", ask], cwd=unpacked, env=environment, capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == str(packed)


def test_resources_are_found_in_the_checkout() -> None:
    assert resources_folder() == PROJECT / "resources"


def test_metadata_says_what_the_program_is(unpacked: Path) -> None:
    (info,) = unpacked.glob("ckpt_studio-*.dist-info")
    metadata = (info / "METADATA").read_text(encoding="utf-8")
    assert "License-Expression: Apache-2.0" in metadata
    assert "Requires-Dist: tensorflow" in metadata
    assert "Requires-Dist: tensorflow-cpu" not in metadata
    assert "ckpt-studio = ckpt_studio.cli.main:main" in (info / "entry_points.txt").read_text(
        encoding="utf-8"
    )
    assert (info / "licenses" / "LICENSE").is_file()
