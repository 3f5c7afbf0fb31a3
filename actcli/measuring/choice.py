"""Choose layers, and the function of each."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from actcli.activation import Function
from actcli.errors import UsageError
from actcli.text import some


class Choice(NamedTuple):
    """`functions`: pairs of a pattern and the function of the layers it matches; the last match decides. `layers`:
    patterns of the layers to take, or, with a leading !, to leave out; no pattern takes all layers."""

    functions: tuple[tuple[str, Function], ...] = ()
    layers: tuple[str, ...] = ()

    def of(self, names: Sequence[str], function: Function | Mapping[str, Function]) -> dict[str, Function]:
        """The chosen layers, in order, each with its function; `function` serves layers that no pattern matches.

        Raises UsageError if a pattern matches no layer, or no layer is left.
        """
        taken = self._taken(names)
        for pattern, _ in self.functions:
            if not any(matches(name, pattern) for name in taken):
                raise UsageError(f"--function {pattern}: no layer matches", _listed(taken))
        own = function if isinstance(function, Mapping) else dict.fromkeys(names, function)
        return {name: self._own(name) or own[name] for name in taken}

    def names(self, layer: str) -> bool:
        """Whether a pattern takes this layer."""
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
    """Whether a pattern is the name, or a glob that matches it."""
    return name == pattern or fnmatchcase(name, pattern)


def _listed(names: Sequence[str]) -> str:
    return f"layers: {some(names, 12)}" if names else "give files, or pipe a table in"
