"""The definitions of the words in a report, with their sources."""

from collections.abc import Iterator

from actcli.diagnosis.records import Layer, Neuron
from actcli.measuring.measures import Measures, meanings, measures
from actcli.measuring.probe import Thresholds
from actcli.reports.model import Grid
from actcli.tables.sheet import Sheet

_Row = tuple[str, str, str]


def layer_definitions(thresholds: Thresholds) -> tuple[Grid, ...]:
    """The words for layers and neurons, defined with these thresholds, and every measure."""
    return _words([*_layers(thresholds)]), _measures()


def network_definitions(thresholds: Thresholds, q: float) -> tuple[Grid, ...]:
    """The same, and the words for functions at initialisation, over z ~ N(0, q)."""
    return _words([*_layers(thresholds), *_network(q)]), _measures()


def _words(rows: list[_Row]) -> Grid:
    return Grid("", Sheet(("word", "meaning", "source"), rows))


def _measures() -> Grid:
    found = {**measures(Layer), **measures(Neuron)}
    rows = [(name, measure.meaning) for name, measure in found.items()]
    return Grid("", Sheet(("measure", "meaning"), rows), fold="Every measure of JSON and CSV")


def _layers(thresholds: Thresholds) -> Iterator[_Row]:
    passing = f"at most {100 * thresholds.alpha:g} % of the samples have" if thresholds.alpha else "not one sample has"
    for said in {**meanings(Measures), **meanings(Neuron), **meanings(Layer)}.values():
        if said.word:
            text = said.definition.format(epsilon=thresholds.epsilon, tau=thresholds.tau, passing=passing)
            yield said.word, text, said.source


def _network(q: float) -> Iterator[_Row]:
    yield (
        "He gain",
        f"sqrt(q / E[f(z)^2]) for z ~ N(0, q), q = {q:g}: weights of standard deviation gain / sqrt(fan_in) keep the "
        "variance q of the pre-activations",
        "He et al. 2015, arXiv:1502.01852",
    )
    yield (
        "chi_1",
        "the factor by which a layer with the He gain multiplies the square of a gradient: q E[f'(z)^2] / E[f(z)^2]",
        "Poole et al. 2016, arXiv:1606.05340; Schoenholz et al. 2017, arXiv:1611.01232",
    )
    yield (
        "1/E[f'^2]",
        "the variance of the weights, times fan_in, that keeps the size of gradients",
        "Schoenholz et al. 2017, arXiv:1611.01232",
    )
    yield "depth to 1e-7", "the number of layers with the He gain after which 1e-7 of a gradient is left", ""
