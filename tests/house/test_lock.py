"""The lock has what the project file asks for, with a hash for everything, and names no place."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).resolve().parents[2]
LOCK = (PROJECT / "requirements.lock").read_text(encoding="utf-8")


def pinned() -> list[Requirement]:
    lines = [line.removesuffix(" \\") for line in LOCK.splitlines() if not line.startswith(("#", " "))]
    return [Requirement(line) for line in lines]


def asked_for() -> list[Requirement]:
    with (PROJECT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)
    return [
        Requirement(text) for text in project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    ]


def environments() -> list[dict[str, str]]:
    places = [
        ("linux", "Linux", "x86_64"),
        ("linux", "Linux", "aarch64"),
        ("darwin", "Darwin", "arm64"),
        ("win32", "Windows", "AMD64"),
    ]
    return [
        {
            "sys_platform": platform, "platform_system": system, "platform_machine": machine,
            "python_version": python, "python_full_version": f"{python}.1", "implementation_name": "cpython",
            "platform_python_implementation": "CPython",
        }
        for platform, system, machine in places
        for python in ("3.11", "3.12", "3.13")
    ]  # fmt: skip


def test_has_what_the_project_asks_for_on_every_platform() -> None:
    for environment in environments():
        holds = {
            canonicalize_name(each.name): each
            for each in pinned()
            if not each.marker or each.marker.evaluate(environment)
        }
        for wanted in asked_for():
            name = canonicalize_name(wanted.name)
            cpu = environment["sys_platform"] == "linux" and environment["platform_machine"] == "x86_64"
            if name == "tensorflow" and cpu:
                assert name not in holds
                name = canonicalize_name("tensorflow-cpu")
            (version,) = holds[name].specifier
            assert wanted.specifier.contains(version.version), f"run ./studio lock: {wanted} in {environment}"


def test_every_package_is_pinned_by_hash() -> None:
    blocks = re.split(r"\n(?=[a-z])", LOCK)[1:]
    assert len(blocks) == len(pinned())
    for block in blocks:
        assert re.search(r"^    --hash=sha256:[0-9a-f]{64}", block, re.MULTILINE), block.split("\n")[0]
        assert "==" in block.split("\n")[0]


def test_names_no_place() -> None:
    assert "://" not in LOCK
    assert "--index" not in LOCK
    assert "--find-links" not in LOCK
    assert not re.search(r"(^|\s)/\w", LOCK)
