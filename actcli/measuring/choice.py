"""Which layers are taken, and which function each has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from actcli.activation import Function
from actcli.errors import UsageError
from actcli.text import some


@dataclass(frozen=True, slots=True)
class Choice:
    """The functions of the layers whose name a pattern matches, of which the last decides; and the patterns of the
    layers to take, a leading ! leaving layers out: none takes all."""

    functions: tuple[tuple[str, Function], ...] = ()
    layers: tuple[str, ...] = ()

    def of(self, names: Sequence[str], function: Function | Mapping[str, Function]) -> dict[str, Function]:
        """The layers that are taken, in their order, each with its function: this one, or its own of these, where no
        pattern matches.

        Raises UsageError where a pattern matches no layer, or no layer is left.
        """
        taken = self._taken(names)
        for pattern, _ in self.functions:
            if not any(matches(name, pattern) for name in taken):
                raise UsageError(f"--function {pattern}: no layer matches", _listed(taken))
        own = function if isinstance(function, Mapping) else dict.fromkeys(names, function)
        return {name: self._own(name) or own[name] for name in taken}

    def names(self, layer: str) -> bool:
        """Whether a pattern takes this layer by its name."""
        return any(matches(layer, pattern) for pattern in self.layers)

    def mentions(self, layer: str) -> bool:
        """Whether a pattern takes this layer or leaves it out."""
        return any(matches(layer, pattern.removeprefix("!")) for pattern in self.layers)

    def _own(self, name: str) -> Function | None:
        return next((f for pattern, f in reversed(self.functions) if matches(name, pattern)), None)

    def _taken(self, names: Sequence[str]) -> list[str]:
        if not self.layers:
            return list(names)
        taken = set(names) if self.layers[0].startswith("!") else set()
        for pattern in self.layers:
            found = {name for name in names if matches(name, pattern.removeprefix("!"))}
            if not found:
                raise UsageError(f"--layer {pattern}: no layer matches", _listed(names))
            taken = taken - found if pattern.startswith("!") else taken | found
        if not taken:
            raise UsageError(f"--layer {' '.join(self.layers)}: no layer is left", _listed(names))
        return [name for name in names if name in taken]


def matches(name: str, pattern: str) -> bool:
    """Whether a pattern is the name, or a glob that it fits."""
    return name == pattern or fnmatchcase(name, pattern)


def _listed(names: Sequence[str]) -> str:
    return f"layers: {some(names, 12)}" if names else "give files, or pipe a table in"
