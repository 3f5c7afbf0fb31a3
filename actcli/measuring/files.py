"""Layers from files: one table each, named after its file."""

import os
import shlex
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

import numpy as np

from actcli.activation import Array, Flags, Function
from actcli.errors import DataError
from actcli.measuring.choice import Choice
from actcli.measuring.layer import Input, PreActivations
from actcli.numerics.histogram import Histogram
from actcli.tables.open import listed, open_tables
from actcli.tables.options import ReadOptions
from actcli.tables.pipeline import Part, map_blocks
from actcli.tables.table import Skipped, Table, together

T = TypeVar("T")


class Watch(Protocol):
    """What passes parts on as they come, and may show how far the reading is."""

    def __call__(self, parts: Iterator[Part[T]], table: Table) -> Iterator[Part[T]]: ...


def unwatched(parts: Iterator[Part[T]], table: Table) -> Iterator[Part[T]]:
    """The parts alone."""
    return parts


def file_layers(
    paths: Sequence[str], function: Function, choice: Choice, options: ReadOptions, watch: Watch = unwatched
) -> list[PreActivations]:
    """The layers that the files hold and that are taken, each with its function. Their bytes are read when they are
    measured."""
    tables = listed(paths, options, choice.mentions)
    functions = choice.of([_name(table) for table in tables], function)
    layers = []
    for table in tables:
        if (name := _name(table)) in functions:
            if table.fault is not None:
                raise DataError(table.fault.message, _ways_out(table.fault.hint, name))
            reading = _Reading(table, options.threads, watch)
            neurons = tuple(table.columns[i] for i in table.picked)
            layers.append(PreActivations(name, functions[name], neurons, reading.blocks, reading.origin))
    return layers


def _ways_out(hint: str, name: str) -> str:
    return f"{hint}; " * bool(hint) + f"--layer {shlex.quote('!' + name)} leaves it out"


def file_histograms(
    paths: Sequence[str], options: ReadOptions, watch: Watch = unwatched
) -> list[tuple[Input, Histogram]]:
    """The histogram of the finite values of each table, and where it came from."""
    found = []
    for table in open_tables(paths, options):
        total = Histogram.empty()
        reading = _Reading(table, options.threads, watch)
        for part in reading.blocks(lambda x, missing: Histogram.of(x, np.isfinite(x))):
            total = total.merge(part)
        found.append((reading.origin(), total))
    return found


class _Reading:
    """The blocks of a table, and, when they have been read, where they came from."""

    def __init__(self, table: Table, threads: int | None, watch: Watch) -> None:
        self._table, self._threads, self._watch = table, threads, watch
        self._end = 0
        self._skipped: Skipped | None = None

    def blocks(self, work: Callable[[Array, Flags | None], T]) -> Iterator[T]:
        self._skipped = None
        parts = map_blocks(self._table, lambda block: work(block.values, block.missing), self._threads)
        for part in self._watch(parts, self._table):
            self._end = part.end
            self._skipped = together(self._skipped, part.skipped)
            yield part.result

    def origin(self) -> Input:
        table, skipped = self._table, self._skipped
        size = self._end if table.size is None else table.size
        reason = skipped.first.message if skipped else ""
        return Input(_name(table), table.source, size, skipped.count if skipped else 0, reason, table.notes)


def _name(table: Table) -> str:
    return os.fsencode(table.name).decode("utf-8", "backslashreplace")  # a file's may hold any bytes
