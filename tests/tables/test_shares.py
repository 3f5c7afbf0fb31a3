"""Tables cut into shares: each row is in exactly one share, in order, wherever the cuts fall."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from actcli.errors import DataError
from actcli.tables.open import open_tables
from actcli.tables.options import ReadOptions
from actcli.tables.table import WHOLE, Share, Table


def values(table: Table, share: Share = WHOLE) -> np.ndarray:
    blocks = [task().values for task in table.tasks(share)]
    return np.concatenate(blocks) if blocks else np.empty((0, len(table.picked)))


def opened(path: Path) -> Table:
    (table,) = open_tables([str(path)], ReadOptions(block_values=8))
    return table


TEXTS = {
    "plain": "a,b\n" + "".join(f"{i},{i * i}.5\n" for i in range(40)),
    "no header": "".join(f"{i}.5,-{i}\n" for i in range(40)),
    "no end": "a,b\n1,2\n3,4\n5,6",
    "crlf": "a,b\r\n" + "".join(f"{i},{10**i}\r\n" for i in range(12)),
    "blank end": "a,b\n1,2\n3,4\n\n\r\n\n",
    "quoted": "a,b\n" + "".join(f'"{i}","{i}"\n' for i in range(20)),
    "uneven lines": "a,b\n" + "".join(f"{i},{'0' * (i * 37 % 61)}1\n" for i in range(30)),
    "comments": "# a, b\n1,2\n# none\n3,4\n# none\n" + "5,6\n" * 9,
    "one row": "a,b\n1,2\n",
    "no row": "a,b\n",
}


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("end", ["csv", "jsonl"])
def test_shares_of_a_text(kind: str, end: str, tmp_path: Path) -> None:
    """For any number of shares, even more than lines; line numbers are right if asked for."""
    path = tmp_path / f"a.{end}"
    text = TEXTS[kind] if end == "csv" else "\n".join(f"[{line}]" for line in TEXTS["plain"].split("\n")[1:-1])
    path.write_bytes(text.encode())
    table = opened(path)
    whole = values(table)
    lines = [task().first_line for task in table.tasks()]
    for total in (1, 2, 7, 50):
        found = [values(table, Share(number, total)) for number in range(total)]
        np.testing.assert_array_equal(np.concatenate(found), whole)
        firsts = [t().first_line for number in range(total) for t in table.tasks(Share(number, total, exact=True))]
        assert set(lines) - set(firsts) == set() or total > 1
        assert firsts == sorted(firsts)


@pytest.mark.parametrize("end", ["npy", "parquet", "arrow", "csv.gz", "npz"])
def test_shares_of_other_formats(end: str, tmp_path: Path) -> None:
    """Arrays and frames are cut between any rows; formats that cannot be cut are all in the first share."""
    frame = pl.DataFrame({f"h{i}": np.random.default_rng(i).standard_normal(1000) for i in range(3)})
    path = tmp_path / f"a.{end}"
    if end in ("npy", "npz"):
        {"npy": np.save, "npz": np.savez}[end](path, frame.to_numpy())
    elif end == "csv.gz":
        path.write_bytes(gzip.compress(frame.write_csv().encode()))
    elif end == "parquet":
        frame.write_parquet(path, row_group_size=130)
    else:
        frame.write_ipc(path, record_batch_size=130)
    table = opened(path)
    assert table.cuts == (end in ("npy", "parquet", "arrow"))
    for total in (1, 3, 8):
        found = [values(table, Share(number, total)) for number in range(total)]
        np.testing.assert_array_equal(np.concatenate(found), frame.to_numpy())
        assert all(map(len, found)) == (table.cuts or total == 1)


def test_blank_lines_within_are_errors_in_some_share(tmp_path: Path) -> None:
    """Blank lines are ignored only at the end of a table; the error names the same line as for the whole table."""
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + "1,2\n" * 5 + "\n" + "3,4\n" * 5)
    for total in range(2, 9):
        with pytest.raises(DataError, match="line 7: a blank line"):
            [values(opened(path), Share(number, total, exact=True)) for number in range(total)]


def test_quoted_line_breaks_are_refused_where_a_cut_falls_into_one(tmp_path: Path) -> None:
    """The first share that ends within quotes raises, before any row is misread. Line breaks between cuts are fine."""
    path = tmp_path / "a.csv"
    cell = '"x' + "\n1,1" * 30 + '"'
    path.write_text("a,b\n" + "1,2\n" * 20 + f"{cell},7\n" + "3,4\n" * 20)
    (table,) = open_tables([str(path)], ReadOptions(columns=("b",)))
    whole = values(table)
    assert len(whole) == 41
    with pytest.raises(DataError, match="a quoted cell contains a line break where the file is cut"):
        values(table, Share(0, 2))
    path.write_text("a,b\n" + '"x\n\n",2\n' + "3,4\n" * 60)
    (table,) = open_tables([str(path)], ReadOptions(columns=("b",)))
    np.testing.assert_array_equal(np.concatenate([values(table, Share(n, 3)) for n in range(3)]), values(table))
