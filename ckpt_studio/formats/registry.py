"""The one door to every format: opens any path, or says what it is instead and what to do."""

from __future__ import annotations

import os

from ckpt_studio.core.errors import Unrecognised
from ckpt_studio.formats.base import Checkpoint
from ckpt_studio.formats.files import said
from ckpt_studio.formats.folder import explain_empty, scan_folder
from ckpt_studio.formats.readers import READERS
from ckpt_studio.formats.recognise import describe
from ckpt_studio.formats.tf_bundle.reader import prefix_of
from ckpt_studio.formats.tf_bundle.state_file import NAME as STATE_FILE


def open_checkpoint(path: str) -> Checkpoint:
    """Open a file, prefix or folder; of a folder, its newest checkpoint.

    Raises:
        MissingFile, Unrecognised, FileFault: it cannot be opened; the message says what it is instead.
    """
    path = os.fspath(path)
    if os.path.isdir(path):
        return _open_folder(path)
    if os.path.basename(path) == STATE_FILE and os.path.isfile(path) and prefix_of(path) is None:
        return _open_folder(os.path.dirname(path) or os.curdir, path)
    return _open_file(path)


def _open_folder(folder_path: str, path: str | None = None) -> Checkpoint:
    folder = scan_folder(folder_path)
    newest = folder.newest
    if newest is None:
        if prefix_of(folder_path.rstrip(os.sep)) is not None:
            return _open_file(folder_path.rstrip(os.sep))
        raise Unrecognised(explain_empty(folder), path=path or folder_path)
    checkpoint = _open_file(newest.prefix)
    checkpoint.path = path or folder_path
    checkpoint.notes = (*folder.notes, *checkpoint.notes)
    return checkpoint


def _open_file(path: str) -> Checkpoint:
    reasons = []
    for reader in READERS:
        claim = reader.claim(path)
        if isinstance(claim, str):
            checkpoint = reader.open(claim)
            checkpoint.path = path
            return checkpoint
        reasons.append(claim)
    certain = next((declined.reason for declined in reasons if declined.certain), None)
    what = certain or describe(path)
    if what is None:
        why = ", ".join(declined.reason for declined in reasons)
        what = f"{said(path)} is not a checkpoint that Ckpt Studio knows: {why}."
    raise Unrecognised(what, path=path)
