"""The forms of each command's result: its sheets, document, report and figure."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from actcli.output.results import Result

if TYPE_CHECKING:
    from actcli.diagnosis.comparison import Comparison
    from actcli.diagnosis.diagnose import Diagnosis
    from actcli.diagnosis.gates import Gate
    from actcli.diagnosis.training import Experiment, Limit
    from actcli.diagnosis.trends import Trend
    from actcli.figures.style import Figure
    from actcli.fitting.fit import Fit
    from actcli.output.plotting import Plot
    from actcli.reports.look import Look, Theme
    from actcli.tables.sheet import Sheet


def diagnosis_result(diagnosis: Diagnosis, by: str | None, look: Look, gates: Sequence[Gate] = ()) -> Result:
    """Return the forms of a `saturation` result; with `by`, with rows of that kind."""
    from actcli.reports import saturation as reports

    def figure(theme: Theme) -> Figure:
        from actcli.figures.layers import layers_figure

        return layers_figure(diagnosis, theme=theme)

    rows = by or ("layer" if diagnosis.layers else "region")
    sheets = {"layer": reports.layer_sheet, "neuron": reports.neuron_sheet, "region": reports.region_sheet}
    return Result(
        sheet=lambda: sheets[rows](diagnosis),
        summary=None if rows == "region" else lambda: reports.saturation_summary(diagnosis, rows),
        document=lambda: reports.saturation_document(diagnosis),
        figure=figure,
        report=lambda draw, run, digits: reports.saturation_report(diagnosis, gates, draw, run, digits),
        look=look,
        by_row=by is not None,
    )


def comparison_result(comparison: Comparison, look: Look) -> Result:
    """Return the forms of a `compare` result."""
    from actcli.reports import comparison as reports

    def figure(theme: Theme) -> Figure:
        from actcli.figures.comparison import comparison_figure

        return comparison_figure(comparison, theme=theme)

    return Result(
        sheet=lambda: reports.comparison_sheet(comparison),
        summary=lambda: reports.comparison_summary(comparison),
        document=lambda: reports.comparison_document(comparison),
        figure=figure,
        report=lambda draw, run, digits: reports.comparison_report(comparison, draw, run),
        look=look,
    )


def fit_result(fit: Fit, look: Look) -> Result:
    """Return the forms of a `fit` result."""
    from actcli.reports import fitting as reports

    def figure(theme: Theme) -> Figure:
        from actcli.figures.fitting import fit_figure

        return fit_figure(fit, theme=theme)

    return Result(
        sheet=lambda: reports.fit_sheet(fit),
        document=lambda: reports.fit_document(fit),
        figure=figure,
        report=lambda draw, run, digits: reports.fit_report(fit, draw, run),
        look=look,
    )


def training_result(
    result: Experiment, by: str | None, look: Look, gates: Sequence[Limit] = (), *, timing: bool = False
) -> Result:
    """Return the forms of a `train` result; with `by`, with rows of that kind."""
    from actcli.reports import training as reports

    def figure(theme: Theme) -> Figure:
        from actcli.figures.training import training_figure

        return training_figure(result, theme=theme)

    return Result(
        sheet=lambda: reports.training_sheet(result, by, timing=timing),
        summary=None if by else lambda: reports.training_summary(result, timing=timing),
        document=lambda: reports.training_document(result, timing=timing),
        figure=figure,
        report=lambda draw, run, digits: reports.training_report(result, gates, draw, run, timing=timing),
        look=look,
        by_row=by is not None,
    )


def trend_result(trend: Trend, look: Look, failed: Sequence[str] = (), *, gated: bool = False) -> Result:
    """Return the forms of a `trend` result; `failed` has a line per failed gate."""
    from actcli.reports import trends as reports

    def figure(theme: Theme) -> Figure:
        from actcli.figures.trends import trend_figure

        return trend_figure(trend, theme=theme)

    return Result(
        sheet=lambda: reports.trend_sheet(trend),
        summary=lambda: reports.trend_ends(trend),
        document=lambda: reports.trend_document(trend),
        figure=figure,
        report=lambda draw, run, digits: reports.trend_report(trend, failed, gated, draw, run),
        look=look,
    )


class Shape(NamedTuple):
    """The size of a figure in inches (None: as large as needed), its title, and the dots per inch of a PNG."""

    size: tuple[float, float] | None = None
    title: str = ""
    dpi: int | None = None


_AS_NEEDED = Shape()


def plot_result(plot: Plot, look: Look, shape: Shape = _AS_NEEDED) -> Result:
    """Return the forms of a `plot` result."""
    from actcli.reports import profiles as reports

    def sheet() -> Sheet:
        data = [histogram for _, histogram in plot.data]
        return reports.points_sheet(plot.functions, plot.order, plot.epsilon, plot.span, data)

    def figure(theme: Theme) -> Figure:
        from actcli.figures.plot import curves

        return curves(plot.families, order=plot.order, epsilon=plot.epsilon, span=plot.span, data=plot.data,
                      layout=plot.panels, size=shape.size, title=shape.title, theme=theme)  # fmt: skip

    return Result(
        sheet=sheet,
        figure=figure,
        report=lambda draw, run, digits: reports.plot_report(plot.functions, plot.order, draw),
        chart=lambda: _chart(plot),
        look=look,
        dpi=shape.dpi,
    )


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
        width=max(20, width),  # the least that a curve needs
        height=height - 1,  # leaves room for the prompt
        colour=terminal and not os.environ.get("NO_COLOR"),
        unicode=encoding.lower().replace("-", "").startswith("utf"),
    )
    return chart.encode(encoding, errors="replace")
