"""Any fault in a model or its inputs is one error with a way out; onnxruntime's words are not shown."""

from __future__ import annotations

import sys
import tracemalloc
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from support.onnx_models import between_layers, model, weights
from support.run import Cli

from actcli.models.inputs import feed
from actcli.models.onnx_file import OTHERS
from actcli.models.wanted import Wanted
from actcli.tables.options import ReadOptions


def refused(cli: Cli, *args: str | Path, status: int = 1) -> str:
    """Standard error of a run that must fail and print nothing on standard output."""
    done = cli(*map(str, args))
    said = done.stderr.decode()
    assert (done.returncode, done.stdout) == (status, b""), said
    assert said.count("actcli: ") == 1
    assert len(said.splitlines()) <= 2
    assert "ONNXRuntime" not in said
    assert "bug in actcli" not in said
    return said


@pytest.mark.parametrize("suffix", OTHERS)
def test_files_of_other_frameworks_get_a_way_out(cli: Cli, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"m{suffix}"
    path.write_bytes(b"\x80\x04c")
    assert "\n  " in refused(cli, "layers", path)


NO_MODELS = {
    b"": "is empty",
    b"hello": "is not an ONNX model",
    b"\x08\x09\x12\x07pyto": "is not an ONNX model",
    b"version https://git-lfs.github.com/spec/v1\noid sha256:a\nsize 1\n": "git lfs pull",
    b"<!DOCTYPE html><html></html>": "HTML or XML page",
    b"\x1f\x8b\x08\x00": "gunzip",
    b"PK\x03\x04\x14\x00": "ZIP archive",
    b"\x80\x02}q\x00.": "never loaded",
    b"\x89HDF\r\n\x1a\n": "a Keras model",
    b"\x93NUMPY\x01\x00": "is a NumPy array",
    b"GGUF\x03\x00\x00\x00": "contains only weights",
    b"\x1c\x00\x00\x00TFL3": "TensorFlow Lite",
    b"\x1c\x00\x00\x00ORTM": "onnxruntime's own format",
}


@pytest.mark.parametrize("content", NO_MODELS)
def test_a_file_that_is_not_a_model_is_refused(cli: Cli, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    assert NO_MODELS[content] in refused(cli, "layers", path)


@pytest.mark.parametrize("kept", [1, 20, 0.5, -1])
def test_a_truncated_model_is_refused(cli: Cli, tmp_path: Path, kept: float) -> None:
    path = between_layers(tmp_path / "m.onnx", [("Relu", ("z",), "y")])
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content)) if isinstance(kept, float) else kept])
    assert "it may be truncated" in refused(cli, "layers", path)


@pytest.mark.parametrize("name", ["onnx", "onnxruntime"])
def test_packages_that_are_missing_or_too_old(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = between_layers(tmp_path / "m.onnx", [("Relu", ("z",), "y")])
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, name, None)
        said = refused(cli, "layers", path)
    assert f"models need {name}, which is not installed\n  pip install 'actcli[onnx]'" in said
    monkeypatch.setattr(f"{name}.__version__", "1.9.3")
    said = refused(cli, "layers", path)
    assert f"models need {name} 1." in said
    assert "but 1.9.3 is installed\n  pip install -U 'actcli[onnx]'" in said


@pytest.mark.parametrize(
    ("op", "opset", "words"),
    [
        ("Erfc", 20, "no operator Erfc: Keras on TensorFlow writes gelu with it"),
        ("Expm1", 20, "no operator Expm1"),
        ("Nonsense", 20, "no operator Nonsense"),
        ("com.microsoft.nchwc::ReorderInput", 20, "optimised for one kind of machine"),
        ("my.own::Thing", 20, "needs the operator Thing of my.own"),
        ("Relu", 999, "uses opset 999"),
        ("Gelu", 17, "uses opset 17, but its operator Gelu needs opset 20\n  export it for that: opset_version=20"),
        ("Relu", 1, "onnxruntime has no Tanh of opset 1"),
        ("com.microsoft::Nonsense", 20, "no operator com.microsoft:Nonsense"),
    ],
)
def test_missing_operators_are_named(cli: Cli, tmp_path: Path, op: str, opset: int, words: str) -> None:
    path = between_layers(tmp_path / "m.onnx", [("Tanh", ("z",), "t"), (op, ("t",), "y")], {}, opset=opset)
    np.save(tmp_path / "x.npy", np.ones((3, 4), np.float32))
    assert words in refused(cli, "saturation", "--model", path, tmp_path / "x.npy")


def broken(path: Path, what: str) -> Path:
    """A model with this fault."""
    import onnx

    between_layers(path, [("Tanh", ("z",), "t"), ("Relu", ("t",), "y")])
    proto = onnx.load(path)
    relu = proto.graph.node[2]
    match what:
        case "from nowhere":
            relu.input[0] = "nobody"
        case "a circle":
            proto.graph.node[0].input[0] = "y"
        case "two of a name":
            relu.output[0] = "t"
        case "sizes":
            proto.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 3
        case "no opset":
            del proto.opset_import[:]
        case "format":
            proto.ir_version = 99
        case _:
            kind = onnx.TensorProto.DataType.Value(what)
            proto.graph.node.insert(2, onnx.helper.make_node("Cast", ["t"], ["b"], to=kind))
            relu.input[0] = "b"
            proto.graph.node.insert(4, onnx.helper.make_node("Cast", ["y"], ["f"], to=1))
            proto.graph.node[5].input[0] = "f"
    path.write_bytes(proto.SerializeToString())
    return path


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("from nowhere", "no operator makes the tensor nobody"),
        ("a circle", "form a cycle"),
        ("two of a name", "two operators make the tensor t"),
        ("sizes", "the inputs of an operator MatMul do not fit together"),
        ("no opset", "does not name its opset"),
        ("format", "is in version 99 of ONNX's format"),
        ("BFLOAT16", "is in bfloat16, for which onnxruntime has no CPU kernels\n  export it in float32"),
        ("FLOAT8E4M3FN", "is in float8e4m3fn"),
    ],
)
def test_the_fault_of_a_model_is_named(cli: Cli, tmp_path: Path, what: str, words: str) -> None:
    path = broken(tmp_path / "m.onnx", what)
    np.save(tmp_path / "x.npy", np.ones((3, 4), np.float32))
    assert words in refused(cli, "saturation", "--model", path, tmp_path / "x.npy")


@pytest.mark.parametrize(("kind", "words"), [("BFLOAT16", "export it in float32"), ("STRING", "only numeric inputs")])
def test_inputs_of_types_that_numpy_lacks(cli: Cli, tmp_path: Path, kind: str, words: str) -> None:
    import onnx

    path = model(tmp_path / "m.onnx", [("Cast", ("x",), "c", {"to": 1}), ("Relu", ("c",), "y")], {})
    proto = onnx.load(path)
    proto.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.DataType.Value(kind)
    path.write_bytes(proto.SerializeToString())
    np.save(tmp_path / "x.npy", np.ones((3, 4), np.float32))
    said = refused(cli, "saturation", "--model", path, tmp_path / "x.npy")
    assert f"its input x is of type {kind.lower()}" in said
    assert words in said


PLACES = {
    "gone.data": "is missing: gone.data",
    "../gone.data": "outside its folder: ../gone.data",
    "a/../../gone.data": "outside its folder: a/../../gone.data",
    "/etc/passwd": "outside its folder: /etc/passwd",
    "link.data": "outside its folder: link.data",
    "short.data": "is truncated: short.data",
    "folder": "is a directory: folder",
    "": "outside its folder: a file without a name",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("as_constant", [False, True])
def test_weights_that_are_missing_or_outside(cli: Cli, tmp_path: Path, place: str, as_constant: bool) -> None:
    import onnx

    path = between_layers(tmp_path / "m.onnx", [("Relu", ("z",), "y")])
    (tmp_path / "folder").mkdir()
    (tmp_path / "short.data").write_bytes(b"1234567")
    (tmp_path / "link.data").symlink_to("/etc/passwd")
    proto = onnx.load(path)
    onnx.external_data_helper.set_external_data(proto.graph.initializer[0], place)
    proto.graph.initializer[0].ClearField("raw_data")
    if as_constant:
        held = proto.graph.initializer.pop(0)
        proto.graph.node.insert(0, onnx.helper.make_node("Constant", [], [held.name], value=held))
    path.write_bytes(proto.SerializeToString())
    np.save(tmp_path / "x.npy", np.ones((3, 4), np.float32))
    assert PLACES[place] in refused(cli, "saturation", "--model", path, tmp_path / "x.npy")


WRONG: dict[str, tuple[object, Sequence[str]]] = {
    "rank": (np.ones((3, 4, 2)), ("3 dimensions", "x: float32 of shape (any, 4)")),
    "size": (np.ones((3, 5)), ("axis 1 has 5", "(any, 4)")),
    "text": (np.array([["a"]]), ("not numbers",)),
    "objects": (np.array([[{}]]), ("contains Python objects, which are not loaded", "astype(float)")),
    "complex": (np.ones((3, 4), np.complex64), ("complex64, not numbers",)),
    "one input": (np.ones(4), ("has 1 dimension,", "a[None]")),
    "no inputs": (np.float32(1), ("has 0 dimensions",)),
    "infinity": (np.array([[1.0] * 4, [np.inf] * 4]), ("entry 2 contains NaN or infinity, 4 in all",)),
    "beyond": (np.array([[1.0, 2.0, 3.0, 1e300]]), ("contains 1 to 1e+300, beyond float32",)),
    "NaN": (np.array([[1.0] * 4, [np.nan] * 4]), ("entry 2 contains NaN",)),
    "no rows": (np.ones((0, 4)), ("no rows",)),
}


@pytest.mark.parametrize("what", WRONG)
def test_inputs_that_do_not_fit(cli: Cli, tmp_path: Path, what: str) -> None:
    path = between_layers(tmp_path / "m.onnx", [("Relu", ("z",), "y")])
    array, words = WRONG[what]
    np.save(tmp_path / "x.npy", np.asarray(array), allow_pickle=True)
    said = refused(cli, "saturation", "--model", path, tmp_path / "x.npy")
    assert all(word in said for word in words)


@pytest.mark.parametrize(
    ("dims", "shape", "way"),
    [
        (("n", 3, 8, 8), (2, 8, 8, 3), "a.transpose(0, 3, 1, 2)"),
        (("n", 8, 8, 3), (2, 3, 8, 8), "a.transpose(0, 2, 3, 1)"),
        (("n", 3, 8, 8), (3, 8, 8), "a[None], if it is one input"),
        (("n", 64), (2, 8, 8), "a.reshape(len(a), -1)"),
    ],
)
def test_arrays_that_nearly_fit_get_the_code_that_helps(
    cli: Cli, tmp_path: Path, dims: Sequence[int | str], shape: tuple[int, ...], way: str
) -> None:
    path = model(tmp_path / "m.onnx", [("Relu", ("x",), "y")], {}, shape=dims)
    np.save(tmp_path / "x.npy", np.ones(shape))
    said = refused(cli, "saturation", "--model", path, tmp_path / "x.npy")
    assert said.endswith(f"save {way}\n")


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("INT32", 0.5, "contains fractions"),
        ("UINT8", 300.0, "beyond uint8"),
        ("UINT8", -1, "beyond uint8"),
        ("INT64", 1e30, "beyond int64"),
        ("INT64", 2.0**63, "beyond int64"),
        ("BOOL", -1, "beyond bool"),
        ("FLOAT16", 1e5, "beyond float16"),
    ],
)
def test_no_number_is_changed_in_silence(cli: Cli, tmp_path: Path, kind: str, value: float, words: str) -> None:
    """Whether it comes from a file or from the command line."""
    import onnx

    path = model(tmp_path / "m.onnx", [("Cast", ("x",), "c", {"to": 1}), ("Relu", ("c",), "y")], {})
    proto = onnx.load(path)
    proto.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.DataType.Value(kind)
    path.write_bytes(proto.SerializeToString())
    np.save(tmp_path / "x.npy", np.full((3, 4), value))
    assert words in refused(cli, "saturation", "--model", path, tmp_path / "x.npy")
    assert words in refused(cli, "saturation", "--model", path, "--input", f"x={value}", status=2)


@pytest.mark.parametrize("value", ["nan", "inf", "1e400"])
def test_numbers_that_are_not_finite_are_refused(cli: Cli, tmp_path: Path, value: str) -> None:
    path = between_layers(tmp_path / "m.onnx", [("Relu", ("z",), "y")])
    assert "is not finite" in refused(cli, "saturation", "--model", path, "--input", f"x={value}", status=2)


def test_arrays_of_other_names_are_not_guessed_at(cli: Cli, tmp_path: Path) -> None:
    """An array that numpy named may be the only input; one with a name of its own must be assigned."""
    path = between_layers(tmp_path / "m.onnx", [("Relu", ("z",), "y")])
    x = np.ones((3, 4), np.float32)
    run = ("saturation", "--model", path, tmp_path / "x.npz")
    np.savez(tmp_path / "x.npz", labels=x)
    said = refused(cli, *run)
    assert "x.npz: has labels, but the model wants x" in said
    assert cli(*map(str, run[:3]), "--input", f"x={tmp_path / 'x.npz'}").returncode == 0
    np.savez(tmp_path / "x.npz", p=x, q=x)
    assert "has the arrays p, q" in refused(cli, *run)
    np.savez(tmp_path / "x.npz")
    assert "no array" in refused(cli, *run)
    np.savez(tmp_path / "x.npz", x)
    assert cli(*map(str, run)).returncode == 0


def test_damaged_archives_are_refused(cli: Cli, tmp_path: Path) -> None:
    """A member that is not an array, a truncated one, and one whose header promises terabytes."""
    path = between_layers(tmp_path / "m.onnx", [("Relu", ("z",), "y")])
    np.save(tmp_path / "x.npy", np.ones((3, 4), np.float32))
    whole = (tmp_path / "x.npy").read_bytes()
    for content in (b"no array", whole[:-10], whole.replace(b"(3, 4), }" + b" " * 10, b"(99999999999, 4), }")):
        with zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("x.npy", content)
        said = refused(cli, "saturation", "--model", path, "--input", f"x={tmp_path / 'x.npz'}")
        assert "x.npz: is not an intact NumPy file" in said


def test_arrays_of_an_archive_are_not_held_in_memory(tmp_path: Path) -> None:
    """A small archive may contain more than fits in it. Members that are not arrays are ignored."""
    with zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", "of zeros")
        with archive.open("x.npy", "w") as member:
            np.lib.format.write_array(member, np.zeros((1 << 20, 4), np.float32))
    tracemalloc.start()
    found = feed([Wanted("x", (None, 4), "float32")], [str(tmp_path / "x.npz")], [], ReadOptions())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.count == 1 << 20
    assert not any(found.arrays["x"][-1])
    assert peak < 12 << 20  # of 16 MB


def test_a_model_of_unknown_input_shape_takes_any(cli: Cli, tmp_path: Path) -> None:
    """Nothing is known about the sizes before the run, which reports where they do not fit."""
    import onnx

    path = between_layers(tmp_path / "m.onnx", [("Relu", ("z",), "y")])
    proto = onnx.load(path)
    proto.graph.input[0].type.tensor_type.ClearField("shape")
    path.write_bytes(proto.SerializeToString())
    np.save(tmp_path / "x.npy", np.ones((3, 4), np.float32))
    cli.ok("saturation", "--model", str(path), str(tmp_path / "x.npy"))
    np.save(tmp_path / "x.npy", np.ones((3, 2, 5), np.float32))
    said = refused(cli, "saturation", "--model", path, tmp_path / "x.npy")
    assert "cannot be run on these inputs at the operator MatMul n0" in said
    assert "leaves the shape open" in refused(cli, "saturation", "--model", path, "--input", "x=2", status=2)


def test_unknown_names_of_inputs(cli: Cli, tmp_path: Path) -> None:
    path = between_layers(tmp_path / "m.onnx", [("Relu", ("z",), "y")])
    np.save(tmp_path / "x.npy", np.ones((3, 4), np.float32))
    run = ("saturation", "--model", path)
    assert "no input 'w'" in refused(cli, *run, "--input", f"w={tmp_path / 'x.npy'}", status=2)
    assert "no value for the model's input x" in refused(cli, *run, status=2)
    assert "is a model, not an input" in refused(cli, *run, path, status=2)


def test_a_model_among_tables_is_recognised(cli: Cli, tmp_path: Path) -> None:
    path = between_layers(tmp_path / "m.onnx", [("Relu", ("z",), "y")])
    for command in ("saturation relu", "saturation", "eval relu", "trend relu", "plot relu -i"):
        assert "--model" in refused(cli, *command.split(), path, status=2)


def test_a_fixed_batch_cannot_be_changed(cli: Cli, tmp_path: Path) -> None:
    path = between_layers(tmp_path / "m.onnx", [("Relu", ("z",), "y")], shape=(8, 4))
    np.save(tmp_path / "x.npy", np.ones((3, 4), np.float32))
    said = refused(cli, "saturation", "--model", path, tmp_path / "x.npy", "--batch", "2", status=2)
    assert "takes 8 inputs at a time" in said


@pytest.mark.parametrize(("op", "words"), [("QLinearAdd", "before quantisation"), ("Attention", "no activation")])
def test_a_model_without_layers_says_why(cli: Cli, tmp_path: Path, op: str, words: str) -> None:
    path = model(
        tmp_path / "m.onnx", [("MatMul", ("x", "w"), "z"), (f"com.microsoft::{op}", ("z",), "y")], {"w": weights(4, 4)}
    )
    np.save(tmp_path / "x.npy", np.ones((3, 4), np.float32))
    assert words in refused(cli, "saturation", "--model", path, tmp_path / "x.npy")
