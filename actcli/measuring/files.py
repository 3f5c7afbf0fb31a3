"""Layers from files: one table each, named after its file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

import numpy as np

from actcli.activation import Array, Flags, Function
from actcli.measuring.choice import Choice
from actcli.measuring.layer import Input, PreActivations
from actcli.numerics.histogram import Histogram
from actcli.tables.opening import open_tables
from actcli.tables.options import ReadOptions
from actcli.tables.pipeline import map_blocks
from actcli.tables.table import Table

T = TypeVar("T")


class Watch(Protocol):
    """What passes parts on as they come, and may show how far the reading is."""

    def __call__(self, parts: Iterator[T], position: Callable[[], int], size: int | None, name: str) -> Iterator[T]: ...


def unwatched(parts: Iterator[T], position: Callable[[], int], size: int | None, name: str) -> Iterator[T]:
    """The parts alone."""
    return parts


def file_layers(
    paths: Sequence[str], function: Function, choice: Choice, options: ReadOptions, watch: Watch = unwatched
) -> list[PreActivations]:
    """The layers that the files hold and that are taken, each with its function. Their bytes are read when they are
    measured."""
    tables = open_tables(paths, options)
    functions = choice.of([_name(table) for table in tables], function)
    return [
        PreActivations(
            name,
            functions[name],
            tuple(table.columns[i] for i in table.picked),
            _Blocks(table, options.threads, watch),
            _Origin(name, table),
        )
        for table in tables
        if (name := _name(table)) in functions
    ]


def file_histograms(
    paths: Sequence[str], options: ReadOptions, watch: Watch = unwatched
) -> list[tuple[Input, Histogram]]:
    """The histogram of the finite values of each table, and where it came from."""
    found = []
    for table in open_tables(paths, options):
        total = Histogram.empty()
        for part in _Blocks(table, options.threads, watch)(lambda x, missing: Histogram.of(x, np.isfinite(x))):
            total = total.merge(part)
        found.append((_Origin(_name(table), table)(), total))
    return found


class _Blocks:
    def __init__(self, table: Table, threads: int | None, watch: Watch) -> None:
        self._table, self._threads, self._watch = table, threads, watch

    def __call__(self, work: Callable[[Array, Flags | None], T]) -> Iterator[T]:
        table = self._table
        parts = map_blocks(table, lambda block: work(block.values, block.missing), self._threads)
        return self._watch(parts, table.position, table.size, table.name)


class _Origin:
    def __init__(self, layer: str, table: Table) -> None:
        self._layer, self._table = layer, table

    def __call__(self) -> Input:
        table = self._table
        size = table.position() if table.size is None else table.size
        first = min(table.skipped, key=lambda skipped: skipped[0], default=None)
        count = sum(number for _, number, _ in table.skipped)
        return Input(self._layer, table.source, size, count, first[2].message if first else "")


def _name(table: Table) -> str:
    return os.fsencode(table.name).decode("utf-8", "backslashreplace")  # a file's may hold any bytes
