"""actcli compare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from actcli.cli import options
from actcli.cli.layers import dask_option, layer_options, layers, note_layers, on
from actcli.cli.models import ModelRun, model_options_beside_inputs
from actcli.cli.types import NumericCommand
from actcli.output.forms import comparison_result
from actcli.output.outputs import Outputs
from actcli.output.results import write

if TYPE_CHECKING:
    from actcli.analysis.profile import Network
    from actcli.measuring.choice import Choice
    from actcli.reports.look import Look
    from actcli.tables.options import ReadOptions


@click.command(
    "compare",
    cls=NumericCommand,
    help="""Show functions side by side.

Prints range, f(0), monotonicity, largest gradient, smoothness and vanishing regions, and the means over z ~ N(0, q)
with what they imply for a deep network at initialisation. With inputs (one -i per file) it also shows how each
function would treat the same pre-activations, best gradient flow first, and what would change if it replaced a
layer's own function (by default the first FUNCTION). -o FILE.png, .svg, .pdf, .eps or .pgf draws the comparison.""",
    epilog="""\b
Examples:
  actcli compare relu gelu silu
  actcli compare relu 'leaky_relu:negative_slope=0.01|0.1|0.3'
  actcli compare tanh gelu --sigma-w 1.5 --sigma-b 0.05 --depth 50
  actcli compare relu leaky_relu elu -i layer2.csv
  actcli compare relu gelu -i acts/layer1 --dask local:2
  actcli compare relu gelu silu -o functions.svg
  actcli compare relu leaky_relu -i layer2.csv --report page.html
  actcli compare silu --model digits.onnx -i digits.csv -c '!digit'""",
)
@options.functions_argument
@options.inputs_option("Compare on this table of pre-activations (repeatable).")
@model_options_beside_inputs
@layer_options
@options.epsilon_option
@options.network_options
@options.look_options
@dask_option
@options.layer_table_options
@options.outputs_options(figures=True, reports=True)
def command(
    functions: tuple[Any, ...],
    inputs: tuple[str, ...],
    model: ModelRun | None,
    choice: Choice,
    epsilon: float,
    network: Network,
    look: Look,
    dask: str | None,
    reading: ReadOptions,
    outputs: Outputs,
) -> None:
    from actcli.diagnosis.comparison import compare
    from actcli.diagnosis.diagnose import Criteria
    from actcli.measuring.probe import Thresholds

    with on(dask, without="a model, which runs on this machine" if model is not None else "") as cluster:
        ran = None if model is None else model.network(inputs, choice, reading)
        given = layers(inputs, functions[0], choice, reading, cluster) if ran is None else ran.layers
        is_chain = ran is None or ran.is_chain
        comparison = compare(functions, given, Criteria(Thresholds(epsilon)), network, is_chain=is_chain)
    note_layers(comparison.inputs, comparison.doubts)
    write(outputs, comparison_result(comparison, look), comparison.inputs)
