"""A probe measures blocks of pre-activations under one function."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, TypeAlias

import numpy as np

from actcli.activation import Array, Flags, Function, own_outputs
from actcli.analysis.precision import Losses, losses
from actcli.analysis.regions import SaturatedSides, saturated_sides
from actcli.measuring.measures import Meaning, Occasion
from actcli.measuring.partial import Partial
from actcli.measuring.tallies import Block, set_bits
from actcli.numerics.smaller import Precision

# A number for each value, from x, |f| and |f'|; flags count as 0 and 1.
Score: TypeAlias = Callable[[Array, Array, Array], "Array | Flags"]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What counts as vanishing, saturated and dead. The default of tau carries |tanh| > 0.97 over to every function."""

    epsilon: Annotated[float, Meaning("the gradient vanishes where |f'(x)| is below this")] = 1e-3
    tau: Annotated[float, Meaning("f saturates where |f'(x)| is at most this share of its largest value")] = (
        1.0 - 0.97**2
    )
    alpha: Annotated[float, Meaning("a neuron is dead if at most this share of its samples passes gradient")] = 0.0


@dataclass(frozen=True, slots=True)
class Probe:
    """What to measure under a function; the same for every block and thread. `score` is what a rule counts."""

    function: Function
    thresholds: Thresholds
    score: Score | None
    losses: Losses | None
    sides: SaturatedSides
    histogram: bool

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
        """`histogram`: measure that of the layer too."""
        lost = None if precision is None else losses(function, precision)
        return cls(function, thresholds, score, lost, saturated_sides(function, thresholds.tau), histogram)

    @property
    def occasions(self) -> frozenset[Occasion]:
        """On what it measures what is not always measured."""
        found: tuple[tuple[Occasion, bool], ...] = (
            ("precision", self.losses is not None),
            ("rule", self.score is not None),
            ("rowwise", self.function.rowwise),
        )
        return frozenset(occasion for occasion, is_there in found if is_there)

    def measure(
        self, x: Array, missing: Flags | None = None, positions: int = 1, known: tuple[Array, Array] | None = None
    ) -> Partial:
        """The partial of a block x of shape (samples, neurons), NaN where `missing` says that there is no value; so
        many samples side by side are positions of one input. `known`: f' and f of x where they have been computed."""
        return Partial.of(self._block(x, missing, positions, known))

    def _block(self, x: Array, missing: Flags | None, positions: int, known: tuple[Array, Array] | None) -> Block:
        t = np.ascontiguousarray(x.T)  # a neuron's values side by side
        none = np.zeros(len(t), np.int64)
        absent = none if missing is None else set_bits(missing.T)
        keep = _finite(t)
        non_finite = none if keep is None else t.shape[1] - set_bits(keep) - absent
        if keep is not None and self.function.rowwise:  # a row with a hole has no gradient
            keep = np.repeat(keep.all(axis=0, keepdims=True), len(t), axis=0)
        kept = True if keep is None else keep
        gradient, output = self._gradient_and_output(t) if known is None else _sizes(*known)
        vanishing = gradient < self.thresholds.epsilon
        return Block(
            t=t,
            keep=keep,
            missing=absent,
            non_finite=non_finite,
            least=np.min(t, axis=1, initial=math.inf, where=kept),
            most=np.max(t, axis=1, initial=-math.inf, where=kept),
            gradient=gradient,
            output=output,
            vanishing=vanishing if keep is None else vanishing & keep,
            score=None if self.score is None else self.score(t, output, gradient),
            sides=self.sides,
            losses=self.losses,
            computed=None if self.losses is None else self._whole(self.losses.gradient, t),
            rowwise=self.function.rowwise,
            histogram=self.histogram,
            positions=positions,
        )

    def _gradient_and_output(self, t: Array) -> tuple[Array, Array]:
        """|f'| and |f| of the values, one row per neuron."""
        if not self.function.rowwise:
            return np.abs(self.function.df(t)), np.abs(self.function.f(t))
        gradient = self._whole(lambda rows: np.abs(self.function.df(rows)), t)
        return gradient, self._whole(lambda rows: own_outputs(np.abs(self.function.f(rows)), len(t)), t)

    def _whole(self, kernel: Callable[[Array], Array], t: Array) -> Array:
        """What a kernel makes of the values, one row per neuron; of whole rows where f maps these."""
        return np.ascontiguousarray(kernel(np.ascontiguousarray(t.T)).T) if self.function.rowwise else kernel(t)


def _sizes(slope: Array, y: Array) -> tuple[Array, Array]:
    return np.abs(np.ascontiguousarray(slope.T)), np.abs(np.ascontiguousarray(y.T))


def _finite(t: Array) -> Flags | None:
    """Where the values are finite, None where all are: then the sums are, and are quicker to see through."""
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(t.sum(axis=1)).all():
            return None
    finite = np.isfinite(t)
    return None if finite.all() else finite
