"""Activations are recognised in every form that exporters write, and nothing else is mistaken for one."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.onnx_models import Step, between_layers, model, weights
from support.run import Cli

from actcli.models.onnx_model import Model

F = np.float32
FORMS: dict[str, tuple[str, Sequence[Step], Mapping[str, Any]]] = {
    "relu": ("relu", [("Relu", "z", "y")], {}),
    "max": ("relu", [("Max", ("z", "o"), "y")], {"o": F(0)}),
    "max of an array": ("relu", [("Max", ("z", "o"), "y")], {"o": np.zeros(5, F)}),
    "clip": ("relu6", [("Clip", ("z", "a", "b"), "y")], {"a": F(0), "b": F(6)}),
    "clip below": ("relu", [("Clip", ("z", "a", ""), "y")], {"a": F(0)}),
    "min max": ("relu6", [("Min", ("z", "b"), "m"), ("Max", ("m", "a"), "y")], {"a": F(0), "b": F(6)}),
    "clamp": ("hard_tanh:min_val=-2.0,max_val=3.0", [("Clip", ("z", "a", "b"), "y")], {"a": F(-2), "b": F(3)}),
    "leaky": ("leaky_relu:negative_slope=0.2", [("LeakyRelu", "z", "y", {"alpha": 0.2})], {}),
    "leaky max": ("leaky_relu:negative_slope=0.2", [("Mul", ("z", "a"), "m"), ("Max", ("z", "m"), "y")], {"a": F(0.2)}),
    "prelu": ("prelu", [("PRelu", ("z", "a"), "y")], {"a": F(0.25)}),
    "keras prelu": (
        "leaky_relu:negative_slope=0.3",
        [("Relu", "z", "p"), ("Neg", "z", "n"), ("Relu", "n", "q"), ("Mul", ("q", "a"), "r"), ("Add", ("p", "r"), "y")],
        {"a": F(-0.3)},
    ),
    "elu": ("elu:alpha=0.5", [("Elu", "z", "y", {"alpha": 0.5})], {}),
    "celu": ("celu:alpha=1.7", [("Celu", "z", "y", {"alpha": 1.7})], {}),
    "selu": ("selu", [("Selu", "z", "y")], {}),
    "erf gelu": (
        "gelu",
        [("Div", ("z", "r"), "a"), ("Erf", "a", "b"), ("Add", ("b", "i"), "c"), ("Mul", ("z", "c"), "d"),
         ("Mul", ("d", "h"), "y")],
        {"r": F(2**0.5), "i": F(1), "h": F(0.5)},
    ),
    "erf gelu in another order": (
        "gelu",
        [("Mul", ("z", "h"), "d"), ("Mul", ("z", "r"), "a"), ("Erf", "a", "b"), ("Add", ("i", "b"), "c"),
         ("Mul", ("d", "c"), "y")],
        {"r": F(0.5**0.5), "i": F(1), "h": F(0.5)},
    ),
    "op gelu": ("gelu", [("Gelu", "z", "y")], {}),
    "op gelu tanh": ("gelu_tanh", [("Gelu", "z", "y", {"approximate": "tanh"})], {}),
    "contributed gelu": ("gelu", [("com.microsoft::Gelu", "z", "y")], {}),
    "fast gelu": ("gelu_tanh", [("com.microsoft::FastGelu", "z", "y")], {}),
    "quick gelu": ("quick_gelu", [("com.microsoft::QuickGelu", "z", "y", {"alpha": 1.702})], {}),
    "quick gelu of one": ("silu", [("com.microsoft::QuickGelu", "z", "y", {"alpha": 1.0})], {}),
    "pow gelu tanh": (
        "gelu_tanh",
        [("Pow", ("z", "t"), "a"), ("Mul", ("a", "c"), "b"), ("Add", ("z", "b"), "d"), ("Mul", ("d", "s"), "e"),
         ("Tanh", "e", "f"), ("Add", ("f", "i"), "g"), ("Mul", ("z", "g"), "k"), ("Mul", ("k", "h"), "y")],
        {"t": F(3), "c": F(0.044715), "s": F((2 / np.pi) ** 0.5), "i": F(1), "h": F(0.5)},
    ),
    "silu": ("silu", [("Sigmoid", "z", "s"), ("Mul", ("z", "s"), "y")], {}),
    "scaled sigmoid": (
        "quick_gelu", [("Mul", ("z", "a"), "m"), ("Sigmoid", "m", "s"), ("Mul", ("z", "s"), "y")], {"a": F(1.702)}
    ),
    "mish": ("mish", [("Softplus", "z", "s"), ("Tanh", "s", "t"), ("Mul", ("z", "t"), "y")], {}),
    "op mish": ("mish", [("Mish", "z", "y")], {}),
    "op hard swish": ("hard_swish", [("HardSwish", "z", "y")], {}),
    "hard swish": (
        "hard_swish",
        [("Add", ("z", "t"), "a"), ("Clip", ("a", "o", "s"), "b"), ("Mul", ("z", "b"), "c"), ("Div", ("c", "s"), "y")],
        {"t": F(3), "o": F(0), "s": F(6)},
    ),
    "hard swish by hard sigmoid": (
        "hard_swish", [("HardSigmoid", "z", "s", {"alpha": 1 / 6}), ("Mul", ("z", "s"), "y")], {}
    ),
    "hard sigmoid": ("hard_sigmoid:alpha=0.2", [("HardSigmoid", "z", "y", {"alpha": 0.2})], {}),
    "softplus": ("softplus", [("Softplus", "z", "y")], {}),
    "softplus of beta": (
        "softplus:beta=2.0", [("Mul", ("z", "b"), "m"), ("Softplus", "m", "s"), ("Div", ("s", "b"), "y")], {"b": F(2)}
    ),
    "softplus with a threshold": (
        "softplus",
        [("Softplus", "z", "s"), ("Greater", ("z", "t"), "g"), ("Where", ("g", "z", "s"), "y")], {"t": F(20)},
    ),
    "log sigmoid": ("log_sigmoid", [("Sigmoid", "z", "s"), ("Log", "s", "y")], {}),
    "log sigmoid by softplus": ("log_sigmoid", [("Neg", "z", "n"), ("Softplus", "n", "s"), ("Neg", "s", "y")], {}),
    "softsign": ("softsign", [("Abs", "z", "a"), ("Add", ("a", "i"), "b"), ("Div", ("z", "b"), "y")], {"i": F(1)}),
    "tanhshrink": ("tanhshrink", [("Tanh", "z", "t"), ("Sub", ("z", "t"), "y")], {}),
    "threshold": (
        "threshold:threshold=0.1,value=20.0",
        [("Greater", ("z", "t"), "g"), ("Where", ("g", "z", "v"), "y")], {"t": F(0.1), "v": F(20)},
    ),
    "shrink": ("softshrink", [("Shrink", "z", "y", {"lambd": 0.5, "bias": 0.5})], {}),
    "squared relu": ("squared_relu", [("Relu", "z", "r"), ("Mul", ("r", "r"), "y")], {}),
    "sine": ("sine:w0=30.0", [("Mul", ("z", "w"), "m"), ("Sin", "m", "y")], {"w": F(30)}),
    "through a transposition": ("relu", [("Transpose", "z", "t"), ("Relu", "t", "u"), ("Transpose", "u", "y")], {}),
    "through casts": (
        "silu",
        [("Cast", "z", "c", {"to": 1}), ("Sigmoid", "c", "s"), ("Cast", "s", "d", {"to": 1}), ("Mul", ("z", "d"), "y")],
        {},
    ),
    "through quantising": (
        "relu",
        [("Relu", "z", "r"), ("QuantizeLinear", ("r", "s", "o"), "q"), ("DequantizeLinear", ("q", "s", "o"), "y")],
        {"s": F(0.01), "o": np.uint8(0)},
    ),
    # tf2onnx writes a choice as a sum of products with conditions as numbers, and zeros in a shape that is asked for.
    "chosen by products": (
        "softshrink",
        [("Sub", ("z", "l"), "a"), ("Add", ("z", "l"), "b"), ("Less", ("z", "m"), "p"), ("Cast", "p", "q", {"to": 1}),
         ("Mul", ("q", "b"), "c"), ("Not", "p", "r"), ("Cast", "r", "s", {"to": 1}), ("Shape", "z", "n"),
         ("ConstantOfShape", "n", "o"), ("Mul", ("o", "s"), "d"), ("Add", ("c", "d"), "e"),
         ("Greater", ("z", "l"), "g"), ("Not", "g", "h"), ("Cast", "h", "i", {"to": 1}), ("Cast", "g", "j", {"to": 1}),
         ("Mul", ("j", "a"), "k"),
         ("Mul", ("e", "i"), "f"), ("Add", ("k", "f"), "y")],
        {"l": F(0.5), "m": F(-0.5)},
    ),
    "zeros in a shape": (
        "sparse_plus",
        [("LessOrEqual", ("z", "m"), "a"), ("Shape", "z", "n"), ("ConstantOfShape", "n", "o"),
         ("Less", ("z", "i"), "b"), ("Add", ("z", "i"), "c"), ("Pow", ("c", "t"), "d"), ("Mul", ("d", "q"), "e"),
         ("Where", ("b", "e", "z"), "f"),
         ("Where", ("a", "o", "f"), "y")],
        {"m": F(-1), "i": F(1), "t": F(2), "q": F(0.25)},
    ),
    # Operators that ONNX does not have: the model cannot be run, and its layers are what they are.
    "complementary gelu": (
        "gelu",
        [("Mul", ("h", "z"), "a"), ("Neg", "z", "n"), ("Mul", ("n", "r"), "b"), ("Erfc", "b", "c"),
         ("Mul", ("a", "c"), "y")],
        {"h": F(0.5), "r": F(0.5**0.5)},
    ),
    "celu by expm1": (
        "celu:alpha=2.0",
        [("Div", ("z", "t"), "d"), ("Min", ("d", "o"), "m"), ("Expm1", "m", "e"), ("Mul", ("e", "t"), "f"),
         ("Max", ("z", "o"), "p"), ("Add", ("p", "f"), "y")],
        {"o": F(0), "t": F(2)},
    ),
    **{
        f"keras prelu of channels by {end}": (
            "prelu:a=0.1,-0.2,0.3,0.0,2.0",
            [("Relu", "z", "p"), ("Neg", "z", "n"), ("Relu", "n", "q"), ("Mul", given, "r"), (end, ("p", "r"), "y")],
            {"a": F([-0.1, 0.2, -0.3, 0, -2]) * sign},
        )
        for end, given, sign in (("Add", ("q", "a"), 1), ("Sub", ("a", "q"), -1))
    },
    "prelu of channels by where": (
        "prelu:a=0.1,-0.2,0.3,0.0,2.0",
        [("Greater", ("z", "o"), "g"), ("Mul", ("a", "z"), "r"), ("Where", ("g", "z", "r"), "y")],
        {"a": F([0.1, -0.2, 0.3, 0, 2]), "o": F(0)},
    ),
    "leaky by max and min, of channels": (
        "prelu:a=0.1,-0.2,0.3,0.0,2.0",
        [("Max", ("z", "o"), "p"), ("Min", ("z", "o"), "n"), ("Cast", "n", "m", {"to": 1}), ("Mul", ("m", "a"), "r"),
         ("Add", ("r", "p"), "y")],
        {"a": F([0.1, -0.2, 0.3, 0, 2]), "o": F(0)},
    ),
    "twice": ("relu", [("Relu", "z", "r"), ("Relu", "r", "y")], {}),
    "scaled after": ("relu", [("Relu", "z", "r"), ("Mul", ("r", "a"), "y")], {"a": F(1.414)}),
    "capped": ("tanh", [("Div", ("z", "c"), "d"), ("Tanh", "d", "t"), ("Mul", ("t", "c"), "y")], {"c": F(30)}),
}  # fmt: skip


def labels(path: Path) -> list[str]:
    return [layer.function.label for layer in Model.read(str(path)).listing.layers]


@pytest.mark.parametrize("form", FORMS)
def test_forms_are_recognised(form: str, tmp_path: Path) -> None:
    """Each once, with its parameters, and named after the weights before it."""
    label, steps, constants = FORMS[form]
    given: list[Step] = [(op, (given,) if isinstance(given, str) else given, *rest) for op, given, *rest in steps]  # type: ignore[misc]
    assert labels(between_layers(tmp_path / "m.onnx", given, constants)) == [label]


def test_scaling_by_channel_is_not_a_prelu(tmp_path: Path) -> None:
    """A normalisation after a relu, folded into a product, and a skip connection beside it."""
    steps: list[Step] = [("Relu", ("z",), "p"), ("Mul", ("p", "a"), "r"), ("Add", ("r", "z"), "y")]
    assert labels(between_layers(tmp_path / "m.onnx", steps, {"a": F([0.1, -0.2, 0.3, 0, 2])})) == ["relu"]


def test_keras_relu_of_three_settings_is_one_layer(cli: Cli, tmp_path: Path) -> None:
    """As tf2onnx writes it; the counts follow from the values."""
    steps: list[Step] = [
        ("Neg", ("z",), "a"), ("Add", ("a", "t"), "b"), ("Relu", ("b",), "c"), ("Mul", ("s", "c"), "d"),
        ("Greater", ("z", "t"), "g"), ("Not", ("g",), "h"), ("Cast", ("h",), "i", {"to": 1}), ("Mul", ("o", "i"), "j"),
        ("Cast", ("g",), "k", {"to": 1}), ("Mul", ("k", "z"), "l"), ("Add", ("l", "j"), "m"), ("Min", ("m", "n"), "p"),
        ("Max", ("p", "o"), "q"), ("Sub", ("q", "d"), "y"),
    ]  # fmt: skip
    constants = {"t": F(0.5), "s": F(0.1), "o": F(0), "n": F(4), "fc1.weight": np.eye(4, 5, dtype=F)}
    path = between_layers(tmp_path / "m.onnx", steps, constants)
    np.save(tmp_path / "x.npy", np.array([[0.25, 1.0, 5.0, -3.0]], F))
    done = cli("saturation", "--model", str(path), str(tmp_path / "x.npy"), "-f", "csv")
    (layer,) = csv.DictReader(io.StringIO(done.stdout.decode()))
    assert float(layer["mean_abs_gradient"]) == pytest.approx((0.1 + 1.0 + 0.0 + 0.1 + 0.1) / 5)


HALF = ("silu", "erf gelu", "pow gelu tanh", "hard swish", "quick gelu")


@pytest.mark.parametrize("form", HALF)
def test_half_precision_is_recognised(form: str, tmp_path: Path) -> None:
    label, steps, constants = FORMS[form]
    given: list[Step] = [(op, (given,) if isinstance(given, str) else given, *rest) for op, given, *rest in steps]  # type: ignore[misc]
    assert labels(between_layers(tmp_path / "m.onnx", given, constants, dtype=np.float16)) == [label]


NONE: dict[str, tuple[Sequence[Step], Mapping[str, Any]]] = {
    "layer norm": (
        [("ReduceMean", ("z",), "m", {"axes": [-1]}), ("Sub", ("z", "m"), "d"), ("Pow", ("d", "two"), "p"),
         ("ReduceMean", ("p",), "v", {"axes": [-1]}), ("Max", ("v", "o"), "w"), ("Add", ("w", "e"), "a"),
         ("Sqrt", ("a",), "s"), ("Div", ("d", "s"), "y")],
        {"two": F(2), "e": F(1e-5), "o": F(0)},
    ),
    "softmax by hand": (
        [("ReduceMax", ("z",), "m", {"axes": [-1]}), ("Sub", ("z", "m"), "d"), ("Exp", ("d",), "e"),
         ("ReduceSum", ("e", "ax"), "t"), ("Div", ("e", "t"), "y")],
        {"ax": np.array([-1])},
    ),
    "a comparison as a number": (
        [("Greater", ("z", "o"), "g"), ("Cast", ("g",), "c", {"to": 1}), ("Mul", ("c", "x"), "m"),
         ("MatMul", ("m", "w"), "y")],
        {"o": F(0.7), "w": np.ones((4, 5), F)},
    ),
    "a product of channels": (
        [("Mul", ("z", "a"), "m"), ("Add", ("m", "z"), "y")], {"a": F([0.1, -0.2, 0.3, 0, 2])},
    ),
    "norm": (
        [("ReduceL2", ("z",), "m", {"axes": [-1]}), ("Clip", ("m", "e", ""), "d"), ("Div", ("z", "d"), "y")],
        {"e": F(1e-12)},
    ),
    "affine": ([("Mul", ("z", "a"), "b"), ("Add", ("b", "a"), "y")], {"a": F(2)}),
    "square": ([("Mul", ("z", "z"), "y")], {}),
    "wide clip": ([("Clip", ("z", "a", "b"), "y")], {"a": F(-1e4), "b": F(1e4)}),
    "softmax": ([("Softmax", ("z",), "y")], {}),
}  # fmt: skip


@pytest.mark.parametrize("what", NONE)
def test_other_functions_are_not_listed(what: str, tmp_path: Path) -> None:
    steps, constants = NONE[what]
    assert labels(between_layers(tmp_path / "m.onnx", steps, constants, opset=13)) == []


def test_a_mean_is_a_pre_activation_if_nothing_is_divided_by_it(tmp_path: Path) -> None:
    steps: list[Step] = [("ReduceMean", ("z",), "m", {"axes": [1], "keepdims": 1}), ("Relu", ("m",), "r"),
                         ("Add", ("z", "r"), "y")]  # fmt: skip
    assert labels(between_layers(tmp_path / "m.onnx", steps, opset=13)) == ["relu"]


def test_the_angle_of_a_rotation_is_not_a_pre_activation(tmp_path: Path) -> None:
    """Even if the positions are an input, as in rotary embeddings."""
    steps: list[Step] = [("Sin", ("z",), "s"), ("Cos", ("z",), "c"), ("Add", ("s", "c"), "y")]
    assert labels(between_layers(tmp_path / "m.onnx", steps)) == []


@pytest.mark.parametrize(
    ("op", "role"),
    [("Sigmoid", "head"), ("Softplus", "head"), ("Tanh", "head"), ("Relu", "hidden"), ("Gelu", "hidden")],
)
def test_the_output_of_a_model_is_a_head(tmp_path: Path, op: str, role: str) -> None:
    steps: list[Step] = [("MatMul", ("x", "w"), "z"), (op, ("z",), "out")]
    path = model(tmp_path / "m.onnx", steps, {"w": weights(4, 3)})
    assert [layer.role for layer in Model.read(str(path)).listing.layers] == [role]


def test_a_function_without_a_name_is_an_expression(tmp_path: Path) -> None:
    steps: list[Step] = [("Sigmoid", ("z",), "s"), ("Mul", ("z", "z"), "q"), ("Mul", ("q", "s"), "y")]
    (layer,) = Model.read(str(between_layers(tmp_path / "m.onnx", steps))).listing.layers
    x = np.linspace(-4.0, 4.0, 9)
    np.testing.assert_allclose(layer.function.f(x), x * x / (1.0 + np.exp(-x)), rtol=1e-12)
    assert layer.known == "expression"


def branching(path: Path) -> Path:
    """Two branches of an If: tanh in one; in the other relu, and a nested If with sigmoid or silu."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    def graph(name: str, nodes: Sequence[Any], output: str) -> Any:
        info = helper.make_tensor_value_info(output, TensorProto.FLOAT, None)
        return helper.make_graph(list(nodes), name, [], [info])

    def node(op: str, given: Sequence[str], made: str, **more: Any) -> Any:
        return helper.make_node(op, list(given), [made], **more)

    first = graph("a", [node("Tanh", ["z"], "a")], "a")
    silu = graph("b", [node("Sigmoid", ["r"], "s"), node("Mul", ["r", "s"], "b")], "b")
    sigmoid = graph("c", [node("Sigmoid", ["r"], "s")], "s")
    inner = node("If", ["deep"], "d", then_branch=silu, else_branch=sigmoid)
    second = graph("d", [node("Relu", ["z"], "q"), node("MatMul", ["q", "v"], "r"), inner], "d")
    nodes = [
        node("MatMul", ["x", "w"], "z"),
        node("If", ["wide"], "y", then_branch=first, else_branch=second),
        node("MatMul", ["y", "v"], "out"),
    ]
    w, v = np.eye(4, dtype=F), np.eye(4, dtype=F)
    ends = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 4])]
    ends += [helper.make_tensor_value_info(name, TensorProto.BOOL, []) for name in ("wide", "deep")]
    constants = [numpy_helper.from_array(array, name) for name, array in (("w", w), ("v", v))]
    outputs = [helper.make_tensor_value_info("out", TensorProto.FLOAT, None)]
    whole = helper.make_graph(nodes, "g", ends, outputs, constants)
    onnx.save(helper.make_model(whole, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(path))
    return path


def test_branches_are_looked_into(tmp_path: Path) -> None:
    listed = Model.read(str(branching(tmp_path / "m.onnx"))).listing
    found = {layer.name.rpartition(".")[0]: layer.function.label for layer in listed.layers}
    assert found == {"then": "tanh", "else": "relu", "else.then": "silu", "else.else": "sigmoid"}
    assert not listed.unseen


@pytest.mark.parametrize(
    ("wide", "deep", "taken"), [(1, 0, {"then"}), (0, 1, {"else", "else.then"}), (0, 0, {"else", "else.else"})]
)
def test_branches_that_are_not_run_are_noted(cli: Cli, tmp_path: Path, wide: int, deep: int, taken: set[str]) -> None:
    """The layers of the branches that are taken are measured on the inputs themselves: the weights change nothing."""
    path = branching(tmp_path / "m.onnx")
    np.save(tmp_path / "x.npy", np.array([[0.5, -1.0, 2.0, -3.0], [1.5, 1.0, -2.0, 3.0]], F))
    more = ("--input", f"wide={wide}", "--input", f"deep={deep}", "-f", "csv")
    done = cli("saturation", "--model", str(path), str(tmp_path / "x.npy"), *more)
    found = {row["name"].rpartition(".")[0]: row for row in csv.DictReader(io.StringIO(done.stdout.decode()))}
    assert set(found) == taken
    assert "takes another branch" in done.stderr.decode()
    first = found["then" if wide else "else"]
    assert (float(first["vanishing_ratio"]), first["samples"]) == (0.0 if wide else 3 / 8, "2")


def test_positions_and_sizes_are_not_layers(tmp_path: Path) -> None:
    """A positional encoding, which depends only on the size of the input, and a function whose output is used only for
    its size."""
    steps: list[Step] = [
        ("Shape", ("z",), "size"), ("Gather", ("size", "o"), "n"), ("Range", ("o", "n", "i"), "r"),
        ("Cast", ("r",), "p", {"to": 1}), ("Unsqueeze", ("p", "axis"), "q"), ("MatMul", ("q", "f"), "angle"),
        ("Sin", ("angle",), "code"), ("Sigmoid", ("z",), "unused"), ("Shape", ("unused",), "shape"),
        ("Expand", ("code", "shape"), "e"), ("Add", ("z", "e"), "y"),
    ]  # fmt: skip
    constants = {"o": np.array(0), "i": np.array(1), "axis": np.array([1]), "f": np.ones((1, 5), F)}
    assert labels(between_layers(tmp_path / "m.onnx", steps, constants, opset=17)) == []
