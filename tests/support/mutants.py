"""Damaged files of every format, read by actcli and by other readers.

`python tests/support/mutants.py FORMAT FIRST LAST` prints the outcome of each of these mutants, one line each. A reader
that asks for too much memory ends the process; the caller then continues after that mutant.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import resource
import sys
import tempfile
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.zstd import zstd

from actcli.errors import ActcliError
from actcli.tables.open import open_tables
from actcli.tables.options import ReadOptions

MEMORY = 3 << 30  # of addresses
CHUNKS = (1, 2, 5, 16, 64, 300)
RNG = np.random.default_rng(20261126)
FRAME = pl.DataFrame(RNG.normal(size=(240, 3)).round(3), ["a", "b", "c"])


def _saved(write: Callable[[Any], object]) -> bytes:
    file = io.BytesIO()
    write(file)
    return file.getvalue()


CSV, LINES = FRAME.write_csv().encode(), FRAME.write_ndjson().encode()
WHOLE: dict[str, bytes] = {
    "csv": CSV,
    "jsonl": LINES,
    "csv.gz": gzip.compress(CSV[:3000], mtime=0) + gzip.compress(CSV[3000:], mtime=0),
    "csv.zst": zstd.compress(CSV[:3000]) + zstd.compress(CSV[3000:]),
    "jsonl.gz": gzip.compress(LINES, mtime=0),
    "jsonl.zst": zstd.compress(LINES),
    "npy": _saved(lambda file: np.save(file, FRAME.to_numpy())),
    "npz": _saved(lambda file: np.savez_compressed(file, h=FRAME.to_numpy())),
    "parquet": _saved(lambda file: FRAME.write_parquet(file, row_group_size=50)),
    "arrow": _saved(lambda file: FRAME.write_ipc(file, compression="lz4", record_batch_size=50)),
}


def mutant(format: str, seed: int) -> bytes:
    """The file with one to three faults: changed bytes, a cut, or chunks repeated, swapped, dropped or replaced."""
    chance = random.Random(f"{format} {seed}")
    content = WHOLE[format]
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        content = _damaged(content, chance)
    return content


def _damaged(content: bytes, chance: random.Random) -> bytes:
    size = min(chance.choice(CHUNKS), max(1, len(content) // 3))
    i, j = sorted(chance.randrange(max(1, len(content) - size)) for _ in range(2))
    one, other = content[i : i + size], content[j : j + size]
    match chance.choice(("byte", "byte", "byte", "bit", "cut", "twice", "exchange", "gone", "copy", "zeros")):
        case "byte":
            return content[:i] + bytes([chance.choice((content[j], chance.randrange(256)))]) + content[i + 1 :]
        case "bit":
            return content[:i] + bytes([content[i] ^ 1 << chance.randrange(8)]) + content[i + 1 :]
        case "cut":
            return content[:i]
        case "twice":
            return content[: i + size] + content[i:]
        case "exchange":
            return content[:i] + other + content[i + size : j] + one + content[j + size :] if j >= i + size else content
        case "gone":
            return content[:i] + content[i + size :]
        case "copy":
            return content[:i] + other + content[i + size :]
        case _:
            return content[:i] + bytes(size) + content[i + size :]


def _of_csv(content: bytes) -> Any:
    lines = [row for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True) if row]
    if {len(row) for row in lines} != {len(lines[0])}:
        raise ValueError("rows of several lengths")
    return lines[0], [[float(cell) if cell.strip() else np.nan for cell in row] for row in lines[1:]]


def _of_jsonl(content: bytes) -> Any:
    def whole(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(pairs) != len(dict(pairs)):
            raise ValueError("a key twice")
        return dict(pairs)

    rows = [
        json.loads(line, object_pairs_hook=whole) for line in content.decode("utf-8-sig").split("\n") if line.strip()
    ]
    if any(row.keys() - rows[0].keys() for row in rows):
        raise ValueError("another key")
    return list(rows[0]), [[float("nan" if row.get(key) is None else row[key]) for key in rows[0]] for row in rows]


def _of_array(content: bytes) -> Any:
    found = np.load(io.BytesIO(content), allow_pickle=False)
    arrays = list(found.values()) if hasattr(found, "files") else [found]
    (array,) = arrays
    array = array[:, None] if array.ndim == 1 else array
    return [str(i) for i in range(array.shape[1])], array.astype(float).tolist()


def _of_frame(read: Callable[..., pl.DataFrame]) -> Callable[[bytes], Any]:
    def whole(content: bytes) -> Any:
        with suppress(pl.exceptions.PanicException):
            frame = read(io.BytesIO(content)).with_columns(pl.all().cast(pl.Float64).fill_null(np.nan))
            return frame.columns, frame.rows()
        raise ValueError("a panic")

    return whole


REFERENCE: dict[str, Callable[[bytes], Any]] = {
    "csv": _of_csv,
    "jsonl": _of_jsonl,
    "csv.gz": lambda content: _of_csv(gzip.decompress(content)),
    "csv.zst": lambda content: _of_csv(zstd.decompress(content)),
    "jsonl.gz": lambda content: _of_jsonl(gzip.decompress(content)),
    "jsonl.zst": lambda content: _of_jsonl(zstd.decompress(content)),
    "npy": _of_array,
    "npz": _of_array,
    "parquet": _of_frame(pl.read_parquet),
    "arrow": _of_frame(pl.read_ipc),
}


def read(path: Path, block: int) -> tuple[list[str], list[list[float]]]:
    """The names and values that actcli reads from a table with a known layout."""
    known = {} if path.suffix in (".npy", ".npz", ".parquet", ".arrow") else {"header": True, "separator": "comma"}
    options = ReadOptions(block_values=block, **(known if ".csv" in path.name else {}))  # type: ignore[arg-type]
    (table,) = open_tables([str(path)], options)
    rows: list[list[float]] = []
    for task in table.tasks():
        block_ = task()
        values = block_.values if block_.missing is None else np.where(block_.missing, np.nan, block_.values)
        rows += values.tolist()
    return [table.columns[i] for i in table.picked], rows


def fate(format: str, seed: int, folder: Path) -> str:
    """`refused`, `equal`, or the fault: an error that is not ours, or numbers that another reader does not have."""
    content = mutant(format, seed)
    path = folder / f"{seed}.{format}"  # none is written over, which a thread of polars may still read
    path.write_bytes(content)
    try:
        names, rows = read(path, (1 << 18, 60)[seed % 2])
    except ActcliError as error:
        return "refused" if error.message.startswith(f"{path}: ") or str(path) in error.message else f"unnamed {error}"
    except Exception as error:
        return f"fault {error!r}"
    try:
        known, expected = REFERENCE[format](content)
    except Exception as error:
        return f"accepted, though {error!r}"
    theirs = np.array([list(row) for row in expected], float).reshape(-1, len(known))
    if len(names) != len(known):  # a column of row labels, or of none
        return f"accepted {names} of {known}"
    ours = np.array(rows, float).reshape(-1, len(names))
    return "equal" if np.array_equal(ours, theirs, equal_nan=True) else f"differs {ours.shape} {theirs.shape}"


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with tempfile.TemporaryDirectory() as made:
        for number in range(int(sys.argv[2]), int(sys.argv[3])):
            print(number, fate(sys.argv[1], number, Path(made)), flush=True)
