"""The names of columns, and choosing among them: `-c h1,3,5:8,h*,!h13`."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from actcli.errors import DataError, UsageError

MOST = 100_000  # columns: each costs some microseconds in every block


def check_width(width: int, source: str) -> None:
    """Fail where a table is too wide to be one."""
    if width > MOST:
        hint = "rows are samples, columns are neurons: is it turned?"
        raise DataError(f"{source}: has {width} columns, and a table may have {MOST}", hint)


def pick(selections: Iterable[str], columns: Sequence[str], source: str) -> tuple[int, ...]:
    """The indices of the selected columns in the table's order; all when nothing is selected.

    An item is a name, a 1-based number, a range of either, or a glob; `!` takes its columns away.
    A name that is there goes before any other reading of the item.
    """
    if not columns:
        raise DataError(f"{source}: has no columns")
    check_width(len(columns), source)
    items = [item.strip() for selection in selections for item in selection.split(",") if item.strip()]
    if not items:
        return tuple(range(len(columns)))
    places: dict[str, list[int]] = {}
    for i, name in enumerate(columns):
        places.setdefault(name, []).append(i)
    chosen = set(range(len(columns))) if items[0].startswith("!") else set()
    for item in items:
        found = _match(item.removeprefix("!").strip(), columns, places, source)
        if item.startswith("!"):
            chosen.difference_update(found)
        else:
            chosen.update(found)
    if not chosen:
        raise UsageError(f"{source}: no column is left by -c {','.join(items)}", _there_are(columns))
    return tuple(sorted(chosen))


def unique(names: Sequence[str]) -> tuple[str, ...]:
    """The names, a repeated one with `_2`, `_3` … behind it."""
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
    if item in places:
        return places[item]
    if item.isdecimal():
        return [_position(item, columns, places, source)]
    if ":" in item:
        first, last = item.split(":", 1)
        start = _position(first, columns, places, source) if first else 0
        stop = _position(last, columns, places, source) if last else len(columns) - 1
        if start > stop:
            raise UsageError(f"{source}: the column range {item!r} runs backwards", _there_are(columns))
        return range(start, stop + 1)
    globbed = [i for i, name in enumerate(columns) if fnmatchcase(name, item)]
    if not globbed:
        raise _unknown(item, columns, source)
    return globbed


def _position(word: str, columns: Sequence[str], places: Mapping[str, Sequence[int]], source: str) -> int:
    if word in places:
        return places[word][0]
    if word.isdecimal() and 1 <= int(word) <= len(columns):
        return int(word) - 1
    raise _unknown(word, columns, source)


def _unknown(word: str, columns: Sequence[str], source: str) -> UsageError:
    import difflib

    near = difflib.get_close_matches(word, columns[:2000], n=3)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    return UsageError(f"{source}: there is no column {word!r}", hint + _there_are(columns))


def _there_are(columns: Sequence[str]) -> str:
    shown = ", ".join(columns[:12]) + (", …" if len(columns) > 12 else "")
    return f"its {len(columns)} columns: {shown}" if len(columns) > 1 else f"its one column: {shown}"
