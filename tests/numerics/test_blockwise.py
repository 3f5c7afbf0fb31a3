"""Block by block on threads gives the same bits as one call."""

from __future__ import annotations

import numpy as np
import pytest

from actcli.numerics.blockwise import evaluate
from actcli.registry import specs
from actcli.registry.collection import ACTIVATIONS

X = np.random.default_rng(5).normal(size=10_007) * 20
ELEMENTWISE = [activation.bind() for activation in ACTIVATIONS if activation.kind == "elementwise"]


@pytest.mark.parametrize("function", ELEMENTWISE, ids=lambda function: function.name)
def test_blocks_give_the_bits_of_one_call(function) -> None:
    """Every kernel maps each number by itself, wherever a block begins."""
    for kernel in (function.f, function.df):
        np.testing.assert_array_equal(evaluate(kernel, X, 3, block=997), kernel(X))


@pytest.mark.parametrize("threads", [None, 1, 2, 7])
@pytest.mark.parametrize("block", [1, 333, 10_007, 2**20])
def test_any_block_and_any_number_of_threads(block: int, threads: int | None) -> None:
    """More threads than blocks, blocks of one number, a block larger than all."""
    f = specs.get("gelu").f
    np.testing.assert_array_equal(evaluate(f, X[:500], threads, block=block), f(X[:500]))


@pytest.mark.parametrize("x", [X[:24].reshape(2, 3, 4), X[:24].reshape(4, 6).T, X[:24:2], X[:0], np.array(1.5)])
def test_any_shape_and_memory_order(x: np.ndarray) -> None:
    """The result is a new array of the shape of x."""
    result = evaluate(np.tanh, x, 2, block=5)
    assert result.shape == x.shape
    np.testing.assert_array_equal(result, np.tanh(x))


def test_lists_and_integers_are_numbers() -> None:
    """What numpy can read as float64 will do."""
    np.testing.assert_array_equal(evaluate(np.negative, [1, 2, 3]), [-1.0, -2.0, -3.0])


def test_out_takes_the_result() -> None:
    """An array to write to saves its allocation; one that does not fit is refused."""
    out = np.empty_like(X)
    assert evaluate(np.tanh, X, out=out) is out
    np.testing.assert_array_equal(out, np.tanh(X))
    for wrong in (out[:-1], out.astype(np.float32), np.empty(2 * X.size)[::2]):
        with pytest.raises(ValueError, match="out must be"):
            evaluate(np.tanh, X, out=wrong)


def test_the_error_of_a_kernel_is_raised() -> None:
    """A kernel that fails on a thread fails the call."""

    def kernel(x: np.ndarray) -> np.ndarray:
        if (x > 50).any():
            raise ZeroDivisionError
        return x

    with pytest.raises(ZeroDivisionError):
        evaluate(kernel, X, 3, block=100)
