"""The ways from a network to its layers: a page of the manual whose scripts and commands are run by tests."""

from __future__ import annotations

from dataclasses import dataclass

NAME = "actcli-layers"
SUMMARY = "the ways from a network to its layers"
DESCRIPTION = """A layer is a name, its own function, and what goes into that function. What actcli says
of layers is the same whichever way they come.

A model that can be exported needs no program: the command line reads the ONNX file and runs it on inputs. A model in
memory is run by actcli.inspect, a training loop is watched by actcli.watch or by the callback of a trainer, and any
program can write its pre-activations to a file. Nothing here makes a framework a dependency of actcli, but ONNX files
need what pip install 'actcli[onnx]' brings.

Inputs decide: take some hundred of the data's own, prepared as for training. On noise other neurons are dead. Functions
are recognised by their values, not by their names."""


@dataclass(frozen=True)
class Way:
    """A section: what it says, a script in Python, the commands after it, and the frameworks that the script needs."""

    title: str
    text: str
    script: str
    commands: tuple[str, ...] = ()
    frameworks: tuple[str, ...] = ()


WAYS = (
    Way(
        "FROM PYTORCH TO ONNX",
        "torch.onnx.export, which needs the package onnxscript, writes the model and, where they are large, its "
        "weights beside it as model.onnx.data: keep both in one folder. dynamic_shapes lets the number of inputs "
        "vary.",
        """import numpy as np
import torch
from torch import nn

model = nn.Sequential(nn.Linear(8, 32), nn.GELU(), nn.Linear(32, 1)).eval()
inputs = torch.randn(200, 8)

any_number = ({0: torch.export.Dim("batch")},)
torch.onnx.export(model, (inputs,), "model.onnx", dynamic_shapes=any_number)
np.save("inputs.npy", inputs.numpy())""",
        ("actcli layers model.onnx", "actcli saturation --model model.onnx inputs.npy"),
        ("torch", "onnxscript"),
    ),
    Way(
        "FROM KERAS TO ONNX",
        "On the backend torch export needs onnxscript, on TensorFlow tf2onnx. Take torch for a model with GELU or "
        "CELU: what TensorFlow writes for them are operators that ONNX does not have. Layers lose their names; "
        "actcli.inspect knows them.",
        """import os

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np

hidden = keras.layers.Dense(32, activation="gelu", name="hidden")
model = keras.Sequential([keras.Input((8,)), hidden])
model.add(keras.layers.Dense(1))
inputs = np.random.default_rng(0).normal(size=(200, 8)).astype("float32")

model(inputs)  # export wants a model that was called or trained
model.export("model.onnx", format="onnx", verbose=False)
np.save("inputs.npy", inputs)""",
        ("actcli layers model.onnx", "actcli saturation --model model.onnx inputs.npy"),
        ("keras", "torch", "onnxscript"),
    ),
    Way(
        "A MODEL IN MEMORY: PYTORCH",
        "actcli.inspect runs a module in evaluation mode, batch by batch, and leaves it as it was. Activations are "
        "seen as modules and as calls of functions. What is inside nn.LSTM, a scripted or a compiled module is not "
        "seen, which is said. Several inputs are a tuple or a dict.",
        """import torch
from torch import nn

import actcli

model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 1))

found = actcli.inspect(model, torch.randn(200, 8))
for layer in found.layers:
    print(layer.name, layer.function.label, layer.verdict, layer.reasons)""",
        frameworks=("torch",),
    ),
    Way(
        "A MODEL IN MEMORY: KERAS",
        "A sequential, functional, nested or subclassed model of Keras 3, on any backend. The activations of its "
        "layers are seen; what a layer's own call computes, as with keras.ops.relu, and recurrent cells are not.",
        """import keras
import numpy as np

import actcli

hidden = keras.layers.Dense(32, activation="relu", name="hidden")
model = keras.Sequential([keras.Input((8,)), hidden])
model.add(keras.layers.Dense(1))

inputs = np.random.default_rng(0).normal(size=(200, 8))

found = actcli.inspect(model, inputs)
for layer in found.layers:
    print(layer.name, layer.function.label, layer.verdict, layer.reasons)""",
        frameworks=("keras",),
    ),
    Way(
        "A MODEL IN MEMORY: SCIKIT-LEARN",
        "An MLPClassifier or MLPRegressor that is trained; the inputs are those of its own predict, so scaled as they "
        "were for fit.",
        """import numpy as np
from sklearn.neural_network import MLPRegressor

import actcli

inputs = np.random.default_rng(0).normal(size=(200, 8))
model = MLPRegressor(hidden_layer_sizes=(32, 16), activation="tanh")
model.fit(inputs, inputs[:, 0])

found = actcli.inspect(model, inputs)
for layer in found.layers:
    print(layer.name, layer.function.label, layer.verdict, layer.reasons)""",
        frameworks=("sklearn",),
    ),
    Way(
        "A TRAINING LOOP OF PYTORCH",
        "One forward in every so many is measured. With gradients=True also the gradient of the loss, which comes "
        "with backward. raise_on={'max_dead': 0.5} ends the training where a gate fails; layers='...' limits what is "
        "measured; reset() begins anew, of an epoch, say. The loss is the same to the last bit, and only measures are "
        "kept.",
        """import torch
from torch import nn

import actcli

model = nn.Sequential(nn.Linear(8, 32), nn.Sigmoid(), nn.Linear(32, 1))
optimizer = torch.optim.SGD(model.parameters(), 0.1)

with actcli.watch(model, every=50, gradients=True) as w:
    for _ in range(200):
        x = torch.randn(64, 8)
        loss = (model(x) - x[:, :1]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
w.save("run.jsonl")
for step in w.history:
    print(step.step, [layer.gradient_rms for layer in step.layers])""",
        frameworks=("torch",),
    ),
    Way(
        "A TRAINER: LIGHTNING, TRANSFORMERS, KERAS",
        "A callback watches for as long as the training lasts, and saves its history then. It takes the options of "
        "watch; for lightning also model='NAME', the part whose forward runs where training_step does not call the "
        "module itself. That of keras is given inputs and looks at the model once an epoch. The callbacks of "
        "Lightning and of transformers are made alike: actcli.callback('lightning', 'run.jsonl', every=50).",
        """import keras
import numpy as np

import actcli

x = np.random.default_rng(0).normal(size=(200, 8)).astype("float32")
hidden = keras.layers.Dense(32, activation="relu", name="hidden")
model = keras.Sequential([keras.Input((8,)), hidden])
model.add(keras.layers.Dense(1))
model.compile("sgd", "mse")

watching = actcli.callback("keras", "run.jsonl", inputs=x[:100])
model.fit(x, x[:, :1], epochs=2, verbose=0, callbacks=[watching])
print(watching.diagnosis.layers[0].verdict)""",
        frameworks=("keras",),
    ),
    Way(
        "BY HAND",
        "What has none of these ways writes its pre-activations where it has them: an array of shape (samples, "
        "neurons) for each layer, in an NPZ file, or a CSV, NPY or Parquet file for each. Feature maps (N, C, H, W) "
        "and sequences (N, T, D) may be written as they are. The function is named on the command line.",
        """import numpy as np

rng = np.random.default_rng(0)
x, layers = rng.normal(size=(200, 8)), {}
for name, shape in (("first", (8, 32)), ("second", (32, 32))):
    layers[name] = x @ rng.normal(size=shape) / 4
    x = np.maximum(layers[name], 0)
np.savez("layers.npz", **layers)""",
        ("actcli saturation relu layers.npz",),
    ),
)
