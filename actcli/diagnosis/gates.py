"""Gates: limits that every layer must meet."""

import math
from collections.abc import Iterator, Sequence
from numbers import Real
from typing import NamedTuple

from actcli.diagnosis.records import Layer
from actcli.errors import UsageError


class Gate(NamedTuple):
    """A measure of a layer and the most, or with `at_least` the least, that it may be."""

    measure: str
    limit: float
    at_least: bool = False

    @property
    def condition(self) -> str:
        return f"{self.measure} of every layer is {'at least' if self.at_least else 'at most'} {self.limit:g}"

    def failures(self, layers: Sequence[Layer]) -> Iterator[str]:
        """A line for each layer that fails; a layer without values fails every gate."""
        for layer in layers:
            value = _value(layer, self.measure)
            if value is None:
                yield f"{layer.name}: {self.measure} is unknown: the layer has no values"
            elif value < self.limit if self.at_least else value > self.limit:
                side = "below" if self.at_least else "above"
                yield f"{layer.name}: {self.measure} is {value:.6g}, {side} {self.limit:g}"


# Keys are the names of the options, with underscores.
_GATES = {
    "max_dead": ("dead_neuron_ratio", False),
    "max_saturated": ("saturated_ratio", False),
    "max_vanishing": ("vanishing_ratio", False),
    "min_gradient": ("mean_abs_gradient", True),
}


def gates(**limits: float | None) -> list[Gate]:
    """The gates with these limits, by name; None means no gate. Raises UsageError for an unknown name, and for a limit
    that no layer or every layer would meet."""
    for name in limits.keys() - _GATES.keys():
        raise UsageError(f"no gate is named {name!r}", f"gates: {', '.join(_GATES)}")
    return [Gate(measure, _limit(name, limit, least), least) for name, (measure, least) in _GATES.items()
            if (limit := limits.get(name)) is not None]  # fmt: skip


def _limit(name: str, limit: float, at_least: bool) -> float:
    most = math.inf if at_least else 1.0
    if not isinstance(limit, Real) or not 0.0 <= limit <= most:
        raise UsageError(f"{name} = {limit!r}", f"{name} is a number from 0{'' if at_least else ' to 1'}")
    return limit


def _value(layer: Layer, name: str) -> float | None:
    if name == "saturated_ratio":
        low, high = layer.saturated_low_ratio, layer.saturated_high_ratio
        return None if low is None or high is None else low + high
    value: float | None = getattr(layer, name)
    return value
