"""The save of a checkpoint that is one file: complete under a temporary name, then there by one rename."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass

from ckpt_studio.core.errors import RequestFault, TargetExists
from ckpt_studio.core.tasks import Task
from ckpt_studio.formats.saving import Saving
from ckpt_studio.formats.temporary_file import TemporaryFile
from ckpt_studio.formats.writing import (
    Sidecars,
    WriteOptions,
    Written,
    check_space,
    file_id,
    free_bytes,
    split_target,
    writable_parent,
)


@dataclass(frozen=True, slots=True)
class FilePlan:
    """What a save would write; implements `writing.Plan`.

    Attributes:
        folder, name: the file, its folder absolute.
        written_bytes: how large it will be, nearly.
        free_bytes: what the disk has.
        replacing: whether there is such a file, which is to be replaced.
        options: as a person chose.
    """

    folder: str
    name: str
    written_bytes: int
    free_bytes: int
    replacing: bool
    options: WriteOptions
    shared_bytes: int = 0

    @property
    def prefix(self) -> str:
        """The file's path."""
        return os.path.join(self.folder, self.name)

    def check_space(self) -> None:
        """Raise SaveFault if the disk is too full."""
        check_space(self.folder, self.written_bytes, self.free_bytes)


def plan_file(path: str, written_bytes: int, options: WriteOptions, read: Collection[str]) -> FilePlan:
    """Look at the target.

    Args:
        path: the file.
        written_bytes: how large it will be.
        options: whether it may be there already.
        read: files that it must not be.

    Raises:
        TargetExists: it exists and may not be overwritten, or is no file.
        RequestFault: it has no name, or is being read.
        SaveFault: the folder cannot be written to.
    """
    folder, name = split_target(path)
    target = os.path.join(folder, name)
    parent = writable_parent(folder)
    there = os.path.lexists(target)
    if there and (not options.overwrite or not os.path.isfile(target)):
        raise TargetExists(f"{target!r} exists already; choose another name.", path=target)
    if there and file_id(target) in {file_id(other) for other in read}:
        raise RequestFault(f"{target!r} is being read; choose another name.", path=target)
    return FilePlan(folder, name, written_bytes, free_bytes(parent), there, options)


def save_file(
    plan: FilePlan, fill: Callable[[TemporaryFile], None], sidecars: Sidecars, task: Task
) -> Written:
    """Write a file and what goes beside it.

    Args:
        plan: where to.
        fill: writes the file's bytes.
        sidecars: further files, by suffix of the file's name.
        task: cancelled and watched; bytes are counted once when written and once when read back.

    Raises:
        TargetExists, SaveFault, FileFault, Cancelled: it could not be written; nothing was left behind.
    """
    plan.check_space()
    task.total = 2 * plan.written_bytes
    with Saving(plan.folder, task) as saving:
        file = saving.create()
        fill(file)
        saving.seal(file)
        new, switch = write_beside(saving, plan.name, sidecars)
        saving.place([(other.path, name) for other, name in new])
        saving.commit(file, plan.name, replacing=plan.replacing, switch=switch)
    beside = [*new, *switch]
    names = (plan.name, *(name for _, name in beside))
    size = file.size + sum(other.size for other, _ in beside)
    return Written(plan.prefix, tuple(os.path.join(plan.folder, name) for name in names), size, 0)


Beside = list[tuple[TemporaryFile, str]]
"""Sealed files and their final names."""


def write_beside(saving: Saving, name: str, sidecars: Sidecars, num_files: int = 1) -> tuple[Beside, Beside]:
    """Write the files beside a checkpoint of this name: those that are new, and those to be switched at the commit."""
    new: Beside = []
    switch: Beside = []
    for suffix, made in sidecars.items():
        file = saving.write_small(made if isinstance(made, bytes) else made(num_files))
        there = os.path.lexists(os.path.join(saving.folder, name + suffix))
        (switch if there else new).append((file, name + suffix))
    return new, switch
