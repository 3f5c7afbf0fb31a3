"""From the words of a command line to tables."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from actcli.errors import UsageError
from actcli.tables.format import named, names
from actcli.tables.options import ReadOptions
from actcli.tables.source import open_source
from actcli.tables.table import Table


def open_tables(paths: Sequence[str], options: ReadOptions) -> list[Table]:
    """The tables of some files (`-` is standard input), with names that tell them apart.

    All of them are looked at now, so that what cannot be read at all fails before any work.
    """
    if list(paths).count("-") > 1:
        raise UsageError("standard input can be read only once")
    if options.format is not None and options.format not in names("open"):
        raise UsageError(f"there is no input format {options.format!r}", f"formats: {', '.join(names('open'))}")
    tables = [table for path in paths for table in _open(path, options)]
    count = Counter(table.name for table in tables)
    return [table if count[table.name] == 1 else replace(table, name=table.source) for table in tables]


def _open(path: str, options: ReadOptions) -> list[Table]:
    source = open_source(path)
    format = named(options.format) if options.format else source.format()
    assert format.open is not None
    return format.open(source, options)
