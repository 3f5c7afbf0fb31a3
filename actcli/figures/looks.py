"""The look that a user asks for: matplotlib settings, font, place of legends, mathematics."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from actcli.errors import UsageError
from actcli.reports.look import DEFAULT, Look
from actcli.text import short

if TYPE_CHECKING:
    from matplotlib.figure import Figure

POINTS = 10.0  # matplotlib's default font.size, which our sizes are relative to
FONT = "DejaVu Sans"  # ships with matplotlib

_LOOK: ContextVar[Look] = ContextVar("look", default=DEFAULT)


def asked() -> Look:
    """The look of the figure being drawn."""
    return _LOOK.get()


@contextmanager
def looking(look: Look) -> Iterator[Look]:
    """Draw, measure and write with this look inside the context."""
    token = _LOOK.set(look)
    try:
        yield look
    finally:
        _LOOK.reset(token)


# Settings that are not about the look: they would name programs to run, or make the bytes of a figure differ.
_KEPT = ("animation.", "backend", "date.", "docstring", "figure.figsize", "interactive", "keymap.",
         "pgf.preamble", "savefig.", "svg.hashsalt", "text.latex", "text.parse_math", "text.usetex", "timezone",
         "toolbar", "webagg")  # fmt: skip


_OPTIONS = {"figure.figsize": "--size", "savefig.dpi": "--dpi"}  # the options that set these instead


def settings(look: Look) -> dict[str, Any]:
    """The settings asked for, parsed by matplotlib. Raises UsageError for one that it does not know or cannot parse."""
    import matplotlib

    found: dict[str, Any] = {}
    for name, value in look.rc:
        if name not in matplotlib.rcParams or name.startswith(_KEPT):
            near = difflib.get_close_matches(name, [key for key in matplotlib.rcParams if not key.startswith(_KEPT)], 3)
            if name in _OPTIONS:
                raise UsageError(f"--rc cannot set {name}", f"use {_OPTIONS[name]} of `actcli plot`")
            hint = f"did you mean {' or '.join(near)}?" if near else "for example lines.linewidth=1 or font.size=8"
            raise UsageError(f"--rc {name}: no such setting of figures", hint)
        try:
            read: dict[Any, Any] = {**matplotlib.RcParams({name: value})}
            found |= read
        except (ValueError, TypeError) as error:
            raise UsageError(f"--rc {name}={value}: {short(str(error), 100)}", "see matplotlib's rcParams") from None
    if look.font:
        font_file(look.font, "normal")
    return found


def scale() -> float:
    """The factor by which texts are larger than ours, from the font size asked for."""
    size = float(settings(asked()).get("font.size", POINTS))
    if not 1.0 <= size <= 100.0:
        raise UsageError(f"--rc font.size={size:g}", "give points from 1 to 100")
    return size / POINTS


def font_file(family: str, weight: str) -> str:
    """The file of a font. Raises UsageError if matplotlib finds none."""
    from matplotlib.font_manager import FontProperties, findfont

    try:
        return str(findfont(FontProperties(family=family, weight=weight), fallback_to_default=False))
    except ValueError:
        raise UsageError(f"--font {family}: matplotlib finds no such font", "for example serif or monospace") from None


def math_width(text: str, font: Any) -> float:
    """The width in inches of a text with mathematics. Raises UsageError if matplotlib cannot parse it."""
    from matplotlib.mathtext import MathTextParser

    try:
        return float(MathTextParser("path").parse(text, 72, font).width / 72.0)
    except ValueError as error:
        raise UsageError(f"{text}: {str(error).splitlines()[0]}", "write it as TeX, or leave out --math") from None


# The texts that --math typesets: the labels of figures, and functions that TeX knows.
_SET = {
    "f(x)": "$f(x)$", "f'(x)": "$f'(x)$", "f''(x)": "$f''(x)$", "x": "$x$", "|f'|": "$|f'|$",
    **{name: f"$\\{name}$" for name in ("tanh", "sin", "cos", "sinh", "cosh", "exp", "log", "arctan")},
}  # fmt: skip


def typeset(text: str) -> str:
    """A label of figures, as mathematics if that is asked for."""
    return _SET.get(text, text) if asked().math else text


def resize(figure: Figure, times: float) -> None:
    """Make the figure and its texts this many times as large, except legends, which are already drawn to size."""
    from matplotlib.text import Text

    width, height = (float(side) for side in figure.get_size_inches())
    figure.set_size_inches(width * times, height * times)
    legends = [*figure.legends, *(axes.get_legend() for axes in figure.axes)]
    done = {text for legend in legends if legend is not None for text in legend.findobj(Text)}
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        ticks: Any = axis.get_major_ticks()
        if ticks:  # visible or not: matplotlib chooses their number by the size of the labels
            axis.set_tick_params(labelsize=ticks[0].label1.get_fontsize() * times)
        done |= {*axis.findobj(Text)} - {axis.label, axis.get_offset_text()}
    rest: set[Any] = {*figure.findobj(Text)} - done
    for text in rest:
        text.set_fontsize(text.get_fontsize() * times)
