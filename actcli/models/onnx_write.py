"""Write a network as an ONNX model: operators one by one, functions from their formulas."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from actcli import __version__
from actcli.activation import Array, Function
from actcli.errors import DataError
from actcli.expressions.parse import parse
from actcli.expressions.tree import Call, Choice, Constant, Name, Node, Power, Product, Sum, Where
from actcli.registry import additions

OPSET = 20  # the first with Gelu
_IR = 9

# Functions without parameters that are a single operator.
_OPERATORS: dict[str, str] = {
    "identity": "Identity", "relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh", "softsign": "Softsign",
    "gelu": "Gelu", "mish": "Mish", "exp": "Exp", "log": "Log", "sqrt": "Sqrt", "sin": "Sin", "cos": "Cos",
    "sinh": "Sinh", "cosh": "Cosh", "erf": "Erf", "abs": "Abs",
}  # fmt: skip
_ROWWISE = {"softmax": "Softmax", "log_softmax": "LogSoftmax"}
_COMPARISONS = {">": "Greater", "<": "Less", ">=": "GreaterOrEqual", "<=": "LessOrEqual", "==": "Equal"}


class Writer:
    """Collects nodes in order of execution, in float32."""

    def __init__(self) -> None:
        from onnx import helper, numpy_helper

        self._make, self._tensor = helper, numpy_helper
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._find = additions.current().find

    def constant(self, value: Array | float) -> str:
        """Add a constant: a number, or an array."""
        name = f"c{len(self._constants)}"
        self._constants.append(self._tensor.from_array(np.asarray(value, np.float32), name))
        return name

    def node(self, operator: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        """Add an operator; return the name of its output."""
        output = f"t{len(self._nodes)}"
        self._nodes.append(self._make.make_node(operator, inputs, [output], name=name, **attributes))
        return output

    def function(self, function: Function, values: Mapping[str, Array], x: str) -> str:
        """Add f(x) with these values of its parameters, one or one per neuron. Raises DataError if ONNX cannot express
        f."""
        name = function.name
        if name in _OPERATORS:
            return self.node(_OPERATORS[name], x)
        if name in _ROWWISE:
            return self.node(_ROWWISE[name], x, axis=-1)
        if function.rowwise:
            raise DataError(f"{function.label} cannot be written as ONNX: it maps rows", "save an .npz")
        if name in ("leaky_relu", "prelu"):
            (slope,) = values.values()
            return self.node("PRelu", x, self.constant(slope))
        if name == "softplus" and all(np.all(values[p] == d) for p, d in function.activation.bind().values):
            return self.node("Softplus", x)
        known = {parameter: self.constant(value) for parameter, value in values.items()}
        return self.tree(parse(function.activation.formula, self._find), {"x": x, **known})

    def tree(self, node: Node, names: Mapping[str, str]) -> str:
        """Add an expression whose names stand for these tensors."""
        match node:
            case Constant(value):
                return self.constant(value)
            case Name(name):
                return names[name]
            case Sum(terms):
                return self._chain(terms, names, "Add", "Sub", 0.0)
            case Product(factors):
                return self._chain(factors, names, "Mul", "Div", 1.0)
            case Power(base, exponent):
                return self.node("Pow", self.tree(base, names), self.tree(exponent, names))
            case Choice(name, first, second):
                return self.node(name.title(), self.tree(first, names), self.tree(second, names))
            case Where(comparison, left, right, yes, no):
                sides = (self.tree(side, names) for side in (left, right))
                chosen = (self.tree(side, names) for side in (yes, no))
                return self.node("Where", self.node(_COMPARISONS[comparison], *sides), *chosen)
            case Call():
                return self._call(node, names)

    def _chain(
        self, parts: tuple[tuple[bool, Node], ...], names: Mapping[str, str], forward: str, backward: str, unit: float
    ) -> str:
        """Add a sum or a product, starting from its first part."""
        total = ""
        for turned, part in parts:
            value = self.tree(part, names)
            if not total and not turned:
                total = value
            else:
                total = self.node(backward if turned else forward, total or self.constant(unit), value)
        return total

    def _call(self, call: Call, names: Mapping[str, str]) -> str:
        x, name = self.tree(call.argument, names), call.activation.name
        if name == "expm1":
            return self.node("Sub", self.node("Exp", x), self.constant(1.0))
        if name == "log1p":
            return self.node("Log", self.node("Add", x, self.constant(1.0)))
        if name in _OPERATORS:
            return self.node(_OPERATORS[name], x)
        own = {p.name: self.constant(p.default) for p in call.activation.parameters if not math.isnan(p.default)}
        own |= {parameter: self.tree(value, names) for parameter, value in call.settings}
        return self.tree(parse(call.activation.formula, self._find), {"x": x, **own})

    def model(self, build: Callable[[Writer, str], str], inputs: int, outputs: int) -> bytes:
        """The model that maps features to the outputs that `build` makes."""
        from onnx import TensorProto, checker

        result = self.node("Identity", build(self, "features"))
        self._nodes[-1].output[0] = "outputs"
        assert result
        ends = [("features", inputs), ("outputs", outputs)]
        shapes = [self._make.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", n]) for name, n in ends]
        graph = self._make.make_graph(self._nodes, "actcli", shapes[:1], shapes[1:], self._constants)
        opset = self._make.make_opsetid("", OPSET)
        model = self._make.make_model(
            graph, opset_imports=[opset], ir_version=_IR, producer_name="actcli", producer_version=__version__
        )
        checker.check_model(model)
        found: bytes = model.SerializeToString()
        return found


def check_installed() -> None:
    """Raises DataError if onnx is missing."""
    try:
        import onnx  # noqa: F401
    except ImportError:
        raise DataError("an ONNX model needs onnx, which is not installed", "pip install 'actcli[onnx]'") from None
