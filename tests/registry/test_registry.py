"""The registry: every declaration is complete, and FUNCTION specs find it or suggest what would."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.declarations import check_declaration
from support.texts import ANY

from actcli.activation import Activation
from actcli.errors import UsageError
from actcli.parameters import INF
from actcli.registry import additions, collection, specs

REQUIRED = {
    *("identity", "sigmoid", "tanh", "hard_sigmoid", "relu", "relu6", "leaky_relu", "prelu", "elu", "selu", "softplus"),
    *("softsign", "silu", "mish", "gelu", "gelu_tanh", "softmax", "log_softmax"),
}


def test_the_functions_of_the_first_release_are_there() -> None:
    """All the names are there, and the alias swish."""
    assert {activation.name for activation in collection.ACTIVATIONS} >= REQUIRED
    assert specs.get("swish").name == "silu"


@pytest.mark.parametrize("activation", collection.ACTIVATIONS, ids=lambda activation: activation.name)
def test_a_declaration_is_complete(activation: Activation) -> None:
    check_declaration(activation)


def test_names_are_matched_without_case_dash_and_underscore() -> None:
    """RELU, leaky-relu and LeakyReLU find what relu and leaky_relu find."""
    for name in additions.names():
        expected = specs.get(name).activation
        for spelled in (name.upper(), name.replace("_", "-"), name.replace("_", ""), name.title()):
            assert specs.get(spelled).activation is expected, spelled


def test_a_sweep_names_a_function_for_each_value() -> None:
    """In the order given, with the other parameters fixed; also without a name, or in a framework's spelling."""
    names = ["elu:alpha=0.5", "elu", "elu:alpha=2"]
    assert specs.family("elu:alpha=0.5|1|2") == tuple(specs.get(name) for name in names)
    assert (
        specs.family("elu: 0.5 | 1 | 2")
        == specs.family("elu@pytorch:alpha=0.5|1|2")
        == tuple(specs.get(name) for name in names)
    )
    scaled = specs.family("selu:scale=1|2,alpha=3")
    assert [f.parameters for f in scaled] == [{"alpha": 3.0, "scale": 1.0}, {"alpha": 3.0, "scale": 2.0}]
    assert specs.family("relu") == (specs.get("relu"),)


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ("elu:alpha=0.5||1", "empty"),
        ("elu:1|", "empty"),
        ("elu:alpha=1|1.0", "twice"),
        ("elu:alpha=1|x", "not a number"),
        ("relu_n:n=1|-1", "outside its domain"),
        ("selu:alpha=1|2,scale=1|2", "2 parameters"),
        ("relu:1|2", "no parameter"),
    ],
)
def test_an_invalid_sweep_is_an_error(spec: str, problem: str) -> None:
    """The error says what is wrong, as for a single value."""
    with pytest.raises(UsageError, match=problem):
        specs.family(spec)


def test_a_sweep_is_not_one_function() -> None:
    """A sweep is refused if one function is expected."""
    with pytest.raises(UsageError, match="several functions"):
        specs.get("elu:alpha=0.5|1")


def test_settings() -> None:
    """Parameters by name, or without one if there is only one; blanks do not matter; the label is a spec."""
    assert specs.get("leaky_relu:negative_slope=0.2").parameters == {"negative_slope": 0.2}
    assert specs.get("elu:0.5").parameters == {"alpha": 0.5}
    assert specs.get(" selu : scale = 2 , alpha = 1e0 ").parameters == {"alpha": 1.0, "scale": 2.0}
    assert specs.get("softplus:threshold=inf").parameters["threshold"] == INF
    assert specs.get("elu:alpha=1").label == "elu"


@given(st.sampled_from([a for a in collection.ACTIVATIONS if a.parameters]), st.data())
def test_a_label_gives_its_function_back(activation: Activation, data: st.DataObject) -> None:
    """For any values, `label` is a spec of the same function."""
    values = {
        p.name: data.draw(st.floats(-1e300, 1e300).filter(lambda v, p=p: v in p.domain)) for p in activation.parameters
    }
    with suppress(UsageError):  # a constraint between the parameters
        function = activation.bind(values)
        assert specs.get(function.label) == function


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("rleu", ["rleu", "relu"]),
        ("", ["actcli list"]),
        ("relu:0.1", ["relu", "no parameter"]),
        ("selu:0.1", ["more than one", "alpha", "scale"]),
        ("elu:alhpa=1", ["alhpa", "did you mean alpha", "default 1"]),
        ("relu_n:n=0", ["n = 0", "(0, inf)"]),
        ("relu_n:n=-1", ["outside its domain", "(0, inf)"]),
        ("celu:alpha=0", ["alpha other than 0"]),
        ("softplus:beta=0", ["beta other than 0"]),
        ("elu:alpha=nan", ["nan"]),
        ("elu:alpha=inf", ["inf"]),
        ("elu:alpha=x", ["'x' is not a number", "alpha"]),
        ("elu:alpha=1,alpha=2", ["twice"]),
        ("hard_sigmoid:slope=1", ["slope", "alpha", "beta"]),
    ],
)
def test_errors_name_the_valid_choices(spec: str, words: list[str]) -> None:
    """An unknown name, parameter or value is a usage error that names the valid ones."""
    with pytest.raises(UsageError) as caught:
        specs.get(spec)
    for word in words:
        assert word in str(caught.value)


@given(st.text(ANY, max_size=40))
def test_any_text_is_a_function_or_a_usage_error(spec: str) -> None:
    """No spec crashes."""
    with suppress(UsageError):
        specs.get(spec)


def test_two_activations_under_one_name_are_refused() -> None:
    """Building the index raises."""
    with pytest.raises(ValueError, match="already a name of relu"):
        collection.index([specs.get("relu").activation, *_renamed("elu", "ReLU")])


def _renamed(name: str, new: str) -> list[Activation]:
    from dataclasses import replace

    return [replace(specs.get(name).activation, name=new)]
