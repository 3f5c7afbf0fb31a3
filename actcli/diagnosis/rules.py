"""A rule says how layers are judged: by limits of ours, or by the check of another system on its own definition."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from actcli.activation import Array, Flags, Function
from actcli.diagnosis.remedies import remedies
from actcli.diagnosis.verdicts import MADE_UP, ORDER, Finding, Layer, Limits, Side, Verdict, findings, values
from actcli.errors import UsageError
from actcli.measuring.partial import LayerPartial
from actcli.text import percent


@dataclass(frozen=True, slots=True)
class Check:
    """What another system looks at, for some functions.

    `score` gives a number for each value, from x, |f| and |f'|; flags count as 0 and 1. `neurons` says from the sums of
    the scores which neurons are at fault; without it the mean score of all values is looked at. The layer gets the
    verdict `grade` where the share of such neurons, or the mean score, passes `alarm`.
    """

    functions: tuple[str, ...]  # none: every elementwise one
    finding: str  # what the neurons or values at fault are
    definition: str
    source: str
    figure: str  # of the layer, whose remedies are called for
    score: Callable[[Array, Array, Array], Array | Flags] | None = None
    neurons: Callable[[LayerPartial], Flags] | None = None
    alarm: Callable[[float], bool] = lambda share: False
    grade: Verdict = "critical"

    def flagged(self, partial: LayerPartial) -> list[bool] | None:
        """The neurons at fault, None where the check is of values alone."""
        if self.neurons is None:
            return None
        return [bool(flag) for flag in (partial.values > 0) & self.neurons(partial)]

    def finds(self, layer: Layer) -> Finding:
        """What the check says of a measured layer."""
        if layer.flagged_neurons is not None:
            share = layer.flagged_neurons / layer.neurons if layer.neurons else 0.0
            text = f"{layer.flagged_neurons} of {layer.neurons} neurons {self.finding} ({percent(share)})"
        else:
            share = layer.rule_score or 0.0
            text = f"{percent(share)} of the values {self.finding}"
        return Finding(self.grade if self.alarm(share) else "ok", text, self.figure)


@dataclass(frozen=True, slots=True)
class Rule:
    """A way to judge layers: by limits of ours, or by the checks of another system, each for other functions."""

    name: str
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
        if check is not None:
            return {"name": self.name, "definition": check.definition, "source": check.source}
        return {"name": self.name, "definition": _in_words(self.limits) if self.limits else "", "source": "actcli"}

    def judge(self, layers: Sequence[Layer], function: Function, epsilon: float, sides: Sequence[Side]) -> list[Layer]:
        """The layers, first to last of one network, with their verdicts, reasons and remedies. On `sides` values should
        not be saturated."""
        check = self.check(function)
        judged = []
        for i, layer in enumerate(layers):
            found: list[Finding] = []
            if check is not None:
                found = [*values(layer), check.finds(layer)]
            elif self.limits is not None:
                found = findings(layers[i:], function, self.limits, epsilon, sides)
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


def _in_words(limits: Limits) -> str:
    parts = (
        ("dead neurons", limits.dead),
        ("values of vanishing gradient", limits.vanishing),
        ("saturated values, where f saturates on both sides, but not on one that holds 0", limits.saturated),
        ("rows of vanishing Jacobian", limits.vanishing_rows),
    )
    shares = "; ".join(f"{100 * a:.3g} % of {name} (critical from {100 * b:.3g} %)" for name, (a, b) in parts)
    return (
        f"a layer is warned of from {shares}; it is critical where f', even at its largest here and in the layers "
        "after it, takes a gradient below epsilon, unless the weights make up for it (at least "
        f"{100 * MADE_UP:g} % of the spread of the pre-activations over the samples is left at the last layer), or "
        "lets it grow 1/epsilon times; it is warned of where less than epsilon of the spread is left"
    )


# A healthy ReLU layer is off for 50 to 85 % of its values and has a few dead neurons; a function that saturates on both
# sides should not do so for most of them.
DEFAULT = Rule(
    "default",
    Limits(dead=(0.10, 0.25), vanishing=(0.90, 0.95), saturated=(0.50, 0.90), vanishing_rows=(0.50, 0.95)),
)
STRICT = Rule(
    "strict",
    Limits(dead=(0.01, 0.10), vanishing=(0.85, 0.90), saturated=(0.25, 0.50), vanishing_rows=(0.25, 0.50)),
)
