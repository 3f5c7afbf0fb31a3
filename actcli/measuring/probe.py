"""A probe measures blocks of pre-activations under one function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple, TypeAlias, cast

import numpy as np

from actcli.activation import Array, Flags, Function
from actcli.analysis.columns import Sides, own_outputs
from actcli.analysis.precision import Losses, losses
from actcli.analysis.regions import signs
from actcli.measuring.measures import Meaning, Occasion
from actcli.measuring.partial import Partial
from actcli.measuring.tallies import Block, Values, is_flags
from actcli.numerics.smaller import Precision

# A number for each value, from x, |f| and |f'|; flags count as 0 and 1.
Score: TypeAlias = Callable[[Array, Array, Array], "Array | Flags"]


_WIDE = 1 << 19  # values of a block above which its columns are measured in groups
_GROUP = 1 << 18  # of this many values: for 50,000 columns up to twice as fast, for 2,048 a tenth


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What counts as vanishing, saturated and dead. The default of tau carries |tanh| > 0.97 over to every function."""

    epsilon: Annotated[float, Meaning("the gradient vanishes where |f'(x)| is below this")] = 1e-3
    tau: Annotated[float, Meaning("f saturates where |f'(x)| is at most this share of its largest value")] = (
        1.0 - 0.97**2
    )
    alpha: Annotated[float, Meaning("a neuron is dead if at most this share of its samples passes gradient")] = 0.0


class Probe(NamedTuple):
    """What to measure under a function; all blocks and threads share it. `score` is that of a rule. `again` returns a
    callable that can be pickled and makes the same probe in another process; None if there is none."""

    function: Function
    thresholds: Thresholds
    score: Score | None
    losses: Losses | None
    sides: Sides
    signs: tuple[bool, bool]  # whether f' is never below 0, and whether f is not
    histogram: bool
    again: Callable[[], Callable[[], Probe]] | None = None

    @classmethod
    def of(
        cls,
        function: Function,
        thresholds: Thresholds,
        score: Score | None = None,
        precision: Precision | None = None,
        *,
        histogram: bool = False,
    ) -> Probe:
        """Make the probe of a function. `histogram`: also measure the layer's histogram."""
        lost = None if precision is None else losses(function, precision)
        sides = Sides.of(function, thresholds.tau, precision)
        return cls(function, thresholds, score, lost, sides, signs(function), histogram)

    @property
    def occasions(self) -> frozenset[Occasion]:
        """The occasions that this probe covers, for the fields that need one."""
        found: tuple[tuple[Occasion, bool], ...] = (
            ("precision", self.losses is not None),
            ("rule", self.score is not None),
            ("rowwise", self.function.rowwise),
        )
        return frozenset(occasion for occasion, is_covered in found if is_covered)

    def measure(
        self, x: Array, missing: Flags | None = None, positions: int = 1, known: tuple[Array, Array] | None = None
    ) -> Partial:
        """The partial of a block x of shape (samples, neurons), NaN where `missing` marks a missing value. Each run of
        `positions` samples belongs to one input. `known`: f' and f of x, if they have been computed."""
        t = np.ascontiguousarray(x.T)  # a neuron's values side by side
        values = Values.of(t, missing, positions, whole=self.function.rowwise)
        return self.of_values(values, None if known is None else _sizes(*known))

    def of_values(self, values: Values, known: tuple[Array | Flags, Array] | None = None) -> Partial:
        """The partial of values; `known`: their |f'| and |f|, if they have been computed."""
        gradient, output = known or self._gradient_and_output(values.t)
        vanishing = np.logical_not(gradient) if is_flags(gradient) else gradient < self.thresholds.epsilon
        block = Block(
            x=values,
            gradient=gradient,
            output=output,
            vanishing=vanishing if values.keep is None else vanishing & values.keep,
            score=None if self.score is None else self.score(values.t, output, cast(Array, gradient)),
            sides=self.sides,
            losses=self.losses,
            computed=None if self.losses is None else self._whole(self.losses.gradient, values.t),
            rowwise=self.function.rowwise,
            histogram=self.histogram,
        )
        return Partial.of(block)

    def _gradient_and_output(self, t: Array) -> tuple[Array | Flags, Array]:
        """|f'| and |f| of the values, one row per neuron."""
        is_counted = self.score is None and self.losses is None and self.thresholds.epsilon <= 1.0
        if is_counted and (found := self.function.f_and_flags(t)):
            return found[1], found[0] if self.signs[1] else np.abs(found[0])
        if not self.function.rowwise:
            by_column = bool(self.function.columns)
            f, df = self.function.f_and_df(t.T if by_column else t)
            if by_column:
                return np.abs(df.T), np.abs(f.T)
            rises, is_positive = self.signs
            return df if rises else np.abs(df), f if is_positive else np.abs(f)
        f, df = self.function.f_and_df(np.ascontiguousarray(t.T))
        output = own_outputs(np.abs(f), len(t))
        return np.ascontiguousarray(np.abs(df).T), np.ascontiguousarray(output.T)

    def _whole(self, kernel: Callable[[Array], Array], t: Array) -> Array:
        """The outputs of a kernel, one row per neuron; a rowwise function's kernel gets whole rows."""
        by_row = self.function.takes_rows
        return np.ascontiguousarray(kernel(np.ascontiguousarray(t.T)).T) if by_row else kernel(t)


def _sizes(slope: Array, y: Array) -> tuple[Array, Array]:
    return np.abs(np.ascontiguousarray(slope.T)), np.abs(np.ascontiguousarray(y.T))


def measure_under(probes: Sequence[Probe], x: Array, missing: Flags | None = None, positions: int = 1) -> list[Partial]:
    """The partials of one block under several probes, as `Probe.measure` gives them: what is the same under every
    function is measured once, and a block of very many columns in groups that fit a cache."""
    if x.size <= _WIDE or any(probe.function.rowwise or probe.function.columns for probe in probes):
        return _of_group(probes, x, missing, positions)
    width = max(1, _GROUP // len(x))
    parts = (slice(start, start + width) for start in range(0, x.shape[1], width))
    groups = [_of_group(probes, x[:, at], None if missing is None else missing[:, at], positions) for at in parts]
    return [Partial.beside(of_probe) for of_probe in zip(*groups, strict=True)]


def _of_group(probes: Sequence[Probe], x: Array, missing: Flags | None, positions: int) -> list[Partial]:
    t = np.ascontiguousarray(x.T)  # a neuron's values side by side
    found: dict[bool, Values] = {}
    partials = []
    for probe in probes:
        whole = probe.function.rowwise  # a row with a hole has no gradient
        if whole not in found:
            found[whole] = Values.of(t, missing, positions, whole=whole)
        partials.append(probe.of_values(found[whole]))
    return partials
