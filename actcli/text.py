"""Words and numbers as text: untrusted text made safe to show, names shortened, numbers formatted for people."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

Cell: TypeAlias = str | float | int | bool | None


class Share(float):
    """A number from 0 to 1, shown to people as a percentage and to programs as a number."""

    __slots__ = ()

    @classmethod
    def of(cls, ratio: float | None) -> Share | None:
        """Return a share, or None for a missing ratio."""
        return None if ratio is None else cls(ratio)


_SPECIAL = re.compile(r"[\\`*{}\[\]<>|&~$#]|(?<![^\W_])_|_(?![^\W_])")  # a single _ within a word is harmless


def visible(text: str) -> str:
    """Return the text in one line, with invisible and unencodable characters as escapes."""
    return "".join(c if c.isprintable() else " " if c.isspace() else _numbered(ord(c)) for c in text)


def encodable(text: str) -> str:
    """Return the text with lone surrogates, such as bytes of a file name that are not UTF-8, as escapes."""
    return "".join(_numbered(ord(c)) if "\ud800" <= c <= "\udfff" else c for c in text)


def _numbered(code: int) -> str:
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a file name that is not UTF-8
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def markdown(text: str) -> str:
    """Return the text escaped for Markdown, stripped because blanks at its ends would be code or a line break."""
    return _SPECIAL.sub(r"\\\g<0>", visible(text).strip())


_TEX = str.maketrans(
    {
        "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_", "%": r"\%",
        "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "|": r"\textbar{}", "<": r"\textless{}",
        ">": r"\textgreater{}", "[": "{[}", "]": "{]}",
    }
)  # fmt: skip


def tex(text: str) -> str:
    """Return the text escaped for TeX; even `[`, which would be an option at the start of a row."""
    return text.translate(_TEX)


def short(name: str, most: int = 32, dots: str = "…") -> str:
    """Return a name without its middle if it is longer than `most` characters."""
    half = (most - len(dots)) // 2
    return name if len(name) <= most else f"{name[: most - len(dots) - half]}{dots}{name[-half:]}"


def apart(names: Sequence[str], most: int, dots: str = "…") -> list[str]:
    """Return the names shortened to at most `most` characters, but still distinct: without the words that all of them
    begin and end with."""
    if len(set(names)) < 2 or max(map(len, names)) <= most:
        return [short(name, most, dots) for name in names]
    words = [re.findall(r"[^\W_]+|[\W_]", name) for name in names]
    start = _common(words)
    end = _common([each[start:][::-1] for each in words])
    cut = ["".join(each[start : len(each) - end]) for each in words]
    return [short(f"{dots * (start > 0)}{name}{dots * (end > 0)}", most, dots) for name in cut]


def _common(words: Sequence[Sequence[str]]) -> int:
    """Return how many words all begin with, but leave one word of each."""
    least = min(map(len, words)) - 1
    return next((i for i in range(least) if len({each[i] for each in words}) > 1), max(0, least))


def percent(ratio: float) -> str:
    """Return a percentage; it is 100 % only for exactly 1, and 0 % only for exactly 0."""
    text = f"{100 * ratio:.1f}"
    if text == "100.0" and ratio < 1:
        return "over 99.9 %"
    return "under 0.1 %" if text == "0.0" and ratio > 0 else f"{text} %"


def at_most(ratio: float) -> str:
    """Return a percentage rounded up to two digits, as an upper bound."""
    digit = 10.0 ** (math.floor(math.log10(100 * ratio)) - 1)
    return f"{math.ceil(100 * ratio / digit - 1e-9) * digit:.3g} %"


def plain(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return repr(cell) if isinstance(cell, float) else str(cell)


def shown(cell: Cell, digits: int) -> str:
    """Return a cell as tables show it."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, Share):
        return percent(cell) if math.isfinite(cell) else plain(cell)
    return f"{cell:.{digits}g}" if isinstance(cell, float) and digits < 17 else plain(cell)


def json_text(value: Any) -> str:
    """Return JSON in one line with numbers in full precision, and with NaN and infinities, which JSON lacks, as
    strings."""
    return _dumps(_portable(value))


def json_pieces(value: Any, depth: int = 1) -> Iterator[str]:
    """Yield JSON with each entry on its own line, indented by one blank per level, like `json.dumps` but in pieces.
    `json.dumps` itself writes innermost containers, because it takes a third of the time."""
    entries = value.values() if isinstance(value, dict) else value
    if not _is_container(value) or not value or not any(map(_is_container, entries)):
        yield _leaf(value, depth)
        return
    first, last = "{}" if isinstance(value, dict) else "[]"
    named = (f"{_dumps(key)}: " for key in value) if first == "{" else itertools.repeat("")
    for before, name, entry in zip(itertools.chain(first, itertools.repeat(",")), named, entries, strict=False):
        yield f"{before}\n{' ' * depth}{name}"
        yield from json_pieces(entry, depth + 1)
    yield f"\n{' ' * (depth - 1)}{last}"


def _leaf(value: Any, depth: int) -> str:
    """Return the JSON of a value without nested containers."""
    line = f"\n{' ' * depth}"
    text = _dumps(_portable(value), (f",{line}", ": "))
    return f"{text[0]}{line}{text[1:-1]}{line[:-1]}{text[-1]}" if _is_container(value) and value else text


def _dumps(value: Any, separators: tuple[str, str] | None = None) -> str:
    import json  # takes 3 ms, which commands that write no JSON save

    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=separators)


def _is_container(value: Any) -> bool:
    return isinstance(value, dict | Sequence) and not isinstance(value, str)


def _portable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _portable(entry) for key, entry in value.items()}
    if _is_container(value):
        return [_portable(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def counted(count: int, things: str) -> str:
    """Return a count with its noun, given in the plural: "1 sample", "2 samples"."""
    return f"{count} {things.removesuffix('s') if count == 1 else things}"


def some(names: Sequence[str], most: int = 24) -> str:
    """The first `most` names, and how many more there are."""
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


def numbered(count: int) -> tuple[str, ...]:
    """Return names for unnamed columns or neurons: their numbers from 0, as in frameworks."""
    return tuple(map(str, range(count)))
