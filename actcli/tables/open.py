"""Open the tables that the words of a command line name."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import groupby

from actcli.errors import ActcliError, DataError, UsageError
from actcli.tables.format import named, names
from actcli.tables.options import ReadOptions
from actcli.tables.order import arranged
from actcli.tables.parts import Given, Part, expanded
from actcli.tables.source import Source, open_source
from actcli.tables.table import WHOLE, Block, Kin, Share, Table, Task


def open_tables(paths: Sequence[str], options: ReadOptions) -> list[Table]:
    """Return the tables of files, folders and globs (`-` is standard input) under distinct names.

    Every file, and the first part of every folder, is opened now, so that an unreadable one fails before any work.
    """
    return [table.sound() for table in listed(paths, options)]


def listed(paths: Sequence[str], options: ReadOptions, mentioned: Callable[[str], bool] | None = None) -> list[Table]:
    """Return the same tables, some perhaps faulty: those left out later need not be sound. A table set aside is
    included only if it is `mentioned`, for example by --layer."""
    if list(paths).count("-") > 1:
        raise UsageError("standard input can be read only once")
    if options.format is not None and options.format not in names("open"):
        raise UsageError(f"no input format {options.format!r}", f"formats: {', '.join(names('open'))}")
    given = [one for path in paths for one in expanded(path, options)]
    if options.parts and not any(one.parts for one in given):
        name, value = options.parts[0]
        raise UsageError(f"--part {name}={value} needs a folder or a glob", "no input is one")
    places, note = arranged([one.path for one in given], options.order, "the inputs")
    tables = [table for place in places for table in _in_order(_opened(given[place], options), options)]
    tables = [table for _, own in groupby(tables, key=_file) for table in _without_aside(list(own), mentioned)]
    if note:
        tables[0] = tables[0]._replace(notes=(note, *tables[0].notes))
    count = Counter(table.name for table in tables)
    return [table if count[table.name] == 1 else table._replace(name=table.source) for table in tables]


def _file(table: Table) -> str:
    """Return the file that a table is in, perhaps with others."""
    return table.source.removesuffix(f": array {table.name}")


def _in_order(tables: list[Table], options: ReadOptions) -> list[Table]:
    """Return the tables of one file in the order that the options ask for."""
    places, note = arranged([table.name for table in tables], options.order, f"{_file(tables[0])}: its arrays")
    found = [tables[place] for place in places]
    return [found[0]._replace(notes=(note, *found[0].notes)), *found[1:]] if note else found


def _without_aside(tables: list[Table], mentioned: Callable[[str], bool] | None) -> list[Table]:
    """Return the tables of one file without those set aside, unless these are mentioned or the only ones."""
    kept = [table for table in tables if not table.aside or (mentioned is not None and mentioned(table.name))]
    if not kept or len(kept) == len(tables):
        return tables
    gone = ", ".join(f"{table.name} ({table.aside})" for table in tables if table not in kept)
    note = f"{_file(tables[0])}: left out: {gone}" + ("; --layer NAME includes one" if mentioned is not None else "")
    return [kept[0]._replace(notes=(note, *kept[0].notes)), *kept[1:]]


def _opened(given: Given, options: ReadOptions) -> list[Table]:
    if not given.parts:
        return _open(given.path, options)
    first = _open(given.parts[0].path, options)
    found = [_joined(given, place, first, options) for place in range(len(first))]
    return [found[0]._replace(notes=(*given.notes, *found[0].notes)), *found[1:]]


def _joined(given: Given, place: int, first: list[Table], options: ReadOptions) -> Table:
    """Return the tables at this place of all parts as one. Parts are opened when they are reached."""
    one, kin = first[place], first[place].kin
    assert kin is not None

    def tasks(share: Share = WHOLE) -> Iterator[Task]:
        before = 0
        for number, part in enumerate(given.parts):
            table = one if not number else part_table(part.path, kin, options)
            for task in table.tasks():
                yield partial(_moved, task, before)
            before += part.size or 0

    name, source = (given.layer, given.path) if len(first) == 1 else (one.name, f"{given.path}: array {one.name}")
    sizes = [part.size for part in given.parts]
    size = None if None in sizes else sum(filter(None, sizes))
    return one._replace(name=name, source=source, size=size, tasks=tasks, parts=given.parts)


def _moved(task: Task, before: int) -> Block:
    block = task()
    return block._replace(end=before + block.end)


def part_table(path: str, kin: Kin, options: ReadOptions) -> Table:
    """Return the table of a part. Raises DataError if its columns differ from those of the first part."""
    options = options._replace(header=kin.has_header) if kin.columns else options
    tables = _open(path, options)
    if len(kin.tables) > 1 and tuple(table.name for table in tables) != kin.tables:
        first = kin.source.removesuffix(f": array {kin.tables[kin.place]}")
        raise DataError(f"{path}: has other arrays than {first}", "all parts of a layer must have the same arrays")
    table = tables[kin.place].sound()
    if (table.columns, table.picked, table.has_header) != (kin.columns, kin.picked, kin.has_header):
        raise DataError(f"{table.source}: has other columns than {kin.source}: {_difference(table, kin)}",
                        "all parts of a layer must have the same columns")  # fmt: skip
    return table


def _difference(table: Table, one: Kin) -> str:
    if len(table.columns) != len(one.columns):
        return f"{len(table.columns)}, not {len(one.columns)}"
    pairs = enumerate(zip(table.columns, one.columns, strict=True), 1)
    at = next(((place, own, other) for place, (own, other) in pairs if own != other), None)
    return f"column {at[0]} is {at[1]!r}, not {at[2]!r}" if at else "some are left out, or the header is missing"


def _open(path: str, options: ReadOptions) -> list[Table]:
    source = open_source(path)
    format = named(options.format) if options.format else source.format()
    assert format.open is not None
    parts = () if source.first is None else (Part(path, source.size, path),)
    found = format.open(source, options)
    return [
        table._replace(tasks=partial(_unchanging, source, table), parts=parts, kin=Kin.of(found, place))
        for place, table in enumerate(found)
    ]


def _unchanging(source: Source, table: Table, share: Share = WHOLE) -> Iterator[Task]:
    """Yield the tasks of a table. Raises DataError if its file has changed by the end."""
    if not table.cuts:
        if share.number:
            return
        share = WHOLE
    with _blaming(source):
        for task in table.tasks(share):
            yield partial(_run, source, task)
    source.check_unchanged()


def _run(source: Source, task: Task) -> Block:
    with _blaming(source):
        try:
            return task()
        except BaseException as error:
            if type(error).__name__ != "PanicException":  # of polars, not derived from Exception
                raise
            raise DataError(f"{source.name}: cannot be read: {str(error).partition(chr(10))[0]}") from None


@contextmanager
def _blaming(source: Source) -> Iterator[None]:
    """Blame an error on a change of the file, if it has changed."""
    try:
        yield
    except ActcliError:
        source.check_unchanged()
        raise
