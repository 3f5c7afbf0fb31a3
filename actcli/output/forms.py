"""What each command can write: its result bound to its sheets, its document, its report and its figure."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actcli.output.results import Result

if TYPE_CHECKING:
    from actcli.activation import Function, Interval
    from actcli.diagnosis.comparison import Comparison
    from actcli.diagnosis.diagnose import Diagnosis
    from actcli.diagnosis.gates import Gate
    from actcli.diagnosis.training import Experiment, Limit
    from actcli.diagnosis.trends import Trend
    from actcli.figures.style import Figure
    from actcli.fitting.descent import Measure
    from actcli.fitting.fit import Fit
    from actcli.numerics.histogram import Histogram
    from actcli.tables.sheet import Sheet


def diagnosis_result(diagnosis: Diagnosis, gates: Sequence[Gate], by: str | None, theme: str) -> Result:
    """`saturation`; with `by`, the rows of one kind."""
    from actcli.reports import saturation as reports

    def figure(theme: str) -> Figure:
        from actcli.figures.layers import layers_figure

        return layers_figure(diagnosis, theme=theme)

    sheets = {"layer": reports.layer_sheet, "neuron": reports.neuron_sheet, "region": reports.region_sheet}
    return Result(
        sheet=lambda: sheets[by or ("layer" if diagnosis.layers else "region")](diagnosis),
        document=lambda: reports.saturation_document(diagnosis),
        figure=_saved(figure),
        report=lambda draw, run, digits: reports.saturation_report(diagnosis, gates, draw, run, digits),
        theme=theme,
        by_row=by is not None,
    )


def comparison_result(comparison: Comparison, theme: str) -> Result:
    """`compare`."""
    from actcli.reports import comparison as reports

    def figure(theme: str) -> Figure:
        from actcli.figures.comparison import comparison_figure

        return comparison_figure(comparison, theme=theme)

    return Result(
        sheet=lambda: reports.comparison_sheet(comparison),
        document=lambda: reports.comparison_document(comparison),
        figure=_saved(figure),
        report=lambda draw, run, digits: reports.comparison_report(comparison, draw, run),
        theme=theme,
    )


def fit_result(fit: Fit, target: Function | Measure, name: str, inputs: Measure | None) -> Result:
    """`fit` to a target of that name, with the inputs that weighed the distance."""
    from actcli.reports import fitting as reports

    def figure(theme: str) -> Figure:
        from actcli.figures.fitting import fit_figure

        return fit_figure(fit, target, name, inputs=inputs, theme=theme)

    return Result(
        sheet=lambda: reports.fit_sheet(fit),
        document=lambda: reports.fit_document(fit, name),
        figure=_saved(figure),
        report=lambda draw, run, digits: reports.fit_report(fit, name, draw, run),
    )


def training_result(result: Experiment, gates: Sequence[Limit], by: str | None, theme: str, *, timing: bool) -> Result:
    """`train`; with `by`, the rows of one kind."""
    from actcli.reports import training as reports

    def figure(theme: str) -> Figure:
        from actcli.figures.training import training_figure

        return training_figure(result, theme=theme)

    return Result(
        sheet=lambda: reports.training_sheet(result, by, timing=timing),
        document=lambda: reports.training_document(result, timing=timing),
        figure=_saved(figure),
        report=lambda draw, run, digits: reports.training_report(result, gates, draw, run, timing=timing),
        theme=theme,
        by_row=by is not None,
    )


def trend_result(trend: Trend, failed: Sequence[str], theme: str, *, gated: bool) -> Result:
    """`trend`, with the lines of the gates that failed."""
    from actcli.reports import trends as reports

    def figure(theme: str) -> Figure:
        from actcli.figures.trends import trend_figure

        return trend_figure(trend, theme=theme)

    return Result(
        sheet=lambda: reports.trend_sheet(trend),
        document=lambda: reports.trend_document(trend),
        figure=_saved(figure),
        report=lambda draw, run, digits: reports.trend_report(trend, failed, gated, draw, run),
        theme=theme,
    )


def _saved(draw: Callable[[str], Figure], dpi: float | None = None) -> Callable[[str, str], bytes]:
    """What is drawn in a theme, as a file of a format. matplotlib is imported when it is drawn."""

    def made(theme: str, format: str) -> bytes:
        from actcli.figures.style import DPI, save

        return save(draw(theme), f".{format}", dpi=dpi or DPI)

    return made


@dataclass(frozen=True, slots=True)
class Plot:
    """What to draw: families of functions, derivatives up to an order, and distributions beneath."""

    families: Sequence[Sequence[Function]]
    order: int
    epsilon: float
    span: Interval | None
    data: Sequence[tuple[str, Histogram]]

    @property
    def functions(self) -> list[Function]:
        return [function for family in self.families for function in family]


def plot_result(
    plot: Plot, *, separate: bool, size: tuple[float, float] | None, title: str, dpi: int, theme: str
) -> Result:
    """`plot`."""

    def sheet() -> Sheet:
        from actcli.reports.profiles import points_sheet

        data = [histogram for _, histogram in plot.data]
        return points_sheet(plot.functions, plot.order, plot.epsilon, plot.span, data)

    def figure(theme: str) -> Figure:
        from actcli.figures.plot import curves

        return curves(plot.families, order=plot.order, epsilon=plot.epsilon, span=plot.span, data=plot.data,
                      separate=separate, size=size, title=title, theme=theme)  # fmt: skip

    return Result(sheet=sheet, figure=_saved(figure, dpi), chart=lambda: _chart(plot), theme=theme)


def _chart(plot: Plot) -> bytes:
    import shutil

    from actcli.reports import charts

    width, height = shutil.get_terminal_size()
    terminal = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    encoding = sys.stdout.encoding or "utf-8"
    chart = charts.curves(
        plot.functions,
        order=plot.order,
        epsilon=plot.epsilon,
        span=plot.span,
        data=plot.data,
        width=max(20, width),  # narrower there is no room for a curve
        height=height - 1,  # the prompt that follows
        colour=terminal and not os.environ.get("NO_COLOR"),
        unicode=encoding.lower().replace("-", "").startswith("utf"),
    )
    return chart.encode(encoding, errors="replace")
