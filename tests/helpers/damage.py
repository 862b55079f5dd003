"""Damages files as a bad disk does: a byte of them is another one, and nothing else tells."""

from __future__ import annotations

from pathlib import Path

from ckpt_studio.formats.base import Checkpoint


def flip(path: Path | str, at: int, bits: int = 1) -> None:
    """Invert these bits of the byte at this place; a negative place counts from the end."""
    with Path(path).open("r+b") as file:
        file.seek(at, 2 if at < 0 else 0)
        byte = file.read(1)[0]
        file.seek(-1, 1)
        file.write(bytes([byte ^ bits]))


def flip_variables(checkpoint: Checkpoint, *keys: str) -> None:
    """Change a byte in the middle of each of these variables on the disk."""
    for key in keys:
        stored = checkpoint.stored(key)
        assert stored is not None
        flip(stored.path, stored.offset + stored.size // 2, 4)
