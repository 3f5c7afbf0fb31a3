"""A layer to measure: its name, its function, and blocks of pre-activations from any source."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, NamedTuple, Protocol, TypeAlias, TypeVar

import numpy as np

from actcli.activation import Array, Flags, Function
from actcli.measuring.partial import Partial
from actcli.measuring.probe import Probe, measure_under
from actcli.numerics.memory import keep_freed
from actcli.numerics.threads import in_order
from actcli.text import numbered

T = TypeVar("T")


class Blocks(Protocol):
    """Gives the blocks of a layer, of shape (samples, neurons), each with flags of its missing cells."""

    def __call__(self, work: Callable[[Array, Flags | None], T]) -> Iterator[T]:
        """The results of `work` on each block, in order; `work` may run on any thread."""


Role: TypeAlias = Literal["hidden", "head", "gate"]


class Place(NamedTuple):
    """A layer's place: its role in a network, what its samples are called, whether the network is `finished` (trained),
    and whether the user `named` the layer. Gates apply to layers that are hidden or named."""

    role: Role = "hidden"
    samples: str = "samples"
    finished: bool = False
    named: bool = False


# A call, on any thread, that gives some blocks: the number of the layer, the block and the number of rows per input.
Batch: TypeAlias = Callable[[], Iterator[tuple[int, Array, int]]]


class Pass(Protocol):
    """Gives the blocks of several layers in one pass."""

    def __call__(self, numbers: Sequence[int]) -> Iterator[Batch]:
        """Yield the batches of the layers with these numbers."""


class Shared(NamedTuple):
    """The layer with this number in a pass."""

    run: Pass
    number: int


class Away(Protocol):
    """Has several layers measured elsewhere."""

    def __call__(self, probes: Mapping[int, Sequence[Probe]]) -> Iterator[tuple[int, list[Partial]]]:
        """Yield the number of each layer with its partials under its probes."""


class Apart(NamedTuple):
    """The layer with this number among those measured elsewhere."""

    run: Away
    number: int


class Input(NamedTuple):
    """Where a layer came from: the file and its size in bytes (None for numbers), how many rows were left out, the
    reason for the first of them, and notes on what was guessed."""

    layer: str
    source: str
    size: int | None
    skipped: int = 0
    reason: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PreActivations:
    """A layer to measure. Call `origin` only after that."""

    name: str
    function: Function
    neurons: tuple[str, ...]
    blocks: Blocks | Shared | Apart
    origin: Callable[[], Input] | None = None
    place: Place = field(default_factory=Place)
    positions: int = 1  # consecutive rows per input; a block never splits an input

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
        """A layer from an array of shape (samples, neurons). Neurons are named "0", "1" and so on by default."""

        def blocks(work: Callable[[Array, Flags | None], T]) -> Iterator[T]:
            yield work(x, missing)

        place = Place(samples="inputs" if positions > 1 else "samples")
        return cls(name, function, tuple(neurons) or numbered(x.shape[1]), blocks, origin, place, positions)


class Measured(NamedTuple):
    """A measured layer. `loss_gradient` is the rms of dL/dx if the loss was differentiated."""

    name: str
    neurons: tuple[str, ...]
    probe: Probe
    partial: Partial
    place: Place = Place()
    loss_gradient: float | None = None


def measure(layers: Sequence[PreActivations], probes: Sequence[Sequence[Probe]]) -> list[list[Measured]]:
    """Measure each layer under each of its probes, reading its blocks once and the layers of a pass together."""
    totals: dict[int, list[Partial]] = {}
    for number, partials in _partials(layers, probes):
        _add(totals, number, partials)
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
    """Yield the number of a layer with its partials for a block."""
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
        for found in in_order(partial(_of_pass, probes, numbers), run(list(numbers))):
            yield from found.items()
    for away, numbers in aways.items():
        for of_away, partials in away({own: probes[number] for own, number in numbers.items()}):
            yield numbers[of_away], partials


def _of_pass(probes: Sequence[Sequence[Probe]], numbers: Mapping[int, int], batch: Batch) -> dict[int, list[Partial]]:
    totals: dict[int, list[Partial]] = {}
    for of_run, block, positions in batch():
        number = numbers[of_run]
        _add(totals, number, measure_under(probes[number], block, None, positions))
    return totals


def _add(totals: dict[int, list[Partial]], number: int, partials: list[Partial]) -> None:
    known = totals.get(number)
    totals[number] = [a.merge(b) for a, b in zip(known, partials, strict=True)] if known else partials


def of_numbers(x: Sequence[float], function: Function) -> PreActivations:
    """A layer from numbers: the samples of one neuron, or, for a function that takes rows, one sample."""
    read = Input("numbers", "the command line", None)
    values, names = (np.array(x)[None, :], ()) if function.takes_rows else (np.array(x)[:, None], ("x",))
    return PreActivations.of_array(read.layer, function, values, neurons=names, origin=lambda: read)
