"""Runs of a SavedModel that brings a signature which trains it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import ClassVar

from ckpt_studio.core.errors import RunFault
from ckpt_studio.core.tensors import TensorSource
from ckpt_studio.formats.base import Checkpoint
from ckpt_studio.formats.saved_model.layout import ASSETS, graph_file_of
from ckpt_studio.training.card import Card
from ckpt_studio.training.prepare import Start, start_step
from ckpt_studio.training.spec import RunSpec


class SavedModelRoute:
    """Which signatures there are is known to the training process, which loads the model."""

    name: ClassVar[str] = "saved_model"

    def declines(self, base: Checkpoint, spec: RunSpec) -> str | None:
        """As `Route.declines`."""
        return None if base.format == "saved_model" else "it is no SavedModel with a signature that trains"

    def prospect(self, source: TensorSource, base: Checkpoint, spec: RunSpec, frozen: frozenset[str]) -> Card:
        """As `Route.prospect`."""
        graph = graph_file_of(base.path)
        if graph is None:
            raise RunFault(f"{base.path} has no graph any more.", path=base.path)
        return Card(
            meta_graph=graph,
            route=self.name,
            train_ops=() if spec.train_op is None else (spec.train_op,),
            loss=spec.loss,
            start_step=start_step(source, base),
            frozen=tuple(sorted(frozen)),
            mapping={} if spec.data is None else dict(spec.data.map),
        )

    def write_start(self, start: Start) -> str:
        """As `Route.write_start`: a SavedModel of the staged view."""
        folder, graph = start.folder.saved_model, start.card.meta_graph
        prefix = start.write(prefix=str(folder / "variables" / "variables"))
        shutil.copyfile(graph, folder / Path(graph).name)
        for name in ASSETS:
            assets = Path(start.base.path, name)
            if assets.is_dir():
                shutil.copytree(assets, folder / name)
        return prefix
