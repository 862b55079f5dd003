"""Files that stock Keras wrote, once for all tests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.formats.keras.stock import MODELS
from tests.helpers.tensorflow_child import TensorFlowChild


@dataclass(frozen=True)
class Stock:
    """A folder of files, and by model what the live model says: `rows` of path, dtype, shape, bytes, trainable."""

    folder: Path
    models: dict[str, Any]


@pytest.fixture(scope="session")
def stock(tensorflow_child: TensorFlowChild, tmp_path_factory: pytest.TempPathFactory) -> Stock:
    folder = tmp_path_factory.mktemp("keras")
    (folder / "unzipped").mkdir()
    return Stock(folder, tensorflow_child(MODELS, folder))
