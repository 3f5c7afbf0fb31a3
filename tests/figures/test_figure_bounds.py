"""No text leaves a figure or overlaps another, however long the names, however many the layers."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from support.bounds import check
from support.layers import comparison, diagnosis
from support.sweep import part

from actcli.analysis.profile import Network
from actcli.figures import layers, plot, style
from actcli.figures.comparison import comparison_figure
from actcli.registry import specs

LONG = "0.5*x*(1+tanh(sqrt(2/pi)*(x+0.044715*x**3)))+0.0123*x-0.0045*x+0.00067*x-0.000089*x+0.0000123*x-0.001*x"
SEVERAL = [LONG, "relu(x)+0.1*sin(3*x)*exp(-x**2/2)+0.01*tanh(x)", "x*sigmoid(1.702*x)+0.01*sin(x)*exp(-x**2)", "relu"]
SWEEP = "x*sigmoid(beta_of_the_gate*x)+0.01*sin(x)*exp(-x**2)*tanh(3*x)*tanh(5*x):beta_of_the_gate=0.5|1|2"
TITLE = "A title that is much too long for a single line " * 4
TITLES = (TITLE, "one\ntwo\nthree", "W" * 200, "\t")
TITLED = [*product((None, (4.0, 4.0)), ("shared", "separate", "one"), TITLES)]
X = np.linspace(-3.0, 3.0, 40).reshape(10, 4)


def wide(count: int) -> dict[str, np.ndarray]:
    """Layers with wide names that have nothing in common."""
    return {f"{chr(65 + i % 26) * 9}_{i}_{chr(90 - i % 26) * 9}": X for i in range(count)}


def families(*names: str, **options: Any) -> Any:
    return plot.curves([specs.family(name) for name in names], order=1, epsilon=1e-3, **options)


@pytest.mark.sweep
@pytest.mark.parametrize("count", part([4, 2, 3, 5, 6, 7, 9, 13, 30, 120], 10))
def test_names_of_layers(count: int) -> None:
    check(layers.layers_figure(diagnosis("tanh", wide(count))))
    check(comparison_figure(comparison("tanh", "gelu", found=wide(count))))


# Each figure that names functions, made only when it is tested.
NAMED: list[Callable[[], Any]] = [
    lambda: families(*SEVERAL, layout="separate"),
    lambda: families(*SEVERAL),
    lambda: families(LONG, SWEEP, layout="separate"),
    lambda: layers.layers_figure(diagnosis(LONG, wide(2))),
    lambda: comparison_figure(comparison(*SEVERAL, found=wide(1))),
    lambda: comparison_figure(comparison(*SEVERAL[:2], network=Network(depth=20))),
    lambda: families(LONG, SWEEP),
    lambda: families(LONG),
]


@pytest.mark.sweep
@pytest.mark.parametrize("made", part(NAMED, 6))
def test_names_of_functions(made: Callable[[], Any]) -> None:
    check(made())


@pytest.mark.sweep
@pytest.mark.parametrize(("size", "layout", "title"), part(TITLED, 7))
def test_titles(size: tuple[float, float] | None, layout: Any, title: str) -> None:
    check(families("relu", title=title, size=size, layout=layout))


def test_a_wrapped_title_keeps_its_words() -> None:
    """And the lines that it was given."""
    lines = style.wrapped(TITLE + "\nThe second", 5.0, 12.0).split("\n")
    assert " ".join(lines).split() == [*TITLE.split(), "The", "second"]
    assert lines[-1] == "The second"
    assert style.text_width(lines, 12.0) <= 5.0


@pytest.mark.parametrize("inches", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("text", ["short", "i" * 300 + "W" * 300, "W" * 300 + "i" * 300])
def test_what_fits_is_within_its_inches(text: str, inches: float) -> None:
    assert style.text_width([style.fitting(text, inches)]) <= inches
