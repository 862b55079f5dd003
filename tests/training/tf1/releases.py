"""Old releases of TensorFlow, each in an environment of its own, as the package registry still has them."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Release:
    """A release and what runs it.

    Attributes:
        version: as the registry calls it.
        python: the series of Python that its wheels are for.
        numpy: which numpy it was built for.
    """

    version: str
    python: str
    numpy: str


RELEASES = (
    Release("1.0.1", "3.6", "numpy<1.17"),
    Release("1.4.1", "3.6", "numpy<1.17"),
    Release("1.8.0", "3.6", "numpy<1.17"),
    Release("1.12.3", "3.6", "numpy<1.17"),
    Release("1.15.5", "3.7", "numpy<1.19"),
)

PIP = "pip==21.3.1"
"""The last one that runs on Python 3.6; the one that comes with it takes wheels for later Pythons."""
DONE = "installed"


def find_python(series: str) -> str | None:
    """An interpreter of this series: on the PATH, or one of pyenv's."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = shutil.which(f"python{series}")
    own = sorted((root / "versions").glob(f"{series}.*/bin/python{series}"))
    for python in (*([found] if found else []), *map(str, own)):
        if subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0:
            return python
    return None


def environment(release: Release, folder: Path) -> str | None:
    """The interpreter of an environment that has the release, made where it is not there yet.

    Args:
        release: which.
        folder: where environments are kept.

    Returns:
        None where this machine has no Python for it.
    """
    place = folder / release.version
    python = place / "bin" / "python"
    if not (place / DONE).exists():
        base = find_python(release.python)
        if base is None:
            return None
        shutil.rmtree(place, ignore_errors=True)
        subprocess.run([base, "-m", "venv", place], check=True)
        for wanted in ([PIP], [f"tensorflow=={release.version}", "protobuf==3.19.6", release.numpy]):
            subprocess.run([python, "-m", "pip", "install", "-q", *wanted], check=True)
        (place / DONE).touch()
    return str(python)
