"""The options of `plot`: derivatives, sweeps, panels, data, themes, sizes; and their errors."""

from __future__ import annotations

import re
import struct
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.run import DATA, Cli

from actcli.errors import UsageError
from actcli.figures import plot, style
from actcli.numerics.histogram import Histogram
from actcli.registry import specs
from actcli.registry.collection import ACTIVATIONS

EVERY = [[activation.bind()] for activation in ACTIVATIONS]


def draw(*names: str, **options: Any) -> Any:
    return plot.curves([specs.family(name) for name in names], **{"epsilon": 1e-3, **options})


def luminance(colour: Any) -> float:
    """The relative luminance of sRGB (IEC 61966-2-1)."""
    from matplotlib.colors import to_rgb

    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def labelled(axes: Any, name: str) -> Any:
    return next(line for line in axes.lines if line.get_label() == name)


@pytest.mark.parametrize(("order", "names"), [(0, ["f(x)"]), (1, ["f(x)", "f'(x)"]), (2, ["f(x)", "f'(x)", "f''(x)"])])
def test_order_is_the_number_of_panels(order: int, names: list[str]) -> None:
    """Down to tanh'' = -2 tanh (1 - tanh^2)."""
    axes = draw("tanh", order=order).axes
    assert [each.get_ylabel() for each in axes] == names
    line = labelled(axes[-1], "tanh")
    x, t = line.get_xdata(), np.tanh(line.get_xdata())
    expected = [t, 1 - t**2, -2 * t * (1 - t**2)][order]
    np.testing.assert_allclose(line.get_ydata(), expected, rtol=1e-9, atol=1e-12)
    assert len(x) >= 1000


@pytest.mark.parametrize("theme", style.THEMES)
def test_a_sweep_is_a_family_with_a_colour_bar(theme: str) -> None:
    """The bar names the values in order; the curves get steadily lighter or darker, and are visible."""
    figure = draw("elu:alpha=2|0.5|1", "tanh", theme=theme)
    upper, bar = figure.axes[0], next(axes for axes in figure.axes if axes.get_ylabel() == "elu: alpha")
    assert [text.get_text() for text in bar.get_yticklabels()] == ["0.5", "1", "2"]
    lines = [labelled(upper, f"elu:{value}") for value in ("0.5", "1", "2")]
    assert [line.get_ydata()[0] for line in lines] == pytest.approx([-0.5, -1.0, -2.0], abs=1e-3)
    lightness = [luminance(line.get_color()) for line in lines]
    assert min(np.diff(lightness)) > 0.03
    fields = [patch.get_facecolor() for patch in bar.patches]
    assert [luminance(field) for field in fields] == pytest.approx(lightness)
    background = luminance(figure.get_facecolor())
    for colour in [*lightness, luminance(labelled(upper, "tanh").get_color())]:
        contrast = (max(colour, background) + 0.05) / (min(colour, background) + 0.05)
        assert contrast > 1.5
    assert [text.get_text() for text in figure.legends[0].texts] == ["tanh", "kink (f' jumps)"]


def test_separate_panels_hold_a_function_each() -> None:
    """With its derivatives, its own regions and its own y axis."""
    figure = draw("sigmoid", "relu", "elu:alpha=1|2", order=1, layout="separate")
    assert [axes.get_title(loc="left") for axes in figure.axes[:3]] == ["sigmoid", "relu", "elu"]
    sigmoid, relu, elu = figure.axes[:3]
    tops = [max(np.nanmax(line.get_ydata()) for line in axes.lines[2:]) for axes in (sigmoid, relu)]
    assert tops[0] == pytest.approx(1.0, abs=1e-3)
    assert tops[1] > 4
    shades = [[(p.get_x(), p.get_x() + p.get_width()) for p in axes.patches] for axes in (relu, elu)]
    left = relu.get_xlim()[0]
    assert shades[0] == [(left, 0.0)]
    # Of elu where both vanish: alpha e^x < 1e-3.
    assert shades[1] == [(left, pytest.approx(np.log(1e-3 / 2)))]


def test_data_lie_under_the_curve() -> None:
    """The bars are the histogram of the values over the same x axis; the vanishing part is dark, and its share is
    printed."""
    x = np.random.default_rng(5).normal(-1.0, 2.0, 40_000)
    figure = draw("relu", data=[("layer $1$", Histogram.of(x))])
    upper, strip = figure.axes
    assert upper.get_xlim() == strip.get_xlim()
    whole, dark = (patch.get_data() for patch in strip.patches[:2])
    counts, _ = np.histogram(x, whole.edges)
    heights = whole.baseline - whole.values
    np.testing.assert_allclose(heights / heights.max(), counts / counts.max(), atol=0.03)
    share = (dark.baseline - dark.values).sum() / heights.sum()
    assert share == pytest.approx((x <= 0).mean(), abs=0.005)
    (label,) = [text.get_text() for text in strip.get_yticklabels()]
    assert label.splitlines()[:2] == ["layer $1$", f"{100 * (x <= 0).mean():.1f} % shaded"]


@pytest.mark.exhaustive
@pytest.mark.parametrize(("theme", "layout"), [*product(style.THEMES, ("shared", "separate", "one"))])
def test_every_function_can_be_drawn(theme: str, layout: Any) -> None:
    """The whole registry in one figure, in each theme, to the second derivative."""
    figure = plot.curves(EVERY, order=2, epsilon=1e-3, theme=theme, layout=layout)
    assert style.save(figure, "png", dpi=20).startswith(b"\x89PNG")
    panels = [axes for axes in figure.axes if len(axes.lines) > 2]
    assert len(panels) == ({"shared": 3, "separate": len(EVERY), "one": 1}[layout])


@pytest.mark.parametrize(("size", "dpi"), [((7.0, 5.0), 100), ((4.5, 3.25), 80)])
def test_size_and_dpi_are_the_pixels(size: tuple[float, float], dpi: int) -> None:
    """Width and height in the header of the PNG."""
    data = style.save(draw("relu", "tanh", size=size), ".png", dpi=dpi)
    assert struct.unpack(">II", data[16:24]) == (size[0] * dpi, size[1] * dpi)


@pytest.mark.parametrize("layout", ["shared", "separate", "one"])
def test_a_size_that_is_too_small_is_an_error(layout: Any) -> None:
    """It names a size that is large enough."""
    with pytest.raises(UsageError, match="too small") as caught:
        draw("relu", "tanh", order=2, size=(2, 1), layout=layout)
    least = [float(side) for side in re.findall(r"[\d.]+", caught.value.hint)[:2]]
    draw("relu", "tanh", order=2, size=(least[0], least[1]), layout=layout)


def test_a_png_is_not_larger_than_memory() -> None:
    """At most a hundred million pixels."""
    with pytest.raises(UsageError, match="too large"):
        style.save(draw("relu", size=(50, 50)), "png", dpi=1200)


@pytest.mark.parametrize("theme", style.THEMES.values())
def test_saturated_values_are_visible_in_grey(theme: style.Theme) -> None:
    """By a contrast (WCAG 2) of 1.25 to the other values, and of these to the paper."""
    grey = luminance(theme.data) + 0.05
    for other in (theme.low, theme.high, theme.background):
        darker, lighter = sorted((grey, luminance(other) + 0.05))
        assert lighter > 1.25 * darker


def test_title_and_names_are_literal() -> None:
    """A $ is a $, and a missing glyph gives no warning (warnings are errors in these tests)."""
    figure = draw("relu", title="$x_0$ \U0001f600 {", data=[("a$b^$", Histogram.of(np.ones(3)))])
    assert "$x_0$ \U0001f600 {" in [text.get_text() for text in figure.texts]
    assert style.save(figure, "svg")


def test_plot_at_the_command_line(cli: Cli, tmp_path: Path) -> None:
    """All options together; the same command writes the same bytes."""
    args = ["plot", "relu", "elu:0.5|2", "--order", "2", "--panels", "separate", "--style", "dark", "--size", "8x6",
            "--dpi", "50", "--title", "A title", "-i", str(DATA / "relu_trained" / "layer1.csv")]  # fmt: skip
    for name in ("a.png", "b.png"):
        assert cli.ok(*args, "-o", str(tmp_path / name)) == ""
    data = (tmp_path / "a.png").read_bytes()
    assert data == (tmp_path / "b.png").read_bytes()
    assert struct.unpack(">II", data[16:24]) == (400, 300)


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (["relu", "--size", "7"], "7x5"),
        (["relu", "--size", "0x5"], "at most 100"),
        (["relu", "--size", "nanx5"], "at most 100"),
        (["relu", "--style", "pink"], "pink"),
        (["relu", "--dpi", "0"], "dpi"),
        (["relu", "--order", "3"], "3"),
        (["relu", "--range", "4:-4"], "START below STOP"),
        (["relu", "--panels", "both"], "both"),
        (["elu:1|1"], "twice"),
        (["relu", "--size", "1x1"], "too small"),
    ],
)
def test_bad_options_are_errors(cli: Cli, tmp_path: Path, args: list[str], word: str) -> None:
    """With status 2, and no file is made."""
    target = tmp_path / "a.png"
    assert word in cli.fails(2, "plot", *args, "-o", str(target))
    assert not target.exists()


def test_a_file_that_cannot_be_written_is_an_error(cli: Cli, tmp_path: Path) -> None:
    """With status 1, like one that cannot be read."""
    assert "cannot be written" in cli.fails(1, "plot", "relu", "-o", str(tmp_path / "none" / "a.png"))
    assert "none.csv" in cli.fails(1, "plot", "relu", "-i", str(tmp_path / "none.csv"))


@pytest.mark.parametrize("option", [("--size", "7x5"), ("--title", "A"), ("--panels", "separate"), ("--dpi", "150")])
def test_options_of_figures_are_refused_for_a_chart(cli: Cli, option: tuple[str, str]) -> None:
    """They would have no effect in the terminal."""
    assert option[0] in cli.fails(2, "plot", "relu", *option)
