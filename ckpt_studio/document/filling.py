"""What stands in the part of a variable that another value is too short for: zeros, its own values, an initializer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, get_args

from ckpt_studio.core.errors import RequestFault
from ckpt_studio.document.values.base import Values, Want
from ckpt_studio.document.values.made import Initialised, Initializer, InitializerName

OWN: Final = "own"


@dataclass(frozen=True, slots=True)
class Filling:
    """How a value of another shape is made to fit: it is cropped where it is too long, and filled up with this.

    Attributes:
        initializer: what fills it up, or None for the values that the variable had.
    """

    initializer: Initializer | None

    @property
    def own(self) -> bool:
        """Whether it is filled up with the values that the variable had."""
        return self.initializer is None

    @property
    def words(self) -> str:
        """What it is filled up with, for a person."""
        return "its own values" if self.initializer is None else self.initializer.name

    def values(self, want: Want, below: Values) -> Values:
        """Values of the shape and type that is wanted."""
        return below if self.initializer is None else Initialised(want, self.initializer, want.was)

    def to_json(self) -> dict[str, Any]:
        """The fields of a PATCH."""
        if self.initializer is None:
            return {"resize": OWN}
        seed = {"seed": self.initializer.seed} if self.initializer.is_random else {}
        return {"resize": self.initializer.name, **seed}

    @classmethod
    def of_json(cls, operation: dict[str, Any]) -> Filling | None:
        """What `to_json` gave; None where it says nothing.

        Raises:
            RequestFault: there is no such filling.
        """
        name = operation.get("resize")
        if name is None:
            return None
        if name == OWN:
            return cls(None)
        if name not in get_args(InitializerName) or name in ("orthogonal", "identity"):
            raise RequestFault(
                f"{name!r} is nothing to fill up with; choose {OWN!r}, 'zeros' or another initializer."
            )
        return cls(Initializer(name, int(operation.get("seed", 0))))
