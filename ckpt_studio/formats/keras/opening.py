"""Opens a file of Keras, whichever it is, and finds out what its variables are."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from ckpt_studio.core.errors import FileFault
from ckpt_studio.formats.files import FileReader, read_whole, said, settle, step_of
from ckpt_studio.formats.keras.checkpoint import (
    Contents,
    Held,
    KerasArchive,
    KerasFile,
    KerasH5,
    KerasWeights,
)
from ckpt_studio.formats.keras.config import Layer, Optimizer, layer_of, optimizer_of, parse
from ckpt_studio.formats.keras.facts import Facts
from ckpt_studio.formats.keras.hdf5.image import Image, stored_end
from ckpt_studio.formats.keras.hdf5.listing import Attribute, Listing
from ckpt_studio.formats.keras.hdf5.process import Hdf5
from ckpt_studio.formats.keras.legacy import WEIGHTS, LegacyFile, is_legacy
from ckpt_studio.formats.keras.names import stem_of
from ckpt_studio.formats.keras.object_tree import VARS, ObjectTree
from ckpt_studio.formats.keras.zipped import CONFIG, METADATA, open_zipped
from ckpt_studio.formats.keras.zipped import WEIGHTS as MEMBER

_MOST_TEXT: Final = 64 << 20


def open_file(path: str) -> KerasFile:
    """Open an archive or an HDF5 file, by its content; a file that is being written is waited for a moment.

    Raises:
        FileFault: it cannot be read.
    """
    return settle(path, lambda: _open(path))


def _open(path: str) -> KerasFile:
    with FileReader(path) as file:
        is_hdf5 = stored_end(file) is not None
    if not is_hdf5:
        return _open_archive(path)
    hdf5 = Hdf5(Image.of_file(path))
    listing = hdf5.listing()
    held = {key: Held(hdf5, dataset) for key, dataset in listing.datasets.items()}
    if is_legacy(listing):
        return KerasH5(path, _legacy(path, listing, held))
    if is_object_tree(listing.datasets, listing.groups):
        model, optimizer = _beside(path)
        tree = ObjectTree(listing.datasets, listing.groups, model, optimizer)
        return KerasWeights(
            path, contents_of(path, held, tree.facts, tree.iteration, listing.notes, listing.groups)
        )
    note = f"{said(path)} is an HDF5 file that Keras did not write; its datasets are shown as they are."
    notes = listing.notes if listing.is_cut or _is_oldest(listing) else [*listing.notes, note]
    return KerasH5(path, contents_of(path, held, None, None, notes, listing.groups))


def _open_archive(path: str) -> KerasFile:
    zipped = open_zipped(path)
    hdf5 = Hdf5(zipped.image)
    listing = hdf5.listing()
    config = parse(zipped.config)
    held = {key: Held(hdf5, dataset) for key, dataset in listing.datasets.items()}
    tree = ObjectTree(listing.datasets, listing.groups, layer_of(config), _compiled(config))
    notes = [*zipped.notes, *listing.notes]
    if zipped.config is None and not zipped.notes:
        notes.append(f"{said(path)} has no {CONFIG}, so names are those that the weights have.")
    contents = contents_of(path, held, tree.facts, tree.iteration, notes, listing.groups)
    contents.zipped = zipped
    return KerasArchive(path, contents)


def is_object_tree(datasets: Mapping[str, object], groups: Mapping[str, object]) -> bool:
    """Whether a file has objects as Keras 3 writes them."""
    return VARS in groups or any(f"/{VARS}/" in f"/{path}" for path in datasets)


def _is_oldest(listing: Listing) -> bool:
    """Whether these are the numbered layers and parameters of Keras before 1.0."""
    return "layer_0" in listing.groups and any(path.startswith("layer_0/param_") for path in listing.datasets)


def _legacy(path: str, listing: Listing, held: Mapping[str, Held]) -> Contents:
    model = layer_of(parse(listing.text("", "model_config")))
    training = parse(listing.text("", "training_config"))
    optimizer = optimizer_of(training.get("optimizer_config"))
    file = LegacyFile(listing, model, optimizer)
    notes = list(listing.notes)
    if model is None and listing.text("", "model_config") is not None:
        notes.append(f"The configuration of the model in {said(path)} cannot be understood.")
    elif WEIGHTS in listing.groups and model is None:
        notes.append(
            f"{said(path)} has no configuration of the model; names are those that the weights have."
        )
    return contents_of(path, held, file.facts, file.iteration, notes, listing.groups)


def _compiled(config: Mapping[str, Any]) -> Optimizer | None:
    """The optimizer that a model was compiled with."""
    found = config.get("compile_config")
    return optimizer_of(found.get("optimizer")) if isinstance(found, dict) else None


def _beside(path: str) -> tuple[Layer | None, Optimizer | None]:
    """The configuration beside weights that Keras wrote into a folder instead of an archive."""
    folder, name = os.path.split(path)
    if name != MEMBER or not os.path.isfile(os.path.join(folder, METADATA)):
        return None, None
    with suppress(FileFault, UnicodeDecodeError):
        data, _ = read_whole(os.path.join(folder, CONFIG), _MOST_TEXT)
        config = parse(data.decode("utf-8"))
        return layer_of(config), _compiled(config)
    return None, None


def contents_of(
    path: str,
    held: Mapping[str, Held],
    facts: Mapping[str, Facts] | None,
    iteration: str | None,
    notes: list[str],
    groups: Mapping[str, Mapping[str, Attribute]],
) -> Contents:
    """What is known of a file; its step is the one in its name, or the number of the optimizer's iterations."""
    contents = Contents(held, facts, step_of(stem_of(path)), notes, (path,), groups=groups)
    if contents.step is None and iteration is not None:
        dataset = held[iteration].dataset
        if dataset.fault is None and dataset.shape == () and dataset.offset is not None:
            with suppress(FileFault):
                step = int(KerasH5(path, contents).read(iteration))
                contents.step = step if step >= 0 else None
    return contents
