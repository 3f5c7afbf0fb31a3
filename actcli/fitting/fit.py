"""Fit the parameters that bring a function closest to another one, or to points.

The distance is the root of the weighted mean of (f - target)^2. A search finds where to begin; from there
Levenberg-Marquardt steps with the exact derivatives by the parameters lead to the minimum.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike

from actcli.activation import Array, Function, numbers
from actcli.analysis.meanfield import quadrature
from actcli.errors import DataError, UsageError
from actcli.fitting.descent import Measure, Point, Problem, Search, Step
from actcli.numerics.histogram import Histogram, edges
from actcli.outcome import Outcome
from actcli.registry.specs import resolve

SEEN = 6.0  # over N(0, 1), the largest distance is that for |x| up to this
_NODES = 12.0  # the weight beyond is 1e-32
_POLISHED = 8  # the best trials of a search, this many, are polished
_DEEPER = 1e-9


@dataclass(frozen=True, slots=True)
class Distance:
    rms: float
    largest: float
    at: float  # the smallest x with the largest distance


@dataclass(frozen=True, slots=True, repr=False)
class Fit(Outcome):
    """What `fit` reports. `inputs` are those that weighted the distance, if any.

    `gradient` is the largest derivative of half the mean squared distance by a fitted parameter.

    `runaways` are parameters along which the distance seems to approach a limit without a minimum: they went far, or
    were still moving when nothing more was gained. `undetermined` are parameters that can change together without
    changing the distance; `jumping` those along which f jumps and has no slope, so that only a search moves them.
    `ends` are those at an end of their domain.
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
    jumping: tuple[str, ...]
    ends: tuple[str, ...]
    target: Function | Measure = field(compare=False)  # a Measure: points
    inputs: Measure | None = field(default=None, compare=False)

    @property
    def to(self) -> str:
        """The target in words."""
        return self.target.label if isinstance(self.target, Function) else self.target.over


def over_points(x: Array, y: Array, over: str) -> Measure:
    """Points of equal weight. Raises DataError if there are none, or one is not finite."""
    if not x.size:
        raise DataError(f"{over}: no points", "the table needs columns x and y")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        place = int(np.flatnonzero(~(np.isfinite(x) & np.isfinite(y)))[0])
        raise DataError(f"{over}: point {place + 1} is missing or not finite", "leave it out")
    return Measure(x, np.full(x.size, 1.0 / x.size), y, over)


def over_inputs(target: Function, histogram: Histogram, over: str) -> Measure:
    """The target on inputs; each bin of the histogram, 1/128 of its values wide, is one point."""
    full = histogram.bins
    if not full.size:
        raise DataError(f"{over}: no finite values", "give a table of pre-activations")
    ends = edges()
    x = 0.5 * (ends[full] + ends[full + 1])
    return Measure(x, histogram.held / histogram.total, _finite(target, x), over)


def over_normal(target: Function, breaks: Sequence[float]) -> Measure:
    """The target over z ~ N(0, 1), by a quadrature that knows the breaks of both functions."""
    x, weight = quadrature(tuple(sorted({*breaks, *target.breaks})), 1.0, 1)
    near = np.abs(x) <= _NODES
    return Measure(x[near], weight[near], _finite(target, x[near]), "z ~ N(0, 1)")


def _finite(target: Function, x: Array) -> Array:
    y: Array = target.f(x)
    if not np.isfinite(y).all():
        at = float(x[np.flatnonzero(~np.isfinite(y))[0]])
        raise DataError(f"{target.label} is not finite at x = {at:.6g}", "use --input to give inputs on which it is")
    return y


def fit(
    function: Function | str,
    target: Function | str | Measure | tuple[ArrayLike, ArrayLike],
    *,
    inputs: ArrayLike | Measure | None = None,
    only: Sequence[str] = (),
    search: Search = "random",
    seed: int = 0,
) -> Fit:
    """Fit the parameters of `function`, starting from their present values, to bring it closest to the target.

    Both may be FUNCTION specs; the target may also be points, a pair of arrays x and y. The distance from a target
    function is averaged over z ~ N(0, 1), or over `inputs`, an array of pre-activations. `only` names the parameters
    to fit, by default all that are finite.

    Raises UsageError for an unknown function or parameter and for a function without parameters; DataError if f is NaN
    or infinite where it is fitted.
    """
    function, target = resolve(function).one(), _target(target)
    names = _names(function, target, only)
    weighed = None if inputs is None else _inputs(target, inputs)
    goal = weighed or target
    measure = over_normal(goal, function.breaks) if isinstance(goal, Function) else goal
    problem = Problem(function, names, measure)
    steps = _descent(problem, search, seed)
    best = min(steps, key=lambda step: step.rms).values
    if not math.isfinite(problem.rms(best)):
        raise DataError(f"{function.label} is not finite where it is fitted", "begin with other parameters")
    if isinstance(goal, Function):
        problem, more = _followed(problem, goal, best)
        steps += more
        best = more[-1].values if more else best
    fitted = problem.at(best)
    same, jumps = problem.flat(best)
    return Fit(
        start=function,
        fitted=fitted,
        parameters=problem.names,
        over=problem.measure.over,
        before=_distance(function, goal, problem.measure),
        after=_distance(fitted, goal, problem.measure),
        gradient=float(np.max(np.abs(problem.gradient(best)))),
        steps=tuple(steps),
        runaways=problem.runaways(best),
        undetermined=same,
        jumping=jumps,
        ends=problem.ends(best),
        target=target,
        inputs=weighed,
    )


def _target(target: Function | str | Measure | tuple[ArrayLike, ArrayLike]) -> Function | Measure:
    if not isinstance(target, tuple):
        return target if isinstance(target, Measure) else resolve(target).one()
    x, y = (numbers(values, name).ravel() for values, name in zip(target, ("x", "y"), strict=True))
    if x.shape != y.shape:
        raise DataError(f"{x.size} x values but {y.size} y values", "give a y for each x")
    return over_points(x, y, "points")


def _inputs(target: Function | Measure, inputs: ArrayLike | Measure) -> Measure:
    """The target on the inputs. Raises UsageError for points, which have their own x."""
    if isinstance(target, Measure):
        raise UsageError("inputs cannot weight points", "leave out the inputs, or name a function as the target")
    if isinstance(inputs, Measure):
        return inputs
    x = numbers(inputs, "inputs")
    return over_inputs(target, Histogram.of(x, np.isfinite(x)), "inputs")


def _names(function: Function, target: Function | Measure, only: Sequence[str]) -> tuple[str, ...]:
    """The parameters to fit. Raises UsageError if the function does not have them."""
    if function.rowwise or (isinstance(target, Function) and target.rowwise):
        raise UsageError("rowwise functions cannot be fitted: they take a whole row", "use elementwise functions")
    names = tuple(dict.fromkeys(only)) or tuple(name for name, value in function.values if math.isfinite(value))
    if not names:
        raise UsageError(f"{function.name} has no parameter to fit", "for example 'x*sigmoid(b*x):b=1'")
    for name in names:
        function.derivative_by(name, 0.0)
    return names


def _descent(problem: Problem, search: Search, seed: int) -> list[Step]:
    """The start, the ever better trials of the search, and the descent.

    The descent begins at the best trial, or at the start or another good trial, then listed too, if that leads deeper.
    """
    start = Step("start", problem.start, problem.rms(problem.start))
    trials = [start, *problem.search(search, seed)]
    steps = [start]
    for trial in trials:
        if trial.rms < steps[-1].rms:
            steps.append(trial)
    best = steps[-1]
    deepest = [best]
    for step in dict.fromkeys((best, start, *sorted(trials[1:], key=lambda step: step.rms)[:_POLISHED])):
        way = [step, *problem.polish(step.values)] if math.isfinite(step.rms) else [step]
        if way[-1].rms < deepest[-1].rms * (1.0 - _DEEPER):
            deepest = way
    return steps + (deepest[1:] if deepest[0] == best else deepest)


def _followed(problem: Problem, target: Function, values: Point) -> tuple[Problem, list[Step]]:
    """Polish over a quadrature that knows the breaks of f, again each time the parameters move the breaks."""
    steps: list[Step] = []
    breaks = problem.function.breaks
    while (found := problem.at(values).breaks) != breaks and len(steps) < 1000:
        breaks = found
        problem = replace(problem, measure=over_normal(target, breaks))
        more = problem.polish(values)
        before, values = values, more[-1].values if more else values
        steps += more
        if all(abs(a - b) <= 1e-9 * max(1.0, abs(a)) for a, b in zip(values, before, strict=True)):
            break
    return problem, steps


def _distance(function: Function, target: Function | Measure, measure: Measure) -> Distance:
    square = np.square(function.f(measure.x) - measure.y)
    x, y = measure.x, measure.y
    if isinstance(target, Function):
        x = np.unique(np.concatenate([np.linspace(-SEEN, SEEN, 12_001), x[np.abs(x) <= SEEN]]))
        y = target.f(x)
    off = np.abs(function.f(x) - y)
    place = int(np.argmax(off >= (1.0 - 1e-12) * off.max()))  # the first of those equal up to rounding
    return Distance(math.sqrt(float(measure.weight @ square)), float(off[place]), float(x[place]))
