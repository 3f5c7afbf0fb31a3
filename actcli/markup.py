"""Text from outside, such as names of files and columns, as terminals, reports and tables of Markdown show it."""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"[\\`*{}\[\]<>|&~$#]|(?<![^\W_])_|_(?![^\W_])")  # one _ within a word means nothing


def visible(text: str) -> str:
    """The text in one line; what cannot be seen, or cannot be encoded, by its number."""
    return "".join(c if c.isprintable() else " " if c.isspace() else _numbered(ord(c)) for c in text)


def _numbered(code: int) -> str:
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a file's name that is no UTF-8
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def markdown(text: str) -> str:
    """The text as it is, to a reader of Markdown, to whom blanks at its ends would be code or a break."""
    return _SPECIAL.sub(r"\\\g<0>", visible(text).strip())
