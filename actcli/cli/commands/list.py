"""actcli list."""

from __future__ import annotations

import click

from actcli.cli.lookup import functions_file_option, tell_complaints
from actcli.cli.options import Destination, completer, output_options
from actcli.output.results import write_sheet


@click.command("list", epilog="\b\nExamples:\n  actcli list\n  actcli list --framework onnx -f markdown")
@click.option(
    "--framework",
    metavar="NAME",
    shell_complete=completer("frameworks"),
    help="Only what this framework has, under its names, with its defaults.",
)
@functions_file_option
@output_options()
def command(framework: str | None, destination: Destination) -> None:
    """List the functions with their parameters and formulas.

    Frameworks are pytorch, keras, keras.layers, jax, tensorflow, tfa (TensorFlow Addons), onnx, nnlib, timm and
    transformers.
    """
    from actcli.registry import specs as registry
    from actcli.reports import catalogue as reports

    if framework is None:
        sheet = reports.list_sheet(registry.activations())
    else:
        sheet = reports.dialect_sheet(registry.activations(), registry.framework(framework))
    tell_complaints()
    write_sheet(sheet, destination)
