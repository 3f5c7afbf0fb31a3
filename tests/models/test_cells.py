"""Recurrent cells: their written-out gates agree with the equations in the ONNX specification."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.onnx_models import Step, model

from actcli.models.inputs import Given
from actcli.models.onnx_model import Model
from actcli.models.onnx_run import Running
from actcli.tables.options import ReadOptions

STEPS, INPUTS, FEATURES, SIZE = 5, 4, 3, 2  # as many inputs as no other dimension has
Array = np.ndarray[Any, Any]


def sigmoid(x: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-x))


def by_hand(op: str, x: Array, w: Array, r: Array, b: Array, h: Array, c: Array, before: bool) -> dict[str, Array]:
    """The pre-activations of each gate, step by step, in the order of the steps of x."""
    found: dict[str, list[Array]] = {}
    parts = len(w) // SIZE
    wb, rb = b[: parts * SIZE].reshape(parts, SIZE), b[parts * SIZE :].reshape(parts, SIZE)
    wx, rx = w.reshape(parts, SIZE, -1), r.reshape(parts, SIZE, -1)
    for now in x:
        own = [now @ wx[k].T + wb[k] for k in range(parts)]
        of_state = [h @ rx[k].T + rb[k] for k in range(parts)]
        if op == "RNN":
            gates = {"state": own[0] + of_state[0]}
            h = np.tanh(gates["state"])
        elif op == "GRU":
            gates = {"update_gate": own[0] + of_state[0], "reset_gate": own[1] + of_state[1]}
            z, reset = sigmoid(gates["update_gate"]), sigmoid(gates["reset_gate"])
            held = reset * of_state[2] if not before else (reset * h) @ rx[2].T + rb[2]
            gates["candidate"] = own[2] + held
            h = (1 - z) * np.tanh(gates["candidate"]) + z * h
        else:
            names = ("input_gate", "output_gate", "forget_gate", "candidate")
            gates = {name: own[k] + of_state[k] for k, name in enumerate(names)}
            i, o, f = (sigmoid(gates[name]) for name in names[:3])
            c = f * c + i * np.tanh(gates["candidate"])
            gates["cell"] = c
            h = o * np.tanh(c)
        for name, value in gates.items():
            found.setdefault(name, []).append(value)
    return {name: np.stack(values) for name, values in found.items()}


def cells(path: Path, op: str, way: str, *, states: bool, before: bool) -> dict[str, Array]:
    """A model of one cell, with inputs as the first axis; its tensors by name, those of the cell in ONNX's layout."""
    rng = np.random.default_rng(len(op) + len(way))
    ways, parts = 1 + (way == "bidirectional"), {"LSTM": 4, "GRU": 3, "RNN": 1}[op]
    made = {
        "w": rng.normal(size=(ways, parts * SIZE, FEATURES)),
        "r": rng.normal(size=(ways, parts * SIZE, SIZE)),
        "b": rng.normal(size=(ways, 2 * parts * SIZE)),
        "h0": rng.normal(size=(ways, INPUTS, SIZE)) * states,
        "c0": rng.normal(size=(ways, INPUTS, SIZE)) * states,
    }
    kept = dict(made) if states else {name: made[name] for name in "wrb"}
    given = ["t", "w", "r", "b", *(["", "h0"] if states else []), *(["c0"] if states and op == "LSTM" else [])]
    more = {"linear_before_reset": int(not before)} if op == "GRU" else {}
    steps: list[Step] = [
        ("Transpose", ("x",), "t", {"perm": [1, 0, 2]}),
        (op, given, ",last", {"hidden_size": SIZE, "direction": way, "name": "/rnn/" + op, **more}),
    ]
    model(path, steps, kept, shape=(INPUTS if states else "n", STEPS, FEATURES), opset=17, outputs=["last"])
    return made


@pytest.mark.parametrize("states", [True, False])
@pytest.mark.parametrize("way", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize(("op", "before"), [("LSTM", False), ("GRU", False), ("GRU", True), ("RNN", False)])
def test_gates_agree_with_the_equations(tmp_path: Path, op: str, before: bool, way: str, states: bool) -> None:
    path = tmp_path / "m.onnx"
    made = cells(path, op, way, states=states, before=before)
    x = np.random.default_rng(1).normal(size=(INPUTS, STEPS, FEATURES)).astype(np.float32)
    read = Model.read(str(path))
    assert not read.listing.unseen
    run = read.run(read.listing.layers, [Given(x)], (), Running(), ReadOptions())
    seen: dict[str, list[Array]] = {}
    for blocks in run(range(len(read.listing.layers))):
        for place, rows, positions in blocks():
            assert positions == STEPS
            seen.setdefault(read.listing.layers[place].name, []).append(rows)
    named = {"forward": ("",), "reverse": ("",), "bidirectional": ("forward.", "backward.")}[way]
    for number, name in enumerate(named):
        turned = way == "reverse" or number == 1
        sequence = x.transpose(1, 0, 2)[:: -1 if turned else 1]
        found = by_hand(op, sequence, *(made[key][number] for key in ("w", "r", "b", "h0", "c0")), before)
        for gate, expected in found.items():
            own = expected[:: -1 if turned else 1].transpose(1, 0, 2).reshape(-1, SIZE)
            np.testing.assert_allclose(np.concatenate(seen.pop(f"rnn.{name}{gate}")), own, rtol=1e-4, atol=1e-5)
    assert not seen


def test_gates_have_their_roles(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    cells(path, "LSTM", "forward", states=False, before=False)
    found = {
        layer.name.partition(".")[2]: (layer.function.name, layer.role)
        for layer in Model.read(str(path)).listing.layers
    }
    assert found == {
        "input_gate": ("sigmoid", "gate"), "output_gate": ("sigmoid", "gate"), "forget_gate": ("sigmoid", "gate"),
        "candidate": ("tanh", "hidden"), "cell": ("tanh", "hidden"),
    }  # fmt: skip


@pytest.mark.parametrize("more", [{"clip": 3.0}, {"input_forget": 1}, {"activations": ["Affine", "Tanh", "Tanh"]}])
def test_cells_of_other_kinds_are_reported_as_unseen(tmp_path: Path, more: dict[str, Any]) -> None:
    constants = {"w": np.ones((1, 8, 3)), "r": np.ones((1, 8, 2))}
    steps: list[Step] = [("LSTM", ("x", "w", "r"), "y", {"hidden_size": 2, **more})]
    listed = Model.read(str(model(tmp_path / "m.onnx", steps, constants, shape=(5, "n", 3)))).listing
    assert (listed.layers, [one.operator for one in listed.unseen]) == ((), ["LSTM"])
