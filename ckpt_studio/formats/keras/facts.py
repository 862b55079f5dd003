"""What is found out about one variable besides what HDF5 says: its name, what it is for, whether it is trained."""

from __future__ import annotations

from dataclasses import dataclass

from ckpt_studio.core.tensors import Role
from ckpt_studio.formats.keras.config import Layer


@dataclass(slots=True)
class Facts:
    """One variable.

    Attributes:
        name: what a person calls it, or None where only its path is certain.
        role: what it is for.
        by_config: whether the model's configuration told its role.
        trainable: None when nothing says.
        slot_of: path of the weight that this optimizer slot belongs to.
        slot_name: what kind of slot it is.
        layers: the model and the layers of the configuration that it is in, the outermost first.
        keeper: the layer that keeps it itself, or None where that has no part of the configuration.
    """

    name: str | None = None
    role: Role = Role.weight
    by_config: bool = False
    trainable: bool | None = None
    slot_of: str | None = None
    slot_name: str | None = None
    layers: tuple[Layer, ...] = ()
    keeper: Layer | None = None
