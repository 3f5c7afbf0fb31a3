"""The result of `plot`: functions, and distributions of data beneath them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import ArrayLike

from actcli.activation import Function, Interval, numbers
from actcli.errors import UsageError, positive
from actcli.measuring.probe import Thresholds
from actcli.numerics.histogram import Histogram
from actcli.outcome import Outcome
from actcli.registry.specs import family
from actcli.reports.look import Layout


@dataclass(frozen=True, slots=True, repr=False)
class Plot(Outcome):
    """Families of functions, with derivatives up to an order, and distributions of data."""

    families: tuple[tuple[Function, ...], ...]
    order: int
    epsilon: float
    span: Interval | None
    data: tuple[tuple[str, Histogram], ...]
    panels: Layout = "shared"

    @property
    def functions(self) -> list[Function]:
        """The functions of all families."""
        return [function for family in self.families for function in family]


def plot(
    *functions: Function | str,
    order: int = 0,
    epsilon: float = Thresholds().epsilon,
    span: Interval | None = None,
    data: Mapping[str, ArrayLike] | None = None,
    panels: Layout = "shared",
) -> Plot:
    """Draw functions and their derivatives up to `order`, from 0 to 2.

    `functions` are functions or FUNCTION specs, which may be sweeps such as "elu:alpha=0.5|1|2". `span` is the range
    of x; `data` maps names to arrays of pre-activations, whose distributions are drawn under the curves. `panels`:
    "shared" draws a panel per derivative, "separate" does so for each function, and "one" draws a single panel.

    Raises UsageError for an unknown function and for arguments outside their domain.
    """
    if not functions:
        raise UsageError("no function is given", 'write for example plot("relu", "gelu")')
    if order not in (0, 1, 2):
        raise UsageError(f"order = {order}", "give 0 for f, 1 for f', 2 for f''")
    if panels not in get_args(Layout):
        raise UsageError(f"panels = {panels!r}", f"panels is one of {', '.join(get_args(Layout))}")
    families = tuple(family(given) if isinstance(given, str) else (given,) for given in functions)
    drawn = tuple((name, _histogram(numbers(values, name))) for name, values in (data or {}).items())
    return Plot(families, order, positive("epsilon", epsilon), span, drawn, panels)


def _histogram(x: Sequence[float] | np.ndarray) -> Histogram:
    values = np.asarray(x).ravel()
    return Histogram.of(values, np.isfinite(values))
