"""The document, sheets and report of `saturation`."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from actcli.activation import Function
from actcli.analysis.regions import Region
from actcli.diagnosis.diagnose import Diagnosis, Traits
from actcli.diagnosis.gates import Gate
from actcli.diagnosis.records import Layer, Neuron
from actcli.diagnosis.rules import ORDER, Rule
from actcli.reports.common import MANY, gates_judged, how_it_was_run, what_helps
from actcli.reports.definitions import layer_definitions
from actcli.reports.distributions import distributions
from actcli.reports.model import Block, Draw, Drawing, Grid, Judgement, Points, Report, Run, Section
from actcli.reports.records import Document, Records, record_of, region_record, sheet_of
from actcli.tables.sheet import Sheet
from actcli.text import Cell, Share, at_most, shown, some

WORST = 8  # neurons shown in a report
SPELLED, JUDGED = 4, 8  # up to this many failing layers have all their reasons, and a verdict of their own
ROWS = 8  # of more than MANY layers, only this many are in a table that is not folded
MOST = 1000  # neurons in a folded table
FEW = 20  # the least number of values whose distribution is shown


def saturation_document(diagnosis: Diagnosis) -> Document:
    """The JSON document `actcli.saturation/2`."""
    criteria, occasions = diagnosis.criteria, diagnosis.occasions
    document: Document = {
        "schema": "actcli.saturation/2",
        "functions": [{"label": f.label, "name": f.name, "parameters": f.settings} for f in diagnosis.functions],
        "thresholds": dataclasses.asdict(criteria.thresholds),
        "rule": criteria.rule.explanation(diagnosis.functions),
        "regions": _regions(diagnosis.regions),
        "layers": [record_of(layer, occasions) for layer in diagnosis.layers],
        "gradient_falls_at": diagnosis.falls_at,
        "neurons": Records(diagnosis.neurons, occasions),
    }
    if "backward" in occasions:
        document["gradient_ratio"] = diagnosis.gradient_ratio
    if criteria.precision is not None:
        lost = {name: _regions(regions) for name, regions in _lost(diagnosis).items()}
        document["precision"] = {"dtype": criteria.precision.name, **lost}
    return document


def _lost(diagnosis: Diagnosis) -> dict[str, list[tuple[Function, Region]]]:
    """The regions where, in the smaller precision, f' is 0, f' underflows, and f is constant."""
    losses = [traits.losses for traits in diagnosis.traits if traits.losses is not None]
    return {
        name: [(each.function, region) for each in losses for region in getattr(each, name)]
        for name in ("zero_gradient", "underflow", "constant_output")
    }


def _regions(regions: Iterable[tuple[Function, Region]]) -> list[Document]:
    return [{"function": function.label, **region_record(region)} for function, region in regions]


def region_sheet(diagnosis: Diagnosis) -> Sheet:
    """One row per vanishing region; with a precision, also one per region where f' or f is lost."""
    columns = ("function", "from", "to", "kind")
    rows = [(function.label, region.start, region.stop, region.kind) for function, region in diagnosis.regions]
    if diagnosis.criteria.precision is None:
        return Sheet(columns, rows)
    lost = [
        (function.label, region.start, region.stop, region.kind, name)
        for name, regions in _lost(diagnosis).items()
        for function, region in regions
    ]
    return Sheet((*columns, "what"), [*((*row, "vanishing") for row in rows), *lost])


def layer_sheet(diagnosis: Diagnosis) -> Sheet:
    """One row per layer."""
    return sheet_of(Records(diagnosis.layers, diagnosis.occasions))


def neuron_sheet(diagnosis: Diagnosis) -> Sheet:
    """One row per neuron."""
    return sheet_of(Records(diagnosis.neurons, diagnosis.occasions))


def explanation(rule: Rule, function: Function) -> Sheet:
    """A rule as it applies to a function, one row per statement, and its source."""
    whole = rule.explanation([function])
    statements = [("definition", text) for text in rule.definitions([function])]
    return Sheet(("field", "value"), [("name", whole["name"]), *statements, ("source", whole["source"])])


def saturation_report(diagnosis: Diagnosis, gates: Sequence[Gate], draw: Draw, run: Run, digits: int) -> Report:
    """Verdicts, figure, what helps and tables; then where f' vanishes, how it was run, and definitions."""
    failed = tuple(line for gate in gates for line in gate.failures(diagnosis.gated))
    where = _where(diagnosis, digits)
    run_section = how_it_was_run(run, _settings(diagnosis), diagnosis.layers)
    definitions = Section("Definitions", layer_definitions(diagnosis.criteria.thresholds), reference=True)
    figure = _figure(diagnosis, draw)
    if not diagnosis.layers:
        title = f"Where the gradient of {diagnosis.label} vanishes"
        return Report(title, (Section("", (where,)), figure, run_section, definitions))
    return Report(
        f"{_title(diagnosis)}{', gate failed' if failed else ''}",
        (
            Section("", tuple(_verdicts(diagnosis, gates, failed))),
            figure,
            *what_helps(diagnosis.layers),
            Section("Layers", tuple(_layers(diagnosis))),
            _neurons(diagnosis),
            Section("Where the gradient vanishes", (where,)),
            run_section,
            definitions,
        ),
    )


def _title(diagnosis: Diagnosis) -> str:
    layers = diagnosis.layers
    where = layers[0].name if len(layers) == 1 else f"{len(layers)} layers"
    return f"{diagnosis.label} on {where}: {diagnosis.verdict}"


def _verdicts(diagnosis: Diagnosis, gates: Sequence[Gate], failed: tuple[str, ...]) -> Iterator[Block]:
    layers = diagnosis.layers
    counts = Counter(layer.verdict for layer in layers)
    if len(counts) > 1:
        yield f"{len(layers)} layers: {', '.join(f'{counts[v]} {v}' for v in reversed(ORDER) if counts[v])}."
    yield from gates_judged(failed, bool(gates), [gate.condition for gate in gates])
    if diagnosis.criteria.rule.checks:
        rule = diagnosis.criteria.rule.explanation(diagnosis.functions)
        yield f"By the rule of {rule['name']}: {rule['definition']}"
    judged = [layer for layer in layers if layer.verdict != "ok" or len(layers) == 1]
    worst = {layer.name for layer in sorted(judged, key=lambda layer: -ORDER.index(layer.verdict))[:JUDGED]}
    of_layers = diagnosis.neurons_of_layers
    for layer in (layer for layer in judged if layer.name in worst):
        reasons = layer.reasons[:1] if len(judged) > SPELLED else _reasons(diagnosis, layer, of_layers[layer.name])
        yield Judgement(layer.name, layer.verdict, tuple(reasons))
    if len(judged) > JUDGED:
        yield f"{len(judged) - JUDGED} more layers are not ok: see the table below, or --by layer for all."
    if len(layers) > 1 and (fine := [layer.name for layer in layers if layer.verdict == "ok"]):
        yield Judgement(some(fine, 2 * SPELLED), "ok", ())
    if diagnosis.falls_at is not None and _is_network(diagnosis):
        yield f"The product of mean|f'| falls below {diagnosis.criteria.thresholds.epsilon:g} at {diagnosis.falls_at}."
    yield from (f"Beware: {doubt}" for doubt in diagnosis.doubts)


def _reasons(diagnosis: Diagnosis, layer: Layer, of_layer: Sequence[Neuron]) -> Iterator[str]:
    """The reasons for a layer's verdict, with the neurons at fault."""
    yield from layer.reasons
    if (dead := [n for n in of_layer if n.dead]) and not diagnosis.criteria.rule.checks:
        yield f"dead: {some([n.neuron for n in dead])}"
        if bounds := [n.dead_upper_bound for n in dead if n.dead_upper_bound is not None]:
            yield f"(with 95 % confidence each passes gradient on less than {at_most(max(bounds))} of the inputs)"
    if flagged := [n.neuron for n in of_layer if n.flagged]:
        yield f"flagged: {some(flagged)}"


def _is_network(diagnosis: Diagnosis) -> bool:
    """Whether a gradient passes through several layers, so that their f' multiply."""
    many = sum(not layer.function.rowwise for layer in diagnosis.layers) > 1
    return many and any(layer.cumulative_mean_gradient is not None for layer in diagnosis.layers)


def _figure(diagnosis: Diagnosis, draw: Draw) -> Section:
    if not diagnosis.layers:
        return Section("Curves", (Drawing("curves", f"{diagnosis.label} and its derivative", draw),))
    caption = (
        "The pre-activations of each layer over |f'|, the neurons, and the gradient that f' passes"
        if _is_network(diagnosis)
        else "The pre-activations of each layer, and the neurons"
    )
    values = sum(histogram.total for histogram in diagnosis.histograms)
    chart = (lambda: distributions(diagnosis)) if values >= FEW else None
    return Section("Pre-activations", (Drawing("layers", caption, draw, chart),))


def _layers(diagnosis: Diagnosis) -> Iterator[Grid]:
    layers, backward = diagnosis.layers, "backward" in diagnosis.occasions
    if len(layers) <= MANY:
        yield Grid("", _summary(diagnosis, layers))
    else:
        worst = sorted(layers, key=_health)[:ROWS]
        yield Grid(f"The {ROWS} worst of {len(layers)}", _summary(diagnosis, worst))
        yield Grid("", _summary(diagnosis, layers), "All layers")
    if _is_network(diagnosis):
        rows = [
            (layer.name, layer.mean_abs_gradient, layer.rms_gradient, layer.cumulative_mean_gradient,
             layer.cumulative_rms_gradient, *((layer.gradient_rms,) if backward else ()))
            for layer in reversed(layers)
        ]  # fmt: skip
        columns = ("layer", "mean|f'|", "rms f'", "product of mean", "product of rms", *(("rms dL/dx",) * backward))
        title = "Gradient through f', last layer to first"
        if len(rows) > MANY:
            places = sorted({round(k * (len(rows) - 1) / (ROWS - 1)) for k in range(ROWS)})
            yield Grid(title, Sheet(columns, [rows[place] for place in places]))
        yield Grid(title * (len(rows) <= MANY), Sheet(columns, rows), "Through every layer" * (len(rows) > MANY))
    if (precision := diagnosis.criteria.precision) is not None:
        shares = [
            (
                layer.name,
                *map(Share.of, (layer.lost_gradient_ratio, layer.underflow_ratio, layer.constant_output_ratio)),
            )
            for layer in layers
        ]
        title = f"In {precision.name}: share of values where f' is lost, f' underflows, and f is constant"
        yield Grid(title, Sheet(("layer", "f' lost", "f' underflows", "f constant"), shares))
    of_layers = diagnosis.neurons_of_layers
    fine = [
        (layer.name, reason)
        for layer in layers
        if layer.verdict == "ok"
        for reason in _reasons(diagnosis, layer, of_layers[layer.name])
    ]
    if fine and len(layers) > 1:
        yield Grid("", Sheet(("layer", "reason"), fine), "Why layers are ok")


def _health(layer: Layer) -> tuple[float, ...]:
    """What layers are sorted by, the worst first."""
    return -ORDER.index(layer.verdict), -(layer.dead_neuron_ratio or 0.0), -(layer.vanishing_ratio or 0.0)


def saturation_summary(diagnosis: Diagnosis, by: str) -> Sheet:
    """Layers or neurons, with the columns that a page shows."""
    return _neuron_summary(diagnosis.neurons) if by == "neuron" else _summary(diagnosis, diagnosis.layers)


def _summary(diagnosis: Diagnosis, layers: Sequence[Layer]) -> Sheet:
    """The layers, each with its function if there are several."""
    kinds = {function.rowwise for function in diagnosis.functions}
    columns: dict[str, Callable[[Layer], Cell]] = {
        "layer": lambda layer: layer.name,
        **({"function": lambda layer: layer.function.label} if len(diagnosis.functions) > 1 else {}),
        "size": lambda layer: f"{layer.samples} x {layer.neurons}",
        "dead": lambda layer: layer.dead_neurons,
        "vanishing": lambda layer: Share.of(layer.vanishing_ratio),
    }
    if False in kinds:
        columns |= {
            "sat. low": lambda layer: Share.of(layer.saturated_low_ratio),
            "sat. high": lambda layer: Share.of(layer.saturated_high_ratio),
        }
    if True in kinds:
        columns |= {"van. rows": lambda layer: Share.of(layer.vanishing_row_ratio)}
    columns |= {"mean|f'|": lambda layer: layer.mean_abs_gradient, "verdict": lambda layer: layer.verdict}
    return Sheet(tuple(columns), [[of(layer) for of in columns.values()] for layer in layers])


def _neurons(diagnosis: Diagnosis) -> Section:
    """The worst neurons; those of heads and gates, which may saturate, come last."""
    gated = {layer.name for layer in diagnosis.gated}
    worst = sorted(
        diagnosis.neurons,
        key=lambda n: (n.layer not in gated, not n.dead, -(n.vanishing_ratio or 0.0), n.mean_abs_gradient or 0.0),
    )
    if len(worst) <= WORST:
        return Section("Neurons", (Grid("", _neuron_summary(worst)),))
    few = WORST if len(diagnosis.layers) <= MANY else WORST // 2
    fold = "All neurons, worst first"
    if len(worst) > MOST:
        fold = f"The worst {MOST} of {len(worst)}; --by neuron lists all"
    grids = (Grid("", _neuron_summary(worst[:few])), Grid("", _neuron_summary(worst[:MOST]), fold))
    return Section(f"Worst neurons, {few} of {len(worst)}", grids)


def _neuron_summary(neurons: Sequence[Neuron]) -> Sheet:
    columns = ("layer", "neuron", "dead", "vanishing", "mean|f'|", "min", "max", "mean")
    rows = [
        (n.layer, n.neuron, n.dead, Share.of(n.vanishing_ratio), n.mean_abs_gradient, n.min, n.max, n.mean)
        for n in neurons
    ]
    return Sheet(columns, rows)


def _where(diagnosis: Diagnosis, digits: int) -> Points:
    """The thresholds of vanishing and saturated, and where f' vanishes or, in a smaller precision, is lost."""
    thresholds = diagnosis.criteria.thresholds
    lines = [line for traits in diagnosis.traits for line in _lines(traits, digits, len(diagnosis.traits) > 1)]
    criteria = f"vanishing: |f'| < {thresholds.epsilon:g}; saturated: |f'| <= {shown(thresholds.tau, 3)} sup|f'|"
    return Points(criteria, tuple(lines))


def _lines(traits: Traits, digits: int, named: bool) -> Iterator[str]:
    function, losses = traits.function, traits.losses
    of = f" of {function.label}" if named else ""
    if function.rowwise:
        yield f"{function.label}: {function.activation.convention}" if named else function.activation.convention
    elif not traits.regions:
        yield f"f'{of} vanishes nowhere"
    if function.columns:
        yield f"each column has its own {function.name}: regions of x are those of {function.whole.label}, their mean"
    yield from (f"f'{of} vanishes for {region.condition(digits)} ({region.kind})" for region in traits.regions)
    if losses is not None:
        name = losses.precision.name
        way = " as PyTorch computes it" if function.activation.backward else ""
        yield from (f"in {name} f'{of} is 0{way} for {region.condition(digits)}" for region in losses.zero_gradient)
        yield from (f"in {name} f'{of} underflows for {region.condition(digits)}" for region in losses.underflow)
        yield from (f"in {name} f{of} is constant for {region.condition(digits)}" for region in losses.constant_output)


def _settings(diagnosis: Diagnosis) -> list[tuple[str, Cell]]:
    thresholds = diagnosis.criteria.thresholds
    rule = diagnosis.criteria.rule.explanation(diagnosis.functions)
    rows: list[tuple[str, Cell]] = [
        ("function", diagnosis.label),
        ("epsilon", thresholds.epsilon),
        ("tau", thresholds.tau),
        ("alpha", thresholds.alpha),
        ("rule", f"{rule['name']}: {rule['definition']}"),
        ("source of the rule", rule["source"]),
    ]
    if (precision := diagnosis.criteria.precision) is not None:
        rows.append(("precision", precision.name))
    return rows
