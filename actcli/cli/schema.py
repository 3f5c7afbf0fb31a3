"""actcli schema."""

from __future__ import annotations

import click


@click.command("schema", epilog="\b\nExamples:\n  actcli schema\n  actcli schema saturation")
@click.argument("name", required=False)
def command(name: str | None) -> None:
    """Print the JSON Schema of a JSON output.

    The schemas are of draft 2020-12 and need no network. Without NAME it lists those there are.
    """
    from actcli.cli.options import Destination
    from actcli.cli.results import write_sheet
    from actcli.output import open_output
    from actcli.render import Sheet, json_text
    from actcli.reports.meanings import DOCUMENTS
    from actcli.reports.schema import schema

    if name is None:
        write_sheet(Sheet(("name", "describes"), list(DOCUMENTS.items())), Destination(None, None, 6))
        return
    text = json_text(schema(name), indent=1)
    with open_output(None) as file:
        file.write(text.encode() + b"\n")
