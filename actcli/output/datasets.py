"""Filter a folder of parts into another, locally or on the workers of a cluster."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actcli.errors import DataError, UsageError
from actcli.output.filtering import note_guesses, results, write_filtered
from actcli.output.outputs import Destination, Outputs
from actcli.output.places import naming
from actcli.output.progress import watched
from actcli.tables.format import input_suffix, named, names

if TYPE_CHECKING:
    from actcli.activation import Function
    from actcli.measuring.cluster import Cluster
    from actcli.measuring.spread import Piece
    from actcli.registry.words import Words
    from actcli.tables.options import ReadOptions
    from actcli.tables.pipeline import Part
    from actcli.tables.table import Kin, Table


@dataclass(frozen=True, slots=True)
class Unit:
    """A part to filter, as plain values that can be sent to a worker."""

    piece: Piece
    kin: Kin
    options: ReadOptions
    words: Words
    append: bool
    folder: str
    path: str  # relative to the folder
    format: str


def write_dataset(
    function: Function,
    tables: Sequence[Table],
    outputs: Outputs,
    reading: ReadOptions,
    *,
    append: bool,
    note: Callable[[str], None],
    cluster: Cluster | None = None,
) -> None:
    """Filter each part of the tables into a part of the same name in the output folder, which appears once all parts
    are written. `note` gets a line per guess, and per part with rows left out."""
    note_guesses(tables, note)
    (to,) = outputs.destinations
    assert to.path is not None
    with _folder(to.path.rstrip("/")) as folder:
        units = [*_units(function, tables, to.format, folder, reading, append)]
        found: list[str] = []
        size = sum(unit.piece.bytes for unit in units)
        for _ in watched(_filtered(units, cluster, found), tables[0]._replace(name=to.path, size=size)):
            pass
        for line in found:
            note(line)


def _filtered(units: Sequence[Unit], cluster: Cluster | None, found: list[str]) -> Iterator[Part[None]]:
    """Filter the units and yield the progress; append the lines about rows left out to `found`."""
    from actcli.measuring.cluster import Done, Merged, UnitError
    from actcli.tables.pipeline import Part

    end = 0
    if cluster is None:
        for unit in units:
            found += _filter(unit)
            yield Part(None, end := end + unit.piece.bytes, None)
        return
    try:
        for event in cluster.reduced(_filter, _merge, [units]):
            if isinstance(event, Done):
                yield Part(None, end := end + units[event.unit].piece.bytes, None)
            elif isinstance(event, Merged):
                found += event.result
    except UnitError as error:
        raise error.error from None


def _units(
    function: Function, tables: Sequence[Table], format: str, folder: str, reading: ReadOptions, append: bool
) -> Iterator[Unit]:
    from actcli.measuring.spread import Piece, seen_by_all
    from actcli.registry.words import Words
    from actcli.tables.table import WHOLE

    words, options = Words.of(function), reading._replace(parts=(), order="given")
    seen: Counter[str] = Counter()
    for table in tables:
        if table.kin is None or not table.parts or len(table.kin.tables) > 1:
            raise UsageError(f"{table.source} is not a folder of parts", "name a file to write with -o")
        common = os.path.commonpath([os.path.dirname(part.path) for part in table.parts])
        for part in table.parts:
            own = _format(part.path, format)
            stem = os.path.join(os.path.dirname(part.path)[len(common) :].lstrip("/"), input_suffix(part.path)[0])
            path = os.path.join(table.name if len(tables) > 1 else "", stem + named(own).suffixes[0])
            seen[path] += 1
            if seen[path] > 1:
                raise UsageError(f"{part.path}: another part would also be written as {path}", "rename one")
            piece = Piece(seen_by_all(part.path), part.size, WHOLE)
            yield Unit(piece, table.kin, options, words, append, folder, path, own)


def _format(path: str, asked: str) -> str:
    """Return the format to write a part in: the one asked for, or else the part's own."""
    own = input_suffix(path)[1]
    if asked or (own is not None and own.frames is not None):
        return asked or own.name  # type: ignore[union-attr]
    raise UsageError(f"{path}: its format cannot be written", f"name one with -f: {', '.join(names('frames'))}")


def _filter(unit: Unit) -> list[str]:
    """Filter one part, on a worker or here. Return the lines about rows left out."""
    from actcli.measuring.spread import table_of
    from actcli.registry.words import function_of
    from actcli.tables.pipeline import unwatched

    if not os.path.isdir(unit.folder):
        raise DataError(
            f"{unit.folder}: a worker cannot see this output folder", "name a folder that all machines share"
        )
    path = os.path.join(unit.folder, unit.path)
    table = table_of(unit.piece, unit.kin, unit.options)._replace(notes=())
    function = function_of(unit.words)
    lines: list[str] = []
    with naming(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
    outputs = Outputs((Destination(unit.format, path),))
    write_filtered(
        function, results(function)[-1], [table], outputs,
        append=unit.append, threads=unit.options.threads, note=lines.append, watch=unwatched,
    )  # fmt: skip
    return lines


def _merge(found: list[list[str]]) -> list[str]:
    return [line for lines in found for line in lines]


@contextmanager
def _folder(target: str) -> Iterator[str]:
    """Provide a temporary folder that becomes the target once it is complete."""
    import tempfile

    target = os.path.abspath(target)
    if os.path.lexists(target) and (not os.path.isdir(target) or os.listdir(target)):
        raise UsageError(f"{target} already exists", "name a new or empty folder")
    with naming(target):
        folder = tempfile.mkdtemp(prefix=f".{os.path.basename(target)}.", dir=os.path.dirname(target))
    try:
        yield folder
        with naming(target):
            os.umask(mask := os.umask(0))
            os.chmod(folder, 0o777 & ~mask)
            os.replace(folder, target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
