"""The collection of activations, found by name or alias."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

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
    """A name as it is compared: without case, `-` and `_`."""
    return name.casefold().replace("-", "").replace("_", "").strip()


def nearest(name: str, keys: Iterable[str]) -> list[str]:
    """The keys that a mistyped name may have meant, the best first."""
    import difflib

    return difflib.get_close_matches(key(name), [*keys], n=3)


def index(activations: Iterable[Activation], known: Mapping[str, Activation] = {}) -> dict[str, Activation]:
    """The keys of names and aliases to activations, and those known before. Raises ValueError where a name is taken."""
    found = dict(known)
    for activation in activations:
        for name in activation.names:
            if found.setdefault(key(name), activation) is not activation:
                raise ValueError(f"{name!r} is already a name of {found[key(name)].name}")
    return found


@dataclass(frozen=True, eq=False)
class Collection:
    """Activations, and an index of their names."""

    activations: tuple[Activation, ...]
    index: Mapping[str, Activation] = field(repr=False)

    @classmethod
    def of(cls, activations: tuple[Activation, ...]) -> Collection:
        return cls(activations, index(activations))

    def get(self, name: str) -> Activation | None:
        return self.index.get(key(name))

    def plus(self, *more: Activation) -> Collection:
        """With more activations. Raises ValueError where one of their names is taken."""
        return Collection((*self.activations, *more), index(more, self.index))

    def find(self, name: str) -> Activation:
        """The activation of this name or alias. Raises UsageError that names the nearest ones."""
        if (activation := self.get(name)) is not None:
            return activation
        near = dict.fromkeys(self.index[near].name for near in nearest(name, self.index))
        hint = f"did you mean {' or '.join(near)}? " if near else ""
        raise UsageError(f"no activation is named {name!r}", f"{hint}`actcli list` shows them all")


BUILT_IN = Collection.of(ACTIVATIONS)
