"""The parts of a report, the same for every renderer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from actcli.reports.look import Theme
from actcli.tables.sheet import Sheet

if TYPE_CHECKING:
    from rich.console import RenderableType

    from actcli.measuring.layer import Input

Draw: TypeAlias = Callable[[Theme], bytes]  # -> SVG


class Run(NamedTuple):
    """The command that was run, its inputs, and when."""

    command: str
    version: str
    date: str
    inputs: tuple[Input, ...]


class Judgement(NamedTuple):
    """A verdict on something, with the reasons for it."""

    subject: str
    verdict: str
    reasons: tuple[str, ...]


class Points(NamedTuple):
    """A list, numbered if `ordered`, under a line that introduces it."""

    title: str
    items: tuple[str, ...]
    ordered: bool = False


class Grid(NamedTuple):
    """A table. With `fold`, the label of a button, it is hidden until the reader opens it."""

    title: str
    sheet: Sheet
    fold: str = ""


class Drawing(NamedTuple):
    """A figure with a `name` unique in its report. A terminal shows the `chart` in its place."""

    name: str
    caption: str
    draw: Draw
    chart: Callable[[], Iterable[RenderableType]] | None = None


Block: TypeAlias = str | Judgement | Points | Grid | Drawing


class Section(NamedTuple):
    """A titled part of a report; the first one has no title. A terminal leaves out sections for `reference`."""

    title: str
    blocks: tuple[Block, ...]
    reference: bool = False


class Report(NamedTuple):
    title: str
    sections: tuple[Section, ...]
