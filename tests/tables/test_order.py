"""The order of inputs whose names contain numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.run import Cli, rows

from actcli.tables.order import arranged


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["layer0.npy", "layer1.npy", "layer10.npy", "layer2.npy"], [0, 1, 3, 2]),
        (["layer10csv", "layer1csv", "layer2csv"], [1, 2, 0]),  # as glibc's en_US had them, passing over the point
        (["block.1.act", "block.10.act", "block.2.act"], [0, 2, 1]),
        (["1/relu", "10/relu", "2/relu"], [0, 2, 1]),
        (["block1.attn", "block1.mlp", "block10.attn", "block10.mlp", "block2.attn"], [0, 1, 4, 2, 3]),
        (["conv1", "conv10", "conv2", "fc"], [0, 2, 1, 3]),
        (["99999999999999999998", "999999999999999999980", "99999999999999999999"], [0, 2, 1]),
    ],
)
def test_shell_order_becomes_natural_order(names: list[str], expected: list[int]) -> None:
    """This is noted, with the option that keeps the order."""
    places, note = arranged(names, None, "the inputs")
    assert places == expected
    assert "--order given" in note
    assert arranged(names, "given", "the inputs") == ([*range(len(names))], "")


@pytest.mark.parametrize(
    "names",
    [
        ["layer2", "layer10", "layer1"],  # meant: no listing has this order
        ["layer01", "layer02", "layer10"],
        ["stem", "layer10", "layer2", "head"],
        ["a", "b", "c"],
        ["layer10"],
        [],
    ],
)
def test_an_intended_order_is_kept(names: list[str]) -> None:
    """Only an option overrides it."""
    assert arranged(names, None, "") == ([*range(len(names))], "")


def test_natural_order_on_request() -> None:
    """Equal numbers keep their order."""
    assert arranged(["b10", "b9", "a2", "b09"], "natural", "") == ([2, 1, 3, 0], "")


def test_products_run_through_the_layers_in_their_order(tmp_path: Path, cli: Cli) -> None:
    """Files layer0 to layer10 in shell order, and the arrays of an NPZ, are multiplied in the order of their numbers.
    By hand, mean|f'| of layer k is (k + 1) / 16."""
    layers = {f"layer{k}": np.where(np.arange(16) <= k, 1.0, -1.0)[:, None] for k in range(11)}
    names = sorted(layers)
    for name in names:
        np.save(tmp_path / f"{name}.npy", layers[name])
    np.savez(tmp_path / "all.npz", **{name: layers[name] for name in names})
    products = [float(p) for p in np.cumprod(np.arange(1, 12)[::-1] / 16.0)[::-1]]
    for inputs in ([str(tmp_path / f"{name}.npy") for name in names], [str(tmp_path / "all.npz")]):
        done = cli("saturation", "relu", *inputs, "-f", "csv")
        found = rows(done.stdout.decode())
        assert [row["name"] for row in found] == [f"layer{k}" for k in range(11)]
        assert [float(row["cumulative_mean_gradient"]) for row in found] == pytest.approx(products, rel=1e-14)
        assert done.stderr.count(b"--order given") == 1
        kept = cli.ok("saturation", "relu", *inputs, "--order", "given", "-f", "csv")
        assert [row["name"] for row in rows(kept)] == names
