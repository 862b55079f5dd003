"""One resumed run, without Qt: prepares it, owns the training process, and says what happens until the last event.

    runner = Runner(spec, document.staged, document.base, frozen)
    runner.start()
    while runner.outcome is None:
        for event in runner.events(timeout=0.2): ...
    runner.close()

A thread of its own drives the run, so `stop`, `checkpoint_now` and `kill` answer at once from any thread.
"""

from __future__ import annotations

import contextlib
import json
import queue
import threading
from dataclasses import replace
from pathlib import Path
from typing import IO

from ckpt_studio.core.errors import Cancelled, CkptStudioError, RunFault
from ckpt_studio.core.tasks import Task
from ckpt_studio.core.tensors import TensorSource
from ckpt_studio.formats.base import Checkpoint
from ckpt_studio.training.card import Card
from ckpt_studio.training.card_json import read_card
from ckpt_studio.training.child import Child, Ended
from ckpt_studio.training.clock import GRACE_SECONDS, Clock
from ckpt_studio.training.event_file import EventFile
from ckpt_studio.training.events import (
    CardEvent,
    Cause,
    CheckpointWritten,
    End,
    Heartbeat,
    LogLine,
    Metrics,
    Outcome,
    RunEvent,
    RunState,
    State,
    to_json,
)
from ckpt_studio.training.log_tail import LogTail
from ckpt_studio.training.outcome import lines_of, of_exit, oom_kills, place_in_recipe, shown, tail
from ckpt_studio.training.prepare import Start, job_of
from ckpt_studio.training.proof import Proof, prove
from ckpt_studio.training.protocol import Message
from ckpt_studio.training.routes.base import Route
from ckpt_studio.training.routes.registry import route_of
from ckpt_studio.training.run_folder import RunFolder
from ckpt_studio.training.run_record import RunRecord, sweep_lost_runs
from ckpt_studio.training.spec import RunSpec
from ckpt_studio.training.trust import untrusted

__all__ = ["CardEvent", "CheckpointWritten", "End", "Heartbeat", "LogLine", "Metrics", "Outcome", "RunEvent",
           "RunState", "Runner", "State"]  # fmt: skip

_TURN_SECONDS = 0.2
_CHILD_STATES = {"compiling", "running", "paused", "saving"}


class Runner:
    """One run.

    Args:
        spec: what to do; its paths are used as they are.
        source: the staged view that the run begins with.
        base: the checkpoint that it comes from (for its graph and step).
        frozen: keys that the run must not change.
        child: a training process made ahead of time, or None. The runner owns it from here on.
        grace: seconds that a step may take after Stop.
        rehearse: whether to end after the binding card is made, and to leave nothing behind.
        attended: whether the run is a window's, and ends with it.

    Attributes:
        attended: the same, until `stay`.
        state: where it stands.
        outcome: how it ended, None until `events` has handed it out.
        card: the binding card, None until it is made.
    """

    def __init__(
        self,
        spec: RunSpec,
        source: TensorSource,
        base: Checkpoint,
        frozen: frozenset[str] = frozenset(),
        *,
        child: Child | None = None,
        grace: float = GRACE_SECONDS,
        rehearse: bool = False,
        attended: bool = False,
    ) -> None:
        self.spec = spec
        self.attended = attended
        self.state = RunState.preparing
        self.outcome: Outcome | None = None
        self.card: Card | None = None
        self.folder = RunFolder(spec.out)
        self._source = source
        self._base = base
        self._frozen = frozen
        self._child = child
        self._grace = grace
        self._rehearse = rehearse
        self._route: Route | None = None
        self._task = Task("preparing the run")
        self._events: queue.SimpleQueue[RunEvent] = queue.SimpleQueue()
        self._record: IO[str] | None = None
        self._running: RunRecord | None = None
        self._board: EventFile | None = None
        self._unrecorded: list[RunEvent] = []
        self._stop = threading.Event()
        self._save = threading.Event()
        self._pause = threading.Event()
        self._paused = False
        self._kill = threading.Event()
        self._thread = threading.Thread(target=self._drive, name="run", daemon=True)
        self._newest: tuple[int, str] | None = None
        self._last_word: Message | None = None
        self._hung: str | None = None
        self._log = LogTail(self.folder.log)
        self._start_prefix = ""

    # ---- for its owner, from any thread

    def start(self) -> None:
        """Begin.

        Raises:
            RunFault: the checkpoint cannot be trained, or the person did not say that this code may run.
            TargetExists: the run's folder is not new.
        """
        self._route = route_of(self._base, self.spec)
        self._check_trust(self._route)
        self.folder.check()
        sweep_lost_runs()
        if self._child is not None and not self._child.alive:
            self._child.close()
            self._child = None
        self._child = self._child or Child()
        self._thread.start()

    def events(self, timeout: float = 0.0) -> list[RunEvent]:
        """What happened since the last call, an `Outcome` at last; waits up to `timeout` seconds for something."""
        found: list[RunEvent] = []
        with contextlib.suppress(queue.Empty):
            found.append(self._events.get(timeout=timeout) if timeout > 0 else self._events.get_nowait())
            while True:
                found.append(self._events.get_nowait())
        if found and isinstance(found[-1], Outcome):
            self.outcome = found[-1]
        return found

    def stop(self) -> None:
        """Finish the step, save, end. A step that does not end within the grace period is given up."""
        self._stop.set()
        self._task.cancel()

    def checkpoint_now(self) -> None:
        """Save after this step and go on."""
        self._save.set()

    def pause(self) -> None:
        """Do no step until `go_on` or `stop`."""
        self._pause.set()

    def go_on(self) -> None:
        """Go on after a pause."""
        self._pause.clear()

    def stay(self) -> None:
        """Nobody attends to the run any more, and it goes on."""
        self.attended = False
        if self._running is not None:
            self._running.note(attended=False)

    def kill(self) -> None:
        """End it at once, without a save."""
        self._kill.set()
        self._task.cancel()
        if self._child is not None:
            self._child.kill()

    def close(self) -> None:
        """Let go: a run that is still going is killed. Returns when its process and thread are gone."""
        if self._thread.ident is not None:
            if self._thread.is_alive():
                self.kill()
            self._thread.join()
        if self._child is not None:
            self._child.close()

    # ---- the run's own thread

    def _drive(self) -> None:
        try:
            outcome = self._run()
        except Cancelled:
            outcome = self._ended(RunState.stopped, None, "The run was stopped before its first step.")
        except CkptStudioError as error:
            outcome = self._ended(RunState.failed, Cause.refused, error.message)
        except Exception as error:  # ours; the run ends with a sentence all the same
            place = f"{type(error).__name__}: {error}"
            outcome = self._ended(RunState.failed, Cause.exception, f"Ckpt Studio made a mistake ({place}).")
        finally:
            assert self._child is not None
            self._child.close()
        if self._running is not None:
            self.folder.sweep()
            if self._rehearse or (outcome.cause is Cause.refused and outcome.prefix is None):
                self.folder.discard()
        self.state = outcome.state
        self._emit(outcome)
        if self._record is not None:
            self._record.close()
        if self._board is not None:
            self._board.close()
        if self._running is not None:
            self._running.close()

    def _run(self) -> Outcome:
        self._enter(RunState.preparing)
        assert self._route is not None
        self.card = self._route.prospect(self._source, self._base, self.spec, self._frozen)
        if self.card.problems:
            self._emit(CardEvent(self.card))
            raise RunFault(" ".join(self.card.problems), path=self.spec.checkpoint)
        self._task.check()
        self.folder.make()
        self._running = RunRecord(self.folder, attended=self.attended)
        self._running.note(self.attended)  # `stay` may have come before there was a record to note it in
        self._record = self.folder.events.open("a", encoding="utf-8")
        self._board = EventFile(self.folder.path)
        for event in self._unrecorded:
            self._write_down(event)
        self._start_prefix = self._route.write_start(
            Start(self.folder, self._source, self._base, self.spec, self.card, self._task)
        )
        job = job_of(self.spec, self.card, self._start_prefix, rehearse=self._rehearse)
        self.folder.write_job(job)
        assert self._child is not None
        killed_before = oom_kills()
        self._child.send("job", file=str(self.folder.job))
        ended = self._converse(self._child)
        return self._conclude(ended, oom_killed=oom_kills() > killed_before)

    def _converse(self, child: Child) -> Ended:
        """Hand on what the child says and what the owner wants, until the child is gone."""
        clock = Clock(self._grace)
        while True:
            try:
                said = child.messages.get(timeout=_TURN_SECONDS)
            except queue.Empty:
                pass
            else:
                if isinstance(said, Ended):
                    self._show_log()
                    return said
                clock.heard()
                self._hear(said)
            self._ask(child, clock)
            self._show_log()

    def _ask(self, child: Child, clock: Clock) -> None:
        """Tell the child what is wanted, and end it when it does not answer."""
        if clock.beat_due():
            child.send("ping")
        if self._save.is_set():
            self._save.clear()
            child.send("save")
        if self._pause.is_set() != self._paused:
            self._paused = not self._paused
            child.send("pause" if self._paused else "go_on")
        if self._stop.is_set() and not clock.stopping:
            clock.stop()
            child.send("stop")
            self._enter(RunState.stopping)
        if self._kill.is_set():
            child.kill()
        verdict = clock.verdict(saving=self.state is RunState.saving, done=self._last_word is not None)
        if verdict is not None and self._hung is None:
            self._hung = verdict
            child.terminate()
        elif clock.overdue():
            child.kill()

    def _hear(self, message: Message) -> None:
        kind = message["type"]
        if kind == "metrics":
            metrics = Metrics.of(message)
            self._emit(metrics)
            if self._board is not None:
                self._board.add(metrics)
        elif kind == "beat":
            self._emit(Heartbeat(float(message["idle"])))
        elif kind == "log":
            self._emit(LogLine(message["text"]))
        elif kind == "state" and message["state"] in _CHILD_STATES:
            state = RunState(message["state"])
            self._enter(RunState.stopping if self._stop.is_set() and state is not RunState.saving else state)
        elif kind == "card":
            self.card = read_card(self.folder.card)
            self._emit(CardEvent(self.card))
        elif kind == "checkpoint":
            self._newest = self.folder.checkpoint_of(message["name"]) or self._newest
            if self._newest is not None and self._newest[0] == message["step"]:
                self._emit(CheckpointWritten(*self._newest))
        elif kind in ("done", "failed"):
            self._last_word = message

    # ---- the end

    def _conclude(self, ended: Ended, *, oom_killed: bool) -> Outcome:
        word = self._last_word
        lines = tail(self.folder.log) or self._early_lines()
        if self._kill.is_set() and word is None:
            return self._ended(RunState.stopped, None, "The run was ended at once." + self._kept())
        if self._hung is not None and word is None:
            return self._ended(RunState.failed, Cause.hung, self._hung + self._kept(), lines)
        if ended.fault is not None:
            cause = Cause.exception if ended.status is None else Cause.protocol
            return self._ended(RunState.failed, cause, ended.fault + self._kept(), lines)
        if word is None:
            if ended.status == 0:
                said = "The training process ended without a last word." + self._kept()
                return self._ended(RunState.lost, None, said, lines)
            cause, sentence = of_exit(ended.status, lines, oom_killed=oom_killed)
            return self._ended(RunState.failed, cause, sentence + self._kept(), lines)
        if word["type"] == "failed":
            cause = Cause(word["cause"]) if word["cause"] in set(Cause) else Cause.exception
            if cause is Cause.refused:
                return self._ended(RunState.failed, cause, word["message"])
            outcome = self._ended(RunState.failed, cause, word["message"] + self._kept(), lines)
            return replace(outcome, place=place_in_recipe(word.get("place"), self.spec.recipe))
        state = RunState.finished if word["state"] == "finished" else RunState.stopped
        return self._ended(state, None, word["message"])

    def _ended(
        self, state: RunState, cause: Cause | None, message: str, lines: tuple[str, ...] = ()
    ) -> Outcome:
        """The outcome, with the frozen variables of the newest checkpoint compared with the start."""
        prefix = None if self._newest is None else self._newest[1]
        proof = Proof(None, ())
        if prefix is not None and self.card is not None:
            try:
                proof = prove(self._start_prefix, prefix, self.card)
            except CkptStudioError as error:
                message += f" The variables could not be compared with the start: {error.message}"
        if proof.frozen_unchanged is False:
            state, cause = RunState.failed, Cause.frozen_changed
            message = f"The run changed variables that were frozen; do not use {prefix}."
        return Outcome(state, cause, message, prefix, proof.frozen_unchanged, shown(lines), proof.never_moved)

    def _kept(self) -> str:
        if self._newest is None:
            return " It had not saved anything yet."
        return f" Its last checkpoint is {Path(self._newest[1]).name}."

    def _early_lines(self) -> tuple[str, ...]:
        return () if self._child is None else lines_of(self._child.early_output())

    # ---- telling

    def _enter(self, state: RunState) -> None:
        if state is not self.state or state is RunState.preparing:
            self.state = state
            self._emit(State(state))

    def _emit(self, event: RunEvent) -> None:
        self._write_down(event)
        self._events.put(event)

    def _write_down(self, event: RunEvent) -> None:
        """Append to `events.jsonl`; a full disk must not end a run that still trains."""
        if self._record is None:
            self._unrecorded.append(event)
            return
        with contextlib.suppress(OSError):
            for line in to_json(event):
                self._record.write(json.dumps(line) + "\n")
            self._record.flush()

    def _show_log(self) -> None:
        for line in self._log.new_lines():
            self._emit(LogLine(line))

    def _check_trust(self, route: Route) -> None:
        if not self.spec.trust:
            card = route.prospect(self._source, self._base, self.spec, self._frozen)
            raise RunFault(untrusted(card), path=card.meta_graph)
