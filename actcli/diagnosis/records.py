"""The records of a layer and of a neuron: identity, measures, and what follows from them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from actcli.activation import Function
from actcli.diagnosis.rules import ORDER, Verdict
from actcli.measuring.layer import Place, Role
from actcli.measuring.measures import LayerMeasures, Meaning, NeuronMeasures

SHRUNK = 1e-6  # of the largest |x| of the layer
DORMANT = 0.025  # Sokar et al. 2023, arXiv:2302.12902 (ReDo)


@dataclass(frozen=True, slots=True)
class Remedy:
    """One thing to try; `figure` is the measure of the layer that calls for it."""

    figure: Annotated[str, Meaning("the field of the layer that calls for it")]
    remedy: Annotated[str, Meaning("what to do")]
    source: Annotated[str, Meaning("where it comes from")]


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class _LayerHead:
    name: Annotated[str, Meaning("name of the layer: the input file's, without its folder and ending")]
    function: Annotated[Function, Meaning("the layer's function, written as a FUNCTION")]
    samples: Annotated[int, Meaning("rows")]
    neurons: Annotated[int, Meaning("columns")]
    empty_neurons: Annotated[int, Meaning("columns without a value, which no share of neurons counts")]
    dead_neurons: Annotated[int, Meaning("number of dead neurons")]
    dead_neuron_ratio: Annotated[
        float | None, Meaning("share of the neurons with values that are dead", of_neurons=True)
    ]
    dormant_neurons: Annotated[int, Meaning("number of dormant neurons")]


@dataclass(frozen=True, kw_only=True, repr=False)
class Layer(LayerMeasures, _LayerHead):
    """One layer. Ratios named after neurons are shares of neurons, the others are shares of finite values.

    The cumulative gradients are products over this layer and those after it, up to the first rowwise function.
    """

    flagged_neurons: Annotated[int | None, Meaning("number of neurons that the rule finds at fault", when="rule")] = (
        None
    )
    cumulative_mean_gradient: Annotated[
        float | None, Meaning("product of mean|f'| of this layer and those after it")
    ] = None
    cumulative_rms_gradient: Annotated[float | None, Meaning("product of rms f' of this layer and those after it")] = (
        None
    )
    gradient_rms: Annotated[
        float | None,
        Meaning("root mean square of dL/dx, the gradient of the loss in the pre-activations", when="backward"),
    ] = None
    role: Annotated[
        Role,
        Meaning(
            "what the layer is for: hidden, head or gate; heads and gates are meant to saturate",
            when="network",
        ),
    ] = "hidden"
    shrunk_neurons: Annotated[
        int | None,
        Meaning(f"number of neurons with every |x| at most {SHRUNK:g} of the layer's largest", when="network"),
    ] = None
    verdict: Annotated[
        Verdict, Meaning("ok, warning or critical: `actcli saturation FUNCTION --explain` prints the limits")
    ] = "ok"
    reasons: Annotated[tuple[str, ...], Meaning("why it has this verdict, in words")] = ()
    remedies: Annotated[tuple[Remedy, ...], Meaning("what helps, in the order to try it")] = ()

    independent: float = 0.0  # how many inputs an element ratio rests on: values from one input are not independent
    place: Place = field(default_factory=Place)

    def __repr__(self) -> str:
        """A one-line summary: all the fields would fill a page."""
        size = f"{self.samples} x {self.neurons}, {self.dead_neurons} dead"
        return f"<Layer {self.name}: {self.function.label}, {size}, {self.verdict}>"

    @property
    def known_neurons(self) -> int:
        """The number of neurons that have a value."""
        return self.neurons - self.empty_neurons


def gravest(layers: Iterable[Layer]) -> Verdict:
    """The gravest verdict of the layers; ok if there are none."""
    return max((layer.verdict for layer in layers), key=ORDER.index, default="ok")


def gradient_ratio(layers: Sequence[Layer]) -> float | None:
    """The rms of dL/dx in the first layer over that in the last; None if either is unknown or the last is 0."""
    known = [layer.gradient_rms for layer in layers]
    if len(known) < 2 or known[0] is None or not known[-1]:
        return None
    return known[0] / known[-1]


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class _NeuronHead:
    layer: Annotated[str, Meaning("name of the layer")]
    neuron: Annotated[str, Meaning("name of the column")]
    samples: Annotated[int, Meaning("finite values of the neuron; the ratios are shares of them")]
    dead: Annotated[
        bool | None,
        Meaning(
            "whether at most the share alpha of the samples passes gradient; null without a value",
            word="dead neuron",
            definition="{passing} |f'(x)| >= {epsilon:g}. A ReLU neuron that is off for half of its samples is "
            "healthy: ratios of values and ratios of neurons are different measures",
            source="Lu et al. 2019, arXiv:1903.06733",
        ),
    ]
    dead_upper_bound: Annotated[
        float | None,
        Meaning("for a dead neuron, the 95 % upper bound on the share of inputs on which it passes gradient"),
    ]
    dormant: Annotated[
        bool | None,
        Meaning(
            f"whether mean|f| of the neuron is at most {DORMANT:g} of the layer's mean",
            word="dormant neuron",
            definition=f"mean|f(x)| of the neuron is at most {DORMANT:g} of the layer's mean",
            source="Sokar et al. 2023, arXiv:2302.12902",
        ),
    ]


@dataclass(frozen=True, kw_only=True, repr=False)
class Neuron(NeuronMeasures, _NeuronHead):
    """One neuron. Ratios are shares of its finite values, counted in `samples`; None if it has none."""

    flagged: Annotated[bool | None, Meaning("whether the rule finds the neuron at fault", when="rule")] = None
    independent: int = 0  # how many inputs its values come from: the ratios rest on these

    def __repr__(self) -> str:
        """A one-line summary."""
        state = "no values" if self.dead is None else "dead" if self.dead else "alive"
        return f"<Neuron {self.neuron} of {self.layer}: {state}>"
