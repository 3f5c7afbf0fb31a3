"""What is said on standard error beside the result: one line is one note."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from actcli.text import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actcli.activation import Function
    from actcli.tables.table import Skipped


GATE_FAILED = 3  # the exit status


def note(text: str) -> None:
    """Print a line on standard error."""
    click.echo(f"actcli: {visible(text)}", err=True)


def note_functions(functions: Sequence[Function] = ()) -> None:
    """Note, once in a run, which definitions the registry left out, and which of the functions are unstable."""
    from actcli.registry import additions, specs

    said: set[str] = click.get_current_context().meta.setdefault(__name__, set())
    for line in (*additions.current().left_out, *filter(None, map(specs.instability, functions))):
        if line not in said:
            said.add(line)
            note(line)


def fail_gates(ctx: click.Context, failed: Sequence[str]) -> None:
    """Note each of the lines and end with the status of a gate that failed; without any go on."""
    for line in failed:
        note(line)
    if failed:
        ctx.exit(GATE_FAILED)


def note_skipped(skipped: Skipped | None) -> None:
    """Note how many rows of a table were skipped, and why the first of them."""
    if skipped:
        note(str(skipped))
