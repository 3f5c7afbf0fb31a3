"""The terminal charts: never too wide, readable without colour, and right."""

from __future__ import annotations

import re
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.cells import cell_len
from support.run import DATA, Cli, Process
from support.sweep import part

from actcli.numerics.histogram import Histogram
from actcli.registry import specs
from actcli.reports import charts
from actcli.reports.console import console_text
from actcli.reports.terminal import table
from actcli.tables.sheet import Sheet

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
    return charts.curves([specs.get(name) for name in names], **(defaults | options))


@pytest.mark.sweep
@pytest.mark.parametrize("unicode", [True, False])
@pytest.mark.parametrize("names", [("relu",), SEVERAL])
def test_width_is_never_exceeded(names: tuple[str, ...], unicode: bool) -> None:
    """From 30 to 200 columns no line is too long, and the axis uses all of them."""
    for width in part(range(30, 201, 7), 6):
        lines = draw(*names, width=width, unicode=unicode).splitlines()
        assert max(map(len, lines)) == width


@pytest.mark.parametrize("names", [("relu",), ("relu", "sigmoid", "silu"), SEVERAL[:7]])
@pytest.mark.parametrize("order", [0, 1])
def test_a_chart_fits_a_small_terminal(names: tuple[str, ...], order: int) -> None:
    """At 80x24 the whole chart is visible at once."""
    assert len(draw(*names, order=order).splitlines()) <= 24


def test_plain_charts_have_no_escape_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without colour the only control character is the newline, whatever the environment says."""
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
    """If the encoding has no braille, curves are drawn in letters."""
    assert draw(*SEVERAL, unicode=False).isascii()


def test_every_curve_shows_its_letter() -> None:
    """Letters distinguish curves, even if they overlap."""
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
    """A function that leaves the picture neither flattens the rest nor takes for ever."""
    chart = draw("leaky_relu:negative_slope=1e100", "sigmoid", order=0)
    assert "-80┤" in chart


def test_second_derivatives_have_a_panel() -> None:
    """f, f' and f'' one below the other."""
    lines = draw("tanh", order=2, height=40).splitlines()
    assert [line for line in lines if line.startswith("f")] == ["f(x)", "f'(x)", "f''(x)"]


@pytest.mark.parametrize("unicode", [True, False])
def test_bars_are_as_high_as_their_counts(unicode: bool) -> None:
    """Eight heights; no value is blank, a small one is not; marked if more than half is."""
    whole, dotted = (charts.BARS, charts.MARKED) if unicode else (charts.PLAIN_BARS, charts.PLAIN_MARKED)
    counts = np.array([0.0, 1.0, 12.0, 50.0, 99.0, 100.0, 0.4])
    heights = [0, 1, 1, 4, 8, 8, 0]
    assert charts.bars(counts, np.zeros(7), unicode) == "".join(whole[height] for height in heights)
    assert charts.bars(counts, 0.6 * counts, unicode) == "".join(dotted[height] for height in heights)
    assert charts.bars(counts, 0.4 * counts, unicode) == charts.bars(counts, np.zeros(7), unicode)
    assert charts.bars(np.zeros(3), np.zeros(3), unicode) == "   "


@pytest.mark.parametrize("unicode", [True, False])
def test_data_lie_under_the_chart(unicode: bool) -> None:
    """On the same axis: half of a uniform distribution is left of relu's kink, and dotted, as the legend says."""
    values = Histogram.of(np.linspace(-4.0, 4.0, 8001))
    chart = draw("relu", span=(-4, 4), data=[("layer1", values), ("none", Histogram.empty())], unicode=unicode)
    *_, one, two, _, told, nothing = chart.splitlines()
    dotted, whole = (
        (charts.MARKED[-1], charts.BARS[-1]) if unicode else (charts.PLAIN_MARKED[-1], charts.PLAIN_BARS[-1])
    )
    bars = one.split()[1]
    assert one.split()[0] == "1"
    assert two.split() == ["2"]
    assert abs(bars.count(dotted) - bars.count(whole)) <= 2
    assert bars.strip(dotted).strip(whole) == ""
    assert re.match(r"1 layer1  50\.\d % where \|f'\| < 0\.001", told)
    assert nothing == "2 none  no values"
    for width in range(40, 120, 9):
        lines = draw("relu", "gelu", data=[("a" * 90, values)] * 3, width=width, unicode=unicode).splitlines()
        assert max(map(len, lines)) == width


@pytest.mark.sweep
@pytest.mark.parametrize(("columns", "encoding"), part([*product((40, 80, 100, 200), ("utf-8", "ascii"))], 5))
def test_saturation_shows_a_line_of_bars_per_layer(process: Process, columns: int, encoding: str) -> None:
    """In the terminal's width and characters, and only on the page: other formats do not measure it."""
    paths = [str(DATA / "relu_trained" / f"layer{i}.csv") for i in (1, 2, 3)]
    rest = {"COLUMNS": str(columns), "PYTHONIOENCODING": encoding}
    lines = process.ok("saturation", "relu", *paths, "-f", "table", **rest).splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("Pre-activations"))
    bars = [line for line in lines[first:] if re.match(r"layer\d  ", line)][:3]
    assert [line.split()[0] for line in bars] == ["layer1", "layer2", "layer3"]
    dotted = charts.MARKED if encoding == "utf-8" else charts.PLAIN_MARKED
    assert all(dotted[-1] in line for line in bars)
    assert max(map(len, bars)) <= min(columns, 100)
    assert "Pre-activations" not in process.ok("saturation", "relu", *paths, "-f", "markdown")


def test_names_that_are_wide_and_layers_without_values(cli: Cli, tmp_path: Path) -> None:
    """Bars begin in one column, whatever the names are; the ends of an axis are left out if nothing is on it."""
    names = ["plain", "激活" * 12, "层", "void"]
    for name in names:
        rows = [",\n" if name == "void" else f"{i / 4},{1 / (i + 20)}\n" for i in range(-10, 11)]
        (tmp_path / f"{name}.csv").write_text("".join(["x,y\n", *rows]))
    paths = [str(tmp_path / f"{name}.csv") for name in names]
    text = cli.ok("saturation", "relu", *paths, "-f", "table", COLUMNS="80")
    _, _, *lines = text[text.index("Pre-activations") :].splitlines()
    bars = lines[: len(names)]
    assert max(map(cell_len, bars)) <= 80
    names_of_bars = [re.split(f"[{charts.BARS[1:]}{charts.MARKED[1:]}]", line)[0] for line in bars[:3]]
    assert len(set(map(cell_len, names_of_bars))) == 1
    assert bars[3].split() == ["void", "no", "values"]


@pytest.mark.parametrize("columns", [40, 50, 60, 70, 79])
def test_a_narrow_terminal_breaks_no_number(cli: Cli, columns: int) -> None:
    """Cells have all their characters; columns without room are left out visibly."""
    paths = [str(DATA / "relu_trained" / f"layer{i}.csv") for i in (1, 2, 3)]
    narrow, whole = (cli.ok("saturation", "relu", *paths, "-f", "table", COLUMNS=str(n)) for n in (columns, 500))
    tables = re.findall(r"─\n((?:layer.*\n)+)", narrow)
    assert len(tables) == 3
    assert max(map(len, "".join(tables).splitlines())) <= columns
    assert set("".join(tables).split()) <= {*whole.split(), "..."}
    verdicts = [line.split()[-1] for line in tables[0].splitlines()]
    assert verdicts == ["ok"] * 3


def test_a_table_keeps_to_the_width_whatever_its_columns_are_called() -> None:
    """Names in the head are wrapped, even in a table without rows."""
    for rows in ([], [[1.25, None, 2.0, -3.5]]):
        shown = console_text([table(Sheet(("a" * 90, " ", "", "b" * 30), rows), 6, width=36)]).decode()
        assert max(map(len, shown.splitlines())) <= 36
        assert all(figure in shown for figure in ("1.25", "-3.5")) or not rows
