"""The terminal charts: never too wide, readable without colour, and right."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest

from actcli import charts, registry

SEVERAL = (
    "relu",
    "sigmoid",
    "tanh",
    "gelu",
    "silu",
    "mish",
    "elu",
    "leaky_relu:negative_slope=0.2",
    "softmax",
)


def draw(*names: str, **options: Any) -> str:
    defaults: dict[str, Any] = {
        "order": 1,
        "epsilon": 1e-3,
        "span": None,
        "width": 80,
        "height": 24,
        "colour": False,
        "unicode": True,
    }
    return charts.curves([registry.get(name) for name in names], **(defaults | options))


@pytest.mark.parametrize("unicode", [True, False])
@pytest.mark.parametrize("names", [("relu",), SEVERAL])
def test_width_is_never_exceeded(names: tuple[str, ...], unicode: bool) -> None:
    """From 30 to 200 columns no line is longer than asked for, and the axis uses all of them."""
    for width in range(30, 201, 7):
        lines = draw(*names, width=width, unicode=unicode).splitlines()
        assert max(map(len, lines)) == width


@pytest.mark.parametrize("names", [("relu",), ("relu", "sigmoid", "silu"), SEVERAL[:7]])
@pytest.mark.parametrize("order", [0, 1])
def test_a_chart_fits_a_small_terminal(names: tuple[str, ...], order: int) -> None:
    """At 80x24 the whole chart is seen at once."""
    assert len(draw(*names, order=order).splitlines()) <= 24


def test_plain_charts_have_no_escape_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without colour there is no control character but the newline, whatever the environment says."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", draw(*SEVERAL))


def test_colour_changes_nothing_but_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    """A coloured chart without its escape codes is the plain chart."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = draw(*SEVERAL, colour=True)
    assert "\x1b[38;5;33m" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == draw(*SEVERAL)


def test_ascii_is_ascii() -> None:
    """Where the encoding has no braille, the curves are drawn in letters."""
    assert draw(*SEVERAL, unicode=False).isascii()


def test_every_curve_shows_its_letter() -> None:
    """Letters tell curves apart, even where they lie on top of each other."""
    chart = draw(*SEVERAL[:7], order=0)
    picture = "".join(line.partition("│")[2] for line in chart.splitlines())
    assert set("abcdefg") <= set(picture)


def test_legend_names_regions_and_kinks() -> None:
    """Each function has a line with its letter, its vanishing regions and its kinks."""
    lines = draw("relu", "sigmoid", "gelu", "identity").splitlines()
    assert lines[-4:] == [
        "a relu      |f'| < 0.001: x <= 0, kink at 0",
        "b sigmoid   |f'| < 0.001: x <= -6.906 or x >= 6.906",
        "c gelu      |f'| < 0.001: x <= -3.81 or -0.7541 <= x <= -0.7495",
        "d identity  |f'| < 0.001: nowhere",
    ]


def test_curves_are_where_they_belong() -> None:
    """The identity runs from corner to corner, with its ends labelled on both axes."""
    lines = draw("identity", order=0, unicode=False, span=(-4, 4), width=30, height=12).splitlines()
    box = [line.partition("|")[2] or line.partition("+")[2] for line in lines[1:10]]
    columns = [(row.index("*"), row.rindex("*")) for row in box if "*" in row]
    assert columns[0][1] == max(map(len, box)) - 1
    assert columns[-1][0] == 0
    assert all(low[0] >= high[1] for low, high in pairwise(columns))


def test_derivative_is_not_joined_across_a_kink() -> None:
    """relu' jumps from 0 to 1: nothing is drawn in between."""
    lines = draw("relu", span=(-5, 5)).splitlines()
    panel = lines[lines.index("f'(x)") + 1 :]
    rows = [line.partition("┤")[2] or line.partition("│")[2] for line in panel if "│" in line or "┤" in line]
    assert [bool(row) for row in rows].count(True) == 2


def test_an_explosion_is_cut() -> None:
    """A function that leaves the picture does not flatten the rest, nor take for ever."""
    chart = draw("leaky_relu:negative_slope=1e100", "sigmoid", order=0)
    assert "-80┤" in chart
