"""Judge the functions of a training: scores with their certainty, what went wrong, which to take."""

from dataclasses import dataclass, field
from itertools import combinations
from typing import Annotated, Any, Literal

import numpy as np

from actcli.activation import Function
from actcli.diagnosis.records import Remedy
from actcli.diagnosis.remedies import remedies
from actcli.diagnosis.rules import DEFAULT, ORDER, Verdict
from actcli.diagnosis.verdicts import Finding, grade
from actcli.measuring.measures import Meaning
from actcli.measuring.probe import Thresholds
from actcli.numerics.student import Mean
from actcli.outcome import Outcome
from actcli.text import counted, percent, some
from actcli.training.records import Run, Trained

Told = Literal["better", "worse", "not told apart"]
NO_BETTER = 0.02  # accuracy above that of always naming the largest class, or R², up to which nothing is learned


@dataclass(frozen=True, slots=True)
class Learned:
    """A learned parameter of a layer at the end of training."""

    layer: Annotated[str, Meaning("name of the hidden layer")]
    parameter: Annotated[str, Meaning("name of the parameter")]
    start: Annotated[float, Meaning("its value before training")]
    end: Annotated[Mean, Meaning("its value after training, over seeds; averaged over the layer's neurons")]
    least: Annotated[float, Meaning("the least value of any run and neuron")]
    most: Annotated[float, Meaning("the largest value of any run and neuron")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A function over its seeds, at the end of training. None if there is nothing to average."""

    function: Annotated[Function, Meaning("the function, written as a FUNCTION")]
    runs: Annotated[int, Meaning("number of runs, one per seed")]
    diverged: Annotated[int, Meaning("number of runs that diverged")]
    left_behind: Annotated[bool, Meaning("whether a search dropped it before the last epoch")]
    accuracy: Annotated[Mean | None, Meaning("held-out accuracy")]
    loss: Annotated[Mean | None, Meaning("held-out loss")]
    precision: Annotated[Mean | None, Meaning("held-out macro precision")]
    recall: Annotated[Mean | None, Meaning("held-out macro recall")]
    r2: Annotated[Mean | None, Meaning("held-out R²: 1 - mean square error over the variance of the target")]
    dead_neuron_ratio: Annotated[Mean | None, Meaning("share of the hidden neurons that are dead at the end")]
    gradient_ratio_start: Annotated[
        float | None, Meaning("rms of dL/dz in the first hidden layer over that in the last, before training")
    ]
    gradient_ratio: Annotated[float | None, Meaning("the same ratio at the end; both are geometric means over seeds")]
    seconds: Annotated[Mean | None, Meaning("seconds per epoch of training")]
    learned: Annotated[tuple[Learned, ...], Meaning("what was learned of f")]
    verdict: Annotated[Verdict, Meaning("ok, warning or critical")] = "ok"
    reasons: Annotated[tuple[str, ...], Meaning("why it has this verdict, in words")] = ()
    remedies: Annotated[tuple[Remedy, ...], Meaning("what helps, in the order to try it")] = ()

    @property
    def name(self) -> str:
        return self.function.label

    @property
    def quality(self) -> Mean | None:
        """The score that functions are compared by: accuracy, or R²."""
        return self.r2 if self.accuracy is None else self.accuracy


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two functions on the same seeds."""

    function: Annotated[Function, Meaning("one function")]
    other: Annotated[Function, Meaning("the function that it is compared with")]
    measure: Annotated[str, Meaning("what they are compared by: accuracy or r2")]
    difference: Annotated[Mean, Meaning("the function's score minus the other's, seed by seed")]
    verdict: Annotated[Told, Meaning("better, worse or not told apart, by the 95 % interval of the difference")]
    seeds_to_tell: Annotated[
        int | None,
        Meaning("about how many seeds would tell them apart; null if they are told apart, or no number would"),
    ]

    @property
    def sentence(self) -> str:
        """The verdict in words."""
        text = f"{self.verdict} than" if self.verdict != "not told apart" else "not told apart from"
        more = f" (about {self.seeds_to_tell} seeds would tell)" if self.seeds_to_tell is not None else ""
        return f"{text} {self.other.label}{more}"


@dataclass(frozen=True, slots=True, repr=False)
class Experiment(Outcome):
    """What `train` reports: the runs, a summary of each function, best first, and a comparison of every pair."""

    trained: Trained
    summaries: tuple[Summary, ...]
    comparisons: tuple[Comparison, ...]
    advice: str
    doubts: tuple[str, ...] = field(default=())

    @property
    def verdict(self) -> Verdict:
        """The verdict of the best function."""
        return self.summaries[0].verdict if self.summaries else "ok"

    @property
    def measure(self) -> str:
        """The score that functions are compared by, in words."""
        return "accuracy" if self.trained.data.task == "classify" else "R²"

    @property
    def best(self) -> Run:
        """The run of the best function with the best score."""
        return max(self.trained.of(self.summaries[0].function), key=lambda run: run.scores.quality)

    def against(self, function: Function) -> list[Comparison]:
        """The comparisons of this function with the others."""
        turned = (_turned(each) if each.other == function else each for each in self.comparisons)
        return [each for each in turned if each.function == function]


def judged(trained: Trained) -> Experiment:
    """Judge the runs."""
    summaries = sorted((_summary(trained, f) for f in trained.functions), key=_order)
    whole = [summary for summary in summaries if not summary.left_behind]
    pairs = combinations([summary.function for summary in whole], 2)
    comparisons = tuple(found for one, other in pairs if (found := _compared(trained, one, other)) is not None)
    result = Experiment(trained, tuple(summaries), comparisons, "")
    return Experiment(trained, tuple(summaries), comparisons, _advice(result), tuple(_doubts(trained)))


def _order(summary: Summary) -> tuple[bool, bool, float, float]:
    quality = summary.quality
    worth = -quality.mean if quality is not None and np.isfinite(quality.mean) else np.inf
    loss = summary.loss.mean if summary.loss is not None else np.inf
    return summary.left_behind, summary.diverged > 0, worth, loss


_SHARE = (0.0, 1.0)
_WITHIN = {  # the range of each score
    "accuracy": _SHARE,
    "loss": (0.0, np.inf),
    "precision": _SHARE,
    "recall": _SHARE,
    "r2": (-np.inf, 1.0),
}


def _summary(trained: Trained, function: Function) -> Summary:
    runs = trained.of(function)
    ends = [run.epochs[-1] for run in runs]

    def mean(name: str) -> Mean | None:
        return Mean.of([value for run in runs if (value := getattr(run.scores, name)) is not None], _WITHIN[name])

    dead = [
        (sum(layer.dead_neurons for layer in end.layers), sum(layer.neurons for layer in end.layers)) for end in ends
    ]
    seconds = [float(np.mean([epoch.seconds for epoch in run.epochs[1:]])) for run in runs if len(run.epochs) > 1]
    found = _findings(trained, function, runs)
    grave = [finding for finding in found if finding.grade != "ok"]
    return Summary(
        function=function,
        runs=len(runs),
        diverged=sum(run.diverged is not None for run in runs),
        left_behind=any("halving" in run.ended for run in runs),
        **{name: mean(name) for name in _WITHIN},
        dead_neuron_ratio=Mean.of([part / whole for part, whole in dead if whole], _SHARE),
        gradient_ratio_start=_ratio(runs, 0),
        gradient_ratio=_ratio(runs, -1),
        seconds=Mean.of(seconds),
        learned=tuple(_learned(runs, function)),
        verdict=max((finding.grade for finding in found), key=ORDER.index, default="ok"),
        reasons=tuple(finding.reason for finding in found),
        remedies=tuple(dict.fromkeys(r for finding in grave for r in remedies(finding.measure, function))),
    )


def _ratio(runs: list[Run], place: int) -> float | None:
    """The geometric mean over runs of the gradient in the first hidden layer over that in the last."""
    found = [ratio for run in runs if (ratio := run.epochs[place].gradient_ratio) is not None]
    if not found:
        return None
    return 0.0 if min(found) == 0.0 else float(np.exp(np.mean(np.log(found))))


def _learned(runs: list[Run], function: Function) -> Any:
    for place in range(len(runs[0].learned)):
        for parameter in runs[0].learned[place]:
            values = [run.learned[place][parameter] for run in runs]
            mean = Mean.of([float(np.mean(one)) for one in values])
            assert mean is not None
            least, most = min(map(min, values)), max(map(max, values))
            yield Learned(f"layer{place + 1}", parameter, function.parameters[parameter], mean, least, most)


def _findings(trained: Trained, function: Function, runs: list[Run]) -> list[Finding]:
    found = []
    if away := [run for run in runs if run.diverged is not None]:
        where = f"in epoch {away[0].diverged} of seed {away[0].seed}"
        text = f"{len(away)} of {counted(len(runs), 'runs')} diverged, the first {where}"
        found.append(Finding("critical", text, "cumulative_rms_gradient"))
    else:
        found += _no_learning(trained, runs)
    return [*found, *_gradients(runs), *_dead(trained, runs)]


def _dead(trained: Trained, runs: list[Run]) -> list[Finding]:
    """A finding on the layer with the most dead neurons, with the number of other layers that have too many."""
    limits = DEFAULT.limits
    assert limits is not None
    layers = zip(*(run.epochs[-1].layers for run in runs), strict=True)
    shares = [(float(np.mean([one.dead_neuron_ratio or 0.0 for one in of])), of[0].name) for of in layers]
    grades = [grade(share, limits.dead) for share, _ in shares]
    many = len(grades) - grades.count("ok")
    if not many:
        return []
    share, name = max(shares, key=lambda each: each[0])
    more = f"; {many - 1} more layer{'s have' if many > 2 else ' has'} too many" if many > 1 else ""
    text = f"{percent(share)} of the neurons of {name} are dead on {trained.probe_rows} rows at the end{more}"
    return [Finding(max(grades, key=ORDER.index), text, "dead_neuron_ratio")]


def _no_learning(trained: Trained, runs: list[Run]) -> list[Finding]:
    quality = float(np.mean([run.scores.quality for run in runs]))
    if trained.data.task == "regress":
        return [Finding("critical", f"nothing was learned: R² is {quality:.3g}")] if quality <= NO_BETTER else []
    largest = float(trained.data.test.targets.mean(axis=0).max())
    if quality > largest + NO_BETTER:
        return []
    text = f"nothing was learned: accuracy {quality:.3g}; always naming the largest class scores {largest:.3g}"
    return [Finding("critical", text)]


def _gradients(runs: list[Run]) -> list[Finding]:
    """A finding if the gradient of the loss vanishes or explodes on its way to the first layer."""
    epsilon = Thresholds().epsilon
    start, end = _ratio(runs, 0), _ratio(runs, -1)
    if start is None or end is None:
        return []
    text = (
        f"rms dL/dz in the first hidden layer over that in the last is {start:.2g} at the start, {end:.2g} at the end"
    )
    if min(start, end) < epsilon:
        lasting: Verdict = "critical" if end < epsilon else "warning"
        return [Finding(lasting, f"vanishing: {text}", "cumulative_mean_gradient")]
    if max(start, end) > 1.0 / epsilon:
        lasting = "critical" if end > 1.0 / epsilon else "warning"
        return [Finding(lasting, f"exploding: {text}", "cumulative_rms_gradient")]
    return []


def _compared(trained: Trained, one: Function, other: Function) -> Comparison | None:
    """Compare two functions on the seeds that both have; None if there are none."""
    qualities = [{run.seed: run.scores.quality for run in trained.of(function)} for function in (one, other)]
    seeds = [seed for seed in trained.seeds if all(seed in of for of in qualities)]
    row = 1.0 / len(trained.data.test) if trained.data.task == "classify" else 0.0
    apart = Mean.of([_apart(qualities[0][seed], qualities[1][seed]) for seed in seeds], step=row)
    if apart is None:
        return None
    measure = "accuracy" if trained.data.task == "classify" else "r2"
    told: dict[int, Told] = {1: "better", -1: "worse", 0: "not told apart"}
    more = apart.values_to_tell if apart.sign == 0 else None
    return Comparison(one, other, measure, apart, told[apart.sign], more)


def _apart(a: float, b: float) -> float:
    return 0.0 if a == b else a - b


def _turned(each: Comparison) -> Comparison:
    d = each.difference
    low, high = (None, None) if d.low is None or d.high is None else (-d.high, -d.low)
    turned: dict[Told, Told] = {"better": "worse", "worse": "better", "not told apart": "not told apart"}
    mean = Mean(-d.mean, low, high, d.count, d.deviation)
    return Comparison(each.other, each.function, each.measure, mean, turned[each.verdict], each.seeds_to_tell)


def _advice(result: Experiment) -> str:
    """Which function to take, and why, in one line."""
    best = result.summaries[0]
    quality, measure = best.quality, result.measure
    where = "held-out" if result.trained.data.held_out else "training"
    if quality is None or best.diverged == best.runs:
        more = ", and no other function did better" if len(result.summaries) > 1 else ""
        return f"Take none: {best.name} diverged{more}"
    seeds = counted(best.runs, "seeds")
    between = "" if quality.low is None or quality.high is None else f" ({quality.low:.4g} to {quality.high:.4g})"
    text = f"{best.name}: {where} {measure} {quality.mean:.4g}{between} over {seeds}"
    others = result.against(best.function)
    if not others:
        return text
    better = [each.other.label for each in others if each.verdict == "better"]
    level = [each for each in others if each.verdict == "not told apart"]
    parts = [f"better than {some(better, 4)}"] if better else []
    if level:
        near = min(level, key=lambda each: each.seeds_to_tell or np.inf)
        whom = f" {near.other.label} apart" if len(level) > 1 else ""
        more = f" (about {near.seeds_to_tell} seeds would tell{whom})" if near.seeds_to_tell else ""
        parts.append(f"not told apart from {some([each.other.label for each in level], 4)}{more}")
    return f"Take {text}; {', '.join(parts)}" if parts else f"Take {text}"


def _doubts(trained: Trained) -> list[str]:
    found = []
    if trained.unfinished:
        found.append(f"interrupted: {counted(trained.unfinished, 'runs')} did not finish")
    if not trained.data.held_out:
        found.append("nothing was held out: the scores are those of the training rows")
    if len(trained.seeds) == 1:
        found.append("one seed does not show the spread: --seeds 5 does")
    if trained.searched:
        count = len(trained.functions)
        found.append(
            f"the score of the best of {count} settings on the same rows is too high: score it again with --test FILE"
        )
    return found


@dataclass(frozen=True, slots=True)
class Limit:
    """A gate on every function: the least mean accuracy, or the largest share of dead neurons in a layer at the end."""

    measure: Literal["accuracy", "dead_neuron_ratio"]
    limit: float

    @property
    def condition(self) -> str:
        if self.measure == "accuracy":
            return f"the mean accuracy of every function is at least {self.limit:g}"
        return f"dead_neuron_ratio of every layer is at most {self.limit:g} at the end of every run"

    def failures(self, result: Experiment) -> list[str]:
        """A line for each function that fails."""
        if self.measure == "accuracy":
            means = [(summary.name, summary.accuracy) for summary in result.summaries]
            known = [(name, 0.0 if mean is None else mean.mean) for name, mean in means]
            return [
                f"{name}: accuracy is {mean:.6g}, below {self.limit:g}" for name, mean in known if mean < self.limit
            ]
        return [
            f"{run.function.label}: dead_neuron_ratio of {layer.name} is {layer.dead_neuron_ratio:.6g} "
            f"from seed {run.seed}, above {self.limit:g}"
            for run in result.trained.runs
            for layer in run.epochs[-1].layers
            if layer.dead_neuron_ratio is not None and layer.dead_neuron_ratio > self.limit
        ]
