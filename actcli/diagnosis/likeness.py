"""Does a table of pre-activations look like something else: outputs of the function, or row labels?"""

import math

import numpy as np

from actcli.activation import Flags
from actcli.analysis.regions import extent, vanishing_regions
from actcli.measuring.layer import Measured, Place
from actcli.measuring.partial import Partial
from actcli.measuring.tallies import MAXIMUM, MINIMUM, MOMENTS, ZEROS
from actcli.text import some

FEW = 100  # with fewer values, a table is never taken for outputs
MANY_ZEROS = 0.1


def likeness(one: Measured) -> str | None:
    """A sentence if a table looks like outputs of its function, its values lying within the function's range; None
    otherwise. Layers that a network gave are pre-activations for certain."""
    found = None if one.place.samples == "inputs" else _within_the_range(one)
    if found is None:
        return None
    return f"{one.name} looks like outputs of {one.probe.function.label}, not pre-activations: {found}"


def labels(one: Measured) -> str | None:
    """A sentence if some columns of a table, but not all, hold the same whole number throughout, or count the rows."""
    if one.place != Place():  # not from a table
        return None
    p, n = one.partial, one.partial.values
    low, high = p[MINIMUM], p[MAXIMUM]
    with np.errstate(all="ignore"):
        whole = (n >= 3) & (low == np.floor(low)) & (high == np.floor(high))
        constant = whole & (low == high)
        even = np.sqrt((n * 1.0 * n - 1.0) / 12.0)  # the standard deviation of n whole numbers in a row
        counting = whole & (high - low == n - 1) & (np.abs(p[MOMENTS].std() - even) <= 1e-9 * even)
    parts = [_named(one, flags, what) for flags, what in ((constant, "one number throughout"), (counting, "a count"))
            if flags.any() and not (flags | (n == 0)).all()]  # fmt: skip
    return f"{one.name}: {' and '.join(parts)}: not a neuron? -c leaves it out" if parts else None


def _named(one: Measured, flags: Flags, what: str) -> str:
    """The flagged columns by name, and what they hold."""
    names = [one.neurons[i] for i in np.flatnonzero(flags)]
    return f"{some(names, 3)} hold{'s' if len(names) == 1 else ''} {what}"


def _rms(partial: Partial, values: int) -> float:
    return float(partial[MOMENTS].squares().over_all().root_mean(values)[0])


def _within_the_range(one: Measured) -> str | None:
    function, p = one.probe.function, one.partial
    values = int(p.values.sum())
    low, high = extent(function)
    least, most = float(p[MINIMUM].min(initial=math.inf)), float(p[MAXIMUM].max(initial=-math.inf))
    if values < FEW or not (low <= least and most <= high) or (math.isinf(low) and math.isinf(high)):
        return None
    if math.isfinite(low) and math.isfinite(high):
        # Small pre-activations fit too: a bell curve that ends here has an rms of at most a third of the larger end.
        around_zero = least < 0.0 < most and _rms(p, values) < max(-low, high) / 3.0
        return None if around_zero else f"all values lie within [{low:g}, {high:g}]"
    end, side = (low, "below") if math.isfinite(low) else (high, "above")
    if any(region.kind == "zero" for region in vanishing_regions(function, one.probe.thresholds.epsilon)):
        zeros = p[ZEROS] / values
        return f"no value is {side} {end:g}, and {zeros:.0%} are exactly 0" if zeros >= MANY_ZEROS else None
    # Values that stop at this end by chance would not reach far beyond 0 on the other side.
    return f"no value is {side} {end:g}" if most - least > 10.0 * abs(end) else None
