"""Tables: what is read is what was written, whatever the format, the block size and the threads."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actcli.errors import DataError, UsageError
from actcli.output.files import open_output
from actcli.tables.format import named, names
from actcli.tables.open import open_tables
from actcli.tables.options import ReadOptions
from actcli.tables.pipeline import map_blocks
from actcli.tables.results import result_columns, result_frame
from actcli.tables.table import Block, Table

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

OUTPUT_FORMATS = names("frames")
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def read(path: Path | str, threads: int = 2, **options: Any) -> tuple[Table, np.ndarray, np.ndarray]:
    """The one table of a file, its values and its mask of missing cells."""
    (table,) = open_tables([str(path)], ReadOptions(**options))
    blocks = blocks_of(table, threads)
    shape = (0, len(table.picked))
    values = np.concatenate([np.empty(shape), *(block.values for block in blocks)])
    masks = [np.zeros(b.values.shape, bool) if b.missing is None else b.missing for b in blocks]
    return table, values, np.concatenate([np.zeros(shape, bool), *masks])


def blocks_of(table: Table, threads: int | None = None) -> list[Block]:
    """All blocks of a table."""
    return [part.result for part in map_blocks(table, lambda block: block, threads)]


def write(path: Path, content: bytes | str) -> Path:
    """A file with this content."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def others(path: Path, **options: Any) -> list[dict[str, Any]]:
    """The rows of the columns that were not picked."""
    (table,) = open_tables([str(path)], ReadOptions(**options))
    rows: list[dict[str, Any]] = []
    for block in blocks_of(table):
        assert block.others is not None
        rows += block.others.to_dicts()
    return rows


def run_filter(
    path: Path | str,
    out: Path,
    format: str,
    append: bool = False,
    work: Callable[[np.ndarray], np.ndarray] = lambda x: x,
    **options: Any,
) -> bytes:
    """What `eval` does with a table: each picked column through `work`, into a file."""
    (table,) = open_tables([str(path)], ReadOptions(**options))
    titles = [f"f({table.columns[i]})" for i in table.picked]
    frames = named(format).frames
    assert frames is not None
    sink = frames(result_columns(table, titles, append), table.has_header)

    def encode(block: Block) -> Any:
        masks = [None if block.missing is None else block.missing[:, j] for j in range(len(titles))]
        results = [(work(block.values[:, j]), masks[j]) for j in range(len(titles))]
        return sink.encode(result_frame(table, block, results, append))

    with open_output(str(out)) as file:
        sink.write(file, (part.result for part in map_blocks(table, encode)))
    return out.read_bytes()


# --- reading text -------------------------------------------------------------------------------------------

numbers = st.floats(allow_nan=True, allow_infinity=True, width=64)
spellings = st.one_of(
    numbers.map(repr),
    st.integers(-(10**20), 10**20).map(str),
    st.sampled_from(
        ["", "1e400", "-1e400", "+1", ".5", "5.", "NaN", "-nan", "INF", "+Infinity", "1E-5", "-0", "5e-324"]
    ),
)
dressings = st.sampled_from(["{}", " {}", "{} ", "\t{}  ", '"{}"', '" {} "', ' "{}"'])


def truth(cell: str) -> float:
    """What Python says a cell is."""
    cell = cell.strip(' \t"')
    return float(cell) if cell else math.nan


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    """Rows of cells that are numbers, dressed up."""
    width = draw(st.integers(1, 4))
    cell = st.builds(lambda dress, text: dress.format(text) if text else "", dressings, spellings)
    rows = draw(st.lists(st.lists(cell, min_size=width, max_size=width), min_size=1, max_size=12))
    if width == 1 and rows[-1] == [""]:
        rows[-1] = ['""']  # a blank line at the end of a file is nothing
    return rows


@quick
@given(tables(), st.sampled_from(["\n", "\r\n"]), st.integers(1, 64), st.booleans(), st.booleans())
def test_csv_is_read_as_python_reads_it(
    tmp_path: Path, rows: list[list[str]], newline: str, block: int, bom: bool, last: bool
) -> None:
    """Any spelling, dressing, line ending and block size gives the numbers that Python's float gives."""
    names = [f"h{i}" for i in range(len(rows[0]))]
    text = newline.join(",".join(row) for row in [names, *rows]) + newline * last
    path = write(tmp_path / "a.csv", b"\xef\xbb\xbf" * bom + text.encode())
    table, values, missing = read(path, block_values=block)
    assert table.columns == tuple(names)
    np.testing.assert_array_equal(values, [[truth(cell) for cell in row] for row in rows])
    np.testing.assert_array_equal(missing, [[cell.strip('"') == "" for cell in row] for row in rows])
    np.testing.assert_array_equal(
        np.signbit(values[values == 0]),
        [math.copysign(1, truth(c)) < 0 for r in rows for c in r if truth(c) == 0],
    )


text_cells = st.text(st.sampled_from('ab ,"\n\r\té|'), max_size=6)


@quick
@given(
    st.lists(st.tuples(text_cells, numbers, text_cells), min_size=1, max_size=10),
    st.integers(1, 64),
    st.booleans(),
)
def test_other_columns_pass_untouched(
    tmp_path: Path, rows: list[tuple[str, float, str]], block: int, tabs: bool
) -> None:
    """Quoted separators, quotes and line breaks in columns not picked come through, at any block size."""
    suffix, separator = ("tsv", "\t") if tabs else ("csv", ",")
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=separator, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerows([("name", "x", "note"), *rows])
    path = write(tmp_path / f"a.{suffix}", file.getvalue())
    _, values, _ = read(path, block_values=block, columns=("x",))
    np.testing.assert_array_equal(values[:, 0], [row[1] for row in rows])
    assert [(r["0"], r["2"]) for r in others(path, block_values=block, columns=("x",))] == [(r[0], r[2]) for r in rows]
    written = run_filter(path, tmp_path / "out.csv", "csv", columns=("x",), block_values=block)
    back = list(csv.reader(io.StringIO(written.decode(), newline="")))[1:]
    assert [(a, c) for a, _, c in back] == [(a, c) for a, _, c in rows]


@pytest.mark.parametrize("content", ["h\n\n1\n\n", "h\n\n1", "h\r\n\r\n1\r\n\r\n\r\n", "h\n\n1\n\n\n\n"])
@pytest.mark.parametrize("block", [1, 2, 3, 100])
def test_blank_lines(tmp_path: Path, content: str, block: int) -> None:
    """A blank line is a missing cell in a one-column table, and nothing at the end of the file."""
    _, values, missing = read(write(tmp_path / "a.csv", content), block_values=block)
    np.testing.assert_array_equal(values, [[math.nan], [1.0]])
    np.testing.assert_array_equal(missing, [[True], [False]])


@pytest.mark.parametrize(
    ("content", "header", "columns"),
    [
        ("1,2\n3,4\n", False, ("1", "2")),
        ("a,2\n3,4\n", True, ("a", "2")),
        (",nan\n3,4\n", False, ("1", "2")),
        ("NA,1\n3,4\n", False, ("1", "2")),
        ("1_0,2\n3,4\n", True, ("1_0", "2")),
        ('" a ","b,c"\n3,4\n', True, ("a", "b,c")),
        ('"a\nb",c\n3,4\n', True, ("a\nb", "c")),
        ("x,x\n3,4\n", True, ("x", "x")),
    ],
)
def test_header_is_told_from_data(tmp_path: Path, content: str, header: bool, columns: tuple[str, ...]) -> None:
    """There is a header when any cell of the first row is not a number."""
    table, values, _ = read(write(tmp_path / "a.csv", content), nulls=("NA",))
    assert (table.has_header, table.columns) == (header, columns)
    assert values[-1].tolist() == [3, 4]
    assert len(values) == (1 if header else 2)


def test_header_outright(tmp_path: Path) -> None:
    """--header and --no-header decide whatever the cells are."""
    path = write(tmp_path / "a.csv", "1,2\n3,4\n")
    assert read(path, header=True)[0].columns == ("1", "2")
    assert read(path, header=True)[1].tolist() == [[3, 4]]
    assert read(path, header=False)[1].tolist() == [[1, 2], [3, 4]]


def test_header_only_is_a_table_without_rows(tmp_path: Path) -> None:
    """A header alone gives no blocks."""
    (table,) = open_tables([str(write(tmp_path / "a.csv", "a,b\n"))], ReadOptions())
    assert table.columns == ("a", "b")
    assert list(table.tasks()) == []


def test_null_names(tmp_path: Path) -> None:
    """Cells named by --null are missing in picked columns, also numbers, and stay as they are in others."""
    path = write(tmp_path / "a.csv", "t,x,y\nNA,1,NA\n-999,-999, -999 \nb,-999.0,3\n")
    _, values, missing = read(path, nulls=("NA", "-999"), columns=("x,y",))
    np.testing.assert_array_equal(values, [[1, math.nan], [math.nan, math.nan], [-999, 3]])
    np.testing.assert_array_equal(missing, np.isnan(values))
    assert [row["0"] for row in others(path, nulls=("NA", "-999"), columns=("x,y",))] == ["NA", "-999", "b"]


@pytest.mark.parametrize("block", [1, 7, 40, 4 << 20])
def test_first_lines(tmp_path: Path, block: int) -> None:
    """Each block knows the line of its first row, also after line breaks within quotes."""
    rows = [f'"{"n" * (i % 3)}{chr(10) * (i % 2)}",{i}' for i in range(30)]
    path = write(tmp_path / "a.csv", "t,x\n" + "\n".join(rows))
    lines = {}
    line = 2
    for i, row in enumerate(rows):
        lines[float(i)] = line
        line += 1 + row.count("\n")
    (table,) = open_tables([str(path)], ReadOptions(columns=("x",), block_values=block))
    for block_ in blocks_of(table):
        assert block_.first_line == lines[block_.values[0, 0]]


@pytest.mark.parametrize(("suffix", "pack"), [("gz", gzip.compress), ("zst", zstd.compress)])
def test_compressed(tmp_path: Path, suffix: str, pack: Callable[[bytes], bytes]) -> None:
    """Text may be compressed, several members are one stream."""
    path = write(tmp_path / f"a.csv.{suffix}", pack(b"a,b\n1,2\n") + pack(b"3,4\n"))
    table, values, _ = read(path, block_values=3)
    assert table.name == "a"
    assert values.tolist() == [[1, 2], [3, 4]]


# --- choosing columns ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("selection", "picked"),
    [
        ((), (0, 1, 2, 3, 4)),
        (("h1",), (1,)),
        (("1",), (0,)),
        (("3:4",), (2, 3)),
        (("h2:h3", "1"), (0, 2, 3)),
        (("3:",), (2, 3, 4)),
        ((":2",), (0, 1)),
        (("h*",), (1, 2, 3, 4)),
        (("!label",), (1, 2, 3, 4)),
        (("h*,!h2",), (1, 3, 4)),
        (("!h*",), (0,)),
        (("h2,1",), (0, 2)),
        (("h?",), (1, 2, 3)),
        (("h[13]",), (1, 3)),
    ],
)
def test_columns_are_picked(tmp_path: Path, selection: tuple[str, ...], picked: tuple[int, ...]) -> None:
    """Names, numbers, ranges, globs and negations, in the table's order."""
    path = write(tmp_path / "a.csv", "label,h1,h2,h3,h10\n1,2,3,4,5\n")
    table, values, _ = read(path, columns=selection)
    assert table.picked == picked
    assert values.tolist() == [[i + 1 for i in picked]]


@pytest.mark.parametrize("selection", ["lable", "6", "0", "h3:h1", "z*", "*,!*", "1:9", "a:b:c"])
def test_columns_that_are_not_there(tmp_path: Path, selection: str) -> None:
    """A selection without a match is a usage error that names the columns there are."""
    path = write(tmp_path / "a.csv", "label,h1,h2,h3,h10\n1,2,3,4,5\n")
    with pytest.raises(UsageError) as caught:
        open_tables([str(path)], ReadOptions(columns=(selection,)))
    assert "label, h1, h2, h3, h10" in caught.value.hint
    assert str(path) in caught.value.message


def test_nearest_column(tmp_path: Path) -> None:
    """A misspelt column gets the nearest name."""
    path = write(tmp_path / "a.csv", "label,h1\n1,2\n")
    with pytest.raises(UsageError, match="did you mean label"):
        open_tables([str(path)], ReadOptions(columns=("lable",)))


# --- the other formats --------------------------------------------------------------------------------------


def test_jsonl_objects(tmp_path: Path) -> None:
    """Objects: a missing key and null are missing, and strings of numbers are numbers."""
    lines = [
        '{"a": 1, "b": "NaN", "t": [1]}',
        '{"b": "-Infinity"}',
        "",
        '{"t": "x", "b": 1e400, "a": null}',
        '{"a": " 1.5 ", "b": 1' + "0" * 400 + "}",
    ]
    for block in (1, 20, 1000):
        path = write(tmp_path / "a.jsonl", "\n".join(lines))
        table, values, missing = read(path, columns=("a,b",), block_values=block)
        assert table.columns == ("a", "b", "t")
        nan, inf = math.nan, math.inf
        np.testing.assert_array_equal(values, [[1, nan], [nan, -inf], [nan, inf], [1.5, inf]])
        np.testing.assert_array_equal(missing, [[False, False], [True, False], [True, False], [False, False]])


def test_jsonl_arrays(tmp_path: Path) -> None:
    """Arrays: columns are named by their number."""
    table, values, _ = read(write(tmp_path / "a.jsonl", "[1, 2]\n[3, null]\n"))
    assert (table.columns, table.has_header) == (("1", "2"), False)
    np.testing.assert_array_equal(values, [[1, 2], [3, math.nan]])


@pytest.mark.parametrize("format", ["parquet", "arrow"])
@pytest.mark.parametrize("block", [1, 100, 4 << 20])
def test_columnar(tmp_path: Path, format: str, block: int) -> None:
    """Parquet and Arrow: nulls are missing, NaN is a number, other columns keep their type."""
    frame = pl.DataFrame(
        {
            "t": ["a", None, "c"],
            "x": [1.5, None, math.nan],
            "i": [1, 2, None],
            "f": pl.Series([1.5, 2.5, 0.0], dtype=pl.Float32),
        }
    )
    path = tmp_path / f"a.{format}"
    frame.write_parquet(path) if format == "parquet" else frame.write_ipc(path)
    _, values, missing = read(path, columns=("x", "i", "f"), block_values=block)
    nan = math.nan
    np.testing.assert_array_equal(values, [[1.5, 1, 1.5], [nan, 2, 2.5], [nan, nan, 0]])
    np.testing.assert_array_equal(missing, [[0, 0, 0], [1, 0, 0], [0, 1, 0]])
    assert [row["0"] for row in others(path, columns=("!t",), block_values=block)] == ["a", None, "c"]


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i1", "u8", ">f8", ">i4", "g"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_npy(tmp_path: Path, dtype: str, order: Any) -> None:
    """Arrays of any real type, in either order, give float64; the columns not picked come along."""
    array = np.array([[1, 2, 3], [4, 5, 6]], dtype=dtype, order=order)
    np.save(tmp_path / "a.npy", array)
    for block in (1, 1000):
        table, values, _ = read(tmp_path / "a.npy", columns=("3", "1"), block_values=block)
        assert table.columns == ("1", "2", "3")
        assert values.tolist() == [[1, 3], [4, 6]]
        assert others(tmp_path / "a.npy", columns=("!2",), block_values=block) == [{"1": 2}, {"1": 5}]


def test_npy_of_one_dimension_and_without_rows(tmp_path: Path) -> None:
    """One dimension is one column; no rows are no blocks."""
    np.save(tmp_path / "a.npy", np.arange(3.0))
    assert read(tmp_path / "a.npy")[1].tolist() == [[0], [1], [2]]
    np.save(tmp_path / "b.npy", np.empty((0, 3)))
    table, values, _ = read(tmp_path / "b.npy")
    assert table.columns == ("1", "2", "3")
    assert values.shape == (0, 3)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz(tmp_path: Path, save: Callable[..., None]) -> None:
    """Each array of an NPZ is a layer of its own."""
    save(tmp_path / "a.npz", layer1=np.ones((2, 2)), layer2=np.asfortranarray([[1, 2], [3, 4]]))
    one, two = open_tables([str(tmp_path / "a.npz")], ReadOptions())
    assert (one.name, two.name) == ("layer1", "layer2")
    (block,) = blocks_of(two)
    assert block.values.tolist() == [[1, 2], [3, 4]]


def test_names_tell_layers_apart(tmp_path: Path) -> None:
    """The same stem in two folders is named by its path."""
    for folder in "pq":
        (tmp_path / folder).mkdir()
        write(tmp_path / folder / "a.csv", "x\n1\n")
    paths = [str(tmp_path / "p/a.csv"), str(tmp_path / "q/a.csv"), str(write(tmp_path / "b.c.tsv", "x\n1\n"))]
    assert [t.name for t in open_tables(paths, ReadOptions())] == [*paths[:2], "b.c"]


READ_STDIN = """
import sys
from actcli.tables.options import ReadOptions
from actcli.tables.open import open_tables
from actcli.tables.pipeline import map_blocks
(table,) = open_tables(["-"], ReadOptions(block_values=5))
print(table.name, sum(part.result for part in map_blocks(table, lambda b: b.values.sum())))
"""


@pytest.mark.parametrize("format", ["csv", "csv.gz", "csv.zst", "parquet", "arrow", "npy"])
def test_standard_input_is_told_by_its_first_bytes(tmp_path: Path, format: str) -> None:
    """A pipe needs no name: its first bytes say what it holds."""
    array = np.arange(20.0).reshape(10, 2)
    frame = pl.DataFrame(array)
    file = io.BytesIO()
    match format:
        case "parquet":
            frame.write_parquet(file)
        case "arrow":
            frame.write_ipc(file)
        case "npy":
            np.save(file, array)
        case _:
            pack = {"csv": bytes, "csv.gz": gzip.compress, "csv.zst": zstd.compress}[format]
            file.write(pack(frame.write_csv().encode()))
    run = subprocess.run([sys.executable, "-c", READ_STDIN], input=file.getvalue(), capture_output=True, check=True)
    assert run.stdout.split() == [b"stdin", b"190.0"]


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_a_pipe_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str) -> None:
    """A second pass over a pipe fails rather than finding nothing; what was spooled can be read again."""
    file = io.BytesIO()
    frame = pl.DataFrame({"x": [1.0, 2.0]})
    frame.write_parquet(file) if format == "parquet" else frame.write_csv(file)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(file.getvalue())))
    (table,) = open_tables(["-"], ReadOptions())
    assert [block.values.tolist() for block in blocks_of(table)] == [[[1], [2]]]
    if format == "parquet":
        assert len(blocks_of(table)) == 1
    else:
        with pytest.raises(DataError, match="only once"):
            blocks_of(table)


def test_polars_is_not_imported_early() -> None:
    """Importing the package loads neither polars nor anything as heavy."""
    code = "import actcli.tables, actcli.output.files, sys; sys.exit('polars' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- the pipeline -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_order_is_kept(tmp_path: Path, threads: int) -> None:
    """Results come in the table's order, though later blocks finish first; few are under way at once."""
    path = write(tmp_path / "a.csv", "x\n" + "".join(f"{i:03}\n" for i in range(200)))
    under_way, most = 0, 0
    lock = threading.Lock()

    def work(block: Block) -> float:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.002 if block.values[0, 0] % 5 == 0 else 0)
        with lock:
            under_way -= 1
        return float(block.values[0, 0])

    (table,) = open_tables([str(path)], ReadOptions(block_values=1))
    assert [part.result for part in map_blocks(table, work, threads)] == list(range(200))
    assert most <= threads


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_a_failure_stops_all(tmp_path: Path, threads: int) -> None:
    """An error of the work comes out at once, and no thread outlives it."""
    path = write(tmp_path / "a.csv", "x\n" + "1\n" * 1000)
    done = []

    def work(block: Block) -> None:
        done.append(block.first_line)
        if block.first_line >= 20:
            raise KeyboardInterrupt

    before = threading.active_count()
    (table,) = open_tables([str(path)], ReadOptions(block_values=2))
    with pytest.raises(KeyboardInterrupt):
        list(map_blocks(table, work, threads))
    assert threading.active_count() == before
    assert len(done) < 60


def test_giving_up_half_way_stops_all(tmp_path: Path) -> None:
    """A consumer that stops leaves no thread behind."""
    path = write(tmp_path / "a.csv", "x\n" + "1\n" * 1000)
    before = threading.active_count()
    (table,) = open_tables([str(path)], ReadOptions(block_values=2))
    results = map_blocks(table, lambda b: b, 4)
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


# --- writing ------------------------------------------------------------------------------------------------


@quick
@given(
    st.lists(st.tuples(st.none() | numbers, st.none() | numbers), min_size=1, max_size=20),
    st.sampled_from(OUTPUT_FORMATS),
    st.integers(1, 64),
)
def test_round_trips(tmp_path: Path, rows: list[tuple[float | None, ...]], format: str, block: int) -> None:
    """What is written in any format is read back, to the last bit."""
    lines = [",".join('""' if x is None else repr(x) for x in row) for row in rows]
    path = write(tmp_path / "a.csv", "\n".join(["x,y|z", *lines]))
    text = run_filter(path, tmp_path / f"out.{format}", format, block_values=block).decode(errors="replace")
    expected = np.array(rows, float)
    mask = [[x is None for x in row] for row in rows]
    if format == "json":
        assert "NaN," not in text.replace('"NaN"', "")
        cells = [list(row.values()) for row in json.loads(text, parse_constant=pytest.fail)]
        values, missing = np.array(cells, float), np.array([[x is None for x in row] for row in cells])
    elif format == "markdown":
        head, _, *body = text.splitlines()
        assert head == r"| x | y\|z |"
        cells = [[cell.strip() or None for cell in line[1:-1].split("|")] for line in body]
        values, missing = np.array(cells, float), np.array([[x is None for x in row] for row in cells])
    else:
        _, values, missing = read(tmp_path / f"out.{format}")
    np.testing.assert_array_equal(values, expected)
    np.testing.assert_array_equal(np.signbit(values[~np.isnan(values)]), np.signbit(expected[~np.isnan(expected)]))
    if format != "npy":
        np.testing.assert_array_equal(missing, mask)


def test_one_column_keeps_its_missing_cells(tmp_path: Path) -> None:
    """A missing cell of the only column is written so that no reader loses the row."""
    path = write(tmp_path / "a.csv", 'x\n1\n""\n')
    assert run_filter(path, tmp_path / "b.csv", "csv") == b'x\n1.0\n""\n'
    assert np.isnan(read(tmp_path / "b.csv")[1][-1, 0])


def test_replaced_and_appended(tmp_path: Path) -> None:
    """Results stand in the place of their columns, or behind all; a table without header stays so."""
    path = write(tmp_path / "a.csv", "t,x,n,y\na,1,7,2\nb,,8,3\n")
    double = {"columns": ("x,y",), "work": lambda x: 2 * x}
    assert run_filter(path, tmp_path / "b", "csv", **double) == b"t,x,n,y\na,2.0,7,4.0\nb,,8,6.0\n"
    appended = run_filter(path, tmp_path / "b", "csv", append=True, **double)
    assert appended == b"t,x,n,y,f(x),f(y)\na,1.0,7,2.0,2.0,4.0\nb,,8,3.0,,6.0\n"
    path = write(tmp_path / "c.csv", "1,2\n3,4\n")
    assert run_filter(path, tmp_path / "b", "tsv") == b"1.0\t2.0\n3.0\t4.0\n"


@pytest.mark.parametrize("format", ["json", "jsonl", "parquet"])
def test_repeated_names(tmp_path: Path, format: str) -> None:
    """Where names are keys, repeated ones are told apart."""
    path = write(tmp_path / "a.csv", "x,x,x_2\n1,2,3\n")
    out = tmp_path / f"b.{format}"
    text = run_filter(path, out, format)
    rows = pl.read_parquet(out).to_dicts() if format == "parquet" else json.loads(text)
    assert rows in ({"x": 1.0, "x_3": 2.0, "x_2": 3.0}, [{"x": 1.0, "x_3": 2.0, "x_2": 3.0}])


@pytest.mark.parametrize("format", OUTPUT_FORMATS)
def test_no_rows(tmp_path: Path, format: str) -> None:
    """A table without rows is written as one."""
    path = write(tmp_path / "a.csv", "x,y\n")
    out = tmp_path / f"b.{format}"
    text = run_filter(path, out, format)
    if format == "json":
        assert json.loads(text) == []
    elif format == "jsonl":
        assert text == b""
    elif format != "markdown":
        assert read(out)[1].shape == (0, 2)


def test_nested_values_pass(tmp_path: Path) -> None:
    """Lists and objects in other columns stay JSON, in CSV as text."""
    path = write(tmp_path / "a.jsonl", '{"x": 1, "t": {"k": [1, 2]}, "s": "a\\"b"}\n')
    assert json.loads(run_filter(path, tmp_path / "b", "jsonl", columns=("x",))) == {
        "x": 1,
        "t": {"k": [1, 2]},
        "s": 'a"b',
    }
    written = run_filter(path, tmp_path / "b", "csv", columns=("x",)).decode()
    assert list(csv.reader(written.splitlines())) == [["x", "t", "s"], ["1.0", '{"k":[1,2]}', 'a"b']]


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        (["1", "2"], [1, 2]),
        (["1", "null"], [1, None]),
        (["true", "false"], [True, False]),
        (['{"k": 1}', '{"k": 2}'], [{"k": 1}, {"k": 2}]),
        (["1", '"a"', "true"], ["1", "a", "true"]),
        (['{"k": 1}', "[1]"], ['{"k": 1}', "[1]"]),
        (["1" + "0" * 60, "1"], ["1" + "0" * 60, "1"]),
    ],
)
def test_json_values_pass(tmp_path: Path, values: list[str], kept: list[Any]) -> None:
    """Other columns of JSON Lines keep their values, as JSON text where their types differ."""
    path = write(tmp_path / "a.jsonl", "".join(f'{{"x": 1, "t": {value}}}\n' for value in values))
    written = run_filter(path, tmp_path / "b.jsonl", "jsonl", columns=("x",))
    assert [json.loads(line)["t"] for line in written.splitlines()] == kept


def test_npy_holds_only_numbers(tmp_path: Path) -> None:
    """Text cannot become an NPY, and nothing is left behind."""
    path = write(tmp_path / "a.csv", "t,x\na,1\n")
    with pytest.raises(DataError, match=r"column 1 \(t\)"):
        run_filter(path, tmp_path / "b.npy", "npy", columns=("x",))
    assert os.listdir(tmp_path) == ["a.csv"]


# --- the output file ----------------------------------------------------------------------------------------


def test_output_is_whole_or_not_at_all(tmp_path: Path) -> None:
    """A failure leaves the old file as it was, and no other."""
    path = write(tmp_path / "out", "old")
    with pytest.raises(ZeroDivisionError), open_output(str(path)) as file:
        file.write(b"%d" % (1 // 0))
    assert path.read_text() == "old"
    with open_output(str(path)) as file:
        file.write(b"new")
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["out"]


def test_output_modes_and_links(tmp_path: Path) -> None:
    """The umask rules a new file, an old one keeps its mode, and a link stays a link."""
    before = os.umask(0o027)
    try:
        with open_output(str(tmp_path / "a")):
            pass
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640
    (tmp_path / "a").chmod(0o604)
    (tmp_path / "link").symlink_to("a")
    with open_output(str(tmp_path / "link")) as file:
        file.write(b"x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "a").read_bytes() == b"x"
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o604


def test_output_to_devices_and_pipes(tmp_path: Path) -> None:
    """What is no regular file is written directly."""
    with open_output("/dev/null") as file:
        file.write(b"x")
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(fifo.read_bytes()))
    reader.start()
    with open_output(str(fifo)) as file:
        file.write(b"x")
    reader.join()
    assert got == [b"x"]


def bad_outputs() -> Sequence[tuple[str, str]]:
    """Outputs that cannot be, and what is said of them."""
    return [("no/such/out.csv", "No such file"), (".", "Is a directory"), ("file/out.csv", "Not a directory")]


@pytest.mark.parametrize(("name", "reason"), bad_outputs())
def test_outputs_that_cannot_be(tmp_path: Path, name: str, reason: str) -> None:
    """A missing folder or a directory fails before any work."""
    write(tmp_path / "file", "")
    with pytest.raises(DataError, match=reason), open_output(str(tmp_path / name)):
        pytest.fail("work was begun")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
def test_a_full_disk(tmp_path: Path) -> None:
    """A write that fails is an error that names file and reason."""
    with pytest.raises(DataError, match=r"/dev/full.*No space left"), open_output("/dev/full") as file:
        file.write(b"x")
    code = "from actcli.output.files import open_output\nwith open_output(None) as f: f.write(b'x')"
    with open("/dev/full", "wb") as full:
        run = subprocess.run([sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE, check=False)
    assert b"DataError: standard output: cannot be written: No space left" in run.stderr


@pytest.mark.parametrize("format", ["csv", "npy", "npz", "parquet", "arrow"])
def test_the_position_goes_from_nothing_to_the_whole_file(tmp_path: Path, format: str) -> None:
    """Step by step, whether the bytes are read one after the other or mapped: a progress bar shows it."""
    path = tmp_path / f"a.{format}"
    frame = pl.DataFrame({"a": np.arange(400_000.0)})
    writers = {
        "csv": frame.write_csv,
        "npy": lambda file: np.save(file, frame.to_numpy()),
        "npz": lambda file: np.savez(file, a=frame.to_numpy()),
        "parquet": frame.write_parquet,
        "arrow": frame.write_ipc,
    }
    writers[format](path)
    (table,) = open_tables([str(path)], ReadOptions(block_values=40_000))
    positions = [block.end for block in blocks_of(table)]
    assert positions == sorted(set(positions))
    assert len(positions) == 10
    assert 0 < positions[0] < 0.2 * path.stat().st_size
    assert positions[-1] >= path.stat().st_size - 1  # all but a last line break
