"""actcli compare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from actcli.cli.layers import diagnoses
from actcli.cli.options import (
    Destination,
    epsilon_option,
    functions_argument,
    network_options,
    output_options,
    style_option,
    table_options,
)
from actcli.cli.results import wants_figure, write_figure, write_report

if TYPE_CHECKING:
    from actcli.comparison import Network
    from actcli.reading import ReadOptions


@click.command(
    "compare",
    epilog="""\b
Examples:
  actcli compare relu gelu silu
  actcli compare relu 'leaky_relu:negative_slope=0.01|0.1|0.3'
  actcli compare tanh gelu --sigma-w 1.5 --sigma-b 0.05 --depth 50
  actcli compare relu leaky_relu elu -i layer2.csv
  actcli compare relu gelu silu -o functions.svg""",
)
@functions_argument
@click.option(
    "-i",
    "--input",
    "inputs",
    multiple=True,
    metavar="FILE",
    help="A table of pre-activations (repeatable); - is standard input.",
)
@epsilon_option
@network_options
@style_option
@table_options
@output_options("table", "csv", "tsv", "json", "jsonl", "markdown")
def command(
    functions: tuple[Any, ...],
    inputs: tuple[str, ...],
    epsilon: float,
    network: Network,
    style: str,
    reading: ReadOptions,
    destination: Destination,
) -> None:
    """Show functions side by side.

    Range, f(0), monotonicity, largest gradient, smoothness, vanishing regions, and the means over z ~ N(0, q) with what
    they say of a deep network at initialisation. With inputs also what each function makes of the same
    pre-activations, and what taking another one in place of the first would do. -o FILE.png, .svg or .pdf draws them.
    """
    from actcli.comparison import compare, profile
    from actcli.probe import Probe, Thresholds
    from actcli.reports import comparison as reports

    found = diagnoses([Probe.of(function, Thresholds(epsilon)) for function in functions], inputs, reading)
    comparison = compare(
        [profile(function, epsilon, network) for function in functions],
        [(diagnosis.function, diagnosis.layers) for diagnosis in found],
    )
    if wants_figure(destination):
        from actcli.figures.functions import comparison_figure

        write_figure(comparison_figure(comparison, theme=style), str(destination.output))
        return
    write_report(
        destination,
        document=lambda: reports.comparison_document(comparison),
        page=lambda digits: reports.comparison_page(comparison, digits),
        sheet=lambda: reports.comparison_sheet(comparison),
    )
