"""Menu entry and file types: right as the desktop's own tools judge them, and removed without a trace of harm."""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from ckpt_studio.cli import desktop
from ckpt_studio.cli.main import main


@pytest.fixture
def data_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data home"
    for place in ("applications", "mime/packages"):
        (folder / place).mkdir(parents=True)
        (folder / place / "of-another-program").write_text("stays")
    monkeypatch.setenv("XDG_DATA_HOME", str(folder))
    return folder


def files_of(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


OURS = {
    "applications/ckpt-studio.desktop",
    "icons/hicolor/scalable/apps/ckpt-studio.svg",
    "mime/packages/ckpt-studio.xml",
}
OTHERS = {"applications/of-another-program", "mime/packages/of-another-program"}


def needs(tool: str) -> str:
    path = shutil.which(tool)
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{tool} is not installed", pytrace=False)
        pytest.skip(f"{tool} is not installed")
    return path


def test_entry_is_valid_and_names_this_installation(data_home: Path) -> None:
    assert main(["--install-desktop"]) == 0
    entry = data_home / "applications" / "ckpt-studio.desktop"
    checked = subprocess.run(
        [needs("desktop-file-validate"), "--warn-kde", str(entry)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stdout) == (0, "")
    lines = dict(line.split("=", 1) for line in entry.read_text().splitlines() if "=" in line)
    assert lines["Exec"] == f'"{lines["TryExec"]}" %F'
    version = subprocess.run([lines["TryExec"], "--version"], capture_output=True, text=True, check=True)
    assert version.stdout.startswith("Ckpt Studio ")


def test_quoting_survives_what_a_path_may_hold(tmp_path: Path) -> None:
    """GLib reads the entry back and starts exactly the program, with exactly the files."""
    gio = needs("gio")
    told = tmp_path / "told"
    program = tmp_path / 'a "b" $c `d` \\e' / "ckpt-studio"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "{told}.new"; mv "{told}.new" "{told}"\n')
    program.chmod(0o755)
    template = "[Desktop Entry]\nType=Application\nName=x\nExec=x %F\nTryExec=x\n"
    entry = tmp_path / "x.desktop"
    entry.write_text(desktop._with_command(template, [str(program)]))
    document = tmp_path / "a checkpoint.index"
    document.write_text("")
    subprocess.run([gio, "launch", str(entry), str(document)], check=True, capture_output=True, timeout=20)
    assert told.read_text() == f"{document}\n"


def test_file_types_are_recognised(data_home: Path) -> None:
    needs("update-mime-database")
    assert main(["--install-desktop"]) == 0
    globs = (data_home / "mime" / "globs2").read_text().splitlines()
    ours = {line.split(":", 1)[1] for line in globs if "application/x-" in line}
    digits = "[0-9]" * 5
    patterns = {
        "tf-checkpoint": {
            "*.index",
            "*.meta",
            "checkpoint",
            "*.ckpt",
            "saved_model.pb",
            f"*.data-{digits}-of-{digits}",
        },
        "keras": {"*.keras", "*.weights.h5"},
        "safetensors": {"*.safetensors", "*.safetensors.index.json"},
        "numpy": {"*.npz", "*.npy"},
    }
    assert ours == {
        f"application/x-{kind}:{pattern}" for kind, those in patterns.items() for pattern in those
    }
    entry = configparser.ConfigParser(interpolation=None)
    entry.read(data_home / "applications" / "ckpt-studio.desktop")
    opened = entry["Desktop Entry"]["MimeType"].strip(";").split(";")
    assert set(opened) == {f"application/x-{kind}" for kind in (*patterns, "hdf")}


def test_removal_leaves_what_others_put_there(data_home: Path) -> None:
    assert main(["--install-desktop"]) == 0
    assert files_of(data_home) >= OURS | OTHERS
    assert main(["--remove-desktop"]) == 0
    left = files_of(data_home)
    assert left >= OTHERS
    assert not OURS & left
    assert main(["--remove-desktop"]) == 0


def test_installing_twice_is_installing(data_home: Path) -> None:
    assert main(["--install-desktop"]) == 0
    once = files_of(data_home)
    assert main(["--install-desktop"]) == 0
    assert files_of(data_home) == once
