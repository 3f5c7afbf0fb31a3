"""The measures of layers and neurons: each is one declaration, which every output uses.

A field's annotation says what it means and how it is computed from tallies. The partials keep the tallies that the
annotations name; the records, CSV, JSON and its schema, the definitions in reports and the manual loop over the fields.
"""

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import KW_ONLY, dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, get_type_hints

import numpy as np

from actcli.activation import Array
from actcli.measuring.tallies import (
    HISTOGRAM,
    INPUTS,
    MAXIMUM,
    MINIMUM,
    MOMENTS,
    OUTPUT,
    PASSING,
    SCORE,
    VANISHING,
    VANISHING_ROWS,
    ZEROS,
    Counts,
    Tally,
    count,
    counts,
    squares,
    total,
)
from actcli.numerics.sums import Sums

if TYPE_CHECKING:
    from actcli.measuring.partial import Partial

# What a field needs that not every run has: --dtype, a rule of another system, a rowwise function, a backward pass,
# a network.
Occasion: TypeAlias = Literal["precision", "rule", "rowwise", "backward", "network"]


@dataclass(frozen=True, slots=True, eq=False)
class Meaning:
    """The meaning of a field.

    `word` is the usual term, if it differs from the field's name; `definition` is the longer text in reports, with the
    names of thresholds in braces.
    """

    meaning: str
    _: KW_ONLY
    when: Occasion | None = None
    word: str = ""
    definition: str = ""
    source: str = ""
    of_neurons: bool = False  # a share of neurons, not of values


@dataclass(frozen=True, slots=True, eq=False)
class Measure(Meaning):
    """A measured field: how to compute it for each neuron and for the layer. `always`: also if there are no values."""

    tallies: tuple[Tally[Any], ...] = ()
    neurons: Callable[["Partial"], Array | Counts] | None = None
    layer: Callable[["Partial"], float | int | None] | None = None
    always: bool = False


def share(meaning: str, tally: Tally[Counts], **more: Any) -> Measure:
    """A count divided by the number of values."""
    return Measure(
        meaning,
        tallies=(tally,),
        neurons=lambda p: p[tally] / p.values,
        layer=lambda p: over(p[tally].sum(), p.values.sum()),
        **more,
    )


def average(meaning: str, tally: Tally[Sums], **more: Any) -> Measure:
    """A sum divided by the number of values."""
    return _mean(meaning, tally, Sums.mean, more)


def root(meaning: str, tally: Tally[Sums], **more: Any) -> Measure:
    """The root of a sum of squares divided by the number of values."""
    return _mean(meaning, tally, Sums.root_mean, more)


def _mean(meaning: str, tally: Tally[Sums], figure: Callable[[Sums, Any], Array], more: dict[str, Any]) -> Measure:
    return Measure(
        meaning,
        tallies=(tally,),
        neurons=lambda p: figure(p[tally], p.values),
        layer=lambda p: _of_all(p[tally], p, figure),
        **more,
    )


def added(meaning: str, tally: Tally[Counts], **more: Any) -> Measure:
    """A plain count."""
    return Measure(
        meaning, tallies=(tally,), neurons=lambda p: p[tally], layer=lambda p: int(p[tally].sum()), always=True, **more
    )


def over(part: float, whole: int) -> float | None:
    """The share of a part in the whole; None if the whole is 0."""
    return float(part) / int(whole) if whole else None


def _of_all(sums: Sums, partial: "Partial", figure: Callable[[Sums, int], Array]) -> float | None:
    """The mean or root over the values of all neurons; None if there are none."""
    whole = int(partial.values.sum())
    return float(figure(sums.over_all(), whole)[0]) if whole else None


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class Measures:
    """The measures of both layers and neurons. Ratios are shares of the finite values; None if there are none."""

    missing: Annotated[
        int, added("cells without a value; they are left out of every ratio", counts(lambda b: b.x.missing))
    ]
    non_finite: Annotated[
        int,
        added("values that are NaN or infinite; they are left out of every ratio", counts(lambda b: b.x.non_finite)),
    ]
    vanishing_ratio: Annotated[
        float | None,
        share(
            "share of the values with |f'(x)| < epsilon",
            VANISHING,
            word="vanishing",
            definition="|f'(x)| < {epsilon:g} (epsilon); a vanishing region is a maximal interval of such x: zero if "
            "f' is 0 throughout, tail if it extends to infinity, stationary if it is bounded, around a zero of f'; a "
            "stationary region is not saturation",
            source="Hochreiter 1991; Bengio, Simard and Frasconi 1994",
        ),
    ]
    saturated_low_ratio: Annotated[
        float | None,
        share(
            "share of the values that saturate on the low side",
            count(lambda b: b.inside(b.sides.low)),
            word="saturated",
            definition="x in a flat or tail region where |f'(x)| <= {tau:.4g} sup|f'| (tau); the low and the high side "
            "are counted separately; 1 - 0.97^2 = 0.0591 extends the familiar |tanh| > 0.97 to every function",
            source="Glorot and Bengio 2010; Karpathy, nn-zero-to-hero, makemore part 3",
        ),
    ]
    saturated_high_ratio: Annotated[
        float | None,
        share("share of the values that saturate on the high side", count(lambda b: b.inside(b.sides.high))),
    ]
    zero_gradient_ratio: Annotated[
        float | None, share("share of the values whose f' is exactly 0", count(lambda b: b.flat))
    ]
    lost_gradient_ratio: Annotated[
        float | None,
        share(
            "share of the values whose f' is not 0, but is 0 when PyTorch computes it in the smaller precision",
            count(lambda b: None if b.computed is None else (b.computed == 0.0) & (b.gradient > 0.0)),
            when="precision",
        ),
    ]
    underflow_ratio: Annotated[
        float | None,
        share(
            "share of the values whose f' is not 0, but underflows in the smaller precision however it is computed",
            count(lambda b: b.losses and b.losses.precision.loses(b.gradient)),
            when="precision",
        ),
    ]
    constant_output_ratio: Annotated[
        float | None,
        share(
            "share of the values where f is constant in the smaller precision",
            count(lambda b: b.inside(b.sides.constant)),
            when="precision",
        ),
    ]
    rule_score: Annotated[float | None, average("mean of the score that the rule gives each value", SCORE, when="rule")]
    mean_abs_gradient: Annotated[
        float | None,
        average(
            "mean of |f'| over the values",
            total(lambda b: b.gradient),
            word="mean|f'|, rms f'",
            definition="the factor by which f' alone scales a gradient in a layer, as a mean and as a root mean "
            "square; the products run over a layer and those after it, up to one whose function maps rows. The effect "
            "of the weights is not known here",
            source="Glorot and Bengio 2010",
        ),
    ]
    rms_gradient: Annotated[float | None, root("root mean square of f' over the values", squares(lambda b: b.gradient))]


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class NeuronMeasures(Measures):
    """The measures of neurons only."""

    min: Annotated[float | None, Measure("smallest value", tallies=(MINIMUM,), neurons=lambda p: p[MINIMUM])]
    max: Annotated[float | None, Measure("largest value", tallies=(MAXIMUM,), neurons=lambda p: p[MAXIMUM])]
    mean: Annotated[
        float | None, Measure("mean of the values", tallies=(MOMENTS,), neurons=lambda p: p[MOMENTS].mean())
    ]
    std: Annotated[
        float | None,
        Measure("standard deviation of the values", tallies=(MOMENTS,), neurons=lambda p: p[MOMENTS].std()),
    ]
    mean_abs_output: Annotated[float | None, average("mean of |f| over the values", OUTPUT)]


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class LayerMeasures(Measures):
    """The measures of layers only."""

    mean_square: Annotated[
        float | None,
        Measure(
            "mean square of the pre-activations",
            tallies=(MOMENTS,),
            layer=lambda p: _of_all(p[MOMENTS].squares(), p, Sums.mean),
        ),
    ]
    spread: Annotated[
        float | None,
        Measure(
            "standard deviation of the pre-activations over the samples, as a root mean square over the neurons",
            tallies=(MOMENTS,),
            layer=lambda p: _of_all(p[MOMENTS].deviations(), p, Sums.root_mean),
        ),
    ]
    vanishing_rows: Annotated[
        int | None,
        Measure(
            "rows whose whole Jacobian is below epsilon",
            tallies=(VANISHING_ROWS,),
            layer=lambda p: p[VANISHING_ROWS],
            when="rowwise",
        ),
    ]
    vanishing_row_ratio: Annotated[
        float | None,
        Measure(
            "share of the rows whose whole Jacobian is below epsilon",
            tallies=(VANISHING_ROWS,),
            layer=lambda p: over(p[VANISHING_ROWS], p.values.max(initial=0)),
            when="rowwise",
        ),
    ]


@cache
def meanings(record: type) -> dict[str, Meaning]:
    """The fields of a record that declare a meaning, with their meanings."""
    hints = get_type_hints(record, include_extras=True)
    return {
        field.name: declared
        for field in dataclasses.fields(record)
        for declared in getattr(hints[field.name], "__metadata__", ())
        if isinstance(declared, Meaning)
    }


def measures(record: type) -> dict[str, Measure]:
    """The measured fields of a record, with their measures."""
    return {name: declared for name, declared in meanings(record).items() if isinstance(declared, Measure)}


def values_of_neurons(record: type, partial: "Partial", occasions: frozenset[Occasion]) -> dict[str, list[Any]]:
    """The values of each measure of a record of neurons, one per neuron."""
    n = partial.values.tolist()
    found: dict[str, list[Any]] = {}
    with np.errstate(all="ignore"):  # some neurons have no values
        for name, measure in measures(record).items():
            if measure.neurons is None or measure.when not in (None, *occasions):
                found[name] = [None] * len(n)
                continue
            values = measure.neurons(partial).tolist()
            found[name] = [v if k or measure.always else None for v, k in zip(values, n, strict=True)]
    return found


def values_of_layer(record: type, partial: "Partial", occasions: frozenset[Occasion]) -> dict[str, Any]:
    """The value of each measure of a record of layers."""
    with np.errstate(all="ignore"):
        return {
            name: measure.layer(partial) if measure.layer and measure.when in (None, *occasions) else None
            for name, measure in measures(record).items()
        }


def _declared() -> Iterator[Tally[Any]]:
    for record in (LayerMeasures, NeuronMeasures):
        for measure in measures(record).values():
            yield from measure.tallies


# All tallies that partials keep: those of the measures, and those that diagnoses and figures need besides.
TALLIES: tuple[Tally[Any], ...] = tuple(
    dict.fromkeys([*_declared(), MOMENTS, OUTPUT, SCORE, ZEROS, INPUTS, PASSING, HISTOGRAM])
)
