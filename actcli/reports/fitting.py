"""What `fit` found, as JSON, as a page and as a table of the trace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from actcli.fitting.fit import SEEN, Fit
from actcli.reports.records import Document
from actcli.reports.terminal import table
from actcli.tables.sheet import Sheet
from actcli.text import Cell, shown

ROUNDING = 1e-15  # of a derivative: less differs from one machine to the next


def fit_document(fit: Fit, target: str) -> Document:
    return {
        "schema": "actcli.fit/1",
        "function": {"name": fit.fitted.name, "parameters": fit.fitted.parameters},
        "label": fit.fitted.label,
        "target": target,
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


def _distance(distance: Any) -> Document:
    return {"rms": distance.rms, "largest": distance.largest, "largest_at": distance.at}


def fit_sheet(fit: Fit) -> Sheet:
    """The trace, the last row being the result."""
    rows: list[list[Cell]] = [[i, step.by, step.rms, *step.values] for i, step in enumerate(fit.steps)]
    return Sheet(("step", "by", "rms", *fit.parameters), rows)


def fit_page(fit: Fit, target: str, digits: int) -> Iterator[Any]:
    yield f"{fit.start.name} fitted to {target} over {fit.over}"
    start, end = fit.start.parameters, fit.fitted.parameters
    domains = {parameter.name: parameter.domain for parameter in fit.start.activation.parameters}
    rows = [(name, start[name], end[name], str(domains[name])) for name in fit.parameters]
    yield table(Sheet(("parameter", "start", "fitted", "domain"), rows), digits)
    yield ""
    where = f"largest for |x| <= {SEEN:g}" if fit.over.startswith("z") else "largest"
    distances = [
        (name, each.rms, each.largest, each.at) for name, each in (("start", fit.before), ("fitted", fit.after))
    ]
    yield table(Sheet(("distance", "root mean square", where, "at x"), distances), digits)
    flat = "0 there, but for rounding" if fit.gradient < ROUNDING else f"at most {shown(fit.gradient, 2)} there"
    yield f"The derivatives of half the mean square are {flat}."
    yield ""
    yield "Trace"
    yield table(fit_sheet(fit), digits)
