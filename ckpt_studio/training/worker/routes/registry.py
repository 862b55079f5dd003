"""The one list of all kinds of runs in the training process. Each is imported when a run of its kind begins."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from ckpt_studio.training.worker.routes.base import WorkerRoute

ROUTES: Final = {
    "meta_graph": ("metagraph", "MetaGraphRun"),
    "recipe": ("recipe", "RecipeRun"),
    "saved_model": ("saved_model", "SavedModelRun"),
    "keras": ("keras", "KerasRun"),
}
"""Name -> module and class."""


def route_named(name: str) -> WorkerRoute:
    """The kind of run of this name."""
    module, cls = ROUTES[name]
    made = getattr(import_module(f"{__package__}.{module}"), cls)()
    assert isinstance(made.name, str)
    route: WorkerRoute = made
    return route
