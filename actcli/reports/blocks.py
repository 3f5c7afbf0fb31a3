"""What a report is made of, whatever it is written as."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from actcli.measuring.layer import Input
from actcli.tables.sheet import Sheet
from actcli.text import Cell


@dataclass(frozen=True, slots=True)
class Run:
    """What was run, on what, and when."""

    command: str
    version: str
    date: str
    inputs: tuple[Input, ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict on something, with the reasons for it."""

    subject: str
    verdict: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Points:
    """Lines of a list, in an order that counts or not, under a line that introduces them."""

    title: str
    items: tuple[str, ...]
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """A table. With a `fold`, words to ask for it by, it is hidden until then."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[Sequence[Cell], ...]
    fold: str = ""

    @classmethod
    def of(cls, title: str, sheet: Sheet, fold: str = "") -> Grid:
        return cls(title, sheet.columns, tuple(sheet.rows), fold)


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure as SVG, for light and for dark pages; `name` tells it from the others of its report."""

    name: str
    caption: str
    light: bytes
    dark: bytes


Block: TypeAlias = str | Judgement | Points | Grid | Drawing


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """Verdicts stand first, then the sections."""

    title: str
    verdicts: tuple[Block, ...]
    sections: tuple[Section, ...]
