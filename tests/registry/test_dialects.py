"""Dialects: each framework's names find the function that it means, with its defaults."""

from __future__ import annotations

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


def test_settings_go_over_a_frameworks_defaults() -> None:
    """Under our name of the parameter, or the framework's."""
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
def test_what_a_framework_has_not_is_said_with_what_has_it(spec: str, words: list[str]) -> None:
    """An unknown framework, and a function that is not in it."""
    with pytest.raises(UsageError) as caught:
        specs.get(spec)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda activation: activation.name)
def test_every_dialect_is_found_under_its_name_and_ours(activation) -> None:  # type: ignore[no-untyped-def]
    """Its defaults and spellings are of parameters that there are."""
    known = {parameter.name for parameter in activation.parameters}
    for dialect in activation.dialects:
        assert set(dialect.defaults) <= known
        assert set(dialect.spelling.values()) <= known
        if dialect.short is not None:
            function = specs.get(f"{dialect.short}@{dialect.framework}")
            assert function.activation is activation
        # Our own name in the framework finds what the framework means by it, or this.
        assert specs.get(f"{activation.name}@{dialect.framework}")


def test_the_example_of_the_contract_has_its_frameworks() -> None:
    """Each framework that the catalogue knows is there."""
    wanted = {"pytorch", "keras", "jax", "tensorflow", "tfa", "onnx", "nnlib", "timm", "transformers"}
    assert wanted <= set(dialects.FRAMEWORKS)
