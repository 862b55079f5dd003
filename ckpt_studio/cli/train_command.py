"""`ckpt-studio train SPEC`: the window's resumed run without a window, one JSON object a line."""

from __future__ import annotations

import argparse
import io
import json
import os
import signal
import sys
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from ckpt_studio.core.errors import CkptStudioError

if TYPE_CHECKING:
    from ckpt_studio.document.document import Document
    from ckpt_studio.training.child import Child
    from ckpt_studio.training.events import Outcome
    from ckpt_studio.training.runner import Runner
    from ckpt_studio.training.spec import RunSpec

HELP = "resume training as a SPEC says; prints one JSON object a line"

_POLL_SECONDS = 0.1
_SILENT = ("state", "log")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("spec", metavar="SPEC", nargs="?", help="what to run, as JSON; - for standard input")
    what.add_argument("--attended", action="store_true", help=argparse.SUPPRESS)  # see `training.keeper`
    what.add_argument("--waiting", action="store_true", help=argparse.SUPPRESS)  # see `training.waiting`
    what.add_argument(
        "--template", metavar="CHECKPOINT", help="print a recipe with the shapes of this checkpoint instead"
    )
    parser.add_argument(
        "--worker",
        metavar="N",
        type=int,
        help="be this one of the SPEC's workers; 0, the default, writes the checkpoints",
    )
    parser.add_argument(
        "--json", action="store_true", help="accepted for likeness; the output is always JSON"
    )


def run(args: argparse.Namespace) -> int:
    """Do it; 0 when the run finished, or stopped because it was asked to.

    Raises:
        CkptStudioError: it could not begin.
    """
    if args.template is not None:
        return _print_template(args.template)
    if args.attended:
        return _run_attended()
    if args.waiting:
        return _run_waiting()
    from ckpt_studio.training.spec import as_worker, load_spec, read_spec

    spec = read_spec(sys.stdin.buffer) if args.spec == "-" else load_spec(args.spec)
    if args.worker is None:
        return _run(spec)
    return _run_worker(as_worker(spec, args.worker))


def _run_worker(spec: RunSpec) -> int:
    """Run one of several workers; one that writes no checkpoints leaves nothing behind."""
    if spec.worker == 0:
        return _run(spec)
    with tempfile.TemporaryDirectory(prefix="ckpt-studio-worker-") as folder:
        return _run(replace(spec, out=os.path.realpath(folder)))


def _run(spec: RunSpec, child: Child | None = None, wishes: Iterator[str] | None = None) -> int:
    """Run to the end and say how it was; see `_run_to_end`."""
    from ckpt_studio.cli.output import say
    from ckpt_studio.training.events import RunState

    outcome = _run_to_end(spec, child, wishes)
    if outcome.state in (RunState.finished, RunState.stopped):
        return 0
    say(f"ckpt-studio: {outcome.message}")
    return 1


def _run_to_end(spec: RunSpec, child: Child | None = None, wishes: Iterator[str] | None = None) -> Outcome:
    """Run to the end, in a training process made ahead where there is one; `wishes` are those of a window."""
    from ckpt_studio.cli.attended import obey
    from ckpt_studio.cli.output import say
    from ckpt_studio.formats.save_log import sweep_unfinished
    from ckpt_studio.training.runner import Runner

    sweep_unfinished()
    document = staged_document(spec)
    for note in document.notes:
        say(note)
    attended = wishes is not None
    runner = Runner(
        spec, document.staged, document.base, document.frozen_keys(), child=child, attended=attended
    )
    if wishes is not None:
        obey(runner, wishes)
    with _stopping_on_signals(runner):
        return _follow(runner, silent=(*_SILENT, "metrics") if attended else _SILENT)


def _run_attended() -> int:
    """Wait for the SPEC, with a training process made ahead, and run it; 0 where none came."""
    from ckpt_studio.cli.attended import lines_of_input
    from ckpt_studio.training.child import Child
    from ckpt_studio.training.spec import read_spec

    child, lines = Child(), lines_of_input()
    import_module("ckpt_studio.training.runner")  # with all that it needs, while nobody waits
    try:
        first = next(lines, None)
        return 0 if first is None else _run(read_spec(io.BytesIO(first.encode())), child, lines)
    finally:
        child.close()


def _run_waiting() -> int:
    """Begin the runs that standard input tells when those before them are over, one after the other."""
    from ckpt_studio.training.events import Cause
    from ckpt_studio.training.waiting import HELD, await_end, read_waiting

    held, after = read_waiting(sys.stdin.buffer)
    os.write(1, HELD)
    with Path(os.devnull).open("wb") as nowhere:  # whoever listened is gone from here on
        os.dup2(nowhere.fileno(), 1)
    await_end(after)
    for spec, record in held:
        if record.taken_away:
            record.close()
            continue
        try:
            outcome = _run_to_end(spec)
        except CkptStudioError as error:
            record.leave(f"The run that waited to begin in {spec.out} did not: {error.message}")
        else:
            if outcome.cause is Cause.refused:
                record.leave(f"The run that waited to begin in {spec.out} did not: {outcome.message}")
            record.close()
    return 0


def _print_template(path: str) -> int:
    """Print the recipe that a checkpoint most likely needs."""
    from ckpt_studio.formats.registry import open_checkpoint
    from ckpt_studio.training.template import recipe_for

    checkpoint = open_checkpoint(path)
    print(recipe_for(checkpoint, checkpoint), end="")
    return 0


def staged_document(spec: RunSpec) -> Document:
    """The checkpoint with the run's patch and frozen patterns applied.

    Raises:
        FileFault, RequestFault: the checkpoint cannot be opened, or an edit cannot be made.
    """
    from ckpt_studio.document.document import Document
    from ckpt_studio.document.edits.marks import Freeze
    from ckpt_studio.document.patch import load_patch, parse_patch
    from ckpt_studio.document.patterns import resolve_keys
    from ckpt_studio.formats.registry import open_checkpoint

    document = Document(open_checkpoint(spec.checkpoint))
    if spec.patch is not None:
        if isinstance(spec.patch, str):
            edits = load_patch(spec.patch).edits(document)
        else:
            edits = parse_patch(json.dumps(spec.patch).encode(), "the SPEC's patch").edits(
                document, spec.folder
            )
        for edit in edits:
            document.do(edit)
    for pattern in spec.frozen:
        document.do(Freeze(resolve_keys(pattern, document.rows.live), pattern))
    return document


def _follow(runner: Runner, silent: Collection[str]) -> Outcome:
    """Print what happens until the end, but for events of some kinds."""
    from ckpt_studio.cli.output import print_json, say
    from ckpt_studio.training.events import LogLine, to_json

    try:
        runner.start()
        while runner.outcome is None:
            for event in runner.events(_POLL_SECONDS):
                if isinstance(event, LogLine):
                    say(event.text)
                for line in to_json(event):
                    if line["event"] not in silent:
                        print_json(line)
    finally:
        runner.close()
    return runner.outcome


@contextmanager
def _stopping_on_signals(runner: Runner) -> Iterator[None]:
    """SIGINT and SIGTERM mean: finish the step, save, end. A second one ends the run at once.

    SIGUSR1 means a checkpoint now, SIGUSR2 a pause and SIGRTMIN its end: `training.attached` sends them.
    """
    from ckpt_studio.training.attached import GO_ON, PAUSE, SAVE

    asked = False

    def obey(*_: object) -> None:
        nonlocal asked
        if asked:
            runner.kill()
        asked = True
        runner.stop()

    wanted = {
        signal.SIGINT: obey,
        signal.SIGTERM: obey,
        SAVE: lambda *_: runner.checkpoint_now(),
        PAUSE: lambda *_: runner.pause(),
        GO_ON: lambda *_: runner.go_on(),
    }
    before = {number: signal.signal(number, do) for number, do in wanted.items() if number is not None}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
