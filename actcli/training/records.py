"""The results of a training: runs of epochs of layers, and the data."""

import math
from dataclasses import dataclass, field
from typing import Annotated, TypeAlias

import numpy as np
from numpy.typing import NDArray

from actcli.activation import Array, Function
from actcli.measuring.measures import LayerMeasures, Meaning
from actcli.training.settings import Design, Recipe
from actcli.training.words import Task

Labels: TypeAlias = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Rows:
    """Features, which end in a column of ones, and targets: one column per class, or one with the quantity."""

    features: Array
    targets: Array

    def __len__(self) -> int:
        return len(self.features)


@dataclass(frozen=True, slots=True)
class Scaling:
    """The mean that was subtracted from each number, and the scale that it was then divided by."""

    mean: Array
    scale: Array

    def __call__(self, x: Array) -> None:
        """Scale in place."""
        x -= self.mean
        x /= self.scale


@dataclass(frozen=True, slots=True)
class Data:
    """The data for training and scoring. `held_out` is False if both are the same rows."""

    source: str
    target: str
    task: Task
    features: tuple[str, ...]
    classes: tuple[str, ...]
    train: Rows
    test: Rows
    held_out: bool
    scaling: Scaling
    target_scaling: Scaling
    missing: tuple[tuple[str, int], ...] = ()  # columns with missing values, and how many
    left_out: int = 0
    constant: tuple[str, ...] = ()  # columns with only one value
    guesses: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _LayerHead:
    name: Annotated[str, Meaning("name of the hidden layer, counted from 1 at the inputs")]
    neurons: Annotated[int, Meaning("neurons")]
    dead_neurons: Annotated[int, Meaning("number of dead neurons on the probe rows")]
    dead_neuron_ratio: Annotated[float | None, Meaning("share of the neurons that are dead on the probe rows")]
    gradient_rms: Annotated[
        float | None,
        Meaning(
            "root mean square over rows and neurons of the derivative of a row's loss with respect to the "
            "pre-activations",
            word="rms dL/dz",
            definition="the root mean square, over the probe rows and the neurons of a layer, of the derivative of a "
            "row's loss with respect to the pre-activations: the true gradient, with weights, normalisation and skips",
        ),
    ]


@dataclass(frozen=True, kw_only=True)
class LayerState(LayerMeasures, _LayerHead):
    """A hidden layer after an epoch, on the probe rows, with the measures of `saturation`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """The scores of a network on held-out rows; those of the other task are None."""

    loss: Annotated[float, Meaning("mean loss: cross-entropy in nats, or the mean square of the scaled target's error")]
    accuracy: Annotated[float | None, Meaning("share of the rows whose class has the largest output")] = None
    precision: Annotated[
        float | None, Meaning("macro precision: mean over the classes that occur; 0 for a class never predicted")
    ] = None
    recall: Annotated[float | None, Meaning("macro recall: mean over the classes that occur")] = None
    r2: Annotated[float | None, Meaning("1 - mean square error over the variance of the target")] = None

    @property
    def quality(self) -> float:
        """The score that functions are compared by, accuracy or R²; -inf if there is none."""
        found = self.r2 if self.accuracy is None else self.accuracy
        return -math.inf if found is None or math.isnan(found) else found


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """The state after an epoch; epoch 0 is the start."""

    epoch: int
    train_loss: float | None
    scores: Scores
    seconds: float
    layers: tuple[LayerState, ...]

    @property
    def gradient_ratio(self) -> float | None:
        """The rms of dL/dz in the first hidden layer over that in the last."""
        if len(self.layers) < 2 or not self.layers[-1].gradient_rms or self.layers[0].gradient_rms is None:
            return None
        return self.layers[0].gradient_rms / self.layers[-1].gradient_rms


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One function trained from one seed. `learned` has the parameters of f in each layer, with one value or one per
    neuron; `diverged` is the epoch in which the run diverged; `ended` says why it ended early."""

    function: Function
    seed: int
    epochs: tuple[Epoch, ...]
    learned: tuple[dict[str, tuple[float, ...]], ...] = ()
    diverged: int | None = None
    ended: str = ""
    weights: dict[str, Array] = field(default_factory=dict, repr=False)

    @property
    def scores(self) -> Scores:
        return self.epochs[-1].scores


@dataclass(frozen=True, slots=True)
class Trained:
    """All runs of a training, by function in the order given, then by seed. `searched`: whether the search added
    functions; `unfinished` counts the runs that an interrupt ended."""

    data: Data
    design: Design
    recipe: Recipe
    functions: tuple[Function, ...]
    seeds: tuple[int, ...]
    runs: tuple[Run, ...]
    probe_rows: int
    searched: bool = False
    unfinished: int = 0

    def of(self, function: Function) -> list[Run]:
        """The runs of a function, by seed."""
        return [run for run in self.runs if run.function == function]
