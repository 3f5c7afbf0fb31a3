"""A model in an ONNX file: its layers, and a run of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from actcli.models.graph import Graph
from actcli.models.inputs import Given, feed
from actcli.models.layers import Listing, ModelLayer, listing
from actcli.models.onnx_file import load
from actcli.models.onnx_run import Run, Running, Session
from actcli.tables.options import ReadOptions


@dataclass(frozen=True, slots=True)
class Model:
    """A model and what is known about it without running it."""

    path: str
    graph: Graph
    listing: Listing

    @classmethod
    def read(cls, path: str) -> Model:
        """Read a model. Raises DataError if the file is not an ONNX model."""
        graph = Graph(load(path), os.path.dirname(os.path.abspath(path)))
        return cls(path, graph, listing(graph))

    def check(self) -> None:
        """Raises DataError if the model cannot be run on any inputs."""
        Session(self.path, self.graph, ())

    def run(
        self,
        layers: Sequence[ModelLayer],
        inputs: Sequence[str | Given],
        named: Sequence[tuple[str, str]],
        running: Running,
        options: ReadOptions,
    ) -> Run:
        """Run these layers on the inputs; the first input is run at once."""
        session = Session(self.path, self.graph, [layer.tensor for layer in layers])
        return Run(session, layers, feed(session.wanted, inputs, named, options), running)
