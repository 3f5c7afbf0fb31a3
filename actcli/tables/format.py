"""The declaration of a file format, and the list of all formats."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import import_module
from typing import IO, TYPE_CHECKING, Any, Generic, Literal, NamedTuple, TypeAlias, TypeVar

from actcli.text import Cell, encodable

if TYPE_CHECKING:
    import polars as pl

    from actcli.tables.options import ReadOptions
    from actcli.tables.source import Source
    from actcli.tables.table import Table

# The modules of `formats/`, each with its FORMATS, in the order in which choices list them.
FILES = ("csv", "json", "markdown", "latex", "parquet", "npy")
DEFAULT = "csv"  # when neither suffix nor first bytes tell the format
COMPRESSED = (".gz", ".zst")

T = TypeVar("T")
Reader: TypeAlias = "Callable[[Source, ReadOptions], list[Table]]"
Use: TypeAlias = Literal["open", "frames", "rows"]


class Form(NamedTuple):
    """How to write a sheet: the digits of rounded numbers, and whether to write a header."""

    digits: int = 6
    header: bool = True
    rounded: frozenset[int] | None = None  # the columns to round to `digits`; None: all


USUAL = Form()
RowWriter: TypeAlias = Callable[[Sequence[str], Iterable[Sequence[Cell]], Form], Iterator[bytes]]


class FrameWriter(NamedTuple, Generic[T]):
    """Writes frames whose columns are named by their position."""

    encode: Callable[[pl.DataFrame], T]  # one block, on any thread
    write: Callable[[IO[bytes], Iterable[T]], None]  # the whole file, from the encoded blocks in order


class Format(NamedTuple):
    """A format and its readers and writers."""

    name: str
    suffixes: tuple[str, ...]
    read_suffixes: tuple[str, ...] = ()  # further suffixes, for reading only
    magic: tuple[bytes, ...] = ()  # what a file begins with
    open: Reader | None = None
    frames: Callable[[Sequence[str], Form], FrameWriter[Any]] | None = None  # from the names of the columns
    rows: RowWriter | None = None  # a sheet in pieces, without a heavy library
    for_people: bool = False  # numbers are rounded, and the columns are those shown on a screen
    headed: bool = False  # the header can be left out
    slow_to_open: bool = False  # the reader imports polars before it knows the columns
    layers: str = ""  # which part of a file is a layer, if not the whole


def reader(module: str, function: str, *arguments: object) -> Reader:
    """Return a reader whose module is imported when it first opens a source."""

    def open(source: Source, options: ReadOptions) -> list[Table]:
        found: list[Table] = getattr(import_module(f"actcli.tables.{module}"), function)(source, options, *arguments)
        return found

    return open


def formats() -> Iterator[Format]:
    """Yield all formats; each module is imported when it is reached."""
    for file in FILES:
        yield from import_module(f"actcli.tables.formats.{file}").FORMATS


def named(name: str) -> Format:
    """Return the format of this name, which must exist."""
    return next(format for format in formats() if format.name == name)


def names(use: Use) -> tuple[str, ...]:
    """Return the names of the formats that support this use."""
    return tuple(format.name for format in formats() if getattr(format, use))


def suffixes(use: Use) -> dict[str, str]:
    """Return the name of the format for each suffix."""
    return {
        suffix: format.name
        for format in formats()
        if getattr(format, use)
        for suffix in (*format.suffixes, *(format.read_suffixes if use == "open" else ()))
    }


def input_suffix(path: str) -> tuple[str, Format | None]:
    """Return the name of a file without folder and suffixes, and the format that its suffix implies."""
    from pathlib import PurePath

    from actcli.tables.remote import file_name

    file = PurePath(file_name(path))
    if file.suffix.lower() in COMPRESSED:
        file = file.with_suffix("")
    suffix = file.suffix.lower()
    matching = (format for format in formats() if format.open and suffix in (*format.suffixes, *format.read_suffixes))
    format = next(matching, None)
    return encodable(file.stem if format else file.name), format


def holds_measures(path: str) -> bool:
    """Return whether actcli wrote this JSON file, for example by watching a training."""
    if not path.endswith((".json", ".jsonl")) or not os.path.isfile(path):
        return False
    try:
        with open(path, "rb") as file:
            return re.match(rb'\s*\{\s*"schema":\s*"actcli\.', file.read(100)) is not None
    except OSError:  # reported when the file is read
        return False


def way_to_show(path: str) -> str:
    """Return the hint for a file of measures given in place of a table or a function."""
    return f"show it with actcli trend {path}"
