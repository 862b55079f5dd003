"""The formats of checkpoints in a person's words."""

from __future__ import annotations

from ckpt_studio.gui.texts import translate


def format_words(name: str) -> str:
    """What kind of checkpoint it is; `name` as CONTRACT.md has it."""
    words = {
        "tf_bundle": translate("Formats", "TensorFlow checkpoint"),
        "tf_v1": translate("Formats", "TensorFlow checkpoint (V1)"),
        "saved_model": translate("Formats", "SavedModel"),
        "keras": translate("Formats", "Keras file"),
        "keras_h5": translate("Formats", "Keras HDF5 file"),
        "keras_weights": translate("Formats", "Keras weights file"),
        "safetensors": translate("Formats", "safetensors file"),
        "npz": translate("Formats", "NumPy archive"),
        "npy": translate("Formats", "NumPy array"),
    }
    return words.get(name, name)
