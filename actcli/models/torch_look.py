"""Observe one forward of a PyTorch model: a mode sees each call, and hooks track the module that makes it."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Any

from actcli.activation import Function
from actcli.analysis.regions import extent
from actcli.models.layers import Role, is_bounded, is_share
from actcli.models.seen import LossGradient, Places, Seen
from actcli.models.tensors import (
    Kept,
    add_gradient,
    is_parameter,
    is_readable,
    is_tensor,
    is_transformed,
    tensor_blocks,
)
from actcli.models.torch_functions import OPAQUE, function_of, gate_axis, is_activation, name_of
from actcli.models.torch_sizes import stays
from actcli.numerics.axes import usual_axis

if TYPE_CHECKING:
    from actcli.models.torch_watch import Tracer

# The axis of the neurons in the output of each call.
_AXES = {
    **dict.fromkeys(("conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"), 1),
    **dict.fromkeys(("batch_norm", "group_norm", "instance_norm"), 1),
    **dict.fromkeys(("linear", "matmul", "bmm", "addmm", "layer_norm", "rms_norm", "embedding"), -1),
}
_AXIS_LOST = frozenset(("transpose", "permute", "movedim", "moveaxis", "swapaxes", "swapdims", "t", "get"))
_SAME_LAYER = frozenset(("view", "reshape", "flatten", "squeeze", "unsqueeze", "expand", "expand_as", "permute", "to"))
_WEIGHTED = frozenset(name for name in _AXES if name not in ("batch_norm", "group_norm", "instance_norm", "layer_norm"))
_JOINS = frozenset(("cat", "concat", "stack", "batch_norm", "group_norm", "instance_norm", "layer_norm", "rms_norm",
                    "scaled_dot_product_attention", "multi_head_attention_forward"))  # fmt: skip
_PAIRS = frozenset(("add", "sub", "mul", "div", "matmul", "bmm", "iadd", "imul"))


@dataclass(frozen=True, slots=True)
class Place:
    """The identity of a layer: the module that makes the call, the call, the module whose output it gets, and the line
    in the user's code."""

    module: str
    call: str
    before: str
    line: tuple[str, int] | None
    neurons: int

    @property
    def names(self) -> Iterator[str]:
        """Possible names of the layer, the shortest first."""
        if self.call:
            yield ".".join(filter(None, (self.before or self.module, self.call)))
        else:
            yield self.module or "model"
            if self.before:
                yield f"{self.module} after {self.before}"


class Look:
    """The observation of one forward."""

    def __init__(self, tracer: Tracer, batch: int, root: FrameType) -> None:
        self.root: FrameType | None = root
        self._tracer, self._batch = tracer, batch
        self._stack: list[str] = []
        self._muted = 0
        self._made: Kept[str] = Kept()  # the module that made each tensor
        self._axes: Kept[int] = Kept()  # the axis of its neurons
        self._layers: Kept[str] = Kept()  # the layer whose output it is
        self._ranges: dict[str, tuple[float, float]] = {}  # of each layer's function
        self._last: list[str] = []  # the layers since the last weights
        self._gates: set[str] = set()
        self._joins = False
        self._handles: list[Any] = []
        self._mode: Any = None
        self._differentiates = False

    def open(self) -> None:
        import torch

        self._differentiates = torch.is_grad_enabled()
        functions = self._tracer.functions()
        for name, module in self._tracer.model.named_modules():
            if isinstance(module, torch.jit.ScriptModule):
                if not any(name.startswith(f"{other}.") for other in self._tracer.hidden):
                    self._tracer.hidden[name] = "a scripted module shows nothing"
            elif module is not self._tracer.model:
                self._hook(name, module, functions.get(id(module)))
        if (function := functions.get(id(self._tracer.model))) is not None:
            self._hook("", self._tracer.model, function)
        self._mode = _mode(self._call)
        self._mode.__enter__()

    def close(self) -> None:
        if self._mode is not None:
            self._mode.__exit__(None, None, None)
            self._mode = None
        for handle in self._handles:
            handle.remove()
        self._handles, self.root = [], None
        for kept in (self._made, self._axes, self._layers):
            kept.clear()

    @property
    def places(self) -> Places:
        """The roles of the layers that are not hidden, and whether each layer depends on the previous one alone."""
        roles: dict[str, Role] = {}
        for name, ends in self._ranges.items():
            if name in self._gates and is_share(ends):
                roles[name] = "gate"
            elif name in self._last and is_bounded(ends):
                roles[name] = "head"
        return Places(roles, not self._joins and "gate" not in roles.values())

    def _hook(self, name: str, module: Any, function: Function | None) -> None:
        shown: list[str | None] = []

        def before(module: Any, args: tuple[Any, ...]) -> None:
            self._stack.append(name)
            if function is not None:
                self._muted += 1  # first, because measuring calls PyTorch too
                shows = self._muted == 1 and args and is_readable(args[0])
                shown.append(self._show(function, "", args[0], self._axis(args[0])) if shows else None)

        def after(module: Any, args: Any, output: Any) -> None:
            if function is not None:
                self._muted -= 1
                if (layer := shown.pop()) is not None:
                    self._layers.put(output, layer)
            if self._stack:
                self._stack.pop()
            if self._made.get(output) is None:
                self._made.put(output, name)

        self._handles += [
            module.register_forward_pre_hook(before, prepend=True),
            module.register_forward_hook(after, always_call=True),
        ]

    def _call(self, call: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Make a call of PyTorch, and record it."""
        name, layer = name_of(call), None
        if not self._muted:
            if name in OPAQUE:
                self._joins = True
                self._tracer.hidden[".".join(filter(None, (self._module(), name)))] = OPAQUE[name]
            else:
                layer = self._activation(call, name, args, kwargs)
            self._follow(name, args)
        output = call(*args, **kwargs)
        if layer is not None:
            self._layers.put(output, layer)
        self._trace(name, args, output)
        return output

    def _activation(self, call: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str | None:
        """The layer of a call that is an activation; None for other calls."""
        x: Any = args[0] if args else kwargs.get("input")
        if not is_activation(name, self._axes.get(x) is not None):
            return None
        if is_transformed(x):
            self._tracer.hidden[".".join(filter(None, (self._module(), name)))] = "torch.func hides its values"
        if not is_readable(x):
            return None
        if (function := function_of(call, name, args[1:], kwargs)) is None:
            return None
        axis = 1 if function.columns else gate_axis(name, args, kwargs)  # PyTorch's slopes are along the second axis
        return self._show(function, name, x, self._axis(x) if axis is None else axis % x.ndim)

    def _follow(self, name: str, args: tuple[Any, ...]) -> None:
        """Record what the call shows about the roles of the layers before it."""
        if name in _WEIGHTED:
            self._last = []
        tensors = [x for x in args[:2] if is_tensor(x) and x.numel() > 1 and not is_parameter(x)]
        if name in _JOINS or (name in _PAIRS and len(tensors) == 2 and tensors[0] is not tensors[1]):
            self._joins = True
            if name == "mul":
                self._gates.update(layer for x in tensors if (layer := self._layers.get(x)) is not None)

    def _show(self, function: Function, name: str, x: Any, axis: int) -> str:
        import torch

        neurons = int(x.shape[axis]) if x.ndim > 1 else 1
        module = self._module()
        of_module = name == "" or (module != "" and self._is_activation(module))
        place = Place(module, "" if of_module else name, self._made.get(x) or "", self._line(), neurons)
        rows = x.numel() // max(1, neurons)
        positions = rows // self._batch if self._batch and rows % self._batch == 0 else 1
        held, gradient = x.detach(), LossGradient()
        if self._tracer.gradients and x.requires_grad:
            x.register_hook(lambda g: add_gradient(gradient, g))
        layer = self._tracer.name(place)
        if self._tracer.gradients and self._differentiates and not torch.is_grad_enabled():
            self._tracer.hidden[layer] = "its dL/dx is unknown: it is recomputed later (set use_reentrant=False)"
        self._ranges[layer] = (0.0, math.inf) if function.rowwise else extent(function)
        self._last.append(layer)
        on_device = stays(function, held.device)
        blocks = partial(tensor_blocks, held, axis, positions, on_device)
        self._tracer.sees(Seen(layer, function, neurons, positions, blocks, gradient, on_device))
        return layer

    def _is_activation(self, module: str) -> bool:
        """Whether a module is only an activation: nn.ReLU, not a block that calls relu."""
        kinds = type(self._tracer.model.get_submodule(module)).__mro__
        return any(kind.__module__ == "torch.nn.modules.activation" for kind in kinds)

    def _module(self) -> str:
        return self._stack[-1] if self._stack else ""

    def _axis(self, x: Any) -> int:
        """The axis of the neurons: as in the layer that made x, else the usual one for the number of dimensions."""
        axis = self._axes.get(x)
        if axis is None or not -x.ndim <= axis < x.ndim:
            axis = usual_axis(x.ndim)
        return max(0, axis % x.ndim if x.ndim else 0)

    def _trace(self, name: str, args: tuple[Any, ...], output: Any) -> None:
        """Remember the axis of the output's neurons, and its layer."""
        if not is_tensor(output):
            return
        if name in _SAME_LAYER and args and (layer := self._layers.get(args[0])) is not None:
            self._layers.put(output, layer)
        if name in _AXIS_LOST or self._axes.get(output) is not None:
            return
        axis = _AXES.get(name)
        if axis is None:
            for x in args:
                if is_tensor(x) and x.shape == output.shape and (axis := self._axes.get(x)) is not None:
                    break
        if axis is not None:
            self._axes.put(output, axis)

    def _line(self) -> tuple[str, int] | None:
        """The line in the user's forward that makes the call."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and frame is not self.root:
            path = frame.f_code.co_filename
            if not path.startswith(_SKIPPED):
                return path, frame.f_lineno
            frame = frame.f_back
        return None


def _folder(file: str | None) -> str:
    return os.path.join(os.path.dirname(os.path.abspath(str(file))), "")


_SKIPPED: tuple[str, ...] = ()


def _mode(handle: Callable[[Any, tuple[Any, ...], dict[str, Any]], Any]) -> Any:
    """A context in which `handle` makes every call of PyTorch."""
    import torch
    from torch.overrides import TorchFunctionMode

    global _SKIPPED  # noqa: PLW0603 - known once PyTorch is imported
    _SKIPPED = (_folder(torch.__file__), _folder(__file__))

    class Mode(TorchFunctionMode):  # type: ignore[misc]
        @torch.compiler.disable  # type: ignore[untyped-decorator]
        def __torch_function__(self, call: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            return handle(call, args, kwargs or {})

    return Mode()
