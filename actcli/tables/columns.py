"""Names of columns, and how to select some: `-c h1,#3,#5:#8,h*,!h13`."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from actcli.errors import DataError, UsageError

MOST = 100_000  # columns: each costs some microseconds per block
DEEPEST = 64  # levels of nested values: libraries recurse into them


def check_width(width: int, source: str) -> None:
    """Raise DataError for a table with too many columns."""
    if width > MOST:
        hint = "rows are samples, columns are neurons: is it transposed?"
        raise DataError(f"{source}: has {width} columns; at most {MOST} are allowed", hint)


def pick(
    selections: Iterable[str], columns: Sequence[str], source: str, apart: Collection[int] = ()
) -> tuple[int, ...]:
    """Return the indices of the selected columns in the order of the selections; without any selection, all columns
    but those in `apart`.

    An item is a name (`=NAME` if ambiguous), a position `#1`, a range between two of these, or a glob; `!` removes its
    columns. A number that is not a name is a position too.
    """
    if not columns:
        raise DataError(f"{source}: has no columns")
    check_width(len(columns), source)
    items = [item.strip() for selection in selections for item in selection.split(",") if item.strip()]
    neurons = dict.fromkeys(i for i in range(len(columns)) if i not in apart)
    if not items:
        return tuple(neurons)
    places: dict[str, list[int]] = {}
    for i, name in enumerate(columns):
        places.setdefault(name, []).append(i)
    chosen = neurons if items[0].startswith("!") else {}
    for item in items:
        found = dict.fromkeys(_match(item.removeprefix("!").strip(), columns, places, source))
        if item.startswith("!"):
            for i in found:
                chosen.pop(i, None)
        else:
            chosen |= found
    if not chosen:
        raise UsageError(f"{source}: -c {','.join(items)} leaves no column", _there_are(columns))
    return tuple(chosen)


def unique(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names with `_2`, `_3` … appended to repeated ones."""
    taken = set(names)
    counts: Counter[str] = Counter()
    result = []
    for name in names:
        counts[name] += 1
        new = name
        while counts[name] > 1 and (new := f"{name}_{counts[name]}") in taken:
            counts[name] += 1
        taken.add(new)
        result.append(new)
    return tuple(result)


def _match(item: str, columns: Sequence[str], places: Mapping[str, Sequence[int]], source: str) -> Sequence[int]:
    if not item.isdecimal() and item in places:
        return places[item]
    if item.removeprefix("#").isdecimal() or (item.startswith("=") and item[1:] in places):
        return _named(item, columns, places, source)
    if ":" in item:
        first, last = item.split(":", 1)
        start = _named(first, columns, places, source)[0] if first else 0
        stop = _named(last, columns, places, source)[0] if last else len(columns) - 1
        if start > stop:
            raise UsageError(f"{source}: the column range {item!r} runs backwards", _there_are(columns))
        return range(start, stop + 1)
    globbed = [i for i, name in enumerate(columns) if fnmatchcase(name, item)]
    if not globbed:
        raise _unknown(item, columns, source)
    return globbed


def _named(word: str, columns: Sequence[str], places: Mapping[str, Sequence[int]], source: str) -> Sequence[int]:
    """Return the columns of a name or position. Raises UsageError if the word could be either."""
    named = places.get(word.removeprefix("="), ())
    if word.startswith("=") and named:
        return named
    number = word.removeprefix("#")
    position = int(number) - 1 if number.isdecimal() and 1 <= int(number) <= len(columns) else None
    if position is None or (named and list(named) == [position]):
        if named:
            return named
        raise _unknown(word, columns, source)
    if named and not word.startswith("#"):
        message = f"{source}: column {word} is ambiguous: a name or a position"
        raise UsageError(message, f"write '={word}' for the name, '#{word}' for the position, counted from 1")
    return named if named else [position]


def _unknown(word: str, columns: Sequence[str], source: str) -> UsageError:
    import difflib

    near = difflib.get_close_matches(word, columns[:2000], n=3)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    return UsageError(f"{source}: no column {word!r}", hint + _there_are(columns))


def _there_are(columns: Sequence[str]) -> str:
    names = [name or "''" for name in columns]  # the last one is often the target
    shown = ", ".join(names if len(names) <= 12 else [*names[:10], "…", names[-1]])
    return f"its {len(columns)} columns: {shown}" if len(columns) > 1 else f"its one column: {shown}"
