"""actcli saturation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from actcli.cli.layers import diagnose
from actcli.cli.options import (
    Destination,
    NumericCommand,
    epsilon_option,
    function_argument,
    inputs_argument,
    output_options,
    table_options,
)
from actcli.cli.results import write_report, write_sheet
from actcli.errors import UsageError

if TYPE_CHECKING:
    from actcli.diagnosis import Diagnosis
    from actcli.reading import ReadOptions

GATE_FAILED = 3

_share = click.FloatRange(0, 1)


@click.command(
    "saturation",
    cls=NumericCommand,
    epilog="""\b
Examples:
  actcli saturation gelu --epsilon 1e-7
  actcli saturation relu layer1.csv layer2.csv layer3.csv
  actcli saturation relu layer*.csv -f json -o report.json
  actcli saturation relu layer1.csv --by neuron --max-dead 0.1""",
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
@table_options
@output_options("table", "csv", "tsv", "json", "jsonl", "markdown")
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
    reading: ReadOptions,
    destination: Destination,
) -> None:
    """Tell where gradients vanish and which neurons are dead.

    Each input is a table of pre-activations, one layer: rows are samples, columns are neurons. Several are the layers
    of one network, first to last. Without inputs it tells the regions of x alone.
    """
    from actcli.diagnosis import Thresholds

    (diagnosis,) = diagnose([function], inputs, reading, Thresholds(epsilon, tau, alpha))
    gates = {"dead_neuron_ratio": max_dead, "saturated_ratio": max_saturated, "vanishing_ratio": max_vanishing}
    if not diagnosis.layers and (by in ("layer", "neuron") or any(gate is not None for gate in gates.values())):
        raise UsageError("there is no layer to look at", "give files, or pipe a table in")
    _write(diagnosis, by, destination)
    failed = [line for name, most in gates.items() if most is not None for line in _failures(diagnosis, name, most)]
    for line in failed:
        click.echo(f"actcli: {line}", err=True)
    if failed:
        ctx.exit(GATE_FAILED)


def _write(diagnosis: Diagnosis, by: str | None, destination: Destination) -> None:
    from actcli import reports

    sheets = {"layer": reports.layer_sheet, "neuron": reports.neuron_sheet, "region": reports.region_sheet}
    sheet = sheets[by or ("layer" if diagnosis.layers else "region")](diagnosis)
    if by is not None:
        write_sheet(sheet, destination)
        return
    write_report(
        destination,
        document=lambda: reports.saturation_document(diagnosis),
        page=lambda digits: reports.saturation_page(diagnosis, digits),
        sheet=lambda: sheet,
    )


def _failures(diagnosis: Diagnosis, name: str, most: float) -> list[str]:
    lines = []
    for layer in diagnosis.layers:
        if name == "saturated_ratio":
            value = (layer.saturated_low_ratio or 0.0) + (layer.saturated_high_ratio or 0.0)
        else:
            value = getattr(layer, name) or 0.0
        if value > most:
            lines.append(f"{layer.name}: {name} is {value:.6g}, above {most:g}")
    return lines
