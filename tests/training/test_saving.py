"""A network saved as an ONNX model has the same outputs in onnxruntime, on the features of the table."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

import actcli
from actcli.training.loop import CHUNK, Trainer, outputs_of
from actcli.training.saving import encoded
from actcli.training.settings import Design, Recipe

if os.environ.get("CI") == "true":
    import onnxruntime
else:
    onnxruntime = pytest.importorskip("onnxruntime")

SPECS = ["relu", "gelu", "tanh", "elu:alpha=0.5", "softplus", "softplus:beta=2", "silu", "mish", "selu", "hard_swish",
         "leaky_relu", "x*sigmoid(b*x):b=1", "softmax"]  # fmt: skip
OPTIONS = onnxruntime.SessionOptions()
OPTIONS.intra_op_num_threads = 1  # others wait for work, which takes CPU
DESIGNS: list[dict[str, Any]] = [
    {"normalize": "batch"}, {"normalize": "layer", "residual": True}, {"learn": "layer"}, {"learn": "neuron"},
]  # fmt: skip


@pytest.mark.parametrize(("spec", "design"), [*((spec, {}) for spec in SPECS), *(("prelu", d) for d in DESIGNS)])
def test_onnxruntime_gives_the_same_outputs(spec: str, design: dict[str, Any]) -> None:
    """To the rounding of float32, for classes and for a quantity."""
    rng = np.random.default_rng(0)
    x = rng.normal(3.0, 5.0, (60, 4))
    for y in (rng.integers(0, 3, 60), 10.0 + x[:, 0] * x[:, 1] / 7.0):
        result = actcli.train(
            spec, (x, y), seeds=1, design=Design(hidden=(6, 6), **design), recipe=Recipe(epochs=3, lr=0.01)
        )
        trained, run = result.trained, result.best
        session = onnxruntime.InferenceSession(
            encoded("m.onnx", trained, run), OPTIONS, providers=["CPUExecutionProvider"]
        )
        trainer = Trainer(trained.data, run.function, 0, trained.design, trained.recipe, ("run", run.weights))
        rows = trained.data.test
        assert len(rows) < CHUNK
        ours = outputs_of(trainer.network, rows) * trained.data.target_scaling.scale + trained.data.target_scaling.mean
        features = rows.features[:, :-1] * trained.data.scaling.scale + trained.data.scaling.mean
        (theirs,) = session.run(None, {"features": features.astype(np.float32)})
        np.testing.assert_allclose(theirs, ours, rtol=1e-4, atol=1e-4)
