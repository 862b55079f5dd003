"""Makes NumPy files member by member, sound or broken at will."""

from __future__ import annotations

import io
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np


def zip_of(path: Path, members: list[tuple[str, bytes]], method: int = zipfile.ZIP_STORED) -> str:
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", method) as archive:
        warnings.simplefilter("ignore")  # zipfile warns of names that are there twice
        for name, data in members:
            archive.writestr(name, data)
    return str(path)


def npy(array: Any, cut: int | None = None) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()[:cut]


def bomb(real: int, claimed: int) -> bytes:
    """An array of zeros that is `real` bytes long when unpacked and claims to be `claimed` bytes."""
    head = npy(np.zeros(0, np.uint8)).replace(b"(0,), ", f"({claimed},), ".encode())[:128]
    return head + bytes(real)
