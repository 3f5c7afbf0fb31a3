"""One run: epochs of steps, with held-out scores and measures of the layers after each."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping

import numpy as np

from actcli.activation import Array, Function
from actcli.measuring.measures import over, values_of_layer
from actcli.measuring.probe import Probe, Thresholds
from actcli.training.losses import LOSSES
from actcli.training.network import Buffers, Layer, Network
from actcli.training.optimizers import OPTIMIZERS, SCHEDULES
from actcli.training.records import Data, Epoch, LayerState, Rows, Run
from actcli.training.scores import scores
from actcli.training.settings import Design, Recipe
from actcli.training.weights import draw, set_weights

PROBE = 512  # the most training rows on which layers are measured
CHUNK = 1024  # rows per forward pass after training
GROWN = 1e3  # a run has diverged when the loss exceeds this multiple of the loss at the start


class Trainer:
    """A run that can be continued."""

    def __init__(
        self,
        data: Data,
        function: Function,
        seed: int,
        design: Design,
        recipe: Recipe,
        weights: tuple[str, Mapping[str, Array]] | None = None,
        thresholds: Thresholds | None = None,
    ) -> None:
        """`weights`: arrays to start from, with their source."""
        self.data, self.function, self.seed, self.recipe = data, function, seed, recipe
        self._thresholds = thresholds or Thresholds()
        self._draws, self._order, self._dropout = (np.random.default_rng([seed, part]) for part in range(3))
        outputs = data.train.targets.shape[1]
        self.network = Network(len(data.features), outputs, function, design)
        draw(self.network, self._draws)
        if weights is not None:
            set_weights(self.network, weights[1], weights[0])
        self._loss = LOSSES[data.task]
        self._optimizer = OPTIMIZERS[recipe.optimizer](self.network.values, self.network.gradient, recipe)
        self._batches = _batches(len(data.train), recipe.batch, whole=design.normalize == "batch")
        self._spaces: dict[int, tuple[list[Buffers], Array]] = {}
        self._probes: dict[Function, Probe] = {}
        count = min(PROBE, len(data.train))
        rows = np.arange(count) * len(data.train) // count  # evenly spread
        self.probed = data.train.features[rows]  # layers are measured on these
        self._probe_space = self.network.space(count, self.probed)
        self._probe_targets = data.train.targets[rows]
        self._epochs: list[Epoch] = []
        self._diverged: int | None = None
        self._ended = ""

    @property
    def done(self) -> bool:
        return bool(self._ended) or len(self._epochs) > self.recipe.epochs

    def until(self, epoch: int, each: Callable[[Epoch], bool] = lambda epoch: True) -> bool:
        """Train up to an epoch, unless the run ends before. `each` gets every epoch and returns whether to go on."""
        with np.errstate(all="ignore"):
            while len(self._epochs) <= epoch and not self.done:
                number = len(self._epochs)
                start = time.perf_counter()
                lost = self._train(number - 1) if number else None
                seconds = time.perf_counter() - start if number else 0.0
                self._epochs.append(self._seen(number, lost, seconds))
                self._judge()
                if not each(self._epochs[-1]):
                    return False
        return True

    def result(self) -> Run:
        """The run so far."""
        layers = [layer.f for layer in self.network.hidden if layer.f is not None]
        learned = tuple(
            {parameter.name: tuple(values.tolist()) for parameter, values in zip(f.learned, f.values, strict=True)}
            for f in layers
        )
        return Run(
            function=self.function,
            seed=self.seed,
            epochs=tuple(self._epochs),
            learned=learned,
            diverged=self._diverged,
            ended=self._ended,
            weights={name: np.array(values, np.float64) for name, values in self.network.arrays().items()},
        )

    def pre_activations(self, rows: Array | None = None) -> dict[str, Array]:
        """The pre-activations of each hidden layer on these rows, which end in a one; by default the training rows."""
        rows = self.data.train.features if rows is None else rows
        space = self.network.space(len(rows), rows)
        with np.errstate(all="ignore"):
            self.network.forward(space, "use")
        return {f"layer{k}": np.array(buffers.z) for k, buffers in enumerate(space[:-1], start=1)}

    def _train(self, epoch: int) -> float:
        """Train for an epoch and return the mean loss during it."""
        data, network, optimizer = self.data.train, self.network, self._optimizer
        rate = self.recipe.rate * SCHEDULES[self.recipe.schedule](epoch, self.recipe.epochs)
        order = self._order.permutation(len(data)) if self.recipe.shuffle else None
        total = 0.0
        for start, stop in self._batches:
            space, targets = self._space(stop - start)
            if order is None:
                space[0].inputs[...] = data.features[start:stop]
                targets[...] = data.targets[start:stop]
            else:  # "clip" avoids a check of every index
                np.take(data.features, order[start:stop], axis=0, out=space[0].inputs, mode="clip")
                np.take(data.targets, order[start:stop], axis=0, out=targets, mode="clip")
            total += (stop - start) * network.step(space, targets, self._loss, self._dropout)
            optimizer(rate)
            network.keep_inside()
        return total / len(data)

    def _space(self, rows: int) -> tuple[list[Buffers], Array]:
        if rows not in self._spaces:
            targets = np.empty((rows, self.data.train.targets.shape[1]), self.network.dtype)
            self._spaces[rows] = self.network.space(rows), targets
        return self._spaces[rows]

    def _seen(self, epoch: int, lost: float | None, seconds: float) -> Epoch:
        outputs = outputs_of(self.network, self.data.test)
        found = scores(outputs, self.data.test.targets, self.data.task)
        return Epoch(epoch=epoch, train_loss=lost, scores=found, seconds=seconds, layers=self._layers())

    def _layers(self) -> tuple[LayerState, ...]:
        network, space = self.network, self._probe_space
        self._loss(network.forward(space, "probe"), self._probe_targets)
        network.backward(space, "probe")
        places = enumerate(zip(network.hidden, space, strict=False), start=1)
        return tuple(self._state(f"layer{k}", layer, buffers) for k, (layer, buffers) in places)

    def _state(self, name: str, layer: Layer, buffers: Buffers) -> LayerState:
        assert layer.f is not None
        assert buffers.delta is not None
        probe = self._probe(layer.f.at())
        known = None if buffers.y is None or buffers.slope is None else (buffers.slope, buffers.y)
        partial = probe.measure(buffers.z.astype(np.float64, copy=False), known=known)
        dead = int(partial.dead(self._thresholds.alpha).sum())
        square = float(np.mean(np.square(buffers.delta, dtype=np.float64)))
        return LayerState(
            name=name,
            neurons=len(partial.values),
            dead_neurons=dead,
            dead_neuron_ratio=over(dead, partial.known),
            gradient_rms=math.sqrt(square) * len(buffers.z) if math.isfinite(square) else None,
            **values_of_layer(LayerState, partial, probe.occasions),
        )

    def _probe(self, function: Function) -> Probe:
        if function not in self._probes:
            self._probes = {function: Probe.of(function, self._thresholds)}
        return self._probes[function]

    def _judge(self) -> None:
        """End the run if it has diverged or run out of patience."""
        last, first = self._epochs[-1], self._epochs[0]
        number = last.epoch
        grown = last.train_loss is not None and not last.train_loss <= GROWN * max(1.0, first.scores.loss)
        if grown or not math.isfinite(last.scores.loss) or not np.isfinite(self.network.values).all():
            self._diverged, self._ended = number, f"diverged in epoch {number}"
        patience = self.recipe.patience
        if patience is not None and not self._ended:
            losses = [epoch.scores.loss for epoch in self._epochs]
            best = losses.index(min(losses))
            if number - best >= patience:
                self._ended = f"no lower held-out loss since epoch {best}"


def outputs_of(network: Network, rows: Rows) -> Array:
    """The network's outputs for rows, computed in chunks."""
    found = np.empty((len(rows), rows.targets.shape[1]))
    space: list[Buffers] = []
    for start in range(0, len(rows), CHUNK):
        part = rows.features[start : start + CHUNK]
        space = network.space(len(part), part)
        found[start : start + CHUNK] = network.forward(space, "use")
    return found


def _batches(rows: int, size: int, *, whole: bool) -> list[tuple[int, int]]:
    """The ends of the batches. `whole`: a single last row, which has no variance, joins the batch before it."""
    starts = list(range(0, rows, size))
    if whole and len(starts) > 1 and rows - starts[-1] == 1:
        starts.pop()
    return list(zip(starts, [*starts[1:], rows], strict=True))
