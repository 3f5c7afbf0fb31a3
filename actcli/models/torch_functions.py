"""Which calls of PyTorch are activations, and which function each is: by its values."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from actcli.activation import Array, Function
from actcli.models.operators import sloped
from actcli.models.recognise import recognise, shape_of

# In place or not, as function, method or of nn.functional: a call is known by its name without underscores at its ends.
_ACTIVATIONS = frozenset(
    (
        *("relu", "relu6", "leaky_relu", "prelu", "rrelu", "threshold", "elu", "selu", "celu", "gelu", "silu", "mish"),
        *("sigmoid", "special_expit", "hardsigmoid", "logsigmoid", "log_sigmoid", "softplus", "tanh", "hardtanh"),
        *("hardswish", "softsign", "tanhshrink", "hardshrink", "softshrink", "clamp", "clip", "clamp_min", "clamp_max"),
    )
)
_CUTS = frozenset(("clamp", "clip", "clamp_min", "clamp_max"))  # which are more often no activation
_GATED = frozenset(("glu",))
_INSIDE = "its activations are inside one operator"
_ROWS = "maps rows: its pre-activations are the logits or the scores of attention"
# What is not looked into, and why.
OPAQUE = {
    **dict.fromkeys(("lstm", "gru", "rnn_tanh", "rnn_relu"), _INSIDE),
    **dict.fromkeys(("lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell"), _INSIDE),
    **dict.fromkeys(("softmax", "log_softmax", "softmin"), _ROWS),
}


def name_of(call: Any) -> str:
    """By what a call is known; an operator, such as relu_.default, without its overload."""
    return str(getattr(call, "__name__", "")).partition(".")[0].strip("_")


def is_activation(name: str, along_a_layer: bool) -> bool:
    """Whether a call of this name may be an activation; `along_a_layer`: what it is given comes from a layer."""
    return name in _GATED or (name in _ACTIVATIONS and (along_a_layer or name not in _CUTS))


def gate_axis(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> int | None:
    """Along which axis the halves of a gated call lie; None of others."""
    return (args[1] if len(args) > 1 else kwargs.get("dim", -1)) if name in _GATED else None


def function_of(call: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Function | None:
    """The function of a call, which gets `args` after x; None where it is no curve, or none that is known."""
    if name in _GATED:
        from actcli.registry.specs import get

        return get("glu")
    if name == "rrelu":  # random while it is trained: its mean
        args, kwargs = args[:2], {key: kwargs[key] for key in ("lower", "upper") if key in kwargs}
    kwargs = {key: value for key, value in kwargs.items() if key not in ("input", "out", "inplace")}
    if name == "prelu" and (slopes := _portable(kwargs.get("weight", *args[:1]))).numel() > 1:
        return sloped(slopes.numpy())
    if _is_plain((*args, *kwargs.values())):
        return _of_plain_call(call, args, tuple(kwargs.items()))
    return _by_values(call, tuple(map(_portable, args)), {key: _portable(value) for key, value in kwargs.items()})


def _is_plain(values: tuple[Any, ...]) -> bool:
    return all(value is None or isinstance(value, bool | int | float | str) for value in values)


def _portable(value: Any) -> Any:
    """An argument that goes with float64 on the CPU."""
    import torch

    return value.detach().to("cpu", torch.float64) if isinstance(value, torch.Tensor) else value


@cache
def _of_plain_call(call: Any, args: tuple[Any, ...], kwargs: tuple[tuple[str, Any], ...]) -> Function | None:
    return _by_values(call, args, dict(kwargs))


def _by_values(call: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Function | None:
    return named(lambda x: call(x, *args, **kwargs), prefer=("prelu",) if name_of(call) == "prelu" else ())


def named(call: Callable[[Any], Any], prefer: tuple[str, ...] = ()) -> Function | None:
    """The function with the values that the call of a tensor gives; None where there is none or it is no curve."""
    import torch

    def values(x: Array) -> Array:
        with torch.no_grad(), torch.autocast("cpu", enabled=False):
            given = torch.from_numpy(np.array(x, dtype=np.float64))
            return np.asarray(call(given).to("cpu", torch.float64).numpy())

    return recognise(values, prefer=prefer) if shape_of(values) == "curve" else None


def module_function(module: Any) -> Function | None:
    """The function that a module of the user's own is, by the values of a copy; None where it is none.

    Only what keeps no state and has hardly a parameter is tried; the generator of random numbers is left as it was.
    """
    import torch

    if type(module).__module__.startswith("torch.") or any(True for _ in module.buffers()):
        return None
    if sum(parameter.numel() for parameter in module.parameters()) > 8:
        return None
    try:
        with torch.random.fork_rng(devices=[]):
            other = copy.deepcopy(module).to("cpu", torch.float64)
            for part in other.modules():  # hooks of others, and ours, are not to see this
                part._forward_hooks.clear()
                part._forward_pre_hooks.clear()
            return named(other)
    except Exception:  # whatever a module that is no function of one tensor does with it
        return None
