"""Names and roles in a whole-model or weights file of Keras 1 and 2, tf.keras, and Keras 3 when it is asked for `.h5`.

    [model_weights]   attribute layer_names: the layers in order        (at the root in a file of weights only)
      dense_1         attribute weight_names: its weights in order, those that are trained first
        dense_1/kernel:0             Keras 2 and tf.keras       dense_1/dense_1_W     Keras 1
        sequential/dense_1/kernel    Keras 3
      top_level_model_weights        what a model keeps itself
    optimizer_weights attribute weight_names
        Adam/dense_1/kernel/m:0, training/Adam/dense_1/kernel/m:0, Adam/m/dense_1/kernel:0, adam/dense_1_kernel_momentum
        Adam/Variable_3:0, param_3: of no name, in the order of the weights

Lists of names that are too long for one attribute are cut into `layer_names0`, `layer_names1`, ...
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ckpt_studio.core.tensors import Role
from ckpt_studio.formats.keras.config import Layer, Optimizer
from ckpt_studio.formats.keras.facts import Facts
from ckpt_studio.formats.keras.hdf5.listing import Listing
from ckpt_studio.formats.keras.layers import VARIABLES, is_known
from ckpt_studio.formats.keras.legacy_order import meaning_of_nameless
from ckpt_studio.formats.keras.order import Block
from ckpt_studio.formats.roles.by_name import Kind as Hinted
from ckpt_studio.formats.roles.by_name import hint_of

WEIGHTS: Final = "model_weights"
OPTIMIZER: Final = "optimizer_weights"
_TOP: Final = "top_level_model_weights"
_LAYERS: Final = "layer_names"
_NAMES: Final = "weight_names"
_OUTPUT: Final = re.compile(r":\d+$")
_NAMELESS: Final = re.compile(r"(^|/)(Variable|param)(_\d+)?$")
_MOST_SCOPES: Final = 6
_MOST_WORDS: Final = 4
_NEVER_TRAINED: Final = frozenset(v.name for own in VARIABLES.values() for v in own if not v.trainable)
_TRAINED: Final = frozenset(v.name for own in VARIABLES.values() for v in own if v.trainable)


def is_legacy(listing: Listing) -> bool:
    """Whether a file has lists of layers as these have."""
    return any(listing.names(path, _LAYERS) is not None for path in ("", WEIGHTS))


@dataclass(frozen=True, slots=True)
class _Weight:
    """One weight: its full name in the file, without the number of its output."""

    path: str
    full_name: str


class LegacyFile:
    """One file.

    Args:
        listing: what it holds.
        model: the model of its configuration, or None.
        optimizer: its optimizer, or None.

    Attributes:
        facts: by path.
        iteration: path of the optimizer's counter of steps, or None.
    """

    def __init__(self, listing: Listing, model: Layer | None, optimizer: Optimizer | None) -> None:
        self._listing = listing
        self._datasets = listing.datasets
        self._model = model
        self.facts = {path: Facts() for path in listing.datasets}
        self.iteration: str | None = None
        self._by_name: dict[str, list[str]] = {}
        self._by_flat_name: dict[str, list[str]] = {}
        self._strict: list[Block] = []
        self._loose: list[Block] = []
        base = WEIGHTS if listing.names(WEIGHTS, _LAYERS) is not None else ""
        for layer in listing.names(base, _LAYERS) or ():
            self._layer(_joined(base, layer), layer)
        self._layer(_joined(base, _TOP), "")
        self._slots(optimizer)

    def _weights(self, path: str) -> list[_Weight]:
        """The weights of a group, in order, as far as they are there."""
        found = []
        for name in self._listing.names(path, _NAMES) or ():
            key = _joined(path, name)
            if key in self._datasets:
                found.append(_Weight(key, _OUTPUT.sub("", name)))
        return found

    def _layer(self, path: str, name: str) -> None:
        told = self._told(name)
        weights = self._weights(path)
        for weight in weights:
            facts = self.facts[weight.path]
            facts.name = self._said(weight.full_name, name)
            self._by_name.setdefault(weight.full_name, []).append(weight.path)
            self._by_flat_name.setdefault(weight.full_name.replace("/", "_"), []).append(weight.path)
            last = facts.name.rpartition("/")[2]
            hint = hint_of(last.encode("utf-8", "surrogateescape"))
            if last in _NEVER_TRAINED or (hint is not None and hint.kind is Hinted.statistic):
                facts.role = Role.counter if "seed" in last else Role.statistic
            keeper = _keeper(told, facts.name)
            known = keeper is not None and keeper.is_own and (last in _TRAINED or last in _NEVER_TRAINED)
            facts.by_config = known
            facts.layers, facts.keeper = self._layers(told, facts.name)
            facts.trainable = self._is_trained(facts, known)
        paths = [weight.path for weight in weights]
        trained = [key for key in paths if self.facts[key].role == Role.weight]
        sure = [key for key in trained if self.facts[key].trainable is not False]
        self._strict.append(Block((tuple(sure),)))
        self._loose.append(Block((tuple(trained), ())))

    def _layers(self, told: Layer | None, name: str) -> tuple[tuple[Layer, ...], Layer | None]:
        """The model and the layers that a variable is in, as far as its name says it; and the one that keeps it."""
        if told is None or self._model is None:
            return (), None
        found = [self._model, told]
        known = True
        for part in name.split("/")[1:-1]:
            inner = [layer for layer in found[-1].children() if layer.name == part]
            known &= bool(inner)
            found += inner[:1]
        while known and found[-1].is_own and found[-1].kind not in VARIABLES and is_known(found[-1].kind):
            inner = list(found[-1].children())  # a wrapper, which the name does not tell
            known = len(inner) == 1
            found += inner if known else []
        return tuple(found), found[-1] if known else None

    def _is_trained(self, facts: Facts, known: bool) -> bool | None:
        if not facts.layers:
            return None
        if any(layer.trainable is False for layer in facts.layers) or facts.role != Role.weight:
            return False
        return True if known else None

    def _told(self, name: str) -> Layer | None:
        """The part of the configuration about a layer."""
        layers = self._model.layers if self._model is not None else None
        return next((layer for layer in layers or () if layer.name == name), None) if name else None

    def _said(self, full_name: str, layer: str) -> str:
        """What a person calls a weight: name of the layer, names inside it, name of the variable."""
        model = self._model.name if self._model is not None else ""
        if model and full_name.startswith(f"{model}/") and (not layer or f"/{layer}/" in full_name):
            full_name = full_name[len(model) + 1 :]
        if not layer:
            return full_name
        at = f"/{full_name}".find(f"/{layer}/")
        if at >= 0:
            return full_name[at:]
        return f"{layer}/{full_name.removeprefix(layer + '_')}"

    def _slots(self, optimizer: Optimizer | None) -> None:
        weights = self._weights(OPTIMIZER)
        for path in self._datasets:
            if path.startswith(f"{OPTIMIZER}/"):
                self.facts[path].role = Role.metadata
        for weight in weights:
            self._slot(weight)
        nameless = [weight.path for weight in weights if _NAMELESS.search(weight.full_name)]
        if nameless and optimizer is not None:
            own = [weight.path for weight in weights]
            for key, slot_of, slot_name in meaning_of_nameless(
                optimizer.kind, own, self._strict, self._loose, self._datasets
            ):
                self._note(key, slot_of, slot_name)

    def _slot(self, weight: _Weight) -> None:
        facts = self.facts[weight.path]
        facts.name = weight.full_name
        if self._model is not None:
            facts.trainable = False
        dataset = self._datasets[weight.path]
        last = weight.full_name.rpartition("/")[2]
        hint = hint_of(last.encode("utf-8", "surrogateescape"))
        if dataset.shape == () and hint is not None and hint.kind is Hinted.counter:
            facts.role = Role.counter
            if self.iteration is None and last.startswith("iter"):
                self.iteration = weight.path
            return
        for slot_name, found in self._ways(weight.full_name):
            fitting = [key for key in found if self._datasets[key].shape == dataset.shape]
            if fitting:
                if len(fitting) == 1:
                    self._note(weight.path, fitting[0], slot_name)
                return

    def _ways(self, full_name: str) -> Iterator[tuple[str, list[str]]]:
        """Slot name and weights that a slot's name may mean, likeliest first."""
        rest = full_name
        for _ in range(_MOST_SCOPES):
            _, _, rest = rest.partition("/")
            if not rest:
                break
            base, _, last = rest.rpartition("/")
            if base in self._by_name:
                yield last, self._by_name[base]
            first, _, base = rest.partition("/")
            if base in self._by_name:
                yield first, self._by_name[base]
        last = full_name.rpartition("/")[2]
        cut = len(last)
        for _ in range(_MOST_WORDS):
            cut = last.rfind("_", 0, cut)
            if cut < 0:
                break
            if last[:cut] in self._by_flat_name:
                yield last[cut + 1 :], self._by_flat_name[last[:cut]]
        first, _, base = full_name.partition("/")  # an optimizer that another one wraps gives no scope
        if base in self._by_name:
            yield first, self._by_name[base]

    def _note(self, path: str, weight: str, name: str) -> None:
        facts = self.facts[path]
        facts.role, facts.slot_of, facts.slot_name = Role.slot, weight, name


def _keeper(told: Layer | None, name: str) -> Layer | None:
    """The layer that keeps a variable: one inside a layer or model, where the name says so."""
    parts = name.split("/")
    inside = parts[-2] if len(parts) > 2 else ""
    return None if told is None else next((inner for inner in told.walk() if inner.name == inside), told)


def _joined(path: str, name: str) -> str:
    return "/".join(part for part in (*path.split("/"), *name.split("/")) if part)
