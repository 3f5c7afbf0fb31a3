"""Words and numbers as text: what comes from outside made safe to show, names cut to a width, numbers for people."""

import json
import math
import re
from collections.abc import Sequence
from typing import Any, TypeAlias

Cell: TypeAlias = str | float | int | bool | None

_SPECIAL = re.compile(r"[\\`*{}\[\]<>|&~$#]|(?<![^\W_])_|_(?![^\W_])")  # one _ within a word means nothing


def visible(text: str) -> str:
    """The text in one line; what cannot be seen, or cannot be encoded, by its number."""
    return "".join(c if c.isprintable() else " " if c.isspace() else _numbered(ord(c)) for c in text)


def encodable(text: str) -> str:
    """The text; bytes of a file's name that are no UTF-8, which no output can hold, by their numbers."""
    return "".join(_numbered(ord(c)) if "\ud800" <= c <= "\udfff" else c for c in text)


def _numbered(code: int) -> str:
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a file's name that is no UTF-8
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def markdown(text: str) -> str:
    """The text as it is, to a reader of Markdown, to whom blanks at its ends would be code or a break."""
    return _SPECIAL.sub(r"\\\g<0>", visible(text).strip())


def short(name: str, most: int = 32, dots: str = "…") -> str:
    """A name in at most so many characters, without its middle."""
    half = (most - len(dots)) // 2
    return name if len(name) <= most else f"{name[: most - len(dots) - half]}{dots}{name[-half:]}"


def apart(names: Sequence[str], most: int, dots: str = "…") -> list[str]:
    """The names in at most so many characters each: where they are longer, without the words that all begin and end
    with, so that they are still told apart."""
    if len(set(names)) < 2 or max(map(len, names)) <= most:
        return [short(name, most, dots) for name in names]
    words = [re.findall(r"[^\W_]+|[\W_]", name) for name in names]
    start = _common(words)
    end = _common([each[start:][::-1] for each in words])
    cut = ["".join(each[start : len(each) - end]) for each in words]
    return [short(f"{dots * (start > 0)}{name}{dots * (end > 0)}", most, dots) for name in cut]


def _common(words: Sequence[Sequence[str]]) -> int:
    """With how many words all begin, of which each keeps one."""
    least = min(map(len, words)) - 1
    return next((i for i in range(least) if len({each[i] for each in words}) > 1), max(0, least))


def percent(ratio: float) -> str:
    """Rounded so that what is not all never reads 100 %, and what is not nothing never 0 %."""
    text = f"{100 * ratio:.1f}"
    if text == "100.0" and ratio < 1:
        return "over 99.9 %"
    return "under 0.1 %" if text == "0.0" and ratio > 0 else f"{text} %"


def plain(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return repr(cell) if isinstance(cell, float) else str(cell)


def shown(cell: Cell, digits: int) -> str:
    """A cell as tables show it."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return f"{cell:.{digits}g}" if isinstance(cell, float) and digits < 17 else plain(cell)


def json_text(value: Any, indent: int | None = None) -> str:
    """JSON with every number at full precision; NaN and infinities, which JSON has not, as strings."""
    return json.dumps(_portable(value), indent=indent, ensure_ascii=False, allow_nan=False)


def _portable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _portable(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_portable(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def counted(count: int, things: str) -> str:
    """A number of things, whose word is given for several: "1 sample", "2 samples"."""
    return f"{count} {things.removesuffix('s') if count == 1 else things}"


def numbered(count: int) -> tuple[str, ...]:
    """The names of columns and neurons that have none: as frameworks count them."""
    return tuple(map(str, range(count)))
