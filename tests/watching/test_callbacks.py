"""Callbacks run in their own trainers, a few steps each."""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from support.frameworks import framework, marked, need

import actcli
from actcli.reports.schema import schema

os.environ.setdefault("KERAS_BACKEND", "torch")
torch = framework("torch")
pytestmark = [marked, pytest.mark.filterwarnings("default")]  # the trainers' own

X = np.random.default_rng(0).normal(size=(24, 4)).astype(np.float32)


def chain() -> Any:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))


def lines(path: Path) -> list[Any]:
    """The saved lines, each checked against its schema."""
    found = [json.loads(line) for line in path.read_text().splitlines()]
    for line in found:
        Draft202012Validator(schema("run")).validate(line)
    return found


def fit(callback: Any, loss: Callable[[Any, Any], Any]) -> Any:
    """Run six steps of Lightning on a module that calls its part `net`."""
    lightning = framework("lightning.pytorch")

    class Module(lightning.LightningModule):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.net = chain()

        def forward(self, x: Any) -> Any:
            return self.net(x)

        def training_step(self, batch: Any, number: int) -> Any:
            return loss(self, batch)

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), 0.1)

    module = Module()
    trainer = lightning.Trainer(
        max_epochs=1, callbacks=[callback], logger=False, enable_checkpointing=False, accelerator="cpu",
        enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    try:
        trainer.fit(module, torch.utils.data.DataLoader(torch.from_numpy(X), batch_size=4))
    finally:
        assert not module._forward_hooks
        assert not module.net._forward_hooks
    return module


@pytest.mark.parametrize("part", ["", "net"])
def test_lightning(part: str, tmp_path: Path) -> None:
    """The callback watches the module, or a part of it."""
    path = tmp_path / "run.jsonl"
    callback = actcli.callback("lightning", str(path), model=part, every=2, gradients=True)
    fit(callback, lambda module, x: module(x).square().mean())
    found = lines(path)
    assert [line["step"] for line in found] == [0, 2, 4]
    assert [layer["name"] for layer in found[0]["layers"]] == ["1" if part else "net.1"]
    assert all(line["layers"][0]["gradient_rms"] > 0 for line in found)
    assert callback.watch.diagnosis().layers[0].samples == 12


def test_a_lightning_module_that_is_never_called_itself() -> None:
    """The first batch raises an error that lists the parts to watch, as nothing would be seen."""
    with pytest.raises(actcli.UsageError, match=r"not called.*\nmodel=.*: net"):
        fit(actcli.callback("lightning"), lambda module, x: module.net(x).square().mean())
    with pytest.raises(actcli.UsageError, match=r"no part 'body'\n.*net"):
        fit(actcli.callback("lightning", model="body"), lambda module, x: module(x).square().mean())


def test_a_gate_ends_training_and_what_was_seen_is_saved(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    callback = actcli.callback("lightning", str(path), every=1, raise_on={"max_vanishing": 0.0})
    with pytest.raises(actcli.GateError, match="step 0"):
        fit(callback, lambda module, x: module(x).square().mean())
    assert len(lines(path)) == 1


class Module(torch.nn.Module):  # type: ignore[misc, name-defined]
    """A module for the Trainer of transformers, which expects a loss in its output."""

    def __init__(self) -> None:
        super().__init__()
        self.net = chain()
        self.fails = False

    def forward(self, x: Any) -> Any:
        if self.fails:
            raise RuntimeError("out of memory")
        y = self.net(x)
        return {"loss": y.square().mean(), "y": y}


def train(model: Any, callback: Any, folder: Path) -> None:
    """Run four steps of the Trainer, with an evaluation after two."""
    transformers = framework("transformers")
    options = transformers.TrainingArguments(
        str(folder / "out"), max_steps=4, per_device_train_batch_size=3, report_to=[], eval_strategy="steps",
        eval_steps=2, use_cpu=True, disable_tqdm=True, save_strategy="no", logging_strategy="no",
        label_names=["x"],
    )  # fmt: skip
    data = [{"x": row} for row in torch.from_numpy(X)]
    transformers.Trainer(model, options, train_dataset=data, eval_dataset=data[:6], callbacks=[callback]).train()


def test_the_trainer_of_transformers(tmp_path: Path) -> None:
    """Forwards of its evaluation are left out."""
    model, path = Module(), tmp_path / "run.jsonl"
    callback = actcli.callback("transformers", str(path), every=2, gradients=True)
    train(model, callback, tmp_path)
    assert [line["step"] for line in lines(path)] == [0, 2]
    (layer,) = callback.watch.diagnosis().layers
    assert (layer.name, layer.samples, layer.gradient_rms > 0) == ("net.1", 6, True)
    assert not model._forward_hooks


def test_a_gate_ends_the_trainer_of_transformers(tmp_path: Path) -> None:
    """Though it reports no errors to callbacks, the model is left as it was, and what was seen is saved."""
    model, path = Module(), tmp_path / "run.jsonl"
    callback = actcli.callback("transformers", str(path), every=1, raise_on={"max_vanishing": 0.0})
    with pytest.raises(actcli.GateError, match="step 0"):
        train(model, callback, tmp_path)
    assert len(lines(path)) == 1
    assert not model._forward_hooks
    assert not model._forward_pre_hooks


def test_any_error_ends_the_trainer_of_transformers(tmp_path: Path) -> None:
    """The next training watches the model only once, and no hook outlives the callback."""
    model, callback = Module(), actcli.callback("transformers", every=1)
    model.fails = True
    with pytest.raises(RuntimeError, match="out of memory"):
        train(model, callback, tmp_path)
    model.fails = False
    train(model, callback, tmp_path)
    assert not model._forward_hooks
    model.fails = True
    with pytest.raises(RuntimeError, match="out of memory"):
        train(model, callback, tmp_path)
    del callback
    gc.collect()
    assert not model._forward_hooks


def test_keras(tmp_path: Path) -> None:
    """The model is inspected once an epoch on the given inputs; the learned weights are the same to the last bit."""
    keras = framework("keras")
    path = tmp_path / "run.jsonl"

    def trained(*callbacks: Any) -> Any:
        keras.utils.set_random_seed(0)
        layers = [keras.Input((4,)), keras.layers.Dense(8, "relu", name="hidden"), keras.layers.Dense(1)]
        model = keras.Sequential(layers)
        model.compile("sgd", "mse")
        model.fit(X, X[:, :1], epochs=2, batch_size=8, verbose=0, callbacks=callbacks)
        return model.get_weights()

    callback = actcli.callback("keras", str(path), inputs=X[:5])
    for one, other in zip(trained(callback), trained(), strict=True):
        assert np.array_equal(one, other)
    found = lines(path)
    assert [line["step"] for line in found] == [0, 1]
    assert found[0]["layers"] != found[1]["layers"]
    (layer,) = callback.diagnosis.layers
    assert (layer.name, layer.samples) == ("hidden", 5)


def test_missing_frameworks_and_inputs_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(actcli.UsageError, match="frameworks: lightning"):
        actcli.callback("caffe")
    need("keras")
    with pytest.raises(actcli.UsageError, match="inputs="):
        actcli.callback("keras")
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(actcli.UsageError, match="pip install transformers"):
        actcli.callback("transformers")
