"""Student's t distribution: intervals of a mean of few values, and how many values would distinguish it from 0."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from actcli.numerics.certainty import CONFIDENCE, Z

MOST = 1_000_000  # more values are never suggested


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean of some values with its 95 % interval, None if there are fewer than two."""

    mean: float
    low: float | None
    high: float | None
    count: int
    deviation: float  # of the values

    @classmethod
    def of(
        cls, values: Sequence[float], within: tuple[float, float] = (-math.inf, math.inf), step: float = 0.0
    ) -> Mean | None:
        """The mean of the values; None without values. The interval is clipped to `within`, the range of the values.
        For values that are multiples of `step`, the deviation is at least one step: a few equal values do not show that
        there is no spread."""
        n = len(values)
        if n == 0:
            return None
        mean = math.fsum(values) / n
        if step and math.isfinite(mean):  # exact in steps: rounding must not remain where the values cancel
            mean = sum(round(value / step) for value in values) / n * step
        if n == 1 or not math.isfinite(mean):
            return cls(mean, None, None, n, 0.0)
        deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
        deviation = max(deviation, step)
        half = quantile(n - 1) * deviation / math.sqrt(n)
        return cls(mean, max(within[0], mean - half), min(within[1], mean + half), n, deviation)

    @property
    def sign(self) -> int:
        """1 if the whole interval is above 0, -1 if below, 0 if it contains 0."""
        if self.low is None or self.high is None:
            return 0
        return 1 if self.low > 0.0 else -1 if self.high < 0.0 else 0

    @property
    def values_to_tell(self) -> int | None:
        """The number of values with this mean and deviation from which the interval excludes 0; None if unknown or too
        large."""
        if self.count < 2 or self.mean == 0.0 or not math.isfinite(self.mean):
            return None
        share = self.deviation / abs(self.mean)
        n = max(2, math.ceil((Z * share) ** 2))
        while n <= MOST and quantile(n - 1) * share >= math.sqrt(n):
            n += 1
        return n if n <= MOST else None


@cache
def quantile(degrees: int) -> float:
    """The t for which 95 % of the distribution lies within ±t."""
    low, high = 0.0, 0.5 * math.pi
    for _ in range(60):
        angle = 0.5 * (low + high)
        low, high = (angle, high) if _within(angle, degrees) < CONFIDENCE else (low, angle)
    return math.tan(0.5 * (low + high)) * math.sqrt(degrees)


def _within(angle: float, degrees: int) -> float:
    """The probability of |t| < tan(angle) sqrt(degrees), a finite sum: Abramowitz and Stegun 26.7.3 and 26.7.4."""
    if degrees > 1000:  # Cornish and Fisher's expansion is good to 1e-10 there
        t = math.tan(angle) * math.sqrt(degrees)
        z = t * (1.0 - 0.25 / degrees) / math.sqrt(1.0 + 0.5 * t * t / degrees)
        return math.erf(z / math.sqrt(2.0))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = degrees % 2
    term, total = (cosine, 0.0) if odd else (1.0, 0.0)
    for k in range(odd, degrees - 1, 2):
        total += term
        term *= (k + 1) / (k + 2) * cosine * cosine
    return (angle + sine * total) * 2.0 / math.pi if odd else sine * total
