"""Mutated tables, read by actcli and by a strict reader of RFC 4180: accepted tables have the same rows."""

from __future__ import annotations

import random
from pathlib import Path

import polars as pl
import pytest
from support import sweep

from actcli.errors import ActcliError
from actcli.tables.open import open_tables
from actcli.tables.options import ReadOptions

PIECES = ["1.6", "-1.4", "0", "1e3", "", "a", "b c", "a\tb", '"x,y"', '""""', '"a""b"', '"l\nm"', '"2"', '""', "é"]
NOISE = [",", ",,", '"', "\n", "x", " ", "\r\n", "\n\n", "1", '","', '""']


def strict(text: str) -> list[list[str]]:
    """Return the rows. Raises ValueError for text after a quoted cell; a quote inside an unquoted cell is literal."""
    rows: list[list[str]] = [[]]
    at = 0
    while at < len(text):
        if text[at] == '"':
            cell = ""
            while True:
                end = text.index('"', at + 1)
                cell += text[at + 1 : end]
                at = end + 1
                if text[at : at + 1] != '"':
                    break
                cell += '"'
        else:
            stop = min(i for i in (text.find(c, at) % (len(text) + 1) for c in ",\n") if i >= 0)
            cell, at = text[at:stop], stop
            if text[at : at + 1] == "\n" and cell.endswith("\r"):
                cell = cell[:-1]
        rows[-1].append(cell)
        if text.startswith("\r\n", at):
            at += 1
        if at < len(text) and text[at] not in ",\n":
            raise ValueError(text[at:])
        if at < len(text) and text[at] == "\n":
            rows.append([])
        elif at == len(text) - 1:
            rows[-1].append("")
        at += 1
    return [row for row in rows if row]


def a_table(chance: random.Random) -> str:
    """A table with a header and some rows, usually damaged in one place."""
    width = chance.randint(2, 3)
    rows = [[f"c{i}" for i in range(width)]]
    for _ in range(chance.randint(1, 4)):
        rows.append([chance.choice(PIECES) for _ in range(width - 1)] + [chance.choice(("1.6", "-1.4", "", "2"))])
    text = "\n".join(map(",".join, rows)) + "\n"
    for _ in range(chance.choice((0, 1, 1, 2))):
        at = chance.randrange(text.index("\n") + 1, len(text) + 1)
        text = text[:at] + chance.choice(NOISE) + text[at + chance.choice((0, 0, 1, 3)) :]
    return text


def read(path: Path, block: int) -> list[list[str]] | None:
    """Return the cells as text, the last column as numbers; None if the table is rejected."""
    try:
        (table,) = open_tables([str(path)], ReadOptions(block_values=block, columns=(f"c{width(path) - 1}",)))
        rows: list[list[str]] = []
        for task in table.tasks():
            block_ = task()
            assert block_.rest is not None
            numbers = [str(value) for value in block_.values[:, 0].tolist()]
            others = block_.rest().select(pl.all().fill_null("")).rows()
            rows += [
                [*(cell.replace("\r", "") for cell in row), number] for row, number in zip(others, numbers, strict=True)
            ]
        return rows
    except ActcliError:
        return None


def width(path: Path) -> int:
    return path.read_text().partition("\n")[0].count(",") + 1


@pytest.mark.sweep
def test_accepted_tables_are_read_as_by_a_strict_reader(tmp_path: Path) -> None:
    """No row is short, long or mixed up, at any block size."""
    chance = random.Random(1)
    path = tmp_path / "a.csv"
    accepted = 0
    for _ in range(9_000 if sweep.full else 250):
        text = a_table(chance)
        path.write_bytes(text.encode())
        found = read(path, 1 << 18)
        assert found == read(path, 2), text
        if found is None:
            continue
        accepted += 1
        rows = strict(text.rstrip("\r\n") + "\n")[1:]
        numbers = [
            [*(cell.replace("\r", "") for cell in row[:-1]), str(float(row[-1].strip() or "nan"))] for row in rows
        ]
        if {len(row) for row in rows} == {width(path) + 1} and len(rows) > 1:  # the names of rows, as R writes them
            continue
        assert {len(row) for row in rows} <= {width(path)}, text
        assert found == numbers, text
    assert accepted > 60


@pytest.mark.parametrize(
    "text",
    ['n,a\n"x,y",1\nz\n', 'c0,c1\n"""",1.6\na\tb,-1.4\n"x,y"\n', 'a,b\n",",1\n",",2\n1\n'],
)
def test_a_short_row_next_to_quoted_separators(tmp_path: Path, text: str) -> None:
    """It is an error for any picked columns."""
    path = tmp_path / "a.csv"
    path.write_text(text)
    for columns in ("#1", "#2"):
        with pytest.raises(ActcliError, match=r"line \d: 1 cell where the header has 2|is not a number"):
            [
                task()
                for (table,) in [open_tables([str(path)], ReadOptions(columns=(columns,)))]
                for task in table.tasks()
            ]
