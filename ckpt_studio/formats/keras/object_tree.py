"""Names and roles in a file that Keras 3 wrote (and tf.keras since 2.12): objects are groups, variables are numbered.

    layers/dense_1/vars/0              the second Dense of the model's layers, whatever its own name is
    layers/sequential/layers/dense/..  a model inside the model
    encoder/vars/0                     an attribute of a model that is a class of somebody's own
    blocks/dense, blocks/container/..  lists of layers
    optimizer/vars/2                   see `optimizer`
    .../vars                           newer files: its attribute `name` is the object's own name

Names come from that attribute and from the configuration, and what a layer's numbered variables are from its class;
what is not certain keeps its path as its name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ckpt_studio.core.tensors import Role
from ckpt_studio.formats.keras.config import Layer, Optimizer
from ckpt_studio.formats.keras.facts import Facts
from ckpt_studio.formats.keras.hdf5.listing import Attribute, Dataset
from ckpt_studio.formats.keras.layers import (
    Variable,
    inner_layers,
    is_known,
    variables_of,
    without_number,
)
from ckpt_studio.formats.keras.optimizer import Kind, Place, Weights, meaning_of
from ckpt_studio.formats.keras.order import Block, Chain
from ckpt_studio.formats.roles.by_name import Kind as Hinted
from ckpt_studio.formats.roles.by_name import hint_of

VARS: Final = "vars"
OPTIMIZER: Final = "optimizer"
_DOUBLED: Final = "_layer_checkpoint_dependencies"
_LISTS: Final = ("layers", "cells", _DOUBLED)
_INNER: Final = "inner_optimizer"
_METRICS: Final = re.compile(r"(?i)metric|tracker")


@dataclass(slots=True)
class _Group:
    """One group: the groups in it, and the variables in its `vars`, numbered or named."""

    groups: dict[str, _Group] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    is_object: bool = False

    def numbered(self) -> list[str]:
        """Paths of the numbered variables in order; empty where numbers are missing."""
        found = [self.variables.get(str(number)) for number in range(len(self.variables))]
        return [path for path in found if path is not None] if None not in found else []


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of an object before it is looked at.

    Attributes:
        kind: its class in snake case, empty where it is not known.
        layer: its part of the configuration.
        name: the names of the models and layers that it is in, and its own; None where one of them is not certain.
        live: whether it is trained; None where nothing says.
        layers: the parts of the configuration that it is in, and its own, the outermost first.
    """

    kind: str
    layer: Layer | None
    name: tuple[str, ...] | None
    live: bool | None
    layers: tuple[Layer, ...]


@dataclass(slots=True)
class _Trained:
    """The blocks of weights inside an object: those whose order is known, and others."""

    ordered: list[tuple[Block, Block]] = field(default_factory=list)
    free: list[list[tuple[Block, Block]]] = field(default_factory=list)

    def append(self, other: _Trained) -> None:
        """What comes next in the order."""
        self.ordered += other.ordered
        self.free += other.free

    def beside(self, other: _Trained) -> None:
        """What comes somewhere."""
        self.free += [other.ordered, *other.free]

    def chains(self, which: int) -> list[Chain]:
        """All chains: 0 as the configuration says, 1 without believing what it says of frozen layers."""
        return [[pair[which] for pair in chain] for chain in (self.ordered, *self.free) if chain]


class ObjectTree:
    """One file.

    Args:
        datasets: by path.
        groups: the attributes of each group.
        model: the model of the configuration, or None.
        optimizer: its optimizer, or None.

    Attributes:
        facts: by path.
        iteration: path of the optimizer's counter of steps, or None.
    """

    def __init__(
        self,
        datasets: Mapping[str, Dataset],
        groups: Mapping[str, Mapping[str, Attribute]],
        model: Layer | None,
        optimizer: Optimizer | None,
    ) -> None:
        self._datasets = datasets
        self._names = groups
        self.facts = {path: Facts() for path in datasets}
        self.iteration: str | None = None
        root = self._grouped(groups)
        self._optimizers: list[tuple[_Group, str]] = []
        told = None if model is None else model.trainable is not False
        trained = self._object(root, "", _Known("", model, (), told, () if model is None else (model,)))
        kinds = {path: self._kind(path) for path in datasets}
        weights = Weights(trained.chains(0), trained.chains(1), kinds)
        for group, path in self._optimizers:
            self._optimizer(group, path, optimizer if path == OPTIMIZER else None, weights)

    def _grouped(self, groups: Mapping[str, object]) -> _Group:
        root = _Group(is_object=True)
        for path in groups:
            self._group_at(root, path.split("/") if path else [])
        for path in self._datasets:
            *above, name = path.split("/")
            if above and above[-1] == VARS:
                self._group_at(root, above).variables[name] = path
        return root

    def _group_at(self, root: _Group, parts: list[str]) -> _Group:
        group = root
        for part in parts:
            if part == VARS:
                group.is_object = True
                break
            group = group.groups.setdefault(part, _Group())
        return group

    def _own_name(self, path: str) -> str | None:
        """The name that the file itself gives an object."""
        name = self._names.get(f"{path}/{VARS}" if path else VARS, {}).get("name")
        return name if isinstance(name, str) and name else None

    def _kind(self, path: str) -> Kind:
        dataset = self._datasets[path]
        return dataset.shape, dataset.dtype.name

    def _object(self, group: _Group, path: str, known: _Known) -> _Trained:
        """Note what an object keeps, and what the objects in it keep."""
        trained = self._variables(group, known)
        inner = inner_layers(known.kind)
        done = set()
        for name, each in inner.items():
            if name in group.groups:
                done.add(name)
                layer = None if known.layer is None else known.layer.inner(each)
                told = self._own_name(f"{path}/{name}") or ""
                guess = without_number(told.removeprefix(each.prefix)) if layer is None else ""
                kind = each.kind or (layer.kind if layer is not None and layer.is_own else guess)
                own = told or (layer.name if layer else "") or each.name
                trained.append(self._inside(group.groups[name], f"{path}/{name}", known, kind, layer, own))
        for name, sub in group.groups.items():
            if name in done:
                continue
            below = f"{path}/{name}" if path else name
            if name.endswith(OPTIMIZER):
                self._optimizers.append((sub, below))
            elif _METRICS.search(name):
                self._metrics(sub, below)
            elif known.layer is not None and known.layer.layers is not None and name in _LISTS:
                trained.append(self._listed(sub, below, known, known.layer.layers))
            else:
                trained.beside(self._attribute(sub, below, known, self._own_name(below) or ""))
        return trained

    def _listed(self, group: _Group, path: str, known: _Known, layers: tuple[Layer, ...]) -> _Trained:
        """The layers of a model, which the configuration lists in the same order."""
        doubled = path.rpartition("/")[2] == _DOUBLED
        by_group = _numbered(layers, doubled)
        for name in group.groups:
            own = self._own_name(f"{path}/{name}")
            if name not in by_group or (own and own != (by_group[name].name or own)):
                return self._container(group, path, known)  # not the layers of this configuration
        trained = _Trained()
        for name, layer in by_group.items():
            if name in group.groups:
                kind = layer.kind if layer.is_own else ""
                sub = f"{path}/{name}"
                own = layer.name or self._own_name(sub) or ""  # a class of somebody's own may not tell it
                trained.append(self._inside(group.groups[name], sub, known, kind, layer, own))
        return trained

    def _attribute(self, group: _Group, path: str, known: _Known, name: str) -> _Trained:
        """An object whose class nothing tells but the name that Keras gave it; or a list of objects."""
        kind = without_number(name)
        if not group.is_object and not is_known(kind):
            return self._container(group, path, known)
        return self._inside(group, path, known, kind, None, name)

    def _container(self, group: _Group, path: str, known: _Known) -> _Trained:
        """A list of objects, whose groups are named by their classes and numbered in the order of the list."""
        trained, by_class = _Trained(), dict[str, _Trained]()
        for name, sub in sorted(group.groups.items(), key=lambda pair: (len(pair[0]), pair[0])):
            below = f"{path}/{name}"
            kind = without_number(name)
            if not sub.is_object and not is_known(kind):
                trained.beside(self._container(sub, below, known))
            else:
                own = self._own_name(below) or ""
                same = by_class.setdefault(kind, _Trained())
                same.append(self._inside(sub, below, known, kind, None, own))
        for same in by_class.values():
            trained.beside(same)
        return trained

    def _inside(
        self, group: _Group, path: str, outer: _Known, kind: str, layer: Layer | None, name: str
    ) -> _Trained:
        """An object inside another one."""
        names = None if outer.name is None or not name else (*outer.name, name)
        live = outer.live
        if layer is None and outer.live is not False:
            live = None
        elif layer is not None and layer.trainable is False:
            live = False
        layers = outer.layers if layer is None else (*outer.layers, layer)
        return self._object(group, path, _Known(kind, layer, names, live, layers))

    def _metrics(self, group: _Group, path: str) -> None:
        for key in group.variables.values():
            self.facts[key].role = Role.statistic
        for name, sub in group.groups.items():
            self._metrics(sub, f"{path}/{name}")

    def _variables(self, group: _Group, known: _Known) -> _Trained:
        """Note what an object keeps itself."""
        paths = group.numbered()
        if not paths:
            for name, path in group.variables.items():
                self._named(path, name, known)
            free = tuple(group.variables.values())
            return _Trained(free=[[(block, block)] for block in map(_loose, free)]) if free else _Trained()
        shapes = [self._datasets[path].shape for path in paths]
        dtypes = [self._datasets[path].dtype for path in paths]
        config = None if known.layer is None else known.layer.config
        told = variables_of(known.kind, config, shapes, dtypes)
        for number, (path, variable) in enumerate(zip(paths, told, strict=True)):
            self._note(path, number, variable, known)
        return _Trained([(_block(paths, told, known.live), _block(paths, told, None))])

    def _note(self, path: str, number: int, variable: Variable | None, known: _Known) -> None:
        facts = self.facts[path]
        facts.layers, facts.keeper = known.layers, known.layer
        facts.by_config = known.layer is not None and variable is not None
        if known.name is None:
            facts.name = None if variable is None else f"{path[: path.rfind(VARS)]}{variable.name}"
        elif known.name or variable is not None:
            facts.name = "/".join((*known.name, variable.name if variable else str(number)))
        if known.live is False:
            facts.trainable = False
        elif known.live and variable is not None:
            facts.trainable = variable.trainable
        if variable is not None:
            facts.role = variable.role

    def _named(self, path: str, name: str, known: _Known) -> None:
        """A variable that a layer of somebody's own keeps under a name."""
        facts = self.facts[path]
        facts.layers, facts.keeper = known.layers, known.layer
        if known.name is not None:
            facts.name = "/".join((*known.name, name))
        if known.live is False:
            facts.trainable = False
        hint = hint_of(name.encode("utf-8", "surrogateescape"))
        if hint is not None and hint.kind is Hinted.statistic:
            facts.role = Role.statistic

    def _optimizer(self, group: _Group, path: str, told: Optimizer | None, weights: Weights) -> None:
        own = self._own_name(path)
        inside = group.groups.get(_INNER)
        optimizer = told or self._guessed(own, path, inside)
        paths = group.numbered()
        found = [self._kind(key) for key in paths]
        meaning = meaning_of(optimizer or Optimizer("", ""), found, weights)
        if meaning is None:
            starts = found[:1] and found[0][0] == () and found[0][1].startswith("int")
            meaning = [Place("iteration" if starts and not number else None) for number in range(len(paths))]
        name = own or (optimizer.name if optimizer else None)
        for key in group.variables.values():
            self.facts[key].role = Role.metadata
        for key, place in zip(paths, meaning, strict=True):
            self._slot(key, place, name, told is not None)
        if path == OPTIMIZER and meaning and meaning[0].name == "iteration":
            self.iteration = paths[0]
        if inside is not None:
            inner = None if told is None else told.inner()
            self._optimizer(inside, f"{path}/{_INNER}", inner, weights)

    def _guessed(self, own: str | None, path: str, inside: _Group | None) -> Optimizer | None:
        """The class of an optimizer without a configuration, from the name that Keras gave it."""
        if own is None:
            return None
        inner = self._own_name(f"{path}/{_INNER}") if inside is not None else None
        config = None if inner is None else {_INNER: without_number(inner)}
        return Optimizer(without_number(own), own, config)

    def _slot(self, key: str, place: Place, optimizer: str | None, by_config: bool) -> None:
        facts = self.facts[key]
        facts.by_config = by_config and place.name is not None
        if by_config:
            facts.trainable = False
        keeper = f"{optimizer}/{place.owner}" if optimizer is not None and place.owner else optimizer
        if place.weight is not None:
            facts.role, facts.slot_of, facts.slot_name = Role.slot, place.weight, place.name
            weight = self.facts[place.weight].name
            if weight is not None and keeper is not None and place.name is not None:
                facts.name = f"{keeper}/{weight.replace('/', '_')}_{place.name}"
        elif place.name is not None:
            counts = place.name in ("iteration", "step_counter", "u_product")
            facts.role = Role.counter if counts else Role.metadata
            if keeper is not None:
                facts.name = f"{keeper}/{place.name}"
        elif self._datasets[key].shape:
            facts.role = Role.slot  # of a weight that cannot be told: an optimizer's own are single numbers


def _numbered(layers: tuple[Layer, ...], doubled: bool) -> dict[str, Layer]:
    """The layers of a model by the names of their groups: by class, numbered where there are several.

    tf.keras 2.12 lists a layer that has weights twice.
    """
    used: dict[str, int] = {}
    found = {}
    for layer in layers:
        number = used.get(layer.kind, -1) + 1
        used[layer.kind] = number + 1 if doubled else number
        found[f"{layer.kind}_{number}" if number else layer.kind] = layer
    return found


def _loose(path: str) -> Block:
    return Block(((path,), ()))


def _block(paths: list[str], told: list[Variable | None], live: bool | None) -> Block:
    """What an object may have to train of its own variables."""
    if live is False:
        return Block(((),))
    if all(variable is not None for variable in told):
        own = tuple(
            path for path, v in zip(paths, told, strict=True) if v is not None and v.trainable and not v.again
        )
        return Block((own,) if live else (own, ()))
    most = next((i for i, v in enumerate(told) if v is not None and not v.trainable), len(paths))
    return Block(tuple(tuple(paths[:count]) for count in range(most, -1, -1)))  # what is trained stands first
