"""Optimizers and schedules, exactly as in PyTorch, on one flat array of everything learned."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from actcli.activation import Array
from actcli.training.settings import Recipe
from actcli.training.words import Optimizer, Schedule

MOMENTUM = 0.9
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8


class Descent:
    """Plain gradient descent, the base of every optimizer."""

    decoupled = False

    def __init__(self, values: Array, gradient: Array, recipe: Recipe) -> None:
        self.values, self.gradient = values, gradient
        self.decay, self.clip = recipe.weight_decay, recipe.clip
        self.step = np.empty_like(values)

    def __call__(self, rate: float) -> None:
        """Take one step down the gradient, which is overwritten."""
        g, step = self.gradient, self.step
        if self.clip is not None:  # torch.nn.utils.clip_grad_norm_
            g *= min(1.0, self.clip / (math.sqrt(float(np.vdot(g, g))) + 1e-6))
        if self.decay and self.decoupled:
            self.values *= 1.0 - rate * self.decay
        elif self.decay:
            g += np.multiply(self.values, self.decay, out=step)
        self.move(rate)

    def move(self, rate: float) -> None:
        self.values -= np.multiply(self.gradient, rate, out=self.step)


class Momentum(Descent):
    """torch.optim.SGD with momentum, without dampening or Nesterov."""

    def __init__(self, values: Array, gradient: Array, recipe: Recipe) -> None:
        super().__init__(values, gradient, recipe)
        self.velocity = np.zeros_like(values)

    def move(self, rate: float) -> None:
        self.velocity *= MOMENTUM
        self.velocity += self.gradient
        self.values -= np.multiply(self.velocity, rate, out=self.step)


class Adam(Descent):
    """torch.optim.Adam: Kingma and Ba 2015, arXiv:1412.6980."""

    def __init__(self, values: Array, gradient: Array, recipe: Recipe) -> None:
        super().__init__(values, gradient, recipe)
        self.mean, self.square = np.zeros_like(values), np.zeros_like(values)
        self.power_1 = self.power_2 = 1.0

    def move(self, rate: float) -> None:
        g, mean, square, step = self.gradient, self.mean, self.square, self.step
        self.power_1 *= BETA_1
        self.power_2 *= BETA_2
        np.subtract(g, mean, out=step)
        step *= 1.0 - BETA_1
        mean += step
        square *= BETA_2
        g *= g
        g *= 1.0 - BETA_2
        square += g
        np.sqrt(square, out=step)
        step *= 1.0 / math.sqrt(1.0 - self.power_2)
        step += EPSILON
        np.divide(mean, step, out=step)
        step *= rate / (1.0 - self.power_1)
        self.values -= step


class AdamW(Adam):
    """torch.optim.AdamW: with decoupled weight decay. Loshchilov and Hutter 2019, arXiv:1711.05101."""

    decoupled = True


OPTIMIZERS: dict[Optimizer, type[Descent]] = {"sgd": Descent, "momentum": Momentum, "adam": Adam, "adamw": AdamW}


def _cosine(epoch: int, epochs: int) -> float:
    return 0.5 * (1.0 + math.cos(math.pi * epoch / epochs))


# The share of the learning rate in an epoch, counted from 0, given the number of epochs.
SCHEDULES: dict[Schedule, Callable[[int, int], float]] = {
    "constant": lambda epoch, epochs: 1.0,
    "cosine": _cosine,  # torch.optim.lr_scheduler.CosineAnnealingLR(T_max=epochs)
}
