"""Search for the parameters of a fit, and descend to a minimum of the distance.

The descent takes Levenberg-Marquardt steps with the exact derivatives by the parameters.

Written here because scipy.optimize.least_squares stops at a less flat gradient: of 40 fits from the same starts 8
printed other digits (our gradient was flatter in 26, scipy's in none), and its import alone takes longer than a `fit`.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from actcli.activation import Array, Function
from actcli.errors import UsageError
from actcli.parameters import Domain

Search: TypeAlias = Literal["none", "grid", "random", "adam"]
Point: TypeAlias = tuple[float, ...]

_TRIALS = 200
_ADAM_STEPS, _ADAM_RATE = 300, 0.05
_INSIDE = 1e-12  # relative distance that a parameter keeps from an open end of its domain
_AWAY = 1e6  # a parameter beyond this multiple of its start, or of 1, has run away
_GAIN = 1e-13  # a step that gains less than this share of the distance is the last
_SETTLED = 1e-3  # a parameter that moves by a smaller share has settled
_SHOWN = 0.999  # a step is shown if it lowers the distance to less than this share
_BLIND = 1e-14  # eigenvalue below which a direction of the parameters does not change the distance


@dataclass(frozen=True, slots=True)
class Measure:
    """Where the distance is measured: points x, weights that add up to 1, the target there, and a description."""

    x: Array
    weight: Array
    y: Array
    over: str


@dataclass(frozen=True, slots=True)
class Step:
    """Parameters on the way: the start, those that a search found best so far or best to descend from, and those of the
    descent ("polish")."""

    by: str
    values: Point
    rms: float


def reach(domains: Sequence[Domain], start: Sequence[float]) -> list[tuple[float, float]]:
    """The domains, cut to 10 times the size of the start, or to 10 if that is more."""
    far = [10.0 * max(1.0, abs(value)) for value in start]
    ends = zip(domains, start, far, strict=True)
    return [(max(domain.low, value - wide), min(domain.high, value + wide)) for domain, value, wide in ends]


@dataclass(frozen=True, slots=True)
class Problem:
    function: Function
    names: tuple[str, ...]
    measure: Measure

    @property
    def start(self) -> Point:
        return tuple(self.function.parameters[name] for name in self.names)

    @property
    def domains(self) -> list[Domain]:
        known = {parameter.name: parameter.domain for parameter in self.function.activation.parameters}
        return [known[name] for name in self.names]

    def at(self, values: Sequence[float]) -> Function:
        """The function with these values. Raises UsageError for a value outside its domain."""
        changed = {**self.function.parameters, **dict(zip(self.names, map(float, values), strict=True))}
        return self.function.activation.bind(changed)

    def rms(self, values: Sequence[float]) -> float:
        """The distance; infinite if f or the distance is not finite, or a value is outside its domain."""
        try:
            off = self.at(values).f(self.measure.x) - self.measure.y
        except UsageError:
            return math.inf
        with np.errstate(over="ignore", invalid="ignore"):
            square = float(self.measure.weight @ np.square(off))
        return math.sqrt(square) if math.isfinite(square) else math.inf

    def slopes(self, values: Sequence[float]) -> tuple[Array, Array]:
        """Weighted residuals, whose sum of squares is the squared distance, and their derivatives."""
        function = self.at(values)
        root = np.sqrt(self.measure.weight)
        columns = [function.derivative_by(name, self.measure.x) for name in self.names]
        return root * (function.f(self.measure.x) - self.measure.y), root[:, None] * np.stack(columns, axis=1)

    def gradient(self, values: Sequence[float]) -> Array:
        """The gradient of half the squared distance."""
        off, slopes = self.slopes(values)
        return np.asarray(slopes.T @ off)

    def bounds(self) -> list[tuple[float, float]]:
        """The bounds of a search."""
        return reach(self.domains, self.start)

    def search(self, kind: Search, seed: int) -> list[Step]:
        """The trials of a search of this kind."""
        return [Step(kind, values, self.rms(values)) for values in self._trials(kind, seed)]

    def _trials(self, kind: Search, seed: int) -> Iterator[Point]:
        bounds = self.bounds()
        if kind == "grid":
            count = max(3, round(_TRIALS ** (1.0 / len(bounds))))
            middles = (np.arange(count) + 0.5) / count
            yield from itertools.product(*((low + (high - low) * middles).tolist() for low, high in bounds))
        elif kind == "random":
            rng = np.random.default_rng(seed)
            for _ in range(_TRIALS):
                yield tuple(rng.uniform(low, high) for low, high in bounds)
        elif kind == "adam":
            yield from self._adam()

    def _adam(self) -> Iterator[Point]:
        """Kingma and Ba 2015, arXiv:1412.6980, kept within the bounds; the rate falls to 0."""
        values = np.array(self.start)
        low, high = np.array(self.bounds()).T
        first, second = np.zeros_like(values), np.zeros_like(values)
        for step in range(1, _ADAM_STEPS + 1):
            if not math.isfinite(self.rms(values.tolist())):
                return
            gradient = self.gradient(values.tolist())
            first = 0.9 * first + 0.1 * gradient
            second = 0.999 * second + 0.001 * np.square(gradient)
            rate = _ADAM_RATE * (1.0 - step / (_ADAM_STEPS + 1))
            move = first / (1.0 - 0.9**step) / (np.sqrt(second / (1.0 - 0.999**step)) + 1e-300)
            values = np.clip(values - rate * np.maximum(1.0, np.abs(values)) * move, low, high)
            yield tuple(values.tolist())

    def polish(self, values: Point) -> list[Step]:
        """Take Levenberg-Marquardt steps while they gain, then Gauss-Newton steps while they flatten the gradient.

        The distance determines a minimum to only half of the digits, its gradient to nearly all. Returns the steps that
        gained something, and the last.
        """
        steps: list[Step] = []
        damping, rms = 1e-3, self.rms(values)
        exact = 1e-15 * math.sqrt(float(self.measure.weight @ np.square(self.measure.y)))
        for _ in range(200):
            if rms <= exact:
                return steps
            found = self._better(values, rms, damping)
            if found is None:
                break
            gained = rms - found[1]
            values, rms, damping = found
            steps.append(Step("polish", values, rms))
            if gained < _GAIN * rms or self._far(values):
                break
        flattened = self._flattened(values, rms)
        if flattened != values:
            steps = [*steps[:-1], Step("polish", flattened, self.rms(flattened))]
        shown = steps[:1]
        for step in steps[1:-1]:
            if step.rms < _SHOWN * shown[-1].rms:
                shown.append(step)
        return [*shown, steps[-1]] if len(steps) > 1 else steps

    def _flattened(self, values: Point, rms: float) -> Point:
        for _ in range(50):
            flat = float(np.linalg.norm(self.gradient(values)))
            new = self._moved(values, 0.0)
            if not (self.rms(new) <= rms * (1.0 + 1e-12) and np.linalg.norm(self.gradient(new)) < 0.5 * flat):
                break
            values = new
        return values

    def _far(self, values: Point) -> tuple[str, ...]:
        places = zip(self.names, values, self.start, strict=True)
        return tuple(name for name, value, start in places if abs(value) > _AWAY * max(1.0, abs(start)))

    @property
    def edges(self) -> Array:
        """The least and the largest legal value of each parameter, shape (parameters, 2)."""

        def inside(end: float, open_: bool, inwards: float) -> float:
            return end + inwards * _INSIDE * max(1.0, abs(end)) if open_ and math.isfinite(end) else end

        return np.array([(inside(d.low, d.low_open, 1.0), inside(d.high, d.high_open, -1.0)) for d in self.domains])

    def ends(self, values: Point) -> tuple[str, ...]:
        """The parameters at an end of their domain."""
        places = zip(self.names, values, self.edges, strict=True)
        return tuple(name for name, value, edge in places if value in edge)

    def runaways(self, values: Point) -> tuple[str, ...]:
        places = zip(self.names, values, self._moved(values, 0.0), strict=True)
        moving = tuple(name for name, a, b in places if abs(a - b) > _SETTLED * max(abs(a), 1e-3))
        ends = self.ends(values)
        return self._far(values) or tuple(name for name in moving if name not in ends)

    def flat(self, values: Point) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The parameters in directions with zero derivative: those where f stays the same, and those where it jumps.

        These directions are the null space of the derivatives by the parameters, each scaled to length 1.
        """
        _, slopes = self.slopes(values)
        sizes = np.linalg.norm(slopes, axis=0)
        sizes = np.where(sizes > 0.0, sizes, 1.0)
        if not np.isfinite(sizes).all():
            return (), ()
        share, directions = np.linalg.eigh((slopes / sizes).T @ (slopes / sizes))
        names: dict[bool, list[str]] = {True: [], False: []}
        for direction in (directions[:, share < _BLIND] / sizes[:, None]).T:
            direction = direction / np.max(np.abs(direction))
            away = self.rms((np.array(values) + 0.1 * direction).tolist())
            same = abs(away - self.rms(values)) <= 1e-6 * away
            names[same] += [name for name, part in zip(self.names, direction.tolist(), strict=True) if abs(part) > 1e-3]
        return tuple(dict.fromkeys(names[True])), tuple(dict.fromkeys(names[False]))

    def _better(self, values: Point, rms: float, damping: float) -> tuple[Point, float, float] | None:
        for _ in range(20):
            new = self._moved(values, damping)
            if (closer := self.rms(new)) < rms:
                return new, closer, damping / 10.0
            damping *= 10.0
        return None

    def _moved(self, values: Point, damping: float) -> Point:
        off, slopes = self.slopes(values)
        with np.errstate(over="ignore", invalid="ignore"):
            square = slopes.T @ slopes
            system = square + damping * np.diag(np.diag(square))
            gradient = slopes.T @ off
        if not (np.isfinite(system).all() and np.isfinite(gradient).all()):
            return values
        here, (low, high) = np.array(values), self.edges.T
        free = np.ones(here.size, bool)
        while True:  # a parameter at an edge that would leave its domain stays there; the others move without it
            step = np.zeros(here.size)
            step[free] = np.linalg.lstsq(system[np.ix_(free, free)], -gradient[free], rcond=None)[0]
            leaving = ((step < 0.0) & (here <= low)) | ((step > 0.0) & (here >= high))
            if not leaving.any():
                return tuple(np.clip(here + step, low, high).tolist())
            free &= ~leaving
