"""Notes on standard error beside the result, one line each."""

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
    """Note, once per run, the definitions that the registry left out and the functions that are unstable."""
    from actcli.registry import additions, specs

    noted: set[str] = click.get_current_context().meta.setdefault(__name__, set())
    for line in (*additions.current().left_out, *filter(None, map(specs.instability, functions))):
        if line not in noted:
            noted.add(line)
            note(line)


def fail_gates(ctx: click.Context, failed: Sequence[str]) -> None:
    """Note each failed gate and exit with GATE_FAILED; do nothing if none failed."""
    for line in failed:
        note(line)
    if failed:
        ctx.exit(GATE_FAILED)


def note_skipped(skipped: Skipped | None) -> None:
    """Note how many rows of a table were skipped, and why the first one was."""
    if skipped:
        note(str(skipped))
