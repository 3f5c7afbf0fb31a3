"""The collection of built-in activations, and how to find one by name or alias."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from actcli.activation import Activation
from actcli.errors import UsageError
from actcli.functions import (
    distributions,
    exponential,
    gates,
    gelus,
    hard_gates,
    logarithmic,
    periodic,
    rectifiers,
    reductions,
    self_gated,
    shrinks,
    sigmoids,
    softmaxes,
    softpluses,
    steps,
    tanhs,
)  # fmt: skip

_FAMILIES = (
    steps, sigmoids, distributions, rectifiers, hard_gates, exponential, softpluses, logarithmic, tanhs,
    self_gated, gelus, shrinks, periodic, softmaxes, reductions, gates,
)  # fmt: skip
ACTIVATIONS: tuple[Activation, ...] = tuple(
    each for family in _FAMILIES for each in vars(family).values() if isinstance(each, Activation)
)


def key(name: str) -> str:
    """Return a name without case, `-` and `_`, for comparison."""
    return name.casefold().replace("-", "").replace("_", "").strip()


def nearest(name: str, keys: Iterable[str]) -> list[str]:
    """Return the keys closest to a mistyped name, the best first."""
    import difflib

    return difflib.get_close_matches(key(name), [*keys], n=3)


def index(activations: Iterable[Activation], known: Mapping[str, Activation] = {}) -> dict[str, Activation]:
    """Return `known` extended by the keys of all names and aliases. Raises ValueError if a name is taken."""
    found = dict(known)
    for activation in activations:
        for name in activation.names:
            if found.setdefault(key(name), activation) is not activation:
                raise ValueError(f"{name!r} is already a name of {found[key(name)].name}")
    return found


@dataclass(frozen=True, eq=False, repr=False)
class Collection:
    """Activations, and an index of their names."""

    activations: tuple[Activation, ...]
    index: Mapping[str, Activation]

    @classmethod
    def of(cls, activations: tuple[Activation, ...]) -> Collection:
        return cls(activations, index(activations))

    def get(self, name: str) -> Activation | None:
        return self.index.get(key(name))

    def plus(self, *more: Activation) -> Collection:
        """Add activations. Raises ValueError if one of their names is taken."""
        return Collection((*self.activations, *more), index(more, self.index))

    def find(self, name: str) -> Activation:
        """Return the activation of this name or alias. Raises UsageError with the nearest names."""
        if (activation := self.get(name)) is not None:
            return activation
        near = dict.fromkeys(self.index[near].name for near in nearest(name, self.index))
        hint = f"did you mean {' or '.join(near)}? " if near else ""
        raise UsageError(f"no activation is named {name!r}", f"{hint}`actcli list` shows them all")


BUILT_IN = Collection.of(ACTIVATIONS)
