"""Callbacks for the training loops of frameworks: each only calls the watcher, or inspects."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from actcli.diagnosis.diagnose import Diagnosis
from actcli.errors import UsageError
from actcli.models.frameworks import callback_base
from actcli.watching.inspect import inspect
from actcli.watching.watch import Step, Watch, saved, watch


def callback(framework: str, path: str | None = None, **options: Any) -> Any:
    """A callback for `lightning`, `transformers` (Hugging Face's Trainer) or `keras`, to pass to the trainer.

    The first two take the options of `watch`; the attribute `watch` is the running watch, and `model` may name the part
    of a Lightning module whose forward runs. For Keras it takes `inputs` and the options of `inspect`, inspects once an
    epoch, and has the last `diagnosis` and the `history`. With a path, the history is saved when training ends.

    Raises UsageError if the framework is unknown or not installed.
    """
    base = callback_base(framework)
    if framework == "keras" and "inputs" not in options:
        raise UsageError("a callback for keras needs inputs", "give inputs=, a few hundred from the data")
    body = {"lightning": _Lightning, "transformers": _Transformers, "keras": _Keras}[framework]
    return type(f"{framework.title()}Callback", (body, base), {})(path, options)


class _Training:
    """A watch from the start of training to its end, however it ends."""

    def __init__(self, path: str | None, options: dict[str, Any]) -> None:
        super().__init__()
        self.watch: Watch | None = None
        self._path, self._options = path, options
        self._stop: Callable[[], object] = lambda: None

    def _start(self, model: Any) -> None:
        self._stop()  # an earlier training may have ended in an error that its trainer did not report
        self.watch = watch(model, **self._options)
        self._stop = self.watch.at_failure = weakref.finalize(self, _ended, self.watch, self._path)
        self.watch.__enter__()

    def _check(self, way_out: str) -> None:
        """Called after each step, so that a watch that sees nothing fails at once, not at the end."""
        if self.watch is not None and not self.watch.steps:
            raise UsageError("the watched module was not called in a training step", way_out)


def _ended(watch: Watch, path: str | None) -> None:
    watch.__exit__()
    if path is not None and watch.history:
        watch.save(path)


class _Lightning(_Training):
    def __init__(self, path: str | None, options: dict[str, Any]) -> None:
        options = dict(options)
        self._part = options.pop("model", "")
        super().__init__(path, options)

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        try:
            part = pl_module.get_submodule(self._part)
        except AttributeError:
            raise UsageError(f"the module has no part {self._part!r}", _parts(pl_module)) from None
        self._start(part)

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        self._check(_parts(pl_module))

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        self._stop()

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        self._stop()


def _parts(module: Any) -> str:
    return f"model= names the part whose forward runs: {', '.join(name for name, _ in module.named_children())}"


class _Transformers(_Training):
    def on_train_begin(self, args: Any, state: Any, control: Any, model: Any = None, **more: Any) -> None:
        self._start(model)

    def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        self._check("a model compiled by torch.compile cannot be watched: train it uncompiled")

    def on_train_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        self._stop()


class _Keras:
    def __init__(self, path: str | None, options: dict[str, Any]) -> None:
        super().__init__()
        self.diagnosis: Diagnosis | None = None
        self.history: tuple[Step, ...] = ()
        self._path, self._options = path, options

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        model: Any = self.model  # type: ignore[attr-defined]  # Keras' own
        self.diagnosis = inspect(model, **self._options)
        self.history = (*self.history, Step(epoch, self.diagnosis.layers))

    def on_train_end(self, logs: Any = None) -> None:
        if self._path is not None and self.diagnosis is not None:
            saved(self._path, self.history, rule=bool(self.diagnosis.criteria.rule.checks))
