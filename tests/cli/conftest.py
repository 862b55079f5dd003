"""Files of trained models that several modules convert, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conversions import MODEL, SAVE
from tests.helpers.tensorflow_child import TensorFlowChild


@pytest.fixture(scope="session")
def keras_files(tmp_path_factory: pytest.TempPathFactory, tensorflow_child: TensorFlowChild) -> Path:
    """One trained model as `.keras`, `.weights.h5`, `.h5` and an object-based checkpoint, and its weights."""
    folder = tmp_path_factory.mktemp("keras")
    tensorflow_child(MODEL + SAVE, str(folder))
    return folder


@pytest.fixture(scope="session")
def mould(tmp_path_factory: pytest.TempPathFactory, tensorflow_child: TensorFlowChild) -> Path:
    """The same files of another model of the same kind."""
    folder = tmp_path_factory.mktemp("mould")
    tensorflow_child(MODEL + SAVE, str(folder), 5)
    return folder
