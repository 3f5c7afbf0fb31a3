"""actcli compare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from actcli.cli.layers import diagnose
from actcli.cli.options import Destination, epsilon_option, functions_argument, output_options, table_options
from actcli.cli.results import write_report

if TYPE_CHECKING:
    from actcli.reading import ReadOptions


@click.command(
    "compare",
    epilog="""\b
Examples:
  actcli compare relu gelu silu
  actcli compare relu leaky_relu elu -i layer2.csv""",
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
@table_options
@output_options("table", "csv", "tsv", "json", "jsonl", "markdown")
def command(
    functions: tuple[Any, ...],
    inputs: tuple[str, ...],
    epsilon: float,
    reading: ReadOptions,
    destination: Destination,
) -> None:
    """Show functions side by side.

    Range, f(0), monotonicity, largest gradient, smoothness, vanishing regions, and means over N(0, 1); with inputs
    also what each function makes of the same pre-activations.
    """
    from actcli import reports
    from actcli.comparison import Comparison, profile
    from actcli.diagnosis import Thresholds

    diagnoses = diagnose(functions, inputs, reading, Thresholds(epsilon))
    comparison = Comparison(
        tuple(profile(function, epsilon) for function in functions),
        tuple((diagnosis.function, layer) for diagnosis in diagnoses for layer in diagnosis.layers),
    )
    write_report(
        destination,
        document=lambda: reports.comparison_document(comparison),
        page=lambda digits: reports.comparison_page(comparison, digits),
        sheet=lambda: reports.comparison_sheet(comparison),
    )
