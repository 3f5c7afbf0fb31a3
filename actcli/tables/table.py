"""A table: named columns of numbers, read as blocks of rows."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from actcli.errors import DataError
from actcli.text import counted

if TYPE_CHECKING:
    import polars as pl

    from actcli.tables.parts import Part


class Share(NamedTuple):
    """One of `total` consecutive shares of a table of about equal length; every row is in exactly one of them.
    `exact`: count the lines before it, so that errors give true line numbers."""

    number: int
    total: int
    exact: bool = False

    def ends(self, whole: int) -> tuple[int, int]:
        """Return where it begins and ends in `whole` rows or bytes."""
        return whole * self.number // self.total, whole * (self.number + 1) // self.total


WHOLE = Share(0, 1)


class Skipped(NamedTuple):
    """How many rows were left out, and why the first of them was."""

    rows: int
    first: DataError

    def __str__(self) -> str:
        return f"{counted(self.rows, 'rows')} left out, such as {self.first.message}"


class Block(NamedTuple):
    """Some consecutive rows of a table."""

    values: NDArray[np.float64]  # (rows, picked columns), each column contiguous; NaN where missing
    missing: NDArray[np.bool_] | None  # the same shape as `values`; None: nothing is missing
    rest: Callable[[], pl.DataFrame] | None  # makes the columns not picked, unchanged, in order, when asked
    first_line: int  # line (of text) or row number of the first row, from 1
    end: int  # bytes of the table's source read up to the end of this block
    skipped: Skipped | None = None  # its rows that could not be read


Task: TypeAlias = Callable[[], Block]  # parses one block, on any thread


class Tasks(Protocol):
    """Reads the blocks in order: any number of times from a file, once from a pipe."""

    def __call__(self, share: Share = WHOLE, /) -> Iterator[Task]: ...


class Kin(NamedTuple):
    """What the tables at one place in the parts of a layer must share, from the first part: plain values, so that they
    can be sent to another process."""

    tables: tuple[str, ...]  # the names of all tables in the file
    place: int
    source: str
    columns: tuple[str, ...]
    picked: tuple[int, ...]
    has_header: bool

    @classmethod
    def of(cls, tables: Sequence[Table], place: int) -> Kin:
        names, one = tuple(table.name for table in tables), tables[place]
        return cls(names, place, one.source, one.columns, one.picked, one.has_header)


class Table(NamedTuple):
    """One layer. A table without rows has no blocks."""

    name: str
    source: str  # as errors name it
    columns: tuple[str, ...]
    picked: tuple[int, ...]
    has_header: bool
    size: int | None  # of the source in bytes; None: unknown, as for a pipe
    tasks: Tasks
    notes: tuple[str, ...] = ()  # what was guessed about it, each with the option that overrides it
    positions: int = 1  # consecutive rows per input; blocks contain whole inputs
    aside: str = ""  # why it is left out unless named: "labels"
    fault: DataError | None = None  # why it is not a table of numbers
    cuts: bool = False  # whether shares can be read separately; otherwise the first share has all rows
    parts: tuple[Part, ...] = ()  # its files; empty if it can be read only once
    kin: Kin | None = None  # what it shares with the same table of other parts

    def sound(self) -> Table:
        """Return this table. Raises DataError if it is not a table of numbers."""
        if self.fault is not None:
            raise self.fault
        return self

    @classmethod
    def faulty(cls, name: str, source: str, fault: DataError, aside: str = "") -> Table:
        """Return a table that has a name but cannot be read."""
        return cls(name, source, (), (), False, None, lambda share=WHOLE: iter(()), aside=aside, fault=fault)


def together(one: Skipped | None, other: Skipped | None) -> Skipped | None:
    """Combine the rows left out of two consecutive blocks."""
    if one is None or other is None:
        return one or other
    return Skipped(one.rows + other.rows, one.first)


def unpicked(picked: Sequence[int], width: int) -> list[int]:
    """Return the columns that are not picked."""
    taken = frozenset(picked)
    return [i for i in range(width) if i not in taken]


def rows_per_block(values: int, width: int) -> int:
    """Return the number of rows for blocks of about `values` values, but not too few: each column costs some
    microseconds per block. All formats use it, because sums over blocks depend on it by their rounding."""
    return max(1, min(384, values), values // width)


def block_of(
    frame: pl.DataFrame, picked: Sequence[int], first_line: int, end: int, skipped: Skipped | None = None
) -> Block:
    """Return the block of a frame whose columns are named by their index; the picked ones are Float64."""
    import polars as pl

    names = [str(i) for i in picked]
    numbers = frame if names == frame.columns else frame[names]
    missing = None
    if any(numbers.null_count().row(0)):
        missing = numbers.select(pl.all().is_null()).to_numpy(order="fortran")
    rest = partial(frame.drop, numbers.columns) if len(picked) < frame.width else None
    return Block(numbers.to_numpy(order="fortran"), missing, rest, first_line, end, skipped)


def stacked(table: Table, blocks: Sequence[Block]) -> NDArray[np.float64]:
    """Return the numbers of blocks of the table, stacked."""
    return np.concatenate([block.values for block in blocks]) if blocks else np.empty((0, len(table.picked)))


def without(block: Block, nulls: Sequence[str]) -> Block:
    """Return the block of a typed format with the numbers that `nulls` names missing too."""
    names = [float(name) for name in nulls if is_number(name)]
    if not names:
        return block
    named = np.isin(block.values, names)
    if any(map(math.isnan, names)):
        named |= np.isnan(block.values)
    if block.missing is not None:
        named |= block.missing
    return block._replace(values=np.where(named, np.nan, block.values), missing=named if named.any() else None)


def is_number(cell: str) -> bool:
    """Return whether polars parses the cell as a number: like Python, but without underscores and non-ASCII digits."""
    try:
        float(cell)
    except ValueError:
        return False
    return cell.isascii() and "_" not in cell


def not_a_number(place: str, columns: Sequence[str], has_header: bool, column: int, cell: str) -> DataError:
    """Return the error for a picked cell that is not a number."""
    name = f" ({columns[column]})" if has_header else ""
    cell = cell if len(cell) <= 40 else cell[:39] + "…"
    hint = f"{left_out(columns, column)}, or name missing values with --null {shlex.quote(cell)}"
    if any(separator in cell for separator in ";\t |"):
        hint = f"name the separator with --separator, such as tab, blanks or ';'; or {hint}"
    elif re.fullmatch(r"[+-]?\d*,\d+", cell):
        hint = f"use --decimal , for decimal commas; or {hint}"
    return DataError(f"{place}, column {column + 1}{name}: {cell!r} is not a number", hint)


def left_out(columns: Sequence[str], column: int) -> str:
    """Return the hint on leaving a column out, by name if -c reads the name unambiguously."""
    plain = re.fullmatch(r"[^\W\d]\w*", columns[column]) and columns.count(columns[column]) == 1
    item = f"!{columns[column]}" if plain else f"!#{column + 1}"
    return f"leave the column out with -c {shlex.quote(item)}"
