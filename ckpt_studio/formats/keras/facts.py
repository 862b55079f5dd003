"""What is found out about one variable besides what HDF5 says: its name, what it is for, whether it is trained."""

from __future__ import annotations

from dataclasses import dataclass

from ckpt_studio.core.tensors import Role


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
    """

    name: str | None = None
    role: Role = Role.weight
    by_config: bool = False
    trainable: bool | None = None
    slot_of: str | None = None
    slot_name: str | None = None
