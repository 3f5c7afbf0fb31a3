"""What the words of a report mean, and where they come from."""

from __future__ import annotations

from collections.abc import Iterator

from actcli.diagnosis.diagnose import DORMANT
from actcli.measuring.probe import Thresholds
from actcli.reports.model import Grid
from actcli.tables.sheet import Sheet


def layer_definitions(thresholds: Thresholds) -> Grid:
    """The words for layers and neurons, as they are meant with these thresholds."""
    rows = [(word, meaning, source) for word, meaning, source in _layers(thresholds)]
    return Grid("", Sheet(("word", "meaning", "source"), rows))


def network_definitions(thresholds: Thresholds, q: float) -> Grid:
    """Also the words for functions at initialisation, over z ~ N(0, q)."""
    rows = [*_layers(thresholds), *_network(q)]
    return Grid("", Sheet(("word", "meaning", "source"), rows))


def _layers(thresholds: Thresholds) -> Iterator[tuple[str, str, str]]:
    share = f"at most {100 * thresholds.alpha:g} % of the samples have" if thresholds.alpha else "not one sample has"
    yield (
        "vanishing",
        f"|f'(x)| < {thresholds.epsilon:g} (epsilon); a vanishing region is a maximal interval of such x: zero where "
        "f' is 0 throughout, tail where it reaches to infinity, stationary where it is bounded, around a zero of f', "
        "which is not saturation",
        "Hochreiter 1991; Bengio, Simard and Frasconi 1994",
    )
    yield (
        "saturated",
        f"x in a flat or tail region of |f'(x)| <= {thresholds.tau:.4g} sup|f'| (tau), low and high side counted "
        f"apart; 1 - 0.97^2 = 0.0591 carries the familiar |tanh| > 0.97 over to every function",
        "Glorot and Bengio 2010; Karpathy, nn-zero-to-hero, makemore part 3",
    )
    yield (
        "dead neuron",
        f"{share} |f'(x)| >= {thresholds.epsilon:g}. A ReLU neuron that is off for half of its samples is healthy: "
        "a ratio of values and a ratio of neurons are different figures",
        "Lu et al. 2019, arXiv:1903.06733",
    )
    yield (
        "dormant neuron",
        f"mean|f(x)| of the neuron is at most {DORMANT:g} of the layer's mean",
        "Sokar et al. 2023, arXiv:2302.12902",
    )
    yield (
        "mean|f'|, rms f'",
        "what f' alone scales a gradient with in a layer, on average and in the root of the mean square; the products "
        "are over a layer and those after it. What the weights do is not known here",
        "Glorot and Bengio 2010",
    )


def _network(q: float) -> Iterator[tuple[str, str, str]]:
    yield (
        "He gain",
        f"sqrt(q / E[f(z)^2]) for z ~ N(0, q), q = {q:g}: weights of standard deviation gain / sqrt(fan_in) keep the "
        "variance q of the pre-activations",
        "He et al. 2015, arXiv:1502.01852",
    )
    yield (
        "chi_1",
        "what a layer with the He gain multiplies the square of a gradient with: q E[f'(z)^2] / E[f(z)^2]",
        "Poole et al. 2016, arXiv:1606.05340; Schoenholz et al. 2017, arXiv:1611.01232",
    )
    yield (
        "1/E[f'^2]",
        "the variance of the weights, times fan_in, that keeps the size of gradients",
        "Schoenholz et al. 2017, arXiv:1611.01232",
    )
    yield "depth to 1e-7", "the number of such layers after which a gradient has fallen to 1e-7 of itself", ""
