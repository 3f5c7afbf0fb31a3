"""What a format is, and the list of them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import IO, TYPE_CHECKING, Any, Generic, Literal, NamedTuple, TypeAlias, TypeVar

from actcli.text import Cell, encodable

if TYPE_CHECKING:
    import polars as pl

    from actcli.tables.options import ReadOptions
    from actcli.tables.source import Source
    from actcli.tables.table import Table

# The files of `formats/`, each with its FORMATS, in the order in which choices list them.
FILES = ("csv", "json", "markdown", "latex", "parquet", "npy")
DEFAULT = "csv"  # of what says nothing about itself
COMPRESSED = (".gz", ".zst")

T = TypeVar("T")
Reader: TypeAlias = "Callable[[Source, ReadOptions], list[Table]]"
Use: TypeAlias = Literal["open", "frames", "rows"]


class Form(NamedTuple):
    """What is asked of the form of a sheet: the digits of numbers for people, and a header, where there may be one."""

    digits: int = 6
    header: bool = True
    rounded: frozenset[int] | None = None  # the columns whose numbers have that many digits; None: all


USUAL = Form()
RowWriter: TypeAlias = Callable[[Sequence[str], Iterable[Sequence[Cell]], Form], Iterator[bytes]]


class FrameWriter(NamedTuple, Generic[T]):
    """Writes frames, whose columns are named by their position."""

    encode: Callable[[pl.DataFrame], T]  # one block, on any thread
    write: Callable[[IO[bytes], Iterable[T]], None]  # the whole file, of the encoded blocks in order


@dataclass(frozen=True, slots=True)
class Format:
    """A format, with what can be done in it."""

    name: str
    suffixes: tuple[str, ...]
    read_suffixes: tuple[str, ...] = ()  # further ones, of files that are read but not written in it
    magic: tuple[bytes, ...] = ()  # what a file begins with
    open: Reader | None = None
    frames: Callable[[Sequence[str], Form], FrameWriter[Any]] | None = None  # of the columns
    rows: RowWriter | None = None  # a sheet in pieces, without a heavy library
    for_people: bool = False  # numbers are rounded, and the columns are those that a screen shows
    headed: bool = False  # the names of the columns may be left out
    slow_to_open: bool = False  # the reader imports polars before it knows the columns
    layers: str = ""  # what of the file is a layer, where the whole is not


def reader(module: str, function: str, *arguments: object) -> Reader:
    """The reader of this name, whose module is imported when it opens something."""

    def open(source: Source, options: ReadOptions) -> list[Table]:
        found: list[Table] = getattr(import_module(f"actcli.tables.{module}"), function)(source, options, *arguments)
        return found

    return open


def formats() -> Iterator[Format]:
    """All formats; each file is imported when it is reached."""
    for file in FILES:
        yield from import_module(f"actcli.tables.formats.{file}").FORMATS


def named(name: str) -> Format:
    """The format of a name that is in the list."""
    return next(format for format in formats() if format.name == name)


def names(use: Use) -> tuple[str, ...]:
    """The names of the formats that have this use."""
    return tuple(format.name for format in formats() if getattr(format, use))


def suffixes(use: Use) -> dict[str, str]:
    """The name of the format of each suffix."""
    return {
        suffix: format.name
        for format in formats()
        if getattr(format, use)
        for suffix in (*format.suffixes, *(format.read_suffixes if use == "open" else ()))
    }


def input_suffix(path: str) -> tuple[str, Format | None]:
    """The name of a file without its folder and suffixes, and the format that a suffix says."""
    from pathlib import PurePath

    from actcli.tables.remote import file_name

    file = PurePath(file_name(path))
    if file.suffix.lower() in COMPRESSED:
        file = file.with_suffix("")
    suffix = file.suffix.lower()
    said = (format for format in formats() if format.open and suffix in (*format.suffixes, *format.read_suffixes))
    format = next(said, None)
    return encodable(file.stem if format else file.name), format


def holds_measures(path: str) -> bool:
    """Whether actcli wrote this file of JSON, as a watched training is saved."""
    if not path.endswith((".json", ".jsonl")) or not os.path.isfile(path):
        return False
    try:
        with open(path, "rb") as file:
            return re.match(rb'\s*\{\s*"schema":\s*"actcli\.', file.read(100)) is not None
    except OSError:  # which is told where it is read
        return False


def way_to_show(path: str) -> str:
    """What to do with such a file in place of a table or a function."""
    return f"show it by actcli trend {path}"
