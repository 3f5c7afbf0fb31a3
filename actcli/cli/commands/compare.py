"""actcli compare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from actcli.cli.layers import diagnoses
from actcli.cli.options import (
    epsilon_option,
    functions_argument,
    inputs_option,
    network_options,
    style_option,
    table_options,
)
from actcli.cli.types import NumericCommand
from actcli.output.outputs import Outputs, outputs_options
from actcli.output.results import Forms, write_outputs

if TYPE_CHECKING:
    from actcli.analysis.profile import Network
    from actcli.reports.blocks import Report, Run
    from actcli.tables.options import ReadOptions


@click.command(
    "compare",
    cls=NumericCommand,
    epilog="""\b
Examples:
  actcli compare relu gelu silu
  actcli compare relu 'leaky_relu:negative_slope=0.01|0.1|0.3'
  actcli compare tanh gelu --sigma-w 1.5 --sigma-b 0.05 --depth 50
  actcli compare relu leaky_relu elu -i layer2.csv
  actcli compare relu gelu silu -o functions.svg
  actcli compare relu leaky_relu -i layer2.csv --report page.html""",
)
@functions_argument
@inputs_option("A table of pre-activations (repeatable); - is standard input.")
@epsilon_option
@network_options
@style_option
@table_options
@outputs_options()
def command(
    functions: tuple[Any, ...],
    inputs: tuple[str, ...],
    epsilon: float,
    network: Network,
    style: str,
    reading: ReadOptions,
    outputs: Outputs,
) -> None:
    """Show functions side by side.

    Range, f(0), monotonicity, largest gradient, smoothness, vanishing regions, and the means over z ~ N(0, q) with what
    they say of a deep network at initialisation. With inputs, an -i for each file, also what each function makes of the
    same pre-activations, those first that let most gradient through, and what taking another one in place of the first
    would do. -o FILE.png, .svg or .pdf draws them.
    """
    from actcli.analysis.profile import profile
    from actcli.diagnosis.comparison import compare
    from actcli.measuring.probe import Probe, Thresholds
    from actcli.reports import comparison as reports

    thresholds = Thresholds(epsilon)
    found, read = diagnoses([Probe.of(function, thresholds) for function in functions], inputs, reading)
    comparison = compare(
        [profile(function, epsilon, network) for function in functions],
        [(diagnosis.function, diagnosis.layers) for diagnosis in found],
    )

    def figure() -> Any:
        from actcli.figures.comparison import comparison_figure

        return comparison_figure(comparison, theme=style)

    def report(run: Run, digits: int) -> Report:
        from actcli.reports.comparison_report import comparison_report

        return comparison_report(comparison, thresholds, run)

    forms = Forms(
        sheet=lambda: reports.comparison_sheet(comparison),
        report=report,
        figure=figure,
        document=lambda: reports.comparison_document(comparison),
        page=lambda digits: reports.comparison_page(comparison, digits),
    )
    write_outputs(outputs, read, forms)
