"""The picture that is likely to be wanted next: that of a variable whose histogram is asked for.

Both need all values. Where a pass over them is made for the histogram, the picture comes from the same read.
"""

from __future__ import annotations

import threading
from typing import NamedTuple

from ckpt_studio.analysis.heatmap import Heatmap, HeatmapRequest, Refinement
from ckpt_studio.analysis.passes import ELSEWHERE, Riding, shared_out
from ckpt_studio.core.tensors import TensorSource


class _Expected(NamedTuple):
    identity: str
    request: HeatmapRequest
    refinement: Refinement
    riding: Riding


class Ahead:
    """What is expected, and what came of it. May be used by several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._expected: _Expected | None = None

    def expect(self, source: TensorSource, request: HeatmapRequest) -> None:
        """Have this picture made by the next pass over the variable, where that is possible, and no other one; what
        is there already stays.

        Raises:
            as `Refinement`.
        """
        if self.find(source, request) is not None:
            return
        self.forget()
        stored = shared_out(source, request.key)
        if stored is None or ELSEWHERE.ride is None:
            return
        refinement = Refinement(source, request, rough=False)
        overview = refinement.overview()
        if overview is not None:
            riding = ELSEWHERE.ride(stored, overview)
            self._replace(_Expected(source.identity(request.key), request, refinement, riding))

    def forget(self) -> None:
        """Expect nothing."""
        self._replace(None)

    def _replace(self, expected: _Expected | None) -> None:
        with self._lock:
            before, self._expected = self._expected, expected
        if before is not None:
            before.riding.get_off()

    def find(self, source: TensorSource, request: HeatmapRequest) -> Heatmap | None:
        """A picture of the same, in about as many pixels, that is there already.

        Raises:
            FileFault: the variable was rewritten meanwhile.
        """
        with self._lock:
            expected = self._expected
        if expected is None or not _alike(expected, source, request):
            return None
        overview = expected.riding.found()
        if overview is None:
            return None
        found = expected.refinement.finish(overview)
        return found if found.fills(request.out_shape) else None


def _alike(expected: _Expected, source: TensorSource, request: HeatmapRequest) -> bool:
    """Whether a request is for the same picture, in whatever number of pixels."""
    before = expected.request
    return expected.identity == source.identity(request.key) and (
        (before.plane, before.rows, before.columns, before.reduce)
        == (request.plane, request.rows, request.columns, request.reduce)
    )
