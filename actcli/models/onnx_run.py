"""Run an ONNX model and keep the tensors that are pre-activations of its layers."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TypeAlias

import numpy as np

from actcli.activation import Array
from actcli.errors import DataError, UsageError
from actcli.models.graph import Graph
from actcli.models.inputs import Feed
from actcli.models.layers import ModelLayer
from actcli.models.onnx_faults import explained, external_data
from actcli.models.seen import BLOCK
from actcli.models.wanted import DTYPES, Wanted
from actcli.numerics.threads import MOST, default_threads
from actcli.text import counted

Neurons: TypeAlias = Literal["channel", "unit"]

MEMORY = 2 << 30
_MOST = 256  # inputs in a batch
_BATCH = 1 << 26  # bytes of a batch: the memory of larger ones is not reused, but taken from the system each time
_UNITS = 1 << 20
_COPIES = 3  # an output, its copy in double precision, and the temporaries of measuring


@dataclass(frozen=True, slots=True)
class Running:
    """How to run a model: what counts as a neuron, inputs per batch (0: as memory allows), and bytes of memory."""

    neurons: Neurons = "channel"
    batch: int = 0
    memory: int = MEMORY


class Session:
    """A model with these tensors as extra outputs, ready to run."""

    def __init__(self, path: str, graph: Graph, tensors: Sequence[str]) -> None:
        import onnxruntime

        self.path, self._graph = path, graph
        folder = os.path.dirname(os.path.abspath(path))
        external_data(graph.model, path, folder)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        # Batches are run and measured side by side: the session's own threads would take the cores from the others, and
        # spin on them while idle. That cost a quarter of the time.
        options.intra_op_num_threads = (os.cpu_count() or 1) - default_threads() + 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", folder)
        try:
            content = self._with_outputs(tensors).SerializeToString()
            self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise explained(graph.model, path, error) from None
        self.wanted = tuple(_wanted(one, path, graph) for one in self._session.get_inputs())

    def _with_outputs(self, tensors: Sequence[str]) -> Any:
        import onnx

        copy = onnx.ModelProto()
        copy.CopyFrom(self._graph.model)
        self._outputs = {one: one for one in self._graph.outputs}
        for tensor in tensors:
            if tensor not in self._outputs:
                self._outputs[tensor] = self._graph.bring_out(copy, tensor)
        return copy

    def run(self, tensors: Sequence[str], arrays: Mapping[str, Any]) -> list[Any]:
        """The values of these tensors on the inputs."""
        if not tensors:
            return []
        try:
            found: list[Any] = self._session.run([self._outputs[one] for one in tensors], dict(arrays))
        except Exception as error:
            raise explained(self._graph.model, self.path, error, running=True) from None
        return found


def _wanted(one: Any, path: str, graph: Graph) -> Wanted:
    if one.type not in DTYPES:
        kind = one.type.removeprefix("tensor(").removesuffix(")" * one.type.startswith("tensor("))
        hint = "export it in float32" if "float" in kind else "only numeric inputs are supported"
        raise DataError(f"{path}: its input {one.name} is of type {kind}", hint)
    dims = tuple(d if isinstance(d, int) else None for d in one.shape)
    return Wanted(one.name, dims if graph.shape(one.name) is not None else None, DTYPES[one.type])


class Run:
    """A model on its inputs: the number of neurons of each layer (0 if the first input takes another branch) and the
    blocks of the layers."""

    def __init__(self, session: Session, layers: Sequence[ModelLayer], feed: Feed, running: Running) -> None:
        self.layers, self.feed, self._session, self._running = layers, feed, session, running
        if feed.size and running.batch not in (0, feed.size):
            hint = "leave out --batch" if feed.size == 1 else f"leave out --batch, or give {feed.size}"
            raise UsageError(f"--batch {running.batch}: the model takes {counted(feed.size, 'inputs')} at a time", hint)
        tensors = [layer.tensor for layer in layers]
        size, arrays = next(iter(feed.batches(feed.size or 1)))
        first = session.run(tensors, arrays)
        shapes = [array.shape for array in first]
        shapes_of_two = self._shapes_of_two(tensors)
        if shapes_of_two:
            self._axes = [_growing(one, two) for one, two in zip(shapes, shapes_of_two, strict=True)]
        else:
            turned = {name: array[::-1] if name in feed.batched else array for name, array in arrays.items()}
            last = session.run(tensors, turned) if self._given(arrays) > 1 else first
            self._axes = [_turning(one, two, self._given(arrays)) for one, two in zip(first, last, strict=True)]
        self._most = _MOST if shapes_of_two or feed.size else 1
        self.neurons = [
            self._inputs(place, array, size, arrays)[0].shape[-1] if array.size else 0
            for place, array in enumerate(first)
        ]
        self._bytes = [_COPIES * array.nbytes * (8 // array.itemsize) // max(1, feed.size) for array in first]

    def _shapes_of_two(self, tensors: Sequence[str]) -> list[tuple[int, ...]]:
        """The shapes of the tensors on two inputs; empty if two inputs cannot or must not be run together."""
        if self.feed.size or self.feed.count < 2 or self._running.batch == 1:
            return []
        try:
            return [array.shape for array in self._session.run(tensors, next(iter(self.feed.batches(2)))[1])]
        except DataError:
            return []

    def __call__(self, numbers: Sequence[int]) -> Iterator[Callable[[], Iterator[tuple[int, Array, int]]]]:
        """For the layers at these places, yield a call per batch, which runs it on any thread and gives its blocks."""
        for group, size in self._groups(numbers):
            for count, arrays in self.feed.batches(size):
                yield partial(self._blocks, group, count, arrays)

    def _blocks(self, group: Sequence[int], count: int, arrays: Mapping[str, Any]) -> Iterator[tuple[int, Array, int]]:
        """The place, rows and number of rows per input of each block of a batch."""
        tensors = [self.layers[place].tensor for place in group]
        for place, array in zip(group, self._session.run(tensors, arrays), strict=True):
            if array.size:  # empty if its branch was not taken
                inputs, entries = self._inputs(place, array, count, arrays)
                positions = entries * math.prod(inputs.shape[1:-1])
                step = entries * max(1, BLOCK // (positions * inputs.shape[-1]))
                for start in range(0, len(inputs), step):
                    yield place, _rows(inputs[start : start + step]), positions

    def _groups(self, places: Sequence[int]) -> Iterator[tuple[list[int], int]]:
        """Groups of layers that fit in memory together, each with its number of inputs per batch."""
        group: list[int] = []
        room = self._running.memory // MOST  # with fewer threads too, so that every machine has the same batches
        for place in places:
            if group and sum(self._bytes[one] for one in [*group, place]) * max(1, self.feed.size) > room:
                yield group, self._size(group, room)
                group = []
            group.append(place)
        if group:
            yield group, self._size(group, room)

    def _size(self, group: Sequence[int], room: int) -> int:
        if self.feed.size:
            return self.feed.size
        if self._running.batch:
            return self._running.batch
        even = -(-self.feed.count // MOST)
        size: int = min(room, _BATCH) // max(1, sum(self._bytes[place] for place in group))
        return max(1, min(self._most, even, size))

    def _given(self, arrays: Mapping[str, Any]) -> int:
        """The number of inputs in these arrays, including those that pad a batch."""
        return max((len(array) for name, array in arrays.items() if name in self.feed.batched), default=1)

    def _inputs(self, place: int, array: Any, count: int, arrays: Mapping[str, Any]) -> tuple[Any, int]:
        """The array with inputs along the first axis and neurons along the last, and the number of entries of the first
        axis per input."""
        layer, batch, given = self.layers[place], self._axes[place], self._given(arrays)
        if array.dtype.kind not in "fiu":
            raise DataError(
                f"{self._session.path}: {layer.name} is of type {array.dtype}", f"leave it out: --layer '!{layer.name}'"
            )
        array = _turned(array, layer.axis, batch)
        if self._running.neurons == "unit":
            array = np.moveaxis(array, -1, 1)
            array = array.reshape(len(array), -1)
            if array.shape[1] > _UNITS:
                raise UsageError(
                    f"--neurons unit: {layer.name} has {array.shape[1]} units, more than {_UNITS}",
                    f"leave it out with --layer '!{layer.name}', or use --neurons channel",
                )
        if batch is None or len(array) % given:
            return array, len(array)
        return array[: len(array) // given * count], len(array) // given


def _rows(inputs: Any) -> Array:
    """Inputs as rows of neurons, laid out so that the values of each neuron are contiguous."""
    values = np.ascontiguousarray(np.moveaxis(inputs, -1, 0), np.float64)
    return values.reshape(len(values), -1).T


def _growing(one: Sequence[int], two: Sequence[int]) -> int | None:
    """The axis of the inputs, from the shapes of a tensor on one input and on two; None if there is none."""
    if len(one) != len(two):
        return None
    return next((axis for axis, size in enumerate(one) if size != two[axis]), None)


def _turning(values: Any, turned: Any, given: int) -> int | None:
    """The axis of the inputs, among those as long as the batch, from the values of a tensor on the inputs and on the
    inputs in reverse order."""
    axes = [axis for axis, size in enumerate(values.shape) if size == given]
    if len(axes) < 2 or turned.shape != values.shape:
        return axes[0] if axes else 0 if values.ndim else None
    return min(axes, key=lambda axis: float(np.abs(np.flip(values, axis).astype(np.float64) - turned).max()))


def _turned(array: Any, neurons: int, batch: int | None) -> Any:
    """The array with the inputs along the first axis and the neurons along the last."""
    if array.ndim < 2:
        return array.reshape(-1, 1)
    batch, neurons = batch or 0, neurons % array.ndim
    if neurons == batch:
        neurons = array.ndim - 1 if batch != array.ndim - 1 else 0
    return np.moveaxis(array, (batch, neurons), (0, -1))
