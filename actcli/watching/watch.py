"""Watch a PyTorch training loop: measure its layers every N steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from actcli.diagnosis.diagnose import Criteria, Diagnosis, criteria, diagnosis, gated, layer_of, settled
from actcli.diagnosis.gates import Gate, gates
from actcli.diagnosis.records import Layer, gradient_ratio, gravest
from actcli.diagnosis.rules import Verdict
from actcli.errors import DataError, GateError, UsageError, positive
from actcli.measuring.choice import matches
from actcli.measuring.probe import Thresholds
from actcli.models.seen import LossGradient, Places, Seen
from actcli.models.torch_watch import Tracer
from actcli.output.files import write_files
from actcli.reports.run import run_document
from actcli.text import counted, json_text
from actcli.watching.measured import Layers, Probes, rms

_DEFAULT = Thresholds()


@dataclass(frozen=True, slots=True, repr=False)
class Step:
    """The layers at one step alone: one forward, numbered from 0."""

    step: int
    layers: tuple[Layer, ...]

    def __repr__(self) -> str:
        return f"<Step {self.step}: {counted(len(self.layers), 'layers')}, {self.verdict}>"

    @property
    def verdict(self) -> Verdict:
        """The gravest verdict of the layers."""
        return gravest(self.layers)

    @property
    def gradient_ratio(self) -> float | None:
        """The rms of dL/dx of the first layer over that of the last."""
        return gradient_ratio(self.layers)


def saved(path: str, steps: Sequence[Step], *, rule: bool) -> None:
    """Write steps as JSON lines, `actcli.run/1`. `rule`: whether another system's rule judges them."""
    lines = [f"{json_text(run_document(one.step, one.layers, rule))}\n".encode() for one in steps]
    write_files([(path, lines)])


@dataclass(frozen=True, slots=True)
class _Look:
    """The measures of a step. The gradients come later, when the loss is differentiated."""

    step: int
    measured: tuple[Layer, ...]
    gradients: Mapping[str, Sequence[LossGradient]]
    is_chain: bool

    @property
    def layers(self) -> list[Layer]:
        return [replace(layer, gradient_rms=rms(self.gradients[layer.name])) for layer in self.measured]


class Watch:
    """The result of `watch`: what was seen of the model so far. Each forward is a step, but forwards in evaluation mode
    are left out if the model was in training mode at the start."""

    def __init__(
        self, model: Any, every: int, gradients: bool, patterns: Sequence[str], by: Criteria, limits: Sequence[Gate]
    ) -> None:
        self._model, self._every, self._patterns, self._by, self._limits = model, every, patterns, by, limits
        self._tracer = Tracer(model, self._begins, self._sees, self._ends, gradients)
        self.at_failure: Callable[[], None] = self._tracer.stop  # not every trainer reports that an error ended it
        self._probes = Probes(by)
        self._in_training = False
        self._forwards = self._left_out = 0
        self._names: set[str] = set()
        self._now = Layers()
        self.reset()

    def __enter__(self) -> Watch:
        self._in_training = bool(self._model.training)
        self._tracer.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._tracer.stop()

    def __repr__(self) -> str:
        return f"<Watch: {counted(self._forwards, 'steps')}, {len(self._steps)} measured>"

    def reset(self) -> None:
        """Forget what was seen, such as the last epoch, but not the number of steps."""
        self._total = Layers()
        self._steps: list[_Look] = []

    @property
    def steps(self) -> int:
        """The number of forwards, measured or not."""
        return self._forwards

    @property
    def hidden(self) -> tuple[str, ...]:
        """The parts that cannot be seen, one line each, with the reason."""
        return tuple(f"{name}: {why}" for name, why in self._tracer.hidden.items())

    def diagnosis(self) -> Diagnosis:
        """The diagnosis of all steps measured since the last reset together. Raises DataError, with the reason, if no
        activation was seen."""
        if not self._total.measured:
            raise DataError("no activation was seen", self._reason())
        return diagnosis(self._total.all, self._by, is_chain=self._total.is_chain)

    @property
    def history(self) -> tuple[Step, ...]:
        """Each step measured since the last reset."""
        return tuple(Step(look.step, settled(look.layers, self._by, is_chain=look.is_chain)) for look in self._steps)

    def save(self, path: str) -> None:
        """Write the history as JSON lines, `actcli.run/1`, whole or not at all."""
        saved(path, self.history, rule=bool(self._by.rule.checks))

    def _begins(self) -> bool:
        """Whether to measure a forward."""
        if self._in_training and not self._model.training:
            self._left_out += 1
            return False
        self._now = Layers()
        self._forwards += 1
        return (self._forwards - 1) % self._every == 0

    def _sees(self, seen: Seen) -> None:
        if not self._patterns or any(matches(seen.layer, pattern) for pattern in self._patterns):
            self._now.see(seen, self._probes.of(seen.function))
        self._names.add(seen.layer)

    def _ends(self, places: Places) -> None:
        now, self._now = self._now, Layers()
        self._check_patterns()
        now.place(places, finished=False, named=bool(self._patterns))
        now.is_chain = places.is_chain and not self._patterns
        measured = tuple(layer_of(one, self._by) for one in now.all)
        self._steps.append(_Look(self._forwards - 1, measured, now.gradients, now.is_chain))
        self._total.add(now)
        if self._limits:
            self._check_gates()

    def _check_gates(self) -> None:
        layers = gated(layer_of(one, self._by) for one in self._total.all)
        if failed := [line for gate in self._limits for line in gate.failures(layers)]:
            self.at_failure()
            raise GateError(f"step {self._forwards - 1}: {failed[0]}", "\n".join(failed[1:]))

    def _check_patterns(self) -> None:
        for pattern in self._patterns:
            if not any(matches(name, pattern) for name in self._names):
                raise UsageError(f"layers={pattern!r}: no layer matches", f"layers: {', '.join(sorted(self._names))}")

    def _reason(self) -> str:
        if not self._forwards and self._left_out:
            return "every forward was in evaluation mode: call model.eval() before the watch starts"
        if not self._forwards:
            return (
                "the model was not called as model(x), or only in its compiled form: watch the module whose forward "
                "runs, uncompiled"
            )
        if self.hidden:
            return "; ".join(self.hidden)
        return "the forward calls none that actcli knows: those inside compiled functions and operators are not seen"


def watch(
    model: Any,
    *,
    every: int = 50,
    gradients: bool = False,
    layers: str | Sequence[str] = (),
    raise_on: Mapping[str, float] | None = None,
    epsilon: float = _DEFAULT.epsilon,
    tau: float = _DEFAULT.tau,
    alpha: float = _DEFAULT.alpha,
    rule: str = "default",
) -> Watch:
    """Watch a PyTorch model while it is trained: `with actcli.watch(model, every=50) as w:` around the loop.

    At the first of every `every` forwards, each layer's pre-activations are measured as by `diagnose`; with
    `gradients`, so is dL/dx when the loss is differentiated. Activations are seen as modules and as function calls; the
    function of each is recognised by its values. On CUDA devices values are reduced on the device: about two dozen
    numbers per neuron leave it for every two million values, and counts are the same as on the CPU. This was tested
    with tensors on the CPU only. Inputs of gated and oscillating functions, and values on other devices, which may lack
    float64, are copied in blocks at these forwards; dL/dx is always reduced on its device.

    `layers` are name patterns. `raise_on` maps gates to limits, `{"max_dead": 0.5}`: GateError is raised when all that
    was seen since the last reset fails one, and watching stops. The loss is not changed, and only measures are kept.
    The other keywords are those of `diagnose`.

    Raises UsageError for a model that cannot be watched (scripted, compiled), for a pattern that no layer matches, and
    for keywords out of their domain.
    """
    if every < 1:
        raise UsageError(f"every = {every}", "every is a whole number above 0")
    by = criteria(Thresholds(positive("epsilon", epsilon), tau, alpha), rule, None)
    patterns = (layers,) if isinstance(layers, str) else tuple(layers)
    return Watch(model, every, gradients, patterns, by, gates(**(raise_on or {})))
