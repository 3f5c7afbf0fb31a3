"""The figures: what is drawn, where it is shaded, and that the same figure gives the same file."""

from __future__ import annotations

import hashlib
import math
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from support.run import ROOT

from actcli.analysis import curves
from actcli.errors import UsageError
from actcli.figures import plot, style
from actcli.registry import specs

SEVERAL = ("relu", "sigmoid", "tanh", "gelu", "silu", "mish", "elu")
RUN = """
import hashlib, sys
sys.path.insert(0, "tests")
from support.layers import comparison, diagnosis, tables
from actcli.registry import specs
from actcli.figures import layers, plot, style
from actcli.figures.comparison import comparison_figure
curves = plot.curves([specs.family(name) for name in ("relu", "elu:alpha=0.5|1|2")], order=1, epsilon=1e-3)
found = layers.layers_figure(diagnosis("relu", tables("relu_negative_bias")))
compared = comparison_figure(comparison("relu", "gelu"))
drawn = [(curves, "png"), (found, "pdf"), (compared, "svg"), (curves, "pdf"), (curves, "svg"), (found, "svg")]
for figure, kind in drawn:
    print(hashlib.sha256(style.save(figure, kind)).hexdigest())
assert "matplotlib.pyplot" not in sys.modules
"""


def draw(*names: str, **options: Any) -> Any:
    options = {"order": 1, "epsilon": 1e-3, **options}
    return plot.curves([specs.family(name) for name in names], **options)


def line(axes: Any, label: str) -> tuple[Any, Any]:
    found = next(each for each in axes.lines if each.get_label() == label)
    return np.asarray(found.get_xdata()), np.asarray(found.get_ydata())


def extents(patches: Sequence[Any]) -> list[tuple[float, float]]:
    return [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in patches if hasattr(patch, "get_x")]


def test_curves_pass_through_known_points() -> None:
    """The lines have at least 1000 points, among them those known from the definitions."""
    upper, lower = draw("sigmoid", span=(-4, 4)).axes
    x, f = line(upper, "sigmoid")
    _, df = line(lower, "sigmoid")
    assert len(x) >= 1000
    at = x.tolist().index(0.0)
    assert (f[at], df[at]) == (0.5, 0.25)
    assert (x[0], x[-1]) == (-4.0, 4.0)
    assert f[-1] == pytest.approx(1.0 / (1.0 + math.exp(-4.0)))


def test_axes_are_named_and_the_legend_is_complete() -> None:
    """Every panel labels its axis, and the legend names every function once."""
    figure = draw(*SEVERAL)
    assert [axes.get_ylabel() for axes in figure.axes[:2]] == ["f(x)", "f'(x)"]
    assert figure.axes[-1].get_xlabel() == "x"
    assert [text.get_text() for text in figure.legends[0].texts] == [*SEVERAL, "kink (f' jumps)"]


def test_derivative_is_not_joined_across_a_kink() -> None:
    """There is a NaN between relu's two slopes, but none in f, which does not jump."""
    upper, lower = draw("relu").axes
    x, df = line(lower, "relu")
    assert x[np.isnan(df)].tolist() == [0.0]
    assert set(df[x < 0]) == {0.0}
    assert set(df[x > 0]) == {1.0}
    assert not np.isnan(line(upper, "relu")[1]).any()


@pytest.mark.parametrize(("name", "kinks"), [("relu6", {0.0, 6.0}), ("elu", set()), ("elu:alpha=2", {0.0})])
def test_kinks_are_where_the_slope_jumps(name: str, kinks: set[float]) -> None:
    """A break with a continuous f' is not a kink."""
    assert {kink.x for kink in curves.sample([specs.get(name)], epsilon=1e-3, span=None)[0].kinks} == kinks


def test_shading_covers_exactly_the_vanishing_regions() -> None:
    """At 1e-3 sigmoid vanishes beyond the solution of s(1-s) = 1e-3; the shade ends there, in both panels."""
    edge = 2.0 * math.acosh(0.5 / math.sqrt(1e-3))
    for axes in draw("sigmoid", span=(-9, 8)).axes:
        assert extents(axes.patches) == [(-9.0, pytest.approx(-edge)), (pytest.approx(edge), 8.0)]


def test_several_functions_have_a_row_of_bars_each() -> None:
    """Each function's bars lie in its own row and cover its own regions."""
    rows = draw("relu", "identity", "hard_sigmoid", span=(-5, 5)).axes[-1]
    boxes = [path.get_extents() for bars in rows.collections for path in bars.get_paths()]
    bars = [(round((box.y0 + box.y1) / 2), box.x0, box.x1) for box in boxes]
    assert bars == [(0, -5.0, 0.0), (2, -5.0, -3.0), (2, 3.0, 5.0)]
    assert [text.get_text() for text in rows.texts] == ["nowhere"]


def test_regions_out_of_sight_are_mentioned() -> None:
    """A figure that ends before the vanishing regions says so."""
    texts = [text.get_text() for text in draw("sigmoid", span=(-1, 1)).legends[0].texts]
    assert texts == ["sigmoid", "|f'| < 0.001 outside this span"]


def test_softmax_is_drawn_as_its_first_output() -> None:
    """softmax(x, 0)[1] is the logistic function, vanishing regions included."""
    curve, sigmoid = curves.sample([specs.get("softmax"), specs.get("sigmoid")], epsilon=1e-3, span=(-9, 9))
    assert curve.label == "softmax(x, 0)[1]"
    np.testing.assert_allclose(curve.f, sigmoid.f, rtol=1e-14)
    np.testing.assert_allclose(curve.df, sigmoid.df, rtol=1e-13)
    assert [region.stop for region in curve.regions] == [pytest.approx(-6.905752272297921), math.inf]


@pytest.mark.parametrize(
    ("names", "span"),
    [(["relu"], (-5, 5)), (["sigmoid"], (-8, 8)), (["relu6"], (-5, 7)), (["softsign"], (-5, 5))],
)
def test_default_span_shows_breaks_and_regions(names: list[str], span: tuple[float, float]) -> None:
    """About [-5, 5], wider if a break or the end of a region within 10 of 0 needs it."""
    x = curves.sample([specs.get(name) for name in names], epsilon=1e-3, span=None)[0].x
    assert (x[0], x[-1]) == span


def test_limits_cut_an_explosion_and_widen_a_constant() -> None:
    """The y axis ends at ten times |x|, ignores values that are not finite, and is never empty."""
    assert curves.limits([np.array([0.0, 1e300])], (-5.0, 5.0)) == (-2.5, 52.5)
    assert curves.limits([np.array([1.0, 1.0, np.nan, np.inf])], (-5.0, 5.0)) == (0.5, 1.5)
    assert curves.limits([np.array([np.nan])], (-5.0, 5.0)) == (-1.0, 1.0)


@pytest.mark.exhaustive
def test_files_are_identical_from_run_to_run() -> None:
    """Two processes with different hash seeds write the same PNG, SVG and PDF."""
    runs = [
        subprocess.run(
            [sys.executable, "-c", RUN],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]
    assert len(set(runs[0].split())) == 6


@pytest.mark.parametrize(("suffix", "start"), [(".png", b"\x89PNG"), (".SVG", b"<?xml"), ("pdf", b"%PDF")])
def test_suffix_chooses_the_kind(suffix: str, start: bytes) -> None:
    """The file's kind follows its name, in any case; the file has no date."""
    data = style.save(draw("relu", order=0), suffix)
    assert data.startswith(start)
    assert b"Date" not in data


def test_unknown_suffix_names_the_known_ones() -> None:
    """A name that gives no kind of figure is a usage error."""
    with pytest.raises(UsageError, match=r"png.*svg.*pdf"):
        style.save(draw("relu", order=0), ".bmp")


def test_users_matplotlibrc_is_ignored() -> None:
    """A user's settings for other figures do not change ours, and are not changed."""
    import matplotlib

    before = hashlib.sha256(style.save(draw("relu"), "svg")).digest()
    with matplotlib.rc_context({"font.size": 30.0}):
        assert hashlib.sha256(style.save(draw("relu"), "svg")).digest() == before
        assert matplotlib.rcParams["font.size"] == 30.0
