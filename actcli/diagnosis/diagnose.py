"""Diagnose layers, each under its function, and their neurons. Frozen records in, frozen results out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from actcli.activation import Flags, Function
from actcli.analysis.precision import Losses, losses
from actcli.analysis.regions import Region, SaturatedSides, saturated_sides, vanishing_regions
from actcli.diagnosis.likeness import labels, likeness
from actcli.diagnosis.records import DORMANT, SHRUNK, Layer, Neuron, gradient_ratio, gravest
from actcli.diagnosis.rules import DEFAULT, Rule, Verdict
from actcli.diagnosis.systems import RULES
from actcli.diagnosis.verdicts import cumulated, judged
from actcli.errors import UsageError
from actcli.measuring.layer import Input, Measured, PreActivations, measure
from actcli.measuring.measures import Occasion, over, values_of_layer, values_of_neurons
from actcli.measuring.probe import Probe, Thresholds
from actcli.measuring.tallies import HISTOGRAM, INPUTS, MAXIMUM, MINIMUM, OUTPUT, PASSING, SCORE
from actcli.numerics.certainty import upper_bound
from actcli.numerics.histogram import Histogram
from actcli.numerics.smaller import PRECISIONS, Precision
from actcli.outcome import Outcome
from actcli.registry.words import Words, function_of


class Criteria(NamedTuple):
    """What layers are judged by. `histogram`: keep the distribution of each layer too."""

    thresholds: Thresholds = Thresholds()
    rule: Rule = DEFAULT
    precision: Precision | None = None
    histogram: bool = False

    def probe(self, function: Function, layer: str = "") -> Probe:
        """The probe that measures under the function; an error names the layer."""
        check = self.rule.check(function, layer)
        score = None if check is None else check.score
        probe = Probe.of(function, self.thresholds, score, self.precision, histogram=self.histogram)
        return probe._replace(again=partial(self._again, function))

    def _again(self, function: Function) -> Callable[[], Probe]:
        """A picklable call that makes the function's probe again, in another process."""
        precision = None if self.precision is None else self.precision.name
        return partial(_probe, Words.of(function), (self.thresholds, self.rule.name, precision), self.histogram)


def _probe(words: Words, how: tuple[Thresholds, str, str | None], histogram: bool) -> Probe:
    """The probe of a function, both function and criteria given in words."""
    return criteria(*how, histogram=histogram).probe(function_of(words))


def criteria(thresholds: Thresholds, rule: str, dtype: str | None, *, histogram: bool = False) -> Criteria:
    """The criteria for a rule and a precision, by name. Raises UsageError for an unknown name."""
    if rule not in RULES:
        raise UsageError(f"no rule is named {rule!r}", f"rules: {', '.join(RULES)}")
    if dtype not in (None, *PRECISIONS):
        raise UsageError(f"no dtype is named {dtype!r}", f"dtypes: {', '.join(PRECISIONS)}")
    return Criteria(thresholds, RULES[rule], None if dtype is None else PRECISIONS[dtype], histogram)


class Traits(NamedTuple):
    """Where on the x axis a function vanishes, saturates and, with a precision, loses f' or f."""

    function: Function
    regions: tuple[Region, ...]
    sides: SaturatedSides
    losses: Losses | None

    @classmethod
    def of(cls, function: Function, criteria: Criteria) -> Traits:
        """The traits of a function under these thresholds and this precision."""
        thresholds, precision = criteria.thresholds, criteria.precision
        return cls(
            function,
            vanishing_regions(function, thresholds.epsilon),
            saturated_sides(function, thresholds.tau),
            None if precision is None else losses(function, precision),
        )


@dataclass(frozen=True, slots=True, repr=False)
class Diagnosis(Outcome):
    """What `saturation` reports. `falls_at` is the layer where the product of mean|f'|, taken from the last layer back,
    falls below epsilon; `doubts` names layers that look like outputs of their function or contain row labels;
    `histograms` has one per layer if they were asked for; `inputs` says where the layers came from."""

    criteria: Criteria
    traits: tuple[Traits, ...]  # one per function, in order of first use
    layers: tuple[Layer, ...] = ()
    neurons: tuple[Neuron, ...] = ()
    falls_at: str | None = None
    doubts: tuple[str, ...] = ()
    histograms: tuple[Histogram, ...] = ()
    inputs: tuple[Input, ...] = ()

    @property
    def functions(self) -> tuple[Function, ...]:
        """The functions of the layers, each once; without layers, the one that was asked for."""
        return tuple(traits.function for traits in self.traits)

    @property
    def verdict(self) -> Verdict:
        """The gravest verdict of the layers."""
        return gravest(self.layers)

    @property
    def label(self) -> str:
        """The functions in words."""
        return ", ".join(function.label for function in self.functions)

    @property
    def all_rowwise(self) -> bool:
        """Whether every function maps rows."""
        return all(function.rowwise for function in self.functions)

    @property
    def regions(self) -> tuple[tuple[Function, Region], ...]:
        """The vanishing regions of each function."""
        return tuple((traits.function, region) for traits in self.traits for region in traits.regions)

    @property
    def occasions(self) -> frozenset[Occasion]:
        """Which kinds of optional fields this diagnosis has."""
        found: tuple[tuple[Occasion, bool], ...] = (
            ("precision", self.criteria.precision is not None),
            ("rule", bool(self.criteria.rule.checks)),
            ("rowwise", any(function.rowwise for function in self.functions)),
            ("backward", any(layer.gradient_rms is not None for layer in self.layers)),
            ("network", any(layer.place.finished for layer in self.layers)),
        )
        return frozenset(occasion for occasion, is_there in found if is_there)

    @property
    def gradient_ratio(self) -> float | None:
        """The rms of dL/dx in the first layer over that in the last; None if the loss was not differentiated."""
        return gradient_ratio(self.layers)

    @property
    def gated(self) -> tuple[Layer, ...]:
        """The layers that gates apply to."""
        return gated(self.layers)

    @property
    def neurons_of_layers(self) -> dict[str, list[Neuron]]:
        """The neurons of each layer."""
        found: dict[str, list[Neuron]] = {layer.name: [] for layer in self.layers}
        for neuron in self.neurons:
            found[neuron.layer].append(neuron)
        return found

    def of(self, function: Function) -> Traits:
        """The traits of one of the functions."""
        return next(traits for traits in self.traits if traits.function == function)


def diagnose(
    layers: Sequence[PreActivations], criteria: Criteria, function: Function | None = None, *, is_chain: bool = True
) -> Diagnosis:
    """Diagnose the layers of one network, first to last; without layers, the function alone.

    Raises UsageError if the rule does not cover the function of a layer.
    """
    if not layers:
        if function is not None:
            criteria.rule.check(function)
        return Diagnosis(criteria, () if function is None else (Traits.of(function, criteria),))
    mixed = len({layer.function for layer in layers}) > 1
    probes: dict[Function, Probe] = {}
    for layer in layers:
        if layer.function not in probes:
            probes[layer.function] = criteria.probe(layer.function, layer.name if mixed else "")
    measured = [one for (one,) in measure(layers, [[probes[layer.function]] for layer in layers])]
    inputs = tuple(layer.origin() for layer in layers if layer.origin)
    return diagnosis(measured, criteria, inputs, is_chain=is_chain)


def diagnosis(
    measured: Sequence[Measured], criteria: Criteria, inputs: tuple[Input, ...] = (), *, is_chain: bool = True
) -> Diagnosis:
    """Diagnose layers that have been measured.

    `is_chain`: each layer depends on the previous one alone, so that a gradient is scaled by the product of f'.
    """
    layers = settled([layer_of(one, criteria) for one in measured], criteria, is_chain=is_chain)
    epsilon = criteria.thresholds.epsilon
    fallen = [layer.name for layer in layers if (layer.cumulative_mean_gradient or math.inf) < epsilon]
    return Diagnosis(
        criteria,
        tuple(Traits.of(function, criteria) for function in dict.fromkeys(one.probe.function for one in measured)),
        layers,
        tuple(neuron for one in measured for neuron in _neurons(one, criteria)),
        fallen[-1] if fallen else None,
        tuple(doubt for one in measured for doubt in (likeness(one), labels(one)) if doubt is not None),
        tuple(one.partial[HISTOGRAM] or Histogram.empty() for one in measured) if criteria.histogram else (),
        inputs,
    )


def settled(layers: Sequence[Layer], criteria: Criteria, *, is_chain: bool) -> tuple[Layer, ...]:
    """The measured layers of one network, first to last, with their verdicts and, in a chain, the products of f'."""
    tau, epsilon = criteria.thresholds.tau, criteria.thresholds.epsilon
    sides = {function: saturated_sides(function, tau) for function in {layer.function for layer in layers}}
    return tuple(judged(cumulated(layers) if is_chain else layers, criteria.rule, epsilon, sides))


def gated(layers: Iterable[Layer]) -> tuple[Layer, ...]:
    """The layers that gates apply to: heads and gates of a network only if the user names them."""
    return tuple(layer for layer in layers if layer.role == "hidden" or layer.place.named)


class _Marks(NamedTuple):
    """Which neurons of a layer are dead, dormant, and at fault by the rule (None if it does not judge neurons)."""

    dead: Flags
    dormant: Flags
    flagged: Flags | None

    @classmethod
    def of(cls, one: Measured, criteria: Criteria) -> _Marks:
        partial, n = one.partial, one.partial.values
        output = partial[OUTPUT].mean(n)
        of_layer = partial[OUTPUT].over_all().mean(int(n.sum()))
        check = criteria.rule.check(one.probe.function)
        flagged = None
        with np.errstate(all="ignore"):
            dormant = (n > 0) & (output <= DORMANT * of_layer) & (output < math.inf)
            if check is not None and check.neurons is not None:
                flagged = (n > 0) & check.neurons(n, partial[SCORE].plain(), output)
        return cls(partial.dead(criteria.thresholds.alpha), dormant, flagged)


def _neurons(one: Measured, criteria: Criteria) -> list[Neuron]:
    """The neurons of a layer: their measures and what follows from them."""
    partial, marks = one.partial, _Marks.of(one, criteria)
    known, dead = (partial.values > 0).tolist(), marks.dead.tolist()

    def of_known(flags: Flags) -> list[bool | None]:
        return [flag if has_value else None for flag, has_value in zip(flags.tolist(), known, strict=True)]

    columns = {
        "neuron": one.neurons,
        "samples": partial.values.tolist(),
        "dead": of_known(marks.dead),
        "dead_upper_bound": [
            upper_bound(a, k) if d else None
            for a, k, d in zip(partial[PASSING].tolist(), partial[INPUTS].tolist(), dead, strict=True)
        ],
        "dormant": of_known(marks.dormant),
        "independent": partial[INPUTS].tolist(),
        **({} if marks.flagged is None else {"flagged": of_known(marks.flagged)}),
        **values_of_neurons(Neuron, partial, one.probe.occasions),
    }
    rows = zip(*columns.values(), strict=True)
    return [Neuron(layer=one.name, **dict(zip(columns, row, strict=True))) for row in rows]


def _shrunk(one: Measured) -> int:
    """The number of neurons whose values are next to nothing compared with the largest in the layer."""
    known = one.partial.values > 0
    largest = np.maximum(np.abs(one.partial[MINIMUM]), np.abs(one.partial[MAXIMUM]))[known]
    return int(np.count_nonzero(largest <= SHRUNK * largest.max(initial=0.0)))


def layer_of(one: Measured, criteria: Criteria) -> Layer:
    """The measures of a layer, without a verdict."""
    marks, neurons, known = _Marks.of(one, criteria), len(one.neurons), one.partial.known
    dead = int(marks.dead.sum())
    return Layer(
        name=one.name,
        function=one.probe.function,
        samples=one.partial.samples,
        neurons=neurons,
        empty_neurons=neurons - known,
        dead_neurons=dead,
        dead_neuron_ratio=over(dead, known),
        dormant_neurons=int(marks.dormant.sum()),
        flagged_neurons=int(marks.flagged.sum()) if marks.flagged is not None and known else None,
        independent=over(one.partial[INPUTS].sum(), known) or 0.0,
        gradient_rms=one.loss_gradient,
        place=one.place,
        role=one.place.role,
        shrunk_neurons=_shrunk(one) if one.place.finished else None,
        **values_of_layer(Layer, one.partial, one.probe.occasions),
    )
