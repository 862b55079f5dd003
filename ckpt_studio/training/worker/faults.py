"""Errors that only a training process raises."""

from __future__ import annotations

from ckpt_studio.core.errors import RunFault


class DataEnded(Exception):
    """The graph's own data has come to its end."""


class NotANumber(RunFault):
    """The loss or a trained variable is no finite number any more; going on would only spoil what was saved."""


class Refused(RunFault):
    """The binding card says why the run cannot start."""


class StoppedFirst(Exception):
    """Somebody asked to stop before there was a first step."""
