"""Fifty steps beside PyTorch, from the same weights on the same batches: losses, gradients and weights agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from support.frameworks import framework, marked

from actcli.registry import specs
from actcli.training.losses import LOSSES
from actcli.training.network import Network
from actcli.training.optimizers import OPTIMIZERS, SCHEDULES
from actcli.training.settings import Design, Recipe
from actcli.training.weights import draw

torch = framework("torch")
pytestmark = marked

torch.set_num_threads(1)
STEPS, EPOCHS, BATCH, CLASSES = 50, 5, 16, 3
INPUTS = 7


@dataclass
class Case:
    function: str
    module: Callable[[], Any]
    learn: str = "none"
    design: dict[str, Any] | None = None
    recipe: dict[str, Any] | None = None
    task: str = "classify"

    def __str__(self) -> str:
        settings = {**(self.design or {}), **(self.recipe or {})}
        return "-".join([self.function, self.learn, self.task, *map(str, settings.values())])


class Elu(torch.nn.Module):
    """ELU with a learned alpha."""

    def __init__(self) -> None:
        super().__init__()
        self.a = torch.nn.Parameter(torch.tensor([0.5], dtype=torch.float64))

    def forward(self, x: Any) -> Any:
        return torch.where(x > 0, x, self.a * torch.expm1(torch.clamp(x, max=0.0)))


class Swish(torch.nn.Module):
    """x sigmoid(b x) with a learned b."""

    def __init__(self) -> None:
        super().__init__()
        self.b = torch.nn.Parameter(torch.tensor([1.0], dtype=torch.float64))

    def forward(self, x: Any) -> Any:
        return x * torch.sigmoid(self.b * x)


FUNCTIONS = [
    Case("relu", torch.nn.ReLU),
    Case("tanh", torch.nn.Tanh),
    Case("sigmoid", torch.nn.Sigmoid),
    Case("gelu", torch.nn.GELU),
    Case("silu", torch.nn.SiLU),
    Case("softplus", torch.nn.Softplus),
    Case("leaky_relu:negative_slope=0.1", lambda: torch.nn.LeakyReLU(0.1)),
    Case("softmax", lambda: torch.nn.Softmax(-1)),
    Case("glu", lambda: torch.nn.GLU(-1)),
    Case("prelu", lambda: torch.nn.PReLU(dtype=torch.float64), "layer"),
    Case("prelu", lambda: torch.nn.PReLU(8, dtype=torch.float64), "neuron", {"hidden": (8, 8, 8)}),
    Case("elu:alpha=0.5", Elu, "layer"),
    Case("x*sigmoid(b*x):b=1", Swish, "layer"),
]
RECIPES = [
    Case("tanh", torch.nn.Tanh, recipe={"optimizer": optimizer, "weight_decay": decay, **more})
    for optimizer in OPTIMIZERS
    for decay, more in ((0.0, {}), (0.05, {"schedule": "cosine"}), (0.0, {"clip": 0.3}))
]
DESIGNS = [
    # The derivative by a bias before batch normalisation is rounding, which Adam turns into steps of the learning rate.
    Case("tanh", torch.nn.Tanh, design={"normalize": kind, "residual": skip}, recipe={"lr": 0.001}, task=task)
    for kind in ("none", "batch", "layer")
    for skip in (False, True)
    for task in LOSSES
]


class Twin(torch.nn.Module):
    """The same network in PyTorch."""

    def __init__(self, network: Network, case: Case) -> None:
        super().__init__()
        kind = network.design.normalize
        self.residual = network.design.residual
        self.linear = torch.nn.ModuleList()
        self.norms, self.activations = torch.nn.ModuleList(), torch.nn.ModuleList()
        for layer in network.layers:
            linear = torch.nn.Linear(layer.fan_in, layer.weights.shape[1], dtype=torch.float64)
            with torch.no_grad():
                linear.weight[:] = torch.from_numpy(layer.weights[:-1].T.copy())
                linear.bias[:] = torch.from_numpy(layer.weights[-1].copy())
            self.linear.append(linear)
        for layer in network.hidden:
            width = layer.weights.shape[1]
            norm = {
                "none": torch.nn.Identity,
                "batch": lambda width=width: torch.nn.BatchNorm1d(width, dtype=torch.float64),
                "layer": lambda width=width: torch.nn.LayerNorm(width, dtype=torch.float64),
            }[kind]
            self.norms.append(norm())
            self.activations.append(case.module())

    def forward(self, x: Any) -> Any:
        hidden = zip(self.linear[:-1], self.norms, self.activations, strict=True)
        for number, (linear, norm, activation) in enumerate(hidden):
            y = activation(norm(linear(x)))
            x = x + y if self.residual and number and y.shape == x.shape else y
        return self.linear[-1](x)

    def flat(self, of: Callable[[Any], Any]) -> np.ndarray:
        """Everything learned, in our order: each layer's weights as rows of inputs, biases, gain and shift,
        parameters."""
        found = []
        for number, linear in enumerate(self.linear):
            found += [of(linear.weight).T, of(linear.bias)]
            if number < len(self.norms):
                found += [of(p) for p in self.norms[number].parameters()]
                found += [of(p) for p in self.activations[number].parameters()]
        return np.concatenate([part.detach().numpy().ravel() for part in found])


@pytest.mark.parametrize("case", [*FUNCTIONS, *RECIPES, *DESIGNS], ids=str)
def test_fifty_steps_agree_with_pytorch(case: Case) -> None:
    """To 1e-10 at every step: the loss, the derivatives of everything learned, and everything learned."""
    design = Design(**{"hidden": (8, 8, 6), "learn": case.learn, **(case.design or {})})
    recipe = Recipe(**{"lr": 0.005, "epochs": EPOCHS, "batch": BATCH, **(case.recipe or {})})
    rng = np.random.default_rng(1)
    outputs = CLASSES if case.task == "classify" else 1
    network = Network(INPUTS, outputs, specs.get(case.function), design)
    draw(network, rng)
    twin = Twin(network, case)
    optimizer = OPTIMIZERS[recipe.optimizer](network.values, network.gradient, recipe)
    theirs = {
        "sgd": torch.optim.SGD,
        "momentum": lambda p, **more: torch.optim.SGD(p, momentum=0.9, **more),
        "adam": torch.optim.Adam,
        "adamw": torch.optim.AdamW,
    }[recipe.optimizer](twin.parameters(), lr=recipe.rate, weight_decay=recipe.weight_decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(theirs, EPOCHS) if recipe.schedule == "cosine" else None
    loss = torch.nn.CrossEntropyLoss() if case.task == "classify" else torch.nn.MSELoss()
    space = network.space(BATCH)
    for step in range(STEPS):
        x = rng.standard_normal((BATCH, INPUTS))
        labels = rng.integers(0, CLASSES, BATCH)
        targets = np.eye(CLASSES)[labels] if case.task == "classify" else rng.standard_normal((BATCH, 1))
        space[0].inputs[:, :-1] = x
        with np.errstate(all="ignore"):
            lost = network.step(space, targets, LOSSES[case.task], rng)
        theirs.zero_grad()
        their_loss = loss(twin(torch.from_numpy(x)), torch.from_numpy(labels if case.task == "classify" else targets))
        their_loss.backward()
        assert lost == pytest.approx(their_loss.item(), rel=0, abs=1e-10)
        np.testing.assert_allclose(network.gradient, twin.flat(lambda p: p.grad), rtol=0, atol=1e-10)
        if recipe.clip is not None:
            torch.nn.utils.clip_grad_norm_(twin.parameters(), recipe.clip)
        theirs.step()
        epoch = step // (STEPS // EPOCHS)
        optimizer(recipe.rate * SCHEDULES[recipe.schedule](epoch, EPOCHS))
        network.keep_inside()
        np.testing.assert_allclose(network.values, twin.flat(lambda p: p), rtol=0, atol=1e-10)
        if schedule is not None and (step + 1) % (STEPS // EPOCHS) == 0:
            schedule.step()
    twin.eval()
    space[0].inputs[:, :-1] = x
    with np.errstate(all="ignore"):
        ours = network.forward(space, "use")
    np.testing.assert_allclose(ours, twin(torch.from_numpy(x)).detach().numpy(), rtol=0, atol=1e-10)
