"""What is wrong with a model or its inputs is one error with a way out; onnxruntime's words are not shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from support.onnx_models import between_layers, model, weights
from support.run import Cli

from actcli.models.onnx_file import OTHERS


def refused(cli: Cli, *args: str | Path, status: int = 1) -> str:
    """What is printed on standard error of a run that must fail with nothing on standard output."""
    done = cli(*map(str, args))
    said = done.stderr.decode()
    assert (done.returncode, done.stdout) == (status, b""), said
    assert said.count("actcli: ") == 1
    assert len(said.splitlines()) <= 2
    assert "ONNXRuntime" not in said
    assert "fault of actcli" not in said
    return said


@pytest.mark.parametrize("suffix", OTHERS)
def test_files_of_other_frameworks_are_told_the_way(cli: Cli, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"m{suffix}"
    path.write_bytes(b"\x80\x04c")
    assert "\n  " in refused(cli, "layers", path)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x08\x09\x12\x07pyto"])
def test_what_is_no_model_is_refused(cli: Cli, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    assert "m.onnx: is " in refused(cli, "layers", path)


@pytest.mark.parametrize(
    ("op", "opset", "words"),
    [
        ("Erfc", 20, "no operator Erfc: Keras on TensorFlow writes gelu with it"),
        ("Expm1", 20, "no operator Expm1"),
        ("Nonsense", 20, "no operator Nonsense"),
        ("com.microsoft.nchwc::ReorderInput", 20, "laid out for one machine"),
        ("my.own::Thing", 20, "needs the operator Thing of my.own"),
        ("Relu", 999, "is of opset 999"),
    ],
)
def test_operators_that_are_not_there_are_named(cli: Cli, tmp_path: Path, op: str, opset: int, words: str) -> None:
    path = between_layers(tmp_path / "m.onnx", [("Tanh", ("z",), "t"), (op, ("t",), "y")], {}, opset=opset)
    np.save(tmp_path / "x.npy", np.ones((3, 4), np.float32))
    assert words in refused(cli, "saturation", "--model", path, tmp_path / "x.npy")


@pytest.mark.parametrize("place", ["gone.data", "../gone.data", "/etc/passwd"])
def test_weights_that_are_missing_or_outside(cli: Cli, tmp_path: Path, place: str) -> None:
    import onnx

    path = between_layers(tmp_path / "m.onnx", [("Relu", ("z",), "y")])
    proto = onnx.load(path)
    onnx.external_data_helper.set_external_data(proto.graph.initializer[0], place)
    proto.graph.initializer[0].ClearField("raw_data")
    path.write_bytes(proto.SerializeToString())
    np.save(tmp_path / "x.npy", np.ones((3, 4), np.float32))
    said = refused(cli, "saturation", "--model", path, tmp_path / "x.npy")
    assert place in said
    assert ("is missing" if place == "gone.data" else "outside its folder") in said


WRONG: dict[str, tuple[object, Sequence[str]]] = {
    "rank": (np.ones((3, 4, 2)), ("3 dimensions", "x: float32 of shape (any, 4)")),
    "size": (np.ones((3, 5)), ("axis 1 has 5", "(any, 4)")),
    "text": (np.array([["a"]]), ("not numbers",)),
    "objects": (np.array([[{}]]), ("NumPy file of numbers",)),
    "NaN": (np.array([[1.0] * 4, [np.nan] * 4]), ("entry 2 holds NaN",)),
    "no rows": (np.ones((0, 4)), ("no rows",)),
}


@pytest.mark.parametrize("what", WRONG)
def test_inputs_that_do_not_fit(cli: Cli, tmp_path: Path, what: str) -> None:
    path = between_layers(tmp_path / "m.onnx", [("Relu", ("z",), "y")])
    array, words = WRONG[what]
    np.save(tmp_path / "x.npy", np.asarray(array), allow_pickle=True)
    said = refused(cli, "saturation", "--model", path, tmp_path / "x.npy")
    assert all(word in said for word in words)


def test_names_of_inputs_that_are_not_there(cli: Cli, tmp_path: Path) -> None:
    path = between_layers(tmp_path / "m.onnx", [("Relu", ("z",), "y")])
    np.save(tmp_path / "x.npy", np.ones((3, 4), np.float32))
    run = ("saturation", "--model", path)
    assert "no input 'w'" in refused(cli, *run, "--input", f"w={tmp_path / 'x.npy'}", status=2)
    assert "nothing for the model's input x" in refused(cli, *run, status=2)
    assert "is a model, not an input" in refused(cli, *run, path, status=2)


def test_a_model_among_tables_is_named_as_one(cli: Cli, tmp_path: Path) -> None:
    path = between_layers(tmp_path / "m.onnx", [("Relu", ("z",), "y")])
    assert "--model" in refused(cli, "saturation", "relu", path, status=2)
    assert "--model" in refused(cli, "saturation", path, status=2)


def test_a_fixed_batch_is_not_another(cli: Cli, tmp_path: Path) -> None:
    path = between_layers(tmp_path / "m.onnx", [("Relu", ("z",), "y")], shape=(8, 4))
    np.save(tmp_path / "x.npy", np.ones((3, 4), np.float32))
    said = refused(cli, "saturation", "--model", path, tmp_path / "x.npy", "--batch", "2", status=2)
    assert "takes 8 inputs at a time" in said


@pytest.mark.parametrize(("op", "words"), [("QLinearAdd", "before quantisation"), ("Attention", "no activation")])
def test_nothing_seen_says_why(cli: Cli, tmp_path: Path, op: str, words: str) -> None:
    path = model(
        tmp_path / "m.onnx", [("MatMul", ("x", "w"), "z"), (f"com.microsoft::{op}", ("z",), "y")], {"w": weights(4, 4)}
    )
    np.save(tmp_path / "x.npy", np.ones((3, 4), np.float32))
    assert words in refused(cli, "saturation", "--model", path, tmp_path / "x.npy")
