"""Text as roff source, in the man macros: ASCII, whatever it holds, and nothing in it is taken for a request."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable

Mark = Callable[[str], str]

SOURCE_WIDTH = 60  # escapes lengthen a line, and mandoc wants at most 80 bytes

_OPTION_OR_HYPHEN = re.compile(r"((?<![\w-])--?[A-Za-z][\w-]*|(?<=\w)-(?=[A-Za-z]))")
_OPTION_OR_VALUE = re.compile(r"(--?[A-Za-z][\w-]*|[A-Z]+(?: [A-Z]+)*)")
_ESCAPES = {"\\": "\\e", "-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti"}


def block(text: str, indent: int = 7) -> list[str]:
    """Lines that stay lines, as a paragraph. Others have an indent of 7, which leaves little room to wide lines."""
    inward = [f".in {indent}n"] if indent != 7 else []
    return [".PP", ".nf", *inward, *(guarded(literal(line)) for line in text.splitlines()), ".fi"]


def paragraph(text: str) -> list[str]:
    return [".PP", *filled(text)]


def filled(text: str, mark: Mark | None = None) -> list[str]:
    """Text to fill, each sentence on a line of its own: to roff a sentence ends where a line does."""
    return [
        guarded((mark or prose)(line))
        for sentence in re.split(r"(?<=[.?!])\s+(?=[A-Z\[])", text.strip())
        for line in textwrap.wrap(sentence, SOURCE_WIDTH, break_long_words=False, break_on_hyphens=False)
    ]


def items(tags: Mark, texts: Iterable[tuple[str, str]], mark: Mark | None = None) -> list[str]:
    """A list of tags, each with its text."""
    return [line for tag, text in texts for line in (".TP", tags(tag), *filled(text, mark))]


def guarded(line: str) -> str:
    # A dot that begins a line makes it a request; so would an apostrophe, but that is escaped everywhere.
    return "\\&" + line if line.startswith(".") else line


def signature(text: str) -> str:
    """Options are bold, what stands for a value is italic."""
    return _marked(_OPTION_OR_VALUE, text, lambda word: bold(word) if word[0] == "-" else f"\\fI{word}\\fR")


def prose(text: str) -> str:
    """Options are bold; between letters a hyphen is a hyphen, elsewhere it is a minus."""
    return _marked(_OPTION_OR_HYPHEN, text, lambda word: word if word == "-" else bold(word))


def _marked(pattern: re.Pattern[str], text: str, mark: Mark) -> str:
    return "".join(mark(part) if i % 2 else literal(part) for i, part in enumerate(pattern.split(text)))


def bold(text: str) -> str:
    return f"\\fB{literal(text)}\\fR"


def literal(text: str) -> str:
    """Text that prints as it is: roff would turn some ASCII marks into typographic ones."""
    return "".join(_ESCAPES.get(c) or (c if c.isascii() else f"\\[u{ord(c):04X}]") for c in text)
