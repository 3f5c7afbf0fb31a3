"""What the measures of a layer mean: ok, warning or critical, with the reasons in words."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

from actcli.activation import Function
from actcli.analysis.regions import SaturatedSides, sup_gradient
from actcli.diagnosis.records import Layer
from actcli.diagnosis.remedies import LARGE, remedies, scaling
from actcli.diagnosis.rules import MADE_UP, ORDER, Check, Limits, Rule, Verdict
from actcli.measuring.layer import Role
from actcli.numerics.certainty import samples_for_bound, samples_to_tell, upper_bound, wilson
from actcli.text import at_most, counted, percent

Side = Literal["low", "high"]
ACTIVE = 0.01  # samples should show that a dead neuron passes gradient for less than this share of inputs


class Finding(NamedTuple):
    """A reason and its grade; `measure` is the field of the layer that it rests on."""

    grade: Verdict
    reason: str
    measure: str = ""


class _Stretch(NamedTuple):
    """A layer and those after it, up to the first rowwise function; empty if the layer's own function is rowwise."""

    layers: int
    last: Layer
    end: Layer  # the last layer of the network
    most: dict[Function, float]  # the largest |f'| of each function
    passed: float  # the product of these over the layers


def _stretches(layers: Sequence[Layer]) -> list[_Stretch]:
    """The stretch of each layer, built from that of the next: walking along all of them would be quadratic."""
    done: list[_Stretch] = []
    for layer in reversed(layers):
        own = _Stretch(0, layer, layers[-1], {}, 1.0)
        if not layer.function.rowwise:
            after = done[-1] if done and done[-1].layers else own
            most = sup_gradient(layer.function)
            functions = {layer.function: most} | after.most
            own = _Stretch(after.layers + 1, after.last, own.end, functions, most * after.passed)
        done.append(own)
    return done[::-1]


def cumulated(layers: Sequence[Layer]) -> list[Layer]:
    """The layers with the products of mean|f'| and of rms f' over each layer and those after it."""
    done: list[Layer] = []
    mean: float | None = 1.0
    rms: float | None = 1.0
    for layer in reversed(layers):
        if done and done[-1].function.rowwise != layer.function.rowwise:
            mean, rms = 1.0, 1.0
        mean = None if mean is None or layer.mean_abs_gradient is None else mean * layer.mean_abs_gradient
        rms = None if rms is None or layer.rms_gradient is None else rms * layer.rms_gradient
        done.append(replace(layer, cumulative_mean_gradient=mean, cumulative_rms_gradient=rms))
    return done[::-1]


def judged(
    layers: Sequence[Layer], rule: Rule, epsilon: float, sides: Mapping[Function, SaturatedSides]
) -> list[Layer]:
    """The layers of one network, first to last, with their verdicts, reasons and remedies."""
    done = []
    for i, (layer, stretch) in enumerate(zip(layers, _stretches(layers), strict=True)):
        check = rule.check(layer.function)
        found: list[Finding] = []
        if check is not None:
            found = [*values(layer), checked(layer, check)]
        elif rule.limits is not None:
            found = findings(layer, stretch, rule.limits, epsilon, _sides_to_judge(sides[layer.function]))
        found = sorted(found, key=lambda finding: -ORDER.index(finding.grade))  # the gravest first
        found = found if layer.role == "hidden" else [_described(finding, layer.role) for finding in found]
        grave = [finding for finding in found if finding.grade != "ok"]
        done.append(
            replace(
                layer,
                verdict=max((finding.grade for finding in found), key=ORDER.index, default="ok"),
                reasons=tuple(finding.reason for finding in found),
                remedies=(
                    *([scaling(layer.mean_square or 0.0)] if grave and i == 0 and _is_large(layer) else []),
                    *(
                        remedy
                        for finding in grave
                        for remedy in remedies(finding.measure, layer.function, finished=layer.place.finished)
                    ),
                ),
            )
        )
    return done


def _is_large(layer: Layer) -> bool:
    """Whether the inputs of a first layer look unscaled. Not asked of a layer that diverged, nor of a finished model,
    whose inputs are scaled as in training."""
    if layer.place.finished or layer.non_finite:
        return False
    return layer.mean_square is not None and LARGE < layer.mean_square < math.inf


def _described(finding: Finding, role: Role) -> Finding:
    """A finding that would be a fault in a hidden layer, made ok for a head or a gate: both should saturate."""
    if finding.grade == "ok" or finding.measure == "non_finite":
        return finding
    return Finding("ok", f"{finding.reason}, which is normal for a {role}")


def _sides_to_judge(sides: SaturatedSides) -> tuple[Side, ...]:
    """The sides on which a healthy layer has few values, if f saturates on both: both sides for tanh, the high side for
    relu6, which is off below 0 as relu is."""
    if not (sides.low and sides.high):
        return ()
    low, high = sides.low[0][1] < 0.0, sides.high[-1][0] > 0.0 and math.isinf(sides.high[-1][1])
    return (*(("low",) if low else ()), *(("high",) if high else ()))


def findings(layer: Layer, stretch: _Stretch, limits: Limits, epsilon: float, sides: Sequence[Side]) -> list[Finding]:
    """The findings on a layer of a network. `sides`: the sides on which values should not be saturated."""
    found = [
        *values(layer),
        *_dead(layer, limits),
        *_vanishing(layer, limits, epsilon),
        *(_saturated(layer, limits, sides) if sides else ()),
        *_through(layer, stretch, epsilon),
    ]
    if all(finding.grade == "ok" for finding in found):
        found.append(Finding("ok", _summary(layer, epsilon)))
    return found


def checked(layer: Layer, check: Check) -> Finding:
    """The finding of another system's check on a layer."""
    if layer.flagged_neurons is not None:
        share = layer.flagged_neurons / layer.known_neurons
        text = f"{layer.flagged_neurons} of {layer.known_neurons} neurons {check.finding} ({percent(share)})"
    else:
        share = layer.rule_score or 0.0
        text = f"{percent(share)} of the values {check.finding}"
    return Finding(check.grade if check.alarm(share) else "ok", text, check.measure)


def grade(ratio: float | None, limits: tuple[float, float]) -> Verdict:
    """The verdict on a ratio by its limits; None is ok."""
    if ratio is None or ratio < limits[0]:
        return "ok"
    return "warning" if ratio < limits[1] else "critical"


def values(layer: Layer) -> list[Finding]:
    """Findings if there are no values to judge by, or not all of them are numbers."""
    found = []
    if layer.non_finite:
        are = "is" if layer.non_finite == 1 else "are"
        text = f"{counted(layer.non_finite, 'values')} {are} NaN or infinite: the network has diverged"
        found.append(Finding("critical", text, "non_finite"))
    if layer.vanishing_ratio is None:
        found.append(Finding("warning", "no values to judge by"))
    elif layer.empty_neurons:
        has = "neuron has no value and is" if layer.empty_neurons == 1 else "neurons have no value and are"
        found.append(Finding("ok", f"{layer.empty_neurons} {has} not counted in any share"))
    return found


def doubt(ratio: float, what: str, limits: tuple[float, float], layer: Layer) -> list[Finding]:
    """A finding if so few samples might come from a layer with another verdict, with the number that would decide."""
    low, high = wilson(ratio, layer.independent)
    between = [limit for limit in limits if low < limit <= high]
    if not between:
        return []
    on = f"on {counted(round(layer.independent), layer.place.samples)}"
    text = f"{on} the share of {what}, {percent(ratio)}, is only known to be {percent(low)} to {percent(high)}"
    nearest = min(between, key=lambda limit: abs(limit - ratio))
    if abs(nearest - ratio) > 1e-3:
        text += f"; about {samples_to_tell(ratio, nearest)} would distinguish it from {percent(nearest)}"
    return [Finding("ok", text)]


def _dead(layer: Layer, limits: Limits) -> list[Finding]:
    if not layer.dead_neurons:
        return []
    share = layer.dead_neuron_ratio or 0.0
    known = layer.known_neurons
    are = "neuron is" if known == 1 else "neurons are" if layer.dead_neurons != 1 else "neurons is"
    on = f"on {counted(layer.samples, layer.place.samples)}"
    text = f"{layer.dead_neurons} of {known} {are} dead {on} ({percent(share)})"
    found = [Finding(grade(share, limits.dead), text, "dead_neuron_ratio")]
    if layer.shrunk_neurons:
        one = layer.shrunk_neurons == 1
        are, their = ("is", "its") if one else ("are", "their")
        text = f"{counted(layer.shrunk_neurons, 'neurons')} {are} shrunk to nothing: {their} weights are next to 0"
        held = layer.dead_neurons - layer.shrunk_neurons
        found.append(Finding("ok", f"{text}{'; others are kept off by their bias' if held > 0 else ''}"))
    bound = upper_bound(0, max(1, round(layer.independent)))
    if bound > ACTIVE:
        inputs = f"{at_most(bound)} of all inputs"
        text = f"on so few {layer.place.samples} a neuron that looks dead may pass gradient for {inputs}"
        found.append(Finding("ok", f"{text}; {samples_for_bound(ACTIVE)} would lower that to {at_most(ACTIVE)}"))
    return found


def _vanishing(layer: Layer, limits: Limits, epsilon: float) -> list[Finding]:
    found = []
    if (ratio := layer.vanishing_ratio) is not None:
        if (verdict := grade(ratio, limits.vanishing)) != "ok":
            text = f"{percent(ratio)} of the values have |f'| < {epsilon:g}"
            found.append(Finding(verdict, text, "vanishing_ratio"))
        found += doubt(ratio, "vanishing values", limits.vanishing, layer)
    if rows := layer.vanishing_row_ratio:
        text = f"the whole Jacobian is below {epsilon:g} in {percent(rows)} of the rows"
        found.append(Finding(grade(rows, limits.vanishing_rows), text, "vanishing_row_ratio"))
        found += doubt(rows, "vanishing rows", limits.vanishing_rows, layer)
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
    return found + doubt(ratio, "saturated values", limits.saturated, layer)


def _through(layer: Layer, stretch: _Stretch, epsilon: float) -> list[Finding]:
    """Findings if f', even at its largest in each layer from here to the last, removes the gradient, if f' lets it
    grow, or if the signal dies out. The effect of the weights shows only in the spread."""
    if layer.gradient_rms is not None:
        return _of_the_loss(layer.gradient_rms, stretch.end.gradient_rms, epsilon)
    factor = layer.cumulative_mean_gradient
    if stretch.layers < 2 or factor is None:
        return []
    after = f"{counted(stretch.layers - 1, 'layers')} after it"
    text = f"f' here and in the {after} scales the gradient by {factor:.2g}"
    left = _spread_left(layer.spread, stretch.last.spread)
    if stretch.passed < epsilon:
        text += f": {_passing(stretch.most)} per layer"
        if left is None or left < MADE_UP:
            return [Finding("critical", text, "cumulative_mean_gradient")]
        text += f"; the weights make up for it: at the last layer the pre-activations spread {left:.2g} times as far"
        return [Finding("ok", text)]
    growth = layer.cumulative_rms_gradient or 0.0
    if growth > 1.0 / epsilon:
        text = f"f' here and in the {after} lets the gradient grow {growth:.2g} times (rms)"
        return [Finding("critical", text, "cumulative_rms_gradient")]
    if left is not None and left < epsilon:
        text = f"only {left:.2g} of the spread of the pre-activations over the samples is left in the last layer"
        return [Finding("warning", f"{text}: the signal dies out, and so do gradients on their way back", "spread")]
    return []


def _of_the_loss(here: float, last: float | None, epsilon: float) -> list[Finding]:
    """Findings if the gradient of the loss has vanished or grown since the last layer."""
    if here == 0.0:
        return [Finding("critical", "no gradient of the loss gets back to this layer: dL/dx is 0", "gradient_rms")]
    if not last or not math.isfinite(here):
        return []
    text = f"the gradient of the loss here is {here / last:.2g} times that at the last layer"
    if here < epsilon * last:
        return [Finding("critical", text, "gradient_rms")]
    return [Finding("critical", text, "gradient_rms")] if here > last / epsilon else []


def _passing(most: Mapping[Function, float]) -> str:
    """The most that each function passes, in words."""
    first, *rest = (f"{function.label} passes at most {size:g}" for function, size in most.items())
    return ", ".join([first, *(text.replace(" passes at most", "") for text in rest)])


def _spread_left(first: float | None, last: float | None) -> float | None:
    """The spread of the last layer over that of the first, None if that is 0 or unknown.

    A gradient on its way back is multiplied by at least about as much: the spread of f(z) is at most rms f' times that
    of z (Poincare's inequality, equal for linear f), and the weights scale signals as they scale gradients.
    """
    return last / first if first and last is not None and math.isfinite(first) else None


def _summary(layer: Layer, epsilon: float) -> str:
    passing = 1.0 - (layer.vanishing_ratio or 0.0)
    dead = "no neuron is dead, " if not layer.dead_neurons else ""
    return f"{dead}{percent(passing)} of the values have |f'| >= {epsilon:g}"
