"""Stock Keras and models that it has saved, for the tests that write such files anew."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ckpt_studio.document.document import Document
from ckpt_studio.document.saving import plan_write
from ckpt_studio.formats.registry import open_checkpoint
from tests.helpers.tensorflow_child import TensorFlowChild

MODELS = """
import hashlib, warnings, keras
L = keras.layers

@keras.saving.register_keras_serializable("own")
class Mine(L.Layer):
    def __init__(self, width, **more):
        super().__init__(**more); self.width = width; self.inside = L.Dense(width, name="inside")
    def build(self, shape):
        self.scale = self.add_weight(shape=(shape[-1],), name="scale"); self.inside.build(shape); self.built = True
    def call(self, x): return self.inside(x * self.scale)
    def get_config(self): return {**super().get_config(), "width": self.width}

@keras.saving.register_keras_serializable("own")
class Whole(keras.Model):
    def __init__(self, width=3, **more):
        super().__init__(**more); self.width = width; self.one = L.Dense(width, name="one")
        self.two = L.Dense(2, name="two")
    def build(self, shape): self.one.build(shape); self.two.build((None, self.width)); self.built = True
    def call(self, x): return self.two(self.one(x))
    def get_config(self): return {**super().get_config(), "width": self.width}

def functional():
    x = keras.Input((6, 4)); inner = keras.Input((6, 4))
    y = L.BatchNormalization(name="norm")(L.TimeDistributed(L.Dense(5, name="each"), name="timed")(inner))
    base = keras.Model(inner, L.Dropout(0.2)(y), name="base")
    chain = keras.Sequential([keras.Input((6, 5)), L.Dense(4, name="a"), L.BatchNormalization(name="b"),
                              L.Dense(4, name="c")], name="chain")
    y = L.MultiHeadAttention(2, 3, name="attention")(z := chain(base(x)), z)
    y = L.Bidirectional(L.LSTM(3), name="both")(Mine(5, name="mine")(y))
    return keras.Model(x, L.Dense(2, name="head")(L.Dense(4, name="mid")(y)), name="net")

def words():
    vectors = L.TextVectorization(output_sequence_length=4, name="words"); vectors.adapt(["ab cd", "cd ef gh"])
    return keras.Sequential([keras.Input((1,), dtype="string"), vectors, L.Embedding(8, 3, name="table"),
                             L.Flatten(), L.Dense(2, name="head")], name="says")

def trained(model, optimizer, x):
    model.compile(optimizer, keras.losses.MeanSquaredError())
    model.fit(x, np.random.rand(len(x), 2), verbose=0)
    return model

def loaded(path):
    keras.backend.clear_session()
    return keras.saving.load_model(path)

def sums(variables):
    return {v.path: hashlib.sha256(v.numpy().tobytes()).hexdigest()[:8] for v in variables}

def state(path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = loaded(path)
    return {"weights": sums(model.weights), "trained": [v.path for v in model.trainable_weights],
            "optimizer": sums(model.optimizer.variables)}
"""

MAKE = """
keras.utils.set_random_seed(3)
net = trained(functional(), "adam", np.random.rand(8, 6, 4))
net.save(args[0] + "/net.keras"); net.save(args[0] + "/net.h5")
whole = Whole(); whole.build((None, 4))
trained(whole, keras.optimizers.SGD(0.1, momentum=0.9), np.random.rand(8, 4)).save(args[0] + "/whole.keras")
trained(words(), keras.optimizers.RMSprop(), tf.constant([["ab"], ["gh"]])).save(args[0] + "/words.keras")
"""

STATES = "result = [state(path) for path in args]"

AS_KERAS = """
result = []
for names in args[1]:
    keras.backend.clear_session()
    model = keras.saving.load_model(args[0], compile=False)
    for name in names:
        layer = model
        for part in name.split("/"):
            layer = layer.get_layer(part)
        layer.trainable = False
    model.save(args[2])
    result.append([v.path for v in keras.saving.load_model(args[2], compile=False).trainable_weights])
"""


@dataclass
class Keras:
    """Stock Keras, and files that it has written."""

    folder: Path
    child: TensorFlowChild

    def state(self, *paths: Path | str) -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = self.child(MODELS + STATES, *map(str, paths))
        return answer

    @cached_property
    def originals(self) -> dict[str, dict[str, Any]]:
        names = ["net.keras", "net.h5", "whole.keras", "words.keras"]
        return dict(zip(names, self.state(*(self.folder / name for name in names)), strict=True))

    def trained_without(self, name: str, *cases: list[str]) -> list[list[str]]:
        """What Keras itself trains of a model that it has saved and loaded with these layers not trainable."""
        again = str(self.folder / f"again{Path(name).suffix}")
        answer: list[list[str]] = self.child(MODELS + AS_KERAS, str(self.folder / name), cases, again)
        return answer


def opened(keras: Keras, name: str) -> Document:
    return Document(open_checkpoint(str(keras.folder / name)))


def keys(document: Document, *starts: str) -> tuple[str, ...]:
    """Keys of the variables whose full names start so."""
    columns = document.staged.columns
    found = [columns.keys[row] for row in range(len(columns)) if columns.name(row).startswith(starts)]
    assert found, starts
    return tuple(found)


def lost(document: Document, target: Path) -> str:
    return " ".join(plan_write(document, str(target)).lost)
