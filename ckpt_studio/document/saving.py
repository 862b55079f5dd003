"""Writes a document: its staged view as a new checkpoint, with its patch, its MetaGraph and the folder's state file."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ckpt_studio.core.errors import CkptStudioError, RequestFault
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import TensorSource, printable
from ckpt_studio.core.texts import some_of
from ckpt_studio.document.conversion import Conversion, NamesAs, conversion_to
from ckpt_studio.document.document import Document
from ckpt_studio.document.following import GRAPH_KEY, Change
from ckpt_studio.document.patch_arrays import SUFFIX as ARRAYS
from ckpt_studio.document.patch_arrays import PatchArrays
from ckpt_studio.document.sidecar import SUFFIX, other_files, sidecar
from ckpt_studio.document.wording import listed
from ckpt_studio.formats.files import said
from ckpt_studio.formats.meta_graph.follow import follow
from ckpt_studio.formats.meta_graph.freeze import freeze_meta_graph, frozen_names, unfreeze_meta_graph
from ckpt_studio.formats.meta_graph.load import MetaGraph, load_meta_graph
from ckpt_studio.formats.saving import save_fault
from ckpt_studio.formats.tf_bundle.bundle import Bundle
from ckpt_studio.formats.tf_bundle.write import write_bundle
from ckpt_studio.formats.tf_bundle.write_plan import Meta, plan_bundle
from ckpt_studio.formats.writing import Plan, Sidecars, WriteOptions, Written, note_pace, seconds_for


@dataclass(frozen=True, slots=True)
class WritePlan:
    """What a write would do.

    Attributes:
        prefix: the new checkpoint, absolute.
        changed: variables whose values differ from the original's.
        shared_bytes: bytes that would be shared with the original, and therefore not read.
        written_bytes: bytes that would take space, nearly.
        free_bytes: what the disk has.
        seconds: how long it would take, roughly.
        notes: sentences that a person should see.
        lost: what cannot be kept in the format, as sentences.
        format: as CONTRACT.md names it.
    """

    prefix: str
    changed: tuple[str, ...]
    shared_bytes: int
    written_bytes: int
    free_bytes: int
    seconds: float
    notes: tuple[str, ...]
    lost: tuple[str, ...] = ()
    format: str = Bundle.format


def plan_write(
    document: Document, prefix: str, options: WriteOptions | None = None, names: NamesAs = "auto"
) -> WritePlan:
    """Look at what `write_document` would do; reads the MetaGraph where it has to be adjusted.

    Raises:
        TargetExists, RequestFault, SaveFault, FileFault: it could not be done; the sentence says why.
    """
    options = options or WriteOptions()
    conversion = conversion_to(document.staged, document.base, prefix, names)
    notes: tuple[str, ...] = ()
    plan: Plan
    if conversion.writer is None:
        meta, notes = _meta_graph(document, conversion)
        plan = plan_bundle(conversion.source, prefix, _bundle(document), options, meta)
        notes += _unfound(plan.prefix)
    else:
        plan = conversion.writer.plan(conversion.source, prefix, options, _read_files(document))
    plan.check_space()
    return WritePlan(
        prefix=plan.prefix,
        changed=document.replaced_keys(),
        shared_bytes=plan.shared_bytes,
        written_bytes=plan.written_bytes,
        free_bytes=plan.free_bytes,
        seconds=seconds_for(plan.written_bytes),
        notes=(*notes, *_drop_notes(document), *_edit_notes(document)),
        lost=conversion.lost,
        format=Bundle.format if conversion.writer is None else conversion.writer.format,
    )


def _unfound(prefix: str) -> tuple[str, ...]:
    """What to say of a prefix that TensorFlow looks for as a pattern of the file system."""
    if not {"[", "\\"} & set(prefix):
        return ()
    return (
        f"TensorFlow takes “[” and “\\” in {printable(prefix)!r} for a pattern, and will not find the new checkpoint "
        "there; choose another name or folder.",
    )


def write_document(
    document: Document,
    prefix: str,
    options: WriteOptions | None = None,
    *,
    names: NamesAs = "auto",
    beside: bool = False,
    task: Task = UNTENDED,
) -> Written:
    """Write the staged view as a new checkpoint. The original is not touched; `document.mark_written` is the caller's.

    In a folder that has no `checkpoint` file one is made, in others the new checkpoint is added to it as the latest.

    Args:
        document: what is written, as it is staged at this moment.
        prefix: the path that the new files will share, or the file, whose ending tells its format; its folder is made
            if it is not there.
        options: sharing and overwriting.
        names: what variables are called in it.
        beside: whether the person agreed to writing into the original's own folder.
        task: cancelled and watched.

    Raises:
        RequestFault: the prefix lies in the original's folder without `beside`.
        TargetExists, SaveFault, FileFault, Cancelled: as `write_bundle`; nothing was left behind.
    """
    folder = os.path.dirname(os.path.abspath(prefix))
    options = options or WriteOptions()
    if not beside and is_beside(document, prefix):
        raise RequestFault(
            f"{folder!r} is the folder of the original; choose another one, or agree to writing beside it.",
            path=folder,
        )
    conversion = conversion_to(document.staged, document.base, prefix, names)
    started = time.monotonic()
    if conversion.writer is None:
        sidecars = _sidecars(document, conversion, prefix)
        written = _write_bundle(document, conversion, prefix, sidecars, options, task)
    else:
        try:
            plan = conversion.writer.plan(conversion.source, prefix, options, _read_files(document))
        except OSError as error:
            raise save_fault(error, folder) from error
        sidecars = _sidecars(document, conversion, plan.prefix)
        written = conversion.writer.write(conversion.source, plan, sidecars, task)
    note_pace(written.written_bytes, time.monotonic() - started)
    return written


def _sidecars(document: Document, conversion: Conversion, prefix: str) -> Sidecars:
    """What goes beside the checkpoint: the patch, and arrays that it needs."""
    folder, name = os.path.split(os.path.abspath(prefix))
    arrays = PatchArrays(name + ARRAYS)
    patch = document.patch(folder, arrays)
    frozen = [key for key in map(conversion.key, document.frozen_keys()) if key is not None]
    needed = arrays.file()
    return {
        SUFFIX: lambda shards: sidecar(document.base, patch, folder, frozen, shards),
        **({} if needed is None else {ARRAYS: needed}),
    }


def write_target(document: Document, prefix: str, names: NamesAs = "auto") -> TensorSource:
    """What a checkpoint that `write_document` has written must hold, under its own keys."""
    return conversion_to(document.staged, document.base, prefix, names).source


def _read_files(document: Document) -> list[str]:
    """The files that values are read from, which therefore cannot be written."""
    others = other_files(document.patch(), os.curdir).values()
    return [*document.base.files(), *(path for files in others for path in files)]


def _write_bundle(
    document: Document,
    conversion: Conversion,
    prefix: str,
    sidecars: Sidecars,
    options: WriteOptions,
    task: Task,
) -> Written:
    folder = os.path.dirname(os.path.abspath(prefix))
    try:
        meta, _ = _meta_graph(document, conversion)
    except OSError as error:
        raise save_fault(error, folder) from error
    return write_bundle(
        conversion.source,
        prefix,
        take_over=_bundle(document),
        meta=meta,
        sidecars=sidecars,
        state="append" if os.path.lexists(os.path.join(folder, "checkpoint")) else "new",
        options=options,
        task=task,
    )


def is_beside(document: Document, prefix: str) -> bool:
    """Whether a prefix lies in a folder that holds a file of the original."""
    folder = os.path.dirname(os.path.abspath(prefix))
    try:
        target = os.stat(folder)
    except OSError:
        return False
    for ours in {os.path.dirname(os.path.abspath(path)) for path in document.base.files()}:
        try:
            if os.path.samestat(os.stat(ours), target):
                return True
        except OSError:
            continue
    return False


def _bundle(document: Document) -> Bundle | None:
    """The original, if its data can be taken over as it is."""
    return document.base if isinstance(document.base, Bundle) else None


def _meta_graph(document: Document, conversion: Conversion) -> tuple[Meta | None, tuple[str, ...]]:
    """The MetaGraph for the new checkpoint: the file itself where nothing of it changes, else adjusted.

    One that cannot be adjusted goes along as it is, and a note says so: the marks are in the patch all the same. One
    whose variables have other names now stays behind.
    """
    path = document.base.meta_graph
    if path is None:
        return None, ()
    if not conversion.graph_fits:
        return None, ("The graph (.meta) stays behind: it restores variables by their old names.",)
    frozen, once = document.frozen_keys(), document.once_frozen_keys()
    thawed = [edit for edit in document.edits if edit.op == "unfreeze"]
    change = Change.of(document.rows, incomplete=False)
    marks_stay = not frozen and not once and not thawed
    keys_stay = not change.renamed and not change.dropped
    if marks_stay and keys_stay and document.rows.columns is document.base.columns:
        return Path(path), ()
    try:
        meta = load_meta_graph(path)
        notes = _misfit_notes(meta, document, change)
        if marks_stay and keys_stay:
            return Path(path), notes
        # Marks that only the graph remembers, because its patch was lost, stay until a person takes them away.
        own = {change.renamed.get(name, name) for name in frozen_names(meta)}
        own = {n for n in own if n in document.staged.columns and document.is_frozen(n)}
        followed = follow(unfreeze_meta_graph(meta), change.renamed, change.dropped)
        result = freeze_meta_graph(followed.meta, frozen | own)
    except CkptStudioError as error:
        return Path(path), (
            f"{error.message} The graph goes along unchanged; frozen marks are only in the patch.",
        )
    blocked = [f"{printable(one.node)} still writes a frozen variable." for one in result.blocked]
    return result.meta.serialise(), (*notes, *followed.notes, *result.notes, *blocked)


def _misfit_notes(meta: MetaGraph, document: Document, change: Change) -> tuple[str, ...]:
    """A sentence where variables have become of another type or shape than the graph makes them."""
    base, staged = document.base.columns, document.staged.columns
    odd = []
    for name, one in meta.variables.items():
        keys = meta.view.restored.get(name, (one.key,))
        key = next((key for key in keys if base.keys.find(key) >= 0), keys[0])
        old, new = base.keys.find(key), staged.keys.find(change.renamed.get(key, key))
        if (
            old >= 0
            and new >= 0
            and (base.dtype[old], base.shape(old))
            != (
                staged.dtype[new],
                staged.shape(new),
            )
        ):
            odd.append(staged.keys[new])
    if not odd:
        return ()
    odd = sorted(set(odd))
    return (
        f"The graph ({said(str(meta.path))}) no longer fits {some_of(odd)}: it makes "
        f"{'it' if len(odd) == 1 else 'them'} of the old type and shape, so its own Saver cannot restore the new "
        "checkpoint.",
    )


def _drop_notes(document: Document) -> list[str]:
    """What a person should know about a checkpoint that some variables were dropped from."""
    columns, dropped = document.rows.columns, np.flatnonzero(document.rows.dropped).tolist()
    if not dropped:
        return [*document.base.notes] if getattr(document.base, "incomplete", False) else []
    notes = [f"Without {_counted(len(dropped), 'variable')}: {listed(columns, dropped)}."]
    if GRAPH_KEY in document.staged.columns:
        notes.append("The object graph follows: restore it into a model without the dropped variables.")
    return notes


def _counted(count: int, what: str) -> str:
    return f"1 {what}" if count == 1 else f"{count} {what}s"


def _edit_notes(document: Document) -> list[str]:
    """What a person should know of each edit."""
    return [note for edit in document.edits for note in edit.notes(document.before(edit))]
