"""What the figures of a layer mean: ok, warning or critical, with the reasons in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from actcli.activation import Function
from actcli.regions import shape

Verdict = Literal["ok", "warning", "critical"]

# Shares from which a figure is a warning, and from which it is critical. A healthy ReLU layer is off for 50 to 85 % of
# its values and has a few dead neurons; a function that saturates on both sides should not do so for most of them.
DEAD = (0.10, 0.25)
VANISHING = (0.90, 0.95)
SATURATED = (0.50, 0.90)
VANISHING_ROWS = (0.50, 0.95)


@dataclass(frozen=True, slots=True)
class Layer:
    """One table. Ratios named after neurons are shares of neurons, the others shares of finite values."""

    name: str
    samples: int
    neurons: int
    missing: int
    non_finite: int
    dead_neurons: int
    dead_neuron_ratio: float | None
    dormant_neurons: int
    vanishing_ratio: float | None
    saturated_low_ratio: float | None
    saturated_high_ratio: float | None
    zero_gradient_ratio: float | None
    mean_abs_gradient: float | None
    rms_gradient: float | None
    vanishing_rows: int | None  # rowwise functions only
    vanishing_row_ratio: float | None
    verdict: Verdict = "ok"
    reasons: tuple[str, ...] = ()


def judge(layers: Sequence[Layer], function: Function, epsilon: float, two_sided: bool) -> list[Layer]:
    """The layers, first to last of one network, with their verdicts. `two_sided`: f saturates on both sides."""
    judged = []
    for i, layer in enumerate(layers):
        findings = [
            *_values(layer),
            *_dead(layer),
            *_vanishing(layer, epsilon),
            *(_saturated(layer) if two_sided else ()),
            *_attenuated(layers[i:], function, epsilon),
        ]
        order: tuple[Verdict, ...] = ("ok", "warning", "critical")
        verdict: Verdict = max((found for found, _ in findings), key=order.index, default="ok")
        if verdict == "ok":
            findings.append(("ok", _summary(layer, epsilon)))
        judged.append(replace(layer, verdict=verdict, reasons=tuple(reason for _, reason in findings)))
    return judged


Findings = list[tuple[Verdict, str]]


def _grade(ratio: float | None, limits: tuple[float, float]) -> Verdict:
    if ratio is None or ratio < limits[0]:
        return "ok"
    return "warning" if ratio < limits[1] else "critical"


def _percent(ratio: float) -> str:
    """Rounded so that what is not all never reads 100 %, and what is not nothing never 0 %."""
    text = f"{100 * ratio:.1f}"
    if text == "100.0" and ratio < 1:
        return "over 99.9 %"
    return "under 0.1 %" if text == "0.0" and ratio > 0 else f"{text} %"


def _values(layer: Layer) -> Findings:
    findings: Findings = []
    if layer.non_finite:
        findings.append(("critical", f"{layer.non_finite} values are NaN or infinite: the network has diverged"))
    if layer.vanishing_ratio is None:
        findings.append(("warning", "there are no values to judge by"))
    return findings


def _dead(layer: Layer) -> Findings:
    if not layer.dead_neurons:
        return []
    share = layer.dead_neuron_ratio or 0.0
    are = "neuron is" if layer.neurons == 1 else "neurons are" if layer.dead_neurons != 1 else "neurons is"
    text = f"{layer.dead_neurons} of {layer.neurons} {are} dead on {layer.samples} samples ({_percent(share)})"
    return [(_grade(share, DEAD), text)]


def _vanishing(layer: Layer, epsilon: float) -> Findings:
    findings: Findings = []
    if (grade := _grade(layer.vanishing_ratio, VANISHING)) != "ok":
        findings.append((grade, f"{_percent(layer.vanishing_ratio or 0.0)} of the values have |f'| < {epsilon:g}"))
    if layer.vanishing_row_ratio:
        text = f"the whole Jacobian is below {epsilon:g} in {_percent(layer.vanishing_row_ratio)} of the rows"
        findings.append((_grade(layer.vanishing_row_ratio, VANISHING_ROWS), text))
    return findings


def _saturated(layer: Layer) -> Findings:
    if layer.saturated_low_ratio is None or layer.saturated_high_ratio is None:
        return []
    low, high = layer.saturated_low_ratio, layer.saturated_high_ratio
    grade = _grade(low + high, SATURATED)
    sides = f"{_percent(low)} low, {_percent(high)} high"
    return [] if grade == "ok" else [(grade, f"{_percent(low + high)} of the values are saturated ({sides})")]


def _attenuated(layers: Sequence[Layer], function: Function, epsilon: float) -> Findings:
    """Whether f' alone, even at its largest in each layer from here to the last, takes the gradient below epsilon."""
    if len(layers) == 1 or function.rowwise:
        return []
    most = shape(function).sup_gradient
    if most ** len(layers) >= epsilon:
        return []
    factor = math.prod(layer.mean_abs_gradient or 0.0 for layer in layers)
    after = f"{len(layers) - 1} layer{'s' if len(layers) > 2 else ''} after it"
    text = f"f' here and in the {after} scales the gradient by {factor:.2g}"
    return [("critical", f"{text}: {function.label} passes at most {most:g} a layer")]


def _summary(layer: Layer, epsilon: float) -> str:
    passing = 1.0 - (layer.vanishing_ratio or 0.0)
    dead = "no neuron is dead, " if not layer.dead_neurons else ""
    return f"{dead}{_percent(passing)} of the values have |f'| >= {epsilon:g}"


def upper_bound(active: int, samples: int, confidence: float = 0.95) -> float:
    """The one-sided upper confidence bound of a neuron's share of active samples, `active` of `samples` seen so
    (Clopper and Pearson 1934); for none seen it is 1 - 0.05^(1/n)."""
    miss = 1.0 - confidence
    if active == 0:
        return float(-np.expm1(math.log(miss) / samples))
    if active >= samples:
        return 1.0
    k = np.arange(active + 1)
    log_choose = np.concatenate([[0.0], np.cumsum(np.log(samples - k[:-1]) - np.log(k[1:]))])
    low, high = active / samples, 1.0
    for _ in range(60):
        p = 0.5 * (low + high)
        at_most = float(np.exp(log_choose + k * math.log(p) + (samples - k) * math.log1p(-p)).sum())
        low, high = (p, high) if at_most > miss else (low, p)
    return high
