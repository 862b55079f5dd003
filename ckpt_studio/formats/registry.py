"""The one door to every format: opens any path, or says what it is instead and what to do."""

from __future__ import annotations

import os
from typing import ClassVar, Final

from ckpt_studio.core.errors import Changed, FileFault, MissingFile, Unrecognised
from ckpt_studio.formats.base import Checkpoint, Declined, Reader
from ckpt_studio.formats.files import said
from ckpt_studio.formats.folder import explain_empty, prefix_of, scan_folder
from ckpt_studio.formats.recognise import describe, describe_or_none
from ckpt_studio.formats.tf_bundle.bundle import Bundle, open_bundle
from ckpt_studio.formats.tf_bundle.state_file import NAME as STATE_FILE


class BundleReader:
    """V2 bundles, by any of their files."""

    format: ClassVar[str] = Bundle.format

    def claim(self, path: str) -> str | Declined:
        """The prefix of a bundle's file, or why not."""
        prefix = prefix_of(path)
        return Declined("it has no .index file beside it") if prefix is None else prefix

    def open(self, path: str) -> Checkpoint:
        """Open a prefix.

        Raises:
            FileFault: its index cannot be read; the message says what it is instead, if that is known.
        """
        try:
            return open_bundle(path)
        except (Changed, MissingFile):
            raise
        except FileFault as error:
            what = describe_or_none(path + ".index")
            if what is None or error.kind == "checksum" or "V1" in what or what.endswith(" is empty."):
                raise
            raise Unrecognised(what, path=error.path) from error


READERS: Final[tuple[Reader, ...]] = (BundleReader(),)
"""Every format, in the order in which they are asked: with a V1 file and a V2 index on one prefix, V2 wins."""


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
