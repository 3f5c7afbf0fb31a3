"""The document, sheet and report of `trend`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from actcli.diagnosis.trends import Change, Followed, LayerAt, State, Trend
from actcli.reports.charts import BARS, PLAIN_BARS
from actcli.reports.common import gates_judged, how_it_was_run
from actcli.reports.console import new_console
from actcli.reports.model import Block, Draw, Drawing, Grid, Judgement, Points, Report, Run, Section
from actcli.reports.records import Document, sheet_of
from actcli.reports.terminal import table
from actcli.tables.sheet import Sheet
from actcli.text import Cell, Share, counted, some

if TYPE_CHECKING:
    from rich.console import RenderableType

WIDEST = 24  # characters of a sparkline
HEAD = ("layer", "function", "state", "step", "samples", "neurons")


def trend_document(trend: Trend) -> Document:
    """The JSON document `actcli.trend/1`."""
    measures = trend.measures
    return {
        "schema": "actcli.trend/1",
        "points": [_point(state, layer, measures) for state, layer in _all(trend)],
        "changes": [dataclasses.asdict(change) for change in trend.changes],
    }


def trend_sheet(trend: Trend) -> Sheet:
    """One row per layer and step."""
    measures = trend.measures
    columns = [*HEAD, *(f"{one.field}{end}" for one in measures for end in ("", "_from", "_to"))]
    return sheet_of([_point(state, layer, measures) for state, layer in _all(trend)], columns)


def _all(trend: Trend) -> Iterator[tuple[State, LayerAt]]:
    for seen in trend.seen.values():
        yield from seen


def _point(state: State, layer: LayerAt, measures: Sequence[Followed]) -> Document:
    record: Document = {
        "layer": layer.name, "function": layer.function, "state": state.name, "step": state.step,
        "samples": layer.samples, "neurons": layer.neurons,
    }  # fmt: skip
    for one in measures:
        value, low, high = layer.values.get(one.field, (None, None, None))
        record |= {one.field: value, f"{one.field}_from": low, f"{one.field}_to": high}
    return record


def trend_report(trend: Trend, failed: Sequence[str], gated: bool, draw: Draw, run: Run) -> Report:
    """The changes, the figure, a sparkline for each measure of a layer, and all points."""
    steps = f"{trend.states[0].name} to {trend.states[-1].name}"
    sizes = f"{counted(len(trend.layers), 'layers')} over {counted(len(trend.states), 'states')}"
    title = f"{sizes}, {steps}"
    points = Grid("", trend_sheet(trend), "Every layer at every step")
    return Report(
        f"{title}{', gate failed' if failed else ''}",
        (
            Section("", tuple(_judged(trend, failed, gated))),
            Section("Course", (Drawing("trend", "The measures of each layer over the steps", draw),)),
            Section("Layers", (Grid("", trend_summary(trend)), points)),
            how_it_was_run(run, ()),
            Section("Definitions", (_DEFINITIONS,), reference=True),
        ),
    )


_DEFINITIONS = Points(
    "What counts as a change",
    (
        "shares that move by 5 points or more, and gradients that change by a factor of 2 or more, from the first step "
        "to the last",
        "an interval is the 95 % interval of the difference of two independent values, from the intervals of both: "
        "Wilson's for shares, the normal distribution's for a mean of |f'| over inputs (Newcombe 1998; Zou and Donner "
        "2008). If every step has the same inputs, it is wider than necessary",
        "there is no product of f' over the states, as they are the same layers again",
    ),
)


def _judged(trend: Trend, failed: Sequence[str], gated: bool) -> Iterator[Block]:
    yield from gates_judged(failed, gated)
    if len(trend.states) == 1:
        yield "There is only one state: a change needs two."
        return
    certain = [change for change in trend.changes if change.certain is not False]
    doubtful = [change for change in trend.changes if change.certain is False]
    for layer in dict.fromkeys(change.layer for change in certain):
        yield Judgement(layer, "changes", tuple(_texts(certain, layer)))
    still = [layer for layer in trend.layers if all(change.layer != layer for change in trend.changes)]
    if not trend.changes:
        yield "Little changes: no share moves by 5 points, and no gradient by a factor of 2."
    elif still:
        yield Judgement(some(still, 8), "little changes", ("no share moves by 5 points, no gradient by a factor of 2",))
    if doubtful:
        yield Points("Not certain", tuple(f"{one.layer}: {one.text}" for one in doubtful))


def _texts(changes: Iterable[Change], layer: str) -> Iterator[str]:
    return (change.text for change in changes if change.layer == layer)


def trend_summary(trend: Trend) -> Sheet:
    """One row per layer and measure: a sparkline, the first and the last value. Measures in columns would not fit a
    terminal. The layer and its function are only in its first row."""
    unicode = not new_console().options.ascii_only
    rows: list[list[Cell]] = []
    for layer in trend.layers:
        head: list[Cell] = [layer, trend.seen[layer][-1][1].function]
        for measure in trend.measures:
            values = [value.value for _, value in trend.course(layer, measure)]
            if values:
                line = sparkline(values, share=not measure.scales, unicode=unicode)
                ends = (values[0], values[-1])
                rows.append([*head, measure.word, line, *(ends if measure.scales else map(Share, ends))])
                head = ["", ""]
    return Sheet(("layer", "function", "measure", "course", "first", "last"), rows)


def trend_ends(trend: Trend) -> Sheet:
    """The same without the sparklines, which the fonts of papers lack."""
    found = trend_summary(trend)
    return Sheet((*found.columns[:3], *found.columns[4:]), [[*row[:3], *row[4:]] for row in found.rows])


def live_lines(trend: Trend) -> Iterator[RenderableType]:
    """The lines to show while a run is followed."""
    yield trend.states[-1].name
    yield table(trend_summary(trend), 4)


def sparkline(values: Sequence[float], *, share: bool, unicode: bool) -> str:
    """A bar for each value, for at most WIDEST of them and always the last. Its height is the value if it is a share,
    else the value relative to the largest."""
    count = len(values)
    if count > WIDEST:
        values = [values[round(k * (count - 1) / (WIDEST - 1))] for k in range(WIDEST)]
    top = 1.0 if share else max(values, default=0.0)
    bars = BARS if unicode else PLAIN_BARS
    # A blank would mean no value, so 0 has the lowest bar too.
    return "".join(bars[max(1, min(8, round(8.0 * value / top)))] if top > 0.0 else bars[1] for value in values)
