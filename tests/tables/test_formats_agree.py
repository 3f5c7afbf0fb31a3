"""Sheets and tables with the same cells are written as the same bytes in every format."""

from __future__ import annotations

import io
import json
from typing import Any

import polars as pl
import pytest

from actcli.tables.columns import pick, unique
from actcli.tables.format import USUAL, formats, named

COLUMNS = ("x", "x", 'a|b, "c"', "flag", "count")
ROWS: list[tuple[Any, ...]] = [
    (1.5, -0.25, "plain", True, 3),
    (None, 0.1, 'he said "yes", twice', None, -1),
    (1e-3, 123456.789, "two\nlines", False, None),
    (float("inf"), -2.0, "é | *", True, 0),
]
BOTH = [format.name for format in formats() if format.frames and format.rows]
EXACT = [name for name in BOTH if not named(name).for_people]


def of_frames(format: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]], block: int) -> bytes:
    """Return what the frame writer writes in blocks of this many rows."""
    frames = named(format).frames
    assert frames is not None
    writer = frames(columns, USUAL)
    frame = pl.DataFrame(rows, schema=[str(i) for i in range(len(columns))], orient="row")
    file = io.BytesIO()
    writer.write(file, [writer.encode(frame[start : start + block]) for start in range(0, len(rows), block)])
    return file.getvalue()


def of_rows(format: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> bytes:
    """Return what the row writer writes."""
    writer = named(format).rows
    assert writer is not None
    return b"".join(writer(columns, rows, USUAL))


@pytest.mark.parametrize("format", EXACT)
@pytest.mark.parametrize("block", [1, 3, 10])
def test_sheets_and_frames_are_the_same_bytes(format: str, block: int) -> None:
    """Text, numbers, booleans and missing values. Exponents and NaN, which Python and polars spell differently, are
    the same numbers."""
    assert of_frames(format, COLUMNS, ROWS, block) == of_rows(format, COLUMNS, ROWS)
    assert of_frames(format, ("x",), [(1.0,), (None,)], block) == of_rows(format, ("x",), [(1.0,), (None,)])


@pytest.mark.parametrize("format", BOTH)
def test_no_rows_are_the_same_bytes(format: str) -> None:
    """Only a header, or an empty array, is written."""
    assert of_frames(format, ("x", "y"), [], 1) == of_rows(format, ("x", "y"), [])


def test_exponents_are_the_same_numbers() -> None:
    """They agree to the last bit."""
    rows = [(1e-300, 1e22), (float("nan"), 5e-324), (-1e-5, 1.7976931348623157e308)]
    assert json.loads(of_frames("json", ("x", "y"), rows, 2)) == json.loads(of_rows("json", ("x", "y"), rows))


class Scanned(tuple[str, ...]):
    """Names that raise on a linear search."""

    def __contains__(self, name: object) -> bool:
        raise AssertionError("a search through all the columns")

    def index(self, *args: Any) -> int:
        raise AssertionError("a search through all the columns")

    def count(self, name: object) -> int:
        raise AssertionError("a search through all the columns")


def test_choosing_by_name_does_not_search() -> None:
    """50,000 items among 50,000 columns: linear searches would look at 2.5 billion names."""
    columns = Scanned(f"h{i}" for i in range(50_000))
    assert pick([",".join(columns)], columns, "a.csv") == tuple(range(50_000))
    assert len(pick([",".join(f"h{i}:h{i + 1}" for i in range(0, 50_000, 2))], columns, "a.csv")) == 50_000


class Counted(str):
    """A name that counts how often names are looked up."""

    lookups = 0
    __slots__ = ()

    def __hash__(self) -> int:
        Counted.lookups += 1
        return super().__hash__()


def test_repeated_names_become_unique_in_one_pass() -> None:
    """Thousands of columns have the same name."""
    names = [Counted("x")] * 50_000
    found = unique(names)
    assert len(set(found)) == 50_000
    assert found[-1] == "x_50000"
    assert Counted.lookups <= 8 * len(names)
    assert unique(["x", "x", "x_2", "x", "y"]) == ("x", "x_3", "x_2", "x_4", "y")
