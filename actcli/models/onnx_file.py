"""An ONNX file -> its model, with functions of its own inlined; whatever is wrong with it is one error."""

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
_TORCH = ("holds weights, or a pickle, which is never loaded", _EXPORT)
_WEIGHTS = ("holds weights alone, and nothing to run", _EXPORT)
_KERAS = ("is run by Keras", "export it: model.export('m.onnx', format='onnx'), or use actcli.inspect(model, x)")
_LITE = ("is of TensorFlow Lite", "convert it: python -m tf2onnx.convert --tflite m.tflite --output m.onnx")
_ORT = ("is of onnxruntime's own format, in which operators are fused", "take the .onnx that it was made from")
OTHERS = {  # by the suffix what a file is, and the way out
    **dict.fromkeys((".pt", ".pth", ".pt2", ".ckpt"), _TORCH),
    **dict.fromkeys((".safetensors", ".gguf"), _WEIGHTS),
    **dict.fromkeys((".keras", ".h5", ".hdf5"), _KERAS),
    ".pb": ("is of TensorFlow", "convert it: python -m tf2onnx.convert --saved-model FOLDER --output m.onnx"),
    ".tflite": _LITE,
    ".ort": _ORT,
}
_HEADS = {  # by the place and the bytes there what is no model, though it is named so
    (0, b"version https://git-lfs"): ("stands for the model, which is in Git LFS", "fetch it: git lfs pull"),
    (0, b"<"): ("is a page of HTML or XML", "download the file itself"),
    (0, b"\x1f\x8b"): ("is compressed by gzip", "unpack it: gunzip"),
    (0, b"PK\x03\x04"): (
        "is a ZIP archive, as those of PyTorch and Keras are",
        "unzip it, or export the model to ONNX",
    ),
    (0, b"\x80"): _TORCH,
    (0, b"\x89HDF"): _KERAS,
    (0, b"\x93NUMPY"): ("is a NumPy array", "give it as an input: --model MODEL.onnx x.npy"),
    (0, b"GGUF"): _WEIGHTS,
    (4, b"TFL3"): _LITE,
    (4, b"ORTM"): _ORT,
}
_CUT = ("is not an ONNX model", "it may be cut short or of another format: export it again")
_OLDEST = {"onnx": (1, 23), "onnxruntime": (1, 32)}  # from these on both refuse weights outside the model's folder


_FUSED = {"LeakyRelu": ("alpha",), "HardSigmoid": ("alpha", "beta")}  # the names of a fused function's numbers


def is_model(path: str) -> bool:
    """Whether a path is named as a network is."""
    suffix = os.path.splitext(path)[1].lower()
    return suffix == ".onnx" or suffix in OTHERS


def way_to_run(path: str) -> str:
    """What to do with a model in place of a table."""
    suffix = os.path.splitext(path)[1].lower()
    return OTHERS[suffix][1] if suffix in OTHERS else f"run it on inputs: actcli saturation --model {path} INPUT..."


def check_installed() -> None:
    """Raises DataError where onnx or onnxruntime is missing."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # which would send its maker what is run, and leave a file
    for name, oldest in _OLDEST.items():
        try:
            found = str(import_module(name).__version__)
        except ImportError as error:
            missing = error.name or name
            raise DataError(f"models need {missing}, which is not installed", "pip install 'actcli[onnx]'") from None
        if tuple(int(part) for part in re.findall(r"\d+", found)[:2]) < oldest:
            least = ".".join(map(str, oldest))
            raise DataError(f"models need {name} {least}, and {found} is installed", "pip install -U 'actcli[onnx]'")


def load(path: str) -> onnx.ModelProto:
    """The model without its external data, its local functions inlined, and the types of its tensors inferred."""
    suffix = os.path.splitext(path)[1].lower()
    if suffix in OTHERS:
        raise DataError(f"{path}: {OTHERS[suffix][0]}", OTHERS[suffix][1])
    if os.path.isdir(path):
        raise DataError(f"{path}: is a directory", "name the .onnx file in it")
    if not os.path.exists(path):
        raise DataError(f"{path}: there is no such file")
    if os.path.getsize(path) == 0:
        raise DataError(f"{path}: is empty", "export it again")
    check_installed()
    import onnx

    with _failing(path):
        model: onnx.ModelProto = onnx.load(path, load_external_data=False)
    if not model.graph.node and not model.graph.output:
        raise _no_model(path)
    model = _unfused(_inlined(model))
    write_out(model)
    return _typed(model)


def _inlined(model: onnx.ModelProto) -> onnx.ModelProto:
    import onnx.inliner

    try:
        return onnx.inliner.inline_local_functions(model) if model.functions else model
    except Exception:  # a run says what is wrong with it
        return model


def _typed(model: onnx.ModelProto) -> onnx.ModelProto:
    import onnx.shape_inference

    try:
        return onnx.shape_inference.infer_shapes(model, check_type=False, strict_mode=False)
    except Exception:  # nothing needs the types: they say more of what is not a number
        return model


def _unfused(model: onnx.ModelProto) -> onnx.ModelProto:
    """With the operators that onnxruntime fuses taken apart: the sum, which is a pre-activation, and the function."""
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
    """Whatever onnx and protobuf raise for a damaged file."""
    try:
        yield
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error
    except Exception as error:
        raise _no_model(path) from error


def _no_model(path: str) -> DataError:
    """The error for what does not hold one: what it is instead, where its first bytes say that."""
    with open(path, "rb") as file:
        head = file.read(32)
    found = next((said for (at, own), said in _HEADS.items() if head.startswith(own, at)), _CUT)
    return DataError(f"{path}: {found[0]}", found[1])
