"""SavedModels of every kind that stock TensorFlow has saved, once for all tests of this folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.formats.saved_model.written import WRITE
from tests.helpers.tensorflow_child import TensorFlowChild


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("saved")


@pytest.fixture(scope="session")
def written(folder: Path, tensorflow_child: TensorFlowChild) -> dict[str, dict[str, Any]]:
    """Name and trainable flag by value, by SavedModel."""
    made: dict[str, dict[str, Any]] = tensorflow_child(WRITE, folder)
    return made
