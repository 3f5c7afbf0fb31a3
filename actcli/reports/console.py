"""The two consoles: standard output, whose text is collected first, and the progress bar on standard error."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from actcli.text import visible

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import Progress


def new_console() -> Console:
    """A console in the style of standard output that collects what is printed."""
    from rich.console import Console

    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="replace", newline="\n")
    terminal = sys.stdout.isatty()
    width = None if terminal or "COLUMNS" in os.environ else 10_000
    return Console(file=file, force_terminal=terminal, width=width, highlight=False, markup=False, emoji=False)


def console_text(parts: Iterable[RenderableType]) -> bytes:
    """What rich prints for the parts, as bytes for standard output, no line with blanks at its end."""
    console = new_console()
    for part in parts:
        console.print(part)
    console.file.flush()
    text: bytes = console.file.buffer.getvalue()  # type: ignore[attr-defined]
    return b"\n".join(line.rstrip() for line in text.split(b"\n"))


def progress_bar(name: str, size: int | None) -> Progress:
    """Name, bar, bytes, rate and time left of one task; it goes away when the work is done."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
               TimeRemainingColumn())  # fmt: skip
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    bar.add_task(visible(name), total=size)
    return bar
