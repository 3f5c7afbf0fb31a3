"""Running a model: its layers are measured like tables with the same numbers."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.onnx_models import Step, model, weights
from support.run import Cli

from actcli.models.inputs import Given
from actcli.models.onnx_model import Model
from actcli.models.onnx_run import Running
from actcli.tables.options import ReadOptions

CONV: list[Step] = [
    ("Conv", ("x", "conv.weight", "conv.bias"), "c", {"pads": [1, 1, 1, 1]}),
    ("Relu", ("c",), "r"),
    ("GlobalAveragePool", ("r",), "g"),
    ("Flatten", ("g",), "f"),
    ("Gemm", ("f", "head.weight"), "h"),
    ("Sigmoid", ("h",), "out"),
]


def convolution(folder: Path, batch: int | str = "n") -> tuple[Path, Path, np.ndarray[Any, Any]]:
    """A model with a dead channel and a saturated head, its inputs, and the pre-activations of its convolution."""
    rng = np.random.default_rng(3)
    kernel = rng.normal(size=(4, 3, 3, 3)).astype(np.float32)
    bias = np.array([0.1, -200.0, 0.0, 0.2], np.float32)
    constants = {"conv.weight": kernel, "conv.bias": bias, "head.weight": 1e3 * weights(4, 2)}
    path = model(folder / "m.onnx", CONV, constants, shape=(batch, 3, 6, 6), opset=17)
    x = rng.normal(size=(40, 3, 6, 6)).astype(np.float32)
    np.save(folder / "x.npy", x)
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    return path, folder / "x.npy", np.einsum("ncijkl,dckl->ndij", windows, kernel) + bias[:, None, None]


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize(
    ("batch", "options"),
    [("n", ()), ("n", ("--batch", "7")), ("n", ("--memory", "20K")), (16, ()), (16, ("--memory", "20K"))],
)
def test_channels_are_neurons_and_images_samples(
    cli: Cli, tmp_path: Path, batch: int | str, options: tuple[str, ...]
) -> None:
    """Whatever the batch, even if the model fixes it, or the last batch is not full."""
    path, inputs, z = convolution(tmp_path, batch)
    conv, head = rows(cli.ok("saturation", "--model", str(path), str(inputs), "-f", "csv", *options))
    assert (conv["name"], conv["function"], conv["samples"], conv["neurons"]) == ("conv", "relu", "40", "4")
    assert conv["dead_neurons"] == "1"
    assert float(conv["vanishing_ratio"]) == pytest.approx((z <= 0).mean(), abs=1e-9)
    assert (head["name"], head["role"], head["samples"]) == ("head", "head", "40")


def test_a_bound_rests_on_images(cli: Cli, tmp_path: Path) -> None:
    """A channel that is dead on 40 images with 36 positions is dead on 40 samples, not on 1440."""
    path, inputs, _ = convolution(tmp_path)
    found = rows(cli.ok("saturation", "--model", str(path), str(inputs), "-f", "csv", "--by", "neuron"))
    dead = next(row for row in found if row["dead"] == "true" or row["dead"] == "True")
    assert dead["samples"] == "1440"
    assert float(dead["dead_upper_bound"]) == pytest.approx(1 - 0.05 ** (1 / 40))


def test_units_are_neurons_on_request(cli: Cli, tmp_path: Path) -> None:
    path, inputs, z = convolution(tmp_path)
    options = ("--neurons", "unit", "--layer", "conv", "-f", "csv")
    (conv,) = rows(cli.ok("saturation", "--model", str(path), str(inputs), *options))
    assert conv["neurons"] == "144"
    assert int(conv["dead_neurons"]) == int((z <= 0).all(axis=0).sum())


def test_a_saturated_head_is_described_and_passes_gates_unless_named(cli: Cli, tmp_path: Path) -> None:
    path, inputs, _ = convolution(tmp_path)
    command = ("saturation", "--model", str(path), str(inputs), "-f", "json", "--max-vanishing", "0.8")
    head = json.loads(cli.ok(*command))["layers"][1]
    assert head["vanishing_ratio"] > 0.9
    assert head["verdict"] == "ok"
    assert "which is normal for a head" in " ".join(head["reasons"])
    assert cli(*command, "--layer", "head").returncode == 3


def test_a_finished_model_is_advised_to_prune(cli: Cli, tmp_path: Path) -> None:
    path, inputs, _ = convolution(tmp_path)
    conv = json.loads(cli.ok("saturation", "--model", str(path), str(inputs), "-f", "json"))["layers"][0]
    assert [one["remedy"].partition(" ")[0] for one in conv["remedies"]] == ["prune"]
    assert "dead on 40 inputs" in " ".join(conv["reasons"])


def test_compare_asks_what_another_function_would_do(cli: Cli, tmp_path: Path) -> None:
    path, inputs, _ = convolution(tmp_path)
    options = ("--model", str(path), "-i", str(inputs), "--layer", "conv", "-f", "json")
    layers = json.loads(cli.ok("compare", "relu", "silu", *options))["layers"]
    assert {layer["function"] for layer in layers} == {"relu", "silu"}


def test_layers_are_listed_without_a_run(cli: Cli, tmp_path: Path) -> None:
    path, _, _ = convolution(tmp_path)
    conv, head = rows(cli.ok("layers", str(path), "-f", "csv"))
    assert conv == {"layer": "conv", "function": "relu", "known": "operator Relu", "neurons": "4", "role": "hidden"}
    assert (head["neurons"], head["role"]) == ("2", "head")


def test_inputs_are_named_or_numbers(cli: Cli, tmp_path: Path) -> None:
    """Two inputs: one from a file, one a number; or both from an archive."""
    steps: list[Step] = [("Mul", ("x", "scale"), "s"), ("MatMul", ("s", "fc.weight"), "z"), ("Relu", ("z",), "out")]
    path = model(tmp_path / "m.onnx", steps, {"fc.weight": weights(4, 5)}, inputs={"x": ("n", 4), "scale": ("n", 1)})
    x = np.random.default_rng(1).normal(size=(30, 4)).astype(np.float32)
    np.savetxt(tmp_path / "x.csv", x, delimiter=",")
    np.savez(tmp_path / "both.npz", x=x, scale=np.full((30, 1), 2.0))
    by_number = cli.ok("saturation", "--model", str(path), str(tmp_path / "x.csv"), "--input", "scale=2", "-f", "csv")
    by_archive = cli.ok("saturation", "--model", str(path), str(tmp_path / "both.npz"), "-f", "csv")
    one, other = rows(by_number)[0], rows(by_archive)[0]
    assert one["vanishing_ratio"] == other["vanishing_ratio"]
    assert one["samples"] == "30"


def test_a_slope_per_channel_is_each_neurons_own(cli: Cli, tmp_path: Path) -> None:
    """|f'| of a neuron is 1 or its own slope."""
    slopes = np.array([0.0, 0.5, -0.25, 2.0, 0.1], np.float32)
    steps: list[Step] = [("MatMul", ("x", "fc.weight"), "z"), ("PRelu", ("z", "a"), "out")]
    kernel = weights(4, 5)
    path = model(tmp_path / "m.onnx", steps, {"fc.weight": kernel, "a": slopes})
    x = np.random.default_rng(2).normal(size=(50, 4)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    found = rows(cli.ok("saturation", "--model", str(path), str(tmp_path / "x.npy"), "-f", "csv", "--by", "neuron"))
    expected = np.where(x @ kernel > 0, 1.0, np.abs(slopes)).mean(axis=0)
    np.testing.assert_allclose([float(row["mean_abs_gradient"]) for row in found], expected, rtol=1e-6)


@pytest.mark.parametrize("places", [(1, 3), (3, 1)])
def test_slopes_belong_to_channels_where_units_are_neurons(cli: Cli, tmp_path: Path, places: tuple[int, int]) -> None:
    """In a feature map and in a sequence; x is below 0 everywhere, so |f'| is the slope."""
    slopes = np.array([0.5, 0.25, 2.0], np.float32)
    is_map = places[0] == 1
    steps: list[Step] = [
        ("Conv", ("x", "w"), "z") if is_map else ("MatMul", ("x", "w"), "z"), ("PRelu", ("z", "a"), "out")
    ]  # fmt: skip
    w = np.eye(3, dtype=np.float32)
    constants = {"w": w[:, :, None, None] if is_map else w, "a": slopes[:, None, None] if is_map else slopes}
    shape = (3, 2, 2) if is_map else (4, 3)
    path = model(tmp_path / "m.onnx", steps, constants, shape=("n", *shape))
    np.save(tmp_path / "x.npy", np.full((5, *shape), -1.0, np.float32))
    options = ("--neurons", "unit", "-f", "csv", "--by", "neuron")
    found = rows(cli.ok("saturation", "--model", str(path), str(tmp_path / "x.npy"), *options))
    assert [float(row["mean_abs_gradient"]) for row in found] == [*[0.5] * 4, *[0.25] * 4, *[2.0] * 4]


def test_a_slope_for_each_value_is_reported_as_unseen(tmp_path: Path) -> None:
    steps: list[Step] = [("Conv", ("x", "w"), "z"), ("PRelu", ("z", "a"), "out")]
    constants = {"w": np.ones((3, 3, 1, 1)), "a": np.arange(12.0).reshape(3, 2, 2)}
    listed = Model.read(str(model(tmp_path / "m.onnx", steps, constants, shape=("n", 3, 2, 2)))).listing
    assert (listed.layers, [one.operator for one in listed.unseen]) == ((), ["PRelu"])


@pytest.mark.parametrize(("inputs", "steps"), [(4, 8), (8, 4), (4, 4), (1, 6), (3, 7)])
@pytest.mark.parametrize("batch", ["n", 4])
def test_rows_are_those_of_one_input_after_another(tmp_path: Path, inputs: int, steps: int, batch: int | str) -> None:
    """Even if the layer has its steps first, whether there are more or fewer of them than inputs."""
    operators: list[Step] = [
        ("Transpose", ("x",), "t", {"perm": [1, 0, 2]}), ("MatMul", ("t", "w"), "z"), ("Relu", ("z",), "out")
    ]  # fmt: skip
    path = model(tmp_path / "m.onnx", operators, {"w": weights(3, 2)}, shape=(batch, steps, 3))
    x = np.random.default_rng(5).normal(size=(inputs, steps, 3)).astype(np.float32)
    read = Model.read(str(path))
    run = read.run(read.listing.layers, [Given(x)], (), Running(), ReadOptions())
    found = [block for blocks in run([0]) for block in blocks()]
    assert {positions for _, _, positions in found} == {steps}
    np.testing.assert_allclose(
        np.concatenate([rows for _, rows, _ in found]), (x @ weights(3, 2)).reshape(-1, 2), rtol=1e-5
    )


def test_a_state_is_passed_whole(cli: Cli, tmp_path: Path) -> None:
    """An axis whose size the model fixes, such as the layers of a state, is not split into inputs."""
    steps: list[Step] = [
        ("ReduceSum", ("state", "first"), "s"), ("Add", ("x", "s"), "a"), ("MatMul", ("a", "fc.weight"), "z"),
        ("Relu", ("z",), "out"),
    ]  # fmt: skip
    both: dict[str, Any] = {"x": ("n", 4), "state": (2, 1, 4)}
    constants = {"fc.weight": weights(4, 5), "first": np.array([0, 1])}
    path = model(tmp_path / "m.onnx", steps, constants, inputs=both)
    x = np.random.default_rng(1).normal(size=(30, 4)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "s.npy", np.ones((2, 1, 4)))
    more = ("--input", f"x={tmp_path / 'x.npy'}", "--input", f"state={tmp_path / 's.npy'}", "-f", "csv")
    (found,) = rows(cli.ok("saturation", "--model", str(path), *more))
    assert found["samples"] == "30"
    assert float(found["vanishing_ratio"]) == pytest.approx(((x + 2.0) @ weights(4, 5) <= 0).mean())


def test_fused_functions_are_taken_out(cli: Cli, tmp_path: Path) -> None:
    import onnx

    path, inputs, z = convolution(tmp_path)
    proto = onnx.load(path)
    conv = proto.graph.node[0]
    conv.op_type, conv.domain, conv.output[0] = "FusedConv", "com.microsoft", "r"
    conv.attribute.append(onnx.helper.make_attribute("activation", "Relu"))
    del proto.graph.node[1]
    onnx.save(proto, path)
    first = rows(cli.ok("saturation", "--model", str(path), str(inputs), "-f", "csv"))[0]
    assert (first["name"], first["function"]) == ("conv", "relu")
    assert float(first["vanishing_ratio"]) == pytest.approx((z <= 0).mean(), abs=1e-9)
