"""Which documents of a window hold a journal: of one checkpoint only one can, so the next waits for the one before.

Works on background threads: it names no widget and touches no Qt object.
"""

from __future__ import annotations

import os
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ckpt_studio.core.tasks import Task
    from ckpt_studio.document.document import Document
    from ckpt_studio.document.journal import Journal
    from ckpt_studio.formats.base import Checkpoint


class Holding:
    """The documents of one window that were opened and not yet let go of."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._held: list[Document] = []
        self._taken: Document | None = None

    def document_of(self, base: Checkpoint, task: Task) -> tuple[Document, Journal]:
        """The document of a checkpoint, with its journal's edits staged again.

        What this window holds of the same checkpoint lets go of the journal first. So does what was opened before
        and taken by nobody, because a person had asked for something else meanwhile.

        Raises:
            Cancelled: a newer request took this one's place.
        """
        from ckpt_studio.document.document import Document
        from ckpt_studio.document.journal import Journal

        with self._guard:
            task.check()
            for held in tuple(self._held):
                if held is not self._taken or _same_place(held.base.prefix, base.prefix):
                    self._let_go(held)
                    if held is not self._taken:
                        held.base.close()
            journal = Journal(base)
            document = Document(base, journal)
            self._held.append(document)
            return document, journal

    def take(self, document: Document) -> None:
        """The window shows this one from now on."""
        self._taken = document

    def holds(self, document: Document) -> bool:
        """Whether a document still keeps what is staged in it; waits for one that is about to take its place."""
        with self._guard:
            return document in self._held

    def let_go(self, document: Document) -> None:
        """Close a document's journal and files; edits that were not written stay in the journal."""
        with self._guard:
            self._let_go(document)
        document.base.close()

    def close(self) -> None:
        """Let go of all that is held."""
        for document in tuple(self._held):
            self.let_go(document)

    def _let_go(self, document: Document) -> None:
        if document in self._held:
            self._held.remove(document)
            document.close()


def _same_place(one: str, other: str) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)
