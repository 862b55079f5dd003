"""Every format that the program opens: a new one is a folder beside the others and a line here."""

from __future__ import annotations

from typing import Final

from ckpt_studio.formats.base import Reader
from ckpt_studio.formats.keras.reader import KerasReader
from ckpt_studio.formats.npz.reader import NpyReader, NpzReader
from ckpt_studio.formats.safetensors.reader import SafetensorsReader
from ckpt_studio.formats.saved_model.reader import SavedModelReader
from ckpt_studio.formats.tf_bundle.reader import BundleReader
from ckpt_studio.formats.tf_v1.reader import V1Reader

READERS: Final[tuple[Reader, ...]] = (
    SavedModelReader(),
    BundleReader(),
    V1Reader(),
    SafetensorsReader(),
    KerasReader(),
    NpzReader(),
    NpyReader(),
)
"""In the order in which they are asked: with a V1 file and a V2 index on one prefix, V2 wins."""
