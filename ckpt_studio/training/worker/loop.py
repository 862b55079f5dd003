"""The loop that every kind of run shares: steps, reports, pauses, saves, and stops where it is asked to."""

from __future__ import annotations

import json
import math
import time
from dataclasses import replace
from typing import Final

from ckpt_studio.core.errors import RunFault
from ckpt_studio.training.card import Card
from ckpt_studio.training.worker.faults import NotANumber, Refused
from ckpt_studio.training.worker.job import Job
from ckpt_studio.training.worker.link import Link
from ckpt_studio.training.worker.odd_data import odd_data
from ckpt_studio.training.worker.routes.base import Done, Trainer

_CALL_SECONDS: Final = 0.025
"""What a call of several steps may take, so that Stop answers at once."""


class Loop:
    """One run from its card to its last checkpoint.

    Args:
        job: what is asked.
        link: who is told, and who may ask to stop.
        trainer: the model.
    """

    def __init__(self, job: Job, link: Link, trainer: Trainer) -> None:
        self._job = job
        self._link = link
        self._trainer = trainer
        self._start_step = trainer.card.start_step
        self._step = self._start_step
        self._done = 0
        self._saved: int | None = None
        self._counts_itself = trainer.card.step_variable is None
        self._at_once = 1
        self._losses: list[float] = []

    def go(self) -> tuple[bool, str]:
        """Say what binds, step, and save at the end; whether it came to that or was stopped, and a sentence.

        Raises:
            Refused: the card has problems.
            RunFault, SaveFault: it cannot go on.
        """
        self._tell_card()
        if self._job.rehearse:
            return True, "The run can start."
        try:
            end = self._run()
        except NotANumber:  # all workers find that at the same step
            self._trainer.leave()
            raise
        self._trainer.leave()
        return end

    def _run(self) -> tuple[bool, str]:
        spec, link = self._job.spec, self._link
        ended = False
        while not ended and (spec.steps is None or self._done < spec.steps) and not link.stop.is_set():
            if link.paused.is_set():
                self._wait()
                continue
            ended = self._some_steps()
            due = spec.save_every and self._done and self._done % spec.save_every == 0
            if link.save.is_set() or due:
                link.save.clear()
                self._save()
                link.say("state", state="running")
        if self._done == 0:
            if ended:
                raise RunFault(
                    "The graph's own data ended before the first step was done; map data to its inputs."
                )
            return False, "The run was stopped before its first step."
        return self._conclude(ended)

    def _conclude(self, ended: bool) -> tuple[bool, str]:
        name = self._save()
        if ended:
            return True, (
                f"The graph's own data ended at step {self._step}, so the run finished after {self._done} steps; "
                f"it is saved as {name}."
            )
        finished = self._done == self._job.spec.steps
        said = "finished" if finished else "was stopped"
        return (
            finished,
            f"The run {said} after {self._done} steps, at step {self._step}; it is saved as {name}.",
        )

    def _tell_card(self) -> None:
        card = self._trainer.card
        if not card.problems:
            before, after = self._trainer.try_batch()
            card = replace(card, loss_before=before, loss_after=after)
        _write_card(self._job, card)
        self._link.say("card")
        if card.problems:
            raise Refused(" ".join(card.problems))

    def _wait(self) -> None:
        """Do nothing until somebody wants something."""
        self._link.say("state", state="paused")
        while self._link.paused.is_set() and not self._link.stop.is_set():
            if self._link.save.is_set():
                self._link.save.clear()
                if self._done:
                    self._save()
                    self._link.say("state", state="paused")
            self._link.wanted.wait()
            self._link.wanted.clear()
        self._link.say("state", state="running")

    def _some_steps(self) -> bool:
        """As many steps as may be done in one call; whether the data ended."""
        spec = self._job.spec
        count = self._at_once
        if spec.steps is not None:
            count = min(count, spec.steps - self._done)
        if spec.save_every:
            count = min(count, spec.save_every - self._done % spec.save_every)
        began = time.monotonic()
        done = self._trainer.steps(self._start_step + self._done, count)
        if done.losses:
            if self._done == 0:
                self._link.say("state", state="running")  # not before a whole step has shown that it can
            else:  # the first call compiles
                self._adapt(time.monotonic() - began, len(done.losses))
            first = self._done == 0
            self._count(done)
            if first:
                self._link.flush()  # somebody waits for it
        return done.ended

    def _adapt(self, seconds: float, count: int) -> None:
        most = max(1, int(_CALL_SECONDS * count / max(seconds, 1e-6)))
        self._at_once = max(1, min(most, 2 * self._at_once, self._trainer.most_at_once))

    def _count(self, done: Done) -> None:
        count = len(done.losses)
        first = self._done == 0
        self._done += count
        if first and not self._counts_itself and done.step is not None and done.step <= self._step:
            self._counts_itself = True
            self._link.say(
                "log",
                text=f"{self._trainer.card.step_variable} does not count up; the run counts its steps itself.",
            )
        before = self._step
        counted = None if self._counts_itself else done.step
        self._step = before + count if counted is None else counted
        for at, loss in enumerate(done.losses, 1):
            step = self._step if at == count else before + at
            self._link.step(step, loss, {name: told[at - 1] for name, told in done.scalars.items()})
            if loss is not None and self._job.spec.keep_best:
                self._losses.append(loss)
            if loss is not None and not math.isfinite(loss) and self._job.spec.on_nan == "stop":
                what = "is not a number any more" if math.isnan(loss) else "became infinite"
                raise NotANumber(
                    f"The loss {what} at step {step}, so the run was stopped.{odd_data(self._job, self._trainer.card)}"
                )

    def _mean_loss(self) -> float:
        """The mean loss since the last checkpoint, infinite where there is none."""
        losses, self._losses = [loss for loss in self._losses if math.isfinite(loss)], []
        return sum(losses) / len(losses) if losses else math.inf

    def _save(self) -> str:
        if self._saved != self._step:
            self._link.say("state", state="saving")
            self._name = self._trainer.save(self._step, self._mean_loss())
            self._saved = self._step
            self._link.say("checkpoint", step=self._step, name=self._name)
        return self._name


def _write_card(job: Job, card: Card) -> None:
    job.folder.card.write_text(json.dumps(card.to_json(), allow_nan=False), "utf-8")
