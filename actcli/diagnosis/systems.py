"""The rules of other systems, as their sources define them; each rule names the source that was read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actcli.diagnosis.rules import DEFAULT, STRICT, Check, Rule

if TYPE_CHECKING:
    from actcli.activation import Array, Flags
    from actcli.measuring.probe import Score
    from actcli.measuring.tallies import Counts

DEAD, SATURATED = "dead_neuron_ratio", "saturated_ratio"


def _rarely_unflagged(values: Counts, score: Array, output: Array) -> Flags:
    return values - score < 0.01 * values


def _over_half(share: float) -> bool:
    return share > 0.5


def _sagemaker_ends(function: str, low: float, high: float, vanishes: str) -> Check:
    within = f"within {low:g}..{high:.7g} on less than 1 % of the samples"
    return Check(
        functions=(function,),
        finding=f"have their input {within}",
        definition=f"a neuron whose input is {within} is saturated; the rule fires if more than 50 % of a layer's "
        f"neurons are. SageMaker says that f' = 1e-7 at these ends, but it is 1e-7 at {vanishes}",
        source="Amazon SageMaker Debugger, built-in rule SaturatedActivation, docs.aws.amazon.com/sagemaker",
        measure=SATURATED,
        score=lambda x, output, gradient: (x <= low) | (x >= high),
        neurons=_rarely_unflagged,
        alarm=_over_half,
    )


SAGEMAKER = Rule(
    "sagemaker",
    checks=(
        Check(
            functions=("relu",),
            finding="are active on less than 1 % of the samples",
            definition="a neuron whose output is positive on less than 1 % of the samples (threshold_inactivity) is "
            "dead; the rule fires if more than 50 % of a layer's neurons are (threshold_layer)",
            source="Amazon SageMaker Debugger, built-in rule DeadRelu, docs.aws.amazon.com/sagemaker",
            measure=DEAD,
            score=lambda x, output, gradient: output <= 0.0,
            neurons=_rarely_unflagged,
            alarm=_over_half,
        ),
        _sagemaker_ends("tanh", -9.4999, 9.4999, "8.75"),
        _sagemaker_ends("sigmoid", -23.0, 16.99999, "16.12"),
    ),
)

KARPATHY = Rule(
    "karpathy",
    checks=(
        Check(
            functions=("tanh",),
            finding="have |f| > 0.97",
            definition="values with |tanh| > 0.97 are saturated; their share is printed, no share is called bad",
            source="Karpathy, nn-zero-to-hero, lectures/makemore/makemore_part3_bn.ipynb",
            measure=SATURATED,
            score=lambda x, output, gradient: output > 0.97,
        ),
        Check(
            functions=("relu",),
            finding="are dead: active on no sample",
            definition="a neuron that never activates across the entire training data is dead; no share is called "
            "bad; here one dead neuron is a warning",
            source="Karpathy, CS231n notes, cs231n.github.io/neural-networks-1",
            measure=DEAD,
            score=lambda x, output, gradient: output <= 0.0,
            neurons=lambda values, score, output: score == values,
            alarm=lambda share: share > 0.0,
            grade="warning",
        ),
    ),
)

KERAS_CONTRIB = Rule(
    "keras-contrib",
    checks=(
        Check(
            functions=("relu",),
            finding="are dead: their outputs add up to 0",
            definition="a neuron that did not fire once for the entire training set is dead: its outputs add up to 0; "
            "a layer gets a warning if at least 10 % of its neurons are (dead_neurons_share_threshold)",
            source="keras-contrib, keras_contrib/callbacks/dead_relu_detector.py",
            measure=DEAD,
            score=lambda x, output, gradient: output,
            neurons=lambda values, score, output: score == 0.0,
            alarm=lambda share: share >= 0.1,
            grade="warning",
        ),
    ),
)

DEEPDIAGNOSIS = Rule(
    "deepdiagnosis",
    checks=(
        Check(
            functions=("relu", "exponential"),
            finding="have f <= 0",
            definition="a layer has dead nodes if at least 70 % of its output values are <= 0 (threshold_layer_1), "
            "whichever neurons they belong to; healthy ReLU layers reach that",
            source="Wardat et al. 2022, arXiv:2112.04036; DeepDiagnosis/ICSE2022, callback/callbacks.py, identifyDead",
            measure=DEAD,
            score=lambda x, output, gradient: output <= 0.0,
            alarm=lambda share: share >= 0.7,
        ),
        Check(
            functions=("tanh", "sigmoid"),
            finding="have |x| >= 5",
            definition="a layer is saturated if more than 50 % of its input values are <= -5 or >= 5",
            source="Wardat et al. 2022, arXiv:2112.04036; DeepDiagnosis/ICSE2022, callback/callbacks.py, "
            "identifySaturated",
            measure=SATURATED,
            score=lambda x, output, gradient: (x <= -5.0) | (x >= 5.0),
            alarm=_over_half,
        ),
    ),
)


_RHO = (
    "a neuron is saturated if rho_B > 0.85: the mean distance of its outputs from the middle of f's range, in units of "
    "half that range (the original averages over 50 bins; averaging the values gives the same, as no bin spans the "
    "middle); the rule fires if more than 50 % of a layer's neurons are"
)
_RHO_SOURCE = (
    "Ben Braiek and Khomh 2022, arXiv:2204.00694; Rakitianskaia and Engelbrecht 2015; thedeepchecker, "
    "deep_checker/hooks.py, metrics.py and config/settings.yaml"
)


def _rho(function: str, distance: Score, remark: str = "") -> Check:
    return Check(
        functions=(function,),
        finding="have rho_B > 0.85",
        definition=_RHO + remark,
        source=_RHO_SOURCE,
        measure=SATURATED,
        score=distance,
        neurons=lambda values, score, output: score > 0.85 * values,
        alarm=_over_half,
    )


THEDEEPCHECKER = Rule(
    "thedeepchecker",
    checks=(
        _rho("sigmoid", lambda x, output, gradient: abs(2.0 * output - 1.0)),
        _rho(
            "tanh",
            lambda x, output, gradient: output,
            ". Its settings give tanh the range of sigmoid, 0..1; here it is -1..1",
        ),
        Check(
            functions=(),
            finding="have |f| < 1e-5 at the 95th percentile",
            definition="a neuron is dead if the 95th percentile of |f| is below 1e-5; the rule fires if more than 50 % "
            "of a layer's neurons are",
            source="Ben Braiek and Khomh 2022, arXiv:2204.00694; thedeepchecker, deep_checker/hooks.py and "
            "config/settings.yaml",
            measure=DEAD,
            score=lambda x, output, gradient: output < 1e-5,
            # Whether enough |f| are flagged as small for the 95th percentile, numpy's, to be one of them.
            neurons=lambda values, score, output: score - 1 >= 0.95 * (values - 1),
            alarm=_over_half,
        ),
    ),
)


def _dormant(values: Counts, score: Array, output: Array) -> Flags:
    some = output[values > 0]
    return output <= 0.025 * (float((some / max(1, some.size)).sum()) + 1e-9)  # divided first: the sum may overflow


REDO = Rule(
    "redo",
    checks=(
        Check(
            functions=(),
            finding="are dormant",
            definition="a neuron is dormant if its mean |f| is at most 0.025 of the mean over the layer's neurons; "
            "such neurons are to be reset, so here one is a warning",
            source="Sokar et al. 2023, arXiv:2302.12902; google/dopamine, labs/redo/weight_recyclers.py",
            measure=DEAD,
            neurons=_dormant,
            alarm=lambda share: share > 0.0,
            grade="warning",
        ),
    ),
)

RULES: dict[str, Rule] = {
    rule.name: rule
    for rule in (DEFAULT, STRICT, SAGEMAKER, KARPATHY, KERAS_CONTRIB, DEEPDIAGNOSIS, THEDEEPCHECKER, REDO)
}
