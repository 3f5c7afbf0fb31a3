"""Training runs with known outcomes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.run import DATA

import actcli
from actcli.diagnosis.training import Experiment
from actcli.registry import specs
from actcli.tables.options import ReadOptions
from actcli.training.data import Preparation, prepared
from actcli.training.loop import Trainer
from actcli.training.network import Network
from actcli.training.raw import read
from actcli.training.records import Data
from actcli.training.settings import Design, Recipe

DIGITS, XOR = str(DATA / "digits.csv"), str(DATA / "xor.csv")


def digits() -> Data:
    return prepared(read(DIGITS, "digit", ReadOptions()), None, Preparation(), "float64")


def on_digits(*functions: str, seeds: int = 1, **settings: Any) -> Experiment:
    design = {k: v for k, v in settings.items() if k in Design.__dataclass_fields__}
    recipe = {k: v for k, v in settings.items() if k in Recipe.__dataclass_fields__}
    more = {k: v for k, v in settings.items() if k not in {*design, *recipe}}
    return actcli.train(
        functions, DIGITS, "digit", seeds=seeds, design=Design(**design), recipe=Recipe(**recipe), threads=1, **more
    )


def test_xor_needs_a_curve() -> None:
    """No line separates the four points: identity is at chance, tanh learns them."""
    result = actcli.train(
        ["identity", "tanh"], XOR, "xor", seeds=2, threads=1,
        preparation=Preparation(split=0.0), design=Design(hidden=(8,)), recipe=Recipe(epochs=200, lr=0.03),
    )  # fmt: skip
    means = {summary.name: summary.accuracy.mean for summary in result.summaries if summary.accuracy is not None}
    assert means == {"tanh": 1.0, "identity": pytest.approx(0.5, abs=0.25)}
    assert result.summaries[0].name == "tanh"
    assert "nothing was held out" in result.doubts[0]
    assert result.comparisons[0].difference.deviation >= 0.25  # of four rows


def test_batch_normalisation_rescues_a_deep_sigmoid_network() -> None:
    """With twenty layers the gradient in the first is below 1e-6 of that in the last, and the verdict says so."""
    deep = {"hidden": (16,) * 20, "epochs": 1}
    alone = on_digits("sigmoid", **deep).summaries[0]
    assert alone.accuracy is not None
    assert alone.accuracy.mean < 0.2
    assert alone.gradient_ratio_start is not None
    assert alone.gradient_ratio_start < 1e-6
    assert alone.verdict == "critical"
    assert any("vanishing" in reason for reason in alone.reasons)
    mended = on_digits("sigmoid", **deep, normalize="batch").summaries[0]
    assert mended.gradient_ratio_start is not None
    assert mended.gradient_ratio_start > 0.01
    assert not any("vanishing" in reason for reason in mended.reasons)


def test_dead_neurons_are_those_that_saturation_counts_on_the_same_layers() -> None:
    """Biases of -2.5 leave ReLU neurons dead; leaky ReLU has no dead neurons, before and after training."""
    data = digits()
    weights = Network(64, 10, specs.get("relu"), Design(hidden=(32, 32, 32))).arrays()
    rng = np.random.default_rng(5)
    for name, values in weights.items():
        fan_in = len(values) if name.startswith("W") else 1
        values[...] = rng.standard_normal(values.shape) * np.sqrt(2.0 / fan_in) if name.startswith("W") else -2.5
    design, recipe = Design(hidden=(32, 32, 32)), Recipe(epochs=1, lr=1e-4)
    dead = {}
    for spec in ("relu", "leaky_relu"):
        trainer = Trainer(data, specs.get(spec), 0, design, recipe, ("test", weights))
        trainer.until(1)
        states = trainer.result().epochs[-1].layers
        layers = trainer.pre_activations(trainer.probed)
        counted = actcli.diagnose(layers, spec).layers
        assert [state.dead_neurons for state in states] == [layer.dead_neurons for layer in counted]
        assert [state.vanishing_ratio for state in states] == [layer.vanishing_ratio for layer in counted]
        assert [state.spread for state in states] == pytest.approx([layer.spread for layer in counted])
        dead[spec] = sum(layer.dead_neurons for layer in counted)
    assert dead["relu"] > 20
    assert dead["leaky_relu"] == 0


def test_exploding_gradients_are_reported_and_clipping_helps() -> None:
    """With weights ten times too large."""
    network = Network(64, 10, specs.get("relu"), Design(hidden=(32,) * 3))
    rng = np.random.default_rng(0)
    for name, values in network.arrays().items():
        if name.startswith("W"):
            values[...] = 10.0 * rng.standard_normal(values.shape) * np.sqrt(2.0 / len(values))
    settings = {"hidden": (32,) * 3, "optimizer": "momentum", "lr": 0.05, "weights": network.arrays(), "epochs": 5}
    wild = on_digits("relu", **settings).summaries[0]
    assert (wild.diverged, wild.verdict) == (1, "critical")
    assert "diverged, the first in epoch 1" in wild.reasons[0]
    assert wild.gradient_ratio_start is not None
    assert wild.gradient_ratio_start > 50
    assert any("clip" in remedy.remedy for remedy in wild.remedies)
    tame = on_digits("relu", **settings, clip=1.0).summaries[0]
    assert tame.accuracy is not None
    assert (tame.diverged, tame.accuracy.mean > 0.5) == (0, True)


@pytest.mark.exhaustive
def test_relu_learns_the_digits() -> None:
    """97 % of the held-out rows with enough epochs."""
    result = on_digits("relu", hidden=(128, 128), epochs=60, seeds=3)
    accuracy = result.summaries[0].accuracy
    assert accuracy is not None
    assert accuracy.mean >= 0.97


def test_the_number_of_threads_changes_nothing() -> None:
    """Nor does the order of the functions."""

    def losses(threads: int, *functions: str) -> dict[tuple[str, int], float]:
        result = actcli.train(
            functions, DIGITS, "digit", seeds=2, threads=threads, design=Design(hidden=(8,), dropout=0.1),
            recipe=Recipe(epochs=1),
        )  # fmt: skip
        return {(run.function.label, run.seed): run.scores.loss for run in result.trained.runs}

    assert losses(1, "relu", "tanh") == losses(2, "tanh", "relu")


def test_learned_parameters_stay_in_their_domains() -> None:
    """Softplus's beta is above 0, whatever the learning rate; each neuron has its own."""
    run = on_digits("softplus", hidden=(4,), learn="neuron", lr=1.0, epochs=1).trained.runs[0]
    (learned,) = run.learned
    assert all(value > 0.0 for value in learned["beta"])
    assert len(set(learned["beta"])) == 4


def test_halving_keeps_the_better_half_and_every_run() -> None:
    """Two of three functions continue after a part of the epochs, and the dropped one is reported."""
    result = on_digits("relu", "tanh", "zero" if "zero" in actcli.names() else "binary_step", hidden=(8,), epochs=4,
                       search=["halving"])  # fmt: skip
    lengths = {run.function.label: run.epochs[-1].epoch for run in result.trained.runs}
    assert sorted(lengths.values()) == [1, 2, 4]
    assert result.summaries[-1].left_behind


def test_random_search_draws_from_the_domains() -> None:
    """The function itself and its draws, each with legal parameters, the same for the same seed."""
    first, second = (on_digits("elu", hidden=(4,), epochs=0, search=["random:3"]).trained.functions for _ in range(2))
    assert first == second
    assert len(first) == 4
    assert all(function.parameters["alpha"] in function.activation.parameters[0].domain for function in first)


@pytest.mark.parametrize(
    ("function", "widths"), [("glu", (8, 6)), ("softmax", (6,)), ("crelu", (6,)), ("maxout", (6,))]
)
def test_functions_of_rows_take_part_where_they_fit(function: str, widths: tuple[int, ...]) -> None:
    """Whatever the number of their outputs."""
    if function not in actcli.names():
        pytest.skip("not registered")
    assert on_digits(function, hidden=widths, epochs=1).trained.runs[0].diverged is None


def test_a_gated_function_needs_an_even_width() -> None:
    with pytest.raises(actcli.DataError, match="hidden layer of 5"):
        on_digits("glu", hidden=(5,), epochs=1)


@pytest.mark.parametrize("design", [{}, {"normalize": "batch"}, {"normalize": "layer", "learn": "neuron"}])
def test_a_run_continues_from_saved_arrays(design: dict[str, Any]) -> None:
    """The arrays of a run are all there is to it: learned parameters do not share names with other arrays."""
    function = "W*x*sigmoid(b*x)+beta*x:W=1,b=1,beta=0.1"
    first = on_digits(function, hidden=(4, 4), epochs=1, **design).trained.runs[0]
    again = on_digits(function, hidden=(4, 4), epochs=0, weights=first.weights, **design).trained.runs[0]
    assert again.scores == first.scores


def test_regression() -> None:
    """A sine is learned from arrays, to an R² near 1."""
    x = np.random.default_rng(0).uniform(-3, 3, (300, 1))
    how = Recipe(epochs=60, lr=0.01)
    result = actcli.train("tanh", (x, 100 + 50 * np.sin(x[:, 0])), seeds=1, design=Design(hidden=(16,)), recipe=how)
    assert result.summaries[0].r2 is not None
    assert result.summaries[0].r2.mean > 0.98
    assert result.summaries[0].accuracy is None


def test_dropout_is_right_on_average() -> None:
    """The remaining outputs make up for the dropped ones, and evaluation drops none."""
    network = Network(3, 2, specs.get("identity"), Design(hidden=(2000,), dropout=0.25))
    rng = np.random.default_rng(0)
    network.layers[0].weights[...] = 1.0
    space = network.space(5)
    network.forward(space, "train", rng)
    kept = space[1].inputs[:, :-1] > 0.0
    assert kept.mean() == pytest.approx(0.75, abs=0.02)
    assert space[1].inputs[:, :-1].mean() == pytest.approx(4.0, rel=0.03)
    network.forward(space, "use")
    assert (space[1].inputs[:, :-1] == 4.0).all()


def test_mnist_like_arrays(tmp_path: Path) -> None:
    """Images and labels as users have them: the features are found, and scores are on the test part."""
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (60, 4, 4), np.uint8), rng.integers(0, 3, 60, np.uint8)
    path = str(tmp_path / "small.npz")
    np.savez(path, x_train=images, y_train=labels, x_test=images[:20], y_test=labels[:20])
    said: list[str] = []
    result = actcli.train("relu", path, "y_train", seeds=1, recipe=Recipe(epochs=1), note=said.append)
    assert len(result.trained.data.train) == 60
    assert len(result.trained.data.test) == 20
    assert any("x_test and y_test" in line for line in said)
    np.savez(path, images=images, more=images, labels=labels)
    with pytest.raises(actcli.UsageError, match="2 arrays have as many rows"):
        actcli.train("relu", path, "labels", seeds=1)
    assert actcli.train("relu", path, "labels", arrays="images", seeds=1, recipe=Recipe(epochs=0)).trained.runs


def test_a_network_has_a_hidden_layer() -> None:
    """Without one no function would be applied, and the runs would not show it."""
    with pytest.raises(actcli.UsageError, match="no hidden layer"):
        Design(hidden=())
