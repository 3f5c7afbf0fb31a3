"""One type for a column whose blocks have several types: wide enough that no value changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from actcli.errors import DataError

UNITS = ("ms", "us", "ns")


class TypeLost(DataError):
    """A column has values that no single type can hold."""

    def __init__(self, column: str, one: object, other: object) -> None:
        message = f"column {column!r} contains both {one} and {other}, which no single type can hold"
        super().__init__(message, f"write csv or jsonl, or leave it out: -c {'!' + column!r}")


def widest(column: str, one: pl.DataType, other: pl.DataType) -> pl.DataType:
    """Return the type that holds the values of both. Whether integers fit as floats is checked by `converted`."""
    found = _wider(one, other)
    if found is None:
        raise TypeLost(column, other, one)
    return found


def converted(column: str, values: pl.Series, dtype: pl.DataType) -> pl.Series:
    """Return the values in a wider type. Raises TypeLost if one of them changes."""
    if values.dtype == dtype:
        return values
    if dtype.is_nested():
        before = values.to_list()
        wide = pl.Series(values.name, before, dtype=dtype)  # polars cannot cast a struct to one with more fields
        whole = all(map(_is_kept, before, wide.to_list()))
    else:
        wide = values.cast(dtype)
        whole = wide.cast(values.dtype, strict=False).equals(values, null_equal=True)
    if not whole:
        raise TypeLost(column, f"integers beyond 2**53 ({values.dtype})", dtype)
    return wide


def _is_kept(before: Any, after: Any) -> bool:
    if isinstance(before, dict):
        return all(_is_kept(value, after[key]) for key, value in before.items())
    if isinstance(before, list):
        return all(map(_is_kept, before, after))
    return bool(before == after or before != before)


def _wider(one: pl.DataType, other: pl.DataType) -> pl.DataType | None:
    if one == other or other == pl.Null:
        return one
    if one == pl.Null:
        return other
    texts = (pl.String, pl.Categorical, pl.Enum)
    if one.base_type() in texts and other.base_type() in texts:
        return pl.String()
    if one.is_temporal() and other.is_temporal():
        return _wider_time(one, other)
    if one.is_nested() and other.is_nested():
        return _wider_nested(one, other)
    return _wider_number(one, other)


def _wider_number(one: pl.DataType, other: pl.DataType) -> pl.DataType | None:
    plain = [str(dtype).lower() for dtype in (one, other) if dtype.is_integer() or dtype.is_float()]
    if len(plain) < 2 or any(name.endswith("128") for name in plain):
        return None
    name = str(np.promote_types(*plain))
    if name.startswith("float") and one.is_integer() and other.is_integer():  # int64 and uint64
        return None
    found: pl.DataType = {str(dtype).lower(): dtype for dtype in pl.datatypes.group.NUMERIC_DTYPES}[name]()  # type: ignore[operator]
    return found


def _wider_time(one: pl.DataType, other: pl.DataType) -> pl.DataType | None:
    if isinstance(one, pl.Date) and isinstance(other, pl.Datetime):
        return other if other.time_zone is None else None
    if isinstance(one, pl.Datetime) and isinstance(other, pl.Date):
        return _wider_time(other, one)
    if isinstance(one, pl.Datetime) and isinstance(other, pl.Datetime) and one.time_zone == other.time_zone:
        return max(one, other, key=lambda dtype: UNITS.index(dtype.time_unit))
    if isinstance(one, pl.Duration) and isinstance(other, pl.Duration):
        return max(one, other, key=lambda dtype: UNITS.index(dtype.time_unit))
    return None


def _wider_nested(one: pl.DataType, other: pl.DataType) -> pl.DataType | None:
    if isinstance(one, pl.Struct) and isinstance(other, pl.Struct):
        return _wider_struct(one, other)
    if not (isinstance(one, pl.List | pl.Array) and isinstance(other, pl.List | pl.Array)):
        return None
    inner = _wider(one.inner, other.inner)  # type: ignore[arg-type]
    return None if inner is None else pl.List(inner)


def _wider_struct(one: pl.Struct, other: pl.Struct) -> pl.DataType | None:
    fields: dict[str, pl.DataType] = dict(one.to_schema())  # type: ignore[arg-type]
    for name, dtype in other.to_schema().items():
        found = _wider(fields.get(name, pl.Null()), dtype)  # type: ignore[arg-type]
        if found is None:
            return None
        fields[name] = found
    return pl.Struct(fields)
