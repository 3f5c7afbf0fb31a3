"""The parameters of activations: their domains, and their values, which may differ by column."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias, TypeGuard

import numpy as np

Value: TypeAlias = float | tuple[float, ...]  # one value, or one per column
INF = math.inf


@dataclass(frozen=True, slots=True)
class Domain:
    """The valid values of a parameter: an interval, each end open or closed. Infinity is valid only at a closed end."""

    low: float = -INF
    high: float = INF
    low_open: bool = True
    high_open: bool = True

    def __contains__(self, value: float) -> bool:
        above = value > self.low if self.low_open else value >= self.low
        below = value < self.high if self.high_open else value <= self.high
        return above and below

    def __str__(self) -> str:
        left = "(" if self.low_open else "["
        right = ")" if self.high_open else "]"
        return f"{left}{self.low:g}, {self.high:g}{right}"


REAL = Domain()
POSITIVE = Domain(low=0.0)
NON_NEGATIVE = Domain(low=0.0, low_open=False)


class Parameter(NamedTuple):
    """A named constant of an activation. `by_column`: each column may have its own value; then the kernels take an
    array of values, and f is straight on either side of 0."""

    name: str
    default: float  # NaN: a value is required
    domain: Domain
    meaning: str
    by_column: bool = False

    @property
    def text(self) -> str:
        """Its name, domain and default, in words."""
        default = "" if math.isnan(self.default) else f" (default {self.default:g})"
        return f"{self.name} in {self.domain}{default}"


_SHOWN = 8  # values by column that a label shows in full


def is_several(value: float | Sequence[float]) -> TypeGuard[Sequence[float]]:
    """Return whether it has one value per column."""
    return np.ndim(value) > 0


def written(value: Value) -> str:
    """Return a value as in a FUNCTION spec; of many values by column only the first ones."""
    if not isinstance(value, tuple):
        return repr(value)
    more = f",... ({len(value):,} columns)" if len(value) > _SHOWN else ""
    return ",".join(map(repr, value[:3] if more else value)) + more
