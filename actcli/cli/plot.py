"""actcli plot."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from actcli.cli.options import SpanType, completer, epsilon_option, functions_argument
from actcli.errors import UsageError

SUFFIXES = (".png", ".svg", ".pdf")


@click.command(
    "plot",
    epilog="""\b
Examples:
  actcli plot relu gelu silu
  actcli plot tanh --grad --range -6:6 -o tanh.png""",
)
@functions_argument
@click.option("--grad", is_flag=True, help="Draw f' as well, in a panel of its own.")
@click.option(
    "--range",
    "span",
    type=SpanType(),
    metavar="START:STOP",
    help="Part of the x axis to draw; by default breaks and regions near 0 fit in.",
)
@epsilon_option
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    shell_complete=completer("files"),
    help="Write a .png, .svg or .pdf; without it the terminal shows a chart.",
)
def command(functions: tuple[Any, ...], grad: bool, span: Any, epsilon: float, output: str | None) -> None:
    """Draw functions and their derivatives.

    The regions where the gradient vanishes are shaded (several functions: shown as bars), kinks are marked.
    """
    if span is not None and (len(span) != 2 or span[0] >= span[1]):
        raise UsageError("--range of a plot is START:STOP with START below STOP", "for example --range -4:4")
    ends = None if span is None else (float(span[0]), float(span[1]))
    if output is None:
        _chart(functions, grad, epsilon, ends)
        return
    suffix = os.path.splitext(output)[1].lower()
    if suffix not in SUFFIXES:
        raise UsageError(f"{output}: its name says no figure format", f"end the name in {', '.join(SUFFIXES)}")
    from actcli import figures
    from actcli.output import open_output

    with open_output(output) as file:
        file.write(figures.save(figures.curves(functions, derivatives=grad, epsilon=epsilon, span=ends), suffix))


def _chart(functions: tuple[Any, ...], grad: bool, epsilon: float, span: tuple[float, float] | None) -> None:
    import shutil

    from actcli import charts
    from actcli.output import open_output

    width, height = shutil.get_terminal_size()
    terminal = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    encoding = sys.stdout.encoding or "utf-8"
    chart = charts.curves(
        functions,
        derivatives=grad,
        epsilon=epsilon,
        span=span,
        width=width,
        height=height - 1,  # the prompt that follows
        colour=terminal and not os.environ.get("NO_COLOR"),
        unicode=encoding.lower().replace("-", "").startswith("utf"),
    )
    with open_output(None) as file:
        file.write(chart.encode(encoding, errors="replace"))
