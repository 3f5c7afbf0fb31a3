"""Dialects: the names of each framework find the function that it means, with its defaults."""

from __future__ import annotations

import math

import pytest

from actcli.errors import UsageError
from actcli.registry import dialects, specs
from actcli.registry.collection import ACTIVATIONS

# By hand, from the frameworks' documentation.
MEANT = {
    "leaky_relu": ("leaky_relu", {"negative_slope": 0.01}),
    "LeakyReLU@pytorch": ("leaky_relu", {"negative_slope": 0.01}),
    "leaky_relu@keras": ("leaky_relu", {"negative_slope": 0.2}),
    "leaky_relu@tensorflow": ("leaky_relu", {"negative_slope": 0.2}),
    "LeakyReLU@keras.layers": ("leaky_relu", {"negative_slope": 0.3}),
    "leaky_relu@keras.layers": ("leaky_relu", {"negative_slope": 0.3}),
    "leaky_relu@jax": ("leaky_relu", {"negative_slope": 0.01}),
    "gelu": ("gelu", {}),
    "gelu@pytorch": ("gelu", {}),
    "gelu@keras": ("gelu", {}),
    "gelu@jax": ("gelu_tanh", {"c": 0.044715}),
    "gelu@nnlib": ("gelu_tanh", {"c": 0.044715}),
    "gelu_new@transformers": ("gelu_tanh", {"c": 0.044715}),
    "hard_sigmoid@onnx": ("hard_sigmoid", {"alpha": 0.2, "beta": 0.5}),
    "HardSigmoid@ONNX": ("hard_sigmoid", {"alpha": 0.2, "beta": 0.5}),
    "hard_sigmoid@pytorch": ("hard_sigmoid", {"alpha": 1 / 6, "beta": 0.5}),
    "softplus@pytorch": ("softplus", {"beta": 1.0, "threshold": 20.0}),
    "Softplus@torch": ("softplus", {"beta": 1.0, "threshold": 20.0}),
    "softplus@jax": ("softplus", {"beta": 1.0, "threshold": float("inf")}),
    "prelu@pytorch": ("prelu", {"a": 0.25}),
    "prelu@keras": ("prelu", {"a": 0.0}),
    "swish@jax": ("silu", {}),
    "sqrtsoftplus@transformers": ("sqrt_softplus", {}),
    "selu@onnx": ("selu", {"alpha": 1.6732631921768188, "scale": 1.0507010221481323}),
}


@pytest.mark.parametrize(("spec", "meant"), MEANT.items())
def test_a_frameworks_name_means_what_it_means_there(spec: str, meant: tuple[str, dict[str, float]]) -> None:
    """The function and its defaults are the framework's."""
    function = specs.get(spec)
    assert (function.name, function.parameters) == (meant[0], pytest.approx(meant[1]))


def test_settings_override_a_frameworks_defaults() -> None:
    """By our name of the parameter or by the framework's."""
    assert specs.get("leaky_relu@keras:negative_slope=0.5").parameters == {"negative_slope": 0.5}
    assert specs.get("leaky_relu@tensorflow:alpha=0.5").parameters == {"negative_slope": 0.5}


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("relu@tourch", ["tourch", "pytorch"]),
        ("relu6@onnx", ["onnx", "relu6 is in", "pytorch", "--framework onnx"]),
        ("geluu@jax", ["geluu", "did you mean gelu"]),
        ("relu@", ["no framework"]),
    ],
)
def test_an_activation_that_a_framework_lacks_is_an_error_that_names_others(spec: str, words: list[str]) -> None:
    """An unknown framework, and a function that the framework lacks."""
    with pytest.raises(UsageError) as caught:
        specs.get(spec)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda activation: activation.name)
def test_every_dialect_is_found_under_its_name_and_ours(activation) -> None:  # type: ignore[no-untyped-def]
    """Its defaults and spellings refer to existing parameters."""
    known = {parameter.name for parameter in activation.parameters}
    for dialect in activation.dialects:
        assert set(dialect.defaults) <= known
        assert set(dialect.spelling.values()) <= known
        if dialect.short is not None:
            function = specs.get(f"{dialect.short}@{dialect.framework}")
            assert function.activation is activation
        # Our own name in the framework finds what the framework means by it, or this.
        assert specs.get(f"{activation.name}@{dialect.framework}")


def test_all_frameworks_are_there() -> None:
    """Every framework of the catalogue is known."""
    wanted = {"pytorch", "keras", "jax", "tensorflow", "tfa", "onnx", "nnlib", "timm", "transformers"}
    assert wanted <= set(dialects.frameworks())


@pytest.mark.parametrize(
    ("spec", "x", "f"),
    [
        ("jax.nn.gelu(approximate=False)", 1.0, 0.8413447460685429),
        ("gelu(approximate=False)@jax", 1.0, 0.8413447460685429),
        ("torch.nn.GELU(approximate='tanh')", 1.0, 0.8411919906082767),
        ("keras.activations.relu(max_value=n)", 9.0, 6.0),
        ("relu(max_value=4)@keras", 9.0, 4.0),
        ("keras.activations.relu(threshold=0.2)", 0.1, 0.0),
        ("tf.nn.silu(beta=2)", 1.0, 0.8807970779778823),
        ("Clip(min=-1, max=1)@onnx", 3.0, 1.0),
        ("Shrink(bias=0)@onnx", 1.0, 1.0),
    ],
)
def test_names_with_arguments_can_be_typed(spec: str, x: float, f: float) -> None:
    """As `list --framework` prints them, or with a number for a placeholder; the values are those of the frameworks."""
    assert specs.get(spec).f(x) == pytest.approx(f, rel=1e-15)


def test_every_name_that_a_framework_has_can_be_typed() -> None:
    for activation in ACTIVATIONS:
        for dialect in activation.dialects:
            required = ",".join(f"{p.name}=1" for p in activation.parameters if p.default != p.default)
            spec = f"{dialect.name}@{dialect.framework}{':' if required else ''}{required}"
            assert specs.get(spec).activation is activation, dialect.name


def test_errors_show_the_defaults_of_the_framework() -> None:
    """The slope is 0.3 in Keras, but 0.01 in the declaration."""
    with pytest.raises(UsageError) as error:
        specs.get("LeakyReLU@keras.layers:negative_slope=nan")
    assert "default 0.3" in error.value.hint


def test_elu_takes_a_negative_alpha_as_pytorch_does() -> None:
    """By hand: -(exp(-1) - 1), with slope -exp(-1); f is nowhere below 0."""
    elu = specs.get("elu:alpha=-1")
    assert elu.f(-1.0) == pytest.approx(1.0 - math.exp(-1.0), rel=1e-15)
    assert elu.df(-1.0) == pytest.approx(-math.exp(-1.0), rel=1e-15)
    assert elu.range == (0.0, math.inf)
    assert elu.limits == (1.0, math.inf)
