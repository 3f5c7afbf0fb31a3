"""The speed of f and f' compared with PyTorch, on 2^24 float64 values and the same number of threads, in one run.

    pip install -e '.[benchmark]'
    python tests/benchmarks/kernels.py [THREADS]

The values are drawn from N(0, 1). Both sides return a new array, actcli block by block, as in its commands. PyTorch
computes f' only in the backward operation, which also multiplies by an incoming gradient: here a one expanded to the
shape of x, as in the backward pass of `f(x).sum()`, so that no second array is read. For sigmoid and tanh that
operation takes f(x) instead of x, so the forward operation is timed with it. The two sides alternate; each number is a
median.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from statistics import geometric_mean, median

import numpy as np
import torch

from actcli.numerics.memory import keep_freed
from actcli.numerics.threads import Pool, default_threads
from actcli.registry import specs

SIZE = 2**24
# 1 MiB. A kernel's temporaries would fit the L2 cache in a tenth of that, but on several threads each of its operations
# waits for the interpreter's lock: four threads are slower than one at 2**14, and fastest at 2**17.
BLOCK = 2**17
PAIRS = 9

aten = torch.ops.aten
FORWARD: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "relu": aten.relu,
    "tanh": aten.tanh,
    "sigmoid": aten.sigmoid,
    "silu": aten.silu,
    "gelu": aten.gelu,
    "softplus": lambda x: aten.softplus(x, 1, 20),
    "mish": aten.mish,
    "elu": aten.elu,
}
BACKWARD: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "relu": lambda one, x: aten.threshold_backward(one, x, 0),
    "tanh": lambda one, x: aten.tanh_backward(one, aten.tanh(x)),
    "sigmoid": lambda one, x: aten.sigmoid_backward(one, aten.sigmoid(x)),
    "silu": aten.silu_backward,
    "gelu": aten.gelu_backward,
    "softplus": lambda one, x: aten.softplus_backward(one, x, 1, 20),
    "mish": aten.mish_backward,
    "elu": lambda one, x: aten.elu_backward(one, 1, 1, 1, False, x),
}


def evaluate(kernel: Callable[[np.ndarray], np.ndarray], x: np.ndarray, pool: Pool) -> np.ndarray:
    out = np.empty_like(x)

    def run(start: int) -> None:
        out[start : start + BLOCK] = kernel(x[start : start + BLOCK])

    list(pool.map(run, range(0, x.size, BLOCK)))
    return out


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def pairs(ours: Callable[[], object], theirs: Callable[[], object]) -> tuple[float, float]:
    """The median seconds of both, alternating; the first turn is not counted."""
    turns = [(seconds(ours), seconds(theirs)) for _ in range(PAIRS + 1)][1:]
    a, b = zip(*turns, strict=True)
    return median(a), median(b)


def main(threads: int) -> None:
    torch.set_num_threads(threads)
    keep_freed()
    pool = Pool(threads)
    x = np.random.default_rng(0).standard_normal(SIZE)
    tensor = torch.from_numpy(x)
    one = torch.ones((), dtype=torch.float64).expand_as(tensor)
    print(f"2^24 float64 values, {threads} threads, torch {torch.__version__}, numpy {np.__version__}")
    print("speed: that of actcli as a multiple of PyTorch's\n")
    print(f"{'function':12}{'':4}{'actcli ms':>12}{'PyTorch ms':>12}{'speed':>8}")
    speeds = []
    for name in FORWARD:
        function = specs.get(name)
        for label, kernel, theirs in (
            ("f", function.f, lambda name=name: FORWARD[name](tensor)),
            ("df", function.df, lambda name=name: BACKWARD[name](one, tensor)),
        ):
            if not np.allclose(theirs().numpy()[:1000], kernel(x[:1000]), rtol=1e-6, atol=1e-6):
                raise SystemExit(f"{name}: PyTorch computes another {label}")
            a, b = pairs(lambda kernel=kernel: evaluate(kernel, x, pool), theirs)
            speeds.append(b / a)
            print(f"{name:12}{label:4}{1e3 * a:12.1f}{1e3 * b:12.1f}{b / a:8.2f}", flush=True)
    print(f"\n{'geometric mean':40}{geometric_mean(speeds):8.2f}")
    print(f"{'  of f':40}{geometric_mean(speeds[::2]):8.2f}")
    print(f"{'  of df':40}{geometric_mean(speeds[1::2]):8.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else default_threads())
