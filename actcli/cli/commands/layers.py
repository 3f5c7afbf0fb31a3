"""actcli layers."""

from __future__ import annotations

import click

from actcli.cli.groups import GroupedCommand
from actcli.cli.messages import note
from actcli.cli.options import completer, outputs_options
from actcli.output.outputs import Outputs
from actcli.output.results import Result, write


@click.command(
    "layers",
    cls=GroupedCommand,
    help="""List the layers of a model without running it.

Each layer is listed with its name, its function and how the function is known (an operator, several operators
recognised by their values, or an expression), its number of neurons, and its role: hidden, head (the model's output)
or gate (it scales other values). A note names the operators that cannot be analysed.""",
    epilog="""\b
Examples:
  actcli layers digits.onnx
  actcli layers digits.onnx -f json""",
)
@click.argument("model", metavar="MODEL", shell_complete=completer("files"))
@outputs_options()
def command(model: str, outputs: Outputs) -> None:
    from actcli.models.onnx_model import Model
    from actcli.reports.models import layers_document, layers_sheet

    found = Model.read(model).listing
    for unseen in found.unseen:
        note(str(unseen))
    if not found.layers:
        note(f"{model}: no activation found")
    write(outputs, Result(sheet=lambda: layers_sheet(found), document=lambda: layers_document(found)))
