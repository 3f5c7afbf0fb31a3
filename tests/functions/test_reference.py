"""The checked-in table of reference values, and numbers that Hypothesis draws, for every elementwise function."""

from __future__ import annotations

from pathlib import Path

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support.accuracy import ALL, ELEMENTWISE, WIDER, computed, error
from support.oracle import ulps

from actcli.registry import specs

TABLE = Path(__file__).with_name("testcases.txt")


def cases() -> dict[str, list[tuple[str, str, float, str]]]:
    """By function: id, quantity, input and expected value."""
    found: dict[str, list[tuple[str, str, float, str]]] = {}
    for line in TABLE.read_text().splitlines():
        if line and not line.startswith("--"):
            left, _, expected = line.partition(" -> ")
            name, function, quantity, x = left.split()
            found.setdefault(function, []).append((name, quantity, float(x), expected))
    return found


CASES = cases()


@pytest.mark.parametrize("name", [activation.name for activation in ELEMENTWISE])
def test_reference_values(name: str) -> None:
    """Every line of the table, each bad one printed with its error in ulp."""
    assert name in CASES, "write the table anew with python tests/functions/reference.py"
    function = specs.get(name)
    allowed = WIDER.get(name, 4.0)
    bad = []
    for case, quantity, x, expected in CASES[name]:
        value = float(computed(function, quantity, np.array([x]))[0])
        with mpmath.workdps(60):
            off = ulps(value, mpmath.mpf(expected))
        if off > allowed and error(function, quantity, x, value, allowed) > allowed:
            bad.append(f"{case} {quantity}({x!r}) = {value!r}, expected {expected}: {off:.3g} ulp")
    assert not bad, "\n".join(bad)


@given(st.sampled_from(ALL), st.data(), st.sampled_from(["f", "df", "d2f"]))
def test_drawn_numbers(function, data, quantity) -> None:  # type: ignore[no-untyped-def]
    """Any double within the domain, of any magnitude."""
    low, high = function.activation.domain
    if function.activation.window is not None:
        high = 2.0**20 / max(1.0, *(abs(value) for value in function.parameters.values()), 1.0)
        low = -high
    x = data.draw(st.floats(max(low, -1.7e308), min(high, 1.7e308)) | st.floats(max(low, -50.0), min(high, 50.0)))
    assume(low < x < high and x not in function.breaks)
    allowed = WIDER.get(function.name, 4.0)
    value = float(computed(function, quantity, np.array([x]))[0])
    assert error(function, quantity, x, value, allowed) <= allowed
