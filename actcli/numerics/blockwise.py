"""A kernel over a large array, block by block on a few threads."""

import os
from collections.abc import Callable
from contextlib import suppress
from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from actcli.activation import Array
from actcli.numerics.threads import Pool, default_threads

# 1 MiB. A kernel's temporaries would fit the L2 cache in a tenth of that, but on several threads each of its operations
# waits for the interpreter's lock: four threads are slower than one at 2**14, and fastest at 2**17.
BLOCK = 2**17

# glibc maps and unmaps every larger array on its own, so that each operation on 2**17 numbers takes 250 page faults:
# two thirds of its time. Freeing one array of nearly 32 MiB, the most that glibc learns from, raises the size from
# which it does so to that, and lets it keep twice as much. Elsewhere this does nothing.
_LARGEST = 31 << 20
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of glibc's mallopt


@cache
def keep_freed() -> None:
    """Have the memory of temporary arrays kept between operations; takes 0.1 ms, touches no memory."""
    np.empty(_LARGEST, np.uint8)
    if "MALLOC_TRIM_THRESHOLD_" in os.environ:  # as Dask has it for its workers: glibc then learns nothing from that
        import ctypes

        with suppress(OSError, AttributeError):
            mallopt = ctypes.CDLL(None).mallopt
            mallopt(_TRIM_THRESHOLD, 2 * _LARGEST)
            mallopt(_MMAP_THRESHOLD, _LARGEST)


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
        with Pool(threads) as pool:
            list(pool.map(run, range(threads)))
    return out
