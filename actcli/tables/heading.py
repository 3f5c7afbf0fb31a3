"""What the first rows of a table say about its columns: their names, and which hold no neuron."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from actcli.tables.options import ReadOptions
from actcli.tables.table import is_number
from actcli.text import numbered


class Heading(NamedTuple):
    """The columns of a table of text."""

    columns: tuple[str, ...]
    named: bool  # the first row is a header
    apart: dict[int, str]  # the columns that are left out unless they are asked for, with what they are
    notes: tuple[str, ...]  # what was guessed


def heading(first: Sequence[str], second: Sequence[str], options: ReadOptions, source: str) -> Heading:
    """What the first row is, `second` being the one behind it, empty where there is none."""
    named = options.header
    notes: tuple[str, ...] = ()
    if named is None:
        named = any(cell not in ("", *options.nulls) and not is_number(cell) for cell in first)
        if not named and _counts(first, second):
            named = len(first) > 2 or not first[0]  # two numbers may well be data
            shown = ", ".join(first[:4]) + (", …" if len(first) > 4 else "")
            kinds = ("names; --no-header", "numbers") if named else ("numbers; --header", "names")
            notes = (f"{source}: the first row ({shown}) is taken as {kinds[0]} takes it as {kinds[1]}",)
    columns = tuple(first) if named else numbered(len(first))
    apart = labels(columns) if named else {}
    last = len(first) - 1
    if last and not first[last] and second and not second[-1]:
        apart[last] = "empty, behind the separator that ends each line"
    return Heading(columns, named, apart, notes)


def labels(columns: Sequence[str], more: Sequence[str] = ()) -> dict[int, str]:
    """The columns that pandas and R write for the names of rows, unless there are no others; `more` are called so."""
    found = {i for i, name in enumerate(columns) if name in more or re.fullmatch(r"__index_level_\d+__", name)}
    if columns[:1] in (("",), ("Unnamed: 0",)):
        found.add(0)
    return dict.fromkeys(sorted(found), "row labels") if len(found) < len(columns) else {}


def left_apart(apart: dict[int, str], columns: Sequence[str], options: ReadOptions, source: str) -> tuple[str, ...]:
    """The notes on the columns that are left out."""
    if options.columns and not options.columns[0].lstrip().startswith("!"):
        return ()
    return tuple(
        f"{source}: column {i + 1}{f' ({columns[i]})' * bool(columns[i])} is left out as {what}; -c '*' takes it too"
        for i, what in apart.items()
    )


def _counts(first: Sequence[str], second: Sequence[str]) -> bool:
    """Whether the first row numbers the columns, from 0 or 1, behind an empty cell or not, and the second does not
    count on."""
    cells = list(first[1:] if not first[0] else first)
    if len(second) != len(first) or len(first) < 2 or cells[0] not in ("0", "1"):
        return False
    start = int(cells[0])
    if cells != [str(start + i) for i in range(len(cells))]:
        return False
    return second != [str(start + len(first) + i) for i in range(len(first))]
