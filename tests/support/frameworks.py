"""Frameworks whose models tests run. They are not dependencies: these tests are a separate run in CI."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest

alone = False  # --frameworks is given: set by conftest.py, before any test module is imported
marked = pytest.mark.framework


def need(name: str) -> None:
    """Skip the test or module of tests if the framework is not installed; with --frameworks, fail instead."""
    if find_spec(name) is None and not alone:
        pytest.skip(f"{name} is not installed: see --frameworks", allow_module_level=True)


def framework(name: str) -> Any:
    """The module, if its framework is installed."""
    need(name.partition(".")[0])
    return import_module(name)
