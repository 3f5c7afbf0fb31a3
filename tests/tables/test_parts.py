"""Folders of part files, and globs: each is one layer."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from support.run import Cli, rows
from support.tables import blocks_of, read, write

from actcli.errors import DataError, UsageError
from actcli.tables.open import open_tables
from actcli.tables.options import ReadOptions


def values(path: Path | str, **options: object) -> list[list[float]]:
    _, found, _ = read(str(path), **options)
    return found.tolist()


@pytest.fixture
def steps(tmp_path: Path) -> Path:
    """Return a layer with two steps of eleven parts; the row of a part is its number and its step."""
    for step in (100, 200):
        folder = tmp_path / "layer1" / f"step={step}"
        folder.mkdir(parents=True)
        for part in range(11):
            write(folder / f"part-{part}.csv", f"a,b\n{part},{step}\n")
        write(folder / "_SUCCESS", "")
        write(folder / ".part-0.csv.crc", "crc")
    return tmp_path / "layer1"


def test_a_folder_is_a_layer(steps: Path) -> None:
    """Parts are in natural order, without hidden files; different labels are read together, with a note."""
    assert values(steps) == [[k, step] for step in (100, 200) for k in range(11)]
    (table,) = open_tables([f"{steps}/"], ReadOptions())
    assert (table.name, table.columns) == ("layer1", ("a", "b"))
    assert table.size == sum(path.stat().st_size for path in steps.rglob("part*"))
    assert table.size - 1 <= blocks_of(table)[-1].end <= table.size
    assert "--part step=100" in table.notes[0]


def test_labels_select_parts(steps: Path) -> None:
    """By one value, by several, by a glob; an unknown label is an error that lists the known ones."""
    assert values(steps, parts=(("step", "200"),)) == [[k, 200] for k in range(11)]
    assert len(values(steps, parts=(("step", "100"), ("step", "200")))) == 22
    assert values(steps, parts=(("step", "1*"),)) == [[k, 100] for k in range(11)]
    for wrong in (("step", "300"), ("epoch", "100"), ("step", "10")):
        with pytest.raises(UsageError, match=r"no part matches --part \w+=\d+\nlabels: step=100, step=200"):
            open_tables([str(steps)], ReadOptions(parts=(wrong,)))
    with pytest.raises(UsageError, match="no input is one"):
        open_tables([str(steps / "step=100" / "part-0.csv")], ReadOptions(parts=(("step", "100"),)))


def test_a_glob_is_a_layer(steps: Path) -> None:
    """Files form one layer, named by the text before the wildcard; each folder is a layer."""
    (table,) = open_tables([f"{steps}/step=*/part-1*.csv"], ReadOptions())
    assert table.name == "layer1"
    assert [block.values.tolist() for block in blocks_of(table)] == [[[1, 100]], [[10, 100]], [[1, 200]], [[10, 200]]]
    assert [table.name for table in open_tables([f"{steps}/*"], ReadOptions())] == ["step=100", "step=200"]
    with pytest.raises(DataError, match="nothing matches"):
        open_tables([f"{steps}/q*"], ReadOptions())


def test_a_name_with_a_wildcard_is_a_name(tmp_path: Path) -> None:
    """A file with that name takes precedence over the glob."""
    assert values(write(tmp_path / "a[1].csv", "1\n2\n")) == [[1], [2]]


@pytest.mark.parametrize("format", ["csv", "csv.gz", "jsonl", "parquet", "arrow", "npy", "npz", "tsv"])
def test_every_format_in_parts(tmp_path: Path, format: str) -> None:
    """The numbers are the same as in one file, for parts of any size."""
    import gzip

    x = np.arange(60.0).reshape(20, 3)
    for number, part in enumerate(np.split(x, [1, 8, 9])):
        frame, path = pl.DataFrame(part, schema=["a", "b", "c"], orient="row"), tmp_path / f"{number}.{format}"
        match format:
            case "csv" | "tsv":
                frame.write_csv(path, separator="\t" if format == "tsv" else ",")
            case "csv.gz":
                path.write_bytes(gzip.compress(frame.write_csv().encode()))
            case "jsonl":
                frame.write_ndjson(path)
            case "parquet":
                frame.write_parquet(path)
            case "arrow":
                frame.write_ipc(path)
            case "npy":
                np.save(path, part)
            case "npz":
                np.savez(path, part)
    assert values(tmp_path, block_values=9) == x.tolist()


def test_arrays_of_parts_are_layers(tmp_path: Path, cli: Cli) -> None:
    """A folder of NPZ files has a layer per array; the error names a part with other arrays."""
    for part in range(2):
        np.savez(tmp_path / f"{part}.npz", fc1=np.ones((2, 3)), fc2=-np.ones((2, 2)), y=np.array([1, 2]))
    done = cli("saturation", "relu", str(tmp_path), "-f", "json")
    found = json.loads(done.stdout)["layers"]
    assert [(layer["name"], layer["samples"], layer["dead_neurons"]) for layer in found] == [
        ("fc1", 4, 0),
        ("fc2", 4, 2),
    ]
    assert b"y (labels)" in done.stderr
    np.savez(tmp_path / "2.npz", fc1=np.ones((2, 3)))
    assert "2.npz: has other arrays" in cli.fails(1, "saturation", "relu", str(tmp_path))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a,c\n1,2\n", "column 2 is 'c', not 'b'"),
        ("a,b,c\n1,2,3\n", "3, not 2"),
        ("1,2\n3,4\n", "column 1 is '1', not 'a'"),
        ("a,b\n1,x\n", "line 2, column 2 (b): 'x'"),
        ("", "is empty"),
    ],
)
def test_a_bad_part_is_named(tmp_path: Path, content: str, said: str, cli: Cli) -> None:
    """For other columns, invalid cells and empty files, the error names the file and the place."""
    write(tmp_path / "part-0.csv", "a,b\n1,2\n")
    write(tmp_path / "part-1.csv", content)
    message = cli.fails(1, "saturation", "relu", str(tmp_path))
    assert "part-1.csv" in message
    assert said in message


def test_folders_that_are_not_datasets(tmp_path: Path, cli: Cli) -> None:
    """An empty folder, mixed formats, a folder that links to itself."""
    assert "no part file" in cli.fails(1, "saturation", "relu", str(tmp_path))
    write(tmp_path / "a.csv", "1\n")
    write(tmp_path / "b.jsonl", "[2]\n")
    write(tmp_path / "README.md", "# About")
    assert "1 csv, 1 jsonl" in cli.fails(1, "saturation", "relu", str(tmp_path))
    (tmp_path / "again").symlink_to(tmp_path)
    assert values(tmp_path, format="csv") == [[1]]


def test_files_that_look_like_layers_are_noted(tmp_path: Path, cli: Cli) -> None:
    """The note says that the folder is one layer."""
    for k in (1, 2):
        write(tmp_path / f"layer{k}.csv", "1\n2\n")
    done = cli("saturation", "relu", str(tmp_path), "-f", "csv")
    assert [row["samples"] for row in rows(done.stdout.decode())] == ["4"]
    assert b"layer1.csv to layer2.csv are read as one layer" in done.stderr


def test_no_part_is_overwritten(tmp_path: Path, cli: Cli) -> None:
    """Neither of a folder nor of a glob; a new file next to them can be written."""
    path = str(write(tmp_path / "part-0.csv", "1\n"))
    for given in (str(tmp_path), str(tmp_path / "*.csv")):
        assert path in cli.fails(2, "eval", "relu", given, "-o", path)
        assert path in cli.fails(2, "saturation", "relu", given, "-o", path)
    cli.ok("eval", "relu", str(tmp_path), "-o", str(tmp_path / "new.csv"))


def test_any_split_gives_the_same_measures(tmp_path: Path, cli: Cli) -> None:
    """A file and the same rows in parts: counts and extremes agree exactly, moments to rounding."""
    x = np.random.default_rng(3).normal(1.0, 3.0, (501, 4))
    np.save(tmp_path / "layer.npy", x)
    (tmp_path / "layer").mkdir()
    for number, part in enumerate(np.split(x, [7, 8, 300])):
        np.save(tmp_path / "layer" / f"{number}.npy", part)
    one, other = (json.loads(cli.ok("saturation", "gelu", str(tmp_path / name), "-f", "json"))
                  for name in ("layer.npy", "layer"))  # fmt: skip
    for before, after in zip([*one["layers"], *one["neurons"]], [*other["layers"], *other["neurons"]], strict=True):
        assert {k: v for k, v in before.items() if not isinstance(v, float)} == {
            k: v for k, v in after.items() if not isinstance(v, float)
        }
        floats = [k for k, v in before.items() if isinstance(v, float)]
        assert [after[k] for k in floats] == pytest.approx([before[k] for k in floats], rel=1e-12)
