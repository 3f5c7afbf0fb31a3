"""Inspecting an ONNX file from Python gives the same results as the command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from support.onnx_models import Step, model, weights
from support.run import Cli

import actcli

STEPS: list[Step] = [("Gemm", ("x", "a"), "h"), ("Relu", ("h",), "r"), ("Gemm", ("r", "b"), "out")]


def test_a_file_is_run_on_arrays_and_on_files(tmp_path: Path, cli: Cli) -> None:
    """Both agree with the command; the error for an array that does not fit says what the model wants."""
    path = model(tmp_path / "m.onnx", STEPS, {"a": weights(4, 6), "b": weights(6, 2)})
    x = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    reported = json.loads(cli.ok("saturation", "--model", str(path), str(tmp_path / "x.npy"), "-f", "json"))
    for inputs in (x, {"x": x}, tmp_path / "x.npy", x.tolist()):
        (layer,) = actcli.inspect(path, inputs).layers
        assert layer.name == reported["layers"][0]["name"]
        assert layer.vanishing_ratio == reported["layers"][0]["vanishing_ratio"]
    with pytest.raises(actcli.DataError, match="the inputs: axis 1 has 3 entries"):
        actcli.inspect(path, x[:, :3])
    with pytest.raises(actcli.UsageError, match="actcli cannot run"):
        actcli.inspect(3, x)
