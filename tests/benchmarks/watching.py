"""The cost of watching a training loop, relative to a bare step: a watched step, a 50th of that, and the mean step at
every=50. On a busy machine the last is mostly noise.

    pip install -e . torch
    python tests/benchmarks/watching.py [--steps COUNT] [--threads COUNT]

Two networks: an MLP 784-512-512-512-10 at batch size 128, and a convolutional one on images of 32 x 32 at batch size
64. All variants run in every round, and medians over rounds are compared, so that a busy machine slows all alike.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from itertools import pairwise
from statistics import median
from typing import Any

import torch
from torch import nn

import actcli

EVERY = 50


def mlp() -> tuple[Any, tuple[int, ...]]:
    widths = (784, 512, 512, 512)
    layers = [part for a, b in pairwise(widths) for part in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(*layers, nn.Linear(512, 10)), (128, 784)


def cnn() -> tuple[Any, tuple[int, ...]]:
    def block(a: int, b: int) -> list[Any]:
        return [nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b), nn.ReLU(inplace=True), nn.MaxPool2d(2)]

    parts = [*block(3, 32), *block(32, 64), *block(64, 128), nn.Flatten(), nn.Linear(2048, 10)]
    return nn.Sequential(*parts), (64, 3, 32, 32)


def stepper(model: Any, shape: tuple[int, ...]) -> Callable[[], None]:
    """A training step, always on the same random batch."""
    optimizer = torch.optim.SGD(model.parameters(), 1e-3)
    x, y = torch.randn(shape), torch.randint(0, 10, shape[:1])

    def step() -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()

    return step


def seconds(step: Callable[[], None], count: int) -> float:
    start = time.process_time()
    for _ in range(count):
        step()
    return (time.process_time() - start) / count


def compare(name: str, make: Callable[[], tuple[Any, tuple[int, ...]]], steps: int, gradients: bool) -> None:
    torch.manual_seed(0)
    model, shape = make()
    step = stepper(model, shape)
    seconds(step, 5)
    bare, each, mean = [], [], []
    for _ in range(max(1, steps // EVERY)):
        bare.append(seconds(step, EVERY))
        with actcli.watch(model, every=1, gradients=gradients):
            each.append(seconds(step, 5))
        with actcli.watch(model, every=EVERY, gradients=gradients):
            mean.append(seconds(step, EVERY))
    a, b, c = median(bare), median(each), median(mean)
    look = b / a - 1
    print(f"{name:6}{gradients!s:>11}{1e3 * a:10.2f}{look:+12.0%}{look / EVERY:+12.1%}{c / a - 1:+12.1%}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(f"torch {torch.__version__}, {options.threads} threads; asked: at most +5 % at every={EVERY}")
    print(f"{'':6}{'gradients':>11}{'bare ms':>10}{'every=1':>12}{f'a {EVERY}th':>12}{f'every={EVERY}':>12}")
    for name, make in (("mlp", mlp), ("cnn", cnn)):
        for gradients in (False, True):
            compare(name, make, options.steps, gradients)


if __name__ == "__main__":
    main()
