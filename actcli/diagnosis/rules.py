"""Rules: our own limits, or another system's checks as it defines them. Imports little: `--help` lists the rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from actcli.errors import UsageError

if TYPE_CHECKING:
    from actcli.activation import Array, Flags, Function
    from actcli.measuring.probe import Score
    from actcli.measuring.tallies import Counts

Verdict = Literal["ok", "warning", "critical"]
ORDER: tuple[Verdict, ...] = ("ok", "warning", "critical")
MADE_UP = 0.1  # weights make up for a small f' if at least this share of the spread is left at the last layer


class Limits(NamedTuple):
    """For each measure, the share that is a warning and the share that is critical."""

    dead: tuple[float, float]
    vanishing: tuple[float, float]
    saturated: tuple[float, float]
    vanishing_rows: tuple[float, float]


class Check(NamedTuple):
    """What another system looks at, for some functions.

    `score` gives a number for each value, from x, |f| and |f'|; flags count as 0 and 1. `neurons` says which neurons
    are at fault, from each one's number of values, sum of scores and mean |f|; without it, the mean score of all values
    counts. The layer gets the verdict `grade` if the share of neurons at fault, or the mean score, raises the `alarm`.
    """

    functions: tuple[str, ...]  # empty: every elementwise function
    finding: str  # what the neurons or values at fault are
    definition: str
    source: str
    measure: str  # the field of the layer whose remedies apply
    score: Score | None = None
    neurons: Callable[[Counts, Array, Array], Flags] | None = None
    alarm: Callable[[float], bool] = lambda share: False
    grade: Verdict = "critical"


class Rule(NamedTuple):
    """A way to judge layers: by our own limits, or by another system's checks, each for certain functions."""

    name: str
    limits: Limits | None = None
    checks: tuple[Check, ...] = ()

    def check(self, function: Function, layer: str = "") -> Check | None:
        """The check for this function; None for our own rules.

        Raises UsageError if the system has none for it; the error names the layer, if one is given.
        """
        if not self.checks:
            return None
        for check in self.checks:
            if function.name in check.functions or not (check.functions or function.rowwise):
                return check
        known = ", ".join(name for check in self.checks for name in check.functions) or "elementwise functions"
        where, way_out = (f"{layer}: ", f"; leave the layer out with --layer '!{layer}'") if layer else ("", "")
        raise UsageError(
            f"{where}the rule of {self.name} does not cover {function.name}", f"it covers {known}{way_out}"
        )

    def explanation(self, functions: Sequence[Function]) -> dict[str, str]:
        """The rule as it applies to these functions: name, definition with its thresholds, source."""
        sources = dict.fromkeys(check.source for check in self._checks(functions).values())
        source = "; ".join(sources) if self.checks else "actcli"
        return {"name": self.name, "definition": "; ".join(self.definitions(functions)), "source": source}

    def definitions(self, functions: Sequence[Function]) -> list[str]:
        """The statements of the rule that apply to these functions, with its thresholds."""
        if self.limits is not None:
            return _in_words(self.limits)
        checks = self._checks(functions)
        alike = len({check.definition for check in checks.values()}) == 1
        texts = [check.definition if alike else f"{label}: {check.definition}" for label, check in checks.items()]
        return list(dict.fromkeys(texts))

    def _checks(self, functions: Sequence[Function]) -> dict[str, Check]:
        return {function.label: check for function in functions if (check := self.check(function)) is not None}


def _in_words(limits: Limits) -> list[str]:
    shares = (
        ("dead neurons", limits.dead),
        ("values with a vanishing gradient", limits.vanishing),
        ("saturated values, if f saturates on both sides, not counting a side that includes 0", limits.saturated),
        ("rows with a vanishing Jacobian", limits.vanishing_rows),
    )
    return [
        *(f"{name}: warning from {100 * a:.3g} %, critical from {100 * b:.3g} %" for name, (a, b) in shares),
        "f' of this layer and those after it: critical if they shrink a gradient below epsilon even where |f'| is "
        f"largest, unless the weights make up for it (the last layer keeps {100 * MADE_UP:g} % of the spread of the "
        "pre-activations)",
        "f' of this layer and those after it: critical if they let a gradient grow 1/epsilon times",
        "spread of the pre-activations over the samples: warning if less than epsilon of it is left at the last layer",
    ]


# A healthy ReLU layer is off for 50 to 85 % of its values and has a few dead neurons; a function that saturates on both
# sides should not saturate for most values.
DEFAULT = Rule(
    "default", Limits(dead=(0.10, 0.25), vanishing=(0.90, 0.95), saturated=(0.50, 0.90), vanishing_rows=(0.50, 0.95))
)
STRICT = Rule(
    "strict", Limits(dead=(0.01, 0.10), vanishing=(0.85, 0.90), saturated=(0.25, 0.50), vanishing_rows=(0.25, 0.50))
)
