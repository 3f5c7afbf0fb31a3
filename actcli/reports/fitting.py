"""The document, sheet and report of `fit`."""

from collections.abc import Iterator

from actcli.fitting.fit import SEEN, Distance, Fit
from actcli.reports.common import how_it_was_run
from actcli.reports.model import Block, Draw, Drawing, Grid, Report, Run, Section
from actcli.reports.records import Document
from actcli.tables.sheet import Sheet
from actcli.text import Cell, shown

ROUNDING = 1e-15  # a smaller derivative is rounding, which differs between machines


def fit_document(fit: Fit) -> Document:
    """The JSON document `actcli.fit/1`."""
    return {
        "schema": "actcli.fit/1",
        "function": {"name": fit.fitted.name, "parameters": fit.fitted.parameters},
        "label": fit.fitted.label,
        "target": fit.to,
        "over": fit.over,
        "fitted": list(fit.parameters),
        "start": {**_distance(fit.before), "parameters": fit.start.parameters},
        "end": {**_distance(fit.after), "parameters": fit.fitted.parameters, "gradient": fit.gradient},
        "trace": [
            {
                "step": i,
                "by": step.by,
                "rms": step.rms,
                "parameters": dict(zip(fit.parameters, step.values, strict=True)),
            }
            for i, step in enumerate(fit.steps)
        ],
    }


def _distance(distance: Distance) -> Document:
    return {"rms": distance.rms, "largest": distance.largest, "largest_at": distance.at}


def fit_sheet(fit: Fit) -> Sheet:
    """The trace; its last row is the result."""
    rows: list[list[Cell]] = [[i, step.by, step.rms, *step.values] for i, step in enumerate(fit.steps)]
    return Sheet(("step", "by", "rms", *fit.parameters), rows)


def warnings(fit: Fit) -> list[str]:
    """What the parameters do not show: that they are not a minimum, or not the only one."""
    end = fit.fitted.parameters
    domains = {parameter.name: parameter.domain for parameter in fit.fitted.activation.parameters}
    found = [f"{p} has gone to {end[p]:.3g}: the distance seems to have no minimum" for p in fit.runaways]
    found += [f"{p} has gone to the end of its domain {domains[p]}" for p in fit.ends]
    found += [f"f changes with {p} only in jumps, not smoothly: only --search can move it" for p in fit.jumping]
    if fit.undetermined:
        found.append(f"{' and '.join(fit.undetermined)}: not determined, other values come as close")
    return found


def fit_report(fit: Fit, draw: Draw, run: Run) -> Report:
    """The parameters and the distance, the figure, the trace, how it was run, definitions."""
    settings: list[tuple[str, Cell]] = [("function", fit.start.label), ("target", fit.to), ("over", fit.over)]
    over = f" over {fit.over}" if fit.over != fit.to else ""
    caption = "f at the start, f fitted and the target, and the distances of both from the target"
    return Report(
        f"{fit.start.name} fitted to {fit.to}{over}: root mean square {shown(fit.after.rms, 3)}",
        (
            Section("", tuple(_result(fit))),
            Section("Figure", (Drawing("fit", caption, draw),)),
            Section("Trace", (Grid("", fit_sheet(fit)),)),
            how_it_was_run(run, settings),
            Section("Definitions", (Grid("", Sheet(("word", "meaning"), _DEFINITIONS)),), reference=True),
        ),
    )


_DEFINITIONS = (
    ("root mean square", "the root of the mean of (f(x) - target(x))^2 over the x of the fit"),
    ("largest", "the largest |f(x) - target(x)|, and the smallest x at which it occurs"),
    ("by", "what made a step: start, the search, or polish (Levenberg-Marquardt on the exact derivatives)"),
)


def _result(fit: Fit) -> Iterator[Block]:
    start, end = fit.start.parameters, fit.fitted.parameters
    domains = {parameter.name: parameter.domain for parameter in fit.start.activation.parameters}
    rows = [(name, start[name], end[name], str(domains[name])) for name in fit.parameters]
    yield Grid("", Sheet(("parameter", "start", "fitted", "domain"), rows))
    where = f"largest for |x| <= {SEEN:g}" if fit.over.startswith("z") else "largest"
    distances = [
        (name, each.rms, each.largest, each.at) for name, each in (("start", fit.before), ("fitted", fit.after))
    ]
    yield Grid("", Sheet(("distance", "root mean square", where, "at x"), distances))
    flat = "0 up to rounding" if fit.gradient < ROUNDING else f"at most {shown(fit.gradient, 2)}"
    yield f"At the fitted parameters the derivatives of half the mean square are {flat}."
    yield from (f"Beware: {warning}" for warning in warnings(fit))
