"""Rules: our own limits, or another system's checks as it defines them. Imports little: `--help` lists the rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from actcli.errors import UsageError

if TYPE_CHECKING:
    from actcli.activation import Array, Flags, Function
    from actcli.measuring.probe import Score
    from actcli.measuring.tallies import Counts

Verdict = Literal["ok", "warning", "critical"]
ORDER: tuple[Verdict, ...] = ("ok", "warning", "critical")
MADE_UP = 0.1  # weights make up for a small f' if at least this share of the spread is left at the last layer


@dataclass(frozen=True, slots=True)
class Limits:
    """For each measure, the share that is a warning and the share that is critical."""

    dead: tuple[float, float]
    vanishing: tuple[float, float]
    saturated: tuple[float, float]
    vanishing_rows: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Check:
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


@dataclass(frozen=True, slots=True)
class Rule:
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
        if self.limits is not None:
            return {"name": self.name, "definition": _in_words(self.limits), "source": "actcli"}
        checks = {function.label: check for function in functions if (check := self.check(function)) is not None}
        definitions = {check.definition for check in checks.values()}
        texts = [c.definition if len(definitions) == 1 else f"{label}: {c.definition}" for label, c in checks.items()]
        sources = dict.fromkeys(check.source for check in checks.values())
        return {"name": self.name, "definition": "; ".join(dict.fromkeys(texts)), "source": "; ".join(sources)}


def _in_words(limits: Limits) -> str:
    parts = (
        ("dead neurons", limits.dead),
        ("values with vanishing gradient", limits.vanishing),
        ("saturated values, if f saturates on both sides, not counting a side that includes 0", limits.saturated),
        ("rows with vanishing Jacobian", limits.vanishing_rows),
    )
    shares = "; ".join(f"{100 * a:.3g} % of {name} (critical from {100 * b:.3g} %)" for name, (a, b) in parts)
    return (
        f"a layer gets a warning from {shares}; it is critical if f', even at its largest here and in the layers "
        "after it, shrinks a gradient below epsilon, unless the weights make up for it (at least "
        f"{100 * MADE_UP:g} % of the spread of the pre-activations over the samples is left at the last layer), or if "
        "f' lets a gradient grow by 1/epsilon; it gets a warning if less than epsilon of the spread is left"
    )


# A healthy ReLU layer is off for 50 to 85 % of its values and has a few dead neurons; a function that saturates on both
# sides should not saturate for most values.
DEFAULT = Rule(
    "default", Limits(dead=(0.10, 0.25), vanishing=(0.90, 0.95), saturated=(0.50, 0.90), vanishing_rows=(0.50, 0.95))
)
STRICT = Rule(
    "strict", Limits(dead=(0.01, 0.10), vanishing=(0.85, 0.90), saturated=(0.25, 0.50), vanishing_rows=(0.25, 0.50))
)
