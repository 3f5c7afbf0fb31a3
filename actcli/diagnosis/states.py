"""Read the states of a network over time from files: tables, arrays, and records that actcli wrote."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from glob import has_magic
from typing import Any

from actcli.activation import Function
from actcli.diagnosis.diagnose import Criteria, diagnose
from actcli.diagnosis.records import Layer
from actcli.diagnosis.trends import MEASURES, LayerAt, State, Trend, Value, over
from actcli.errors import DataError, UsageError
from actcli.measuring.choice import Choice
from actcli.measuring.files import file_layers
from actcli.numerics.certainty import Z, wilson
from actcli.tables.format import input_suffix
from actcli.tables.options import ReadOptions
from actcli.tables.order import arranged, natural
from actcli.tables.parts import is_part
from actcli.tables.pipeline import Watch, unwatched

Document = dict[str, Any]
RECORDS = (".json", ".jsonl", ".ndjson")
# The word between the name of a layer and the number of a step.
_STEP_WORD = re.compile(r"(^|[\W_])(step|epoch|iter|iteration|batch|checkpoint|ckpt|state|t|e)[\W_]*$", re.IGNORECASE)


def states(
    paths: Sequence[str],
    function: Function | None,
    choice: Choice | None = None,
    criteria: Criteria | None = None,
    options: ReadOptions | None = None,
    watch: Watch = unwatched,
) -> tuple[list[State], list[str]]:
    """The states in the paths, in order of time, and a note about each guess.

    A path is a table of one layer, a folder or an .npz with the layers of a network, JSON lines that `actcli.watch`
    saved, or JSON of `train` or `saturation`. Tables and arrays are measured under the function.
    """
    options = options or ReadOptions(order=None)
    places, _ = arranged(paths, options.order or "natural", "")
    notes = []
    if places != [*range(len(paths))]:
        notes.append("the states are put in natural order; --order given keeps the order as it is")
    paths = [paths[place] for place in places]
    steps, layer, doubt = _steps(paths)
    lone = False
    found: list[State] = []
    for path, step in zip(paths, steps, strict=True):
        if (documents := recorded(path)) is not None:
            found += _of_documents(path, documents, step)
            notes += [line for line in _ignored(path, function, found) if line not in notes]
            continue
        if function is None and not os.path.exists(path):
            way_out = "without quotes the shell gives each file" if has_magic(path) else ""
            raise DataError(f"{path}: no such file", way_out)
        if function is None:
            raise UsageError(f"{path} contains pre-activations", "name their FUNCTION before the files")
        layers = file_layers(_inputs(path), function, choice or Choice(), options, watch)
        diagnosis = diagnose(layers, criteria or Criteria(), function, is_chain=False)
        notes += [note for read in diagnosis.inputs for note in read.notes if not _repeats(note, notes)]
        known = [_of_layer(one) for one in diagnosis.layers]
        lone = lone or len(known) == 1
        found.append(State(_name(path), step, tuple(known if len(known) > 1 else [replace(known[0], name=layer)])))
    notes += [doubt] if doubt and lone else []
    if len(found) == 1 and has_magic(paths[0]):
        notes.append(f"{paths[0]}: all matching files form one state; without quotes each file is a state of its own")
    return found, notes


def _ignored(path: str, function: Function | None, found: Sequence[State]) -> Iterator[str]:
    """A note if a function is given for layers that have their own."""
    own = dict.fromkeys(layer.function for state in found for layer in state.layers)
    if function is not None and list(own) != [function.label]:
        yield f"{path}: the layers have their own functions ({', '.join(own)}); {function.label} is not applied"


def _repeats(note: str, notes: Sequence[str]) -> bool:
    """Whether the same note was made about another file."""
    return any(note.partition(": ")[2] == other.partition(": ")[2] for other in notes)


def trend(
    inputs: str | Sequence[str],
    function: Function | str | None = None,
    *,
    choice: Choice | None = None,
    criteria: Criteria | None = None,
    reading: ReadOptions | None = None,
    watch: Watch = unwatched,
    note: Callable[[str], None] = lambda text: None,
) -> Trend:
    """Report what changes over the states in some files: see `states`. `note` gets a line about each guess.

    Raises DataError for a file that cannot be read, and UsageError if a function is missing or unknown.
    """
    if isinstance(function, str):
        from actcli.registry import specs

        function = specs.get(function)
    paths = [inputs] if isinstance(inputs, str) else inputs
    found, notes = states(paths, function, choice, criteria, reading, watch)
    for line in notes:
        note(line)
    return over(found)


def recorded(path: str) -> list[Document] | None:
    """The documents of a file that actcli wrote; None for any other file. An incomplete last line is left out."""
    if not path.lower().endswith(RECORDS) or not os.path.isfile(path):
        return None
    with open(path, "rb") as file:
        text = file.read()
    if b'"schema": "actcli.' not in text[:4096]:
        return None
    lines = text.splitlines(keepends=True) if not path.lower().endswith(".json") else [text]
    whole = [line for line in lines if line.endswith((b"\n", b"}")) and line.strip()]
    return [_parsed(path, number, line) for number, line in enumerate(whole, 1)]


def _parsed(path: str, number: int, line: bytes) -> Document:
    try:
        document = json.loads(line)
        if not isinstance(document, dict) or document.get("schema") not in _READERS:
            raise ValueError(f"its schema is not one of {', '.join(_READERS)}")
        return document
    except ValueError as error:
        raise DataError(f"{path}: line {number}: not a record of layers: {error}") from None


def _of_documents(path: str, documents: Sequence[Document], step: float) -> Iterator[State]:
    for number, document in enumerate(documents, 1):
        try:
            yield from _READERS[document["schema"]](path, document, step)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            what = f"{path}: line {number}: incomplete {document['schema']}: {type(error).__name__} {error}"
            raise DataError(what, "write the file again with this version") from None


def _run(path: str, document: Document, step: float) -> Iterator[State]:
    step = float(document["step"])
    yield State(f"step {step:g}", step, tuple(_of_record(layer, layer["samples"]) for layer in document["layers"]))


def _saturation(path: str, document: Document, step: float) -> Iterator[State]:
    yield State(_name(path), step, tuple(_of_record(layer, layer["samples"]) for layer in document["layers"]))


def _train(path: str, document: Document, step: float) -> Iterator[State]:
    """The epochs of all runs. If there are several runs, the name of a layer begins with its run."""
    runs, rows = document["runs"], document["probe_rows"]
    labels = {run["function"] for run in runs}
    seeds = {run["seed"] for run in runs}
    epochs: dict[int, list[LayerAt]] = {}
    for run in runs:
        head = f"{run['function']} " * (len(labels) > 1) + f"seed {run['seed']} " * (len(seeds) > 1)
        for epoch in run["epochs"]:
            found = [_of_record({**layer, "function": run["function"]}, rows) for layer in epoch["layers"]]
            epochs.setdefault(epoch["epoch"], []).extend(replace(one, name=head + one.name) for one in found)
    for number, layers in sorted(epochs.items()):
        yield State(f"epoch {number}", float(number), tuple(layers))


_READERS: dict[str, Callable[[str, Document, float], Iterator[State]]] = {
    "actcli.run/1": _run,
    "actcli.train/1": _train,
    "actcli.saturation/2": _saturation,
}


def _of_layer(layer: Layer) -> LayerAt:
    record = {one.field: getattr(layer, one.field) for one in MEASURES}
    more = {"rms_gradient": layer.rms_gradient, "function": layer.function.label}
    head = {"name": layer.name, "neurons": layer.neurons}
    return _of_record({**record, **more, **head}, layer.samples, layer.independent)


def _of_record(record: Mapping[str, Any], samples: int, independent: float | None = None) -> LayerAt:
    """A layer from its JSON record. `independent`: how many inputs a share of values rests on."""
    neurons = int(record["neurons"])
    values = {}
    for one in MEASURES:
        if (value := record.get(one.field)) is None:
            continue
        if math.isnan(number := float(value)):  # NaN and infinities are strings in our JSON
            continue
        if one.field == "dead_neuron_ratio":
            values[one.field] = Value(number, *wilson(number, neurons))
        elif not one.scales and f"{one.field}_from" in record:
            values[one.field] = Value(number, *(float(record[f"{one.field}_{end}"]) for end in ("from", "to")))
        elif not one.scales:
            values[one.field] = Value(number, *wilson(number, samples if independent is None else independent))
        elif one.field == "mean_abs_gradient" and record.get("rms_gradient") is not None:
            values[one.field] = _mean(number, float(record["rms_gradient"]), samples)
        else:
            values[one.field] = Value(number)
    return LayerAt(str(record["name"]), str(record["function"]), int(samples), neurons, values)


def _mean(mean: float, rms: float, samples: int) -> Value:
    """A mean with its interval; per-input means spread no wider than all the values do."""
    spread = math.sqrt(max(rms * rms - mean * mean, 0.0) / samples) if samples else math.inf
    return Value(mean, max(mean - Z * spread, 0.0), mean + Z * spread) if math.isfinite(spread) else Value(mean)


def _inputs(path: str) -> list[str]:
    """The layers of a state: the tables in a folder, unless they are the parts of a single layer."""
    if not os.path.isdir(path):
        return [path]
    names = sorted((name for name in os.listdir(path) if not name.startswith((".", "_"))), key=natural)
    inside = [os.path.join(path, name) for name in names]
    layers = [one for one in inside if os.path.isdir(one) or input_suffix(one)[1] is not None]
    return [path] if not layers or all(is_part(one) for one in layers) else layers


def _name(path: str) -> str:
    """The name of a state."""
    return input_suffix(path.rstrip("/"))[0]


def _steps(paths: Sequence[str]) -> tuple[list[float], str, str]:
    """The step of each state: the one number in which the paths differ, else their position. Also the name for a lone
    layer, taken from the text before that number, and a note if that is a guess. Raises UsageError if the paths differ
    in several numbers."""
    split = [re.split("([0-9]+)", os.path.splitext(path.rstrip("/"))[0]) for path in paths]
    alike = len({tuple(words[0::2]) for words in split}) == 1
    places = range(1, len(split[0]), 2) if alike else ()
    varying = [place for place in places if len({int(words[place]) for words in split}) > 1]
    if len(varying) > 1:
        what = f"{paths[0]} and {paths[-1]} differ in {len(varying)} numbers: which is the step?"
        raise UsageError(what, "put the layers of each step in a folder or an .npz of its own")
    if not varying:
        return [float(place) for place in range(len(paths))], "layer", ""
    before = "".join(split[0][: varying[0]])
    steps = [float(words[varying[0]]) for words in split]
    layer = os.path.basename(_STEP_WORD.sub("", before).rstrip(" -_.=/"))
    text = f"{os.path.basename(before)}{split[0][varying[0]]} to {split[-1][varying[0]]} are read as steps of one layer"
    doubt = "" if _STEP_WORD.search(before) else f"{text}; put the layers of one step in a folder or an .npz"
    return steps, layer or "layer", doubt
