"""Results -> text: rich tables for a terminal, CSV, TSV, JSON, JSON lines and Markdown for everything else."""

from __future__ import annotations

import io
import itertools
import math
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from actcli.errors import UsageError
from actcli.markup import visible

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import Progress

T = TypeVar("T")
Cell: TypeAlias = str | float | int | bool | None

FORMATS = ("table", "csv", "tsv", "json", "jsonl", "markdown")
SUFFIXES = {".csv": "csv", ".tsv": "tsv", ".json": "json", ".jsonl": "jsonl", ".md": "markdown", ".txt": "table"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """Named columns and rows of cells; `rows` may be a generator, which is then written as it comes."""

    columns: tuple[str, ...]
    rows: Iterable[Sequence[Cell]]


def endings(formats: Sequence[str]) -> list[str]:
    """The endings of names that say one of these formats; a format that has no other ends in its own name."""
    named = [ending for ending, format in SUFFIXES.items() if format in formats]
    return [*named, *(f".{format}" for format in formats if format not in SUFFIXES.values())]


def choose_format(asked: str | None, output: str | None, known: Sequence[str] = FORMATS) -> str:
    """The format asked for, else the one the output's name says, else a table on a terminal and CSV in a pipe."""
    if asked is not None:
        return asked
    if output is not None:
        suffix = os.path.splitext(output)[1].lower()
        by_name = SUFFIXES.get(suffix, suffix.removeprefix("."))
        if by_name in known:
            return by_name
        if os.path.exists(output) and not os.path.isfile(output):
            return "csv"  # /dev/stdout, a fifo
        if suffix in (".gz", ".zst"):
            raise UsageError(f"{output}: results are written as they are", "compress them in a pipe: -f csv | zstd")
        raise UsageError(
            f"{output}: its name says no format",
            f"name the format with -f, or end the name in {', '.join(endings(known))}",
        )
    return "table" if sys.stdout.isatty() else "csv"


def encode(sheet: Sheet, format: str, digits: int) -> Iterator[bytes]:
    """The sheet in a format, in pieces. Text formats carry floats at full precision, tables `digits` of them."""
    match format:
        case "table":
            yield console_text([table(sheet, digits)])
        case "csv" | "tsv":
            yield from _delimited(sheet, "," if format == "csv" else "\t")
        case "json":
            yield b"["
            for i, line in enumerate(_objects(sheet)):
                yield (b",\n " if i else b"\n ") + line
            yield b"\n]\n"
        case "jsonl":
            for line in _objects(sheet):
                yield line + b"\n"
        case "markdown":
            yield from _markdown(sheet)
        case _:
            raise UsageError(f"this result cannot be written as {format!r}", f"formats: {', '.join(FORMATS)}")


def _delimited(sheet: Sheet, delimiter: str) -> Iterator[bytes]:
    import csv

    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\n")
    writer.writerow(sheet.columns)
    for row in sheet.rows:
        writer.writerow([_plain(cell) for cell in row])
        if buffer.tell() > 1 << 16:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def _plain(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return repr(cell) if isinstance(cell, float) else str(cell)


def _objects(sheet: Sheet) -> Iterator[bytes]:
    for row in sheet.rows:
        yield json_text(dict(zip(sheet.columns, row, strict=True))).encode()


def json_text(value: Any, indent: int | None = None) -> str:
    """JSON with every number at full precision; NaN and infinities, which JSON has not, as strings."""
    import json

    return json.dumps(_portable(value), indent=indent, ensure_ascii=False, allow_nan=False)


def _portable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _portable(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_portable(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def _markdown(sheet: Sheet) -> Iterator[bytes]:
    from actcli.markup import markdown

    def line(cells: Iterable[str]) -> bytes:
        return f"| {' | '.join(map(markdown, cells))} |\n".encode()

    yield line(sheet.columns)
    yield f"|{' --- |' * len(sheet.columns)}\n".encode()
    for row in sheet.rows:
        yield line(_plain(cell) for cell in row)


def figure(cell: Cell, digits: int) -> str:
    """A cell as tables show it."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return f"{cell:.{digits}g}" if isinstance(cell, float) and digits < 17 else _plain(cell)


def table(sheet: Sheet, digits: int, *, width: int | None = None) -> RenderableType:
    """A rich table. Columns that do not fit the terminal's width are left out in the middle, behind a column `...`."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    names = [visible(name) for name in sheet.columns]
    raw = [list(row) for row in sheet.rows]
    rows = [[visible(figure(cell, digits)) for cell in row] for row in raw]
    numeric = [all(not isinstance(row[i], str) or row[i] == "" for row in raw) for i in range(len(names))]
    needs = [max(map(len, (name, *(row[i] for row in rows)))) for i, name in enumerate(names)]
    least = [
        max([1, *(min(_WORD, len(word)) for word in name.split()), *(len(row[i]) for row in rows)])
        if numeric[i]
        else min(needs[i], _LEAST)
        for i, name in enumerate(names)
    ]
    width = width or new_console().width
    shown = _fitting(needs, least, width)
    cramped = sum((3 if i is None else needs[i]) + 2 for i in shown) > width + 2
    result = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold", show_edge=False)
    for i in shown:
        if i is None:
            result.add_column("...")
        elif numeric[i]:
            fixed = least[i] if cramped else None
            result.add_column(Text(names[i]), justify="right", overflow="fold", width=fixed)
        else:
            result.add_column(Text(names[i]), overflow="fold")
    for row in rows:
        result.add_row(
            *(
                Text("..." if i is None else row[i], style=_STYLES.get(row[i] if i is not None else "", ""))
                for i in shown
            )
        )
    return result


# Characters to which a column of words may be wrapped, and a word in the head of one of numbers.
_LEAST, _WORD = 8, 12
_STYLES = {"critical": "bold red", "warning": "yellow", "ok": "green"}


def _fitting(needs: Sequence[int], least: Sequence[int], width: int) -> list[int | None]:
    """The columns to show, of these widths: all, or the first that fit, None for the gap, and the last.

    Up to 10 columns are wrapped where that is enough.
    """
    if len(needs) <= 10:
        needs = least
    if sum(needs) + 2 * len(needs) <= width + 2:
        return list(range(len(needs)))
    room = width - needs[-1] - 7
    count = sum(1 for total in itertools.accumulate(need + 2 for need in needs[:-1]) if total <= room)
    return [*range(max(1, count)), None, len(needs) - 1]


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
        if isinstance(part, str):
            part = _paragraph(visible(part))
        console.print(part)
    console.file.flush()
    text: bytes = console.file.buffer.getvalue()  # type: ignore[attr-defined]
    return b"\n".join(line.rstrip() for line in text.split(b"\n"))


def watched(parts: Iterator[T], position: Callable[[], int], size: int | None, name: str) -> Iterator[T]:
    """The parts as they come. A terminal on standard error shows how far the reading is, once a second has gone by.

    Not a dumb one, on which the bar could not go away: it would leave an empty line.
    """
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield from parts
        return
    start = time.monotonic()
    progress = task = None
    try:
        for part in parts:
            if progress is None and time.monotonic() - start > 1.0:
                progress = _progress()
                task = progress.add_task(name, total=size)
                progress.start()
            if progress is not None and task is not None:
                progress.update(task, completed=position())
            yield part
    finally:
        if progress is not None:
            progress.stop()


def _progress() -> Progress:
    """Name, bar, bytes, rate and time left; it goes away when the work is done."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
               TimeRemainingColumn())  # fmt: skip
    return Progress(*columns, console=Console(stderr=True), transient=True)


def _paragraph(text: str) -> RenderableType:
    """Text that is wrapped at words, the lines that follow under its start: behind the indent and the number."""
    from rich.table import Table
    from rich.text import Text

    start = len(text) - len(text.lstrip())
    number, dot, _ = text.lstrip().partition(". ")
    if dot and number.isdigit():
        start += len(number) + len(dot)
    if start == 0:
        return Text(text)
    grid = Table.grid()
    grid.add_column(width=start)
    grid.add_column()
    grid.add_row(Text(text[:start]), Text(text[start:]))
    return grid
