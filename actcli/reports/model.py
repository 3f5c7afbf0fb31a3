"""What a report is made of, whatever shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from actcli.reports.look import Theme
from actcli.tables.sheet import Sheet

if TYPE_CHECKING:
    from rich.console import RenderableType

    from actcli.measuring.layer import Input

Draw: TypeAlias = Callable[[Theme], bytes]  # -> SVG


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
    """Lines of a list, numbered or not, under a line that introduces them."""

    title: str
    items: tuple[str, ...]
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """A table. With a `fold`, words to ask for it by, it is hidden until then."""

    title: str
    sheet: Sheet
    fold: str = ""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure; `name` tells it from the others of its report. A terminal shows the `chart` in its place."""

    name: str
    caption: str
    draw: Draw
    chart: Callable[[], Iterable[RenderableType]] | None = None


Block: TypeAlias = str | Judgement | Points | Grid | Drawing


@dataclass(frozen=True, slots=True)
class Section:
    """The first of a report has no title. A terminal leaves out what is for `reference`."""

    title: str
    blocks: tuple[Block, ...]
    reference: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    title: str
    sections: tuple[Section, ...]
