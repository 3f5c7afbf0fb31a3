"""What a table is: named columns of numbers, read as blocks of rows."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from actcli.errors import DataError
from actcli.text import counted

if TYPE_CHECKING:
    import polars as pl

    from actcli.tables.parts import Part


class Share(NamedTuple):
    """One of the parts, about as long and in order, into which a table is cut: each of its rows is in one of them.
    `exact`: what is said of it names its lines by their numbers, for which those before are counted."""

    number: int
    total: int
    exact: bool = False

    def ends(self, whole: int) -> tuple[int, int]:
        """Where it begins and ends in so many rows or bytes."""
        return whole * self.number // self.total, whole * (self.number + 1) // self.total


WHOLE = Share(0, 1)


@dataclass(frozen=True, slots=True)
class Skipped:
    """Rows that were left out: how many, and why the first of them."""

    count: int
    first: DataError

    def __str__(self) -> str:
        return f"{counted(self.count, 'rows')} left out, such as {self.first.message}"


@dataclass(frozen=True, slots=True)
class Block:
    """Some consecutive rows of a table."""

    values: NDArray[np.float64]  # (rows, picked columns), each column contiguous; NaN where missing
    missing: NDArray[np.bool_] | None  # of the same shape; None: nothing is missing
    others: pl.DataFrame | None  # columns not picked, as they were, in order
    first_line: int  # line (of text) or row number of the first row, from 1
    end: int  # how many bytes of the table's source have been read for the blocks up to here
    skipped: Skipped | None = None  # rows of its lines that could not be read


Task: TypeAlias = Callable[[], Block]  # parses a block that has been read, on any thread


class Tasks(Protocol):
    """Reads the blocks in order: of a file any number of times, of a pipe only once."""

    def __call__(self, share: Share = WHOLE, /) -> Iterator[Task]: ...


@dataclass(frozen=True, slots=True)
class Kin:
    """What the tables at one place of the parts of a layer have in common, as the first of them has it: plain values,
    which another process may be told."""

    tables: tuple[str, ...]  # the names of all that are in the file
    place: int
    source: str
    columns: tuple[str, ...]
    picked: tuple[int, ...]
    has_header: bool

    @classmethod
    def of(cls, tables: Sequence[Table], place: int) -> Kin:
        names, one = tuple(table.name for table in tables), tables[place]
        return cls(names, place, one.source, one.columns, one.picked, one.has_header)


@dataclass(frozen=True, slots=True)
class Table:
    """One layer. A table without rows has no blocks."""

    name: str
    source: str  # as errors name it
    columns: tuple[str, ...]
    picked: tuple[int, ...]
    has_header: bool
    size: int | None  # of the source in bytes; None: a pipe's is not known
    tasks: Tasks
    notes: tuple[str, ...] = ()  # what was guessed about it, each with the option that says otherwise
    positions: int = 1  # rows in succession that are of one input; blocks hold all of an input
    aside: str = ""  # why it is left out unless it is named: "labels"
    fault: DataError | None = None  # of what is no table of numbers
    cuts: bool = False  # whether a share is read without the others; where it is not, the first one has all
    parts: tuple[Part, ...] = ()  # the files that hold it; none of what is read only once
    kin: Kin | None = None  # what it has in common with the same table of other parts

    def sound(self) -> Table:
        """This table. Raises DataError where it is none of numbers."""
        if self.fault is not None:
            raise self.fault
        return self

    @classmethod
    def faulty(cls, name: str, source: str, fault: DataError, aside: str = "") -> Table:
        """What has a name and cannot be read."""
        return cls(name, source, (), (), False, None, lambda share=WHOLE: iter(()), aside=aside, fault=fault)


def together(one: Skipped | None, other: Skipped | None) -> Skipped | None:
    """The rows left out of two blocks, in order."""
    if one is None or other is None:
        return one or other
    return Skipped(one.count + other.count, one.first)


def unpicked(picked: Sequence[int], width: int) -> list[int]:
    """The columns that are not picked."""
    taken = frozenset(picked)
    return [i for i in range(width) if i not in taken]


def rows_per_block(values: int, width: int) -> int:
    """How many rows make a block of about so many values. A column costs some microseconds, so that a wide block must
    hold some rows. The same for every format: sums over blocks depend on it to rounding."""
    return max(1, min(384, values), values // width)


def block_of(
    frame: pl.DataFrame, picked: Sequence[int], first_line: int, end: int, skipped: Skipped | None = None
) -> Block:
    """Of a frame whose columns are named by their index, the picked ones being Float64."""
    import polars as pl

    names = [str(i) for i in picked]
    numbers = frame if names == frame.columns else frame[names]
    missing = None
    if any(numbers.null_count().row(0)):
        missing = numbers.select(pl.all().is_null()).to_numpy(order="fortran")
    others = frame.drop(numbers.columns) if len(picked) < frame.width else None
    return Block(numbers.to_numpy(order="fortran"), missing, others, first_line, end, skipped)


def stacked(table: Table, blocks: Sequence[Block]) -> NDArray[np.float64]:
    """The numbers of blocks of the table, one below the other."""
    return np.concatenate([block.values for block in blocks]) if blocks else np.empty((0, len(table.picked)))


def without(block: Block, nulls: Sequence[str]) -> Block:
    """The block of a typed format, in which numbers that `nulls` names are missing as well."""
    names = [float(name) for name in nulls if is_number(name)]
    if not names:
        return block
    named = np.isin(block.values, names)
    if any(map(math.isnan, names)):
        named |= np.isnan(block.values)
    if block.missing is not None:
        named |= block.missing
    return replace(block, values=np.where(named, np.nan, block.values), missing=named if named.any() else None)


def is_number(cell: str) -> bool:
    """Whether polars reads it as one: as Python does, but for underscores and foreign digits."""
    try:
        float(cell)
    except ValueError:
        return False
    return cell.isascii() and "_" not in cell


def not_a_number(place: str, columns: Sequence[str], has_header: bool, column: int, cell: str) -> DataError:
    """The error for a picked cell that holds something else."""
    name = f" ({columns[column]})" if has_header else ""
    cell = cell if len(cell) <= 40 else cell[:39] + "…"
    hint = f"{left_out(columns, column)}, or name missing values with --null {shlex.quote(cell)}"
    if any(separator in cell for separator in ";\t |"):
        hint = f"--separator says what stands between cells, such as tab, blanks or ';'; or {hint}"
    elif re.fullmatch(r"[+-]?\d*,\d+", cell):
        hint = f"--decimal , takes it for a decimal sign; or {hint}"
    return DataError(f"{place}, column {column + 1}{name}: {cell!r} is not a number", hint)


def left_out(columns: Sequence[str], column: int) -> str:
    """How to leave a column out: by its name where -c reads that as nothing else."""
    plain = re.fullmatch(r"[^\W\d]\w*", columns[column]) and columns.count(columns[column]) == 1
    item = f"!{columns[column]}" if plain else f"!#{column + 1}"
    return f"leave the column out with -c {shlex.quote(item)}"
