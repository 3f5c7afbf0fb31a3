"""The document, sheets and report of `train`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

from actcli.activation import Function
from actcli.diagnosis.training import Comparison, Experiment, Limit, Summary
from actcli.measuring.measures import meanings
from actcli.numerics.student import Mean
from actcli.reports.common import gates_judged, how_it_was_run, what_helps
from actcli.reports.model import Block, Draw, Drawing, Grid, Judgement, Report, Run, Section
from actcli.reports.records import Document
from actcli.tables.sheet import Sheet
from actcli.text import Cell, Share, counted, some
from actcli.training.records import Epoch, LayerState, Scores
from actcli.training.records import Run as Training

By = str | None  # run, epoch or layer; None: one row per function


def training_document(result: Experiment, *, timing: bool) -> Document:
    """The JSON document `actcli.train/1`."""
    trained, data = result.trained, result.trained.data
    return {
        "schema": "actcli.train/1",
        "task": data.task,
        "data": {
            "source": data.source,
            "target": data.target,
            "features": list(data.features),
            "classes": list(data.classes),
            "train_rows": len(data.train),
            "test_rows": len(data.test),
            "held_out": data.held_out,
            "left_out": data.left_out,
            "missing": dict(data.missing),
            "constant": list(data.constant),
        },
        "network": _network(result),
        "seeds": list(trained.seeds),
        "probe_rows": trained.probe_rows,
        "runs": [_run(result, run, timing=timing) for run in trained.runs],
        "summary": [_timed(_record(summary), timing=timing) for summary in result.summaries],
        "comparisons": [_record(each) for each in result.comparisons],
        "advice": result.advice,
    }


def _network(result: Experiment) -> Document:
    trained = result.trained
    recipe = dataclasses.replace(trained.recipe, lr=trained.recipe.rate)
    return {**_record(trained.design), **_record(recipe)}


def _run(result: Experiment, run: Training, *, timing: bool) -> Document:
    learned = [
        {"layer": f"layer{place}", "parameter": name, "values": list(values)}
        for place, parameters in enumerate(run.learned, start=1)
        for name, values in parameters.items()
    ]
    epochs = [
        {**_epoch(epoch, timing=timing), "layers": [_layer(result, layer) for layer in epoch.layers]}
        for epoch in run.epochs
    ]
    return {
        "function": run.function.label,
        "seed": run.seed,
        "parameters": learned,
        "epochs": epochs,
        "diverged": run.diverged,
        "ended": run.ended,
    }


def _epoch(epoch: Epoch, *, timing: bool) -> Document:
    scores = {f"test_{name}": getattr(epoch.scores, name) for name in meanings(Scores)}
    record = {"epoch": epoch.epoch, "train_loss": epoch.train_loss, **scores, "gradient_ratio": epoch.gradient_ratio}
    return {**record, "seconds": epoch.seconds} if timing else record


def _layer(result: Experiment, layer: LayerState) -> Document:
    rowwise = any(function.rowwise for function in result.trained.functions)
    found = {}
    for name, declared in meanings(LayerState).items():
        if declared.when is None or (declared.when == "rowwise" and rowwise):
            found[name] = getattr(layer, name)
    return found


def _timed(record: Document, *, timing: bool) -> Document:
    return record if timing else {name: value for name, value in record.items() if name.partition("_")[0] != "seconds"}


def _record(one: Any) -> Document:
    """The fields of a record that declare a meaning."""
    kind: type = type(one)
    return {name: _entry(getattr(one, name)) for name in meanings(kind)}


def _entry(value: Any) -> Any:
    if isinstance(value, Function):
        return value.label
    if isinstance(value, Mean):
        return {"mean": value.mean, "from": value.low, "to": value.high}
    if isinstance(value, tuple):
        return [_entry(entry) for entry in value]
    return _record(value) if dataclasses.is_dataclass(value) else value


def training_sheet(result: Experiment, by: By, *, timing: bool) -> Sheet:
    """One row per function, run, epoch or layer."""
    rows = {"run": _run_rows, "epoch": _epoch_rows, "layer": _layer_rows}.get(by or "", _function_rows)
    found = [_timed(row, timing=timing) for row in rows(result)]
    columns = tuple(found[0]) if found else ()
    return Sheet(columns, [[row[name] for name in columns] for row in found])


def _function_rows(result: Experiment) -> Iterator[Document]:
    """One row per function, the best first."""
    for summary in result.summaries:
        row: Document = {}
        for name in meanings(Summary):
            value = getattr(summary, name)
            if name in ("learned", "remedies"):
                continue
            if isinstance(value, Mean) or (value is None and name in _MEANS):
                ends = ("", "_from", "_to")
                numbers = (None,) * 3 if value is None else (value.mean, value.low, value.high)
                row |= {name + end: number for end, number in zip(ends, numbers, strict=True)}
            else:
                row[name] = "; ".join(value) if isinstance(value, tuple) else _entry(value)
        yield row


_MEANS = ("accuracy", "loss", "precision", "recall", "r2", "dead_neuron_ratio", "seconds")


def _run_rows(result: Experiment) -> Iterator[Document]:
    for run in result.trained.runs:
        scores = {name: getattr(run.scores, name) for name in meanings(Scores)}
        seconds = sum(epoch.seconds for epoch in run.epochs)
        yield {
            "function": run.function.label,
            "seed": run.seed,
            "epochs": run.epochs[-1].epoch,
            **scores,
            "seconds": seconds,
            "diverged": run.diverged,
            "ended": run.ended,
        }


def _epoch_rows(result: Experiment) -> Iterator[Document]:
    for run in result.trained.runs:
        for epoch in run.epochs:
            yield {"function": run.function.label, "seed": run.seed, **_epoch(epoch, timing=True)}


def _layer_rows(result: Experiment) -> Iterator[Document]:
    for run in result.trained.runs:
        for epoch in run.epochs:
            for layer in epoch.layers:
                head = {"function": run.function.label, "seed": run.seed, "epoch": epoch.epoch}
                yield {**head, **_layer(result, layer)}


def training_report(result: Experiment, gates: Sequence[Limit], draw: Draw, run: Run, *, timing: bool) -> Report:
    """Advice, verdicts, figure, functions, differences and layers; then how it was run, and definitions."""
    failed = tuple(line for gate in gates for line in gate.failures(result))
    caption = "Held-out scores and losses over the epochs, gradients and dead neurons of each layer"
    sections = [
        Section("", tuple(_verdicts(result, gates, failed))),
        Section("Figure", (Drawing("training", caption, draw),)),
        *what_helps(result.summaries),
        Section("Functions", (Grid("", training_summary(result, timing=timing)),)),
    ]
    if result.comparisons:
        sections.append(Section("Differences on the same seeds", (_differences(result),)))
    sections.append(Section("Hidden layers", tuple(_layers(result))))
    if any(summary.learned for summary in result.summaries):
        sections.append(Section("Learned parameters", (Grid("", _learned(result)),)))
    sections.append(how_it_was_run(run, list(_settings(result))))
    sections.append(
        Section("Definitions", (Grid("", Sheet(("word", "meaning"), list(_definitions(result)))),), reference=True)
    )
    return Report(f"{result.advice}{'; gate failed' if failed else ''}", tuple(sections))


def _verdicts(result: Experiment, gates: Sequence[Limit], failed: tuple[str, ...]) -> Iterator[Block]:
    yield from gates_judged(failed, bool(gates), [gate.condition for gate in gates])
    for summary in result.summaries:
        if summary.verdict != "ok" or len(result.summaries) == 1:
            yield Judgement(summary.name, summary.verdict, summary.reasons)
    fine = [summary.name for summary in result.summaries if summary.verdict == "ok"]
    if fine and len(result.summaries) > 1:
        yield Judgement(some(fine), "ok", ())
    yield from (f"Beware: {doubt}" for doubt in result.doubts)


def training_summary(result: Experiment, *, timing: bool) -> Sheet:
    """One row per function, the best first."""
    classify = result.trained.data.task == "classify"
    names = ("accuracy", "from", "to", "loss", "precision", "recall") if classify else ("R²", "from", "to", "loss")
    rows = []
    for summary in result.summaries:
        quality = summary.quality
        cells: list[Cell] = [None] * 3 if quality is None else [quality.mean, quality.low, quality.high]
        more = [summary.loss, *([summary.precision, summary.recall] if classify else [])]
        cells += [None if mean is None else mean.mean for mean in more]
        time = [None if summary.seconds is None else 1e3 * summary.seconds.mean] if timing else []
        rows.append((summary.name, summary.runs, *cells, *time, summary.verdict))
    return Sheet(("function", "seeds", *names, *(("ms/epoch",) if timing else ()), "verdict"), rows)


def _differences(result: Experiment) -> Grid:
    """The differences of the best function from each of the others."""
    best = result.summaries[0].function
    rows = [_difference(each) for each in result.against(best)]
    columns = ("function", "difference", "from", "to", f"{best.label} is", "seeds to tell")
    return Grid(f"{result.measure} of {best.label} minus that of each function", Sheet(columns, rows))


def _difference(each: Comparison) -> tuple[Cell, ...]:
    d = each.difference
    return each.other.label, d.mean, d.low, d.high, each.verdict, each.seeds_to_tell


def _layers(result: Experiment) -> Iterator[Grid]:
    """The layers before and after training, as means over the seeds."""
    columns = ("function", "layer", "dead", "vanishing", "saturated", "spread", "rms dL/dz")
    for place, title in ((0, "Before training"), (-1, "At the end")):
        rows = []
        for summary in result.summaries:
            states = [run.epochs[place].layers for run in result.trained.of(summary.function)]
            rows += [(summary.name, layers[0].name, *_means(layers)) for layers in zip(*states, strict=True)]
        yield Grid(title, Sheet(columns, rows))


def _means(layers: Sequence[LayerState]) -> list[Cell]:
    saturated = [
        None if layer.saturated_low_ratio is None or layer.saturated_high_ratio is None
        else layer.saturated_low_ratio + layer.saturated_high_ratio
        for layer in layers
    ]  # fmt: skip
    return [
        Share.of(_mean([layer.dead_neuron_ratio for layer in layers])),
        Share.of(_mean([layer.vanishing_ratio for layer in layers])),
        Share.of(_mean(saturated)),
        _mean([layer.spread for layer in layers]),
        _mean([layer.gradient_rms for layer in layers]),
    ]


def _mean(values: Sequence[float | None]) -> float | None:
    mean = Mean.of([value for value in values if value is not None])
    return None if mean is None else mean.mean


def _learned(result: Experiment) -> Sheet:
    rows = [
        (
            summary.name,
            one.layer,
            one.parameter,
            one.start,
            one.end.mean,
            one.end.low,
            one.end.high,
            one.least,
            one.most,
        )
        for summary in result.summaries
        for one in summary.learned
    ]
    return Sheet(("function", "layer", "parameter", "start", "end", "from", "to", "least", "most"), rows)


def _settings(result: Experiment) -> Iterator[tuple[str, Cell]]:
    trained, data = result.trained, result.trained.data
    yield "functions", ", ".join(function.label for function in trained.functions)
    yield "data", f"{data.source}: {len(data.features)} features, target {data.target}"
    if data.classes:
        yield "classes", some(list(data.classes))
    yield "rows", f"{len(data.train)} to train on, {len(data.test)} to score on"
    if data.missing:
        columns = ", ".join(f"{name} ({count})" for name, count in data.missing)
        yield "left out", f"{counted(data.left_out, 'rows')} with a missing value, in {columns}"
    if data.constant:
        yield "constant", some(list(data.constant))
    yield "seeds", ", ".join(map(str, trained.seeds))
    for name, value in _network(result).items():
        yield name, "none" if value is None else ", ".join(map(str, value)) if isinstance(value, list) else value


def _definitions(result: Experiment) -> Iterator[tuple[str, str]]:
    loss = meanings(Scores)["loss"].meaning
    yield (
        "held out",
        "rows not used for training, the same for every function and seed; with patience they also decide when to end",
    )
    for name in ("accuracy", "precision", "recall", "r2"):
        yield name, meanings(Scores)[name].meaning
    yield "loss", loss
    yield (
        "from, to",
        "the 95 % interval of the mean over seeds, by Student's t; it does not cover the choice of the held-out rows",
    )
    yield (
        "difference",
        "the mean over seeds of one function's score minus the other's, with the same starting weights and order of "
        "rows; better or worse if its 95 % interval excludes 0. The spread of accuracies is taken as at least "
        "one row. One in 20 such pairs differs by chance",
    )
    yield "seeds to tell", "about how many seeds with the same mean and spread would tell the two apart"
    yield "probe", f"{result.trained.probe_rows} training rows, on which layers are measured after each epoch"
    declared = meanings(LayerState)
    for name in ("dead_neuron_ratio", "vanishing_ratio", "saturated_low_ratio", "spread"):
        yield name, declared[name].meaning
    yield "rms dL/dz", declared["gradient_rms"].definition
