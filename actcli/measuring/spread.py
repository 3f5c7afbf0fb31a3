"""Measure layers from files on a cluster: files are cut into pieces, and only partials come back."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce
from typing import NamedTuple

from actcli.errors import ActcliError, DataError, UsageError
from actcli.measuring.cluster import Cluster, Merged, UnitError
from actcli.measuring.partial import Partial
from actcli.measuring.probe import Probe, measure_under
from actcli.tables.open import part_table
from actcli.tables.options import ReadOptions
from actcli.tables.pipeline import Part, Watch, map_blocks
from actcli.tables.remote import is_remote
from actcli.tables.table import Block, Kin, Share, Skipped, Table, together

PIECE = 64 << 20  # bytes: larger parts are cut, smaller ones grouped
LEAST = 1 << 20  # bytes that any part counts as, for opening it
MOST = 20_000  # pieces per layer, roughly: a scheduler keeps a kilobyte or two for each


class Piece(NamedTuple):
    """A share of a part of a layer."""

    path: str
    size: int | None  # of the whole part, which a worker must find too; None: the server does not tell
    share: Share

    @property
    def bytes(self) -> int:
        return (self.size or 0) // self.share.total


@dataclass(frozen=True, slots=True)
class Unit:
    """What a worker measures at a time: plain values, with functions in words."""

    pieces: tuple[Piece, ...]
    kin: Kin
    options: ReadOptions
    probes: tuple[Callable[[], Probe], ...]
    positions: int

    @property
    def exact(self) -> Unit:
        """The same unit, reading what comes before each piece too, so that errors can name line numbers."""
        pieces = (piece._replace(share=piece.share._replace(exact=True)) for piece in self.pieces)
        return replace(self, pieces=tuple(pieces))


@dataclass(frozen=True, slots=True)
class Found:
    """What a worker measured: a partial for each probe (arrays and numbers, which travel as such), and the rows that
    were left out, with the unit of the first of them."""

    partials: tuple[Partial, ...]
    skipped: Skipped | None = None
    unit: Unit | None = None


class Away:
    """Tables that the workers of a cluster measure, all at the same time."""

    def __init__(self, cluster: Cluster, tables: Sequence[Table], options: ReadOptions, watch: Watch) -> None:
        self._cluster, self._tables, self._watch = cluster, tables, watch
        self._options = options._replace(parts=(), order="given")
        self.skipped: dict[int, Skipped | None] = {}

    def __call__(self, probes: Mapping[int, Sequence[Probe]]) -> Iterator[tuple[int, list[Partial]]]:
        """Yield the number of each table with its partials under its probes."""
        jobs = [self._units(self._tables[number], own) for number, own in probes.items()]
        found: dict[int, Found] = {}
        ends = [0] * len(jobs)
        events = self._events(jobs, ends, found)
        for job, number in enumerate(probes):
            for _ in self._watch(self._progress(job, events, ends, found), self._tables[number]):
                pass
            result = found.pop(job)
            self.skipped[number] = self._named(result)
            yield number, [*result.partials]

    def _units(self, table: Table, probes: Sequence[Probe]) -> list[Unit]:
        if table.kin is None or not table.parts:
            raise UsageError(f"{table.source} can be read only once, and not by workers", "put it in a file")
        again = tuple(probe.again() for probe in probes if probe.again is not None)
        return [
            Unit(tuple(group), table.kin, self._options, again, table.positions) for group in pieces(table)
        ]  # fmt: skip

    def _events(self, jobs: list[list[Unit]], ends: list[int], found: dict[int, Found]) -> Iterator[int]:
        """Yield the job of each event, after recording the event in `ends` or `found`."""
        try:
            for event in self._cluster.reduced(_measure, _merge, jobs):
                if isinstance(event, Merged):
                    found[event.job] = event.result
                else:
                    ends[event.job] += sum(piece.bytes for piece in jobs[event.job][event.unit].pieces)
                yield event.job
        except UnitError as error:
            self._exactly(jobs[error.job][error.unit], error.error)

    def _exactly(self, unit: Unit, error: Exception) -> None:
        """Raise the error of a unit, with line numbers."""
        if isinstance(error, ActcliError) and any(piece.share.number for piece in unit.pieces):
            self._cluster.run(_measure, unit.exact)
        raise error

    @staticmethod
    def _progress(job: int, events: Iterator[int], ends: list[int], found: dict[int, Found]) -> Iterator[Part[None]]:
        """Yield the progress of a job until its result is there."""
        while job not in found:
            if next(events) == job:
                yield Part(None, ends[job], None)

    def _named(self, result: Found) -> Skipped | None:
        """The rows that were left out, the first with its line number."""
        unit, skipped = result.unit, result.skipped
        if skipped is None or unit is None or not any(piece.share.number for piece in unit.pieces):
            return skipped
        again = self._cluster.run(_measure, unit.exact).skipped
        return skipped if again is None else skipped._replace(first=again.first)


def pieces(table: Table) -> list[list[Piece]]:
    """The pieces of a table, in order, grouped into units. Only sizes decide, so that results are the same to the last
    bit for any number of workers."""
    most = max(PIECE, sum(part.size or 0 for part in table.parts) // MOST)
    found: list[list[Piece]] = []
    room = 0
    for part in table.parts:
        size = most if part.size is None else part.size
        total = max(1, -(-size // most)) if table.cuts else 1
        cost = max(LEAST, size // total)
        path = seen_by_all(part.path)
        for number in range(total):
            if cost > room:
                found.append([])
                room = most
            found[-1].append(Piece(path, part.size, Share(number, total)))
            room -= cost
    return found


def _measure(unit: Unit) -> Found:
    """Measure a unit, on a worker."""
    probes = [again() for again in unit.probes]
    totals = [Partial.empty(len(unit.kin.picked)) for _ in probes]
    work = partial(_of_block, probes, unit.positions)
    skipped: Skipped | None = None
    for piece in unit.pieces:
        for part in map_blocks(table_of(piece, unit.kin, unit.options), work, threads=1):
            totals = [total.merge(own) for total, own in zip(totals, part.result, strict=True)]
            skipped = together(skipped, part.skipped)
    return Found(tuple(totals), skipped, unit if skipped else None)


def _of_block(probes: Sequence[Probe], positions: int, block: Block) -> list[Partial]:
    return measure_under(probes, block.values, block.missing, positions)


def seen_by_all(path: str) -> str:
    """A path that does not depend on the working directory."""
    return path if is_remote(path) else os.path.abspath(path)


def table_of(piece: Piece, kin: Kin, options: ReadOptions) -> Table:
    """The table of a piece, limited to the blocks of that piece."""
    if not is_remote(piece.path):
        size = os.path.getsize(piece.path) if os.path.isfile(piece.path) else None
        if size != piece.size:
            where = f"the worker on {socket.gethostname()}"
            what = f"{where} does not see it" if size is None else f"it has {size} bytes on {where}, not {piece.size}"
            hint = "give paths that mean the same on all machines, or addresses such as s3://bucket/part.parquet"
            raise DataError(f"{piece.path}: {what}", hint)
    table = part_table(piece.path, kin, options)
    return table._replace(tasks=lambda _=piece.share: table.tasks(piece.share))


def _merge(found: list[Found]) -> Found:
    """Merge results in order, on a worker."""
    partials = (reduce(Partial.merge, own) for own in zip(*(each.partials for each in found), strict=True))
    skipped = reduce(together, (each.skipped for each in found))
    return Found(tuple(partials), skipped, next((each.unit for each in found if each.unit), None))
