"""Measure what a running model shows: layer by layer, merged over calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from actcli.activation import Function
from actcli.diagnosis.diagnose import Criteria
from actcli.measuring.layer import Measured, Place
from actcli.measuring.partial import Partial
from actcli.measuring.probe import Probe
from actcli.models.seen import LossGradient, Places, Seen
from actcli.models.torch_sizes import sizes
from actcli.text import numbered
from actcli.watching.on_device import OnDevice

_KEPT = 64  # probes: a learned slope makes a new one at each step


@dataclass(slots=True)
class Layers:
    """The layers of a model in the order of their first calls: their measures, and dL/dx, which comes later."""

    measured: dict[str, Measured] = field(default_factory=dict)
    gradients: dict[str, list[LossGradient]] = field(default_factory=dict)
    is_chain: bool = False

    def see(self, seen: Seen, probe: Probe) -> None:
        """Measure a call."""
        partial = Partial.empty(seen.neurons)
        measure = _measure_on_device if seen.stays else Probe.measure
        for block in seen.rows():
            partial = partial.merge(measure(probe, block, positions=seen.positions))
        self._add(Measured(seen.layer, numbered(seen.neurons), probe, partial))
        self.gradients.setdefault(seen.layer, []).append(seen.gradient)

    def place(self, places: Places, *, finished: bool, named: bool = False) -> None:
        """Set the places of the layers, known at the end of a run."""
        self.is_chain = places.is_chain
        for name, one in self.measured.items():
            role = places.roles.get(name, "hidden")
            self.measured[name] = one._replace(place=Place(role, "inputs", finished=finished, named=named))

    def add(self, other: Layers) -> None:
        """Merge in the layers of another step."""
        self.is_chain = other.is_chain
        for one in other.measured.values():
            self._add(one)
        for name, gradients in other.gradients.items():
            self.gradients.setdefault(name, []).extend(gradients)

    def _add(self, one: Measured) -> None:
        before = self.measured.get(one.name)
        self.measured[one.name] = one if before is None else one._replace(partial=before.partial.merge(one.partial))

    @property
    def all(self) -> list[Measured]:
        """The layers, with the rms of dL/dx if known."""
        return [one._replace(loss_gradient=rms(self.gradients[name])) for name, one in self.measured.items()]


def _measure_on_device(probe: Probe, block: Any, positions: int) -> Partial:
    """As `Probe.measure`, for a tensor on a GPU."""
    values = OnDevice.block(block.T.contiguous(), positions)
    return probe.of_values(values, sizes(probe.function, probe.thresholds.epsilon, block.device)(values.t))


def rms(gradients: Sequence[LossGradient]) -> float | None:
    """The rms of dL/dx over several calls; None without a gradient."""
    total = LossGradient()
    for gradient in gradients:
        total.add(gradient.largest, gradient.squares, gradient.values)
    return total.rms


@dataclass(slots=True)
class Probes:
    """Probes by the same criteria, made once per function."""

    criteria: Criteria
    _made: dict[Function, Probe] = field(default_factory=dict)

    def of(self, function: Function) -> Probe:
        """The probe of a function."""
        if function not in self._made:
            if len(self._made) >= _KEPT:
                self._made.clear()
            self._made[function] = self.criteria.probe(function)
        return self._made[function]
