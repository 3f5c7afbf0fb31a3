"""The parameters by which a function comes closest to another one, or to points.

The distance is the root of the weighted mean of (f - target)^2. A search finds where to begin; from there
Levenberg-Marquardt steps on the exact derivatives by the parameters go to the minimum.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np

from actcli.activation import Array, Domain, Function
from actcli.errors import DataError, UsageError
from actcli.histogram import Histogram, edges
from actcli.meanfield import quadrature

Search: TypeAlias = Literal["none", "grid", "random", "adam"]
Point: TypeAlias = tuple[float, ...]

SEEN = 6.0  # the largest distance over N(0, 1) is looked for where |x| is at most this
_NODES = 12.0  # the weight beyond is 1e-32
_TRIALS = 200
_POLISHED = 3  # of the best of a search
_AWAY = 1e6  # times its start, or 1
_GAIN = 1e-10  # of the distance, below which a step is the last
_SETTLED = 1e-4  # of a parameter, which a minimum is told to
_TOLD = 1e-14  # the square of what a direction's share in the derivatives must be, for it to change the distance
_ADAM_STEPS, _ADAM_RATE = 300, 0.05


@dataclass(frozen=True, slots=True)
class Measure:
    """Where the distance is taken: points x, weights that add up to 1, the target there, and all this in words."""

    x: Array
    weight: Array
    y: Array
    over: str


@dataclass(frozen=True, slots=True)
class Step:
    """A set of parameters on the way: start, those of a search that were the best so far, and those of the polish."""

    by: str
    values: Point
    rms: float


@dataclass(frozen=True, slots=True)
class Distance:
    rms: float
    largest: float
    at: float  # the x of the largest


@dataclass(frozen=True, slots=True)
class Fit:
    """`gradient` is the largest derivative of half the mean square distance by one of the fitted parameters.

    `runaways` are parameters with which the distance seems to have a limit and no minimum: they went far, or were still
    on their way when there was no more to gain. `undetermined` are those that may change, together, and the distance
    does not. `ends` are those that went to an end of their domain.
    """

    start: Function
    fitted: Function
    parameters: tuple[str, ...]
    over: str
    before: Distance
    after: Distance
    gradient: float
    steps: tuple[Step, ...]
    runaways: tuple[str, ...]
    undetermined: tuple[str, ...]
    ends: tuple[str, ...]


def over_points(x: Array, y: Array, over: str) -> Measure:
    """Points of equal weight. Raises DataError where there is none, or one is not finite."""
    if not x.size:
        raise DataError(f"{over}: there are no points", "the table needs columns x and y")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        place = int(np.flatnonzero(~(np.isfinite(x) & np.isfinite(y)))[0])
        raise DataError(f"{over}: point {place + 1} is missing or not finite", "leave it out")
    return Measure(x, np.full(x.size, 1.0 / x.size), y, over)


def over_inputs(target: Function, histogram: Histogram, over: str) -> Measure:
    """The target on inputs, of which a bin of the histogram, 1/128 of its values wide, is one point."""
    full = np.flatnonzero(histogram.counts)
    if not full.size:
        raise DataError(f"{over}: there are no finite values", "give a table of pre-activations")
    ends = edges()
    x = 0.5 * (ends[full] + ends[full + 1])
    return Measure(x, histogram.counts[full] / histogram.total, _finite(target, x), over)


def over_normal(target: Function, breaks: Sequence[float]) -> Measure:
    """The target over z ~ N(0, 1), by a quadrature that knows the breaks of both functions."""
    x, weight = quadrature(tuple(sorted({*breaks, *target.breaks})), 1.0, 1)
    near = np.abs(x) <= _NODES
    return Measure(x[near], weight[near], _finite(target, x[near]), "z ~ N(0, 1)")


def _finite(target: Function, x: Array) -> Array:
    y: Array = target.f(x)
    if not np.isfinite(y).all():
        at = float(x[np.flatnonzero(~np.isfinite(y))[0]])
        raise DataError(f"{target.label} is not finite at x = {at:.6g}", "give inputs on which it is, by --input")
    return y


def fit(
    function: Function,
    target: Function | Measure,
    *,
    only: Sequence[str] = (),
    search: Search = "random",
    seed: int = 0,
) -> Fit:
    """`function` with the parameters that bring it closest to the target, from the values that it has.

    A target Function is meant over z ~ N(0, 1). `only` names the parameters to fit, by default all that are finite.
    Raises UsageError for a function without parameters and for an unknown one, DataError where f is no number.
    """
    if function.rowwise or (isinstance(target, Function) and target.rowwise):
        raise UsageError("rowwise functions cannot be fitted: they take a whole row", "take elementwise functions")
    names = tuple(only) or tuple(name for name, value in function.values if math.isfinite(value))
    if not names:
        raise UsageError(f"{function.name} has no parameter to fit", "for example 'x*sigmoid(b*x):b=1'")
    for name in names:
        function.derivative_by(name, 0.0)  # an unknown one is said at once

    def measure(at: Function) -> Measure:
        return over_normal(target, at.breaks) if isinstance(target, Function) else target

    problem = _Problem(function, names, measure(function))
    steps = [Step("start", problem.start, problem.rms(problem.start))]
    steps += problem.search(search, seed)
    steps += _polished(problem, steps)
    best = min(steps, key=lambda step: step.rms)
    if not math.isfinite(best.rms):
        raise DataError(f"{function.label} is no number where it is to be fitted", "begin with other parameters")
    breaks = function.breaks
    while isinstance(target, Function) and problem.at(best.values).breaks != breaks:  # they moved with the parameters
        breaks = problem.at(best.values).breaks
        problem = replace(problem, measure=measure(problem.at(best.values)))
        more = problem.polish(best.values)
        moved = bool(more) and any(
            abs(a - b) > 1e-9 * max(1.0, abs(a)) for a, b in zip(more[-1].values, best.values, strict=True)
        )
        steps += more
        best = more[-1] if more else replace(best, rms=problem.rms(best.values))
        if not moved or len(steps) > 1000:
            break
    fitted = problem.at(best.values)
    return Fit(
        start=function,
        fitted=fitted,
        parameters=names,
        over=problem.measure.over,
        before=_distance(function, target, problem.measure),
        after=_distance(fitted, target, problem.measure),
        gradient=float(np.max(np.abs(problem.gradient(best.values)))),
        steps=tuple(steps),
        runaways=problem.runaways(best.values),
        undetermined=problem.undetermined(best.values),
        ends=problem.ends(best.values),
    )


def _distance(function: Function, target: Function | Measure, measure: Measure) -> Distance:
    square = np.square(function.f(measure.x) - measure.y)
    x, y = measure.x, measure.y
    if isinstance(target, Function):
        x = np.unique(np.concatenate([np.linspace(-SEEN, SEEN, 12_001), x[np.abs(x) <= SEEN]]))
        y = target.f(x)
    off = np.abs(function.f(x) - y)
    place = int(np.argmax(off))
    return Distance(math.sqrt(float(measure.weight @ square)), float(off[place]), float(x[place]))


def _polished(problem: _Problem, steps: Sequence[Step]) -> list[Step]:
    """The way down from the best of the search, the deepest of a few."""
    begin = sorted({step.values: step for step in steps}.values(), key=lambda step: step.rms)[:_POLISHED]
    ways = [problem.polish(step.values) for step in begin if math.isfinite(step.rms)]
    return min((way for way in ways if way), key=lambda way: way[-1].rms, default=[])


@dataclass(frozen=True, slots=True)
class _Problem:
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
        """Raises UsageError outside of a domain."""
        changed = {**self.function.parameters, **dict(zip(self.names, map(float, values), strict=True))}
        return self.function.activation.bind(changed)

    def rms(self, values: Sequence[float]) -> float:
        """The distance, infinite where there is none."""
        try:
            off = self.at(values).f(self.measure.x) - self.measure.y
        except UsageError:
            return math.inf
        with np.errstate(over="ignore", invalid="ignore"):
            square = float(self.measure.weight @ np.square(off))
        return math.sqrt(square) if math.isfinite(square) else math.inf

    def slopes(self, values: Sequence[float]) -> tuple[Array, Array]:
        """Weighted residuals and their derivatives, so that the square of the first is the distance's."""
        function = self.at(values)
        root = np.sqrt(self.measure.weight)
        columns = [function.derivative_by(name, self.measure.x) for name in self.names]
        return root * (function.f(self.measure.x) - self.measure.y), root[:, None] * np.stack(columns, axis=1)

    def gradient(self, values: Sequence[float]) -> Array:
        """Of half the square of the distance."""
        off, slopes = self.slopes(values)
        return np.asarray(slopes.T @ off)

    def bounds(self) -> list[tuple[float, float]]:
        """Where to search: the domain, within 10 times the size of the start, 10 at least."""
        return [
            (
                max(domain.low, value - 10.0 * max(1.0, abs(value))),
                min(domain.high, value + 10.0 * max(1.0, abs(value))),
            )
            for domain, value in zip(self.domains, self.start, strict=True)
        ]

    def search(self, kind: Search, seed: int) -> list[Step]:
        """The trials that were better than all before."""
        best = self.rms(self.start)
        found = []
        for values in self._trials(kind, seed):
            rms = self.rms(values)
            if rms < best:
                best = rms
                found.append(Step(kind, values, rms))
        return found

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
        """Levenberg-Marquardt until nothing is gained, then Gauss-Newton steps as long as they flatten the gradient.

        The distance tells a minimum only to half of the digits, its gradient to nearly all.
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
        return [*steps[:-1], Step("polish", flattened, self.rms(flattened))] if flattened != values else steps

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

    def ends(self, values: Point) -> tuple[str, ...]:
        """The parameters that are at an end of their domain, or so near that it is where they go."""
        places = zip(self.names, values, self.domains, strict=True)
        return tuple(name for name, value, domain in places if min(value - domain.low, domain.high - value) < 1e-9)

    def runaways(self, values: Point) -> tuple[str, ...]:
        places = zip(self.names, values, self._moved(values, 0.0), strict=True)
        moving = tuple(name for name, a, b in places if abs(a - b) > _SETTLED * max(abs(a), 1e-3))
        ends = self.ends(values)
        return self._far(values) or tuple(name for name in moving if name not in ends)

    def undetermined(self, values: Point) -> tuple[str, ...]:
        """From the null space of the derivatives by the parameters, each of length 1."""
        _, slopes = self.slopes(values)
        sizes = np.linalg.norm(slopes, axis=0)
        slopes = slopes / np.where(sizes > 0.0, sizes, 1.0)
        if not np.isfinite(slopes).all():
            return ()
        share, directions = np.linalg.eigh(slopes.T @ slopes)
        null = np.abs(directions[:, share < _TOLD])
        return tuple(name for name, row in zip(self.names, null, strict=True) if np.any(row > 1e-3))

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
        step = np.linalg.lstsq(system, -gradient, rcond=None)[0]
        return tuple(
            min(max(value + change, domain.low), domain.high)
            for value, change, domain in zip(values, step.tolist(), self.domains, strict=True)
        )
