"""A model in all of Keras's formats, and how tests convert and compare what is in files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ckpt_studio.cli.main import main
from ckpt_studio.formats.registry import open_checkpoint

MODEL = """
import keras
keras.utils.clear_session()
keras.utils.set_random_seed(args[1] if len(args) > 1 else 1)
def build():
    keras.backend.clear_session()
    x = keras.Input((8, 8, 3))
    y = keras.layers.BatchNormalization()(keras.layers.Conv2D(4, 3)(x))
    y = keras.layers.LSTM(5)(keras.layers.Reshape((4, 36))(keras.layers.Flatten()(y)))
    return keras.Model(x, keras.layers.Dense(2)(keras.layers.Dense(6)(y)))
model = build()
"""

SAVE = """
model.compile("adam", "mse")
model.fit(np.random.rand(4, 8, 8, 3), np.random.rand(4, 2), verbose=0)
model.save(args[0] + "/model.keras"); model.save_weights(args[0] + "/m.weights.h5"); model.save(args[0] + "/m.h5")
tf.train.Checkpoint(model=model).write(args[0] + "/ckpt")
np.savez(args[0] + "/truth.npz", *model.get_weights())
"""

LOAD = """
truth = np.load(args[2])
model.load_weights(args[0]{how})
same = [bool(np.array_equal(a, truth[f"arr_{{i}}"])) for i, a in enumerate(model.get_weights())]
result = [len(same), all(same)]
"""


def converted(source: Path | str, target: Path | str, *more: str, status: int = 0) -> str:
    assert main(["convert", str(source), str(target), *more]) == status
    return str(target)


def values(path: str) -> dict[str, Any]:
    """By name; the object graph is left out."""
    found = open_checkpoint(path)
    rows = [row for row in range(len(found.columns)) if found.columns.info(row).dtype.name != "string"]
    return {found.columns.name(row): found.read(found.columns.keys[row]) for row in rows}


def same(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert sorted(one) == sorted(other)
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name], err_msg=name)
