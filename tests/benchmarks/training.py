"""The time of a training step compared with eager PyTorch, in one run on one thread.

    pip install -e '.[benchmark]'
    python tests/benchmarks/training.py

Forward, backward and Adam with ReLU on batches of random rows, gathered by index as in an epoch. The two sides
alternate in blocks of steps; each number is the median over blocks.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import time
from collections.abc import Callable
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np
import torch

from actcli.registry import specs
from actcli.training.losses import cross_entropy
from actcli.training.network import Network
from actcli.training.optimizers import Adam
from actcli.training.settings import Design, Recipe

NETWORKS = (((64, 64, 64, 64, 10), 32, 100), ((784, 256, 10), 128, 20))  # widths, batch, steps of a block
BLOCKS = 15
ROWS = 1440


def ours(widths: tuple[int, ...], batch: int, dtype: Any) -> Callable[[int], None]:
    rng = np.random.default_rng(0)
    network = Network(widths[0], widths[-1], specs.get("relu"), Design(hidden=widths[1:-1], dtype=dtype))
    network.values[:] = 0.05 * rng.standard_normal(len(network.values))
    optimizer = Adam(network.values, network.gradient, Recipe())
    x = np.ones((ROWS, widths[0] + 1), dtype)
    x[:, :-1] = rng.standard_normal((ROWS, widths[0]))
    y = np.eye(widths[-1], dtype=dtype)[rng.integers(0, widths[-1], ROWS)]
    space, targets = network.space(batch), np.empty((batch, widths[-1]), dtype)
    order = rng.permutation(ROWS)

    def steps(count: int) -> None:
        with np.errstate(all="ignore"):
            for step in range(count):
                rows = order[step * batch % (ROWS - batch) :][:batch]
                np.take(x, rows, axis=0, out=space[0].inputs, mode="clip")
                np.take(y, rows, axis=0, out=targets, mode="clip")
                network.step(space, targets, cross_entropy, rng)
                optimizer(1e-3)

    return steps


def theirs(widths: tuple[int, ...], batch: int, dtype: str) -> Callable[[int], None]:
    kind = getattr(torch, dtype)
    parts: list[Any] = []
    for a, b in pairwise(widths):
        parts += [torch.nn.Linear(a, b, dtype=kind), torch.nn.ReLU()]
    network = torch.nn.Sequential(*parts[:-1])
    optimizer, loss = torch.optim.Adam(network.parameters()), torch.nn.CrossEntropyLoss()
    x, y = torch.randn(ROWS, widths[0], dtype=kind), torch.randint(0, widths[-1], (ROWS,))
    order = torch.randperm(ROWS)

    def steps(count: int) -> None:
        for step in range(count):
            rows = order[step * batch % (ROWS - batch) :][:batch]
            optimizer.zero_grad()
            lost = loss(network(x[rows]), y[rows])
            lost.backward()
            optimizer.step()
            lost.item()

    return steps


def seconds(work: Callable[[int], None], steps: int) -> float:
    start = time.perf_counter()
    work(steps)
    return (time.perf_counter() - start) / steps


def main() -> None:
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, numpy {np.__version__}, one thread; milliseconds per step\n")
    print(f"{'network':18}{'batch':>6} {'dtype':9}{'actcli':>9}{'PyTorch':>9}{'times':>7}")
    for widths, batch, steps in NETWORKS:
        for dtype in ("float64", "float32"):
            sides = ours(widths, batch, dtype), theirs(widths, batch, dtype)
            turns = [[seconds(side, steps) for side in sides] for _ in range(BLOCKS + 1)][1:]
            a, b = (1e3 * median(side) for side in zip(*turns, strict=True))
            name = "-".join(map(str, widths))
            print(f"{name:18}{batch:6} {dtype:9}{a:9.3f}{b:9.3f}{b / a:7.2f}", flush=True)


if __name__ == "__main__":
    main()
