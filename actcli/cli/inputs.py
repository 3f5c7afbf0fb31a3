"""INPUT arguments: numbers, tables, or standard input."""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, cast

from actcli.cli.types import is_number, unmarked
from actcli.errors import UsageError

if TYPE_CHECKING:
    from decimal import Decimal

    from actcli.tables.options import ReadOptions
    from actcli.tables.table import Table


def numbers_and_paths(inputs: Sequence[str], *, required: bool) -> tuple[list[float], list[str]]:
    """The INPUT arguments as numbers or as paths; without any, "-" if standard input has data."""
    tokens = [unmarked(token) for token in inputs]
    if not tokens:
        return [], ["-"] if _standard_input(required) else []
    numbers = [is_number(token) or token.casefold() in ("nan", "+nan", "-nan") for token in tokens]
    if all(numbers):
        return [float(token) for token in tokens], []
    if any(numbers):
        number, path = tokens[numbers.index(True)], tokens[numbers.index(False)]
        raise UsageError(
            f"inputs are numbers or files, not both: {number} and {path}",
            f"write ./{number} for a file whose name is a number",
        )
    check_tables(tokens)
    from actcli.tables.format import holds_measures, way_to_show

    if found := next((path for path in tokens if holds_measures(path)), None):
        raise UsageError(f"{found} contains measures written by actcli, not pre-activations", way_to_show(found))
    return [], tokens


def check_tables(paths: Sequence[str]) -> None:
    """Raise UsageError if one of the tables is a model."""
    from actcli.models.onnx_file import is_model, way_to_run

    if found := next((path for path in paths if is_model(path)), None):
        raise UsageError(f"{found} is a model, not a table", way_to_run(found))


def _standard_input(required: bool) -> bool:
    """Whether standard input is a pipe or a file; unless it is `required`, it must also not be empty."""
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (AttributeError, OSError, ValueError):  # closed, or not a real file
        return False
    if not (stat.S_ISFIFO(mode) or stat.S_ISREG(mode) or stat.S_ISSOCK(mode)):
        return False
    return required or bool(cast(io.BufferedReader, sys.stdin.buffer).peek(1))


def span_numbers(span: tuple[Decimal, ...]) -> tuple[int, Iterator[float]]:
    """How many numbers START, START + STEP, ..., STOP there are, and each as the double nearest its exact decimal."""
    from decimal import Decimal

    start, stop = span[:2]
    step = span[2] if len(span) == 3 else Decimal(1 if stop >= start else -1)
    if step == 0 or (stop - start) / step < 0:
        way_out = "reverse its sign" if step else "give one that is not 0"
        raise UsageError(f"--range: a step of {step} does not lead from {start} to {stop}", way_out)
    count = int((stop - start) / step) + 1
    return count, (float(start + i * step) for i in range(count))


def open_layers(paths: Sequence[str], options: ReadOptions) -> list[Table]:
    from actcli.tables.open import open_tables

    return open_tables(paths, options)
