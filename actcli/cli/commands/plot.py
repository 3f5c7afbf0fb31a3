"""actcli plot."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from actcli.cli.layers import distributions
from actcli.cli.options import completer, epsilon_option, families_argument, inputs_option, style_option, table_options
from actcli.cli.types import NumericCommand, SizeType, SpanType
from actcli.errors import UsageError
from actcli.output.outputs import FIGURES
from actcli.output.results import write_figure

if TYPE_CHECKING:
    from actcli.numerics.histogram import Histogram
    from actcli.tables.options import ReadOptions


FOR_FIGURES = ("panels", "style", "size", "dpi", "title")


@click.command(
    "plot",
    cls=NumericCommand,
    epilog="""\b
Examples:
  actcli plot relu gelu silu
  actcli plot 'elu:alpha=0.5|1|2' --grad
  actcli plot tanh --order 2 --range -6:6 -o tanh.png
  actcli plot relu -i layer1.csv -i layer2.csv -o layers.svg
  actcli plot relu gelu tanh elu --panels separate --style dark -o four.pdf
  actcli plot gelu silu --size 5x3 --dpi 300 --title 'Two gates' -o gates.png""",
)
@families_argument
@click.option(
    "--order",
    type=click.Choice(["0", "1", "2"]),
    default="0",
    show_default=True,
    help="Derivatives to draw: f alone, f and f', or f, f' and f''.",
)
@click.option("--grad", "order", flag_value="1", help="The same as --order 1.")
@click.option(
    "--range",
    "span",
    type=SpanType(),
    metavar="START:STOP",
    help="Part of the x axis to draw; by default breaks and regions near 0 fit in, and the data.",
)
@epsilon_option
@inputs_option(
    "A table of pre-activations (repeatable); its distribution is laid under the curves; - is standard input."
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    shell_complete=completer("files"),
    help="Write a .png, .svg or .pdf; without it the terminal shows a chart.",
)
@click.option(
    "--panels",
    type=click.Choice(["shared", "separate"]),
    default="shared",
    show_default=True,
    help="All functions in one panel a derivative, or each function in a panel of its own.",
)
@style_option
@click.option("--size", type=SizeType(), metavar="WIDTHxHEIGHT", help="Size of the figure in inches.")
@click.option(
    "--dpi",
    type=click.IntRange(20, 2400),
    metavar="COUNT",
    default=150,
    show_default=True,
    help="Pixels an inch, of a .png.",
)
@click.option("--title", metavar="TEXT", default="", help="A title above the figure.")
@table_options
@click.pass_context
def command(
    ctx: click.Context,
    families: tuple[Any, ...],
    order: str,
    span: Any,
    epsilon: float,
    inputs: tuple[str, ...],
    output: str | None,
    panels: str,
    style: str,
    size: tuple[float, float] | None,
    dpi: int,
    title: str,
    reading: ReadOptions,
) -> None:
    """Draw functions and their derivatives.

    The regions where the gradient vanishes are shaded (several functions: shown as bars), kinks are marked. A sweep
    such as 'elu:alpha=0.5|1|2' is drawn as a family of curves.
    """
    if span is not None and (len(span) != 2 or span[0] >= span[1]):
        raise UsageError("--range of a plot is START:STOP with START below STOP", "for example --range -4:4")
    ends = None if span is None else (float(span[0]), float(span[1]))
    if output is not None and os.path.splitext(output)[1].lower().removeprefix(".") not in FIGURES:
        raise UsageError(f"{output}: its name says no figure format", f"end the name in .{', .'.join(FIGURES)}")
    given = [name for name in FOR_FIGURES if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if output is None and given:
        raise UsageError(f"--{given[0]} is for figures", "name one with -o FILE.png, .svg or .pdf, or leave it out")
    data = distributions(inputs, reading)
    if output is None:
        _chart([function for family in families for function in family], int(order), epsilon, ends, data)
        return
    from actcli.figures.plot import curves

    figure = curves(
        families,
        order=int(order),
        epsilon=epsilon,
        span=ends,
        data=data,
        separate=panels == "separate",
        theme=style,
        size=size,
        title=title,
    )
    write_figure(figure, output, dpi)


def _chart(
    functions: list[Any],
    order: int,
    epsilon: float,
    span: tuple[float, float] | None,
    data: list[tuple[str, Histogram]],
) -> None:
    import shutil

    from actcli.output.files import open_output
    from actcli.reports import charts

    width, height = shutil.get_terminal_size()
    width = max(20, width)  # narrower there is no room for a curve
    terminal = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    encoding = sys.stdout.encoding or "utf-8"
    chart = charts.curves(
        functions,
        order=order,
        epsilon=epsilon,
        span=span,
        data=data,
        width=width,
        height=height - 1,  # the prompt that follows
        colour=terminal and not os.environ.get("NO_COLOR"),
        unicode=encoding.lower().replace("-", "").startswith("utf"),
    )
    with open_output(None) as file:
        file.write(chart.encode(encoding, errors="replace"))
