"""What the first rows of a table say about its columns: their names, and which hold no neuron."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from actcli.tables.layout import Layout, are_values
from actcli.tables.options import ReadOptions
from actcli.tables.table import is_number
from actcli.text import numbered


class Heading(NamedTuple):
    """The columns of a table of text."""

    columns: tuple[str, ...]
    named: bool  # not by their numbers
    is_row: bool  # the first row is a header
    apart: dict[int, str]  # the columns that are left out unless they are asked for, with what they are
    hollow: int | None  # of these the one that has no values, as far as is seen
    notes: tuple[str, ...]  # what was guessed


def heading(layout: Layout, options: ReadOptions, source: str) -> Heading:
    """What the first row is, by those behind it."""
    first, *body = layout.rows
    is_row, notes = (False, ()) if layout.names else _is_header(layout, options, source)
    named = is_row or bool(layout.names)
    columns = layout.names or (first if is_row else numbered(len(first)))
    apart = labels(columns) if named else {}
    hollow = None
    short = is_row and len(body) > 1 and all(len(row) == len(first) + 1 for row in body)
    ends_empty = bool(body) and not any(row[-1] for row in body)
    if short and not ends_empty and _are_labels([row[0] for row in body], counted=len(first) > 1):
        columns, apart = ("", *columns), {0: "row labels, for which the header has no name"}
    elif ends_empty and (short or (len(first) > 1 and not first[-1])):
        columns = (*columns, "") if short else columns
        hollow = len(columns) - 1
        apart[hollow] = "empty, behind the separator that ends each line"
    return Heading(tuple(columns), named, is_row, apart, hollow, notes)


def _is_header(layout: Layout, options: ReadOptions, source: str) -> tuple[bool, tuple[str, ...]]:
    """Whether the first row is one, and what is said of it."""
    first = layout.rows[0]
    if options.header is not None:
        return options.header, ()
    if not are_values(first, layout.decimal, options.nulls):
        return True, ()
    if not _counts(first, layout.rows[1] if len(layout.rows) > 1 else ()):
        return False, ()
    if not first[0] and _are_labels([row[0] for row in layout.rows[1:]], counted=True):
        return True, ()  # as pandas writes a frame without names: that the labels are left out says it all
    is_row = len(first) > 2 or not first[0]  # two numbers may well be data
    shown = ", ".join(first[:4]) + (", …" if len(first) > 4 else "")
    kinds = ("names; --no-header", "numbers") if is_row else ("numbers; --header", "names")
    return is_row, (f"{source}: the first row ({shown}) is taken as {kinds[0]} takes it as {kinds[1]}",)


def _are_labels(cells: Sequence[str], *, counted: bool) -> bool:
    """Whether they are no numbers, or count the rows; where that is no sign, two cells may be one decimal comma."""
    if not any(map(is_number, cells)):
        return True
    return (
        counted
        and len(cells) > 1
        and any(list(cells) == [str(start + i) for i in range(len(cells))] for start in (0, 1))
    )


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
    return list(second) != [str(start + len(first) + i) for i in range(len(first))]
