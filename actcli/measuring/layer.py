"""A layer on its way in: its name, its function, and blocks of pre-activations, wherever they come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from actcli.activation import Array, Flags, Function
from actcli.measuring.partial import Partial
from actcli.measuring.probe import Probe

T = TypeVar("T")


class Blocks(Protocol):
    """What gives the blocks of rows of a layer, of shape (samples, neurons), with what is missing in each."""

    def __call__(self, work: Callable[[Array, Flags | None], T]) -> Iterator[T]:
        """What `work`, on any thread, makes of each block, in order."""


@dataclass(frozen=True, slots=True)
class Input:
    """Where a layer came from: the file and its bytes (None for numbers); how many rows of it were left out, and why
    the first of them."""

    layer: str
    source: str
    size: int | None
    skipped: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PreActivations:
    """A layer that is to be measured. `origin` is asked when it has been."""

    name: str
    function: Function
    neurons: tuple[str, ...]
    blocks: Blocks
    origin: Callable[[], Input] | None = None

    @classmethod
    def of_array(
        cls,
        name: str,
        function: Function,
        x: Array,
        missing: Flags | None = None,
        neurons: Sequence[str] = (),
        origin: Callable[[], Input] | None = None,
    ) -> PreActivations:
        """Those of an array of shape (samples, neurons); the neurons are named "1", "2" and so on by default."""

        def blocks(work: Callable[[Array, Flags | None], T]) -> Iterator[T]:
            yield work(x, missing)

        return cls(name, function, tuple(neurons) or tuple(str(i + 1) for i in range(x.shape[1])), blocks, origin)


@dataclass(frozen=True, slots=True)
class Measured:
    """A layer that has been measured. `loss_gradient` is the rms of dL/dx, where the loss was differentiated."""

    name: str
    neurons: tuple[str, ...]
    probe: Probe
    partial: Partial
    loss_gradient: float | None = None


def measure(layer: PreActivations, probes: Sequence[Probe]) -> list[Measured]:
    """The layer under each probe, its blocks looked at once."""
    totals = [Partial.empty(len(layer.neurons)) for _ in probes]
    for partials in layer.blocks(lambda x, missing: [probe.measure(x, missing) for probe in probes]):
        totals = [total.merge(partial) for total, partial in zip(totals, partials, strict=True)]
    pairs = zip(probes, totals, strict=True)
    return [Measured(layer.name, layer.neurons, probe, total) for probe, total in pairs]


def of_numbers(x: Sequence[float], function: Function) -> PreActivations:
    """Numbers are the samples of one neuron; to a rowwise function, one sample of several."""
    read = Input("numbers", "the command line", None)
    values, names = (np.array(x)[None, :], ()) if function.rowwise else (np.array(x)[:, None], ("x",))
    return PreActivations.of_array(read.layer, function, values, neurons=names, origin=lambda: read)
