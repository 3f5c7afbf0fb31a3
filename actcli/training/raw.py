"""Features and a target as read from a table or from the arrays of an NPZ; rows with missing values are left out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from actcli.errors import DataError, UsageError
from actcli.tables.bundles import open_bundle
from actcli.tables.columns import pick
from actcli.tables.open import open_tables
from actcli.tables.options import ReadOptions
from actcli.tables.pipeline import map_blocks
from actcli.tables.table import Block, Table, stacked, together, unpicked
from actcli.text import numbered


@dataclass(frozen=True, slots=True)
class Raw:
    """Rows without missing values. `rows` are the numbers of those in `features` to use, None for all."""

    source: str
    name: str  # of the target
    columns: tuple[str, ...]
    features: NDArray[Any]
    target: NDArray[Any]  # numbers or words, one for each row to use
    missing: tuple[tuple[str, int], ...] = ()
    left_out: int = 0
    guesses: tuple[str, ...] = ()
    rows: NDArray[np.intp] | None = None

    def part(self, flags: NDArray[np.bool_]) -> Raw:
        """Some of the rows."""
        rows = np.flatnonzero(flags) if self.rows is None else self.rows[flags]
        return replace(self, rows=rows, target=self.target[flags])


def read(path: str, target: str, options: ReadOptions) -> Raw:
    """The features and the target of a table. Raises UsageError if the target column does not exist, DataError if
    features are not numbers."""
    reading = options._replace(columns=(*options.columns, f"!{target}"))
    (table,) = open_tables([path], reading)
    place = _place(table, target)
    blocks = [part.result for part in map_blocks(table, lambda block: block, options.threads)]
    skipped = None
    for block in blocks:
        skipped = together(skipped, block.skipped)
    among = unpicked(table.picked, len(table.columns)).index(place)
    values = [value for block in blocks for value in _column(block, among)]
    x = stacked(table, blocks)
    names = tuple(table.columns[i] for i in table.picked)
    words = _typed(values, options.nulls)
    absent = ~np.isfinite(x)
    gone = np.array([word is None for word in words], bool)
    counts = [(name, int(n)) for name, n in zip(names, absent.sum(axis=0), strict=True) if n]
    counts += [(table.columns[place], int(gone.sum()))] if gone.any() else []
    keep = ~(absent.any(axis=1) | gone)
    if not len(keep):
        raise DataError(f"{table.source}: no rows", "each row is a sample, with its features and its target")
    if not keep.any():
        raise DataError(f"{table.source}: every row has a missing value", "leave out columns with -c '!NAME'")
    x = x if keep.all() else x[keep]
    kept = np.array([word for word, k in zip(words, keep.tolist(), strict=True) if k])
    guesses = table.notes if skipped is None else (*table.notes, str(skipped))
    return Raw(table.source, table.columns[place], names, x, kept, tuple(counts), int((~keep).sum()), guesses)


def _place(table: Table, target: str) -> int:
    """The place of the target's column."""
    features = pick((f"!{target}",), table.columns, table.source)
    named = unpicked(features, len(table.columns))
    if len(named) != 1:
        names = ", ".join(table.columns[i] for i in named)
        raise UsageError(
            f"{table.source}: the target {target!r} names {len(named)} columns: {names}", "name one column"
        )
    return named[0]


def _column(block: Block, among: int) -> list[Any]:
    from actcli.tables.mixed import plain_values

    assert block.rest is not None
    return plain_values(block.rest().get_columns()[among])


def _typed(values: Sequence[Any], nulls: Sequence[str]) -> list[Any]:
    """The values, all as numbers or all as words, with None for a missing value."""
    cells = [_cell(value, nulls) for value in values]
    try:
        numbers = [None if cell is None else float(cell) for cell in cells]
    except ValueError:
        return [None if cell is None else str(cell) for cell in cells]
    return [None if number is None or not math.isfinite(number) else number for number in numbers]


def _cell(value: Any, nulls: Sequence[str]) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        value = value.strip().strip('"').strip()
    return None if value is None or value == "" or str(value) in nulls else value


def read_arrays(path: str, target: str, features: str) -> tuple[Raw, Raw | None]:
    """The named features and target of an NPZ, and the held-out ones if the names contain `train` and the same names
    with `test` exist. Without `features`, the only other array with as many rows."""
    arrays = open_bundle(path)
    if target not in arrays:
        raise UsageError(f"{path}: no array {target!r}", f"its arrays: {', '.join(arrays)}")
    features = features or _features(path, target, {name: one.shape for name, one in arrays.items()})
    if features not in arrays:
        raise UsageError(f"{path}: no array {features!r}", f"its arrays: {', '.join(arrays)}")
    raw = _raw(path, arrays[features].load(), arrays[target].load(), target)
    held_x, held_y = _held(features, arrays), _held(target, arrays)
    if held_x is None or held_y is None:
        return raw, None
    test = _raw(path, arrays[held_x].load(), arrays[held_y].load(), target)
    guess = f"{held_x} and {held_y} are used as the held-out rows; override with --split"
    return replace(raw, guesses=(*raw.guesses, guess)), replace(test, source=f"{path}: {held_x}")


def _features(path: str, target: str, shapes: dict[str, tuple[int, ...]]) -> str:
    rows = shapes[target][:1]
    others = [name for name, shape in shapes.items() if name != target and shape[:1] == rows and len(shape) > 1]
    if len(others) != 1:
        which = f"{len(others)} arrays have" if others else "no array has"
        raise UsageError(
            f"{path}: {which} as many rows as {target}", f"name the features with -i x=NAME: {', '.join(shapes)}"
        )
    return others[0]


def _held(name: str, arrays: dict[str, Any]) -> str | None:
    """The name of the held-out array that belongs to an array for training, if there is one."""
    other = name.replace("train", "test")
    return other if other != name and other in arrays else None


def _raw(path: str, x: NDArray[Any], y: NDArray[Any], target: str) -> Raw:
    if len(x) != len(y) or y.ndim != 1:
        raise DataError(
            f"{path}: {len(x)} rows of features, but a target of shape {y.shape}", "a target has one value per row"
        )
    flat = x.reshape(len(x), -1)
    if flat.dtype.kind not in "fiub" or y.dtype.kind not in "fiubU":
        raise DataError(f"{path}: features of {flat.dtype}, target of {y.dtype}", "save them as numbers")
    if flat.dtype.kind == "f" and not np.isfinite(flat).all():
        raise DataError(f"{path}: the features have missing or infinite values", "leave out their rows")
    columns = numbered(flat.shape[1])
    words = y if y.dtype.kind == "U" else y.astype(np.float64)
    return Raw(path, target, columns, flat, words)


def given(x: ArrayLike, y: ArrayLike, target: str) -> Raw:
    """The features and the target of arrays in memory."""
    return _raw("the arrays", np.asarray(x), np.asarray(y), target)
