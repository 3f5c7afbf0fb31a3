"""Columns of JSON values of which no type of polars holds all: each value as its JSON text.

A column has a type only where it gives each value the same JSON text, so that it does not matter into which blocks the
rows are cut."""

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
    """The values of a column, as they were parsed."""
    kinds = {type(value) for value in values} - {type(None)}
    if not kinds:
        return pl.Series(values, dtype=pl.Null())
    if len(kinds) == 1 and (dtype := TYPES.get(next(iter(kinds)))) is not None and not any(map(_is_long, values)):
        return pl.Series(values, dtype=dtype)
    return pl.Series([None if value is None else {TEXT: _text(value)} for value in values], dtype=MIXED)


def typed(name: str, values: pl.Series) -> pl.Series:
    """The values of a column in a type, for a format of typed columns."""
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
    """The values of any column, mixed ones as they were parsed."""
    if column.dtype != MIXED:
        return column.to_list()
    return [None if text is None else json.loads(text) for text in column.struct.field(TEXT)]


def plain(text: str) -> str:
    """A value for a format of text: a string without its quotes, anything else as JSON has it."""
    return str(json.loads(text)) if text.startswith('"') else text


def _text(value: Any) -> str:
    if isinstance(value, float):
        text: str = pl.Series([value]).cast(pl.String)[0] if math.isfinite(value) else json.dumps(_finite(value))
        return text
    return json.dumps(_finite(value), ensure_ascii=False, separators=(",", ":"))


def _finite(value: Any) -> Any:
    """With NaN and the infinities, which JSON lacks, as strings."""
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
