"""What a table is: named columns of numbers, read as blocks of rows."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from actcli.errors import DataError

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class Skipped:
    """Rows that were left out: how many, and why the first of them."""

    count: int
    first: DataError

    def __str__(self) -> str:
        return f"{self.count} row{'s' * (self.count > 1)} left out, such as {self.first.message}"


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


@dataclass(frozen=True, slots=True)
class Table:
    """One layer. A table without rows has no blocks."""

    name: str
    source: str  # as errors name it
    columns: tuple[str, ...]
    picked: tuple[int, ...]
    has_header: bool
    size: int | None  # of the source in bytes; None: a pipe's is not known
    tasks: Callable[[], Iterator[Task]]  # reads the blocks in order: a file any number of times, a pipe only once
    notes: tuple[str, ...] = ()  # what was guessed about it, each with the option that says otherwise
    aside: str = ""  # why it is left out unless it is named: "labels"
    fault: DataError | None = None  # of what is no table of numbers

    def sound(self) -> Table:
        """This table. Raises DataError where it is none of numbers."""
        if self.fault is not None:
            raise self.fault
        return self

    @classmethod
    def faulty(cls, name: str, source: str, fault: DataError, aside: str = "") -> Table:
        """What has a name and cannot be read."""
        return cls(name, source, (), (), False, None, lambda: iter(()), (), aside, fault)


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

    numbers = frame[[str(i) for i in picked]]
    missing = None
    if any(numbers.null_count().row(0)):
        missing = numbers.select(pl.all().is_null()).to_numpy(order="fortran")
    others = frame.drop(numbers.columns) if len(picked) < frame.width else None
    return Block(numbers.to_numpy(order="fortran"), missing, others, first_line, end, skipped)


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
    if len(columns) == 1 and any(separator in cell for separator in ";\t "):
        hint = "cells are separated by commas, or by tabs with --input-format tsv"
    return DataError(f"{place}, column {column + 1}{name}: {cell!r} is not a number", hint)


def left_out(columns: Sequence[str], column: int) -> str:
    """How to leave a column out: by its name where -c reads that as nothing else."""
    plain = re.fullmatch(r"[^\W\d]\w*", columns[column]) and columns.count(columns[column]) == 1
    item = f"!{columns[column]}" if plain else f"!#{column + 1}"
    return f"leave the column out with -c {shlex.quote(item)}"
