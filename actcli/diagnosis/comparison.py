"""Functions side by side: what they are, and what each makes of the same pre-activations."""

from collections.abc import Sequence
from dataclasses import dataclass
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
    """What another function would make of the same layer, in a sentence."""

    layer: Annotated[str, Meaning("name of the layer")]
    function: Annotated[Function, Meaning("the other function")]
    in_place_of: Annotated[Function, Meaning("the layer's own function")]
    sentence: Annotated[str, Meaning("the change in words")]


@dataclass(frozen=True, slots=True, repr=False)
class Comparison(Outcome):
    """What `compare` reports: the functions; each of the given layers under each function, those first that let most
    gradient through; the layers under their own functions; and what changing those for another would do. `doubts` says
    which layers look like outputs of their own function, `inputs` where the layers came from."""

    criteria: Criteria
    profiles: tuple[Profile, ...]
    layers: tuple[Layer, ...] = ()
    own: tuple[Layer, ...] = ()
    changes: tuple[Change, ...] = ()
    doubts: tuple[str, ...] = ()
    inputs: tuple[Input, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """That of the layers under their own functions: the gravest."""
        return gravest(self.own)


def compare(
    functions: Sequence[Function],
    layers: Sequence[PreActivations] = (),
    criteria: Criteria | None = None,
    network: Network | None = None,
    *,
    is_chain: bool = True,
) -> Comparison:
    """The comparison of functions, and of layers under each of them and each function that a layer has."""
    criteria = criteria or Criteria()
    functions = list(dict.fromkeys([*functions, *(layer.function for layer in layers)]))
    epsilon = criteria.thresholds.epsilon
    profiles, probes = [], []
    for function in functions:  # one after the other: what is known of a function's shape is kept for a while
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
        return f"{start}: there are no values to judge by"
    parts = [f"mean|f'| {after.mean_abs_gradient:.3g} instead of {before.mean_abs_gradient:.3g}"]
    if after.mean_abs_gradient == before.mean_abs_gradient:
        parts = [f"mean|f'| {after.mean_abs_gradient:.3g} as before"]
    elif before.mean_abs_gradient > 0.0:
        parts[0] += f" ({after.mean_abs_gradient / before.mean_abs_gradient:.3g} times)"
    if after.dead_neurons != before.dead_neurons:
        parts.append(f"{after.dead_neurons} dead neurons instead of {before.dead_neurons}")
    if before.verdict != after.verdict:
        parts.append(f"{after.verdict} instead of {before.verdict}")
    return f"{start}: {', '.join(parts)}"
