"""Figures for papers: fonts, legends, matplotlib settings, mathematics, PostScript and TeX, one column wide."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from matplotlib.text import Text
from support.bounds import check
from support.run import DATA, Cli

import actcli
from actcli.analysis.titles import titles
from actcli.figures import style
from actcli.registry import specs

COLUMN = (3.3, 2.5)


def named(*functions: str) -> list[str]:
    return titles([function for spec in functions for function in specs.family(spec)])


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (("leaky_relu:0.1",), ["leaky_relu:0.1"]),
        (("leaky_relu:0.01|0.1",), ["leaky_relu:0.01", "leaky_relu:0.1"]),  # 0.01 is the default
        (("swish_beta:1.539184843486873", "relu"), ["swish_beta:1.539", "relu"]),
        (("elu:alpha=1.00001|1.00002",), ["elu:1.00001", "elu:1.00002"]),  # 4 digits do not tell them apart
        (("a*tanh(b*x):a=1|2,b=3",), ["a*tanh(b*x):a=1,b=3", "a*tanh(b*x):a=2,b=3"]),
    ],
)
def test_names_have_their_values(given: tuple[str, ...], wanted: list[str]) -> None:
    assert named(*given) == wanted


def test_eleven_functions_have_eleven_colours() -> None:
    for theme in (style.LIGHT, style.DARK):
        assert len({theme.order(number) for number in range(11)}) == 11


def look(**keywords: Any) -> Any:
    return actcli.plot("relu", "gelu", "tanh", order=1, panels="one").figure(**keywords)


def texts(figure: Any) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text)]


def test_legends_are_where_they_are_asked_for() -> None:
    outside, inside, none = (look(legend=place) for place in ("outside", "inside", "none"))
    assert outside.legends
    assert not inside.legends
    assert inside.axes[0].get_legend() is not None
    assert not none.legends
    assert none.axes[0].get_legend() is None


def test_a_setting_of_matplotlib_has_its_effect() -> None:
    figure = look(rc={"lines.linewidth": "0.7", "axes.grid": "True"})
    assert figure.axes[0].lines[-1].get_linewidth() == pytest.approx(0.7) or 0.7 in {
        line.get_linewidth() for line in figure.axes[0].lines
    }
    small, usual = (
        {text.get_fontsize() for text in look(rc={"font.size": size}).findobj(Text) if text.get_text() == "f(x)"}
        for size in ("5", "10")
    )
    assert small == {size / 2 for size in usual}


@pytest.mark.parametrize("legend", ["outside", "inside"])
def test_all_texts_are_scaled_by_the_same_factor(legend: str) -> None:
    """Labels and numbers of the axes, names of bars, legends and titles."""

    def sizes(points: str) -> list[float]:
        figure = actcli.plot("relu", "gelu", order=1).figure(rc={"font.size": points}, legend=legend)
        for axes in figure.axes:
            axes.get_xticklabels()  # sets the texts of the ticks
            axes.get_yticklabels()
        shown = [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]
        return sorted(text.get_fontsize() for text in shown)

    assert len(sizes("10")) > 12
    assert sizes("5") == pytest.approx([size / 2 for size in sizes("10")])


@pytest.mark.parametrize(("size", "points"), [((3.3, 3.5), "10"), ((3.3, 2.9), "7"), ((7.0, 5.0), "10")])
def test_panels_one_above_the_other_have_the_same_ticks(size: tuple[float, float], points: str) -> None:
    """The panels of f, of f' and of the vanishing regions share the numbers of the last."""
    from actcli.figures.looks import looking
    from actcli.figures.plot import curves
    from actcli.reports.look import Look

    families = [specs.family(spec) for spec in ("relu", "gelu", "silu", "tanh")]
    with looking(Look.of(rc={"font.size": points})):
        figure = curves(families, order=1, epsilon=1e-3, size=size)
    first, *others = ([*axes.get_xticks()] for axes in figure.axes)
    assert others == [first, first]


@pytest.mark.parametrize(
    ("setting", "match"),
    [
        ("lines.width=1", "no such setting.*\n.*lines.linewidth"),
        ("lines.linewidth=thick", "lines.linewidth=thick"),
        ("figure.figsize=3,4", "cannot set figure.figsize\n.*--size of `actcli plot`"),
        ("text.usetex=True", "no such setting"),
        ("backend=qtagg", "no such setting"),
        ("font.size=1000", "font.size=1000"),
    ],
)
def test_an_unknown_setting_is_refused(setting: str, match: str, cli: Cli, tmp_path: Path) -> None:
    message = cli.fails(2, "plot", "relu", "-o", str(tmp_path / "a.svg"), "--rc", setting)
    assert re.search(match, message)
    assert not [*tmp_path.iterdir()]


def test_a_missing_font_is_refused(cli: Cli, tmp_path: Path) -> None:
    assert "no such font" in cli.fails(2, "plot", "relu", "--font", "Nosuch", "-o", str(tmp_path / "a.svg"))
    serif = tmp_path / "serif.pdf"
    cli.ok("plot", "relu", "--font", "serif", "-o", str(serif))
    assert b"DejaVuSerif" in serif.read_bytes()


def test_mathematics_is_set_where_it_is_asked_for(cli: Cli, tmp_path: Path) -> None:
    """A title in TeX, labels of axes, and functions that TeX knows; without the option a $ is a $."""
    assert {r"$\tanh$", "$f(x)$", "$f'(x)$", "$x$", "relu"} <= {*texts(look(math=True)), "$f(x)$"}
    assert r"$\tanh$" not in texts(look())
    paths = [tmp_path / "plain.svg", tmp_path / "math.svg"]
    for path, more in zip(paths, ((), ("--math",)), strict=True):
        cli.ok("plot", "tanh", "--title", r"$\sigma^2$", "-o", str(path), *more)
    assert [r"<!-- $\sigma^2$ -->" in path.read_text() for path in paths] == [True, True]
    assert paths[0].read_text().count("<use") != paths[1].read_text().count("<use")
    message = cli.fails(2, "plot", "tanh", "--math", "--title", r"$\nosuch{$", "-o", str(tmp_path / "bad.svg"))
    assert "mathematics" in message


@pytest.mark.parametrize("layer", [(), ("-i", str(DATA / "relu_trained" / "layer1.csv"))])
def test_postscript_is_the_same_twice(layer: tuple[str, ...], cli: Cli, tmp_path: Path) -> None:
    one, two = tmp_path / "one.eps", tmp_path / "two.eps"
    for path in (one, two):
        cli.ok("plot", "relu", "tanh", *layer, "-o", str(path))
    assert one.read_bytes() == two.read_bytes()
    assert one.read_bytes().startswith(b"%!PS-Adobe-3.0 EPSF-3.0")
    assert b"CreationDate" not in one.read_bytes()


def test_postscript_has_no_transparency() -> None:
    """An opaque band would hide the line beneath it, so its colour is that over white."""
    figure = actcli.fit("elu", "gelu").figure()
    style.save(figure, ".eps")
    assert {line.get_alpha() for axes in figure.axes for line in axes.lines} == {None}


def test_tex_that_is_not_installed_is_named(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    message = cli.fails(2, "plot", "relu", "-o", str(tmp_path / "a.pgf"))
    assert "a .pgf needs TeX" in message
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("functions", [("gelu",), ("relu", "gelu"), ("elu:alpha=0.5|1|2",), ("sine",)])
@pytest.mark.parametrize("legend", ["outside", "inside"])
def test_nothing_is_cut_in_a_column(functions: tuple[str, ...], legend: str) -> None:
    """And no name is shortened: longer ones are wrapped."""
    from actcli.figures.looks import looking
    from actcli.figures.plot import curves
    from actcli.reports.look import Look

    families = [specs.family(spec) for spec in functions]
    for order, layout in ((0, "shared"), (1, "one")):
        with looking(Look.of(legend=legend, rc={"font.size": "8"})):
            figure = curves(families, order=order, epsilon=1e-3, size=COLUMN, layout=layout)  # type: ignore[arg-type]
        check(figure)
        assert not [text for text in texts(figure) if "…" in text]
