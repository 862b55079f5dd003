"""Imports what the first paint did not wait for, on one background thread, before anything else asks for it.

Numpy and pyqtgraph have import cycles: when two threads import them at once, Python hands out half-made modules.
"""

from __future__ import annotations

import threading
from importlib import import_module
from typing import Final

from ckpt_studio.core.tasks import UNTENDED, Task

TO_OPEN: Final = (
    "numpy",
    "ckpt_studio.formats.registry",
    "ckpt_studio.formats.folder",
    "ckpt_studio.document.document",
    "ckpt_studio.document.journal",
    "ckpt_studio.gui.models.tree_nodes",
    "ckpt_studio.gui.models.visible_nodes",
    "ckpt_studio.gui.models.name_search",
    "ckpt_studio.gui.models.row_states",
    "ckpt_studio.gui.models.filter_words",
    "ckpt_studio.gui.models.selection",
)
"""What opening a checkpoint and showing its tree needs."""
TO_LOOK: Final = (
    "ckpt_studio.gui.panels.facts",
    "pyqtgraph",
    "ckpt_studio.gui.views.panel",
    "ckpt_studio.gui.runs",
    "ckpt_studio.gui.panels.run",
    "ckpt_studio.training.events",
)
"""What looking at a variable and the Run panel need."""


_importing = threading.Lock()


def import_all(names: tuple[str, ...], task: Task) -> None:
    """Import these modules, one after another."""
    with _importing:
        for name in names:
            task.check()
            import_module(name)


def wait_for_imports() -> None:
    """Import everything that a window needs in this thread, after any other thread that is at it."""
    import_all((*TO_OPEN, *TO_LOOK), UNTENDED)
