"""Work on a Dask cluster as on threads: workers map units of work and merge the results in a tree. The only file that
knows `distributed`."""

from __future__ import annotations

import logging
import os
import re
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from itertools import islice
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

from actcli import __version__
from actcli.errors import ActcliError, DataError, UsageError
from actcli.numerics.threads import Pool

U = TypeVar("U")
R = TypeVar("R")

_ADDRESS = re.compile(r"(tcp|tls|ws|wss|ucx|inproc)://.+:\d+/?")
_LOCAL = re.compile(r"local(?::([1-9]\d{0,3}))?")
FAN = 16  # results that are merged at once
AHEAD = 4  # units under way per worker thread, so that a thread never waits for the next one
CONNECT, ALONE = 10.0, 60.0  # seconds to wait for a scheduler, and for a worker if there is none
ROOT = -1  # stands for a whole job in place of the number of a unit
SAME = "install the same versions on all machines"
_LOGGING = ("distributed", "tornado", "asyncio")  # prefixes of loggers


class UnitError(Exception):
    """The failure of one unit of a job."""

    def __init__(self, job: int, unit: int, error: Exception) -> None:
        super().__init__(str(error))
        self.job, self.unit, self.error = job, unit, error


@dataclass(slots=True)
class _Tree:
    """The results of a job: each level holds results that are not yet merged into one of the next level."""

    merge: Callable[[list[Any]], Any]
    levels: list[list[Any]] = field(default_factory=list)

    def add(self, result: Any, level: int = 0) -> None:
        if level == len(self.levels):
            self.levels.append([])
        self.levels[level].append(result)
        if len(self.levels[level]) == FAN:
            merged = self.merge(self.levels[level])
            self.levels[level] = []
            self.add(merged, level + 1)

    def root(self) -> Any:
        """All results merged, in order: higher levels hold the earlier ones."""
        rest: list[Any] = []
        for level in self.levels:
            rest = [*level, *([self.merge(rest)] if len(rest) > 1 else rest)]
        return self.merge(rest)


@dataclass(frozen=True, slots=True)
class Done:
    """A unit of a job is done."""

    job: int
    unit: int


@dataclass(frozen=True, slots=True)
class Merged(Generic[R]):
    """All units of a job are done, and their results merged."""

    job: int
    result: R


class Cluster:
    """A Dask scheduler and its workers, all with the versions of this process.

    A task is a function of this package, by name, and plain data; `distributed` pickles these and the results, as its
    protocol does. The work of a worker that dies is repeated by another one.
    """

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connect = connect
        self._versions = versions()

    @cached_property
    def _client(self) -> Any:
        return self._connect()

    def run(self, work: Callable[[U], R], unit: U) -> R:
        """Run `work` on one unit, on a worker. Raises what `work` raises."""
        found: R = self._submitted(work, unit).result()
        return found

    def reduced(
        self, work: Callable[[U], R], merge: Callable[[list[R]], R], jobs: Sequence[Sequence[U]]
    ) -> Iterator[Done | Merged[R]]:
        """Run `work` on the units of each job and merge the results in order, whatever the number of workers. Yields
        Done for each unit, then Merged for the job. Raises UnitError for the first unit that fails."""
        running = _Running()
        trees = [_Tree(partial(self._submitted, merge, priority=1)) for _ in jobs]
        left = [len(units) for units in jobs]
        units = ((job, number, unit) for job, own in enumerate(jobs) for number, unit in enumerate(own))
        failed: UnitError | None = None
        window = 0
        try:
            while any(left) or running.places:
                if failed is None and len(running.places) <= window // 2:
                    window = self._window()
                    for job, number, unit in islice(units, window - len(running.places)):
                        future = self._submitted(work, unit)
                        running.add(future, job, number)
                        trees[job].add(future)
                elif failed is not None and not running.before(failed):
                    break
                job, number, future = running.next(self._check)
                if future.status != "finished":
                    failed = _first(failed, UnitError(job, number, self._error(future)))
                elif number == ROOT:
                    yield Merged(job, future.result())
                else:
                    left[job] -= 1
                    if not left[job]:
                        running.add(trees[job].root(), job, ROOT)
                    yield Done(job, number)
        finally:
            running.cancel(self._client)
        if failed is not None:
            raise failed

    def _submitted(self, work: Callable[[U], R], unit: U, priority: int = 0) -> Any:
        return self._client.submit(_run, self._versions, work, unit, pure=False, priority=priority)

    def _window(self) -> int:
        """The number of units to keep under way."""
        threads: dict[str, int] = self._client.nthreads()
        return AHEAD * max(4, sum(threads.values()))

    def _check(self) -> None:
        """Raises DataError if no more results can come."""
        if self._client.status != "running":
            raise DataError("the connection to the Dask scheduler is lost", "is it still running?")
        try:
            if not self._client.nthreads():
                self._client.wait_for_workers(1, timeout=ALONE)
        except TimeoutError:
            raise DataError(f"no Dask worker is left, and none has joined for {ALONE:g} s", "start more") from None
        except OSError as error:
            raise DataError(f"the connection to the Dask scheduler is lost: {error}") from None

    def _error(self, future: Any) -> Exception:
        """Our error for a task that failed."""
        if future.status == "cancelled":
            return DataError("the connection to the Dask scheduler is lost", "is it still running?")
        error = future.exception()
        if isinstance(error, ActcliError):
            return error
        if type(error).__name__ == "KilledWorker":
            what = "every worker that was given a certain piece of work has died"
            return DataError(what, "do they have enough memory? Their logs say why")
        return DataError(f"a worker failed: {type(error).__name__}: {str(error).partition(chr(10))[0]}")


class _Running:
    """Tasks under way, returned in the order in which they finish."""

    def __init__(self) -> None:
        self.places: dict[str, tuple[int, int]] = {}
        self._futures: dict[str, Any] = {}
        self._done: SimpleQueue[Any] = SimpleQueue()

    def add(self, future: Any, job: int, number: int) -> None:
        self.places[future.key] = job, number
        self._futures[future.key] = future
        future.add_done_callback(self._done.put)

    def next(self, check: Callable[[], None]) -> tuple[int, int, Any]:
        while True:
            try:
                future = self._done.get(timeout=1.0)
            except Empty:
                check()
                continue
            del self._futures[future.key]
            return *self.places.pop(future.key), future

    def before(self, failed: UnitError) -> bool:
        """Whether an earlier unit is still under way, which may fail too."""
        return any(place < (failed.job, failed.unit) for place in self.places.values())

    def cancel(self, client: Any) -> None:
        if self._futures:
            client.cancel([*self._futures.values()], force=True)


def _first(one: UnitError | None, other: UnitError) -> UnitError:
    return other if one is None or (other.job, other.unit) < (one.job, one.unit) else one


def _run(expected: dict[str, str], work: Callable[[U], R], unit: U) -> R:
    """Run on a worker. Versions are checked each time: the worker may have joined later."""
    if (odd := _difference(expected, versions())) is not None:
        raise DataError(f"a worker {odd}", SAME)
    return work(unit)


@cache
def versions() -> dict[str, str]:
    """The versions that must agree everywhere for equal results."""
    from importlib.metadata import version

    return {"actcli": __version__, **{name: version(name) for name in ("numpy", "polars", "distributed")}}


def _difference(expected: dict[str, str], found: dict[str, str]) -> str | None:
    odd = (name for name in expected if expected[name] != found.get(name))
    name = next(odd, None)
    if name is None:
        return None
    return f"has {name} {found[name]}, not {expected[name]} as here" if name in found else f"does not have {name}"


@contextmanager
def connected(address: str) -> Iterator[Cluster]:
    """The cluster of a scheduler; for `local` or `local:N`, a cluster of processes on this machine, which end with it.
    The connection is made on first use."""
    local = _LOCAL.fullmatch(address)
    if not local and not _ADDRESS.fullmatch(address):
        raise UsageError(f"--dask {address}: not the address of a scheduler", "write tcp://HOST:8786, local or local:4")
    try:
        import distributed
    except ImportError:
        raise UsageError("--dask needs distributed, which is not installed", "pip install 'actcli[dask]'") from None
    with _quiet(), ExitStack() as stack:

        def connect() -> Any:
            own = None
            if local:
                count = int(local[1] or os.cpu_count() or 1)
                own = stack.enter_context(_shielded(partial(_processes, distributed, count)))
            try:
                client = distributed.Client(own or address, timeout=CONNECT, set_as_default=False)
            except (OSError, ValueError) as error:
                what = f"{address}: no Dask scheduler answers: {str(error).partition(chr(10))[0]}"
                raise DataError(what, "`dask scheduler` starts one") from None
            _check_workers(stack.enter_context(client), address)
            return client

        yield Cluster(connect)


def _shielded(start: Callable[[], R]) -> R:
    """Run `start` in a thread that ignores Ctrl-C, so that the processes it starts do too: Ctrl-C ends this process,
    which then ends them."""

    def run() -> R:
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        return start()

    with Pool(1) as pool:
        return pool.submit(run).result()


def _processes(distributed: Any, count: int) -> Any:
    return distributed.LocalCluster(
        n_workers=count,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        memory_limit=None,  # our memory use is constant
        dashboard_address="127.0.0.1:0",  # the default listens on all interfaces
        worker_dashboard_address="127.0.0.1:0",
        silence_logs=logging.CRITICAL,
        env={"POLARS_MAX_THREADS": "1"},  # the default is one thread per processor, in each process
    )


def _check_workers(client: Any, address: str) -> None:
    """Raises DataError if there are no workers, or one with other versions."""
    try:
        client.wait_for_workers(1, timeout=CONNECT)
    except TimeoutError:
        raise DataError(f"{address}: the scheduler has no workers", f"`dask worker {address}` starts one") from None
    for worker, found in sorted(client.run(versions, on_error="return").items()):
        odd = f"lacks this actcli: {found}" if isinstance(found, BaseException) else _difference(versions(), found)
        if odd is not None:
            raise DataError(f"{address}: the worker {worker} {odd}", SAME)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the logging of the libraries: what matters becomes one of our errors."""
    loggers = [each for name, each in logging.root.manager.loggerDict.items() if name.startswith(_LOGGING)]
    found = [each for each in loggers if isinstance(each, logging.Logger)]
    before = [each.level for each in found]
    for each in found:
        each.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for each, level in zip(found, before, strict=True):
            each.setLevel(level)
