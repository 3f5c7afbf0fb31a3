"""actcli saturation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from actcli.cli import options
from actcli.cli.groups import GATES, MEASURED
from actcli.cli.layers import dask_option, layer_options, layers, note_layers, on
from actcli.cli.messages import fail_gates
from actcli.cli.models import FunctionOrInput, ModelRun, model_options
from actcli.cli.options import gather, option
from actcli.cli.types import FiniteRange, NumericCommand
from actcli.diagnosis.systems import RULES
from actcli.errors import UsageError
from actcli.output.forms import diagnosis_result
from actcli.output.outputs import Outputs
from actcli.output.results import Result, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from actcli.activation import Function
    from actcli.cli.options import F
    from actcli.diagnosis.diagnose import Criteria
    from actcli.diagnosis.gates import Gate
    from actcli.measuring.choice import Choice
    from actcli.reports.look import Look
    from actcli.tables.options import ReadOptions

_share = FiniteRange(0, 1)


def _criteria(epsilon: float, tau: float, alpha: float, rule: str, dtype: str | None) -> Criteria:
    from actcli.diagnosis.diagnose import criteria
    from actcli.measuring.probe import Thresholds

    return criteria(Thresholds(epsilon, tau, alpha), rule, dtype)


def _gates(
    max_dead: float | None, max_saturated: float | None, max_vanishing: float | None, min_gradient: float | None
) -> list[Gate]:
    from actcli.diagnosis.gates import gates

    return gates(max_dead=max_dead, max_saturated=max_saturated, max_vanishing=max_vanishing, min_gradient=min_gradient)


def _limit(words: str, excess: str, type: FiniteRange = _share) -> Callable[[F], F]:
    return option(words, f"Exit with 3 if a layer has a {excess}.", type)


# How layers are judged, as `criteria`.
criteria_options = gather(
    "criteria",
    _criteria,
    options.epsilon_option,
    option(
        "--tau SHARE",
        "Count f as saturated where |f'| is at most this share of sup|f'|.",
        _share,
        1 - 0.97**2,
        shown="1 - 0.97^2",
    ),
    option("--alpha SHARE", "Call a neuron dead if at most this share passes gradient.", _share, 0.0),
    option(
        "--rule NAME",
        f"Judge by this rule: {', '.join(RULES)}.",
        RULES,
        "default",
    ),
    option(
        "--dtype",
        "Also report where this precision loses f' or f.",
        ["float32", "float16", "bfloat16"],
    ),
    group=MEASURED,
)
# The limits that layers must keep to, as `gates`.
gate_options = gather(
    "gates",
    _gates,
    _limit("--max-dead SHARE", "larger share of dead neurons"),
    _limit("--max-saturated SHARE", "larger share of saturated values"),
    _limit("--max-vanishing SHARE", "larger share of vanishing gradients"),
    _limit("--min-gradient NUMBER", "smaller mean|f'|", FiniteRange(min=0)),
    group=GATES,
)


@click.command(
    "saturation",
    cls=NumericCommand,
    help="""Show where gradients vanish and which neurons are dead.

Each input is one layer, named after its file: a table of pre-activations whose rows are samples and whose columns are
neurons. A folder of part files is one layer, and so is a quoted glob; addresses such as s3://bucket/layer1 work like
files and folders (see actcli-datasets(7)). Several inputs are the layers of one network, first to last; layers that
the shell has sorted by name, as in layer*.csv, are put in the order of their numbers. Without inputs only the regions
of x are shown. CSV has one row per layer, or per region if there are no inputs; a terminal and JSON show both, and the
neurons. -o FILE.png, .svg, .pdf, .eps or .pgf draws the layers: histograms over f', a map of the neurons, and the
product of f'. --rule judges by the definition of another system.

With --model, an ONNX model is run on the inputs: .npy, .npz with one array per model input, or tables. The model's
layers have their own functions (see `actcli layers`), so leave out FUNCTION.""",
    epilog="""\b
Examples:
  actcli saturation gelu --epsilon 1e-7
  actcli saturation relu layer1.csv layer2.csv layer3.csv
  actcli saturation relu layer*.csv -f json -o report.json
  actcli saturation relu layer*.csv -f table -o layers.png
  actcli saturation relu layer*.csv -o a.json -o b.csv --report page.html
  actcli saturation relu layer1.csv --by neuron --max-dead 0.1
  actcli saturation relu layer*.csv -f latex --digits 3
  actcli saturation relu layer*.csv --function layer3=softmax
  actcli saturation relu acts/layer1 acts/layer2 --part step=100
  actcli saturation relu acts/layer1 acts/layer2 --dask local:2
  actcli saturation relu layer*.csv --order natural
  actcli saturation relu layer*.csv --layer '!layer3'
  actcli saturation relu layer1.csv --rule redo
  actcli saturation tanh layer1.csv --dtype float16
  actcli saturation --model digits.onnx digits.csv -c '!digit'
  actcli saturation --model digits.onnx digits.csv -c '!digit' --neurons unit
  actcli saturation --model digits.onnx digits.csv -c '!digit' --batch 256
  actcli saturation --model digits.onnx digits.csv -c '!digit' --memory 1GB""",
)
@click.argument(
    "function",
    metavar="FUNCTION",
    type=FunctionOrInput(),
    required=False,
    shell_complete=options.completer("functions"),
)
@options.functions_file_option
@options.inputs_argument
@model_options
@layer_options
@criteria_options
@gate_options
@option(
    "--by",
    "Print one row per layer, neuron or region.",
    ["layer", "neuron", "region"],
)
@click.option(
    "--explain",
    is_flag=True,
    help="Print the rule's limits for FUNCTION and its source.",
)
@options.look_options
@dask_option
@options.layer_table_options
@options.outputs_options(figures=True, reports=True)
@click.pass_context
def command(
    ctx: click.Context,
    function: Function | str | None,
    inputs: tuple[str, ...],
    model: ModelRun | None,
    choice: Choice,
    criteria: Criteria,
    gates: list[Gate],
    by: str | None,
    explain: bool,
    look: Look,
    dask: str | None,
    reading: ReadOptions,
    outputs: Outputs,
) -> None:
    from actcli.diagnosis.diagnose import diagnose

    if isinstance(function, str):
        inputs, function = (function, *inputs), None
    elif function is None and model is None:
        raise click.MissingParameter(ctx=ctx, param=ctx.command.params[0])
    if explain and function is None:
        raise UsageError("--explain is for one function, and a model's layers have their own", "give a FUNCTION")
    if explain and function is not None:
        from actcli.reports.saturation import explanation

        if outputs.reports:
            raise UsageError("--explain reads no data, so there is nothing to report", "leave out --report")
        write(outputs, Result(sheet=lambda: explanation(criteria.rule, function)))
        return
    if by is not None and not outputs.has_tables:
        raise UsageError("--by is for tables, but only a figure is written", "leave out --by, or add a format with -f")
    criteria = criteria._replace(histogram=outputs.shows_distributions)
    if function is None:
        assert model is not None
        with on(dask, without="a model, which runs on this machine"):
            network = model.network(inputs, choice, reading)
        diagnosis = diagnose(network.layers, criteria, is_chain=network.is_chain)
    else:
        with on(dask) as cluster:
            diagnosis = diagnose(layers(inputs, function, choice, reading, cluster, required=True), criteria, function)
    note_layers(diagnosis.inputs, diagnosis.doubts)
    if not diagnosis.layers and (by in ("layer", "neuron") or gates):
        raise UsageError("there is no layer to measure", "give files, or pipe a table in")
    write(outputs, diagnosis_result(diagnosis, by, look, gates), diagnosis.inputs)
    failed = [line for gate in gates for line in gate.failures(diagnosis.gated)]
    fail_gates(ctx, failed)
