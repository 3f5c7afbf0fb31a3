"""`compare`: its document, its sheet and its page."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from actcli.analysis.meanfield import mean_field
from actcli.analysis.profile import Profile
from actcli.diagnosis.comparison import Comparison
from actcli.diagnosis.records import Layer
from actcli.measuring.measures import Occasion
from actcli.reports.records import Document, bound, cell, conditions, interval, record_of, region_record
from actcli.reports.terminal import table
from actcli.tables.sheet import Sheet
from actcli.text import Cell

if TYPE_CHECKING:
    from rich.console import RenderableType

STEPS = 20  # layers of a network shown on a terminal


def comparison_document(comparison: Comparison) -> Document:
    """The JSON document `actcli.compare/1`."""
    return {
        "schema": "actcli.compare/1",
        "functions": [_profile(profile) for profile in comparison.profiles],
        "layers": _layers(comparison),
        "changes": [
            {"layer": c.layer, "function": c.function.label, "in_place_of": c.in_place_of.label, "sentence": c.sentence}
            for c in comparison.changes
        ],
    }


def _profile(profile: Profile) -> Document:
    low, high = profile.range
    record = {
        "name": profile.function.name,
        "parameters": profile.function.parameters,
        "range": [bound(low), bound(high)],
        "at_zero": profile.at_zero,
        "monotone": profile.monotone,
        "max_abs_gradient": None if profile.max_abs_gradient is None else bound(profile.max_abs_gradient),
        "smoothness": profile.smoothness,
        "regions": [region_record(region) for region in profile.regions],
        **mean_field_record(profile),
    }
    if profile.fixed_point is not None:
        record["fixed_point"] = {
            **dataclasses.asdict(profile.fixed_point),
            "q": bound(profile.fixed_point.q),
            "phase": profile.fixed_point.phase,
        }
    if profile.steps:
        record["steps"] = [dataclasses.asdict(step) for step in profile.steps]
    return record


def mean_field_record(profile: Profile) -> Document:
    """The means over N(0, q) and what follows from them, under the names that JSON and CSV have for them."""
    means = profile.means
    return {
        "q": means.q,
        "mean": means.mean,
        "mean_square": means.mean_square,
        "mean_square_gradient": means.mean_square_gradient,
        "he_gain": means.he_gain,
        "chi_1": means.chi_1,
        "critical_weight_variance": means.critical_weight_variance,
        "vanishing_depth": means.vanishing_depth,
        "torch_gain": profile.function.gain,
    }


def _layers(comparison: Comparison) -> list[Document]:
    """Each layer under each function, with E[f'^2] of the data and of a normal distribution of the same E[x^2]."""
    occasions: frozenset[Occasion] = frozenset(
        ["rowwise"] if any(layer.function.rowwise for layer in comparison.layers) else []
    )
    return [
        {
            "function": layer.function.label,
            **record_of(layer, occasions),
            "mean_square_gradient": _of_data(layer),
            "gaussian_mean_square_gradient": _of_gaussian(layer),
        }
        for layer in comparison.layers
    ]


def _of_data(layer: Layer) -> float | None:
    return None if layer.rms_gradient is None else layer.rms_gradient**2


def _of_gaussian(layer: Layer) -> float | None:
    if layer.function.rowwise or not layer.mean_square or not math.isfinite(layer.mean_square):
        return None
    return mean_field(layer.function, layer.mean_square).mean_square_gradient


def comparison_sheet(comparison: Comparison) -> Sheet:
    """One row a function; where inputs are given, one row a function and layer."""
    if comparison.layers:
        records = [{("layer" if k == "name" else k): v for k, v in r.items()} for r in _layers(comparison)]
        return Sheet(tuple(records[0]), [[cell(value) for value in record.values()] for record in records])
    records = [_flat(profile) for profile in comparison.profiles]
    columns = tuple(dict.fromkeys(name for record in records for name in record))  # not all have a fixed point
    return Sheet(columns, [[record.get(name) for name in columns] for record in records])


def _flat(profile: Profile) -> Document:
    """A profile without lists."""
    low, high = profile.range
    record: Document = {
        "function": profile.function.label,
        "range_low": low,
        "range_high": high,
        "at_zero": profile.at_zero,
        "monotone": profile.monotone,
        "max_abs_gradient": profile.max_abs_gradient,
        "smoothness": profile.smoothness,
        "regions": conditions(profile.regions, 17),
        **mean_field_record(profile),
    }
    point = profile.fixed_point
    if point is not None:
        record |= {"fixed_point_q": point.q, "fixed_point_chi": point.chi, "phase": point.phase}
    if profile.steps:
        record["gradient_variance"] = profile.steps[-1].gradient_variance
    return record


class Part(NamedTuple):
    """A table with its title and notes; some have none."""

    title: str
    sheet: Sheet
    notes: tuple[str, ...] = ()


def comparison_page(comparison: Comparison, digits: int) -> Iterator[RenderableType]:
    """What a terminal shows: the shapes, the mean field, and the layers under each function."""
    parts = [*function_parts(comparison)]
    for name in layer_names(comparison):
        parts += layer_parts(comparison, name)
    for number, part in enumerate(parts):
        if number:
            yield ""
        if part.title:
            yield part.title
        yield table(part.sheet, digits)
        yield from (f"  {note}" for note in part.notes)


def function_parts(comparison: Comparison) -> Iterator[Part]:
    """The functions alone: what they are, their means, and what they do to signals and gradients in a network."""
    profiles = comparison.profiles
    yield Part(
        "",
        Sheet(
            ("function", "range", "f(0)", "monotone", "sup|f'|", "smooth", "f' vanishes"),
            [
                (p.function.label, interval(p.range, 4), p.at_zero, p.monotone, p.max_abs_gradient, p.smoothness,
                 conditions(p.regions, 4))
                for p in profiles
            ],
        ),
    )  # fmt: skip
    columns = ("E f", "E f^2", "E f'^2")
    yield Part(
        f"Over z ~ N(0, {profiles[0].means.q:g})",
        Sheet(("function", *columns), [(p.function.label, *mean_field_cells(p)[:3]) for p in profiles]),
    )
    figures = ("1/E f'^2", "He gain", "torch's gain", "chi_1", "1e-7 after")
    other = [p.function.label for p in profiles if gain_differs(p)]
    yield Part(
        "At initialisation: the weight variance that keeps gradients, the gain that keeps q and what it does to them",
        Sheet(("function", *figures), [(p.function.label, *mean_field_cells(p)[3:]) for p in profiles]),
        (f"torch.nn.init.calculate_gain is not the He gain of {', '.join(other)}",) if other else (),
    )
    yield from _fixed_points(profiles)
    yield from _steps(profiles)


def gain_differs(profile: Profile) -> bool:
    """Whether PyTorch recommends another gain than follows from f."""
    ours, theirs = profile.means.he_gain, profile.function.gain
    return ours is not None and theirs is not None and abs(ours - theirs) > 1e-9


def mean_field_cells(profile: Profile) -> list[Cell]:
    """The figures of `mean_field_record` but q, in the order in which tables show them."""
    record = mean_field_record(profile)
    names = ("mean", "mean_square", "mean_square_gradient", "critical_weight_variance", "he_gain", "torch_gain",
             "chi_1", "vanishing_depth")  # fmt: skip
    return [record[name] for name in names]


def _fixed_points(profiles: Sequence[Profile]) -> Iterator[Part]:
    points = [(p.function.label, p.fixed_point) for p in profiles if p.fixed_point is not None]
    if points:
        rows = [(label, point.q, point.chi, point.phase) for label, point in points]
        yield Part(
            f"Fixed point of the length map for sigma_w {points[0][1].sigma_w:g}, sigma_b {points[0][1].sigma_b:g}",
            Sheet(("function", "q*", "chi", "phase"), rows),
        )


def _steps(profiles: Sequence[Profile]) -> Iterator[Part]:
    """A row a layer, or every so many of them, and the last."""
    with_steps = [p for p in profiles if p.steps]
    if not with_steps:
        return
    depth = max(len(p.steps) for p in with_steps)
    each = -(-depth // STEPS)
    rows: list[list[Cell]] = [
        [layer, *(p.steps[layer - 1].gradient_variance if layer <= len(p.steps) else None for p in with_steps)]
        for layer in sorted({*range(each, depth, each), depth})
    ]
    yield Part(
        "The variance of a gradient after so many layers",
        Sheet(("layers", *(p.function.label for p in with_steps)), rows),
    )


def layer_names(comparison: Comparison) -> list[str]:
    return list(dict.fromkeys(layer.name for layer in comparison.layers))


def changes(comparison: Comparison, name: str) -> list[str]:
    """What another function in place of the layer's own would do to a layer."""
    return [change.sentence for change in comparison.changes if change.layer == name]


def layer_parts(comparison: Comparison, name: str) -> Iterator[Part]:
    """One layer under each function, those first that let most gradient through."""
    of_layer = [layer for layer in comparison.layers if layer.name == name]
    layer = of_layer[0]
    title = f"{name}: {layer.samples} samples of {layer.neurons} neurons"
    yield Part(
        title if layer.mean_square is None else f"{title}, E x^2 = {layer.mean_square:.6g}",
        Sheet(
            ("function", "dead", "vanishing", "sat. low", "sat. high", "mean|f'|", "verdict"),
            [
                (layer.function.label, layer.dead_neurons, layer.vanishing_ratio, layer.saturated_low_ratio,
                 layer.saturated_high_ratio, layer.mean_abs_gradient, layer.verdict)
                for layer in of_layer
            ],
        ),
    )  # fmt: skip
    rows = [(layer.function.label, _of_data(layer), _of_gaussian(layer)) for layer in of_layer]
    yield Part(
        "",
        Sheet(("function", "E f'^2 of the data", "of a normal distribution"), rows),
        tuple(changes(comparison, name)),
    )
