"""A function and blocks of pre-activations -> layers, neurons and verdicts. Arrays in, frozen results out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from actcli.activation import Array, Flags, Function
from actcli.partials import Counts, LayerPartial, Moments
from actcli.regions import Region, SaturatedSides, saturated_sides, vanishing_regions
from actcli.verdicts import Layer, judge, upper_bound

DORMANT = 0.025  # Sokar et al. 2023, arXiv:2302.12902 (ReDo)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """epsilon: |f'| below it vanishes. tau: relative threshold of saturation, |f'| <= tau * sup|f'|; the default is
    |tanh| > 0.97 carried over to every function. alpha: a neuron is dead when at most this share of its samples has
    |f'| >= epsilon."""

    epsilon: float = 1e-3
    tau: float = 1.0 - 0.97**2
    alpha: float = 0.0


@dataclass(frozen=True, slots=True)
class Neuron:
    """One column. Ratios are shares of its finite values; None where it has none."""

    layer: str
    neuron: str
    dead: bool
    dead_upper_bound: float | None
    dormant: bool
    missing: int
    non_finite: int
    min: float | None
    max: float | None
    mean: float | None
    std: float | None
    vanishing_ratio: float | None
    saturated_low_ratio: float | None
    saturated_high_ratio: float | None
    zero_gradient_ratio: float | None
    mean_abs_gradient: float | None
    rms_gradient: float | None
    mean_abs_output: float | None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What `saturation` reports."""

    function: Function
    thresholds: Thresholds
    regions: tuple[Region, ...]
    layers: tuple[Layer, ...]
    neurons: tuple[Neuron, ...]


@dataclass(frozen=True, slots=True)
class Probe:
    """Measures blocks of pre-activations under one function; the same for every block and thread."""

    function: Function
    thresholds: Thresholds
    sides: SaturatedSides

    @classmethod
    def of(cls, function: Function, thresholds: Thresholds) -> Probe:
        return cls(function, thresholds, saturated_sides(function, thresholds.tau))

    def measure(self, x: Array, missing: Flags | None = None) -> LayerPartial:
        """The partial of a block x of shape (samples, neurons), NaN where `missing` says that there is no value."""
        finite = np.isfinite(x)
        absent = np.count_nonzero(missing, axis=0) if missing is not None else np.zeros(x.shape[1], np.int64)
        non_finite = x.shape[0] - np.count_nonzero(finite, axis=0) - absent
        if self.function.rowwise:  # a row with a hole has no gradient
            finite = np.repeat(finite.all(axis=1, keepdims=True), x.shape[1], axis=1)
        keep = None if finite.all() else finite
        gradient, output = np.abs(self.function.df(x)), own_outputs(np.abs(self.function.f(x)), x.shape[1])
        below = gradient < self.thresholds.epsilon
        if keep is not None:
            gradient, output = np.where(keep, gradient, 0.0), np.where(keep, output, 0.0)
        return LayerPartial(
            samples=x.shape[0],
            missing=absent,
            non_finite=non_finite,
            moments=Moments.of(x, keep),
            minimum=np.min(x, axis=0, initial=math.inf, where=True if keep is None else keep),
            maximum=np.max(x, axis=0, initial=-math.inf, where=True if keep is None else keep),
            vanishing=_count(below, keep),
            zero_gradient=_count(gradient == 0.0, keep),
            saturated_low=self._count_inside(x, self.sides.low, keep),
            saturated_high=self._count_inside(x, self.sides.high, keep),
            sum_gradient=gradient.sum(axis=0),
            sum_square_gradient=np.square(gradient).sum(axis=0),
            sum_output=output.sum(axis=0),
            vanishing_rows=int(np.count_nonzero(below.all(axis=1))) if self.function.rowwise else 0,
        )

    @staticmethod
    def _count_inside(x: Array, intervals: Sequence[tuple[float, float]], keep: Flags | None) -> Counts:
        total = np.zeros(x.shape[1], np.int64)
        for start, stop in intervals:
            total += _count((x >= start) & (x <= stop), keep)
        return total

    def diagnose(self, layers: Iterable[tuple[str, Sequence[str], LayerPartial]]) -> Diagnosis:
        """The diagnosis of measured layers, each a name, the names of its neurons, and its partial."""
        results, neurons = [], []
        for name, columns, partial in layers:
            of_layer = self._neurons(name, columns, partial)
            results.append(self._layer(name, partial, of_layer))
            neurons += of_layer
        return Diagnosis(
            self.function,
            self.thresholds,
            vanishing_regions(self.function, self.thresholds.epsilon),
            tuple(judge(results, self.function, self.thresholds.epsilon, bool(self.sides.low and self.sides.high))),
            tuple(neurons),
        )

    def _neurons(self, layer: str, columns: Sequence[str], p: LayerPartial) -> list[Neuron]:
        layer_output = p.sum_output.sum() / max(1, int(p.values.sum()))
        std = p.moments.std()
        neurons = []
        for i, column in enumerate(columns):
            n = int(p.values[i])
            active = n - int(p.vanishing[i])
            dead = n > 0 and active <= self.thresholds.alpha * n
            neurons.append(
                Neuron(
                    layer=layer,
                    neuron=column,
                    dead=dead,
                    dead_upper_bound=upper_bound(active, n) if dead else None,
                    dormant=n > 0 and bool(p.sum_output[i] / n <= DORMANT * layer_output),
                    missing=int(p.missing[i]),
                    non_finite=int(p.non_finite[i]),
                    min=float(p.minimum[i]) if n else None,
                    max=float(p.maximum[i]) if n else None,
                    mean=float(p.moments.mean[i]) if n else None,
                    std=float(std[i]) if n else None,
                    vanishing_ratio=_share(p.vanishing[i], n),
                    saturated_low_ratio=_share(p.saturated_low[i], n),
                    saturated_high_ratio=_share(p.saturated_high[i], n),
                    zero_gradient_ratio=_share(p.zero_gradient[i], n),
                    mean_abs_gradient=_share(p.sum_gradient[i], n),
                    rms_gradient=math.sqrt(p.sum_square_gradient[i] / n) if n else None,
                    mean_abs_output=_share(p.sum_output[i], n),
                )
            )
        return neurons

    def _layer(self, name: str, p: LayerPartial, neurons: Sequence[Neuron]) -> Layer:
        values = int(p.values.sum())
        measured = sum(1 for n in p.values if n)
        dead = sum(neuron.dead for neuron in neurons)
        whole_rows = int(p.values.max(initial=0)) if self.function.rowwise else 0
        square = _share(p.sum_square_gradient.sum(), values)
        return Layer(
            name=name,
            samples=p.samples,
            neurons=len(neurons),
            missing=int(p.missing.sum()),
            non_finite=int(p.non_finite.sum()),
            dead_neurons=dead,
            dead_neuron_ratio=_share(dead, measured),
            dormant_neurons=sum(neuron.dormant for neuron in neurons),
            vanishing_ratio=_share(p.vanishing.sum(), values),
            saturated_low_ratio=_share(p.saturated_low.sum(), values),
            saturated_high_ratio=_share(p.saturated_high.sum(), values),
            zero_gradient_ratio=_share(p.zero_gradient.sum(), values),
            mean_abs_gradient=_share(p.sum_gradient.sum(), values),
            rms_gradient=None if square is None else math.sqrt(square),
            vanishing_rows=p.vanishing_rows if self.function.rowwise else None,
            vanishing_row_ratio=_share(p.vanishing_rows, whole_rows) if self.function.rowwise else None,
        )


def own_outputs(outputs: Array, inputs: int) -> Array:
    """For each input the output that it belongs to, where there are more or fewer of them (rows along the last axis).

    Fewer outputs share the inputs in turn: the halves of a gated function, the groups of maxout, the one logsumexp.
    More outputs are taken in turn by the inputs and added: of the two of crelu one is 0.
    """
    count = outputs.shape[-1]
    if count == inputs:
        return outputs
    if count < inputs:
        return np.concatenate([outputs] * (inputs // count), axis=-1)
    total: Array = outputs.reshape(*outputs.shape[:-1], count // inputs, inputs).sum(axis=-2)
    return total


def _count(flags: Flags, keep: Flags | None) -> Counts:
    return np.asarray(np.count_nonzero(flags if keep is None else flags & keep, axis=0), np.int64)


def _share(part: float, whole: int) -> float | None:
    return float(part) / whole if whole else None
