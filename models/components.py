"""What a head is blended from: anything that gives log-odds which its contributions add up to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, runtime_checkable

from crm.errors import AccordError
from models.arrays import Matrix, Vector
from models.boosted import Boosted
from models.linear import Linear


@runtime_checkable
class Component(Protocol):
    """A fitted, immutable model of one head.

    For every ``x: float64[n, k]`` the contributions of a row and ``base`` add up to its log-odds within 1e-9, and
    neither depends on the other rows of the call, to the last bit.
    """

    KIND: ClassVar[str]

    @property
    def base(self) -> float:
        """The log-odds of a lead about whom every feature says what it says on average."""
        ...

    def log_odds(self, x: Matrix) -> Vector:
        """``[n, k]`` to ``[n]``."""
        ...

    def contributions(self, x: Matrix) -> tuple[Matrix, float]:
        """``[n, k]`` to ``[n, k]`` and the base: what each feature adds to the base."""
        ...

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values with ``kind``, from which `component_of` makes an equal component."""
        ...


_KINDS: dict[str, type[Linear | Boosted]] = {kind.KIND: kind for kind in (Linear, Boosted)}


def component_of(document: Mapping[str, Any]) -> Component:
    """The component that `Component.to_json` described."""
    kind = document.get("kind")
    if kind not in _KINDS:
        raise AccordError(
            "This kind of component is not known.",
            got=kind,
            expected=f"one of {', '.join(sorted(_KINDS))}",
            remedy="The scorer was made by a newer Accord, or its files were changed: train again with this one.",
        )
    return _KINDS[kind].from_json(document)
