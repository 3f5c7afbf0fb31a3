"""actcli plot."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import click
from click.core import ParameterSource

from actcli.cli import options
from actcli.cli.groups import LOOKS, grouped
from actcli.cli.layers import distributions
from actcli.cli.options import option
from actcli.cli.types import NumericCommand, SizeType, SpanType
from actcli.errors import UsageError
from actcli.output.forms import Shape, plot_result
from actcli.output.outputs import Outputs
from actcli.output.results import write
from actcli.reports.look import Layout, Look
from actcli.text import encodable

if TYPE_CHECKING:
    from decimal import Decimal

    from actcli.activation import Function
    from actcli.tables.options import ReadOptions


FOR_FIGURES = ("panels", "style", "font", "legend", "settings", "math", "size", "dpi", "title")


@click.command(
    "plot",
    cls=NumericCommand,
    help="""Draw functions and their derivatives.

Regions where the gradient vanishes are shaded (shown as bars if there are several functions), and kinks are marked.
A sweep such as 'elu:alpha=0.5|1|2' is drawn as a family of curves. -o FILE.png, .svg, .pdf, .eps or .pgf draws a
figure; otherwise, or with -f table, a chart is printed. Other formats list the points: x, and f, df and d2f of each
function.""",
    epilog="""\b
Examples:
  actcli plot relu gelu silu
  actcli plot 'elu:alpha=0.5|1|2' --grad
  actcli plot tanh --order 2 --range -6:6 -o tanh.png
  actcli plot relu -i layer1.csv -i layer2.csv -o layers.svg
  actcli plot relu gelu tanh elu --panels separate --style dark -o four.pdf
  actcli plot relu gelu --grad -f csv -o curves.svg
  actcli plot gelu silu --size 5x3 --dpi 300 --title 'Two gates' -o gates.png
  actcli plot relu gelu --grad --panels one --size 3.3x2.5 -o column.pdf
  actcli plot relu gelu --font serif --legend inside -o column.eps
  actcli plot tanh --math --title '$\\tanh$' --rc font.size=8 -o tanh.svg""",
)
@options.families_argument
@option("--order", "Draw f alone, f and f', or f, f' and f''.", ["0", "1", "2"], "0")
@click.option("--grad", "order", flag_value="1", help="Do the same as --order 1.")
@option("--range span START:STOP", "Draw this part of the x axis (default: chosen).", SpanType())
@options.epsilon_option
@options.inputs_option("Draw a table's distribution below the curves (repeatable).")
@grouped(
    LOOKS,
    option("--panels", "Draw a panel per derivative, per function, or just one.", get_args(Layout), "shared"),
    options.look_options,
    option("--size WIDTHxHEIGHT", "Set the size of the figure in inches.", SizeType()),
    option("--dpi COUNT", "Set the pixels per inch of a .png.", click.IntRange(20, 2400), 150),
    option("--title TEXT", "Put a title above the figure.", default="", shown=False),
)
@options.table_options
@options.outputs_options(figures=True, default="table")
@click.pass_context
def command(
    ctx: click.Context,
    families: tuple[tuple[Function, ...], ...],
    order: str,
    span: tuple[Decimal, ...] | None,
    epsilon: float,
    inputs: tuple[str, ...],
    panels: Layout,
    look: Look,
    size: tuple[float, float] | None,
    dpi: int,
    title: str,
    reading: ReadOptions,
    outputs: Outputs,
) -> None:
    if span is not None and (len(span) != 2 or span[0] >= span[1]):
        raise UsageError("--range of a plot must be START:STOP with START below STOP", "for example --range -4:4")
    ends = None if span is None else (float(span[0]), float(span[1]))
    given = [
        option.opts[0]
        for option in ctx.command.params
        if option.name in FOR_FIGURES and ctx.get_parameter_source(option.name) is ParameterSource.COMMANDLINE
    ]
    if given and not outputs.has_figures:
        raise UsageError(f"{given[0]} is only for figures", "add -o FILE.png, .svg or .pdf, or leave it out")
    from actcli.output.plotting import Plot

    data = tuple(distributions(inputs, reading))
    plot = Plot(families, int(order), epsilon, ends, data, panels)
    write(outputs, plot_result(plot, look, Shape(size, encodable(title), dpi)))
