"""What a file of Keras says of its model, as text: configuration, compile settings, and the classes that it names.

It is read as data. The training process makes a model of it when the person said so; what it would have to import for
that beside Keras is named here before.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from google.protobuf.message import DecodeError

from ckpt_studio.core.errors import Corrupt, FileFault
from ckpt_studio.formats.base import Checkpoint
from ckpt_studio.formats.files import read_whole
from ckpt_studio.formats.keras.hdf5.image import Image
from ckpt_studio.formats.keras.hdf5.process import Hdf5
from ckpt_studio.formats.protos.keras_metadata_pb2 import SavedMetadata
from ckpt_studio.training.data import Input

_MOST_TEXT: Final = 64 << 20
_DEEPEST: Final = 200
_METADATA: Final = "keras_metadata.pb"
_OWN: Final = ("keras", "tf_keras", "builtins")
_TODAYS: Final = "Custom>"
"""How tf.keras 2.11 and later names its own optimizers."""
_METRICS: Final = ("metrics", "weighted_metrics")
_RUNS_CODE: Final = ("Lambda", "TFOpLambda", "SlicingOpLambda", "__lambda__")


@dataclass(frozen=True, slots=True)
class ModelText:
    """One model.

    Attributes:
        path: the file that says it.
        kind: `keras` as Keras 3 writes it, `legacy` as before.
        model: class name and configuration.
        training: compile settings, empty where it was not compiled.
        custom: classes and functions that are not Keras's own.
    """

    path: str
    kind: str
    model: Mapping[str, Any]
    training: Mapping[str, Any] = field(default_factory=dict)

    @property
    def custom(self) -> tuple[str, ...]:
        """Classes and functions that are not Keras's own and that no run can do without, by name."""
        trained = {name: one for name, one in self.training.items() if name not in _METRICS}
        return tuple(sorted({*_foreign(self.model, 0), *_foreign(trained, 0)}))

    @property
    def custom_metrics(self) -> tuple[str, ...]:
        """Metrics that are not Keras's own, by name: a run leaves all metrics out then."""
        return tuple(sorted({*_foreign([self.training.get(name) for name in _METRICS], 0)}))

    @property
    def settings(self) -> dict[str, Any]:
        """Optimizer, learning rate, loss and metrics for a person."""
        optimizer = self.training.get("optimizer", self.training.get("optimizer_config"))
        config = optimizer.get("config", {}) if isinstance(optimizer, Mapping) else {}
        rate = config.get("learning_rate", config.get("lr")) if isinstance(config, Mapping) else None
        found = {
            "optimizer": str(optimizer.get("class_name")).removeprefix(_TODAYS)
            if isinstance(optimizer, Mapping)
            else optimizer,
            "learning_rate": rate.get("class_name") if isinstance(rate, Mapping) else rate,
            "loss": _named(self.training.get("loss")),
            "metrics": _named(self.training.get("metrics")),
        }
        return {name: value for name, value in found.items() if value is not None}

    @property
    def inputs(self) -> tuple[Input, ...]:
        """Where features enter, as far as the configuration says it."""
        found = []
        for layer in _layers(self.model):
            config = layer.get("config")
            if layer.get("class_name") == "InputLayer" and isinstance(config, Mapping):
                shape = config.get("batch_shape", config.get("batch_input_shape"))
                name = config.get("name", "input")
                if isinstance(shape, list) and all(one is None or isinstance(one, int) for one in shape):
                    dtype = config.get("dtype")
                    dtype = dtype if isinstance(dtype, str) else "float32"
                    found.append(Input(str(name), dtype, tuple(shape), "InputLayer"))
        return tuple(found)

    def to_json(self) -> dict[str, Any]:
        """As the training process reads it."""
        left_out = _METRICS if self.custom_metrics else ()
        training = {name: one for name, one in self.training.items() if name not in left_out}
        return {"kind": self.kind, "model": dict(self.model), "training": training}


def model_text(base: Checkpoint) -> ModelText | None:
    """The model of a checkpoint, None where it does not say one.

    Raises:
        FileFault: the file that says it cannot be read.
    """
    if base.format == "keras":
        return archive_text(base.path)
    if base.format == "keras_h5":
        listing = Hdf5(Image.of_file(base.path)).listing()
        model = _parsed(listing.text("", "model_config"), base.path)
        training = _parsed(listing.text("", "training_config"), base.path)
        return None if not model else ModelText(base.path, "legacy", model, training)
    if base.format == "saved_model":
        return _metadata(Path(base.path) / _METADATA)
    return None


def archive_text(path: str) -> ModelText | None:
    """The model of a `.keras` archive, None where it does not say one.

    Raises:
        FileFault: what it says cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo("config.json").file_size > _MOST_TEXT:
                raise Corrupt(f"The configuration in {path} is too long to be believed.", path=path)
            config = _parsed(archive.read("config.json").decode("utf-8", "replace"), path)
    except (OSError, KeyError, zipfile.BadZipFile):
        return None
    training = config.pop("compile_config", None)
    return ModelText(path, "keras", config, training if isinstance(training, dict) else {})


def layer_names(base: Checkpoint) -> dict[str, str]:
    """Attributes that lead to a layer of a SavedModel of tf.keras, as `layer_with_weights-0` -> what it is called.

    Raises:
        FileFault: the file that says it cannot be read.
    """
    file = Path(base.path) / _METADATA
    if base.format != "saved_model" or not file.is_file():
        return {}
    said = {node.node_path: _parsed(node.metadata, str(file)).get("name") for node in _saved(file).nodes}
    return {
        path.removeprefix("root.").replace(".", "/"): name
        for path, name in said.items()
        if path.startswith("root.layer") and isinstance(name, str)
    }


def _saved(file: Path) -> SavedMetadata:
    try:
        return SavedMetadata.FromString(read_whole(str(file), _MOST_TEXT)[0])
    except (DecodeError, FileFault) as error:
        raise Corrupt(f"{file} is not the metadata of tf.keras.", path=file) from error


def _metadata(file: Path) -> ModelText | None:
    """The root of a SavedModel that tf.keras wrote: the only node whose configuration makes a model."""
    path = str(file)
    if not file.is_file():
        return None
    saved = _saved(file)
    root = next((node for node in saved.nodes if node.node_path == "root"), None)
    said = _parsed(None if root is None else root.metadata, path)
    if not isinstance(said.get("config"), dict) or "layers" not in said["config"]:
        return None  # a subclassed model: its code is not in the file
    model = {"class_name": said.get("class_name"), "config": said["config"]}
    training = said.get("training_config")
    return ModelText(path, "legacy", model, training if isinstance(training, dict) else {})


def _parsed(text: str | None, path: str) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise Corrupt(f"The configuration of the model in {path} is not JSON.", path=path) from error
    return found if isinstance(found, dict) else {}


def _foreign(value: object, depth: int) -> Iterator[str]:
    """Names of classes and functions that Keras does not have, or that are code themselves."""
    if depth > _DEEPEST:
        return
    if isinstance(value, Mapping):
        name, module = value.get("class_name"), value.get("module")
        if isinstance(name, str) and "config" in value:
            name = name.removeprefix(_TODAYS)
            own = module is None or (isinstance(module, str) and module.split(".")[0] in _OWN)
            own = own and (
                name != "function" or module != "builtins"
            )  # Keras's own name the module that has them
            if name in _RUNS_CODE or ">" in name or (not own and name != "function"):
                yield name
            registered = value.get("registered_name")
            if name == "function" and not own and isinstance(value.get("config"), str):
                yield str(value["config"])
            elif isinstance(registered, str) and ">" in registered and name not in _RUNS_CODE:
                yield registered
        for one in value.values():
            yield from _foreign(one, depth + 1)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _foreign(one, depth + 1)


def _layers(model: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    config = model.get("config")
    layers = config.get("layers") if isinstance(config, Mapping) else config
    for layer in layers if isinstance(layers, list) else ():
        if isinstance(layer, Mapping):
            yield layer


def _named(value: object) -> Any:
    """A loss or metrics as a person reads them."""
    if isinstance(value, Mapping) and "class_name" in value:
        config = value.get("config")
        name = value["class_name"]
        return config if name == "function" and isinstance(config, str) else name
    if isinstance(value, Mapping):
        return {str(name): _named(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_named(one) for one in value]
    return value
