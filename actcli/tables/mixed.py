"""Columns of JSON values that no polars type fits: each value is kept as JSON text.

A column gets a type only if every value keeps its JSON text in it, so that the result does not depend on how the rows
are cut into blocks."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import polars as pl

from actcli.tables.widening import TypeLost

TEXT = "JSON text"
MIXED = pl.Struct({TEXT: pl.String()})
TYPES: dict[type, pl.DataType] = {bool: pl.Boolean(), str: pl.String(), int: pl.Int64(), float: pl.Float64()}
LARGEST = 1 << 63


def column(values: Sequence[Any]) -> pl.Series:
    """Return the parsed values as a column."""
    kinds = {type(value) for value in values} - {type(None)}
    if not kinds:
        return pl.Series(values, dtype=pl.Null())
    if len(kinds) == 1 and (dtype := TYPES.get(next(iter(kinds)))) is not None and not any(map(_is_long, values)):
        return pl.Series(values, dtype=dtype)
    return pl.Series([None if value is None else {TEXT: _text(value)} for value in values], dtype=MIXED)


def typed(name: str, values: pl.Series) -> pl.Series:
    """Return the column with a proper type, for formats with typed columns. Raises TypeLost if none fits."""
    if values.dtype != MIXED:
        return values
    found = plain_values(values)
    kinds = {type(value) for value in found} - {type(None)}
    if kinds <= {int, float} and all(value is None or _is_double(value) for value in found):
        return pl.Series(found, dtype=pl.Float64(), strict=False)
    if len(kinds) == 1 and kinds <= {list, dict}:
        try:
            series = pl.Series(found)
        except (pl.exceptions.PolarsError, TypeError, ValueError, OverflowError):
            series = pl.Series()
        if json.dumps(series.to_list()) == json.dumps(found):
            return series
    raise TypeLost(name, " and ".join(sorted(kind.__name__ for kind in kinds)), "others")


def plain_values(column: pl.Series) -> list[Any]:
    """Return the values of any column, those of a mixed one parsed."""
    if column.dtype != MIXED:
        return column.to_list()
    return [None if text is None else json.loads(text) for text in column.struct.field(TEXT)]


def plain(text: str) -> str:
    """Return a JSON value for a text format: a string without its quotes, anything else as JSON."""
    return str(json.loads(text)) if text.startswith('"') else text


def _text(value: Any) -> str:
    if isinstance(value, float):
        text: str = pl.Series([value]).cast(pl.String)[0] if math.isfinite(value) else json.dumps(_finite(value))
        return text
    return json.dumps(_finite(value), ensure_ascii=False, separators=(",", ":"))


def _finite(value: Any) -> Any:
    """Return the value with NaN and the infinities, which JSON lacks, as strings."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, list):
        return [_finite(each) for each in value]
    return {key: _finite(each) for key, each in value.items()} if isinstance(value, dict) else value


def _is_long(value: Any) -> bool:
    return type(value) is int and not -LARGEST <= value < LARGEST


def _is_double(value: float) -> bool:
    try:
        return float(value) == value
    except OverflowError:
        return False
