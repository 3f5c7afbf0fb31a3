"""Runs over functions and seeds, on threads; the result does not depend on the number of threads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from threading import Event
from typing import TypeAlias

from actcli.activation import Array, Function
from actcli.errors import UsageError
from actcli.numerics.threads import Pool, default_threads
from actcli.training.activations import learnable
from actcli.training.loop import Trainer
from actcli.training.network import Network
from actcli.training.records import Data, Epoch, Run, Trained
from actcli.training.search import Search
from actcli.training.settings import Design, Recipe

Watch: TypeAlias = Callable[[Function, int, Epoch], None]  # called after every epoch, from any thread
_Job: TypeAlias = tuple[Function, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to try on some data. `weights` are arrays to start from, with their source."""

    functions: tuple[Function, ...]
    seeds: tuple[int, ...]
    design: Design
    recipe: Recipe
    search: Search
    threads: int | None = None
    weights: tuple[str, Mapping[str, Array]] | None = None


def _unwatched(function: Function, seed: int, epoch: Epoch) -> None:
    """Ignore the epoch."""


def run_all(data: Data, plan: Plan, watch: Watch = _unwatched) -> Trained:
    """Train every function from every seed; after an interrupt, return the finished runs.

    Raises UsageError or DataError before any training if a function does not fit the network.
    """
    if plan.design.learn != "none" and not any(map(learnable, plan.functions)):
        raise UsageError("none of the functions has a parameter to learn", "name one that does, such as prelu or elu")
    if plan.design.normalize == "batch" and min(plan.recipe.batch, len(data.train)) < 2:
        hint = "use larger batches, or normalise over the layer"
        raise UsageError("a batch of one row has no variance to normalise by", hint)
    candidates = plan.search.candidates(plan.functions, plan.seeds[0])
    for function in dict.fromkeys(candidates):
        Network(len(data.features), data.train.targets.shape[1], function, plan.design)
    experiment = _Experiment(data, plan, watch)
    runs = experiment.climb(candidates)
    whole = sum(bool(run.ended) or run.epochs[-1].epoch == plan.recipe.epochs for run in runs)
    return Trained(
        data=data,
        design=plan.design,
        recipe=plan.recipe,
        functions=tuple(function for function in candidates if any(run.function == function for run in runs)),
        seeds=plan.seeds,
        runs=tuple(runs),
        probe_rows=experiment.probe_rows,
        searched=len(candidates) > len(plan.functions),
        unfinished=len(candidates) * len(plan.seeds) - whole,
    )


class _Experiment:
    def __init__(self, data: Data, plan: Plan, watch: Watch) -> None:
        self._data, self._plan, self._watch = data, plan, watch
        self._stop = Event()
        self._trainers: dict[_Job, Trainer] = {}
        self._runs: dict[_Job, Run] = {}
        self.probe_rows = 0

    def climb(self, candidates: Sequence[Function]) -> list[Run]:
        """Train up the rungs, each with the better half from the one before; the others keep their epochs so far."""
        rungs = self._plan.search.rungs(len(candidates), self._plan.recipe.epochs)
        alive = list(candidates)
        for place, epochs in enumerate(rungs):
            last = place + 1 == len(rungs)
            # Seed by seed, so that after an interrupt all functions have about the same number of runs.
            finished = self._together([(f, seed) for seed in self._plan.seeds for f in alive], epochs, keep=not last)
            if not finished:
                break
            if not last:
                ranked = sorted(alive, key=self._rank)
                kept = ranked[: (len(alive) + 1) // 2]
                for function in ranked[len(kept) :]:
                    self._drop(function, epochs)
                alive = [function for function in alive if function in kept]
        jobs = [(function, seed) for function in candidates for seed in self._plan.seeds]
        return [self._runs[job] for job in jobs if job in self._runs]

    def _together(self, jobs: Sequence[_Job], epochs: int, *, keep: bool) -> bool:
        """Run the jobs on threads; return whether all of them finished."""
        pool = Pool(self._plan.threads or default_threads())
        try:
            pending: list[Future[None]] = [pool.submit(partial(self._train, job, epochs, keep=keep)) for job in jobs]
            for future in pending:
                future.result()
        except KeyboardInterrupt:
            self._stop.set()
        except BaseException:
            self._stop.set()
            raise
        finally:
            pool.shutdown(cancel_futures=True)
        return not self._stop.is_set()

    def _train(self, job: _Job, epochs: int, *, keep: bool) -> None:
        plan, (function, seed) = self._plan, job
        trainer = self._trainers.pop(job, None) or Trainer(
            self._data, function, seed, plan.design, plan.recipe, plan.weights
        )
        self.probe_rows = len(trainer.probed)
        if not trainer.until(epochs, partial(self._each, function, seed)):
            return
        self._runs[job] = trainer.result()
        if keep:
            self._trainers[job] = trainer

    def _each(self, function: Function, seed: int, epoch: Epoch) -> bool:
        self._watch(function, seed, epoch)
        return not self._stop.is_set()

    def _rank(self, function: Function) -> tuple[float, float]:
        runs = [self._runs[function, seed] for seed in self._plan.seeds]
        return -sum(run.scores.quality for run in runs), sum(run.scores.loss for run in runs)

    def _drop(self, function: Function, epochs: int) -> None:
        for seed in self._plan.seeds:
            run = self._runs[function, seed]
            self._runs[function, seed] = replace(run, ended=run.ended or f"left behind by halving after epoch {epochs}")
            self._trainers.pop((function, seed), None)
