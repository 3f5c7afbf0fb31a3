"""The network and its training: every option by its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from actcli.errors import UsageError
from actcli.measuring.measures import Meaning
from actcli.training.words import Dtype, Init, Learn, Normalize, Optimizer, Schedule

RATES: dict[Optimizer, float] = {"sgd": 0.01, "momentum": 0.01, "adam": 0.001, "adamw": 0.001}


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """The network to train."""

    hidden: Annotated[tuple[int, ...], Meaning("widths of the hidden layers")] = (64, 64)
    init: Annotated[
        Init,
        Meaning(
            "standard deviation of the starting weights, with biases 0: gain / sqrt(fan_in), with the gain that keeps "
            "the variance under f (auto) or sqrt(2) (he); 1 / sqrt(fan_in) (lecun); or uniform within "
            "sqrt(6 / (fan_in + fan_out)) (glorot), or with the biases within 1 / sqrt(fan_in) (pytorch)"
        ),
    ] = "auto"
    normalize: Annotated[Normalize, Meaning("normalisation of the pre-activations, with a learned gain and shift")] = (
        "none"
    )
    dropout: Annotated[float, Meaning("share of the outputs of each hidden layer that a step leaves out")] = 0.0
    residual: Annotated[
        bool, Meaning("whether a hidden layer adds its input to its output, if the one before it has the same width")
    ] = False
    learn: Annotated[Learn, Meaning("whether parameters of f are learned: one value per layer or per neuron")] = "none"
    dtype: Annotated[Dtype, Meaning("precision of the network")] = "float64"

    def __post_init__(self) -> None:
        if not self.hidden:
            raise UsageError("no hidden layer", "the functions need at least one")
        if any(width < 1 for width in self.hidden):
            raise UsageError(f"hidden widths {','.join(map(str, self.hidden))}", "a layer has at least one neuron")
        if not 0.0 <= self.dropout < 1.0:
            raise UsageError(f"dropout = {self.dropout:g}", "give a share from 0 to below 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """The training, in PyTorch's terms."""

    optimizer: Annotated[Optimizer, Meaning("sgd; momentum: sgd with momentum 0.9; adam; adamw")] = "adam"
    lr: Annotated[float | None, Meaning("learning rate at the start")] = None
    schedule: Annotated[
        Schedule, Meaning("learning rate over the epochs: constant, or half a cosine down to 0, one value per epoch")
    ] = "constant"
    weight_decay: Annotated[float, Meaning("weight decay of everything learned; decoupled in adamw only")] = 0.0
    clip: Annotated[float | None, Meaning("largest norm of the gradient of everything learned")] = None
    batch: Annotated[int, Meaning("rows per step; the last batch may have fewer")] = 32
    epochs: Annotated[int, Meaning("most epochs of a run")] = 30
    patience: Annotated[int | None, Meaning("epochs without a lower held-out loss after which a run ends")] = None
    shuffle: Annotated[bool, Meaning("whether each epoch has its own order of the rows")] = True

    def __post_init__(self) -> None:
        for name, least in (("batch", 1), ("epochs", 0), ("patience", 1)):
            if (value := getattr(self, name)) is not None and value < least:
                raise UsageError(f"{name} = {value}", f"give at least {least}")
        for name in ("lr", "clip"):
            if (rate := getattr(self, name)) is not None and not 0.0 < rate < float("inf"):
                raise UsageError(f"{name} = {rate}", "give a number above 0")
        if not 0.0 <= self.weight_decay < float("inf"):
            raise UsageError(f"weight decay = {self.weight_decay}", "give 0 or more")

    @property
    def rate(self) -> float:
        """The learning rate at the start, by default the optimizer's own."""
        return RATES[self.optimizer] if self.lr is None else self.lr
