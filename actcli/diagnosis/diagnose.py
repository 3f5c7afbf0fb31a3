"""A function and blocks of pre-activations -> layers, neurons and verdicts. Arrays in, frozen results out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from actcli.activation import Function
from actcli.analysis.precision import Losses
from actcli.analysis.regions import Region, SaturatedSides, shape, vanishing_regions
from actcli.diagnosis.rules import Rule
from actcli.diagnosis.verdicts import Layer, Side
from actcli.measuring.partial import LayerPartial
from actcli.measuring.probe import Probe, Thresholds
from actcli.numerics.certainty import upper_bound
from actcli.numerics.histogram import Histogram

DORMANT = 0.025  # Sokar et al. 2023, arXiv:2302.12902 (ReDo)
FEW = 100  # values from which a table may be told to hold outputs
MANY_ZEROS = 0.1


@dataclass(frozen=True, slots=True)
class Neuron:
    """One column. Ratios are shares of its finite values, `samples` of them; None where it has none."""

    layer: str
    neuron: str
    samples: int
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
    lost_gradient_ratio: float | None  # with a precision only
    constant_output_ratio: float | None
    flagged: bool | None  # with a rule of another system only
    rule_score: float | None
    mean_abs_gradient: float | None
    rms_gradient: float | None
    mean_abs_output: float | None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What `saturation` reports. `falls_at` is the layer at which the product of mean|f'|, from the last layer on,
    falls below epsilon; `doubts` says which layers look like outputs of the function; `histograms` are those of the
    layers, none where the probe did not measure them."""

    function: Function
    thresholds: Thresholds
    rule: Rule
    losses: Losses | None
    regions: tuple[Region, ...]
    layers: tuple[Layer, ...]
    neurons: tuple[Neuron, ...]
    falls_at: str | None
    doubts: tuple[str, ...]
    sides: SaturatedSides
    histograms: tuple[Histogram, ...]


def diagnose(probe: Probe, layers: Iterable[tuple[str, Sequence[str], LayerPartial]]) -> Diagnosis:
    """The diagnosis of measured layers, each a name, the names of its neurons, and its partial."""
    results, neurons, doubts, histograms = [], [], [], []
    for name, columns, partial in layers:
        flagged = probe.check.flagged(partial) if probe.check else None
        of_layer = _neurons(probe, name, columns, partial, flagged)
        results.append(_layer(probe, name, partial, of_layer, flagged))
        neurons += of_layer
        if probe.histogram:
            histograms.append(partial.histogram or Histogram.empty())
        if (likeness := _likeness(probe, partial)) is not None:
            doubts.append(f"{name} looks like outputs of {probe.function.label}, not pre-activations: {likeness}")
    results = _cumulated(results)
    epsilon = probe.thresholds.epsilon
    fallen = [layer.name for layer in results if (layer.cumulative_mean_gradient or math.inf) < epsilon]
    return Diagnosis(
        probe.function,
        probe.thresholds,
        probe.rule,
        probe.losses,
        vanishing_regions(probe.function, epsilon),
        tuple(probe.rule.judge(results, probe.function, epsilon, _telling(probe.sides))),
        tuple(neurons),
        fallen[-1] if fallen else None,
        tuple(doubts),
        probe.sides,
        tuple(histograms),
    )


def _neurons(
    probe: Probe, layer: str, columns: Sequence[str], p: LayerPartial, flagged: Sequence[bool] | None
) -> list[Neuron]:
    layer_output = p.sum_output.sum() / max(1, int(p.values.sum()))
    std = p.moments.std()
    counted = probe.check is not None and probe.check.score is not None
    neurons = []
    for i, column in enumerate(columns):
        n = int(p.values[i])
        active = n - int(p.vanishing[i])
        dead = n > 0 and active <= probe.thresholds.alpha * n
        neurons.append(
            Neuron(
                layer=layer,
                neuron=column,
                samples=n,
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
                lost_gradient_ratio=_share(p.lost_gradient[i], n) if probe.losses else None,
                constant_output_ratio=_share(p.constant_output[i], n) if probe.losses else None,
                flagged=None if flagged is None else flagged[i],
                rule_score=_share(p.score[i], n) if counted else None,
                mean_abs_gradient=_share(p.sum_gradient[i], n),
                rms_gradient=math.sqrt(p.sum_square_gradient[i] / n) if n else None,
                mean_abs_output=_share(p.sum_output[i], n),
            )
        )
    return neurons


def _layer(
    probe: Probe, name: str, p: LayerPartial, neurons: Sequence[Neuron], flagged: Sequence[bool] | None
) -> Layer:
    values = int(p.values.sum())
    counted = probe.check is not None and probe.check.score is not None
    dead = sum(neuron.dead for neuron in neurons)
    whole_rows = int(p.values.max(initial=0)) if probe.function.rowwise else 0
    square = _share(p.sum_square_gradient.sum(), values)
    return Layer(
        name=name,
        samples=p.samples,
        neurons=len(neurons),
        missing=int(p.missing.sum()),
        non_finite=int(p.non_finite.sum()),
        dead_neurons=dead,
        dead_neuron_ratio=_share(dead, len(neurons)) if values else None,
        dormant_neurons=sum(neuron.dormant for neuron in neurons),
        vanishing_ratio=_share(p.vanishing.sum(), values),
        saturated_low_ratio=_share(p.saturated_low.sum(), values),
        saturated_high_ratio=_share(p.saturated_high.sum(), values),
        zero_gradient_ratio=_share(p.zero_gradient.sum(), values),
        lost_gradient_ratio=_share(p.lost_gradient.sum(), values) if probe.losses else None,
        constant_output_ratio=_share(p.constant_output.sum(), values) if probe.losses else None,
        flagged_neurons=None if flagged is None else sum(flagged),
        rule_score=_share(p.score.sum(), values) if counted else None,
        mean_square=_share(p.moments.sum_square().sum(), values),
        spread=math.sqrt(p.moments.deviation.sum() / values) if values else None,
        mean_abs_gradient=_share(p.sum_gradient.sum(), values),
        rms_gradient=None if square is None else math.sqrt(square),
        vanishing_rows=p.vanishing_rows if probe.function.rowwise else None,
        vanishing_row_ratio=_share(p.vanishing_rows, whole_rows) if probe.function.rowwise else None,
    )


def _likeness(probe: Probe, p: LayerPartial) -> str | None:
    """What makes a layer look like outputs of the function: its values lie within the function's range."""
    values = int(p.values.sum())
    low, high = probe.function.range or shape(probe.function).range
    least, most = float(p.minimum.min(initial=math.inf)), float(p.maximum.max(initial=-math.inf))
    if values < FEW or not (low <= least and most <= high) or (math.isinf(low) and math.isinf(high)):
        return None
    if math.isfinite(low) and math.isfinite(high):
        # So do pre-activations that are small: a bell of them that ends here is a third as wide at most.
        around_zero = least < 0.0 < most and p.moments.sum_square().sum() < values * (max(-low, high) / 3.0) ** 2
        return None if around_zero else f"all values lie within [{low:g}, {high:g}]"
    end, side = (low, "below") if math.isfinite(low) else (high, "above")
    if any(region.kind == "zero" for region in vanishing_regions(probe.function, probe.thresholds.epsilon)):
        zeros = p.zeros / values
        return f"no value is {side} {end:g}, and {zeros:.0%} are exactly 0" if zeros >= MANY_ZEROS else None
    # Values on both sides of 0 that end just here by chance would not reach far on the other side.
    return f"no value is {side} {end:g}" if most - least > 10.0 * abs(end) else None


def _telling(sides: SaturatedSides) -> tuple[Side, ...]:
    """The sides that few values of a healthy layer are on, where f saturates on both: tanh's two, and of relu6, which
    is off below 0 as relu is, the high one."""
    if not (sides.low and sides.high):
        return ()
    low, high = sides.low[0][1] < 0.0, sides.high[-1][0] > 0.0 and math.isinf(sides.high[-1][1])
    return (*(("low",) if low else ()), *(("high",) if high else ()))


def _cumulated(layers: Sequence[Layer]) -> list[Layer]:
    """The layers with the products of mean|f'| and of rms f' over each and those after it."""
    done: list[Layer] = []
    mean: float | None = 1.0
    rms: float | None = 1.0
    for layer in reversed(layers):
        mean = None if mean is None or layer.mean_abs_gradient is None else mean * layer.mean_abs_gradient
        rms = None if rms is None or layer.rms_gradient is None else rms * layer.rms_gradient
        done.append(replace(layer, cumulative_mean_gradient=mean, cumulative_rms_gradient=rms))
    return done[::-1]


def _share(part: float, whole: int) -> float | None:
    return float(part) / whole if whole else None
