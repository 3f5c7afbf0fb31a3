"""Two consoles: standard output, whose text is collected before it is written, and standard error for progress."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from actcli.text import visible

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import Progress


def new_console() -> Console:
    """A console that collects what is printed, with the encoding, width and styles of standard output."""
    from rich.console import Console

    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="replace", newline="\n")
    terminal = sys.stdout.isatty()
    width = None if terminal or "COLUMNS" in os.environ else 10_000
    return Console(file=file, force_terminal=terminal, width=width, highlight=False, markup=False, emoji=False)


def console_text(parts: Iterable[RenderableType]) -> bytes:
    """The parts as rich prints them, as bytes for standard output, without trailing blanks."""
    console = new_console()
    for part in parts:
        console.print(part)
    console.file.flush()
    text: bytes = console.file.buffer.getvalue()  # type: ignore[attr-defined]
    return b"\n".join(line.rstrip() for line in text.split(b"\n"))


def progress_bar(name: str, size: int | None) -> Progress:
    """A bar with name, bytes, rate and time left of one task, which disappears when the work is done."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
               TimeRemainingColumn())  # fmt: skip
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    bar.add_task(visible(name), total=size)
    return bar


class TrainingTable:
    """A table on standard error that shows the progress of each function, and disappears when the work is done."""

    def __init__(self, names: Sequence[str], seeds: int, epochs: int) -> None:
        from rich.console import Console
        from rich.live import Live

        self._whole = seeds, epochs
        self._states: dict[str, dict[int, tuple[int, float]]] = {name: {} for name in names}
        self._live = Live(
            console=Console(stderr=True), transient=True, refresh_per_second=4, get_renderable=self._table
        )

    def __enter__(self) -> TrainingTable:
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def update(self, name: str, seed: int, epoch: int, score: float) -> None:
        """Report the score after an epoch; may be called from any thread."""
        self._states.setdefault(name, {})[seed] = epoch, score
        self._live.start()  # only now, so that notes on the data come above the table

    def _table(self) -> RenderableType:
        from rich import box
        from rich.progress_bar import ProgressBar
        from rich.table import Table

        seeds, epochs = self._whole
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for title in ("function", "", "seeds", "score"):
            table.add_column(title, no_wrap=True)
        for name, states in list(self._states.items()):
            last = list(states.values())
            done = sum(epoch for epoch, _ in last)
            bar = ProgressBar(total=max(1, seeds * epochs), completed=done, width=30)
            score = f"{sum(score for _, score in last) / len(last):.4f}" if last else ""
            table.add_row(visible(name), bar, f"{sum(epoch >= epochs for epoch, _ in last)}/{seeds}", score)
        return table


class LivePage:
    """Lines on standard error that are redrawn and disappear when the work is done; nothing unless it is a terminal."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        console = Console(stderr=True)
        self._live = Live(console=console, transient=True, auto_refresh=False) if console.is_terminal else None

    def __enter__(self) -> LivePage:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, lines: Iterable[RenderableType]) -> None:
        """Show these lines in place of the last ones."""
        from rich.console import Group

        if self._live is not None:
            self._live.update(Group(*lines), refresh=True)
