"""Gates: limits that every layer is to keep."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from actcli.diagnosis.records import Layer


@dataclass(frozen=True, slots=True)
class Gate:
    """A measure of a layer, and the most that it may be, or with `at_least` the least."""

    measure: str
    limit: float
    at_least: bool = False

    @property
    def condition(self) -> str:
        return f"{self.measure} of every layer is {'at least' if self.at_least else 'at most'} {self.limit:g}"

    def failures(self, layers: Sequence[Layer]) -> Iterator[str]:
        """A line for each layer that fails; one without values passes no gate."""
        for layer in layers:
            value = _value(layer, self.measure)
            if value is None:
                yield f"{layer.name}: {self.measure} is not known: there are no values"
            elif value < self.limit if self.at_least else value > self.limit:
                side = "below" if self.at_least else "above"
                yield f"{layer.name}: {self.measure} is {value:.6g}, {side} {self.limit:g}"


def _value(layer: Layer, name: str) -> float | None:
    if name == "saturated_ratio":
        low, high = layer.saturated_low_ratio, layer.saturated_high_ratio
        return None if low is None or high is None else low + high
    value: float | None = getattr(layer, name)
    return value
