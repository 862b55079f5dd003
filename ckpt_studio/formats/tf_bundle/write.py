"""Writes a V2 bundle, in the order that makes it complete or absent (FORMATS.md, "Saving").

Data that did not change is taken over in whole files, byte for byte; changed tensors go to one data file more, in the
same byte order, so a bundle of N data files becomes one of N + 1, which every door of TensorFlow reads. Tensors stream
through in blocks: memory does not grow with the checkpoint.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.errors import ChecksumMismatch
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import TensorSource, encode
from ckpt_studio.formats.saving import Saving, save_fault
from ckpt_studio.formats.take_over import take_over as take_file_over
from ckpt_studio.formats.temporary_file import TemporaryFile
from ckpt_studio.formats.tf_bundle.encode_tensors import ShardWriter
from ckpt_studio.formats.tf_bundle.slices import renamed_key
from ckpt_studio.formats.tf_bundle.write_check import check_copies, found_damage
from ckpt_studio.formats.tf_bundle.write_index import header_of, kept_records, write_index
from ckpt_studio.formats.tf_bundle.write_plan import BundlePlan, Meta, plan_bundle
from ckpt_studio.formats.tf_bundle.write_state import write_state
from ckpt_studio.formats.writing import NO_SIDECARS, Sidecars, WriteOptions, Written

if TYPE_CHECKING:
    from ckpt_studio.formats.tf_bundle.bundle import Bundle


def write_bundle(
    source: TensorSource,
    prefix: str,
    *,
    take_over: Bundle | None = None,
    meta: Meta | None = None,
    sidecars: Sidecars = NO_SIDECARS,
    state: Literal["none", "new", "append"] = "none",
    options: WriteOptions | None = None,
    task: Task = UNTENDED,
) -> Written:
    """Write all variables of `source` as a new checkpoint.

    Args:
        source: what is written.
        prefix: the path that the new files will share; its folder is made if it is not there.
        take_over: a bundle that holds most variables of `source` as they are, under these keys or others: those are
            taken over byte for byte, whatever they are.
        meta: the MetaGraph, as bytes or as a file to be taken over.
        sidecars: further files, by suffix (".ckpt-studio.json").
        state: whether the folder's `checkpoint` file names the new checkpoint: not at all, or as the latest after those
            that it names already ("append"; in a "new" folder there are none).
        options: sharing, overwriting, and how large a data file may be.
        task: cancelled and watched; bytes are counted once when written and once when read back.

    Raises:
        TargetExists, RequestFault: the target exists, or is being read.
        SaveFault: it could not be written; nothing was left behind.
        FileFault: variables of `source` are damaged, all are named; nothing was left behind.
        Cancelled: nothing was left behind.
    """
    options = options or WriteOptions()
    sized = sum(len(part) for part in sidecars.values() if isinstance(part, bytes))
    try:
        plan = plan_bundle(source, prefix, take_over, options, meta, sized)
    except OSError as error:
        raise save_fault(error, prefix) from error
    plan.check_space()
    task.total = 2 * plan.written_bytes + plan.shared_bytes
    try:
        with Saving(plan.folder, task) as saving:
            return _Writer(plan, saving, task).write(meta, sidecars, state != "none")
    except ChecksumMismatch as error:
        # The first of the damaged variables stopped the save; all of them are named.
        found = None if take_over is None else found_damage(take_over, plan.live)
        raise found or error from error


class _Writer:
    """One save of a bundle: the steps, and what they have gathered."""

    def __init__(self, plan: BundlePlan, saving: Saving, task: Task) -> None:
        self.plan = plan
        self.saving = saving
        self.task = task
        self.placed: list[tuple[str, str]] = []
        self.shared = 0
        self.size = 0

    def write(self, meta: Meta | None, sidecars: Sidecars, state: bool) -> Written:
        plan, saving = self.plan, self.saving
        self._take_shards_over()
        new = self._own_shards()
        if meta is not None and f"{plan.name}.meta" not in plan.replaced:
            self._meta(meta)
        switch = self._sidecars(sidecars)
        for number in range(len(plan.ways) + len(plan.own), plan.num_shards):
            self._placed(saving.write_small(b""), plan.data_name(number))
        saving.place(self.placed)
        index = saving.create()
        records = self._renamed(new)
        write_index(index, header_of(plan.take_over, plan.num_shards), plan.take_over, records, new)
        saving.seal(index)
        self.size += index.size
        name = f"{plan.name}.index"
        kept = {name, f"{plan.name}.meta", *(final for _, final in switch)}
        saving.commit(
            index,
            name,
            replacing=name in plan.replaced,
            stale=[old for old in plan.replaced if old not in kept],
            switch=switch,
        )
        if state:
            write_state(saving, plan.name)
        files = [name, *(final for _, final in self.placed), *(final for _, final in switch)]
        paths = tuple(os.path.join(plan.folder, file) for file in files)
        return Written(plan.prefix, paths, self.size, self.shared)

    def _placed(self, file: TemporaryFile, name: str) -> None:
        self.placed.append((file.path, name))
        self.size += file.size

    def _take_shards_over(self) -> None:
        """Old data files, whole, but for those that nothing live is in. Of a copy, what is live is read back."""
        old, unread = self.plan.take_over, {}
        for number, way in enumerate(self.plan.ways):
            if way is None:
                self._placed(self.saving.write_small(b""), self.plan.data_name(number))
                continue
            assert old is not None
            known = old.contents.shards.get(number)
            path, how = take_file_over(
                self.saving, old.shard_path(number), way, self.task, known, read_back=False
            )
            self.placed.append((path, self.plan.data_name(number)))
            size = os.path.getsize(path)
            if how == "copy":
                self.size += size
                unread[number] = path
            else:
                self.shared += size
        if old is not None and unread:
            check_copies(old, self.plan.live, unread, self.task)
        if old is not None and self.shared and old.columns.faults:
            # Where there is damage that is known, there may be more: nothing is shared unread.
            found = found_damage(old, self.plan.live)
            if found is not None:
                raise found

    def _own_shards(self) -> dict[bytes, bytes]:
        """The data files of what is written one by one. Returns the new records."""
        plan = self.plan
        new: dict[bytes, bytes] = {}
        for number, rows in enumerate(plan.own, len(plan.ways)):
            file = self.saving.create()
            with ShardWriter(file, number, big_endian=plan.big_endian, task=self.task) as shard:
                for row in rows.tolist():
                    new.update(self._written(shard, row))
            self.saving.seal(file)
            self._placed(file, plan.data_name(number))
        return new

    def _written(self, shard: ShardWriter, row: int) -> dict[bytes, bytes]:
        """Write one variable; its records, those of its slices included."""
        plan, columns = self.plan, self.plan.source.columns
        key, origin = columns.keys[row], int(plan.origin[row])
        if origin < 0:
            entry = shard.add(plan.source, key, int(columns.dtype[row]), columns.shape(row) or ())
            return {encode(key): entry}
        bundle = plan.take_over
        assert bundle is not None
        old = bundle.columns.keys.raw(origin)
        return {
            renamed_key(name, old, columns.keys.raw(row)): shard.copy_entry(value, bundle.shard_path, key)
            for name, value in bundle.raw_entries(bundle.columns.keys[origin])
        }

    def _renamed(self, new: dict[bytes, bytes]) -> NDArray[np.bool_] | None:
        """Add the records of what is taken over under other keys. Returns which old records stay as they are."""
        plan, bundle = self.plan, self.plan.take_over
        if not plan.ways or bundle is None:
            return None
        keys = plan.source.columns.keys
        for row in np.flatnonzero((plan.origin >= 0) & ~plan.same_key).tolist():
            old = bundle.columns.keys[int(plan.origin[row])]
            for name, value in bundle.raw_entries(old):
                new[renamed_key(name, encode(old), keys.raw(row))] = value
        return kept_records(bundle, plan.origin[plan.same_key])

    def _meta(self, meta: Meta) -> None:
        name = f"{self.plan.name}.meta"
        if isinstance(meta, bytes):
            self._placed(self.saving.write_small(meta), name)
            return
        path, how = take_file_over(self.saving, os.fspath(meta), "reflink", self.task)
        self.placed.append((path, name))
        if how == "copy":
            self.size += os.path.getsize(path)
        else:
            self.shared += os.path.getsize(path)

    def _sidecars(self, sidecars: Sidecars) -> list[tuple[TemporaryFile, str]]:
        """Write the sidecars; those that replace an old one are returned, to be switched at the commit."""
        switch = []
        for suffix, made in sidecars.items():
            name = f"{self.plan.name}{suffix}"
            file = self.saving.write_small(made if isinstance(made, bytes) else made(self.plan.num_shards))
            if name in self.plan.replaced:
                switch.append((file, name))
                self.size += file.size
            else:
                self._placed(file, name)
        return switch
