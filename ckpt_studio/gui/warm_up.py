"""Imports what the first paint did not wait for, on one background thread, before anything else asks for it.

Numpy has import cycles: when two threads import it at once, Python hands out half-made modules. And PySide6 makes the
Python type of a Qt class when its name is first asked for; two threads that do so at once end the process. So whatever
names Qt is imported in the GUI thread, and what is imported here does not.
"""

from __future__ import annotations

import threading
from importlib import import_module
from typing import Final

from ckpt_studio.core.tasks import UNTENDED, Task

TO_DRAW: Final = (
    "ckpt_studio.gui.views.histogram_controls",
    "ckpt_studio.gui.views.histogram_legend",
    "ckpt_studio.gui.views.histogram_plot",
)
"""What drawing the first variable needs; it names Qt and no numpy, so the GUI thread imports it."""
TO_DRAW_HEATMAP: Final = (
    "ckpt_studio.gui.views.heatmap_view",
    "ckpt_studio.gui.views.heatmap_plot",
    "ckpt_studio.gui.views.heatmap_pictures",
    "ckpt_studio.gui.views.heatmap_controls",
)
"""What drawing it as a heatmap needs, as above."""
TO_READ: Final = (
    "numpy",
    "ckpt_studio.formats.registry",
    "ckpt_studio.formats.folder",
    "ckpt_studio.document.document",
    "ckpt_studio.document.journal",
    "ckpt_studio.analysis.distribution",
    "ckpt_studio.analysis.text",
    "ckpt_studio.training.events",
)
"""What opening a checkpoint and looking at a variable need of everything below the window."""
TO_OPEN: Final = (*TO_READ, "ckpt_studio.gui.models.tree_work", "ckpt_studio.gui.panels.facts")
"""What these and showing a checkpoint's tree need; the last of them use texts of the window, which name Qt."""
TO_EDIT: Final = ("ckpt_studio.document.edits.registry",)
"""What the first edit needs."""
_importing = threading.Lock()


def prepare_to_open(task: Task = UNTENDED) -> None:
    """Import what opening needs, and have passes made by the engine."""
    import_all(TO_OPEN, task)
    connect_engine()


def connect_engine() -> None:
    """Have passes made by the engine, which is started where that was not done yet."""
    from ckpt_studio.analysis.engine import process

    process.connect()


def import_all(names: tuple[str, ...], task: Task = UNTENDED) -> None:
    """Import these modules, one after another."""
    with _importing:
        for name in names:
            task.check()
            import_module(name)
