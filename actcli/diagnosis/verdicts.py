"""What the figures of a layer mean: ok, warning or critical, with the reasons in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from actcli.activation import Function
from actcli.analysis.regions import shape
from actcli.diagnosis.remedies import Remedy
from actcli.numerics.certainty import samples_for_bound, samples_to_tell, upper_bound, wilson
from actcli.text import percent

Verdict = Literal["ok", "warning", "critical"]
Side = Literal["low", "high"]
ORDER: tuple[Verdict, ...] = ("ok", "warning", "critical")
MADE_UP = 0.1  # the share of the spread that is left at the last layer where weights make up for a small f'
ACTIVE = 0.01  # a dead neuron should be shown to pass gradient on fewer of its inputs than this


@dataclass(frozen=True, slots=True)
class Layer:
    """One table. Ratios named after neurons are shares of neurons, the others shares of finite values.

    The cumulative gradients are products over this layer and those after it.
    """

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
    lost_gradient_ratio: float | None  # with a precision only
    constant_output_ratio: float | None
    flagged_neurons: int | None  # with a rule of another system only
    rule_score: float | None  # mean of what the rule counts
    mean_square: float | None  # of the pre-activations
    spread: float | None  # root mean square over the neurons of their standard deviation over the samples
    mean_abs_gradient: float | None
    rms_gradient: float | None
    vanishing_rows: int | None  # rowwise functions only
    vanishing_row_ratio: float | None
    cumulative_mean_gradient: float | None = None
    cumulative_rms_gradient: float | None = None
    verdict: Verdict = "ok"
    reasons: tuple[str, ...] = ()
    remedies: tuple[Remedy, ...] = ()

    @property
    def independent(self) -> float:
        """How many samples an element ratio rests on: the values of one sample are not independent of each other."""
        values = self.samples * self.neurons - self.missing - self.non_finite
        return values / self.neurons if self.neurons else 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Shares from which a figure is a warning, and from which it is critical."""

    dead: tuple[float, float]
    vanishing: tuple[float, float]
    saturated: tuple[float, float]
    vanishing_rows: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Finding:
    """A reason and how grave it is; `figure` is the field of the layer that it rests on."""

    grade: Verdict
    reason: str
    figure: str = ""


def findings(
    layers: Sequence[Layer], function: Function, limits: Limits, epsilon: float, sides: Sequence[Side]
) -> list[Finding]:
    """What is to be said of the first of these layers, the others being those after it in the network.

    `sides`: on which values should not be saturated.
    """
    layer = layers[0]
    found = [
        *values(layer),
        *_dead(layer, limits),
        *_vanishing(layer, limits, epsilon),
        *(_saturated(layer, limits, sides) if sides else ()),
        *_through(layers, function, epsilon),
    ]
    if all(finding.grade == "ok" for finding in found):
        found.append(Finding("ok", _summary(layer, epsilon)))
    return found


def grade(ratio: float | None, limits: tuple[float, float]) -> Verdict:
    """What a ratio means by its limits; none is ok."""
    if ratio is None or ratio < limits[0]:
        return "ok"
    return "warning" if ratio < limits[1] else "critical"


def values(layer: Layer) -> list[Finding]:
    """Whether there are values to judge by, and all of them numbers."""
    found = []
    if layer.non_finite:
        text = f"{layer.non_finite} values are NaN or infinite: the network has diverged"
        found.append(Finding("critical", text, "non_finite"))
    if layer.vanishing_ratio is None:
        found.append(Finding("warning", "there are no values to judge by"))
    return found


def doubt(ratio: float, limits: tuple[float, float], samples: float) -> list[Finding]:
    """Says so where so few samples could have come from a layer of another verdict, and how many would tell."""
    low, high = wilson(ratio, samples)
    between = [limit for limit in limits if low < limit <= high]
    if not between:
        return []
    text = f"on {samples:.6g} samples that share is known as {percent(low)} to {percent(high)} only"
    nearest = min(between, key=lambda limit: abs(limit - ratio))
    if abs(nearest - ratio) > 1e-3:
        text += f"; about {samples_to_tell(ratio, nearest)} would tell it from {percent(nearest)}"
    return [Finding("ok", text)]


def _dead(layer: Layer, limits: Limits) -> list[Finding]:
    if not layer.dead_neurons:
        return []
    share = layer.dead_neuron_ratio or 0.0
    are = "neuron is" if layer.neurons == 1 else "neurons are" if layer.dead_neurons != 1 else "neurons is"
    text = f"{layer.dead_neurons} of {layer.neurons} {are} dead on {layer.samples} samples ({percent(share)})"
    found = [Finding(grade(share, limits.dead), text, "dead_neuron_ratio")]
    bound = upper_bound(0, max(1, round(layer.independent)))
    if bound > ACTIVE:
        text = f"so few samples bound the inputs on which a dead neuron passes gradient by {percent(bound)} only"
        found.append(Finding("ok", f"{text}; {samples_for_bound(ACTIVE)} bound them by {percent(ACTIVE)}"))
    return found


def _vanishing(layer: Layer, limits: Limits, epsilon: float) -> list[Finding]:
    found = []
    if (ratio := layer.vanishing_ratio) is not None:
        if (verdict := grade(ratio, limits.vanishing)) != "ok":
            text = f"{percent(ratio)} of the values have |f'| < {epsilon:g}"
            found.append(Finding(verdict, text, "vanishing_ratio"))
        found += doubt(ratio, limits.vanishing, layer.independent)
    if rows := layer.vanishing_row_ratio:
        text = f"the whole Jacobian is below {epsilon:g} in {percent(rows)} of the rows"
        found.append(Finding(grade(rows, limits.vanishing_rows), text, "vanishing_row_ratio"))
        found += doubt(rows, limits.vanishing_rows, layer.independent)
    return found


def _saturated(layer: Layer, limits: Limits, sides: Sequence[Side]) -> list[Finding]:
    if layer.saturated_low_ratio is None or layer.saturated_high_ratio is None:
        return []
    ratios = {"low": layer.saturated_low_ratio, "high": layer.saturated_high_ratio}
    ratio = sum(ratios[side] for side in sides)
    found = []
    if (verdict := grade(ratio, limits.saturated)) != "ok":
        parts = ", ".join(f"{percent(ratios[side])} {side}" for side in sides)
        found.append(Finding(verdict, f"{percent(ratio)} of the values are saturated ({parts})", "saturated_ratio"))
    return found + doubt(ratio, limits.saturated, layer.independent)


def _through(layers: Sequence[Layer], function: Function, epsilon: float) -> list[Finding]:
    """Whether f' takes the gradient away, even at its largest in each layer from here to the last, or lets it grow, and
    whether the signal dies out. What the weights do is known by the spread alone."""
    factor = layers[0].cumulative_mean_gradient
    if len(layers) == 1 or function.rowwise or factor is None:
        return []
    after = f"{len(layers) - 1} layer{'s' if len(layers) > 2 else ''} after it"
    text = f"f' here and in the {after} scales the gradient by {factor:.2g}"
    most = shape(function).sup_gradient
    left = _left(layers)
    if most ** len(layers) < epsilon:
        text += f": {function.label} passes at most {most:g} a layer"
        if left is None or left < MADE_UP:
            return [Finding("critical", text, "cumulative_mean_gradient")]
        text += f"; the weights make up for it: at the last layer the pre-activations spread {left:.2g} times as far"
        return [Finding("ok", text)]
    growth = layers[0].cumulative_rms_gradient or 0.0
    if growth > 1.0 / epsilon:
        text = f"f' here and in the {after} lets the gradient grow {growth:.2g} times (rms)"
        return [Finding("critical", text, "cumulative_rms_gradient")]
    if left is not None and left < epsilon:
        text = f"of the spread of the pre-activations over the samples {left:.2g} is left in the last layer"
        return [Finding("warning", f"{text}: the signal dies out, and so do gradients on their way back", "spread")]
    return []


def _left(layers: Sequence[Layer]) -> float | None:
    """The spread of the last of the layers as a share of the first one's, None where that is 0 or not known.

    A gradient on its way back is multiplied by about as much or more: the spread of f(z) is at most rms f' times that
    of z (Poincare's inequality, equal where f is linear), and the weights scale signals as they scale gradients.
    """
    first, last = layers[0].spread, layers[-1].spread
    return last / first if first and last is not None and math.isfinite(first) else None


def _summary(layer: Layer, epsilon: float) -> str:
    passing = 1.0 - (layer.vanishing_ratio or 0.0)
    dead = "no neuron is dead, " if not layer.dead_neurons else ""
    return f"{dead}{percent(passing)} of the values have |f'| >= {epsilon:g}"
