"""The parameters of activations: their domains, and their values, of which each column may have its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeGuard

import numpy as np

Value: TypeAlias = float | tuple[float, ...]  # of a parameter: one, or one for each column
INF = math.inf


@dataclass(frozen=True, slots=True)
class Domain:
    """The legal values of a parameter: an interval, each end open or closed. Infinity is legal only at a closed end."""

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


@dataclass(frozen=True, slots=True)
class Parameter:
    """A named constant of an activation. `by_column`: each column may have its own value; the kernels take an array of
    them, and f is straight on either side of 0."""

    name: str
    default: float  # NaN where a value must be given
    domain: Domain
    meaning: str
    by_column: bool = False

    @property
    def text(self) -> str:
        """Its name, domain and default, in words."""
        default = "" if math.isnan(self.default) else f" (default {self.default:g})"
        return f"{self.name} in {self.domain}{default}"


_SHOWN = 8  # values of columns in a label


def is_several(value: float | Sequence[float]) -> TypeGuard[Sequence[float]]:
    """Whether it is one value for each column."""
    return np.ndim(value) > 0


def written(value: Value) -> str:
    """A value in a FUNCTION spec; of many columns it shows the first."""
    if not isinstance(value, tuple):
        return repr(value)
    more = f",... ({len(value):,} columns)" if len(value) > _SHOWN else ""
    return ",".join(map(repr, value[:3] if more else value)) + more
