"""Write, read and filter files as the commands do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from actcli.output.files import open_outputs
from actcli.tables.format import Form, named
from actcli.tables.open import open_tables
from actcli.tables.options import ReadOptions
from actcli.tables.pipeline import map_blocks
from actcli.tables.results import result_columns, result_frame
from actcli.tables.table import Block, Table


def blocks_of(table: Table, threads: int | None = None) -> list[Block]:
    """All blocks of a table."""
    return [part.result for part in map_blocks(table, lambda block: block, threads)]


def read(path: Path | str, threads: int = 2, **options: Any) -> tuple[Table, np.ndarray, np.ndarray]:
    """The values of the only table in a file, and the mask of its missing cells."""
    (table,) = open_tables([str(path)], ReadOptions(**options))
    blocks = blocks_of(table, threads)
    shape = (0, len(table.picked))
    values = np.concatenate([np.empty(shape), *(block.values for block in blocks)])
    masks = [np.zeros(b.values.shape, bool) if b.missing is None else b.missing for b in blocks]
    return table, values, np.concatenate([np.zeros(shape, bool), *masks])


def write(path: Path, content: bytes | str) -> Path:
    """A file with this content."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def others(path: Path, **options: Any) -> list[dict[str, Any]]:
    """The columns that were not picked, as rows."""
    (table,) = open_tables([str(path)], ReadOptions(**options))
    rows: list[dict[str, Any]] = []
    for block in blocks_of(table):
        assert block.rest is not None
        rows += block.rest().to_dicts()
    return rows


def run_filter(
    path: Path | str,
    out: Path,
    format: str,
    append: bool = False,
    work: Callable[[np.ndarray], np.ndarray] = lambda x: x,
    **options: Any,
) -> bytes:
    """Apply `work` to each picked column of a table and write a file, as `eval` does."""
    (table,) = open_tables([str(path)], ReadOptions(**options))
    names = [f"f({table.columns[i]})" for i in table.picked]
    frames = named(format).frames
    assert frames is not None
    sink = frames(result_columns(table, names, append)[0], Form(digits=17, header=table.has_header))

    def encode(block: Block) -> Any:
        masks = [None if block.missing is None else block.missing[:, j] for j in range(len(names))]
        results = [(work(block.values[:, j]), masks[j]) for j in range(len(names))]
        return sink.encode(result_frame(table, block, results, append))

    with open_outputs([str(out)]) as (file,):
        sink.write(file, (part.result for part in map_blocks(table, encode)))
    return out.read_bytes()


numbers = st.floats(allow_nan=True, allow_infinity=True, width=64)
