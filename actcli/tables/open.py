"""From the words of a command line to tables."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from actcli.errors import ActcliError, UsageError
from actcli.tables.format import named, names
from actcli.tables.options import ReadOptions
from actcli.tables.source import Source, open_source
from actcli.tables.table import Block, Table, Task


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
    return [replace(table, tasks=partial(_unchanging, source, table.tasks)) for table in format.open(source, options)]


def _unchanging(source: Source, tasks: Callable[[], Iterator[Task]]) -> Iterator[Task]:
    """The tasks of a table whose file must be the same at the end."""
    with _blaming(source):
        for task in tasks():
            yield partial(_run, source, task)
    source.check_unchanged()


def _run(source: Source, task: Task) -> Block:
    with _blaming(source):
        return task()


@contextmanager
def _blaming(source: Source) -> Iterator[None]:
    """An error in what was read may be due to a change of the file."""
    try:
        yield
    except ActcliError:
        source.check_unchanged()
        raise
