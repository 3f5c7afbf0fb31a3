"""A probe measures blocks of pre-activations under one function."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from actcli.activation import Array, Flags, Function
from actcli.analysis.precision import Losses, Precision, losses
from actcli.analysis.regions import SaturatedSides, saturated_sides
from actcli.diagnosis.rules import DEFAULT, Check, Rule
from actcli.measuring.partial import Counts, LayerPartial, Moments
from actcli.numerics.histogram import Histogram


@dataclass(frozen=True, slots=True)
class Thresholds:
    """epsilon: |f'| below it vanishes. tau: relative threshold of saturation, |f'| <= tau * sup|f'|; the default is
    |tanh| > 0.97 carried over to every function. alpha: a neuron is dead when at most this share of its samples has
    |f'| >= epsilon."""

    epsilon: float = 1e-3
    tau: float = 1.0 - 0.97**2
    alpha: float = 0.0


@dataclass(frozen=True, slots=True)
class Probe:
    """What to measure; the same for every block and thread."""

    function: Function
    thresholds: Thresholds
    rule: Rule
    check: Check | None
    losses: Losses | None
    sides: SaturatedSides
    histogram: bool = False

    @classmethod
    def of(
        cls,
        function: Function,
        thresholds: Thresholds,
        rule: Rule = DEFAULT,
        precision: Precision | None = None,
        *,
        histogram: bool = False,
    ) -> Probe:
        """`histogram`: measure that of the layer too. Raises UsageError where the rule does not know the function."""
        lost = None if precision is None else losses(function, precision)
        sides = saturated_sides(function, thresholds.tau)
        return cls(function, thresholds, rule, rule.check(function), lost, sides, histogram)

    def measure(self, x: Array, missing: Flags | None = None) -> LayerPartial:
        """The partial of a block x of shape (samples, neurons), NaN where `missing` says that there is no value."""
        with np.errstate(over="ignore"):  # sums beyond the doubles are infinite
            return self._measured(x, missing)

    def _measured(self, x: Array, missing: Flags | None) -> LayerPartial:
        t = np.ascontiguousarray(x.T)  # a neuron's values side by side
        none, zero = np.zeros(len(t), np.int64), np.zeros(len(t))
        absent = none if missing is None else _count(missing.T)
        keep = _finite(t)
        non_finite = none if keep is None else t.shape[1] - _count(keep) - absent
        if keep is not None and self.function.rowwise:  # a row with a hole has no gradient
            keep = np.repeat(keep.all(axis=0, keepdims=True), len(t), axis=0)
        gradient, output = self._gradient_and_output(t)
        below = gradient < self.thresholds.epsilon
        score = self.check.score(t, output, gradient) if self.check and self.check.score else None
        if keep is not None:
            below &= keep
            gradient, output = np.where(keep, gradient, 0.0), np.where(keep, output, 0.0)
        where = True if keep is None else keep
        lost = self.losses
        return LayerPartial(
            samples=t.shape[1],
            missing=absent,
            non_finite=non_finite,
            moments=Moments.of(t, keep),
            minimum=np.min(t, axis=1, initial=math.inf, where=where),
            maximum=np.max(t, axis=1, initial=-math.inf, where=where),
            vanishing=_count(below),
            zero_gradient=_count(gradient == 0.0, keep),
            saturated_low=_inside(t, self.sides.low, keep),
            saturated_high=_inside(t, self.sides.high, keep),
            sum_gradient=gradient.sum(axis=1),
            sum_square_gradient=np.square(gradient).sum(axis=1),
            sum_output=output.sum(axis=1),
            vanishing_rows=int(np.count_nonzero(below.all(axis=0))) if self.function.rowwise else 0,
            zeros=int(np.count_nonzero(t == 0.0)),
            score=zero if score is None else np.sum(score, axis=1, dtype=np.float64, where=where),
            lost_gradient=none if lost is None else _count(lost.precision.loses(gradient), keep),
            constant_output=none if lost is None else _count(lost.constant(t), keep),
            histogram=Histogram.of(t, keep) if self.histogram else None,
        )

    def _gradient_and_output(self, t: Array) -> tuple[Array, Array]:
        """|f'| and |f| of the values, a neuron a row."""
        if not self.function.rowwise:
            return np.abs(self.function.df(t)), np.abs(self.function.f(t))
        rows = np.ascontiguousarray(t.T)
        output = own_outputs(np.abs(self.function.f(rows)), len(t))
        return np.ascontiguousarray(np.abs(self.function.df(rows)).T), np.ascontiguousarray(output.T)


def own_outputs(outputs: Array, inputs: int) -> Array:
    """For each input the output that it belongs to, where there are more or fewer of them (rows along the last axis).

    Fewer outputs share the inputs in turn: the halves of a gated function, the groups of maxout, the one logsumexp.
    More outputs are taken in turn by the inputs and added: of the two of crelu one is 0.
    """
    count = outputs.shape[-1]
    if count == inputs:
        return outputs
    if count < inputs:
        return np.concatenate([outputs] * (inputs // count), axis=-1)
    total: Array = outputs.reshape(*outputs.shape[:-1], count // inputs, inputs).sum(axis=-2)
    return total


def _finite(t: Array) -> Flags | None:
    """Where the values are finite, None where all are: then the sums are, and are quicker to see through."""
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(t.sum(axis=1)).all():
            return None
    finite = np.isfinite(t)
    return None if finite.all() else finite


def _count(flags: Flags, keep: Flags | None = None) -> Counts:
    """How many flags of each row are set; by bits, three times as fast as `np.count_nonzero`."""
    bits = np.packbits(flags if keep is None else flags & keep, axis=1)
    return np.asarray(np.bitwise_count(bits).sum(axis=1, dtype=np.int64))


def _inside(t: Array, intervals: Sequence[tuple[float, float]], keep: Flags | None) -> Counts:
    """How many values of each row lie in one of the intervals, which are disjoint."""
    total = np.zeros(len(t), np.int64)
    for start, stop in intervals:
        inside = t <= stop if start == -math.inf else t >= start
        if start != -math.inf and stop != math.inf:
            inside &= t <= stop
        total += _count(inside, keep)
    return total
