"""What a user asks of the looks of figures: settings of matplotlib's, a font, the place of legends, mathematics."""

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

POINTS = 10.0  # of matplotlib's font.size, by which ours are scaled
FONT = "DejaVu Sans"  # which matplotlib brings

_LOOK: ContextVar[Look] = ContextVar("look", default=DEFAULT)


def asked() -> Look:
    """How what is drawn now is to look."""
    return _LOOK.get()


@contextmanager
def looking(look: Look) -> Iterator[Look]:
    """What is drawn, measured and written within looks so."""
    token = _LOOK.set(look)
    try:
        yield look
    finally:
        _LOOK.reset(token)


# Settings that are not about looks: they would name programs to run, or undo what makes the bytes the same.
_KEPT = ("animation.", "backend", "date.", "docstring", "figure.figsize", "interactive", "keymap.",
         "pgf.preamble", "savefig.", "svg.hashsalt", "text.latex", "text.parse_math", "text.usetex", "timezone",
         "toolbar", "webagg")  # fmt: skip


_OPTIONS = {"figure.figsize": "--size", "savefig.dpi": "--dpi"}  # what sets these instead


def settings(look: Look) -> dict[str, Any]:
    """The settings that are asked for, read as matplotlib reads them. Raises UsageError."""
    import matplotlib

    found: dict[str, Any] = {}
    for name, value in look.rc:
        if name not in matplotlib.rcParams or name.startswith(_KEPT):
            near = difflib.get_close_matches(name, [key for key in matplotlib.rcParams if not key.startswith(_KEPT)], 3)
            if name in _OPTIONS:
                raise UsageError(f"--rc {name} is not taken", f"{_OPTIONS[name]} of `actcli plot` sets it")
            hint = f"did you mean {' or '.join(near)}?" if near else "for example lines.linewidth=1 or font.size=8"
            raise UsageError(f"--rc {name}: there is no such setting of figures", hint)
        try:
            read: dict[Any, Any] = {**matplotlib.RcParams({name: value})}
            found |= read
        except (ValueError, TypeError) as error:
            raise UsageError(f"--rc {name}={value}: {short(str(error), 100)}", "matplotlib reads it so") from None
    if look.font:
        font_file(look.font, "normal")
    return found


def scale() -> float:
    """How large texts are, of those of ours, by the size of font that is asked for."""
    size = float(settings(asked()).get("font.size", POINTS))
    if not 1.0 <= size <= 100.0:
        raise UsageError(f"--rc font.size={size:g}", "give points from 1 to 100")
    return size / POINTS


def font_file(family: str, weight: str) -> str:
    """The file of a font. Raises UsageError where there is none."""
    from matplotlib.font_manager import FontProperties, findfont

    try:
        return str(findfont(FontProperties(family=family, weight=weight), fallback_to_default=False))
    except ValueError:
        raise UsageError(f"--font {family}: matplotlib finds no such font", "for example serif or monospace") from None


def math_width(text: str, font: Any) -> float:
    """Of a text with mathematics. Raises UsageError where matplotlib cannot read it."""
    from matplotlib.mathtext import MathTextParser

    try:
        return float(MathTextParser("path").parse(text, 72, font).width / 72.0)
    except ValueError as error:
        raise UsageError(f"{text}: {str(error).splitlines()[0]}", "write it as TeX, or leave out --math") from None


# What --math sets as mathematics: the names that figures give, and functions that TeX knows.
_SET = {
    "f(x)": "$f(x)$", "f'(x)": "$f'(x)$", "f''(x)": "$f''(x)$", "x": "$x$", "|f'|": "$|f'|$",
    **{name: f"$\\{name}$" for name in ("tanh", "sin", "cos", "sinh", "cosh", "exp", "log", "arctan")},
}  # fmt: skip


def typeset(text: str) -> str:
    """A name that figures give, as mathematics where that is asked for."""
    return _SET.get(text, text) if asked().math else text


def resize(figure: Figure, times: float) -> None:
    """The figure and its letters so many times as large; legends are drawn in their size."""
    from matplotlib.text import Text

    width, height = (float(side) for side in figure.get_size_inches())
    figure.set_size_inches(width * times, height * times)
    legends = [*figure.legends, *(axes.get_legend() for axes in figure.axes)]
    done = {text for legend in legends if legend is not None for text in legend.findobj(Text)}
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        ticks: Any = axis.get_major_ticks()
        if ticks:  # seen or not: by the size of the letters matplotlib chooses how many there are
            axis.set_tick_params(labelsize=ticks[0].label1.get_fontsize() * times)
        done |= {*axis.findobj(Text)} - {axis.label, axis.get_offset_text()}
    rest: set[Any] = {*figure.findobj(Text)} - done
    for text in rest:
        text.set_fontsize(text.get_fontsize() * times)
