"""Says of an exception what happened, in a sentence, and where: in the person's own code, if it went through that."""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Iterator
from itertools import dropwhile, pairwise
from pathlib import Path
from typing import Final

from ckpt_studio.core.errors import CkptStudioError
from ckpt_studio.training.worker.faults import NotANumber, Refused

_NOT_THEIRS: Final = (sys.prefix, sys.base_prefix, str(Path(__file__).parents[2]), "<")
_AUTOGRAPH: Final = "__autograph_generated_file"
"""What TensorFlow makes of a person's code goes by this name; where that stands, the error's text says."""
_USER_CODE: Final = "in user code:"
_INTRODUCES: Final = re.compile(
    r"Graph execution error:$|Detected at node |File \"|<stack traces unavailable>$|Exception encountered when calling "
)
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
_SAID_PLACE: Final = re.compile(r'File "([^"\n]+)", line (\d+)')


def told(error: BaseException) -> tuple[str, str, str]:
    """Cause and sentence of an exception, and its place in the person's code as FILE:LINE, empty where it has none."""
    if isinstance(error, NotANumber):
        return "nan", error.message, ""
    if isinstance(error, Refused):
        return "refused", error.message, ""
    if isinstance(error, CkptStudioError):
        return "exception", error.message, ""
    kind = type(error).__name__
    own = next(iter(_own_places(error)), None)
    place = "" if own is None else f"{own[0]}:{own[1]}"
    said = _words(str(error), kind) or "no further words"
    where = "" if own is None else f" in {Path(own[0]).name}, line {own[1]}"
    if isinstance(error, MemoryError) or kind == "ResourceExhaustedError":
        sentence = f"The training process ran out of memory{where} ({said}); use a smaller batch."
        return "out_of_memory", sentence, place
    node = getattr(getattr(error, "op", None), "name", None)
    if (
        node is not None and own is None
    ):  # the place in the graph says more than that in TensorFlow's own code
        return "exception", f"{kind} at the node {node}: {said}.", ""
    if isinstance(error, PermissionError):
        said += '; name what the run may read beside its recipe and data as "reads" in the SPEC'
    return "exception", f"{kind}{where or _last(error)}: {said}.", place


def _own_places(error: BaseException) -> Iterator[tuple[str, int]]:
    """File and line of the person's code, the innermost first; what the text says of traced code is the innermost."""
    said = [(file, int(line)) for file, line in _SAID_PLACE.findall(str(error))]
    frames = [(frame.filename, frame.lineno or 0) for frame in traceback.extract_tb(error.__traceback__)]
    for file, line in (*reversed(said), *reversed(frames)):
        if not file.startswith(_NOT_THEIRS) and _AUTOGRAPH not in file:
            yield file, line


def _last(error: BaseException) -> str:
    """Where it happened in nobody's own code."""
    frames = traceback.extract_tb(error.__traceback__)
    return f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""


def _words(text: str, kind: str) -> str:
    """The line of an error's text that says what is wrong: TensorFlow and Keras put before it where that was."""
    lines = [line.strip() for line in _COLOUR.sub("", text).strip().splitlines() if line.strip()]
    lines = list(dropwhile(_INTRODUCES.match, lines)) or lines
    if lines and lines[0] == _USER_CODE:
        lines = lines[-1:]
    after = (second for first, second in pairwise(lines) if first.startswith("Node: '"))
    return next(filter(None, (*after, *lines)), "").removeprefix(f"{kind}: ").rstrip(".")
