"""The contracts between the layers hold, and each of them bites: a planted violation is caught under its name."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from ckpt_studio import core

PROJECT = Path(core.__file__).resolve().parents[2]
LINT = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"

PLANTS = {
    "layers": {
        "core.planted": "formats.base",
        "formats.planted": "analysis.slices",
        "analysis.planted": "document.matching",
        "document.planted": "training.spec",
        "training.planted": "document.matching",
        "cli.planted": "gui.bridge",
        "gui.planted": "cli.main",
    },
    "formats": {
        "formats.npz.planted": "formats.tf_bundle.bundle",
        "formats.sstable.planted": "formats.tf_bundle.bundle",
        "formats.protos.planted": "formats.sstable.table",
    },
    "cycles": {"core.planted_there": "core.planted_back", "core.planted_back": "core.planted_there"},
    "qt": {
        "analysis.planted_qt": "PySide6",
        "training.planted_qt": "shiboken6",
        "cli.planted_qt": "pyqtgraph",
    },
    "tensorflow": {"training.planted_tf": "tensorflow", "gui.planted_tf": "keras"},
    "hdf5": {"formats.keras.planted_h5": "h5py", "gui.planted_h5": "h5py"},
    "child": {"formats.keras.planted_child": "formats.keras.hdf5.walk"},
    "engine": {"gui.planted_engine": "analysis.engine.child"},
    "worker": {"training.planted_worker": "training.worker.job", "gui.planted_worker": "training.worker.job"},
}
"""By contract: modules to plant, and what each imports."""


def full(module: str) -> str:
    """Whole name of a module that is ours or another project's."""
    ours = (PROJECT / "ckpt_studio" / module.partition(".")[0]).is_dir()
    return f"ckpt_studio.{module}" if ours else module


def contracts() -> dict[str, str]:
    """Name of each contract by its id."""
    with (PROJECT / "pyproject.toml").open("rb") as file:
        return {each["id"]: each["name"] for each in tomllib.load(file)["tool"]["importlinter"]["contracts"]}


def report(folder: Path) -> str:
    """What import-linter says of the package in `folder`."""
    environment = dict(os.environ, PYTHONPATH=str(folder), NO_COLOR="1", COLUMNS="250")
    lint = subprocess.run(
        [sys.executable, "-c", LINT, "--no-cache", "--no-logo"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert lint.returncode in (0, 1), lint.stderr
    return lint.stdout


def test_contracts_hold() -> None:
    said = report(PROJECT)
    assert f"{len(contracts())} kept, 0 broken" in said, said


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report on a copy of the package that violates every contract."""
    folder = tmp_path_factory.mktemp("planted")
    shutil.copytree(
        PROJECT / "ckpt_studio", folder / "ckpt_studio", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copy(PROJECT / "pyproject.toml", folder)
    for plants in PLANTS.values():
        for module, imported in plants.items():
            file = folder / "ckpt_studio" / (module.replace(".", "/") + ".py")
            file.parent.mkdir(exist_ok=True)
            (file.parent / "__init__.py").touch()
            file.write_text(f"def late():\n    import {full(imported)}\n")
    return report(folder)


@pytest.mark.parametrize("contract", PLANTS)
def test_violation_is_caught(planted: str, contract: str) -> None:
    name = contracts()[contract]
    assert f"{name} BROKEN" in planted
    details = planted.split("Broken contracts", 1)[1]
    section = details.split(f"\n{name}\n-", 1)[1]
    for other in contracts().values():
        section = section.split(f"\n{other}\n-", 1)[0]
    section = re.sub(r"\s+", " ", section)
    for module, imported in PLANTS[contract].items():
        if contract == "cycles":  # named relative to their package, and one of the two is enough to break it
            module, imported = (f".{name.rpartition('.')[2]}" for name in (module, imported))
            assert f"{module} -> {imported}" in section or f"{imported} -> {module}" in section
        else:
            assert f"{full(module)} -> {full(imported)}" in section


def test_every_contract_has_a_plant() -> None:
    assert contracts().keys() == PLANTS.keys()


def test_every_format_folder_is_under_contract() -> None:
    with (PROJECT / "pyproject.toml").open("rb") as file:
        rules = {each["id"]: each for each in tomllib.load(file)["tool"]["importlinter"]["contracts"]}
    listed = set(re.findall(r"\w+", " ".join(rules["formats"]["layers"])))
    folders = {file.parent.name for file in (PROJECT / "ckpt_studio" / "formats").glob("*/__init__.py")}
    assert folders <= listed
