"""`./studio`: finds a Python that answers, says what is missing, and installs whole or not at all."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest

from ckpt_studio import __version__
from ckpt_studio.gui import system

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def studio() -> ModuleType:
    loader = SourceFileLoader("studio", str(PROJECT / "studio"))
    spec = importlib.util.spec_from_loader("studio", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    try:
        loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = before
    return module


def pretend(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_takes_the_first_python_that_answers(tmp_path: Path) -> None:
    """Pythons of version managers may stand on PATH and fail when called."""
    place = tmp_path / "a checkout"
    place.mkdir()
    shutil.copy(PROJECT / "studio", place)
    tools = tmp_path / "bin"
    tools.mkdir()
    pretend(tools, "python3", "exit 127")
    pretend(tools, "python3.13", "exit 1")
    pretend(tools, "python3.12", '[ "$1" = -c ] && exit 0; echo chosen "$@"')
    pretend(tools, "python3.11", "echo not me")
    told = subprocess.run(
        ["/bin/sh", str(place / "studio"), "a b", "--json"],
        env={"PATH": str(tools), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.stdout == f"chosen -ESs {place}/studio a b --json\n"


def test_what_is_installed_is_started_without_a_look_by_python(tmp_path: Path, studio: ModuleType) -> None:
    """sh compares what the environment was made of; anything else is looked into by Python."""
    place = tmp_path.resolve() / "a checkout"
    binaries = place / ".venv" / "bin"
    binaries.mkdir(parents=True)
    shutil.copy(PROJECT / "studio", place)
    pretend(binaries, "python", 'echo "$@"')
    for name in ("requirements.lock", "pyproject.toml"):
        shutil.copy(PROJECT / name, place)
    stamp, libraries = place / ".venv" / "studio-stamp", place / ".venv" / "studio-libraries"
    stamp.write_bytes(
        studio.fingerprint().replace(os.fsencode(PROJECT / ".venv"), os.fsencode(place / ".venv"))
    )

    def told(*words: str) -> str:
        command = ["/bin/sh", str(place / "studio"), *words]
        return subprocess.run(
            command, capture_output=True, text=True, check=True, cwd=tmp_path
        ).stdout.strip()

    looked_into = f"-ESs {place}/studio"
    assert told("list", "a b", "--json") == "-P -m ckpt_studio list a b --json"
    assert told("test", "-x") == f"{looked_into} test -x"
    assert told("--help") == f"{looked_into} --help"
    for window in ((), ("gui",), (str(place),)):  # Qt's libraries were not looked for yet
        assert told(*window) == " ".join([looked_into, *window])
    libraries.write_text("qt xcb")
    assert told(str(place)) == f"-P -m ckpt_studio {place}"
    with (place / "requirements.lock").open("a") as lock:
        lock.write("more\n")
    assert told("list") == f"{looked_into} list"


def test_packages_are_those_that_the_window_names(studio: ModuleType) -> None:
    by_part = {
        part: {row[0]: row[1] for row in studio.QT_LIBRARIES if row[3] == part} for part in ("qt", "xcb")
    }
    assert by_part == {"qt": system._BASE, "xcb": system._XCB}


def test_asks_for_the_build_of_tensorflow_that_fits(studio: ModuleType) -> None:
    asked = [line for line in studio.asked_for() if line.startswith("tensorflow")]
    assert [line.split(" ; ")[0].split(">")[0] for line in asked] == ["tensorflow-cpu", "tensorflow"]


def test_processes_share_the_tests_unless_some_are_named(
    studio: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(PROJECT)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    for words in ([], ["-x", "-k", "bundle"], ["--durations=5"]):
        assert studio.shared_out(words)[:2] == ["-n", "2"]
    for words in (
        ["tests/house"],
        ["tests/house/test_lock.py::test_names_no_place"],
        ["--campaign", "formats"],
    ):
        assert not studio.shared_out(words)
    assert not studio.shared_out(["-n4"])
    assert not studio.shared_out(["-x", "--pdb"])


def test_starts_under_an_old_python(tmp_path: Path) -> None:
    """Its grammar is that of Python 3.6, so that an old one can hand over."""
    import ast

    ast.parse((PROJECT / "studio").read_text(encoding="utf-8"), feature_version=(3, 6))


def test_starts_what_is_installed() -> None:
    if not (PROJECT / ".venv" / "studio-stamp").is_file():
        pytest.skip("./studio has not installed anything here")
    command = ["/bin/sh", str(PROJECT / "studio"), "--version"]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    assert told.stdout == f"Ckpt Studio {__version__}\n"


@pytest.mark.campaign("install")
def test_fresh_clone_installs_once_and_repairs_itself(tmp_path: Path) -> None:
    """Two starts at once in a fresh clone; then an installation that was interrupted half-way."""
    clone = tmp_path / "a fresh clone"
    subprocess.run(["git", "clone", "-q", str(PROJECT), str(clone)], check=True)
    command = [str(clone / "studio"), "--version"]
    starts = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
        for _ in range(2)
    ]
    told = [start.communicate() for start in starts]
    assert [out for out, _ in told] == [f"Ckpt Studio {__version__}\n"] * 2
    assert sorted("waiting for it" in said for _, said in told) == [False, True]
    script = clone / ".venv" / "bin" / "ckpt-studio"
    assert subprocess.check_output([str(script), "--version"], text=True) == f"Ckpt Studio {__version__}\n"

    (numpy,) = clone.glob(".venv/lib/python3*/site-packages/numpy")
    shutil.rmtree(numpy)
    (clone / ".venv" / "studio-begun").touch()
    again = subprocess.run(
        command, capture_output=True, text=True, check=True, env=dict(os.environ, PIP_QUIET="1")
    )
    assert again.stdout == f"Ckpt Studio {__version__}\n"
    assert (numpy / "__init__.py").is_file()
