"""From the words of a command line to tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from actcli.errors import UsageError
from actcli.tables.options import ReadOptions
from actcli.tables.source import FORMATS, Source
from actcli.tables.table import Table


def open_tables(paths: Sequence[str], options: ReadOptions) -> list[Table]:
    """The tables of some files (`-` is standard input), with names that tell them apart.

    All of them are looked at now, so that what cannot be read at all fails before any work.
    """
    if list(paths).count("-") > 1:
        raise UsageError("standard input can be read only once")
    if options.format not in (None, *FORMATS):
        raise UsageError(f"there is no input format {options.format!r}", f"formats: {', '.join(FORMATS)}")
    tables = [table for path in paths for table in _open(Source(path), options)]
    names = Counter(table.name for table in tables)
    for table in tables:
        if names[table.name] > 1:
            table.name = table.source
    return tables


def _open(source: Source, options: ReadOptions) -> list[Table]:
    # Each format's module is imported when it is needed: together they take 10 ms.
    match options.format or source.format():
        case "csv":
            from actcli.tables.text import TextTable

            return [TextTable(source, options, ",")]
        case "tsv":
            from actcli.tables.text import TextTable

            return [TextTable(source, options, "\t")]
        case "jsonl":
            from actcli.tables.jsonl import JsonlTable

            return [JsonlTable(source, options)]
        case "npy":
            from actcli.tables.arrays import ArrayTable

            return [ArrayTable(source, options)]
        case "npz":
            from actcli.tables.arrays import ArrayTable, members

            return [ArrayTable(source, options, member) for member in members(source)]
        case format:
            from actcli.tables.columnar import ColumnarTable

            return [ColumnarTable(source, options, format)]
