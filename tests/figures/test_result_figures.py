"""The figures of `saturation` and `compare`: what is drawn, against truths known beforehand."""

from __future__ import annotations

import json
import math
from itertools import product
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from support.layers import comparison, diagnosis, given, tables
from support.run import DATA, Cli
from support.sweep import part

from actcli.analysis.profile import Network
from actcli.diagnosis.diagnose import Criteria, diagnose
from actcli.figures import layers, neurons, style
from actcli.figures.comparison import comparison_figure
from actcli.text import apart


def titled(figure: Any, title: str) -> Any:
    return next(axes for axes in figure.axes if axes.get_title(loc="left") == title)


def named(figure: Any, axis: str) -> Any:
    return next(axes for axes in figure.axes if axis in (axes.get_xlabel().partition("\n")[0], axes.get_ylabel()))


@pytest.mark.parametrize("theme", style.THEMES)
def test_the_map_shows_the_dead_neurons(theme: str) -> None:
    """Exactly those that the training script found dead have the colour of the dead; the others have that of their
    share."""
    found = tables("relu_negative_bias")
    truth = json.loads((DATA / "relu_negative_bias" / "truth.json").read_text())["layers"]
    axes = named(layers.layers_figure(diagnosis("relu", found), theme=theme), "neuron")
    image = np.asarray(axes.images[0].get_array())
    assert [text.get_text() for text in axes.get_yticklabels()] == list(truth)
    dead = to_rgba(style.THEMES[theme].dead)
    for row, (name, known) in zip(image, truth.items(), strict=True):
        shown = {f"h{i}" for i, colour in enumerate(row) if tuple(colour) == dead}
        assert shown == set(known["dead_unit_ids"]), name
    lines = axes.get_xlabel().splitlines()[1:]
    named_dead = {line.partition(": ")[0]: line.partition(": ")[2].split(", ") for line in lines}
    assert named_dead == {
        f"dead in {name}": list(known["dead_unit_ids"]) for name, known in truth.items() if known["dead_unit_ids"]
    }
    assert not (image[..., :3] == style.THEMES[theme].background).all(axis=-1).any()


def test_the_map_grows_with_the_saturated_share() -> None:
    """From column 0, where nothing is saturated, lightness falls in the light theme and rises in the dark."""
    x = np.array([[-1.0 if row < column else 1.0 for column in range(10)] for row in range(10)])
    for theme, sign in (("light", -1), ("dark", 1), ("grey", -1)):
        image = named(layers.layers_figure(diagnosis("relu", {"a": x}), theme=theme), "neuron").images[0].get_array()
        assert (sign * np.diff(np.asarray(image)[0, :, :3] @ [0.2126, 0.7152, 0.0722]) > 0).all()


def test_a_dot_is_a_dormant_neuron_that_is_not_dead() -> None:
    """mean f of the columns: 1, 0.001 (dormant), 0 (dead)."""
    x = np.array([[1.0, 0.001, -1.0]] * 5)
    axes = named(layers.layers_figure(diagnosis("relu", {"a": x})), "neuron")
    (dots,) = axes.lines
    assert ([*dots.get_xdata()], [*dots.get_ydata()]) == ([1], [0])


def test_a_cross_is_a_neuron_without_values() -> None:
    """It does not look like a neuron that never saturates; and without a known product there is no empty chart of
    products."""
    x = np.array([[1.0, np.nan, -1.0], [1.0, np.inf, 2.0]])
    figure = layers.layers_figure(diagnosis("relu", {"some": x, "none": x * np.nan}))
    axes = named(figure, "neuron")
    (crosses,) = axes.lines[-1:]
    assert crosses.get_marker() == "x"
    assert [*zip(*crosses.get_data(), strict=True)] == [(1, 0), (0, 1), (1, 1), (2, 1)]
    assert "no values" in [text.get_text() for legend in figure.legends for text in legend.texts]
    assert "product" not in [axes.get_ylabel() for axes in figure.axes]


def test_a_wide_layer_is_wrapped() -> None:
    """2,048 neurons are 32 lines of 64, in reading order."""
    x = np.where(np.arange(2048) % 200 == 7, -1.0, 1.0)[None, :] * np.ones((3, 1))
    figure = layers.layers_figure(diagnosis("relu", {"wide": x}))
    axes = next(axes for axes in figure.axes if axes.images)
    image = np.asarray(axes.images[0].get_array())
    assert image.shape[:2] == (32, 64)
    dead = (image == to_rgba(style.LIGHT.dead)).all(axis=-1).ravel()
    assert np.flatnonzero(dead).tolist() == [*range(7, 2048, 200)]


def test_histograms_show_the_saturated_sides() -> None:
    """Bars as numpy counts them; the coloured parts are the shares beyond |tanh x| > 0.97, each side apart."""
    x = np.random.default_rng(6).normal(0.5, 2.0, (20_000, 3))
    figure = layers.layers_figure(diagnosis("tanh", {"only": x}))
    axes = titled(figure, "only")
    low, high, rest = (patch.get_data() for patch in axes.patches)
    counts, _ = np.histogram(x, rest.edges)
    np.testing.assert_allclose(rest.values, counts / counts.max(), atol=0.03)
    edge = math.atanh(0.97)
    for bars, exact in ((low, (x < -edge).mean()), (high, (x > edge).mean())):
        assert (bars.values - bars.baseline).sum() / rest.values.sum() == pytest.approx(exact, abs=0.005)
    assert 0.0 in rest.edges
    line = axes.lines[-1]
    np.testing.assert_allclose(line.get_ydata(), 1 - np.tanh(line.get_xdata()) ** 2, atol=1e-3)


def test_the_product_of_the_gradient() -> None:
    """Means of 1, 0.5 and 0.25: products from the last layer back; 0 is an arrow at the bottom."""
    halves = {f"layer{i}": np.repeat([[1.0], [-1.0]], [n, 4 - n], axis=0) for i, n in ((1, 4), (2, 2), (3, 1))}
    axes = named(layers.layers_figure(diagnosis("relu", halves)), "product")
    np.testing.assert_allclose(axes.lines[0].get_ydata(), [0.125, 0.125, 0.25])
    assert [text.get_text() for text in axes.get_xticklabels()] == ["layer1", "layer2", "layer3"]
    assert axes.get_yscale() == "log"
    dying = {"first": np.ones((4, 1)), "last": -np.ones((4, 1))}
    axes = named(layers.layers_figure(diagnosis("relu", dying)), "product")
    assert np.isnan(axes.lines[0].get_ydata()).all()
    arrows = axes.lines[1]
    assert (arrows.get_marker(), [*arrows.get_xdata()], set(arrows.get_ydata())) == ("v", [0, 1], {axes.get_ylim()[0]})


def test_each_layer_is_over_its_own_function() -> None:
    """|f'| of relu jumps, that of tanh is a bell; the titles name the function."""
    x = np.linspace(-3.0, 3.0, 40).reshape(10, 4)
    both = [*given("relu", {"a": x}), *given("tanh", {"b": x})]
    figure = layers.layers_figure(diagnose(both, Criteria(histogram=True)))
    relu, tanh = (titled(figure, title).lines[-1] for title in ("a: relu", "b: tanh"))
    assert set(np.asarray(relu.get_ydata())) == {0.0, 1.0}
    np.testing.assert_allclose(tanh.get_ydata(), 1 - np.tanh(tanh.get_xdata()) ** 2, atol=1e-3)


KINDS = [*product(style.THEMES, ("softmax", "glu", "identity", "sine", "softshrink", "exponential"))]


@pytest.mark.sweep
@pytest.mark.parametrize(("theme", "spec"), part(KINDS, 11))
def test_layers_of_all_kinds_can_be_drawn(theme: str, spec: str) -> None:
    """Rows, no values, one value, long names and names that matplotlib could read as mathematics."""
    found = {"a" * 200: np.ones((2, 4)), "$x$ [red] <b>": np.full((3, 4), np.nan), "c": np.eye(4) * 1e60}
    assert style.save(layers.layers_figure(diagnosis(spec, found), theme=theme), "png", dpi=30)


def test_without_layers_the_curves_are_drawn() -> None:
    """f and f' of the function alone."""
    names = [axes.get_ylabel() for axes in layers.layers_figure(diagnosis("tanh", {})).axes]
    assert names == ["f(x)", "f'(x)"]


def test_a_comparison_shows_known_means() -> None:
    """E f^2 of relu is 1/2, its gain sqrt 2, its chi 1; for the identity all are 1."""
    figure = comparison_figure(comparison("relu", "identity"))
    expected = {"sup|f'|": (1, 1), "E f^2": (0.5, 1), "E f'^2": (0.5, 1), "He gain": (2**0.5, 1), "chi_1": (1, 1)}
    for name, values in expected.items():
        bars = titled(figure, name).patches
        assert [bar.get_width() for bar in bars] == pytest.approx(values, rel=1e-9)
    for name, top in (("f(x)", 5.0), ("f'(x)", 1.0)):
        for line in titled(figure, name).lines[2:]:
            assert line.get_ydata()[-1] == top
    assert [text.get_text() for text in figure.legends[0].texts] == ["relu", "identity"]


def test_a_comparison_shows_the_layers() -> None:
    """mean|f'| of each layer: for relu as PyTorch found it when the data were made; for one layer as a bar."""
    found = tables("relu_trained")
    truth = json.loads((DATA / "relu_trained" / "truth.json").read_text())["layers"]
    known = [layer["mean_abs_gradient"] for layer in truth.values()]
    figure = comparison_figure(comparison("identity", "relu", found=found))
    axes = next(axes for axes in figure.axes if "layer1" in [text.get_text() for text in axes.get_xticklabels()])
    np.testing.assert_allclose(axes.lines[0].get_ydata(), [1.0, 1.0, 1.0])
    np.testing.assert_allclose(axes.lines[1].get_ydata(), known, rtol=1e-6)
    one = comparison_figure(comparison("identity", "relu", found={"layer1": found["layer1"]}))
    bars = titled(one, "layer1: mean|f'|").patches
    assert [bar.get_width() for bar in bars] == pytest.approx([1.0, known[0]], rel=1e-6)


def test_a_comparison_follows_the_gradient_to_its_depth() -> None:
    """sigma_w = 1 and relu: each layer halves the variance of a gradient."""
    figure = comparison_figure(comparison("relu", network=Network(sigma_w=1.0, depth=10)))
    line = named(figure, "layers").lines[0]
    np.testing.assert_allclose(line.get_ydata(), 0.5 ** np.arange(1, 11), rtol=1e-9)
    axes = named(comparison_figure(comparison("sign", network=Network(sigma_w=1.0, depth=10))), "layers")
    assert (axes.lines[-1].get_marker(), axes.lines[-1].get_xydata().tolist()) == ("v", [[1.0, axes.get_ylim()[0]]])


@pytest.mark.sweep
@pytest.mark.parametrize("theme", part([*style.THEMES], 3))
def test_comparisons_of_all_kinds_can_be_drawn(theme: str) -> None:
    """Functions without means, with infinite measures, rowwise; more of them than colours."""
    names = ["softmax", "sign", "exponential", "sine", "log_sigmoid", "glu", "maxout", "relu", "elu", "tanh", "gelu"]
    figure = comparison_figure(comparison(*names, found={"x": np.eye(4)}), theme=theme)
    assert style.save(figure, "png", dpi=30)


@pytest.mark.sweep
@pytest.mark.parametrize("suffix", part([".svg", ".png", ".PDF"], 3))
def test_at_the_command_line(cli: Cli, tmp_path: Any, suffix: str) -> None:
    """`-o` with the name of a figure draws it; gates still fail; -f table also prints."""
    inputs = [str(DATA / "relu_negative_bias" / f"layer{i}.csv") for i in (1, 2, 3)]
    starts = {".png": b"\x89PNG", ".svg": b"<?xml", ".PDF": b"%PDF"}
    file = tmp_path / f"figure{suffix}"
    assert cli.ok("saturation", "relu", *inputs, "-o", str(file)) == ""
    assert file.read_bytes().startswith(starts[suffix])
    cli.ok("compare", "relu", "gelu", "-i", inputs[0], "-o", str(file), "--style", "dark")
    assert file.read_bytes().startswith(starts[suffix])
    assert "dead_neuron_ratio" in cli.fails(3, "saturation", "relu", inputs[1], "--max-dead", "0.1", "-o", str(file))
    assert cli.ok("saturation", "relu", inputs[0], "-f", "csv", "-o", str(file)).startswith("name,")
    assert file.read_bytes().startswith(starts[suffix])


def test_an_impossible_figure_is_an_error(cli: Cli, tmp_path: Any) -> None:
    """It shows all layers and neurons, so --by has no meaning; a missing folder is named."""
    file = tmp_path / "a.png"
    assert "--by" in cli.fails(2, "saturation", "relu", "--by", "region", "-o", str(file))
    assert "cannot be written" in cli.fails(1, "compare", "relu", "-o", str(tmp_path / "none" / "a.png"))
    assert not file.exists()


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["layer1", "layer2"], ["layer1", "layer2"]),
        (["net.block.1.ffn.hidden", "net.block.12.ffn.hidden"], ["…1…", "…12…"]),
        (["net.block1.ffn.hidden", "net.block12.ffn.hidden"], ["…block1…", "…block12…"]),
        (["abcdefghijklmnopqrst"], ["abcdefg…opqrst"]),
        (["one_layer_of_it_all", "one_layer_of_it_all"], ["one_lay…it_all"] * 2),
    ],
)
def test_long_names_are_told_apart(names: list[str], expected: list[str]) -> None:
    """Their common beginnings and ends are left out first."""
    assert apart(names, 14) == expected


def test_names_of_dead_neurons_fit_the_room() -> None:
    """As many as fit in a line, then how many more; for many layers a line counts the rest."""
    one = diagnosis("relu", {"a": np.full((3, 40), -1.0)})
    (line,) = neurons.dead_names(one.neurons_of_layers, 4.8)
    assert line == "dead in a: h0, h1, h2, h3, h4, h5, h6, h7, h8 and 31 more"
    many = diagnosis("relu", {f"l{i}": np.full((3, 1), -1.0) for i in range(9)})
    assert neurons.dead_names(many.neurons_of_layers, 4.8)[-1] == "and in 3 more layers"
    assert neurons.dead_names(diagnosis("relu", {"a": np.ones((3, 4))}).neurons_of_layers, 4.8) == []
