"""The layers of an ONNX model, listed without running it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from actcli.activation import Function, Interval
from actcli.analysis.regions import extent
from actcli.models.graph import CELLS, Graph, Node, has_weights
from actcli.models.operators import TRANSPARENT
from actcli.models.regions import Finder, Region
from actcli.models.slopes import is_sloped

Role: TypeAlias = Literal["hidden", "head", "gate"]

_POSITIVE = frozenset({"softplus", "squareplus", "exponential"})
_MOVING = frozenset({*TRANSPARENT, "Resize", "Upsample", "GlobalAveragePool", "AveragePool", "MaxPool"})


@dataclass(frozen=True, slots=True)
class ModelLayer:
    """A layer of a model; `tensor` names its pre-activation."""

    name: str
    function: Function
    known: str  # how the function was found: an operator, recognised from several, an expression
    neurons: int | None  # None until the model is run
    role: Role
    tensor: str
    axis: int  # of the neurons


@dataclass(frozen=True, slots=True)
class Unseen:
    """Operators whose activations cannot be seen, and why."""

    operator: str
    count: int
    reason: str

    def __str__(self) -> str:
        return f"{self.count} {self.operator}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Listing:
    """What is known about a model without running it. `is_chain`: each layer depends on the previous one alone."""

    layers: tuple[ModelLayer, ...]
    unseen: tuple[Unseen, ...]
    is_chain: bool


def listing(graph: Graph) -> Listing:
    """The layers in graph order, with unique names."""
    found = Finder(graph).regions()
    layers = [_layer(graph, region) for region in found]
    names = _unique([list(_names(graph, region)) for region in found])
    layers = [replace(layer, name=name) for layer, name in zip(layers, names, strict=True)]
    return Listing(tuple(layers), tuple(_unseen(graph, bool(layers))), _is_chain(graph, layers))


def _layer(graph: Graph, region: Region) -> ModelLayer:
    found = (_axis_of_constant(graph, node) for node in region.nodes)  # the slopes of a PRelu
    own = next((axis for axis in found if axis is not None), None)
    axis = _axis(graph, region.x) if own is None else own
    dims = graph.shape(region.x)
    neurons = dims[axis] if dims and -len(dims) <= axis < len(dims) else None
    if neurons is None:
        neurons = _width(graph, region.x)
    cell = graph.cell(region.output)
    known = f"written out of {cell.op}" if cell else region.known
    tensor = graph.seen_from(region.x, region.output)
    return ModelLayer("", region.function, known, neurons, _role(graph, region), tensor, axis)


def _axis(graph: Graph, tensor: str) -> int:
    """The axis of the channels or features of a tensor: 1 after a convolution, the last after a matrix product."""
    order: list[tuple[int, ...]] = []
    dims = graph.shape(tensor)
    for _ in range(24):
        node = graph.producer.get(tensor)
        if node is None or node.op in ("Reshape", "Flatten", "Squeeze", "Unsqueeze"):
            break
        if (by_constant := _axis_of_constant(graph, node)) is not None:
            return _moved(by_constant % len(order[0]), order) if order else by_constant
        if has_weights(node) or node.op == "BatchNormalization":
            conv = "Conv" in node.op or node.op == "BatchNormalization"
            return _moved(1, order) if conv else _moved(len(order[0]) - 1, order) if order else -1
        if node.op == "Transpose" and "perm" in node.attributes:
            order.insert(0, tuple(node.attributes["perm"]))
        above = [name for name in node.inputs if name and not graph.is_constant(name)]
        if not above:
            break
        tensor = next((name for name in above if graph.is_linear(name)), above[0])
    rank = len(order[-1]) if order else len(dims or ())
    return {0: -1, 1: -1, 2: -1, 3: -1}.get(rank, 1)


def _axis_of_constant(graph: Graph, node: Node) -> int | None:
    """The axis along which a bias or scale has one entry per channel, counted from the end; None if unknown."""
    if node.op not in ("Add", "Sub", "Mul", "Div", "PRelu"):
        return None
    for name in node.inputs:
        dims = graph.shape(name) if graph.is_constant(name) else None
        wide = [axis - len(dims) for axis, size in enumerate(dims or ()) if dims and size != 1]
        if len(wide) == 1:
            return wide[0]
    return None


def _moved(axis: int, order: Sequence[tuple[int, ...]]) -> int:
    for permutation in order:
        axis = permutation.index(axis)
    return axis


def _width(graph: Graph, tensor: str) -> int | None:
    """The number of outputs of a layer's weights."""
    node = graph.linear(tensor)
    if node is None or len(node.inputs) < 2:
        return None
    dims = graph.shape(node.inputs[1])
    if not dims:
        return None
    if node.op == "ConvTranspose":
        return (dims[1] or 0) * int(node.attributes.get("group", 1))
    first = "Conv" in node.op or node.attributes.get("transB")
    return dims[0 if first else -1]


def is_bounded(ends: Interval) -> bool:
    """Whether a function with this range stays within [-1, 1], as a model's output may."""
    return max(abs(ends[0]), abs(ends[1])) <= 1.0


def is_share(ends: Interval) -> bool:
    """Whether a function with this range stays within [0, 1], up to rounding, as a gate does."""
    return ends[0] >= -1e-9 and ends[1] <= 1.0 + 1e-9


def _role(graph: Graph, region: Region) -> Role:
    """A function that turns a sum into a probability or a positive number, with no weights after it, is a head; one in
    [0, 1] that scales other values is a gate. A final relu may produce features: it is hidden."""
    ends = extent(region.function)
    if graph.cell(region.output):
        return "gate" if ends[0] >= 0.0 and ends[1] <= 1.0 else "hidden"
    answers = is_bounded(ends) or region.function.name in _POSITIVE or region.function.name == "hard_tanh"
    if answers and not any(has_weights(node) for node in graph.after(region.output)):
        return "head"
    if is_share(ends) and _scales(graph, region.output):
        return "gate"
    return "hidden"


def _scales(graph: Graph, tensor: str) -> bool:
    """Whether a tensor is multiplied by another one."""
    waiting = [tensor]
    while waiting:
        tensor = waiting.pop()
        for node in graph.consumers.get(tensor, ()):
            if node.op == "Mul" and not any(graph.is_constant(name) for name in node.inputs):
                return True
            if node.op in _MOVING:
                waiting += node.outputs[:1]
    return False


def _is_chain(graph: Graph, layers: Sequence[ModelLayer]) -> bool:
    """Whether nothing bypasses, joins or normalises the layers, so that f' scales a gradient by a plain product."""
    joins = ("Concat", "LayerNormalization", "InstanceNormalization", "GroupNormalization", "BatchNormalization",
             "SimplifiedLayerNormalization", "SkipLayerNormalization", "RMSNormalization", "Attention", "If", "Loop",
             "LSTM", "GRU", "RNN", "Softmax")  # fmt: skip
    for node in graph.nodes:
        above = [name for name in node.inputs if name and not graph.is_constant(name)]
        if node.op in joins:
            return False
        if node.op in ("Add", "Sub", "Mul", "Div", "Sum", "MatMul") and len(set(above)) > 1:
            chains = [graph.chains.get(name, (name,)) for name in above]
            if not any(set(chains[0]).intersection(chain) for chain in chains[1:]):
                return False
    return all(layer.role != "gate" for layer in layers)


_CELLS = "no tensor shows the gates of cells with sequence lengths, peepholes or clipping, or of quantised cells"
_LOOPS = "tensors inside a loop are overwritten in each step and never kept"
_INTEGERS = "integer arithmetic folds the function into the limits of the result: use the model before quantisation"
_FUSED = "the function is fused into the operator: use the model before onnxruntime optimised it"
_REASONS = {
    **dict.fromkeys((*CELLS, "DynamicQuantizeLSTM"), _CELLS),
    **dict.fromkeys(("Loop", "Scan"), _LOOPS),
    **dict.fromkeys(("QLinearConv", "QLinearMatMul", "QGemm", "QLinearAdd"), _INTEGERS),
    **dict.fromkeys(("QLinearSigmoid", "QLinearLeakyRelu"), _INTEGERS),
    **dict.fromkeys(("FusedConv", "FusedGemm"), _FUSED),
    "Softmax": "maps rows: its pre-activations are logits or attention scores",
    **dict.fromkeys(("Attention", "MultiHeadAttention"), "attention in one operator"),
}


def _unseen(graph: Graph, any_layer: bool) -> Iterator[Unseen]:
    counts = Counter(node.op for node in graph.nodes if not graph.is_written_out(node))
    for op, reason in _REASONS.items():
        if counts[op] and (not op.startswith("Fused") or _has_activation(graph, op)):
            yield Unseen(op, counts[op], reason)
    if sloped := sum(node.op == "PRelu" and not is_sloped(graph, node) for node in graph.nodes):
        yield Unseen("PRelu", sloped, "it has a slope for each value, but neurons are channels")
    quantised = counts["QuantizeLinear"]
    if quantised and not any_layer:
        yield Unseen("QuantizeLinear", quantised, "the function is folded into the limits of the quantised values: "
                     "use the model before quantisation")  # fmt: skip


def _has_activation(graph: Graph, op: str) -> bool:
    return any(node.op == op and node.attributes.get("activation") for node in graph.nodes)


def _names(graph: Graph, region: Region) -> Iterator[str]:
    """Names that a person may know the layer by, the best first."""
    node, branch = region.nodes[-1], graph.branch(region.output)
    scopes = [scope for one in reversed(region.nodes) if (scope := _scope(one))]
    weight = _weight_name(graph, region.x)
    last = _plain_tensor(region.output) or f"{node.op}_{node.place + 1}"
    for name in (*scopes[:1], weight, last):
        if name := _INLINED.sub("", name):
            yield f"{branch}{name}"


_INLINED = re.compile(r"^(F\d+::)?(If_\d+_(then|else)_branch__Inline_\d+__)+[./]?")  # prefixes that onnx adds


def _scope(node: Node) -> str:
    """The path of a node's module, as torch's exporters and TensorFlow write it."""
    if node.scope:
        parts = re.findall(r"'([^']*)'", node.scope)
        inner = [part for part in parts[:-1] if part]  # the last one names the operation
        return inner[-1] if inner else ""
    parts = [part for part in node.name.split("/")[:-1] if part]
    path: list[str] = []
    for part in parts:
        if path and part.startswith(f"{path[-1]}."):
            path.pop()
        path.append(part)
    return ".".join(path)


def _weight_name(graph: Graph, tensor: str) -> str:
    """The name of the weights that make a pre-activation, without the suffix that marks weights."""
    node = graph.linear(tensor)
    names = [name for name in node.inputs[1:] if name in graph.initialisers] if node else []
    for name in names:
        known = re.fullmatch(r"(.+)[./_](weight|kernel|bias|weights|w|b)", name.partition(":")[0], re.IGNORECASE)
        if known:
            return known[1]
    return ""


def _plain_tensor(name: str) -> str:
    """The name of a tensor; "" if an exporter merely numbered it."""
    name = re.sub(r"_output_0$", "", name).strip("/")
    return name if re.search(r"[A-Za-z]{3}", name) and not re.fullmatch(r"val_\d+|onnx::.*", name) else ""


def _unique(names: Sequence[Sequence[str]]) -> list[str]:
    """For each layer, the best of its names that no other layer has; its first name, numbered, if there is none."""
    counts = Counter(own for given in names for own in dict.fromkeys(given))
    taken: Counter[str] = Counter()
    result = []
    for given in names:
        best = next((name for name in given if counts[name] == 1), given[0])
        taken[best] += 1
        result.append(best if counts[best] == 1 or taken[best] == 1 else f"{best}_{taken[best]}")
    return result
