"""Find the calls of PyTorch that are activations, and recognise the function of each by its values."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from actcli.activation import Array, Function
from actcli.models.operators import sloped
from actcli.models.recognise import recognise, shape_of

# Function, method, in place or nn.functional: calls go by their name without underscores at either end.
_ACTIVATIONS = frozenset(
    (
        *("relu", "relu6", "leaky_relu", "prelu", "rrelu", "threshold", "elu", "selu", "celu", "gelu", "silu", "mish"),
        *("sigmoid", "special_expit", "hardsigmoid", "logsigmoid", "log_sigmoid", "softplus", "tanh", "hardtanh"),
        *("hardswish", "softsign", "tanhshrink", "hardshrink", "softshrink", "clamp", "clip", "clamp_min", "clamp_max"),
    )
)
_CUTS = frozenset(("clamp", "clip", "clamp_min", "clamp_max"))  # usually not an activation
_GATED = frozenset(("glu",))
_INSIDE = "its activations are inside one operator"
_ROWS = "maps rows: its pre-activations are logits or attention scores"
# Calls that hide their activations, and why.
OPAQUE = {
    **dict.fromkeys(("lstm", "gru", "rnn_tanh", "rnn_relu"), _INSIDE),
    **dict.fromkeys(("lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell"), _INSIDE),
    **dict.fromkeys(("softmax", "log_softmax", "softmin"), _ROWS),
}


def name_of(call: Any) -> str:
    """The name of a call; for an operator, such as relu_.default, without its overload."""
    return str(getattr(call, "__name__", "")).partition(".")[0].strip("_")


def is_activation(name: str, along_a_layer: bool) -> bool:
    """Whether a call of this name may be an activation; `along_a_layer`: its input comes from a layer."""
    return name in _GATED or (name in _ACTIVATIONS and (along_a_layer or name not in _CUTS))


def gate_axis(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> int | None:
    """The axis that a gated call splits in half; None for other calls."""
    return (args[1] if len(args) > 1 else kwargs.get("dim", -1)) if name in _GATED else None


def function_of(call: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Function | None:
    """The function of a call that gets `args` after x; None if it is not a curve or not registered."""
    if name in _GATED:
        from actcli.registry.specs import get

        return get("glu")
    if name == "rrelu":  # random in training: use its mean
        args, kwargs = args[:2], {key: kwargs[key] for key in ("lower", "upper") if key in kwargs}
    kwargs = {key: value for key, value in kwargs.items() if key not in ("input", "out", "inplace")}
    if name == "prelu" and (slopes := _portable(kwargs.get("weight", *args[:1]))).numel() > 1:
        return sloped(slopes.numpy())
    if _is_plain((*args, *kwargs.values())):
        return _cached_by_values(call, args, tuple(kwargs.items()))
    return _by_values(call, tuple(map(_portable, args)), {key: _portable(value) for key, value in kwargs.items()})


def _is_plain(values: tuple[Any, ...]) -> bool:
    return all(value is None or isinstance(value, bool | int | float | str) for value in values)


def _portable(value: Any) -> Any:
    """The argument, with a tensor moved to the CPU in float64."""
    import torch

    return value.detach().to("cpu", torch.float64) if isinstance(value, torch.Tensor) else value


@cache
def _cached_by_values(call: Any, args: tuple[Any, ...], kwargs: tuple[tuple[str, Any], ...]) -> Function | None:
    return _by_values(call, args, dict(kwargs))


def _by_values(call: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Function | None:
    return named(lambda x: call(x, *args, **kwargs), prefer=("prelu",) if name_of(call) == "prelu" else ())


def named(call: Callable[[Any], Any], prefer: tuple[str, ...] = ()) -> Function | None:
    """The registered function with the values of this call; None if there is none or it is not a curve."""
    import torch

    def values(x: Array) -> Array:
        with torch.no_grad(), torch.autocast("cpu", enabled=False):
            given = torch.from_numpy(np.array(x, dtype=np.float64))
            return np.asarray(call(given).to("cpu", torch.float64).numpy())

    return recognise(values, prefer=prefer) if shape_of(values) == "curve" else None


def module_function(module: Any) -> Function | None:
    """The function of a user's own module, by the values of a copy; None if it is not an activation.

    Modules with buffers or more than a few parameters are not tried. The random number generator is left as it was.
    """
    import torch

    if type(module).__module__.startswith("torch.") or any(True for _ in module.buffers()):
        return None
    if sum(parameter.numel() for parameter in module.parameters()) > 8:
        return None
    try:
        with torch.random.fork_rng(devices=[]):
            other = copy.deepcopy(module).to("cpu", torch.float64)
            for part in other.modules():  # neither our hooks nor others should see this
                part._forward_hooks.clear()
                part._forward_pre_hooks.clear()
            return named(other)
    except Exception:  # it is not a function of one tensor, and may raise anything
        return None
