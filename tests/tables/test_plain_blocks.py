"""Blocks with only numbers are read in one go; all others are checked line by line."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.tables import read, write

from actcli.errors import DataError
from actcli.tables import jsonlines, separated
from actcli.tables.open import open_tables
from actcli.tables.options import ReadOptions


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any, str], list[None]]:
    """Record every call of a function in a list."""

    def counted(place: Any, name: str) -> list[None]:
        seen: list[None] = []
        function = getattr(place, name)

        def called(*args: Any, **named: Any) -> Any:
            seen.append(None)
            return function(*args, **named)

        monkeypatch.setattr(place, name, called)
        return seen

    return counted


@pytest.mark.parametrize("form", ["objects", "arrays"])
def test_lines_of_numbers_are_not_parsed_one_by_one(
    tmp_path: Path, calls: Callable[[Any, str], list[None]], form: str
) -> None:
    """Python's parser sees only the first line, and the numbers are the same to the last bit."""
    rng = np.random.default_rng(0)
    numbers = rng.integers(0, 2**64, (400, 3), np.uint64).view(np.float64)
    numbers[~np.isfinite(numbers)] = 5e-324
    rows = numbers.tolist() if form == "arrays" else [dict(zip("abc", row, strict=True)) for row in numbers.tolist()]
    path = write(tmp_path / "a.jsonl", "".join(json.dumps(row) + "\r\n" for row in rows))
    parsed = calls(jsonlines, "_row")
    _, values, missing = read(path, columns=("#3,#1,#2",))
    assert len(parsed) == 1
    assert values.tobytes() == numbers[:, [2, 0, 1]].tobytes()
    assert not missing.any()


def test_columns_left_out_are_parsed_only_when_asked_for(
    tmp_path: Path, calls: Callable[[Any, str], list[None]]
) -> None:
    """To pick some columns costs no more than to take all."""
    rows = [{"a": i, "b": i / 2, "c": float(i)} for i in range(50)]
    path = write(tmp_path / "a.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    (table,) = open_tables([str(path)], ReadOptions(columns=("b",)))
    parsed = calls(jsonlines, "_row")
    (block,) = [task() for task in table.tasks()]
    assert block.values.tolist() == [[i / 2] for i in range(50)]
    assert not parsed
    assert block.rest is not None
    assert block.rest().rows() == [(i, float(i)) for i in range(50)]


NUMBERS = """0 -0 -0.0 1E5 1e-400 -1e400 1.7976931348623159e308 2.2250738585072011e-308 2.4703282292062328e-324 4.9e-324
9007199254740993 9007199254740993.0 9223372036854775808 18446744073709551616 123456789012345678901234567890
0.1000000000000000055511151231257827 8.5e22 1e23 NaN -Infinity "1.5" " 2 " null""".replace("\n", " ")
NO_NUMBERS = ["01", "1.", ".5", "+1", "1e", "-", "1_0", "true", "false", "[1]", "{}", '"x"', "0x1", "1 2", '{"a":1}']


@pytest.mark.parametrize("line", ['{"a": 1, "b": %s}', '{"b": %s, "a": 1}', "[1, %s]", '{"a": 1, "\\u0062": %s}'])
def test_odd_numbers_among_plain_ones(tmp_path: Path, line: str) -> None:
    """Exactly what Python's parser reads as a number is that number."""
    first = "[1, 2]" if line[0] == "[" else '{"a": 1, "b": 2}'
    for number in NUMBERS.replace('" 2 "', '"2"').split():
        _, values, missing = read(write(tmp_path / "a.jsonl", f"{first}\n{line % number}\n"))
        expected = json.loads(number, parse_int=float)
        wanted = float("nan") if expected is None else float(expected)
        assert struct.pack("d", values[1, 1]) == struct.pack("d", wanted), number
        assert bool(missing[1, 1]) == (number == "null")
    for text in NO_NUMBERS:
        with pytest.raises(DataError, match="line 2"):
            read(write(tmp_path / "a.jsonl", f"{first}\n{line % text}\n"))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ('{"a": 1, "b": 2}', '{"a": 1, "b": 2, "a": 3}'),
        ('{"a": 1, "b": 2}', '{"a": 1, "b": 2, "c": 3}'),
        ('{"a": 1, "b": 2}', '{"a": 1, "b": 2}{"a": 1, "b": 2}'),
        ('{"a": 1, "b": 2}', "5"),
        ("[1, 2]", "5"),
        ("[1, 2]", "[1, 2, 3]"),
        ("[1, 2]", "[1, 2]}"),
        ("[1, 2]", "[1, 2][3, 4]"),
        ("[1, 2]", '[1, 2], "": [3, 4]'),
        ("[1, 2]", "[1, [2]]"),
        ("[1]", "1"),
    ],
)
def test_lines_that_are_not_like_the_first(tmp_path: Path, first: str, second: str) -> None:
    """Repeated or unknown keys, rows of another length, two values in a line: each is an error that names the line."""
    with pytest.raises(DataError, match="line 2"):
        read(write(tmp_path / "a.jsonl", f"{first}\n{second}\n{first}\n"))


def test_blank_lines_among_plain_ones_are_skipped(tmp_path: Path) -> None:
    _, values, _ = read(write(tmp_path / "a.jsonl", "[1, 2]\n\n[3, 4]\n"))
    assert values.tolist() == [[1, 2], [3, 4]]


def test_named_missing_cells_cost_only_their_block(tmp_path: Path, calls: Callable[[Any, str], list[None]]) -> None:
    """One of ten blocks contains NA: the others are read in one go. A number that means missing is matched as text."""
    cells = [str(i) for i in range(1, 101)]
    careful = calls(separated._Parser, "_careful")
    cells[42] = "NA"
    _, values, missing = read(write(tmp_path / "a.csv", "\n".join(["x", *cells])), nulls=("NA",), block_values=10)
    assert (len(careful), missing.sum(), bool(missing[42])) == (1, 1, True)
    cells[42] = "-999.0"
    cells[52] = "-999"
    _, values, missing = read(write(tmp_path / "a.csv", "\n".join(["x", *cells])), nulls=("-999",), block_values=10)
    assert (missing.sum(), bool(missing[52]), values[42, 0]) == (1, True, -999)
