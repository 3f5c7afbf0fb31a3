"""Write out the gates of recurrent cells, which no tensor shows, as weighted sums of inputs and states.

The state before each step is in the cell's own output, so all steps are one matrix product; only the cell state of an
LSTM is summed step by step. Operators are added to the model; none is changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import onnx

GATES = "actcli.gates"  # a property of a cell's node: the outputs of its written-out gates
SUMS = "/sums"  # suffix of the first output of the Scan that sums up an LSTM's cell state
_NAMES = {
    "LSTM": ("input_gate", "output_gate", "forget_gate", "candidate"),
    "GRU": ("update_gate", "reset_gate", "candidate"),
    "RNN": ("state",),
}
_FUNCTIONS = {"LSTM": ("Sigmoid", "Tanh", "Tanh"), "GRU": ("Sigmoid", "Tanh"), "RNN": ("Tanh",)}
_PLAIN = frozenset({"Sigmoid", "Tanh", "Relu", "Softsign", "Softplus", "HardSigmoid", "Elu"})  # default parameters
_FLOAT, _DOUBLE = 1, 11
_END = 2**62
_OLDEST = 10  # the first opset in which Slice has inputs


def write_out(model: onnx.ModelProto) -> None:
    """Write out the cells of a model and of its branches."""
    if all(one.version >= _OLDEST for one in model.opset_import if one.domain in ("", "ai.onnx")):
        _in_graph(model.graph)


def _in_graph(graph: onnx.GraphProto) -> None:
    doubles = {one.name for one in graph.initializer if one.data_type == _DOUBLE}
    nodes = []
    for place, node in enumerate(graph.node):
        nodes.append(node)
        if node.op_type == "If":
            for attribute in node.attribute:
                _in_graph(attribute.g)
        if node.op_type in _NAMES and node.domain in ("", "ai.onnx") and _is_plain(node):
            nodes += _Cell(node, place, _DOUBLE if node.input[1] in doubles else _FLOAT).nodes()
    if len(nodes) > len(graph.node):
        del graph.node[:]
        graph.node.extend(nodes)


def _is_plain(node: onnx.NodeProto) -> bool:
    """Whether a cell is of the usual kind: no sequence lengths, no peepholes, functions without parameters."""
    own = _attributes(node)
    functions = [one.decode() for one in own.get("activations", ())]
    return (
        "hidden_size" in own
        and not own.get("layout")
        and not own.get("input_forget")
        and not {"clip", "activation_alpha", "activation_beta"} & own.keys()
        and not (len(node.input) > 4 and node.input[4])
        and not (len(node.input) > 7 and node.input[7])
        and _PLAIN.issuperset(functions)
    )


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    import onnx

    return {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}


def _path(node: onnx.NodeProto, place: int) -> str:
    """The prefix of a cell's layer names: the path of the module, and a number if the module has several cells."""
    *path, own = (node.name.strip("/") or f"{node.op_type}_{place + 1}").split("/")
    number = own.removeprefix(node.op_type).strip("_")
    return "/".join([*path, *([number] if path and number.isdigit() else [] if path else [own])])


class _Cell:
    """The operators of one cell. Tensors have the shape (steps, inputs, width), as in the cell."""

    def __init__(self, node: onnx.NodeProto, place: int, kind: int) -> None:
        self._node, self._own, self._kind = node, _attributes(node), kind
        if not node.output[0]:  # all the states, unused so far
            node.output[0] = f"{next(one for one in node.output if one)}/states"
        self._prefix = node.output[0]
        self._path = _path(node, place)
        self._size = int(self._own["hidden_size"])
        self._made: list[Any] = []
        self._gates: list[str] = []

    def nodes(self) -> list[onnx.NodeProto]:
        """The operators for all directions. Records the outputs of the gates in the cell's node."""
        way = self._own.get("direction", b"forward").decode()
        for number, reverse in enumerate({"forward": (False,), "reverse": (True,)}.get(way, (False, True))):
            self._direction(number, reverse, way == "bidirectional")
        self._node.metadata_props.add(key=GATES, value="\n".join(self._gates))
        return self._made

    def _direction(self, number: int, reverse: bool, is_named: bool) -> None:
        op, states = self._node.op_type, self._node.output[0]
        given = [*self._node.input, *[""] * (8 - len(self._node.input))]
        before = self._before(given[5], number, reverse, states)
        own = [self._taken(one, number, 0) for one in (given[1], given[2])]
        sums = [self._product(x, weights) for x, weights in zip((given[0], before), own, strict=True)]
        if given[3]:
            wide = self._size * len(_NAMES[op])
            both = self._taken(given[3], number, 0)
            biases = [self._taken(both, range(k * wide, (k + 1) * wide), 0) for k in (0, 1)]
            sums = [self._op("Add", *pair) for pair in zip(sums, biases, strict=True)]
        name = f"{self._path}.{'backward' if reverse else 'forward'}" if is_named else self._path
        count = len(_FUNCTIONS[op])
        functions = [one.decode() for one in self._own.get("activations", ())][number * count : (number + 1) * count]
        functions = functions or list(_FUNCTIONS[op])
        if op == "GRU":
            held = (before, own[1], biases[1] if given[3] else "")
            self._gru(name, functions, sums, () if self._own.get("linear_before_reset") else held)
        elif op == "LSTM":
            first = self._taken(self._initial(given[6], number, states), 0, 0)
            self._lstm(name, functions, sums, first, reverse)
        else:
            self._gate(name, "state", functions[0], self._op("Add", *sums))

    def _lstm(self, name: str, functions: Sequence[str], sums: Sequence[str], first: str, reverse: bool) -> None:
        total = self._op("Add", *sums)
        i, _, f, g = (
            self._gate(name, gate, functions[gate == "candidate"], self._part(total, k))
            for k, gate in enumerate(_NAMES["LSTM"])
        )
        kept = self._scan(first, f, self._op("Mul", i, g), reverse)
        self._gate(name, "cell", functions[2], kept)

    def _gru(self, name: str, functions: Sequence[str], sums: Sequence[str], held: Sequence[str]) -> None:
        """`held`: the previous states, their weights and bias, if the reset comes before the product; else empty."""
        total = self._op("Add", *sums)
        _, reset = (
            self._gate(name, gate, functions[0], self._part(total, k)) for k, gate in enumerate(_NAMES["GRU"][:2])
        )
        of_inputs, of_states = (self._part(one, 2) for one in sums)
        if not held:
            turned = self._op("Mul", reset, of_states)
        else:
            before, weights, bias = held
            last = range(2 * self._size, 3 * self._size)
            turned = self._product(self._op("Mul", reset, before), self._taken(weights, last, 0))
            turned = self._op("Add", turned, self._taken(bias, last, 0)) if bias else turned
        self._gate(name, "candidate", functions[1], self._op("Add", of_inputs, turned))

    def _gate(self, name: str, gate: str, function: str, sums: str) -> str:
        """Apply the function of a gate to its sums, with inputs as the first axis; return values with steps first."""
        x = self._op("Transpose", sums, perm=[1, 0, 2])
        y = self._op(function, x, name=f"{name}/{gate}/{function}")
        self._gates.append(y)
        return self._op("Transpose", y, perm=[1, 0, 2])

    def _before(self, first: str, number: int, reverse: bool, states: str) -> str:
        """The state before each step."""
        own = self._taken(states, number, 1)
        start = self._initial(first, number, states)
        shifted = self._sliced(own, 1, _END) if reverse else self._sliced(own, 0, -1)
        return self._op("Concat", *((shifted, start) if reverse else (start, shifted)), axis=0)

    def _initial(self, first: str, number: int, states: str) -> str:
        """The initial state: the given one, or 0 in the shape of the states."""
        if first:
            return self._taken(first, range(number, number + 1), 0)
        some = self._taken(self._taken(states, number, 1), range(1), 0)
        return self._op("Sub", some, some)

    def _scan(self, first: str, f: str, added: str, reverse: bool) -> str:
        """The cell state of an LSTM, c = f c + added, step by step."""
        from onnx import helper

        names = [f"{self._prefix}/{len(self._made)}/{one}" for one in ("c", "f", "a", "p", "n", "o")]
        c, forget, add, product, now, out = names
        body = helper.make_graph(
            [
                helper.make_node("Mul", [c, forget], [product]),
                helper.make_node("Add", [product, add], [now]),
                helper.make_node("Identity", [now], [out]),
            ],
            "step",
            [helper.make_tensor_value_info(one, self._kind, [None, self._size]) for one in (c, forget, add)],
            [helper.make_tensor_value_info(one, self._kind, [None, self._size]) for one in (now, out)],
        )
        ways = {"scan_input_directions": [1, 1], "scan_output_directions": [1]} if reverse else {}
        outputs = [f"{self._prefix}/{len(self._made)}{SUMS}", f"{self._prefix}/{len(self._made)}"]
        self._made.append(helper.make_node("Scan", [first, f, added], outputs, num_scan_inputs=2, body=body, **ways))
        return outputs[1]

    def _product(self, x: str, weights: str) -> str:
        return self._op("MatMul", x, self._op("Transpose", weights, perm=[1, 0]))

    def _part(self, sums: str, place: int) -> str:
        return self._taken(sums, range(place * self._size, (place + 1) * self._size), 2)

    def _taken(self, tensor: str, entries: int | range, axis: int) -> str:
        index = np.array(entries if isinstance(entries, int) else list(entries), np.int64)
        return self._op("Gather", tensor, self._constant(index), axis=axis)

    def _sliced(self, tensor: str, start: int, stop: int) -> str:
        return self._op("Slice", tensor, *(self._constant(np.array([one], np.int64)) for one in (start, stop, 0)))

    def _constant(self, array: Any) -> str:
        from onnx import numpy_helper

        return self._op("Constant", value=numpy_helper.from_array(array))

    def _op(self, op: str, *inputs: str, name: str = "", **more: Any) -> str:
        from onnx import helper

        output = f"{self._prefix}/{len(self._made)}"
        self._made.append(helper.make_node(op, inputs, [output], name, **more))
        return output
