"""The names of what lies in a SavedModel's folder."""

from __future__ import annotations

import os
from typing import Final

GRAPHS: Final = ("saved_model.pb", "saved_model.pbtxt", "saved_model.cpb")
"""The graph file, in the order in which TensorFlow looks for it."""

IN_CHUNKS: Final = ".cpb"
"""Ending of a graph file that is not read."""

BESIDE: Final = ("fingerprint.pb", "keras_metadata.pb")
"""What TensorFlow and Keras put beside the graph."""

VARIABLES: Final = "variables"
"""The folder of the variables, and what their files are called in it."""

ASSETS: Final = ("assets", "assets.extra")


def graph_file_of(folder: str) -> str | None:
    """The file that makes a folder a SavedModel, or None."""
    paths = (os.path.join(folder, name) for name in GRAPHS)
    return next((path for path in paths if os.path.isfile(path)), None)
