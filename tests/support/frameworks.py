"""Frameworks whose models are run in tests, which are no dependencies: those tests are a run of their own in CI."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest

alone = False  # --frameworks is given: set by conftest.py, before any test module is imported
marked = pytest.mark.framework


def need(name: str) -> None:
    """Where the framework is not installed, the test, or the module of tests, is skipped; with --frameworks it
    fails."""
    if find_spec(name) is None and not alone:
        pytest.skip(f"{name} is not installed: see --frameworks", allow_module_level=True)


def framework(name: str) -> Any:
    """The module, where its framework is installed."""
    need(name.partition(".")[0])
    return import_module(name)
