"""What a run would come to with the fields of the Resume dialog as they are; worked out on a background thread."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ckpt_studio.core.errors import CkptStudioError
from ckpt_studio.core.resources import home_folder
from ckpt_studio.gui.texts import translate

if TYPE_CHECKING:
    from ckpt_studio.core.tasks import Task
    from ckpt_studio.document.document import Document
    from ckpt_studio.training.card import Card
    from ckpt_studio.training.data import ArrayInfo
    from ckpt_studio.training.spec import RunSpec


@dataclass(frozen=True)
class Prospect:
    """What a specification would come to.

    Attributes:
        spec: what was asked.
        card: what it binds, and why it cannot start.
        arrays: what the data file holds, by name.
        trusted: whether the person has allowed this graph to run.
        folder_problem: why the run folder cannot be used, or an empty text.
        command: a line for a shell that does the same without a window.
    """

    spec: RunSpec
    card: Card
    arrays: Mapping[str, ArrayInfo]
    trusted: bool
    folder_problem: str
    command: str

    def granted(self) -> RunSpec:
        """What is started: what was guessed is said, and the person's trust with it."""
        data = self.spec.data
        if data is not None:
            data = replace(data, map=dict(self.card.mapping))
        return replace(self.spec, data=data, trust=True)


def rehearse(prospect: Prospect, document: Document, task: Task) -> Prospect:
    """The prospect with the card that the training process makes of it: it builds, binds, and tries one batch.

    Raises:
        RunFault: it cannot; the message says why.
        Cancelled: nobody waits for it any more.
    """
    from ckpt_studio.core.errors import RunFault
    from ckpt_studio.training.events import RunState
    from ckpt_studio.training.runner import Runner

    runner = Runner(prospect.granted(), document.staged, document.base, document.frozen_keys(), rehearse=True)
    runner.start()
    try:
        while runner.outcome is None:
            if task.cancelled:
                runner.kill()
            runner.events(0.1)
    finally:
        runner.close()
    task.check()
    if runner.outcome.state is not RunState.finished or runner.card is None:
        problems = () if runner.card is None else runner.card.problems
        raise RunFault(" ".join(problems) or runner.outcome.message, path=prospect.spec.checkpoint)
    return replace(prospect, card=runner.card)


def write_template(document: Document, path: str) -> None:
    """Write a recipe that a person can complete, in place of what is there: the file dialog has asked.

    Raises:
        SaveFault: it cannot be written.
    """
    from ckpt_studio.core.errors import SaveFault
    from ckpt_studio.training.template import recipe_for

    try:
        Path(path).write_text(recipe_for(document.staged, document.base), "utf-8")
    except OSError as error:
        raise SaveFault(f"The recipe {path} cannot be written: {error.strerror}.", path=path) from error


def look_ahead(spec: RunSpec, document: Document) -> Prospect:
    """Read the graph, the data file's headers and the trust.

    Raises:
        FileFault: the graph cannot be read.
        RequestFault: the specification contradicts the graph.
    """
    from ckpt_studio.training.data import open_data
    from ckpt_studio.training.routes.registry import route_of
    from ckpt_studio.training.run_folder import RunFolder
    from ckpt_studio.training.trust import TrustStore

    base = document.base
    card = route_of(base, spec).prospect(document.staged, base, spec, document.frozen_keys())
    arrays: dict[str, ArrayInfo] = {}
    if spec.data is not None and spec.data.file is not None:
        with suppress(CkptStudioError):  # the card's problems say what is wrong with it
            arrays = open_data(spec.data.file)
    problem = "" if spec.out else translate("ResumeDialog", "Choose a folder for the run.")
    try:
        RunFolder(spec.out).check()
    except CkptStudioError as error:
        problem = problem or error.message
    trusted = TrustStore(home_folder()).trusted(card.meta_graph)
    prospect = Prospect(spec, card, arrays, trusted, problem, "")
    return replace(prospect, command=_command(prospect.granted(), document))


def _command(spec: RunSpec, document: Document) -> str:
    """The run with the staged edits, as `ckpt-studio train` takes it."""
    if document.edits:
        spec = replace(spec, patch=document.patch())
    text = json.dumps(spec.to_json(), ensure_ascii=False, indent=1)
    return f"ckpt-studio train - <<'SPEC'\n{text}\nSPEC\n"
