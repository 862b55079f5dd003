"""The environment of processes that the program starts: its own, with this package findable in it."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path


def child_environment(**more: str) -> dict[str, str]:
    """Our environment with `more` in it, and this package findable where it runs from a checkout."""
    environment = {**os.environ, **more}
    root = str(Path(__file__).resolve().parents[2])
    if root not in (sysconfig.get_path("purelib"), sysconfig.get_path("platlib")):
        known = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = root if not known else os.pathsep.join([root, known])
    return environment
