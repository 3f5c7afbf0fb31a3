"""Find what changes between the first and the last state of a network over time, and how certain that is.

There are no cumulative products: states are the same layers at different times, not layers that follow each other.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, takewhile
from typing import Annotated, NamedTuple

from actcli.errors import DataError
from actcli.measuring.measures import Meaning
from actcli.outcome import Outcome
from actcli.text import percent

NOTABLE_SHARE = 0.05  # smaller changes of a share are not reported
NOTABLE_FACTOR = 2.0  # nor are smaller changes of a gradient


@dataclass(frozen=True, slots=True)
class Followed:
    """A measure that is followed over time: a share, or, if it `scales`, a size that changes by factors."""

    field: str
    word: str
    scales: bool = False


MEASURES = (
    Followed("dead_neuron_ratio", "dead"),
    Followed("vanishing_ratio", "vanishing"),
    Followed("saturated_low_ratio", "sat. low"),
    Followed("saturated_high_ratio", "sat. high"),
    Followed("mean_abs_gradient", "mean|f'|", scales=True),
    Followed("gradient_rms", "rms dL/dx", scales=True),
)


class Value(NamedTuple):
    """A measure with the ends of its 95 % interval, None if unknown."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class LayerAt:
    """A layer in one state, with its known measures by field."""

    name: str
    function: str
    samples: int
    neurons: int
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class State:
    """The layers of a network at one step."""

    name: str
    step: float
    layers: tuple[LayerAt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How a measure of a layer changed."""

    layer: Annotated[str, Meaning("name of the layer")]
    measure: Annotated[str, Meaning("the field of the layer that has changed")]
    first: Annotated[float, Meaning("its value at the first step")]
    last: Annotated[float, Meaning("its value at the last step")]
    change_from: Annotated[float | None, Meaning("lower end of the 95 % interval of last - first; null if unknown")]
    change_to: Annotated[float | None, Meaning("upper end of the interval")]
    since: Annotated[float, Meaning("the step from which it stays nearer to the last value than to the first")]
    decade_steps: Annotated[
        float | None, Meaning("the fewest steps in which a gradient changes tenfold; null if it does not")
    ]
    certain: Annotated[bool | None, Meaning("whether the interval excludes 0; null if the interval is unknown")]
    text: Annotated[str, Meaning("the change in words")]


@dataclass(frozen=True, slots=True, repr=False)
class Trend(Outcome):
    """States in order of time; `seen`, the states that have each layer; and what changes."""

    states: tuple[State, ...]
    seen: Mapping[str, Sequence[tuple[State, LayerAt]]]
    changes: tuple[Change, ...]

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers of all states, in order of first appearance."""
        return tuple(self.seen)

    @property
    def measures(self) -> tuple[Followed, ...]:
        """The measures that at least one state has."""
        known = {field for state in self.states for layer in state.layers for field in layer.values}
        return tuple(one for one in MEASURES if one.field in known)

    def course(self, layer: str, measure: Followed) -> list[tuple[float, Value]]:
        """A measure of a layer at every step where it is known."""
        return [
            (state.step, one.values[measure.field]) for state, one in self.seen[layer] if measure.field in one.values
        ]

    def failures(self, max_dead: float | None, max_growth: float | None) -> Iterator[str]:
        """A line for each layer whose share of dead neurons exceeds a limit at the last step or has grown too much."""
        for layer in self.layers:
            course = self.course(layer, MEASURES[0])
            if not course:
                yield f"{layer}: dead_neuron_ratio is unknown: the layer has no values"
                continue
            last, growth = course[-1][1].value, course[-1][1].value - course[0][1].value
            if max_dead is not None and last > max_dead:
                yield f"{layer}: dead_neuron_ratio is {last:.6g} at the last step, above {max_dead:g}"
            if max_growth is not None and growth > max_growth:
                yield f"{layer}: dead_neuron_ratio has grown by {growth:.6g}, above {max_growth:g}"


def over(states: Sequence[State]) -> Trend:
    """Report what changes over states in order of time. Raises DataError if two states have the same step."""
    if not states:
        raise DataError("no states are given")
    for before, after in pairwise(states):
        if not before.step < after.step:
            what = f"{after.name} at step {after.step:g} follows {before.name} at step {before.step:g}"
            raise DataError(what, "give the states of one run, in order of time")
    seen: dict[str, list[tuple[State, LayerAt]]] = {}
    for state in states:
        for layer in state.layers:
            seen.setdefault(layer.name, []).append((state, layer))
    found = Trend(tuple(states), seen, ())
    measures = found.measures
    changes = [
        change
        for name in seen
        for measure in measures
        if (change := _change(name, measure, found.course(name, measure))) is not None
    ]
    return replace(found, changes=tuple(changes))


def difference(first: Value, last: Value) -> tuple[float, float] | None:
    """The 95 % interval of last - first, for independent values with intervals of their own (Newcombe 1998, method 10;
    Zou and Donner 2008); None if either interval is unknown."""
    if first.low is None or first.high is None or last.low is None or last.high is None:
        return None
    change = last.value - first.value
    down = math.hypot(last.value - last.low, first.high - first.value)
    up = math.hypot(last.high - last.value, first.value - first.low)
    return change - down, change + up


def _change(layer: str, measure: Followed, course: Sequence[tuple[float, Value]]) -> Change | None:
    """How a measure of a layer changed; None if too little to report."""
    if len(course) < 2:
        return None
    first, last = course[0][1], course[-1][1]
    if not _is_notable(measure, first.value, last.value):
        return None
    interval = difference(first, last)
    certain = None if interval is None else not interval[0] <= 0.0 <= interval[1]
    decade = _decade(course, falls=last.value < first.value) if measure.scales else None
    since = _since(measure, course)
    return Change(
        layer=layer,
        measure=measure.field,
        first=first.value,
        last=last.value,
        change_from=None if interval is None else interval[0],
        change_to=None if interval is None else interval[1],
        since=since,
        decade_steps=None if decade is None else decade[1] - decade[0],
        certain=certain,
        text=f"{_in_words(measure, course, since, decade)}{_certainty(measure, interval)}",
    )


def _is_notable(measure: Followed, first: float, last: float) -> bool:
    if measure.scales:
        return max(first, last) > 0.0 and max(first, last) >= NOTABLE_FACTOR * min(first, last)
    return abs(last - first) >= NOTABLE_SHARE - 1e-12


def _since(measure: Followed, course: Sequence[tuple[float, Value]]) -> float:
    """The step from which all values are nearer to the last than to the first, compared by factors if it scales."""
    first, last = course[0][1].value, course[-1][1].value
    middle = math.sqrt(first) * math.sqrt(last) if measure.scales else 0.5 * (first + last)
    found = course[-1][0]
    for step, one in reversed(course):
        if (one.value < middle) != (last < middle):
            break
        found = step
    return found


def _decade(course: Sequence[tuple[float, Value]], *, falls: bool) -> tuple[float, float] | None:
    """The two steps closest together between which the values fall, or rise, tenfold."""
    best: tuple[float, float] | None = None
    steps: list[float] = []  # of earlier values that are larger than all after them
    sizes: list[float] = []  # those values, negated, ascending
    for step, one in course:
        size = one.value if falls else 1.0 / one.value if one.value > 0.0 else math.inf
        place = bisect_right(sizes, -max(10.0 * size, math.ulp(0.0))) - 1
        if place >= 0 and size < math.inf and (best is None or step - steps[place] < best[1] - best[0]):
            best = steps[place], step
        while sizes and -sizes[-1] <= size:
            sizes.pop()
            steps.pop()
        sizes.append(-size)
        steps.append(step)
    return best


def _in_words(
    measure: Followed, course: Sequence[tuple[float, Value]], since: float, decade: tuple[float, float] | None
) -> str:
    """The change in words."""
    first, last = course[0][1].value, course[-1][1].value
    if measure.scales:
        verb = "falls" if last < first else "rises"
        text = f"{measure.word} {verb} from {first:.3g} to {last:.3g}"
        return (
            text if decade is None else f"{text}, a decade in {decade[1] - decade[0]:g} steps from step {decade[0]:g}"
        )
    shares = f"{percent(first)} to {percent(last)}"
    if measure.field != "dead_neuron_ratio":
        return f"{measure.word} goes from {shares}, mostly by step {since:g}"
    dying = list(takewhile(lambda point: point[1].value > 0.5, reversed(course)))
    half = dying[-1][0] if dying else None
    if half is not None and half > course[0][0]:
        return f"the layer dies: over half of its neurons are dead from step {half:g} on ({shares})"
    return f"dead neurons go from {shares}, mostly by step {since:g}"


def _certainty(measure: Followed, interval: tuple[float, float] | None) -> str:
    if interval is None:
        return " (95 %: unknown)"
    low, high = interval
    shown = f"{low:+.3g} to {high:+.3g}" if measure.scales else f"{100 * low:+.1f} to {100 * high:+.1f} points"
    if low <= 0.0 <= high:
        return f"; not distinguishable from no change on these samples (95 %: {shown})"
    return f" (95 %: {shown})"
