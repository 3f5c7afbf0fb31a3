"""A kernel over a large array, block by block on a few threads."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from actcli.numerics.memory import keep_freed

Array: TypeAlias = NDArray[np.float64]

# 1 MiB. A kernel's temporaries would fit the L2 cache in a tenth of that, but on several threads each of its operations
# waits for the interpreter's lock: four threads are slower than one at 2**14, and fastest at 2**17.
BLOCK = 2**17


def default_threads() -> int:
    return min(4, os.cpu_count() or 1)


def evaluate(
    kernel: Callable[[Array], Array],
    x: ArrayLike,
    threads: int | None = None,
    *,
    out: Array | None = None,
    block: int = BLOCK,
) -> Array:
    """`kernel(x)` for a kernel that maps each number by itself, such as `Function.f`: the same bits in less time.

    The result has the shape of `x`; `out`, float64, contiguous and of that shape, takes it and is returned. The
    first block that fails decides the error.
    """
    x = np.asarray(x, dtype=np.float64)
    if out is None:
        out = np.empty(x.shape)
    elif out.shape != x.shape or out.dtype != np.float64 or not out.flags.c_contiguous:
        raise ValueError("out must be a contiguous float64 array of the shape of x")
    keep_freed()
    numbers, results = np.ascontiguousarray(x).reshape(-1), out.reshape(-1)
    threads = max(1, min(threads or default_threads(), -(-x.size // block)))

    def run(first: int) -> None:
        for start in range(first * block, x.size, threads * block):
            part = slice(start, start + block)
            results[part] = kernel(numbers[part])

    if threads == 1:
        run(0)
    else:
        with ThreadPoolExecutor(threads, thread_name_prefix="actcli") as pool:
            list(pool.map(run, range(threads)))
    return out
