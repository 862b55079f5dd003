"""The one list of all kinds of runs; the first that does not decline a checkpoint takes it."""

from __future__ import annotations

from typing import Final

from ckpt_studio.core.errors import RunFault
from ckpt_studio.formats.base import Checkpoint
from ckpt_studio.training.routes.base import Route
from ckpt_studio.training.routes.keras import KerasRoute
from ckpt_studio.training.routes.metagraph import MetaGraphRoute
from ckpt_studio.training.routes.recipe import RecipeRoute
from ckpt_studio.training.routes.saved_model import SavedModelRoute
from ckpt_studio.training.spec import RunSpec

ROUTES: Final[tuple[Route, ...]] = (RecipeRoute(), MetaGraphRoute(), KerasRoute(), SavedModelRoute())


def route_of(base: Checkpoint, spec: RunSpec) -> Route:
    """The kind of run that a checkpoint takes.

    Raises:
        RunFault: none does; the message says why.
    """
    reasons = []
    for route in ROUTES:
        reason = route.declines(base, spec)
        if reason is None and spec.workers and route.name != "recipe":
            reason = "only a recipe's run can have several workers"
        if reason is None:
            return route
        reasons.append(reason)
    raise RunFault(f"{base.path} cannot be trained: {'; '.join(dict.fromkeys(reasons))}.", path=base.path)
