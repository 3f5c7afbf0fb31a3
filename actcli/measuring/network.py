"""Layers from a model that is run, all in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from actcli.errors import DataError
from actcli.measuring.choice import Choice
from actcli.measuring.layer import Input, Place, PreActivations, Shared
from actcli.models.inputs import Given
from actcli.models.onnx_model import Model
from actcli.models.onnx_run import Running
from actcli.tables.options import ReadOptions
from actcli.text import numbered, some


@dataclass(frozen=True, slots=True)
class Network:
    """The layers of a model on its inputs. `is_chain`: a gradient is scaled by the product of f'. `notes` name what
    cannot be seen."""

    layers: tuple[PreActivations, ...]
    is_chain: bool
    notes: tuple[str, ...]


def network(
    path: str,
    inputs: Sequence[str | Given],
    named: Sequence[tuple[str, str]],
    choice: Choice,
    running: Running,
    options: ReadOptions,
) -> Network:
    """The chosen layers of the model in a file, on these inputs.

    Raises DataError for a model or inputs that cannot be used, and if no layer can be seen.
    """
    model = Model.read(path)
    listed = model.listing
    unseen = [str(one) for one in listed.unseen]
    if not listed.layers:
        if not unseen:
            model.check()
        raise DataError(f"{path}: no activation is found", "; ".join(unseen) or "none of its operators is one")
    known = {layer.name: layer.function for layer in listed.layers}
    functions = choice.of(list(known), known)
    chosen = [layer for layer in listed.layers if layer.name in functions]
    run = model.run(chosen, inputs, named, running, options)
    layers = tuple(
        PreActivations(
            layer.name,
            functions[layer.name].spread(count, layer.name),
            numbered(count),
            Shared(run, number),
            partial(Input, layer.name, path, None),
            Place(layer.role, "inputs", finished=True, named=choice.names(layer.name)),
        )
        for number, (layer, count) in enumerate(zip(chosen, run.neurons, strict=True))
        if count
    )
    idle = [layer.name for layer, count in zip(chosen, run.neurons, strict=True) if not count]
    notes = [f"{some(idle, 4)}: not run on the first input, which takes another branch"] if idle else []
    if not layers:
        raise DataError(f"{path}: none of these layers is run on these inputs", notes[0])
    return Network(layers, listed.is_chain and len(layers) == len(listed.layers), (*unseen, *notes))
