"""The style of figures, and how they are saved: the same figure gives the same bytes."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from actcli.errors import UsageError
from actcli.figures.looks import FONT, POINTS, asked, font_file, math_width, settings
from actcli.figures.portable import for_tex, make_opaque
from actcli.text import short, visible

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Figure  # re-exported for callers

METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": {"Creator": None, "Date": None},
    "pdf": {"Creator": None, "Producer": None, "CreationDate": None},
    "eps": {"Creator": "actcli"},
    "pgf": {},
}
# Their number differs from that of a theme's colours, so that pairs repeat late; gaps show the curves beneath.
DASHES = ((), (6, 2), (2, 1.5), (8, 2, 2, 2), (1, 1.2), (10, 3), (5, 1.5, 1, 1.5, 1, 1.5), (3, 3))
SMALL = 8.5  # points
DPI = 150
MOST_PIXELS = 100_000_000


class Theme(NamedTuple):
    """Colours. `sequence` is for curves; `ramp` and `share` name a perceptually uniform map and the part of it that is
    visible on the background; `low` and `high` are the saturated sides, which differ in lightness from `data`."""

    background: str
    text: str
    muted: str
    shade: str
    edge: str
    data: str
    low: str
    high: str
    dead: str
    dormant: str
    sequence: tuple[str, ...]
    ramp: tuple[str, float, float]
    share: tuple[str, float, float]

    def order(self, number: int) -> str:
        """The colour of a curve by its number."""
        return self.sequence[number % len(self.sequence)]

    def colours(self, ramp: tuple[str, float, float], count: int) -> list[Any]:
        """`count` colours of a ramp, from its start to its end."""
        import matplotlib

        name, start, stop = ramp
        step = (stop - start) / max(1, count - 1)
        return [matplotlib.colormaps[name](start + step * i) for i in range(count)]


# Okabe and Ito's colours for the colour-blind, without their yellow, which is lost on white; then four more, so that
# eleven functions have eleven colours.
LIGHT = Theme(
    background="#FFFFFF", text="#1A1A1A", muted="#808080", shade="#E4E4E4", edge="#C4C4C4", data="#BCC4CD",
    low="#0072B2", high="#E69F00", dead="#1A1A1A", dormant="#D55E00",
    sequence=("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000",
              "#6A3D9A", "#8C510A", "#8A8A8A", "#B2182B"),
    ramp=("viridis", 0.0, 0.88), share=("Blues", 0.04, 0.75),
)  # fmt: skip
DARK = Theme(
    background="#16181D", text="#E8E8E8", muted="#8A8F98", shade="#33373F", edge="#4A4F59", data="#6B7480",
    low="#56B4E9", high="#F0A020", dead="#FFFFFF", dormant="#FF8A4C",
    sequence=("#56B4E9", "#FF8A4C", "#2BC79A", "#E29AC4", "#F0E442", "#8FA8FF", "#FFFFFF",
              "#B39DDB", "#C99A5B", "#9AA0A6", "#FF6E6E"),
    ramp=("viridis", 0.32, 1.0), share=("Blues_r", 0.05, 0.5),
)  # fmt: skip
GREY = Theme(
    background="#FFFFFF", text="#000000", muted="#808080", shade="#E8E8E8", edge="#B8B8B8", data="#A8A8A8",
    low="#404040", high="#D8D8D8", dead="#000000", dormant="#FFFFFF",
    sequence=("#000000", "#707070", "#A0A0A0"),
    ramp=("Greys_r", 0.0, 0.6), share=("Greys", 0.1, 0.6),
)  # fmt: skip
THEMES = {"light": LIGHT, "dark": DARK, "grey": GREY}


@contextmanager
def styled(theme: Theme = LIGHT) -> Iterator[None]:
    """Use matplotlib's defaults with our settings, whatever the user's matplotlibrc says."""
    import matplotlib

    look = asked()
    # Not rcdefaults(), which reads every style that ships with matplotlib.
    ours: dict[Any, Any] = {
        **matplotlib.rcParamsDefault,
        "svg.hashsalt": "actcli",
        "pdf.fonttype": 42,
        "text.parse_math": look.math,  # off by default: names of files and columns may contain a $
        "font.family": [look.font or FONT],
        "mathtext.fontset": "dejavuserif" if "serif" in look.font.lower().replace("sans-serif", "") else "dejavusans",
        "lines.linewidth": 1.8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "legend.frameon": False,
        "figure.facecolor": theme.background,
        "axes.facecolor": theme.background,
        "axes.edgecolor": theme.muted,
        "axes.labelcolor": theme.text,
        "text.color": theme.text,
        "hatch.color": theme.muted,
    }
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # a title may hold any character
        matplotlib.rcParams.update({name: value for name, value in ours.items() if name != "backend"})
        more: dict[Any, Any] = settings(look)
        matplotlib.rcParams.update({**more, "font.size": POINTS})  # `resize` applies the size asked for
        yield


def printable(text: str) -> str:
    """The text with control characters, and bytes that are not UTF-8, as escapes. `save` does this to all texts but the
    labels of ticks, which matplotlib creates when it draws."""
    return "\n".join(map(visible, text.split("\n")))


def text_width(texts: Sequence[str], size: float = 10.0, weight: str = "normal") -> float:
    """The width in inches of the widest of the texts."""
    look = asked()
    family = look.font or FONT
    return max((_width(text, size, weight, family, look.math and "$" in text) for text in texts), default=0.0)


@lru_cache(maxsize=1 << 13)
def _width(text: str, size: float, weight: str, family: str, math: bool) -> float:
    from matplotlib.font_manager import FontProperties, get_font

    if math:
        return math_width(text, FontProperties(family=family, weight=weight, size=size))
    font = get_font(font_file(family, weight))
    font.set_size(10.0 * size, 72.0)  # large, because widths are rounded to whole pixels
    font.set_text(printable(text))
    return float(font.get_width_height()[0] / 64.0 / 720.0)


def fitting(text: str, inches: float, size: float = 10.0, weight: str = "normal") -> str:
    """The text, without its middle if it is wider than `inches`."""
    shown = text
    if asked().math and "$" in text:  # a shortened formula would be invalid
        return text
    while len(shown) > 3 and (wide := text_width([shown], size, weight)) > inches:
        shown = short(text, max(3, int(len(shown) * inches / wide)))
    return shown


# Blanks followed by an even number of $.
_OUTSIDE_MATHS = re.compile(r"\s+(?=(?:[^$]*\$[^$]*\$)*[^$]*$)")


def wrapped(text: str, inches: float, size: float) -> str:
    """The text in lines at most `inches` wide."""
    lines = []
    for given in text.splitlines():
        line = ""
        for word in (_OUTSIDE_MATHS if asked().math else re.compile(r"\s+")).split(given.strip()):
            if line and text_width([f"{line} {word}"], size) > inches:
                lines.append(line)
                line = ""
            line = f"{line} {fitting(word, inches, size)}".strip()
        lines.append(line)
    return "\n".join(lines)


def save(figure: Figure, path_suffix: str, *, dpi: float = DPI) -> bytes:
    """The figure as a file of one of the kinds in METADATA; the same figure gives the same bytes.

    Raises UsageError for another suffix, for a PNG of more than MOST_PIXELS, and for `.pgf` without TeX.
    """
    from matplotlib.text import Text

    kind = path_suffix.lower().removeprefix(".")
    if kind not in METADATA:
        raise UsageError(f"a figure cannot be written as {path_suffix!r}", f"use .{', .'.join(METADATA)}")
    width, height = (float(side * dpi) for side in figure.get_size_inches())
    if kind == "png" and width * height > MOST_PIXELS:
        raise UsageError(
            f"a PNG of {width:.0f} x {height:.0f} pixels is too large", "use a smaller --dpi, or write .svg or .pdf"
        )
    for text in figure.findobj(Text):
        text.set_text(printable(text.get_text()))
    file = io.BytesIO()
    # Run lengths (zlib.Z_RLE) take three quarters of the default's time and 1 % more bytes.
    options: dict[str, Any] = {"pil_kwargs": {"compress_type": 3}} if kind == "png" else {}
    if METADATA[kind]:
        options["metadata"] = METADATA[kind]
    if kind == "pgf":
        for_tex(figure)
    if kind == "eps":
        make_opaque(figure)
    with styled():
        try:
            figure.savefig(file, format=kind, dpi=dpi, facecolor=figure.get_facecolor(), **options)
        except ValueError as error:
            if not asked().math:
                raise
            what = f"matplotlib cannot typeset this as mathematics: {' '.join(str(error).split())}"
            raise UsageError(short(what, 120), "correct it, or leave out --math") from None
        except RuntimeError as error:  # from TeX, which measures the texts of .pgf
            if kind != "pgf":
                raise
            what = f"a .pgf needs TeX: {short(str(error).splitlines()[0], 80)}"
            raise UsageError(what, "install xelatex, or write .pdf or .eps") from None
    # Remove the only date in a PostScript file.
    return re.sub(rb"(?m)^%%CreationDate: .*\n", b"", file.getvalue(), count=1) if kind == "eps" else file.getvalue()
