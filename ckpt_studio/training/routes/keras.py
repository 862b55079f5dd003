"""Runs of a file of Keras that says its model: `.keras`, `.h5`, and SavedModels of Functional and Sequential models."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from ckpt_studio.core.errors import FileFault
from ckpt_studio.core.tensors import TensorSource
from ckpt_studio.formats.base import Checkpoint
from ckpt_studio.training.card import Card
from ckpt_studio.training.keras_assets import copy_assets
from ckpt_studio.training.keras_model import ModelText, layer_names, model_text
from ckpt_studio.training.prepare import Start, start_step
from ckpt_studio.training.spec import RunSpec
from ckpt_studio.training.variables_file import Known, read_known, write_known


class KerasRoute:
    """The model is built from its configuration, in safe mode, and takes its values from the staged view."""

    name: ClassVar[str] = "keras"

    def declines(self, base: Checkpoint, spec: RunSpec) -> str | None:
        """As `Route.declines`."""
        try:
            text = model_text(base)
        except FileFault as error:
            return error.message.removesuffix(".")
        return "it says no Keras model" if text is None else None

    def prospect(self, source: TensorSource, base: Checkpoint, spec: RunSpec, frozen: frozenset[str]) -> Card:
        """As `Route.prospect`."""
        text = model_text(base)
        assert text is not None
        settings = text.settings
        if spec.optimizer is not None:
            given = spec.optimizer
            settings["optimizer"] = given if isinstance(given, str) else given["class_name"]
        if spec.learning_rate is not None:
            settings["learning_rate"] = spec.learning_rate
        if spec.loss is not None:
            settings["loss"] = spec.loss
        loss = settings.get("loss")
        return Card(
            meta_graph=text.path,
            route=self.name,
            loss=loss if loss is None or isinstance(loss, str) else json.dumps(loss),
            inputs=text.inputs,
            start_step=start_step(source, base),
            frozen=tuple(sorted(frozen)),
            settings=settings,
            custom=text.custom,
            mapping={} if spec.data is None else dict(spec.data.map),
            notes=tuple(_left_out(text)),
            problems=tuple(_unable(text, settings)),
        )

    def write_start(self, start: Start) -> str:
        """As `Route.write_start`: the staged view, the model's text and its vocabularies beside it."""
        text = model_text(start.base)
        assert text is not None
        prefix = start.write()
        start.folder.model.write_text(json.dumps(text.to_json()), "utf-8")
        layers = layer_names(start.base)
        if layers:
            known = read_known(start.folder.known)
            write_known(start.folder.known, [replace(one, name=_full_name(one, layers)) for one in known])
        if start.base.format == "keras":
            copy_assets(start.base.path, start.folder.assets)
        return prefix


def _full_name(one: Known, layers: Mapping[str, str]) -> str:
    """Name of a variable with that of its layer, which some layers of tf.keras do not give it."""
    layer, _, variable = one.path.rpartition("/")
    return f"{layers[layer]}/{variable}" if "/" not in one.name and layer in layers else one.name


def _left_out(text: ModelText) -> list[str]:
    if not text.custom_metrics:
        return []
    named = ", ".join(text.custom_metrics)
    return [f"The model's metrics are left out: they need code that is not Keras's own ({named})."]


def _unable(text: ModelText, settings: dict[str, object]) -> list[str]:
    problems = []
    if text.custom:
        problems.append(
            f"The model in {text.path} needs code that is not Keras's own ({', '.join(text.custom)}); "
            "write a recipe that builds it."
        )
    if "loss" not in settings:
        problems.append(f"The model in {text.path} was not compiled, so it has no loss; name one.")
    return problems
