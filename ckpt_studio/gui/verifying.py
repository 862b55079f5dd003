"""The check of the open document's checksums; what is found becomes part of the document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ckpt_studio.core.tasks import Task
from ckpt_studio.gui.texts import byte_size
from ckpt_studio.gui.watched_work import WatchedWork

if TYPE_CHECKING:
    from ckpt_studio.document.document import Document
    from ckpt_studio.document.standing import Verified


class Verifying(WatchedWork):
    """Verifies the session's document; what was found is forgotten when it is stopped."""

    def start(self) -> None:
        """Verify the document from the beginning."""
        document = self._session.document
        if document is not None:
            self._begin(
                lambda task: _verify(document, task),
                lambda verified: self._done(document, verified),
                self.tr("Verifying"),
            )

    def _done(self, document: Document, verified: Verified) -> None:
        if document is self._session.document:
            document.note_verified(verified)
            count = len(verified.faults)
            text = self.tr("1 problem") if count == 1 else self.tr("%n problems", "", count)
            size = byte_size(verified.checked_bytes)
            self._session.log(self.tr("Verified %1: %2").replace("%1", size).replace("%2", text))
        self._end(stopped=False)


def _verify(document: Document, task: Task) -> Verified:
    from ckpt_studio.document.standing import Verified

    faults = tuple(document.base.verify(task))
    return Verified(faults, task.done)
