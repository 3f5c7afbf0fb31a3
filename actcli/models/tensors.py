"""Tensors of PyTorch: which can be read, their values in blocks, and the gradient that comes back to them."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from actcli.models.seen import BLOCK, LossGradient

T = TypeVar("T")
_BLOCK_THERE = 1 << 21  # values on another device, where a block takes ten times as much memory


def batch_of(values: tuple[Any, ...]) -> int:
    """How many inputs the arguments of a forward hold: the length of their first tensor."""
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
    """What is kept of tensors while they live: another may have the place in memory of one that has gone."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[Any, T]] = {}

    def put(self, x: Any, value: T) -> None:
        """Keeps a value of x, if it is a tensor."""
        if is_tensor(x):
            self._kept[id(x)] = (weakref.ref(x), value)

    def get(self, x: Any) -> T | None:
        """What is kept of x."""
        found = self._kept.get(id(x))
        return found[1] if found is not None and found[0]() is x else None

    def clear(self) -> None:
        """Keeps nothing."""
        self._kept.clear()


def is_parameter(x: Any) -> bool:
    import torch

    return isinstance(x, torch.nn.Parameter)


def is_tensor(x: Any) -> bool:
    import torch

    return isinstance(x, torch.Tensor)


def is_readable(x: Any) -> bool:
    """Whether x is a tensor of numbers that are there: not one of a tracer, on no device or of integers."""
    if not is_tensor(x) or not x.is_floating_point() or x.is_meta or x.is_sparse or not x.numel():
        return False
    return not is_transformed(x)


def is_transformed(x: Any) -> bool:
    """Whether x stands for several tensors, as inside vmap and grad of torch.func."""
    import torch

    return is_tensor(x) and bool(torch._C._functorch.is_functorch_wrapped_tensor(x))


def tensor_blocks(x: Any, axis: int, positions: int, stays: bool) -> Iterator[Any]:
    """The values as blocks of rows, neurons as columns, of which one at a time becomes float64, an array or a tensor
    that stays where x is; so many rows are those of one input, and in one block."""
    import torch

    with torch.no_grad():
        rows = x.movedim(axis, -1).reshape(-1, x.shape[axis]) if x.ndim > 1 else x.reshape(-1, 1)
        block = _BLOCK_THERE if stays else BLOCK
        for part in rows.split(positions * max(1, block // (rows.shape[1] * positions))):
            yield part.double() if stays else taken(part.cpu().double())  # not every device has float64


def taken(x: Any) -> NDArray[Any]:
    """A tensor as an array. What leaves a device leaves it here."""
    return np.asarray(x.cpu().numpy())


def patterns(x: Any) -> NDArray[np.int64]:
    """How many numbers have each upper half of the bits of a float32."""
    import torch

    return taken((x.float().view(torch.int32) >> 16 & 0xFFFF).bincount(minlength=1 << 16))


def add_gradient(gradient: LossGradient, g: Any) -> None:
    """What the hook on x does: nothing to g. A hook that returns something would replace it."""
    import torch

    with torch.no_grad():
        largest = g.detach().abs().amax()
        scaled = g.detach() / torch.where(largest > 0, largest, 1)
        squares = scaled.float().square().sum() if g.device.type != "cpu" else scaled.double().square().sum()
        gradient.add(float(largest), float(squares), g.numel())
