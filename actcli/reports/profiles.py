"""A function on its own and at initialisation: as a record, as a row, and as tables of a report."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from actcli.activation import Function, Interval
from actcli.analysis.curves import NAMES, first_output, sample
from actcli.analysis.profile import Profile
from actcli.analysis.regions import Region
from actcli.numerics.histogram import Histogram
from actcli.reports.model import Block, Draw, Drawing, Grid, Report, Section
from actcli.reports.records import Document, bound, region_record
from actcli.tables.sheet import Sheet
from actcli.text import Cell, shown, some

STEPS = 20  # rows of a table of a network's layers
POINTS = 2001  # of a curve

# Measures over N(0, q), in the order of JSON and CSV.
MEANS = ("mean", "mean_square", "mean_square_gradient", "he_gain", "chi_1", "critical_weight_variance",
         "vanishing_depth")  # fmt: skip
# The same and PyTorch's gain, in the order and with the names of tables.
_IN_TABLES = {
    "mean": "E[f]",
    "mean_square": "E[f^2]",
    "mean_square_gradient": "E[f'^2]",
    "critical_weight_variance": "1/E[f'^2]",
    "he_gain": "He gain",
    "torch_gain": "torch's gain",
    "chi_1": "chi_1",
    "vanishing_depth": "depth to 1e-7",
}


def profile_record(profile: Profile) -> Document:
    """A function as JSON."""
    record = {
        "name": profile.function.name,
        "parameters": profile.function.parameters,
        "range": [bound(end) for end in profile.range],
        "at_zero": profile.at_zero,
        "monotone": profile.monotone,
        "max_abs_gradient": None if profile.max_abs_gradient is None else bound(profile.max_abs_gradient),
        "smoothness": profile.smoothness,
        "regions": [region_record(region) for region in profile.regions],
        **_means_record(profile),
    }
    if (point := profile.fixed_point) is not None:
        record["fixed_point"] = {**dataclasses.asdict(point), "q": bound(point.q), "phase": point.phase}
    if profile.steps:
        record["steps"] = [dataclasses.asdict(step) for step in profile.steps]
    return record


def profile_row(profile: Profile) -> Document:
    """A function as one row, without lists."""
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
        **_means_record(profile),
    }
    if (point := profile.fixed_point) is not None:
        record |= {"fixed_point_q": point.q, "fixed_point_chi": point.chi, "phase": point.phase}
    if profile.steps:
        record["gradient_variance"] = profile.steps[-1].gradient_variance
    return record


def _means_record(profile: Profile) -> Document:
    return {name: getattr(profile.means, name) for name in ("q", *MEANS)} | {"torch_gain": profile.function.gain}


def means(profile: Profile) -> dict[str, Cell]:
    """The measures over N(0, q), with the names and in the order of tables."""
    record = _means_record(profile)
    return {name: record[field] for field, name in _IN_TABLES.items()}


def gain_differs(profile: Profile) -> bool:
    """Whether PyTorch recommends a gain different from the He gain of f."""
    ours, theirs = profile.means.he_gain, profile.function.gain
    return ours is not None and theirs is not None and abs(ours - theirs) > 1e-9


def function_blocks(profiles: Sequence[Profile]) -> Iterator[Block]:
    """Tables of the functions, of their means, and of what they do to signals and gradients in a network."""
    rows = [
        (p.function.label, interval(p.range, 4), p.at_zero, p.monotone, p.max_abs_gradient, p.smoothness,
         conditions(p.regions, 4))
        for p in profiles
    ]  # fmt: skip
    yield Grid("", Sheet(("function", "range", "f(0)", "monotone", "sup|f'|", "smooth", "f' vanishes"), rows))
    names = tuple(_IN_TABLES.values())
    cells = [(p.function.label, *means(p).values()) for p in profiles]
    yield Grid(f"Over z ~ N(0, {profiles[0].means.q:g})", Sheet(("function", *names[:3]), [row[:4] for row in cells]))
    yield Grid(
        "At initialisation: weight variance that preserves gradients, gain that preserves q, and its effect on them",
        Sheet(("function", *names[3:]), [(row[0], *row[4:]) for row in cells]),
    )
    if other := [p.function.label for p in profiles if gain_differs(p)]:
        yield f"torch.nn.init.calculate_gain differs from the He gain for {', '.join(other)}"
    yield from _fixed_points(profiles)
    yield from _steps([p for p in profiles if p.steps])


def _fixed_points(profiles: Sequence[Profile]) -> Iterator[Grid]:
    points = [(p.function.label, p.fixed_point) for p in profiles if p.fixed_point is not None]
    if points:
        rows = [(label, point.q, point.chi, point.phase) for label, point in points]
        yield Grid(
            f"Fixed point of the length map for sigma_w {points[0][1].sigma_w:g}, sigma_b {points[0][1].sigma_b:g}",
            Sheet(("function", "q*", "chi", "phase"), rows),
        )


def _steps(profiles: Sequence[Profile]) -> Iterator[Grid]:
    """One row per layer, or for every n-th and the last of many."""
    if not profiles:
        return
    depth = max(len(p.steps) for p in profiles)
    each = -(-depth // STEPS)
    rows: list[list[Cell]] = [
        [layer, *(p.steps[layer - 1].gradient_variance if layer <= len(p.steps) else None for p in profiles)]
        for layer in sorted({*range(each, depth, each), depth})
    ]
    columns = ("layers", *(p.function.label for p in profiles))
    yield Grid("Variance of the gradient by number of layers", Sheet(columns, rows))


def points_sheet(
    functions: Sequence[Function], order: int, epsilon: float, span: Interval | None, data: Sequence[Histogram]
) -> Sheet:
    """f and its derivatives up to `order` at the points that `plot` draws; with several functions, columns such as
    `f relu`."""
    first = sample(functions, epsilon=epsilon, span=span, data=data, points=2)[0]
    x = np.linspace(*first.span, POINTS)
    columns = [("x", x)]
    for function in functions:
        along = first_output(function) if function.rowwise else function
        kernels = (("f", along.f), ("df", along.df), ("d2f", along.d2f))
        for name, kernel in kernels[: order + 1]:
            columns.append((name if len(functions) == 1 else f"{name} {function.label}", kernel(x)))
    rows = zip(*(column.tolist() for _, column in columns), strict=True)
    return Sheet(tuple(name for name, _ in columns), list(rows))


def plot_report(functions: Sequence[Function], order: int, draw: Draw) -> Report:
    """A title and the figure."""
    what = " and ".join(filter(None, (", ".join(NAMES[:order]), NAMES[order])))
    title = f"{what} of {some([function.label for function in functions], 8)}"
    return Report(title, (Section("", (Drawing("plot", title, draw),)),))


def settings(values: Mapping[str, float]) -> str:
    return " ".join(f"{name}={value:.6g}" for name, value in values.items())


def interval(ends: tuple[float, float], digits: int) -> str:
    return " .. ".join(shown(end, digits) for end in ends)


def conditions(regions: Sequence[Region], digits: int) -> str:
    return "; ".join(f"{region.condition(digits)} ({region.kind})" for region in regions)
