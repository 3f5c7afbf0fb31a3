"""Layers from files: one table per layer, named after its file."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from actcli.activation import Array, Flags, Function
from actcli.errors import DataError
from actcli.measuring.choice import Choice
from actcli.measuring.layer import Apart, Blocks, Input, Place, PreActivations
from actcli.numerics.histogram import Histogram
from actcli.tables.open import listed, open_tables
from actcli.tables.options import ReadOptions
from actcli.tables.pipeline import Watch, map_blocks, unwatched
from actcli.tables.table import Skipped, Table, together

if TYPE_CHECKING:
    from actcli.measuring.cluster import Cluster
    from actcli.measuring.spread import Away

T = TypeVar("T")


def file_layers(
    paths: Sequence[str],
    function: Function,
    choice: Choice,
    options: ReadOptions,
    watch: Watch = unwatched,
    cluster: Cluster | None = None,
) -> list[PreActivations]:
    """The chosen layers in the files, each with its function. The files are read when the layers are measured, here or
    by the workers of a cluster."""
    tables = listed(paths, options, choice.mentions)
    functions = choice.of([_name(table) for table in tables], function)
    taken = [table for table in tables if _name(table) in functions]
    for table in taken:
        if table.fault is not None:
            raise DataError(table.fault.message, _ways_out(table.fault.hint, _name(table)))
    away = None
    if cluster is not None:
        from actcli.measuring.spread import Away

        away = Away(cluster, taken, options, watch)
    layers = []
    for number, table in enumerate(taken):
        reading = _Reading(table, options.threads, watch)
        blocks: Blocks | Apart = reading.blocks if away is None else Apart(away, number)
        origin = reading.origin if away is None else partial(_origin_away, table, away, number)
        neurons = tuple(table.columns[i] for i in table.picked)
        place = Place(samples="inputs" if table.positions > 1 else "samples")
        name = _name(table)
        layers.append(PreActivations(name, functions[name], neurons, blocks, origin, place, table.positions))
    return layers


def _origin(table: Table, size: int | None, skipped: Skipped | None) -> Input:
    """Where a table came from; complete once it has been read."""
    reason = skipped.first.message if skipped else ""
    return Input(_name(table), table.source, size, skipped.rows if skipped else 0, reason, table.notes)


def _origin_away(table: Table, away: Away, number: int) -> Input:
    return _origin(table, table.size, away.skipped.get(number))


def _ways_out(hint: str, name: str) -> str:
    return f"{hint}; " * bool(hint) + f"--layer {shlex.quote('!' + name)} leaves it out"


def file_histograms(
    paths: Sequence[str], options: ReadOptions, watch: Watch = unwatched
) -> list[tuple[Input, Histogram]]:
    """The histogram of the finite values of each table, with where it came from."""
    found = []
    for table in open_tables(paths, options):
        total = Histogram.empty()
        reading = _Reading(table, options.threads, watch)
        for part in reading.blocks(lambda x, missing: Histogram.of(x, np.isfinite(x))):
            total = total.merge(part)
        found.append((reading.origin(), total))
    return found


class _Reading:
    """The blocks of a table and, once they have been read, where they came from."""

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
        size = self._end if self._table.size is None else self._table.size
        return _origin(self._table, size, self._skipped)


def _name(table: Table) -> str:
    return os.fsencode(table.name).decode("utf-8", "backslashreplace")  # a file name may contain any bytes
