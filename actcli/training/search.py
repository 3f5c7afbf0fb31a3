"""Which functions to try, and for how long: draws from the domains of parameters, and halving."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from actcli.activation import Function
from actcli.errors import UsageError
from actcli.fitting.descent import reach

_TRIES = 1000


@dataclass(frozen=True, slots=True)
class Search:
    """`draws`: settings to draw for each function besides its own; `halving`: drop the worse half at each rung."""

    draws: int = 0
    halving: bool = False

    @classmethod
    def of(cls, words: Sequence[str]) -> Search:
        """The search described by the words `random:COUNT` and `halving`."""
        draws, halving = 0, False
        for word in words:
            kind, _, count = word.partition(":")
            if kind == "random" and count.isdecimal() and int(count) > 0:
                draws = int(count)
            elif word == "halving":
                halving = True
            else:
                hint = "write random:20 or halving; a grid is a sweep, 'elu:alpha=0.5|1|2'"
                raise UsageError(f"no search {word!r}", hint)
        return cls(draws, halving)

    def candidates(self, functions: Sequence[Function], seed: int) -> tuple[Function, ...]:
        """Each function, followed by its draws."""
        if self.draws and not any(function.activation.parameters for function in functions):
            raise UsageError("none of the functions has a parameter to draw", "name one that does, such as elu")
        rng = np.random.default_rng([seed, 4])
        found = [one for function in functions for one in (function, *self._drawn(function, rng))]
        return tuple(dict.fromkeys(found))

    def _drawn(self, function: Function, rng: np.random.Generator) -> list[Function]:
        found: list[Function] = []
        if not self.draws or not function.activation.parameters:
            return found
        bounds = reach([p.domain for p in function.activation.parameters], [*function.parameters.values()])
        for _ in range(_TRIES):
            if len(found) == self.draws:
                break
            drawn = [_drawn(rng, low, high) for low, high in bounds]
            try:
                found.append(function.activation.bind(dict(zip(function.parameters, drawn, strict=True))))
            except UsageError:  # an open end, or a constraint between parameters
                continue
        return found

    def rungs(self, candidates: int, epochs: int) -> list[int]:
        """The epochs after which the worse half is dropped, and the last one."""
        count = math.ceil(math.log2(candidates)) if self.halving and candidates > 1 else 0
        return sorted({max(1, math.ceil(epochs / 2**k)) for k in range(count + 1)}) if epochs else [0]


def _drawn(rng: np.random.Generator, low: float, high: float) -> float:
    """A random number of a few digits; the upper end itself if it is infinite, as for a threshold."""
    return float(f"{rng.uniform(low, high):.4g}") if math.isfinite(high - low) else high
