"""How certain a share of n samples is: 95 % bounds and intervals, and how many samples would be enough."""

import math

import numpy as np

CONFIDENCE = 0.95
Z = 1.959963984540054  # the normal distribution has 95 % within -z..z


def upper_bound(active: int, samples: int) -> float:
    """The one-sided upper bound on a neuron's share of active samples if `active` of `samples` are active (Clopper and
    Pearson 1934); if none is, it is 1 - 0.05^(1/n)."""
    miss = 1.0 - CONFIDENCE
    if active == 0:
        return float(-np.expm1(math.log(miss) / samples))
    if active >= samples:
        return 1.0
    k = np.arange(active + 1)
    log_choose = np.concatenate([[0.0], np.cumsum(np.log(samples - k[:-1]) - np.log(k[1:]))])
    low, high = active / samples, 1.0
    for _ in range(60):
        p = 0.5 * (low + high)
        at_most = float(np.exp(log_choose + k * math.log(p) + (samples - k) * math.log1p(-p)).sum())
        low, high = (p, high) if at_most > miss else (low, p)
    return high


def samples_for_bound(share: float) -> int:
    """The number of samples from which a neuron that is never active has an upper bound of at most `share`."""
    return math.ceil(math.log(1.0 - CONFIDENCE) / math.log1p(-share))


def wilson(share: float, samples: float) -> tuple[float, float]:
    """The score interval of a share of n samples (Wilson 1927); (0, 1) for no samples."""
    if samples <= 0:
        return 0.0, 1.0
    square = Z * Z / samples
    centre = share + square / 2.0
    spread = Z * math.sqrt(max(share * (1.0 - share), 0.0) / samples + square / (4.0 * samples))
    low, high = (centre - spread) / (1.0 + square), (centre + spread) / (1.0 + square)
    return (0.0 if share == 0.0 else max(low, 0.0)), (1.0 if share == 1.0 else min(high, 1.0))


def samples_to_tell(share: float, limit: float) -> int:
    """The number of samples for which the score interval of this share ends at `limit`, another share.

    The interval contains all p with (share - p)^2 <= z^2 p (1 - p) / n; solved for n at p = limit.
    """
    return math.ceil(Z * Z * limit * (1.0 - limit) / (share - limit) ** 2)
