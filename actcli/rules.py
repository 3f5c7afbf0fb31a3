"""Rules by which layers are judged: our own, and those of other systems on their own definitions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from actcli.activation import Array, Flags, Function
from actcli.errors import UsageError
from actcli.partials import LayerPartial
from actcli.remedies import remedies
from actcli.verdicts import ORDER, Finding, Layer, Limits, doubt, findings, grade, percent, values


@dataclass(frozen=True, slots=True)
class Check:
    """What another system looks at, for some functions.

    `value` flags values, given x, |f| and |f'|; a neuron is flagged where at least the share `most` of its values is.
    Without `most` the values themselves are counted. `neuron` flags neurons by their partial instead. A layer is warned
    of where the share of flagged neurons, or values, is at least the first of the limits, critical from the second on;
    where the system has but one limit, that is critical.
    """

    functions: tuple[str, ...]  # none: every elementwise one
    finding: str  # what flagged neurons or values are called
    definition: str
    source: str
    limits: tuple[float, float]
    figure: str = "dead_neuron_ratio"  # whose remedies it calls for
    value: Callable[[Array, Array, Array], Flags] | None = None
    most: float | None = None
    neuron: Callable[[LayerPartial], Flags] | None = None

    def neurons(self, partial: LayerPartial) -> list[bool] | None:
        """The flagged neurons of a layer, None where the check is of values alone."""
        if self.neuron is not None:
            return [bool(flag) for flag in self.neuron(partial)]
        if self.most is None:
            return None
        count = partial.values
        return [bool(flag) for flag in (count > 0) & (partial.flagged >= self.most * count)]

    def judge(self, layer: Layer) -> list[Finding]:
        if layer.flagged_neurons is not None:
            share = layer.flagged_neurons / layer.neurons if layer.neurons else 0.0
            text = f"{layer.flagged_neurons} of {layer.neurons} neurons {self.finding} ({percent(share)})"
            return [Finding(grade(share, self.limits), text, self.figure)]
        share = layer.flagged_ratio or 0.0
        text = f"{percent(share)} of the values {self.finding}"
        return [Finding(grade(share, self.limits), text, self.figure), *doubt(share, self.limits, layer.independent)]


@dataclass(frozen=True, slots=True)
class Rule:
    """A way to judge layers: by limits of ours, or by the checks of another system, each for other functions."""

    name: str
    definition: str
    source: str
    limits: Limits | None = None
    checks: tuple[Check, ...] = ()

    def check(self, function: Function) -> Check | None:
        """The check that is for this function; None for our own rules.

        Raises UsageError where the system has none for it.
        """
        if not self.checks:
            return None
        for check in self.checks:
            if function.name in check.functions or not (check.functions or function.rowwise):
                return check
        known = ", ".join(name for check in self.checks for name in check.functions) or "elementwise functions"
        raise UsageError(f"the rule of {self.name} says nothing of {function.name}", f"it is for {known}")

    def explanation(self, function: Function) -> dict[str, str]:
        """The rule as it is for this function: name, definition with its thresholds, source."""
        check = self.check(function)
        return {
            "name": self.name,
            "definition": check.definition if check else self.definition,
            "source": check.source if check else self.source,
        }

    def judge(self, layers: Sequence[Layer], function: Function, epsilon: float, two_sided: bool) -> list[Layer]:
        """The layers, first to last of one network, with their verdicts, reasons and remedies."""
        check = self.check(function)
        judged = []
        for i, layer in enumerate(layers):
            found: list[Finding] = []
            if check is not None:
                found = [*values(layer), *check.judge(layer)]
            elif self.limits is not None:
                found = findings(layers[i:], function, self.limits, epsilon, two_sided)
            grave = [finding for finding in found if finding.grade != "ok"]
            judged.append(
                replace(
                    layer,
                    verdict=max((finding.grade for finding in found), key=ORDER.index, default="ok"),
                    reasons=tuple(finding.reason for finding in found),
                    remedies=tuple(remedy for finding in grave for remedy in remedies(finding.figure, function)),
                )
            )
        return judged


# A healthy ReLU layer is off for 50 to 85 % of its values and has a few dead neurons; a function that saturates on both
# sides should not do so for most of them.
_DEFAULT = Limits(dead=(0.10, 0.25), vanishing=(0.90, 0.95), saturated=(0.50, 0.90), vanishing_rows=(0.50, 0.95))
_STRICT = Limits(dead=(1e-9, 0.10), vanishing=(0.85, 0.90), saturated=(0.25, 0.50), vanishing_rows=(0.25, 0.50))


def _in_words(limits: Limits) -> str:
    parts = (
        ("dead neurons", limits.dead),
        ("values of vanishing gradient", limits.vanishing),
        ("values saturated, where f saturates on both sides", limits.saturated),
        ("rows of vanishing Jacobian", limits.vanishing_rows),
    )
    shares = "; ".join(
        f"{name} from {100 * low:.3g} % on, critical from {100 * high:.3g} %" for name, (low, high) in parts
    )
    return (
        f"a layer is warned of for {shares}; it is critical where f', even at its largest here and in the layers after "
        "it, takes a gradient below epsilon, or lets it grow 1/epsilon times"
    )


DEFAULT = Rule("default", _in_words(_DEFAULT), "actcli", _DEFAULT)
STRICT = Rule("strict", _in_words(_STRICT), "actcli", _STRICT)

RULES: dict[str, Rule] = {rule.name: rule for rule in (DEFAULT, STRICT)}
