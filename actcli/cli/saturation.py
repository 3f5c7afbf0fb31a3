"""actcli saturation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from actcli.cli.layers import diagnoses
from actcli.cli.notes import tell
from actcli.cli.options import (
    epsilon_option,
    function_argument,
    inputs_argument,
    style_option,
    table_options,
)
from actcli.cli.outputs import Outputs, outputs_options
from actcli.cli.results import Forms, write_outputs, write_sheet
from actcli.cli.words import FiniteRange, NumericCommand
from actcli.errors import UsageError

if TYPE_CHECKING:
    from actcli.diagnosis import Diagnosis
    from actcli.reading import ReadOptions
    from actcli.reports.blocks import Report, Run

GATE_FAILED = 3

RULES = ("default", "strict", "sagemaker", "karpathy", "keras-contrib", "deepdiagnosis", "thedeepchecker", "redo")

_share = FiniteRange(0, 1)


@click.command(
    "saturation",
    cls=NumericCommand,
    epilog="""\b
Examples:
  actcli saturation gelu --epsilon 1e-7
  actcli saturation relu layer1.csv layer2.csv layer3.csv
  actcli saturation relu layer*.csv -f json -o report.json
  actcli saturation relu layer*.csv -o layers.png
  actcli saturation relu layer*.csv -o a.json -o b.csv --report page.html
  actcli saturation relu layer1.csv --by neuron --max-dead 0.1
  actcli saturation relu layer1.csv --rule redo
  actcli saturation tanh layer1.csv --dtype float16""",
)
@function_argument
@inputs_argument
@epsilon_option
@click.option(
    "--tau",
    type=_share,
    metavar="SHARE",
    default=1 - 0.97**2,
    show_default="1 - 0.97^2",
    help="f saturates where |f'| is at most this share of its largest value.",
)
@click.option(
    "--alpha",
    type=_share,
    metavar="SHARE",
    default=0.0,
    show_default=True,
    help="A neuron is dead if at most this share of its samples passes gradient.",
)
@click.option(
    "--by",
    type=click.Choice(["layer", "neuron", "region"]),
    help="What a row is. CSV has by default layers, or regions without inputs; a terminal and JSON show all three.",
)
@click.option(
    "--max-dead", type=_share, metavar="SHARE", help="Exit with 3 if a layer has a larger share of dead neurons."
)
@click.option(
    "--max-saturated",
    type=_share,
    metavar="SHARE",
    help="Exit with 3 if a layer has a larger share of saturated values.",
)
@click.option(
    "--max-vanishing",
    type=_share,
    metavar="SHARE",
    help="Exit with 3 if a layer has a larger share of vanishing gradients.",
)
@click.option(
    "--min-gradient",
    type=FiniteRange(min=0),
    metavar="NUMBER",
    help="Exit with 3 if a layer has a smaller mean|f'|.",
)
@click.option(
    "--rule",
    type=click.Choice(RULES),
    metavar="NAME",
    default="default",
    show_default=True,
    help=f"Judge by the rule of another system, on its own definition: {', '.join(RULES)}.",
)
@click.option(
    "--explain",
    is_flag=True,
    help="Print what the rule means for the function: the limits of its verdicts, and its source.",
)
@click.option(
    "--dtype",
    type=click.Choice(["float32", "float16", "bfloat16"]),
    help="Tell also where f' becomes 0 and f constant in this precision.",
)
@style_option
@table_options
@outputs_options("table", "csv", "tsv", "json", "jsonl", "markdown")
@click.pass_context
def command(
    ctx: click.Context,
    function: Any,
    inputs: tuple[str, ...],
    epsilon: float,
    tau: float,
    alpha: float,
    by: str | None,
    max_dead: float | None,
    max_saturated: float | None,
    max_vanishing: float | None,
    min_gradient: float | None,
    rule: str,
    explain: bool,
    dtype: str | None,
    style: str,
    reading: ReadOptions,
    outputs: Outputs,
) -> None:
    """Tell where gradients vanish and which neurons are dead.

    Each input is a table of pre-activations, one layer, named after its file: rows are samples, columns are neurons.
    Several are the layers of one network, first to last. Without inputs it tells the regions of x alone. -o FILE.png,
    .svg or .pdf draws the layers: histograms over f', a map of the neurons, and the product of f'.
    """
    from actcli.precision import PRECISIONS
    from actcli.presets import RULES as PRESETS
    from actcli.probe import Probe, Thresholds

    if explain:
        from actcli.reports.saturation import explanation

        if outputs.reports:
            raise UsageError("--explain looks at no data: there is nothing to report on", "leave out --report")
        for destination in outputs.destinations:
            write_sheet(explanation(PRESETS[rule], function), destination)
        return
    precision = None if dtype is None else PRECISIONS[dtype]
    if by is not None and not outputs.has_tables:
        raise UsageError("--by is for tables, and a figure is asked for", "leave out --by, or name a format with -f")
    probe = Probe.of(
        function,
        Thresholds(epsilon, tau, alpha),
        PRESETS[rule],
        precision,
        histogram=outputs.shows_distributions,
    )
    (diagnosis,), read = diagnoses([probe], inputs, reading)
    gates = {
        "dead_neuron_ratio": max_dead,
        "saturated_ratio": max_saturated,
        "vanishing_ratio": max_vanishing,
        "mean_abs_gradient": min_gradient,
    }
    if not diagnosis.layers and (by in ("layer", "neuron") or any(gate is not None for gate in gates.values())):
        raise UsageError("there is no layer to look at", "give files, or pipe a table in")
    write_outputs(outputs, read, _forms(diagnosis, by, style))
    failed = [line for name, limit in gates.items() if limit is not None for line in _failures(diagnosis, name, limit)]
    for line in failed:
        tell(line)
    if failed:
        ctx.exit(GATE_FAILED)


def _forms(diagnosis: Diagnosis, by: str | None, style: str) -> Forms:
    from actcli.reports import saturation as reports

    def figure() -> Any:
        from actcli.figures.layers import layers_figure

        return layers_figure(diagnosis, theme=style)

    def report(run: Run, digits: int) -> Report:
        from actcli.reports.saturation_report import saturation_report

        return saturation_report(diagnosis, run, digits)

    sheets = {"layer": reports.layer_sheet, "neuron": reports.neuron_sheet, "region": reports.region_sheet}
    forms = Forms(
        sheet=lambda: sheets[by or ("layer" if diagnosis.layers else "region")](diagnosis),
        figure=figure,
        report=report,
    )
    if by is not None:
        return forms
    return forms._replace(
        document=lambda: reports.saturation_document(diagnosis),
        page=lambda digits: reports.saturation_page(diagnosis, digits),
    )


def _failures(diagnosis: Diagnosis, name: str, limit: float) -> list[str]:
    """A line for each layer that fails the gate; one without values passes none of them."""
    lines = []
    for layer in diagnosis.layers:
        if name == "saturated_ratio":
            low, high = layer.saturated_low_ratio, layer.saturated_high_ratio
            value = None if low is None or high is None else low + high
        else:
            value = getattr(layer, name)
        at_least = name == "mean_abs_gradient"
        if value is None:
            lines.append(f"{layer.name}: {name} is not known: there are no values")
        elif value < limit if at_least else value > limit:
            lines.append(f"{layer.name}: {name} is {value:.6g}, {'below' if at_least else 'above'} {limit:g}")
    return lines
