"""What the tests of documents share: models that stock Keras has saved."""

from __future__ import annotations

import pytest

from tests.document.keras_models import MAKE, MODELS, Keras
from tests.helpers.tensorflow_child import TensorFlowChild


@pytest.fixture(scope="session")
def keras(tmp_path_factory: pytest.TempPathFactory, tensorflow_child: TensorFlowChild) -> Keras:
    """A folder of them. Nothing may change these."""
    folder = tmp_path_factory.mktemp("keras")
    tensorflow_child(MODELS + MAKE, str(folder))
    return Keras(folder, tensorflow_child)
