"""Whether what is given as pre-activations looks like outputs of the function."""

import math

from actcli.analysis.regions import extent, vanishing_regions
from actcli.measuring.layer import Measured
from actcli.measuring.partial import Partial
from actcli.measuring.tallies import MAXIMUM, MINIMUM, MOMENTS, ZEROS

FEW = 100  # values from which a table may be told to hold outputs
MANY_ZEROS = 0.1


def likeness(one: Measured) -> str | None:
    """A sentence where a table looks like outputs of its function: its values lie within the function's range. Of what
    a network gave it is known."""
    found = None if one.place.samples == "inputs" else _within_the_range(one)
    if found is None:
        return None
    return f"{one.name} looks like outputs of {one.probe.function.label}, not pre-activations: {found}"


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
        # So do pre-activations that are small: a bell of them that ends here is a third as wide at most.
        around_zero = least < 0.0 < most and _rms(p, values) < max(-low, high) / 3.0
        return None if around_zero else f"all values lie within [{low:g}, {high:g}]"
    end, side = (low, "below") if math.isfinite(low) else (high, "above")
    if any(region.kind == "zero" for region in vanishing_regions(function, one.probe.thresholds.epsilon)):
        zeros = p[ZEROS] / values
        return f"no value is {side} {end:g}, and {zeros:.0%} are exactly 0" if zeros >= MANY_ZEROS else None
    # Values on both sides of 0 that end just here by chance would not reach far on the other side.
    return f"no value is {side} {end:g}" if most - least > 10.0 * abs(end) else None
