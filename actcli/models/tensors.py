"""Tensors of PyTorch: which can be read, their values in blocks, and the gradient that comes back to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from actcli.activation import Array
from actcli.models.seen import BLOCK, LossGradient


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


def is_tensor(x: Any) -> bool:
    import torch

    return isinstance(x, torch.Tensor)


def is_readable(x: Any) -> bool:
    """Whether x is a tensor of numbers that are there: not one of a tracer, on no device or of integers."""
    import torch

    if not isinstance(x, torch.Tensor) or not x.is_floating_point() or x.is_meta or x.is_sparse or not x.numel():
        return False
    return not torch._C._functorch.is_functorch_wrapped_tensor(x)


def tensor_blocks(x: Any, axis: int) -> Iterator[Array]:
    """The values as blocks of rows, neurons as columns, of which one at a time becomes float64."""
    import torch

    with torch.no_grad():
        if x.ndim < 2:
            yield x.reshape(-1, 1).to("cpu", torch.float64).numpy()
            return
        moved = x.movedim(axis, -1)
        step = max(1, BLOCK // max(1, moved[0].numel()))
        for part in moved.split(step):
            rows = part.reshape(-1, part.shape[-1])
            for piece in rows.split(max(1, BLOCK // rows.shape[1])):
                yield np.asarray(piece.to("cpu", torch.float64).numpy())


def add_gradient(gradient: LossGradient, g: Any) -> None:
    """What the hook on x does: nothing to g. A hook that returns something would replace it."""
    import torch

    with torch.no_grad():
        largest = g.detach().abs().amax()
        scaled = g.detach() / torch.where(largest > 0, largest, 1)
        squares = scaled.float().square().sum() if g.device.type != "cpu" else scaled.double().square().sum()
        gradient.add(float(largest), float(squares), g.numel())
