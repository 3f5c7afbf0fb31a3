"""actcli schema."""

from __future__ import annotations

import click

from actcli.cli.options import completer


@click.command("schema", epilog="\b\nExamples:\n  actcli schema\n  actcli schema saturation")
@click.argument("name", required=False, shell_complete=completer("schemas"))
def command(name: str | None) -> None:
    """Print the JSON Schema of a JSON output.

    It tells what each field means; the columns of CSV have the names of fields: those of `saturation` are told by
    `layers`, `neurons` and `regions`, those of `compare` and `fit` by their own. The schemas are of draft 2020-12 and
    need no network. Without NAME it lists those there are.
    """
    from actcli.cli.options import Destination
    from actcli.output.files import open_output
    from actcli.output.results import write_sheet
    from actcli.reports.meanings import DOCUMENTS
    from actcli.reports.schema import schema
    from actcli.tables.sheet import Sheet
    from actcli.text import json_text

    if name is None:
        write_sheet(Sheet(("name", "describes"), list(DOCUMENTS.items())), Destination(None, None, 6))
        return
    text = json_text(schema(name), indent=1)
    with open_output(None) as file:
        file.write(text.encode() + b"\n")
