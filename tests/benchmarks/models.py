"""Run and measure a convolutional network, compared with a bare onnxruntime session.

    pip install -e '.[benchmark,onnx]'
    python tests/benchmarks/models.py

Both use all cores; the bare session runs 32 images at a time, which is as fast as any other number. The model and its
inputs are made here; the two sides alternate, and each number is a median. Memory peaks are those of separate
processes, minus that of a process that only loads the model.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from actcli.diagnosis.diagnose import criteria, diagnose
from actcli.measuring.choice import Choice
from actcli.measuring.network import network
from actcli.measuring.probe import Thresholds
from actcli.models.onnx_run import MEMORY, Running
from actcli.tables.options import ReadOptions

CHANNELS = (3, 32, 64, 64, 128)
SIDE, IMAGES, BATCH, TURNS = 64, 192, 32, 7
MEGABYTES = (100, 400, 1600)  # of --memory


def convolutional(path: Path) -> None:
    """3 x 3 convolutions with ReLU, some with stride 2, and a head."""
    rng = np.random.default_rng(0)
    nodes, constants, x = [], [], "x"
    for k, (a, b) in enumerate(pairwise(CHANNELS)):
        w = rng.normal(size=(b, a, 3, 3)) * np.sqrt(2 / (9 * a))
        constants += [numpy_helper.from_array(w.astype("f4"), f"conv{k}.weight")]
        stride = 1 if k == 0 else 2 if k % 2 else 1
        more = {"pads": [1, 1, 1, 1], "strides": [stride, stride]}
        nodes += [helper.make_node("Conv", [x, f"conv{k}.weight"], [f"z{k}"], **more)]
        nodes += [helper.make_node("Relu", [f"z{k}"], [f"y{k}"])]
        x = f"y{k}"
    nodes += [helper.make_node("GlobalAveragePool", [x], ["pool"]), helper.make_node("Flatten", ["pool"], ["flat"])]
    head = rng.normal(size=(CHANNELS[-1], 10)).astype("f4")
    nodes += [helper.make_node("Gemm", ["flat", "head.weight"], ["out"])]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, None)],
        [*constants, numpy_helper.from_array(head, "head.weight")],
    )  # fmt: skip
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(path))


def bare(model: Path, x: Any) -> Callable[[], None]:
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])

    def work() -> None:
        for start in range(0, len(x), BATCH):
            session.run(None, {"x": x[start : start + BATCH]})

    return work


def measured(model: Path, inputs: Path, memory: int = 0) -> Callable[[], None]:
    running = Running(memory=memory or MEMORY)

    def work() -> None:
        found = network(str(model), [str(inputs)], (), Choice(), running, ReadOptions())
        diagnose(found.layers, criteria(Thresholds(), "default", None), is_chain=found.is_chain)

    return work


def seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def peak(*arguments: str) -> int:
    """The peak megabytes of this script with these arguments."""
    done = subprocess.run([sys.executable, __file__, *arguments], capture_output=True, text=True, check=True)
    return int(done.stdout)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        model, inputs = Path(folder) / "m.onnx", Path(folder) / "x.npy"
        convolutional(model)
        np.save(inputs, np.random.default_rng(1).normal(size=(IMAGES, 3, SIDE, SIDE)).astype("f4"))
        sides = bare(model, np.load(inputs)), measured(model, inputs)
        turns = [[seconds(side) for side in sides] for _ in range(TURNS + 1)][1:]
        a, b = (median(side) for side in zip(*turns, strict=True))
        print(f"{IMAGES} images: bare session {a:.2f} s, measured {b:.2f} s, {b / a:.2f} times")
        least = peak(str(model), str(inputs), "0")
        for memory in MEGABYTES:
            print(f"--memory {memory}M: {peak(str(model), str(inputs), str(memory)) - least} MB above loading")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        given, memory = [Path(one) for one in sys.argv[1:3]], int(sys.argv[3])
        (measured(*given, memory << 20) if memory else bare(given[0], np.load(given[1])[:1]))()
        status = Path("/proc/self/status").read_text()
        print(int(status.partition("VmHWM:")[2].split()[0]) >> 10)
    else:
        main()
