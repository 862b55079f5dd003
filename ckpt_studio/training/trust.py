"""Remembers which graphs a person allowed to run: they are asked once a folder, and again when the graph changes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path

from ckpt_studio.core.errors import MissingFile, SaveFault
from ckpt_studio.training.card import Card

FILE_NAME = "trust.json"
_HASHES_A_FOLDER = 64


class TrustStore:
    """Trust is bound to the folder and to the content of the `.meta` file: another graph in its place is not trusted.

    Args:
        folder: where the store lies (`core.resources.home_folder()`); made when something is first trusted.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._path = Path(folder) / FILE_NAME

    def trusted(self, meta_path: str) -> bool:
        """Whether the graph in this file was trusted, in this folder, as it is now.

        Raises:
            MissingFile: the graph cannot be read.
        """
        return _digest(meta_path) in self._load().get(_folder(meta_path), ())

    def trust(self, meta_path: str) -> None:
        """Remember that the graph in this file may run.

        Raises:
            MissingFile: the graph cannot be read.
            SaveFault: it could not be remembered.
        """
        known = self._load()
        digests = known.setdefault(_folder(meta_path), [])
        digest = _digest(meta_path)
        if digest in digests:
            return
        digests[:] = [*digests[-_HASHES_A_FOLDER + 1 :], digest]
        self._save(known)

    def _load(self) -> dict[str, list[str]]:
        try:
            folders = json.loads(self._path.read_text("utf-8"))["folders"]
            return {
                str(folder): [digest for digest in digests if isinstance(digest, str)]
                for folder, digests in folders.items()
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return {}  # a damaged store trusts nothing, and the next answer repairs it

    def _save(self, known: dict[str, list[str]]) -> None:
        text = json.dumps({"version": 1, "folders": known}, indent=1)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=".trust-")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(name, self._path)  # noqa: PTH105
            except OSError:
                with contextlib.suppress(OSError):
                    Path(name).unlink()
                raise
        except OSError as error:
            raise SaveFault(
                f"The trust could not be remembered in {self._path}: {error.strerror}.", path=self._path
            ) from error


def untrusted(card: Card) -> str:
    """What is said where a run was asked for without trust."""
    sentence = (
        f"{card.what} {card.meta_graph} was not trusted to run: running it is running code of whoever made it. "
        'Say "trust": true in the SPEC if you know where it comes from.'
    )
    if card.risks:
        named = ", ".join(dict.fromkeys(f"{risk.op} ({risk.node})" for risk in card.risks[:10]))
        more = f" and {len(card.risks) - 10} more" if len(card.risks) > 10 else ""
        sentence += f" It holds operations that touch files, network or code: {named}{more}."
    if card.custom:
        sentence += f" It names classes that are not Keras's own: {', '.join(card.custom)}."
    return sentence


def _folder(meta_path: str) -> str:
    return str(Path(meta_path).resolve().parent)


def _digest(meta_path: str) -> str:
    try:
        with Path(meta_path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise MissingFile(
            f"The graph {meta_path} cannot be read: {error.strerror}.", path=meta_path
        ) from error
