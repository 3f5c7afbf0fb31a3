"""A layer on its way in: its name, its function, and blocks of pre-activations, wherever they come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, Protocol, TypeAlias, TypeVar

import numpy as np

from actcli.activation import Array, Flags, Function
from actcli.measuring.partial import Partial
from actcli.measuring.probe import Probe, measure_under
from actcli.numerics.memory import keep_freed
from actcli.numerics.threads import in_order
from actcli.text import numbered

T = TypeVar("T")


class Blocks(Protocol):
    """What gives the blocks of rows of a layer, of shape (samples, neurons), with what is missing in each."""

    def __call__(self, work: Callable[[Array, Flags | None], T]) -> Iterator[T]:
        """What `work`, on any thread, makes of each block, in order."""


Role: TypeAlias = Literal["hidden", "head", "gate"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a layer stands: its role in a network, what its samples are called, and whether the network is trained
    still: of one that is `finished` no weights are drawn anew. Gates are for what is hidden or `named` by the user."""

    role: Role = "hidden"
    samples: str = "samples"
    finished: bool = False
    named: bool = False


class Pass(Protocol):
    """What gives the blocks of several layers in one pass."""

    def __call__(self, numbers: Sequence[int]) -> Iterator[tuple[int, Callable[[], Array], int]]:
        """Of the layers of these numbers: the number, what gives a block, on any thread, and how many of its rows are
        of one input."""


@dataclass(frozen=True, slots=True)
class Shared:
    """The layer of this number in a pass."""

    run: Pass
    number: int


class Away(Protocol):
    """What has several layers measured elsewhere."""

    def __call__(self, probes: Mapping[int, Sequence[Probe]]) -> Iterator[tuple[int, list[Partial]]]:
        """The number of each layer, and its partials under the probes for it."""


@dataclass(frozen=True, slots=True)
class Apart:
    """The layer of this number among those that are measured elsewhere."""

    run: Away
    number: int


@dataclass(frozen=True, slots=True)
class Input:
    """Where a layer came from: the file and its bytes (None for numbers); how many rows of it were left out, and why
    the first of them; what was guessed about it."""

    layer: str
    source: str
    size: int | None
    skipped: int = 0
    reason: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PreActivations:
    """A layer that is to be measured. `origin` is asked when it has been."""

    name: str
    function: Function
    neurons: tuple[str, ...]
    blocks: Blocks | Shared | Apart
    origin: Callable[[], Input] | None = None
    place: Place = field(default_factory=Place)
    positions: int = 1  # rows in succession that are of one input, of which each block holds all

    def __post_init__(self) -> None:
        if self.function.width not in (None, len(self.neurons)):
            self.function.refuse_width(len(self.neurons), self.name)

    @classmethod
    def of_array(
        cls,
        name: str,
        function: Function,
        x: Array,
        missing: Flags | None = None,
        neurons: Sequence[str] = (),
        origin: Callable[[], Input] | None = None,
        positions: int = 1,
    ) -> PreActivations:
        """Those of an array of shape (samples, neurons); the neurons are named "0", "1" and so on by default."""

        def blocks(work: Callable[[Array, Flags | None], T]) -> Iterator[T]:
            yield work(x, missing)

        place = Place(samples="inputs" if positions > 1 else "samples")
        return cls(name, function, tuple(neurons) or numbered(x.shape[1]), blocks, origin, place, positions)


@dataclass(frozen=True, slots=True)
class Measured:
    """A layer that has been measured. `loss_gradient` is the rms of dL/dx, where the loss was differentiated."""

    name: str
    neurons: tuple[str, ...]
    probe: Probe
    partial: Partial
    place: Place = field(default_factory=Place)
    loss_gradient: float | None = None


def measure(layers: Sequence[PreActivations], probes: Sequence[Sequence[Probe]]) -> list[list[Measured]]:
    """Each layer under each of its probes, its blocks looked at once; the layers of one pass together."""
    totals: dict[int, list[Partial]] = {}
    for number, partials in _partials(layers, probes):
        known = totals.get(number)
        totals[number] = [a.merge(b) for a, b in zip(known, partials, strict=True)] if known else partials
    return [
        [
            Measured(layer.name, layer.neurons, probe, total, layer.place)
            for probe, total in zip(
                own, totals.get(number) or [Partial.empty(len(layer.neurons))] * len(own), strict=True
            )
        ]
        for number, (layer, own) in enumerate(zip(layers, probes, strict=True))
    ]


def _partials(
    layers: Sequence[PreActivations], probes: Sequence[Sequence[Probe]]
) -> Iterator[tuple[int, list[Partial]]]:
    """Which layer, and what its probes make of a block."""
    passes: dict[Pass, dict[int, int]] = {}
    aways: dict[Away, dict[int, int]] = {}
    for number, layer in enumerate(layers):
        if isinstance(layer.blocks, Shared):
            passes.setdefault(layer.blocks.run, {})[layer.blocks.number] = number
            continue
        if isinstance(layer.blocks, Apart):
            aways.setdefault(layer.blocks.run, {})[layer.blocks.number] = number
            continue
        for partials in layer.blocks(partial(measure_under, probes[number], positions=layer.positions)):
            yield number, partials
    for run, numbers in passes.items():
        keep_freed()
        yield from in_order(partial(_of_pass, probes, numbers), run(list(numbers)))
    for away, numbers in aways.items():
        for of_away, partials in away({own: probes[number] for own, number in numbers.items()}):
            yield numbers[of_away], partials


def _of_pass(
    probes: Sequence[Sequence[Probe]], numbers: dict[int, int], found: tuple[int, Callable[[], Array], int]
) -> tuple[int, list[Partial]]:
    of_run, block, positions = found
    number = numbers[of_run]
    return number, measure_under(probes[number], block(), None, positions)


def of_numbers(x: Sequence[float], function: Function) -> PreActivations:
    """Numbers are the samples of one neuron; to a function that takes rows, one sample of several."""
    read = Input("numbers", "the command line", None)
    values, names = (np.array(x)[None, :], ()) if function.takes_rows else (np.array(x)[:, None], ("x",))
    return PreActivations.of_array(read.layer, function, values, neurons=names, origin=lambda: read)
