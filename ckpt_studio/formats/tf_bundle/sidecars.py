"""What Ckpt Studio writes beside a bundle that it writes: endings of the files' names."""

from __future__ import annotations

from typing import Final

PATCH: Final = ".ckpt-studio.json"
"""The patch that it was made by."""

SIDECARS: Final = (PATCH, ".ckpt-studio.npz")
"""The patch, and arrays that the patch needs."""
