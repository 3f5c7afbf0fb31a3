"""Read the model in an ONNX file, with its local functions inlined; any fault in the file is one error."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

from actcli.errors import DataError
from actcli.models.cells import write_out

if TYPE_CHECKING:
    import onnx

_EXPORT = "export the module: torch.onnx.export(model, x, 'm.onnx')"
_TORCH = ("contains weights or a pickle, which is never loaded", _EXPORT)
_WEIGHTS = ("contains only weights, nothing to run", _EXPORT)
_KERAS = ("is a Keras model", "export it: model.export('m.onnx', format='onnx'), or use actcli.inspect(model, x)")
_LITE = ("is a TensorFlow Lite model", "convert it: python -m tf2onnx.convert --tflite m.tflite --output m.onnx")
_ORT = ("is in onnxruntime's own format, with fused operators", "use the .onnx file that it was made from")
OTHERS = {  # suffix -> what the file is, and the way out
    **dict.fromkeys((".pt", ".pth", ".pt2", ".ckpt"), _TORCH),
    **dict.fromkeys((".safetensors", ".gguf"), _WEIGHTS),
    **dict.fromkeys((".keras", ".h5", ".hdf5"), _KERAS),
    ".pb": ("is a TensorFlow model", "convert it: python -m tf2onnx.convert --saved-model FOLDER --output m.onnx"),
    ".tflite": _LITE,
    ".ort": _ORT,
}
_HEADS = {  # offset and bytes there -> what the file is, though it is named like a model
    (0, b"version https://git-lfs"): ("is a Git LFS pointer to the model", "fetch the model: git lfs pull"),
    (0, b"<"): ("is an HTML or XML page", "download the file itself"),
    (0, b"\x1f\x8b"): ("is compressed with gzip", "unpack it: gunzip"),
    (0, b"PK\x03\x04"): (
        "is a ZIP archive, like the files of PyTorch and Keras",
        "unzip it, or export the model to ONNX",
    ),
    (0, b"\x80"): _TORCH,
    (0, b"\x89HDF"): _KERAS,
    (0, b"\x93NUMPY"): ("is a NumPy array", "give it as an input: --model MODEL.onnx x.npy"),
    (0, b"GGUF"): _WEIGHTS,
    (4, b"TFL3"): _LITE,
    (4, b"ORTM"): _ORT,
}
_CUT = ("is not an ONNX model", "it may be truncated or in another format: export it again")
_OLDEST = {"onnx": (1, 23), "onnxruntime": (1, 32)}  # the first to refuse weights outside the model's folder
_FUSED = {"LeakyRelu": ("alpha",), "HardSigmoid": ("alpha", "beta")}  # the parameters of a fused function


def is_model(path: str) -> bool:
    """Whether a path has the suffix of a network."""
    suffix = os.path.splitext(path)[1].lower()
    return suffix == ".onnx" or suffix in OTHERS


def way_to_run(path: str) -> str:
    """The hint for a model that is given as a table."""
    suffix = os.path.splitext(path)[1].lower()
    return OTHERS[suffix][1] if suffix in OTHERS else f"run it on inputs: actcli saturation --model {path} INPUT..."


def check_installed() -> None:
    """Raises DataError if onnx or onnxruntime is missing or too old."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # it would report runs to its vendor and leave a file behind
    for name, oldest in _OLDEST.items():
        try:
            found = str(import_module(name).__version__)
        except ImportError as error:
            missing = error.name or name
            raise DataError(f"models need {missing}, which is not installed", "pip install 'actcli[onnx]'") from None
        if tuple(int(part) for part in re.findall(r"\d+", found)[:2]) < oldest:
            least = ".".join(map(str, oldest))
            raise DataError(f"models need {name} {least}, but {found} is installed", "pip install -U 'actcli[onnx]'")


def load(path: str) -> onnx.ModelProto:
    """The model without its external data, its local functions inlined, and the types of its tensors inferred."""
    suffix = os.path.splitext(path)[1].lower()
    if suffix in OTHERS:
        raise DataError(f"{path}: {OTHERS[suffix][0]}", OTHERS[suffix][1])
    if os.path.isdir(path):
        raise DataError(f"{path}: is a directory", "name the .onnx file in it")
    if not os.path.exists(path):
        raise DataError(f"{path}: no such file")
    if os.path.getsize(path) == 0:
        raise DataError(f"{path}: is empty", "export it again")
    check_installed()
    import onnx

    with _failing(path):
        model: onnx.ModelProto = onnx.load(path, load_external_data=False)
    if not model.graph.node and not model.graph.output:
        raise _not_a_model(path)
    model = _unfused(_inlined(model))
    write_out(model)
    return _typed(model)


def _inlined(model: onnx.ModelProto) -> onnx.ModelProto:
    import onnx.inliner

    try:
        return onnx.inliner.inline_local_functions(model) if model.functions else model
    except Exception:  # the run will report what is wrong
        return model


def _typed(model: onnx.ModelProto) -> onnx.ModelProto:
    import onnx.shape_inference

    try:
        return onnx.shape_inference.infer_shapes(model, check_type=False, strict_mode=False)
    except Exception:  # types are optional: they only help to rule out tensors that are not numbers
        return model


def _unfused(model: onnx.ModelProto) -> onnx.ModelProto:
    """Split the operators that onnxruntime fused into the sum, which is a pre-activation, and the function."""
    import onnx

    nodes = []
    for node in model.graph.node:
        own = {one.name: one for one in node.attribute}
        if node.op_type not in ("FusedConv", "FusedGemm") or "activation" not in own or len(node.input) > 3:
            nodes.append(node)
            continue
        before = f"{node.output[0]}/before"
        kept = [one for name, one in own.items() if not name.startswith("activation")]
        plain = onnx.helper.make_node(node.op_type.removeprefix("Fused"), list(node.input), [before], node.name)
        plain.attribute.extend(kept)
        op = own["activation"].s.decode()
        numbers = [*own["activation_params"].floats] if "activation_params" in own else []
        more = dict(zip(_FUSED.get(op, ()), numbers, strict=False))
        nodes += [plain, onnx.helper.make_node(op, [before], [*node.output], **more)]
    if len(nodes) > len(model.graph.node):
        del model.graph.node[:]
        model.graph.node.extend(nodes)
    return model


@contextmanager
def _failing(path: str) -> Iterator[None]:
    """Turn any exception of onnx and protobuf for a damaged file into our error."""
    try:
        yield
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error
    except Exception as error:
        raise _not_a_model(path) from error


def _not_a_model(path: str) -> DataError:
    """The error for a file that is not a model; it names what the file is, if the first bytes show that."""
    with open(path, "rb") as file:
        head = file.read(32)
    found = next((fault for (at, own), fault in _HEADS.items() if head.startswith(own, at)), _CUT)
    return DataError(f"{path}: {found[0]}", found[1])
