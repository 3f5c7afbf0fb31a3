"""Functions side by side: what they are, and what each makes of the same pre-activations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from actcli.activation import Function
from actcli.analysis.profile import Profile
from actcli.diagnosis.verdicts import Layer


@dataclass(frozen=True, slots=True)
class Change:
    """What another function would make of the same layer, in a sentence."""

    layer: str
    function: Function
    in_place_of: Function
    sentence: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `compare` reports: the functions; each of the given layers under each function, those first that let most
    gradient through; and what changing the first function named for another would do."""

    profiles: tuple[Profile, ...]
    layers: tuple[tuple[Function, Layer], ...]
    changes: tuple[Change, ...]


def compare(profiles: Sequence[Profile], layers: Sequence[tuple[Function, Sequence[Layer]]]) -> Comparison:
    """The comparison of functions and of the same layers under each of them."""
    by_name: dict[str, list[tuple[Function, Layer]]] = {}
    for function, of_function in layers:
        for layer in of_function:
            by_name.setdefault(layer.name, []).append((function, layer))
    changes = [
        Change(name, function, rows[0][0], _change(*rows[0], function, layer))
        for name, rows in by_name.items()
        for function, layer in rows[1:]
    ]
    ordered = [
        row for rows in by_name.values() for row in sorted(rows, key=lambda row: -(row[1].mean_abs_gradient or 0.0))
    ]
    return Comparison(tuple(profiles), tuple(ordered), tuple(changes))


def _change(today: Function, before: Layer, other: Function, after: Layer) -> str:
    start = f"{other.label} in place of {today.label}"
    if before.mean_abs_gradient is None or after.mean_abs_gradient is None:
        return f"{start}: there are no values to judge by"
    parts = [f"mean|f'| {after.mean_abs_gradient:.3g} instead of {before.mean_abs_gradient:.3g}"]
    if before.mean_abs_gradient > 0.0:
        parts[0] += f" ({after.mean_abs_gradient / before.mean_abs_gradient:.3g} times)"
    if after.dead_neurons != before.dead_neurons:
        parts.append(f"{after.dead_neurons} dead neurons instead of {before.dead_neurons}")
    if before.verdict != after.verdict:
        parts.append(f"{after.verdict} instead of {before.verdict}")
    return f"{start}: {', '.join(parts)}"
