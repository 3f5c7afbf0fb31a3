"""Guess from the first rows of a text table the names of its columns, and which columns are not neurons."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from actcli.tables.layout import Layout, are_values
from actcli.tables.options import ReadOptions
from actcli.tables.table import is_number
from actcli.text import numbered


class Heading(NamedTuple):
    """The columns of a text table."""

    columns: tuple[str, ...]
    named: bool  # otherwise the columns are numbered
    is_row: bool  # the first row is a header
    apart: dict[int, str]  # columns left out unless asked for, each with what it is
    hollow: int | None  # the one of these that is empty in the first rows
    notes: tuple[str, ...]  # what was guessed


def heading(layout: Layout, options: ReadOptions, source: str) -> Heading:
    """Decide what the first row is from the rows after it."""
    first, *body = layout.rows
    is_row, notes = (False, ()) if layout.names else _is_header(layout, options, source)
    named = is_row or bool(layout.names)
    columns = layout.names or (first if is_row else numbered(len(first)))
    apart = labels(columns) if named else {}
    hollow = None
    short = is_row and len(body) > 1 and all(len(row) == len(first) + 1 for row in body)
    ends_empty = bool(body) and not any(row[-1] for row in body)
    if short and not ends_empty and _are_labels([row[0] for row in body], counted=len(first) > 1):
        columns, apart = ("", *columns), {0: "row labels without a name in the header"}
    elif ends_empty and (short or (len(first) > 1 and not first[-1])):
        columns = (*columns, "") if short else columns
        hollow = len(columns) - 1
        apart[hollow] = "empty: each line ends in a separator"
    return Heading(tuple(columns), named, is_row, apart, hollow, notes)


def _is_header(layout: Layout, options: ReadOptions, source: str) -> tuple[bool, tuple[str, ...]]:
    """Return whether the first row is a header, and the notes about it."""
    first = layout.rows[0]
    if options.header is not None:
        return options.header, ()
    if not are_values(first, layout.decimal, options.nulls):
        return True, ()
    if not _counts(first, layout.rows[1] if len(layout.rows) > 1 else ()):
        return False, ()
    if not first[0] and _are_labels([row[0] for row in layout.rows[1:]], counted=True):
        return True, ()  # an unnamed pandas frame: the note on its row labels is enough
    is_row = len(first) > 2 or not first[0]  # two numbers may well be data
    shown = ", ".join(first[:4]) + (", …" if len(first) > 4 else "")
    kinds = ("names; --no-header", "numbers") if is_row else ("numbers; --header", "names")
    return is_row, (f"{source}: the first row ({shown}) is read as {kinds[0]} reads it as {kinds[1]}",)


def _are_labels(cells: Sequence[str], *, counted: bool) -> bool:
    """Return whether the cells are row labels: not numbers, or, if `counted`, a count of the rows. A count proves
    nothing where two cells may be one number with a decimal comma."""
    if not any(map(is_number, cells)):
        return True
    return (
        counted
        and len(cells) > 1
        and any(list(cells) == [str(start + i) for i in range(len(cells))] for start in (0, 1))
    )


def labels(columns: Sequence[str], more: Sequence[str] = ()) -> dict[int, str]:
    """Return the columns that pandas and R write for row names, and those named in `more`; none if all columns are."""
    found = {i for i, name in enumerate(columns) if name in more or re.fullmatch(r"__index_level_\d+__", name)}
    if columns[:1] in (("",), ("Unnamed: 0",)):
        found.add(0)
    return dict.fromkeys(sorted(found), "row labels") if len(found) < len(columns) else {}


def left_apart(apart: dict[int, str], columns: Sequence[str], options: ReadOptions, source: str) -> tuple[str, ...]:
    """Return the notes on the columns that are left out."""
    if options.columns and not options.columns[0].lstrip().startswith("!"):
        return ()
    return tuple(
        f"{source}: column {i + 1}{f' ({columns[i]})' * bool(columns[i])} is left out ({what}); -c '*' includes it"
        for i, what in apart.items()
    )


def _counts(first: Sequence[str], second: Sequence[str]) -> bool:
    """Return whether the first row numbers the columns from 0 or 1, perhaps after an empty cell, and the second row
    does not continue the count."""
    cells = list(first[1:] if not first[0] else first)
    if len(second) != len(first) or len(first) < 2 or cells[0] not in ("0", "1"):
        return False
    start = int(cells[0])
    if cells != [str(start + i) for i in range(len(cells))]:
        return False
    return list(second) != [str(start + len(first) + i) for i in range(len(first))]
