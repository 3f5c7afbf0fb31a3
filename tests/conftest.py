"""What all tests share: how much is tried, and the command line."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings

# As the command line does; read when numpy is loaded. More threads wait for each other, which takes CPU.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

pytest.register_assert_rewrite("support")
from support import frameworks, sweep  # noqa: E402
from support.run import Cli, Process  # noqa: E402

# Modules are compiled once, and not in every process that a test starts.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

settings.register_profile(
    "usual",
    deadline=None,
    derandomize=True,
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile("sweep", settings.get_profile("usual"), max_examples=300)
# For mutation tests, which ask only whether a test fails, not for its smallest example.
settings.register_profile("mutation", settings.get_profile("usual"), phases=(Phase.explicit, Phase.generate))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--sweep", action="store_true", help="run the tests of grids and drawn examples, on all of them")
    parser.addoption("--frameworks", action="store_true", help="run the tests that need PyTorch, Keras and so on alone")


def pytest_configure(config: pytest.Config) -> None:
    sweep.full = config.getoption("--sweep")
    settings.load_profile("sweep" if sweep.full else "usual")
    frameworks.alone = config.getoption("--frameworks")
    config.addinivalue_line("markers", "framework: needs a framework that is no dependency of the project")
    config.addinivalue_line("markers", "sweep: tries a part of a grid, and with --sweep all of it")
    config.addinivalue_line("markers", "exhaustive: runs with --sweep alone")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With --sweep only what tries more than in a usual run, with --frameworks only what needs one."""
    if sweep.full:
        _keep(config, items, _is_swept)
    else:
        _keep(config, items, lambda item: not _is_marked(item, "exhaustive"))
    if frameworks.alone:
        _keep(config, items, lambda item: _is_marked(item, "framework"))


def pytest_collection_finish() -> None:
    """Collections of garbage pass over all that is imported, a tenth of the time of the tests otherwise."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5000, 10, 10)


def _is_swept(item: Any) -> bool:
    return any(_is_marked(item, mark) for mark in ("sweep", "exhaustive")) or hasattr(item.function, "hypothesis")


def _is_marked(item: pytest.Item, mark: str) -> bool:
    return item.get_closest_marker(mark) is not None


def _keep(config: pytest.Config, items: list[pytest.Item], kept: Callable[[Any], bool]) -> None:
    config.hook.pytest_deselected(items=[item for item in items if not kept(item)])
    items[:] = [item for item in items if kept(item)]


@pytest.fixture(scope="session")
def cli() -> Cli:
    """The command line, in this process."""
    return Cli()


@pytest.fixture(scope="session")
def process() -> Process:
    """The command line in a process of its own: for streams, signals, the environment, and definitions."""
    return Process()
