"""A PyTorch model while it runs: every activation that a forward calls, as a module or as a function.

Hooks on the model alone stay between the forwards that are looked at. In one that is, a mode sees each call of PyTorch,
and hooks on the modules say in which of them it is made. Nothing that the forward computes is changed.
"""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, TypeVar

from actcli.activation import Function
from actcli.errors import UsageError
from actcli.models.seen import LossGradient, Seen, neuron_axis
from actcli.models.tensors import add_gradient, batch_of, is_readable, is_tensor, tensor_blocks
from actcli.models.torch_functions import (
    OPAQUE,
    function_of,
    gate_axis,
    is_activation,
    module_function,
    name_of,
)

T = TypeVar("T")

# Along which axis the neurons lie in what these return.
_AXES = {
    **dict.fromkeys(("conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"), 1),
    **dict.fromkeys(("batch_norm", "group_norm", "instance_norm"), 1),
    **dict.fromkeys(("linear", "matmul", "bmm", "addmm", "layer_norm", "rms_norm", "embedding"), -1),
}
_MOVES = frozenset(("transpose", "permute", "movedim", "moveaxis", "swapaxes", "swapdims", "t", "get"))


@dataclass(frozen=True, slots=True)
class _Place:
    """What tells one layer from another: the module that makes the call, the call, the module whose output it is given,
    and the line in the user's code."""

    module: str
    call: str
    before: str
    line: tuple[str, int] | None
    neurons: int

    @property
    def names(self) -> Iterator[str]:
        """What it may be called, the shortest first."""
        if self.call:
            yield ".".join(filter(None, (self.before or self.module, self.call)))
        else:
            yield self.module or "model"
            if self.before:
                yield f"{self.module} after {self.before}"


@dataclass(eq=False)
class Tracer:
    """Looks at forwards of a model. `begins` is asked whether to look at one, `sees` is given each call of an
    activation, `ends` hears that it is over, or, where it failed, broke off."""

    model: Any
    begins: Callable[[], bool]
    sees: Callable[[Seen], None]
    ends: Callable[[], None]
    gradients: bool
    hidden: dict[str, str] = field(default_factory=dict)  # by the module: what cannot be looked into, and why
    _names: dict[_Place, str] = field(default_factory=dict)
    _handles: list[Any] = field(default_factory=list)
    _functions: Any = field(default_factory=weakref.WeakKeyDictionary)
    _look: _Look | None = None
    _depth: int = 0

    def __post_init__(self) -> None:
        check(self.model)

    def start(self) -> None:
        """From here on forwards are looked at."""
        model = self.model
        self._handles = [
            model.register_forward_pre_hook(self._before, with_kwargs=True, prepend=True),
            model.register_forward_hook(self._after, always_call=True),
        ]

    def stop(self) -> None:
        """The model is as it was."""
        if self._look is not None:
            self._look.close()
            self._look = None
        for handle in self._handles:
            handle.remove()
        self._handles, self._depth = [], 0

    def functions(self) -> dict[int, Function]:
        """The modules of the user's own that are functions, by their id."""
        found = {}
        for module in self.model.modules():
            learns = any(True for _ in module.parameters())
            if learns or module not in self._functions:  # what learns may be another by now
                self._functions[module] = module_function(module)
            if (function := self._functions[module]) is not None:
                found[id(module)] = function
        return found

    def _before(self, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        import torch

        if torch.compiler.is_compiling():  # what is compiled is not looked into
            return
        self._depth += 1  # a model that calls itself is looked at from the outermost call on
        if self._depth == 1 and self.begins():
            self._look = _Look(self, batch_of((*args, *kwargs.values())), sys._getframe(1))
            self._look.open()

    def _after(self, model: Any, args: Any, output: Any) -> None:
        self._depth = max(0, self._depth - 1)
        if self._depth == 0 and self._look is not None:
            self._look.close()
            self._look = None
            self.ends()

    def name(self, place: _Place) -> str:
        """The name of a layer, which it keeps."""
        if (name := self._names.get(place)) is None:
            taken = set(self._names.values())
            choices = list(place.names)
            name = next((one for one in choices if one not in taken), "")
            number = 1
            while not name or name in taken:
                number += 1
                name = f"{choices[0]} ({number})"
            self._names[place] = name
        return name


def check(model: Any) -> None:
    """Raises UsageError for what nobody can look into."""
    import torch

    if not isinstance(model, torch.nn.Module):
        raise UsageError(f"a {type(model).__name__} is no PyTorch module", "give the nn.Module whose forward is called")
    if isinstance(model, torch.jit.ScriptModule):
        raise UsageError(
            "a scripted or traced module takes no hooks and shows nothing", "give the nn.Module that it was made from"
        )
    for name, module in model.named_modules():
        where = f"{name}: a" if name else "a"
        if hasattr(module, "_orig_mod") or getattr(module, "_compiled_call_impl", None) is not None:
            raise UsageError(
                f"{where} compiled module runs code that nothing can look into",
                "give the model before torch.compile, and train or run that one while it is watched",
            )
        if type(module).__name__ == "DataParallel" and len(getattr(module, "device_ids", ())) > 1:
            raise UsageError(
                f"{where} DataParallel runs copies on threads of their own",
                "give what it holds, on one device",
            )


class _Look:
    """One forward that is looked at."""

    def __init__(self, tracer: Tracer, batch: int, root: FrameType) -> None:
        self.root: FrameType | None = root
        self._tracer, self._batch = tracer, batch
        self._stack: list[str] = []
        self._muted = 0
        self._made: dict[int, tuple[Any, str]] = {}  # tensors and the modules that gave them
        self._axes: dict[int, tuple[Any, int]] = {}  # tensors and the axes of their neurons
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
        self._made.clear()
        self._axes.clear()

    def _hook(self, name: str, module: Any, function: Function | None) -> None:
        def before(module: Any, args: tuple[Any, ...]) -> None:
            self._stack.append(name)
            if function is not None:
                if not self._muted and args and is_readable(args[0]):
                    self._show(function, "", args[0], self._axis(args[0]))
                self._muted += 1

        def after(module: Any, args: Any, output: Any) -> None:
            if function is not None:
                self._muted -= 1
            if self._stack:
                self._stack.pop()
            if is_tensor(output) and self._maker(output) is None:
                self._made[id(output)] = (weakref.ref(output), name)

        self._handles += [
            module.register_forward_pre_hook(before, prepend=True),
            module.register_forward_hook(after, always_call=True),
        ]

    def _call(self, call: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A call of PyTorch, on its way."""
        name = name_of(call)
        if not self._muted:
            if name in OPAQUE:
                self._tracer.hidden[".".join(filter(None, (self._module(), name)))] = OPAQUE[name]
            else:
                self._activation(call, name, args, kwargs)
        output = call(*args, **kwargs)
        self._trace(name, args, output)
        return output

    def _activation(self, call: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        x: Any = args[0] if args else kwargs.get("input")
        if not is_readable(x) or not is_activation(name, id(x) in self._axes):
            return
        if (function := function_of(call, name, args[1:], kwargs)) is None:
            return
        axis = gate_axis(name, args, kwargs)
        self._show(function, name, x, self._axis(x) if axis is None else axis % x.ndim)

    def _show(self, function: Function, name: str, x: Any, axis: int) -> None:
        import torch

        neurons = int(x.shape[axis]) if x.ndim > 1 else 1
        module = self._module()
        of_module = name == "" or (module != "" and self._is_activation(module))
        place = _Place(module, "" if of_module else name, self._maker(x) or "", self._line(), neurons)
        rows = x.shape.numel() // max(1, neurons)
        inputs = self._batch if self._batch and rows % self._batch == 0 else rows
        held = x.detach()
        gradient = LossGradient()
        if self._tracer.gradients and x.requires_grad:
            x.register_hook(lambda g: add_gradient(gradient, g))
        layer = self._tracer.name(place)
        if self._tracer.gradients and self._differentiates and not torch.is_grad_enabled():
            self._tracer.hidden[layer] = "its dL/dx is not known: it is computed again later (use_reentrant=False)"
        self._tracer.sees(Seen(layer, function, neurons, inputs, lambda: tensor_blocks(held, axis), gradient))

    def _is_activation(self, module: str) -> bool:
        """Whether the module is nothing but the activation: nn.ReLU, not a block that calls relu."""
        kinds = type(self._tracer.model.get_submodule(module)).__mro__
        return any(kind.__module__ == "torch.nn.modules.activation" for kind in kinds)

    def _module(self) -> str:
        return self._stack[-1] if self._stack else ""

    def _maker(self, x: Any) -> str | None:
        return _of(self._made, x)

    def _known_axis(self, x: Any) -> int | None:
        return _of(self._axes, x)

    def _axis(self, x: Any) -> int:
        """The axis of the neurons: that of the layer the values come from, else by the number of dimensions."""
        axis = self._known_axis(x)
        if axis is None or not -x.ndim <= axis < x.ndim:
            axis = neuron_axis(tuple(x.shape))
        return max(0, axis % x.ndim if x.ndim else 0)

    def _trace(self, name: str, args: tuple[Any, ...], output: Any) -> None:
        """Keeps in mind along which axis the neurons of the output lie."""
        if not is_tensor(output) or name in _MOVES or self._known_axis(output) is not None:
            return
        axis = _AXES.get(name)
        if axis is None:
            for x in args:
                if is_tensor(x) and x.shape == output.shape and (axis := self._known_axis(x)) is not None:
                    break
        if axis is not None:
            self._axes[id(output)] = (weakref.ref(output), axis)

    def _line(self) -> tuple[str, int] | None:
        """The line in the forward of the user's model that the call comes from."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and frame is not self.root:
            path = frame.f_code.co_filename
            if not path.startswith(_SKIPPED):
                return path, frame.f_lineno
            frame = frame.f_back
        return None


def _of(kept: dict[int, tuple[Any, T]], x: Any) -> T | None:
    """What is kept of a tensor: of that one, not of another that has its place in memory by now."""
    found = kept.get(id(x))
    return found[1] if found is not None and found[0]() is x else None


def _folder(module: Any) -> str:
    return os.path.join(os.path.dirname(os.path.abspath(str(module.__file__))), "")


_SKIPPED: tuple[str, ...] = ()


def _mode(handle: Callable[[Any, tuple[Any, ...], dict[str, Any]], Any]) -> Any:
    """What sees every call of PyTorch while it is entered."""
    import torch
    from torch.overrides import TorchFunctionMode

    global _SKIPPED  # noqa: PLW0603 - known when PyTorch is
    _SKIPPED = (_folder(torch), os.path.join(os.path.dirname(os.path.abspath(__file__)), ""))

    class Mode(TorchFunctionMode):  # type: ignore[misc]
        @torch.compiler.disable  # type: ignore[untyped-decorator]
        def __torch_function__(self, call: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            return handle(call, args, kwargs or {})

    return Mode()


def run(model: Any, inputs: Any, sees: Callable[[Seen], None]) -> dict[str, str]:
    """A batch through the model in evaluation mode, without gradients; `sees` is given each call of an activation. By
    the module: what cannot be looked into, and why."""
    import torch

    tracer = Tracer(model, lambda: True, sees, lambda: None, gradients=False)
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    tracer.start()
    try:
        with torch.no_grad():
            _called(model, inputs)
    finally:
        tracer.stop()
        for module, training in modes:
            module.training = training
    return tracer.hidden


def _called(model: Any, inputs: Any) -> None:
    """The model of the inputs, of numpy or torch, on its device and of its type of numbers."""
    import torch

    like = next((p for p in model.parameters() if p.is_floating_point()), torch.zeros(0))

    def given(x: Any) -> Any:
        x = torch.as_tensor(x)
        return x.to(like.device, like.dtype) if x.is_floating_point() else x.to(like.device)

    if isinstance(inputs, dict):
        model(**{name: given(x) for name, x in inputs.items()})
    elif isinstance(inputs, tuple | list):
        model(*map(given, inputs))
    else:
        model(given(inputs))
