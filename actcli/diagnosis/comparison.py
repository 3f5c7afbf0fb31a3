"""Functions side by side: what they are, and what each does to the same pre-activations."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

from actcli.activation import Function
from actcli.analysis.profile import Network, Profile, profile
from actcli.diagnosis.diagnose import Criteria, diagnosis
from actcli.diagnosis.records import Layer, gravest
from actcli.diagnosis.rules import Verdict
from actcli.measuring.layer import Input, PreActivations, measure
from actcli.measuring.measures import Meaning
from actcli.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Change:
    """What another function would do to the same layer, in a sentence."""

    layer: Annotated[str, Meaning("name of the layer")]
    function: Annotated[Function, Meaning("the other function")]
    in_place_of: Annotated[Function, Meaning("the layer's own function")]
    sentence: Annotated[str, Meaning("the change in words")]


@dataclass(frozen=True, slots=True, repr=False)
class Comparison(Outcome):
    """What `compare` reports: a profile of each function; each layer under each function, the one that passes the most
    gradient first; the layers under their own functions; and what replacing a layer's function would change. `doubts`
    names layers that look like outputs of their function, `inputs` where the layers came from."""

    criteria: Criteria
    profiles: tuple[Profile, ...]
    layers: tuple[Layer, ...] = ()
    own: tuple[Layer, ...] = ()
    changes: tuple[Change, ...] = ()
    doubts: tuple[str, ...] = ()
    inputs: tuple[Input, ...] = ()

    @property
    def undecided(self) -> str:
        """A sentence on what these measures cannot decide: which function learns better. Where every measure favours
        one end of a sweep, and would favour values beyond it, the sentence names the command that can decide."""
        if not self.layers:
            return ""
        for name in dict.fromkeys(layer.function.name for layer in self.layers):
            functions = list(dict.fromkeys(one.function for one in self.layers if one.function.name == name))
            differing = [p for p in functions[0].parameters if len({f.parameters[p] for f in functions}) > 1]
            if len(differing) == 1 and (end := self._end(functions, differing[0])):
                values = "|".join(f"{value:g}" for value in sorted(f.parameters[differing[0]] for f in functions))
                return (
                    f"Every measure here favours the {end} {differing[0]} of {name}, and would favour values beyond "
                    "it, so these measures cannot choose it. Training can: "
                    f"actcli train '{name}:{differing[0]}={values}'"
                )
        return "These measures do not say which network learns better: `actcli train` does."

    def _end(self, functions: Sequence[Function], parameter: str) -> str:
        """The end of a sweep with the most gradient and the fewest dead neurons in every layer; "" if there is none."""
        ordered = sorted(functions, key=lambda function: function.parameters[parameter])
        layers = {(layer.name, layer.function): layer for layer in self.layers}
        ways = set()
        for name in dict.fromkeys(layer.name for layer in self.layers):
            rows = [layers[name, function] for function in ordered]
            for smaller, larger in pairwise(rows):
                one, other = smaller.mean_abs_gradient or 0.0, larger.mean_abs_gradient or 0.0
                fewer = smaller.dead_neurons - larger.dead_neurons
                ways.add("largest" if one < other and fewer >= 0 else "smallest" if one > other and fewer <= 0 else "")
        return ways.pop() if len(ways) == 1 else ""

    @property
    def verdict(self) -> Verdict:
        """The gravest verdict of the layers under their own functions."""
        return gravest(self.own)


def compare(
    functions: Sequence[Function],
    layers: Sequence[PreActivations] = (),
    criteria: Criteria | None = None,
    network: Network | None = None,
    *,
    is_chain: bool = True,
) -> Comparison:
    """Compare functions, and layers under each of them and under every function that a layer has."""
    criteria = criteria or Criteria()
    functions = list(dict.fromkeys([*functions, *(layer.function for layer in layers)]))
    epsilon = criteria.thresholds.epsilon
    profiles, probes = [], []
    for function in functions:  # all the work on one function together: its shape is cached only for a while
        profiles.append(profile(function, epsilon, network or Network()))
        probes += [criteria.probe(function)] if layers else []
    if not layers:
        return Comparison(criteria, tuple(profiles))
    measured = [dict(zip(functions, one, strict=True)) for one in measure(layers, [probes for _ in layers])]
    own_measured = [of[layer.function] for layer, of in zip(layers, measured, strict=True)]
    own = diagnosis(own_measured, criteria, is_chain=is_chain)
    under = [diagnosis([of[f] for of in measured], criteria, is_chain=is_chain).layers for f in functions]
    rows, changes = [], []
    for number, before in enumerate(own.layers):
        others = [of[number] for of in under if of[number].function != before.function]
        rows += sorted([before, *others], key=lambda layer: -(layer.mean_abs_gradient or 0.0))
        changes += [Change(before.name, after.function, before.function, _change(before, after)) for after in others]
    inputs = tuple(layer.origin() for layer in layers if layer.origin)
    return Comparison(criteria, tuple(profiles), tuple(rows), own.layers, tuple(changes), own.doubts, inputs)


def _change(before: Layer, after: Layer) -> str:
    start = f"{after.function.label} in place of {before.function.label}"
    if before.mean_abs_gradient is None or after.mean_abs_gradient is None:
        return f"{start}: no values to judge by"
    now, was = after.mean_abs_gradient, before.mean_abs_gradient
    if now == was and (after.dead_neurons, after.verdict) == (before.dead_neurons, before.verdict):
        return f"{start}: nothing changes on these inputs, mean|f'| is {now:.3g} under both"
    parts = [f"mean|f'| {now:.3g} as before" if now == was else f"mean|f'| {now:.3g} instead of {was:.3g}"]
    if now != was and was > 0.0:
        parts[0] += f" ({now / was:.3g} times)"
    if after.dead_neurons != before.dead_neurons:
        parts.append(f"{after.dead_neurons} dead neurons instead of {before.dead_neurons}")
    if before.verdict != after.verdict:
        parts.append(f"{after.verdict} instead of {before.verdict}")
    return f"{start}: {', '.join(parts)}"
