"""PyTorch tensors: whether they can be read, their values in blocks, and the gradient that reaches them."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from actcli.models.seen import BLOCK, LossGradient

T = TypeVar("T")
_DEVICE_BLOCK = 1 << 21  # values in a block on a GPU; measuring one takes 64 bytes per value there


def batch_of(values: tuple[Any, ...]) -> int:
    """The number of inputs in the arguments of a forward: the length of the first tensor."""
    import torch

    for value in values:
        if isinstance(value, torch.Tensor) and value.ndim:
            return int(value.shape[0])
        if isinstance(value, dict):
            value = tuple(value.values())
        if isinstance(value, tuple | list) and (found := batch_of(tuple(value))):
            return found
    return 0


class Kept(Generic[T]):
    """Values kept for tensors while they live; a new tensor may reuse the memory address of a dead one."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[Any, T]] = {}

    def put(self, x: Any, value: T) -> None:
        """Keep a value for x, if x is a tensor."""
        if is_tensor(x):
            self._kept[id(x)] = (weakref.ref(x), value)

    def get(self, x: Any) -> T | None:
        """The value kept for x, if any."""
        found = self._kept.get(id(x))
        return found[1] if found is not None and found[0]() is x else None

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()


def is_parameter(x: Any) -> bool:
    import torch

    return isinstance(x, torch.nn.Parameter)


def is_tensor(x: Any) -> bool:
    import torch

    return isinstance(x, torch.Tensor)


def is_readable(x: Any) -> bool:
    """Whether x is a floating-point tensor with readable values: not traced, sparse, empty or on the meta device."""
    if not is_tensor(x) or not x.is_floating_point() or x.is_meta or x.is_sparse or not x.numel():
        return False
    return not is_transformed(x)


def is_transformed(x: Any) -> bool:
    """Whether x is wrapped by a transform of torch.func, such as vmap or grad."""
    import torch

    return is_tensor(x) and bool(torch._C._functorch.is_functorch_wrapped_tensor(x))


def tensor_blocks(x: Any, axis: int, positions: int, stays: bool) -> Iterator[Any]:
    """The values as blocks of rows, neurons as columns; only one block at a time is float64, an array or a tensor that
    stays where x is. Each input has `positions` rows, all in one block."""
    import torch

    with torch.no_grad():
        rows = x.movedim(axis, -1).reshape(-1, x.shape[axis]) if x.ndim > 1 else x.reshape(-1, 1)
        block = _DEVICE_BLOCK if stays else BLOCK
        for part in rows.split(positions * max(1, block // (rows.shape[1] * positions))):
            yield part.double() if stays else taken(part.cpu().double())  # not every device has float64


def taken(x: Any) -> NDArray[Any]:
    """A tensor as an array. Values leave a device only here."""
    return np.asarray(x.cpu().numpy())


def patterns(x: Any) -> NDArray[np.int64]:
    """The counts of numbers by the upper half of the bits of their float32."""
    import torch

    return taken((x.float().view(torch.int32) >> 16 & 0xFFFF).bincount())


def add_gradient(gradient: LossGradient, g: Any) -> None:
    """Record the gradient g of a tensor. As a hook it returns None: anything else would replace g."""
    import torch

    with torch.no_grad():
        largest = g.detach().abs().amax()
        scaled = g.detach() / torch.where(largest > 0, largest, 1)
        squares = scaled.float().square().sum() if g.device.type != "cpu" else scaled.double().square().sum()
        gradient.add(float(largest), float(squares), g.numel())
