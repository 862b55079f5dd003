"""The specification of a run: CONTRACT.md's SPEC file, checked field by field before anything is opened."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from ckpt_studio.core.errors import RequestFault
from ckpt_studio.formats.files import read_whole

SPEC_BYTES = 16 << 20
"""The largest SPEC file that is read."""

DEFAULT_SAVE_EVERY = 1000
DEFAULT_MAX_TO_KEEP = 5

MapValue = str | float
"""An array of the data file by name, or a number."""


@dataclass(frozen=True, slots=True)
class DataSpec:
    """The data that a run is fed.

    Attributes:
        file: an `.npz`, a table or a TFRecord (see `datafile`), or None where only numbers are fed.
        map: input tensor (`x` or `x:0`) -> array name or number; what is left out is guessed.
    """

    file: str | None = None
    map: Mapping[str, MapValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunSpec:
    """One run. Paths are absolute, or relative to the current folder where the caller made it so.

    Attributes:
        checkpoint: prefix, file or folder.
        out: the run's own folder, new or empty.
        steps: how many to do on top of the checkpoint's, or None: until stopped.
        save_every: steps between checkpoints, 0: only at the end.
        max_to_keep: how many of its own checkpoints stay, 0: all.
        batch_size: rows a step, or None: what the graph says, else up to 32.
        seed: of the order of the data.
        frozen: patterns, on top of the patch's.
        train_op: the graph's train operation, or the signature that is one, where it is not found out; for a graph also
            several, with commas between them, that each step runs one after another.
        loss: the tensor whose value is shown; for Keras models the name of a loss that takes the place of the file's.
        patch: a PATCH file, or what one holds; its edits are made before the run.
        folder: what relative paths in a patch that is no file are relative to.
        recipe: the Python file that builds model, optimizer and data.
        optimizer: one in place of the checkpoint's: a name, or class name and configuration as Keras has it; for a
            graph with several train operations also `train_op`, whose optimizer it takes the place of.
        learning_rate: one that takes the place of the checkpoint's.
        freeze_statistics: whether moving statistics of layers with frozen weights stay as they are, too.
        keep_best: how many checkpoints of the lowest loss stay beside the newest ones.
        on_nan: `stop`, or `continue` where a loss that is no number shall not end the run.
        reads: further files and folders that a recipe may read; its own folder and the data are.
        memory_limit: MiB that the training process may take, or None.
        workers: `host:port` of each worker of a recipe's run, first the one that writes; empty for one alone.
        worker: which of them this is.
        trust: whether the person said that this graph may run.
    """

    checkpoint: str
    out: str
    steps: int | None = None
    save_every: int = DEFAULT_SAVE_EVERY
    max_to_keep: int = DEFAULT_MAX_TO_KEEP
    batch_size: int | None = None
    seed: int = 0
    data: DataSpec | None = None
    frozen: tuple[str, ...] = ()
    patch: str | Mapping[str, Any] | None = None
    train_op: str | None = None
    loss: str | None = None
    recipe: str | None = None
    optimizer: str | Mapping[str, Any] | None = None
    learning_rate: float | None = None
    freeze_statistics: bool = False
    keep_best: int = 0
    on_nan: str = "stop"
    reads: tuple[str, ...] = ()
    memory_limit: int | None = None
    workers: tuple[str, ...] = ()
    worker: int = 0
    trust: bool = False
    folder: str = field(default="", compare=False)

    def to_json(self) -> dict[str, Any]:
        """As a SPEC file holds it; fields that say nothing are left out."""
        fields: dict[str, Any] = {"checkpoint": self.checkpoint, "out": self.out}
        if self.steps is not None:
            fields["steps"] = self.steps
        fields |= {"save_every": self.save_every, "max_to_keep": self.max_to_keep, "seed": self.seed}
        if self.batch_size is not None:
            fields["batch_size"] = self.batch_size
        if self.data is not None:
            data: dict[str, Any] = {} if self.data.file is None else {"file": self.data.file}
            fields["data"] = data | {"map": dict(self.data.map)}
        for name in ("frozen", "reads", "workers"):
            if getattr(self, name):
                fields[name] = list(getattr(self, name))
        for name in ("patch", "train_op", "loss", "recipe", "optimizer", "learning_rate", "memory_limit"):
            if getattr(self, name) is not None:
                fields[name] = getattr(self, name)
        for one in dataclasses.fields(self):
            if one.name in ("freeze_statistics", "keep_best", "on_nan", "worker"):
                value = getattr(self, one.name)
                fields |= {one.name: value} if value != one.default else {}
        return fields | {"trust": self.trust}


def load_spec(path: str) -> RunSpec:
    """Read and check a SPEC file; relative paths are relative to it.

    Raises:
        FileFault: there is no such file, or it cannot be read.
        RequestFault: it is not a SPEC; the message names the field.
    """
    return _read(read_whole(path, SPEC_BYTES)[0], Path(path).absolute().parent, path)


def read_spec(stream: BinaryIO) -> RunSpec:
    """Read and check a SPEC from a stream; relative paths are relative to the working folder.

    Raises:
        RequestFault: it is not a SPEC; the message names the field.
    """
    return _read(stream.read(SPEC_BYTES + 1), Path.cwd(), "standard input")


def _read(data: bytes, folder: Path, path: str) -> RunSpec:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RequestFault(f"The SPEC {path} is not UTF-8 text.", path=path) from error
    try:
        fields = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise RequestFault(f"The SPEC {path} is not JSON: {error}.", path=path) from error
    return parse_spec(fields, folder, path)


def parse_spec(fields: object, base: Path, path: str) -> RunSpec:
    """Check the fields of a SPEC; relative paths are relative to `base`, `path` is for messages.

    Raises:
        RequestFault: a field is unknown, missing or wrong; the message names it.
    """
    reader = _Fields(fields, path, "")
    reader.known(
        {"checkpoint", "out", "steps", "save_every", "max_to_keep", "batch_size", "seed", "data", "frozen", "patch",
         "train_op", "loss", "recipe", "optimizer", "learning_rate", "freeze_statistics", "keep_best", "on_nan",
         "reads", "memory_limit", "workers", "worker", "trust"}
    )  # fmt: skip

    def located(text: str) -> str:
        return str(base / Path(text).expanduser())

    def optional_path(name: str) -> str | None:
        return None if reader.get(name) is None else located(reader.text(name))

    steps = reader.whole("steps", 1)
    save_every = reader.whole("save_every", 0)
    max_to_keep = reader.whole("max_to_keep", 0)
    workers = _workers(reader)
    return RunSpec(
        checkpoint=located(reader.text("checkpoint")),
        out=located(reader.text("out")),
        steps=steps,
        save_every=_default_save_every(steps) if save_every is None else save_every,
        max_to_keep=DEFAULT_MAX_TO_KEEP if max_to_keep is None else max_to_keep,
        batch_size=reader.whole("batch_size", 1),
        seed=reader.whole("seed", 0) or 0,
        data=_data(reader, located),
        frozen=reader.texts("frozen"),
        patch=reader.get("patch") if isinstance(reader.get("patch"), dict) else optional_path("patch"),
        train_op=reader.optional_text("train_op"),
        loss=reader.optional_text("loss"),
        recipe=optional_path("recipe"),
        optimizer=_optimizer(reader),
        learning_rate=reader.number("learning_rate"),
        freeze_statistics=reader.flag("freeze_statistics"),
        keep_best=reader.whole("keep_best", 0) or 0,
        on_nan=reader.one_of("on_nan", ("stop", "continue")),
        memory_limit=reader.whole("memory_limit", 1),
        reads=tuple(located(path) for path in reader.texts("reads")),
        workers=workers,
        worker=_worker(reader, len(workers)),
        trust=reader.flag("trust"),
        folder=str(base),
    )


def _default_save_every(steps: int | None) -> int:
    return DEFAULT_SAVE_EVERY if steps is None else max(1, min(DEFAULT_SAVE_EVERY, steps))


def as_worker(spec: RunSpec, worker: int) -> RunSpec:
    """The specification for one of its workers. Raises RequestFault: it has no such worker."""
    if not 0 <= worker < len(spec.workers):
        has = f"workers 0 to {len(spec.workers) - 1}" if spec.workers else 'no "workers"'
        raise RequestFault(f"The SPEC has {has}, so there is no worker {worker}.")
    return dataclasses.replace(spec, worker=worker)


def _workers(reader: _Fields) -> tuple[str, ...]:
    addresses = reader.texts("workers")
    for address in addresses:
        host, _, port = address.rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 1 << 16:
            raise reader.fault("workers", "a list of host:port", addresses)
    if len(addresses) == 1 or len(set(addresses)) < len(addresses):
        raise reader.fault("workers", "two or more that differ", addresses)
    return addresses


def _worker(reader: _Fields, count: int) -> int:
    worker = reader.whole("worker", 0) or 0
    if worker >= max(1, count):
        raise reader.fault("worker", f"the number of one of {count} workers, from 0 on", worker)
    return worker


def _optimizer(reader: _Fields) -> str | Mapping[str, Any] | None:
    value = reader.get("optimizer")
    if isinstance(value, dict) and isinstance(value.get("class_name"), str):
        return value
    if value is not None and not isinstance(value, str):
        raise reader.fault("optimizer", "a name, or an object with class_name and config", value)
    return reader.optional_text("optimizer")


def _data(reader: _Fields, located: Callable[[str], str]) -> DataSpec | None:
    if reader.get("data") is None:
        return None
    part = _Fields(reader.get("data"), reader.path, "data.")
    part.known({"file", "map"})
    file = part.optional_text("file")
    mapping: dict[str, MapValue] = {}
    given = part.get("map")
    if given is not None and not isinstance(given, dict):
        raise part.fault("map", "an object that names an array or a number for each input", given)
    for name, value in (given or {}).items():
        if isinstance(value, bool):
            mapping[name] = int(value)
        elif isinstance(value, str) or (isinstance(value, int | float) and math.isfinite(value)):
            mapping[name] = value
        else:
            raise part.fault(f"map.{name}", "the name of an array or a number", value)
    if file is None and any(isinstance(value, str) for value in mapping.values()):
        raise RequestFault(
            f'The SPEC field "data.file" is missing in {part.path}, and "data.map" names arrays of it.',
            path=part.path,
        )
    return DataSpec(None if file is None else located(file), mapping)


class _Fields:
    """The fields of one JSON object, with a sentence for each that is wrong."""

    def __init__(self, fields: object, path: str, prefix: str) -> None:
        if not isinstance(fields, dict):
            what = f'SPEC field "{prefix[:-1]}"' if prefix else "SPEC"
            raise RequestFault(f"The {what} in {path} must be a JSON object.", path=path)
        self._fields = fields
        self.path = path
        self._prefix = prefix

    def fault(self, name: str, wanted: str, value: object) -> RequestFault:
        """The error for a field that has the wrong value."""
        shown = json.dumps(value)
        shown = shown if len(shown) <= 60 else shown[:57] + "..."
        return RequestFault(
            f'The SPEC field "{self._prefix}{name}" in {self.path} must be {wanted}, not {shown}.',
            path=self.path,
        )

    def known(self, names: set[str]) -> None:
        """Refuse fields that nobody would look at: a typing mistake would otherwise change the run silently."""
        for name in self._fields:
            if name not in names:
                raise RequestFault(
                    f'The SPEC field "{self._prefix}{name}" in {self.path} is not known; '
                    f"known are {', '.join(sorted(names))}.",
                    path=self.path,
                )

    def get(self, name: str) -> Any:
        """The raw value, None where it is missing."""
        return self._fields.get(name)

    def text(self, name: str) -> str:
        """A text that must be there."""
        if name not in self._fields:
            raise RequestFault(
                f'The SPEC field "{self._prefix}{name}" is missing in {self.path}.', path=self.path
            )
        value = self.get(name)
        if not isinstance(value, str) or not value or "\0" in value or not _can_name(value):
            raise self.fault(name, "a text", value)
        return value

    def optional_text(self, name: str) -> str | None:
        """A text or None."""
        return None if self.get(name) is None else self.text(name)

    def whole(self, name: str, least: int) -> int | None:
        """A whole number of at least `least`, or None."""
        value = self.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 1 << 63:
            raise self.fault(name, f"a whole number of at least {least}", value)
        return value

    def number(self, name: str) -> float | None:
        """A finite number, or None."""
        value = self.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self.fault(name, "a number", value)
        return float(value)

    def one_of(self, name: str, words: tuple[str, ...]) -> str:
        """One of some words, the first where it is missing."""
        value = self.get(name)
        if value is not None and value not in words:
            raise self.fault(name, f"one of {', '.join(words)}", value)
        return words[0] if value is None else str(value)

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts, empty where it is missing."""
        value = self.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            raise self.fault(name, "a list of patterns", value)
        return tuple(value)

    def flag(self, name: str) -> bool:
        """True or false, false where it is missing."""
        value = self.get(name)
        if value is not None and not isinstance(value, bool):
            raise self.fault(name, "true or false", value)
        return bool(value)


def _can_name(text: str) -> bool:
    """Whether a text could be a path or a name: JSON can hold halves of surrogate pairs, files cannot."""
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return False
    return True


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in pairs:
        if name in fields:
            raise ValueError(f"the field {name!r} is there twice")
        fields[name] = value
    return fields


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is not a JSON number")
