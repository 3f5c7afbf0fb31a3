"""An ONNX model is run, and the tensors that are pre-activations of its layers are kept."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from actcli.activation import Array
from actcli.errors import DataError, UsageError
from actcli.models.graph import Graph
from actcli.models.inputs import DTYPES, Feed, Wanted
from actcli.models.layers import ModelLayer
from actcli.models.onnx_faults import explained, external_data
from actcli.text import counted

Neurons: TypeAlias = Literal["channel", "unit"]

BLOCK = 1 << 18  # values that are measured at a time
MEMORY = 2 << 30
_MOST = 256  # inputs in a batch
_UNITS = 1 << 20
_COPIES = 3  # an output, its copy in double precision, and what is measured of a block


@dataclass(frozen=True, slots=True)
class Running:
    """How a model is run: what a neuron is, how many inputs at a time (0: as memory allows), and in what memory."""

    neurons: Neurons = "channel"
    batch: int = 0
    memory: int = MEMORY


class Session:
    """A model with further outputs, ready to be run."""

    def __init__(self, path: str, graph: Graph, tensors: Sequence[str]) -> None:
        import onnxruntime

        self.path, self._graph = path, graph
        folder = os.path.dirname(os.path.abspath(path))
        external_data(graph.model, path, folder)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", folder)
        try:
            content = _with_outputs(graph.model, tensors).SerializeToString()
            self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise explained(graph.model, path, error) from None
        self.wanted = tuple(_wanted(one, path) for one in self._session.get_inputs())

    def run(self, tensors: Sequence[str], arrays: Mapping[str, Any]) -> list[Any]:
        """The values of these tensors on the inputs."""
        if not tensors:
            return []
        try:
            found: list[Any] = self._session.run(list(tensors), dict(arrays))
        except Exception as error:
            raise explained(self._graph.model, self.path, error, running=True) from None
        return found


def _with_outputs(model: Any, tensors: Sequence[str]) -> Any:
    import onnx

    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    known = {one.name for one in copy.graph.output}
    for tensor in tensors:
        if tensor not in known:
            copy.graph.output.add().name = tensor
            known.add(tensor)
    return copy


def _wanted(one: Any, path: str) -> Wanted:
    if one.type not in DTYPES:
        raise DataError(f"{path}: its input {one.name} is of {one.type}", "models that take numbers are run")
    return Wanted(one.name, tuple(d if isinstance(d, int) else None for d in one.shape), DTYPES[one.type])


class Run:
    """A model on its inputs: the sizes of its layers, and their blocks."""

    def __init__(self, session: Session, layers: Sequence[ModelLayer], feed: Feed, running: Running) -> None:
        self.layers, self.feed, self._session, self._running = layers, feed, session, running
        if feed.size and running.batch not in (0, feed.size):
            hint = "leave out --batch" if feed.size == 1 else f"leave out --batch, or give {feed.size}"
            raise UsageError(f"--batch {running.batch}: the model takes {counted(feed.size, 'inputs')} at a time", hint)
        size, arrays = next(iter(feed.batches(feed.size or 1)))
        first = session.run([layer.tensor for layer in layers], arrays)
        self.neurons = [
            self._rows(layer, array, size, arrays)[0].shape[1] for layer, array in zip(layers, first, strict=True)
        ]
        self._bytes = [_COPIES * array.nbytes * (8 // array.itemsize) // max(1, feed.size) for array in first]

    def __call__(self, numbers: Sequence[int]) -> Iterator[tuple[int, Array, int]]:
        """Of the layers of these places: their place, a block of rows and how many of these are of one input."""
        for group, size in self._groups(numbers):
            tensors = [self.layers[place].tensor for place in group]
            for count, arrays in self.feed.batches(size):
                for place, array in zip(group, self._session.run(tensors, arrays), strict=True):
                    rows, positions = self._rows(self.layers[place], array, count, arrays)
                    step = max(1, BLOCK // max(1, rows.shape[1] * positions)) * positions
                    for start in range(0, len(rows), step):
                        yield place, np.asarray(rows[start : start + step], np.float64), positions

    def _groups(self, places: Sequence[int]) -> Iterator[tuple[list[int], int]]:
        """Layers that fit in memory together, and how many inputs of them at a time."""
        group: list[int] = []
        room = self._running.memory // 2
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
        size: int = min(_MOST, self.feed.count, room // max(1, sum(self._bytes[place] for place in group)))
        return max(1, size)

    def _rows(self, layer: ModelLayer, array: Any, count: int, arrays: Mapping[str, Any]) -> tuple[Any, int]:
        """The array as rows of neurons, those of one input side by side, and how many of them an input has."""
        if array.dtype.kind not in "fiu":
            raise DataError(
                f"{self._session.path}: {layer.name} is of {array.dtype}", f"leave it out: --layer '!{layer.name}'"
            )
        given = max((len(array) for name, array in arrays.items() if name in self.feed.batched), default=1)
        array = _by_input(array, given)
        axis = layer.axis % array.ndim if array.ndim > 1 else 0
        if array.ndim == 1:
            array, axis = array[:, None], 1
        if self._running.neurons == "unit":
            array, axis = array.reshape(len(array), -1), 1
            if array.shape[1] > _UNITS:
                raise UsageError(
                    f"--neurons unit: {layer.name} has {array.shape[1]} units, at most {_UNITS} are looked at",
                    f"leave it out with --layer '!{layer.name}', or take channels",
                )
        if len(array) % given:
            return np.moveaxis(array, axis, -1).reshape(-1, array.shape[axis]), array.size // array.shape[axis]
        array = array[: len(array) // given * count]
        rows = np.moveaxis(array, axis, -1).reshape(-1, array.shape[axis])
        return rows, max(1, len(rows) // max(1, count))


def _by_input(array: Any, given: int) -> Any:
    """With the inputs along the first axis: some layers have them on another."""
    if array.ndim == 0:
        return array.reshape(1, 1)
    if array.shape[0] % given and given in array.shape[1:-1]:
        return np.moveaxis(array, array.shape.index(given), 0)
    return array
