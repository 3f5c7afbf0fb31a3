"""Means with their intervals."""

from __future__ import annotations

import pytest

from actcli.numerics.student import Mean, quantile


@pytest.mark.parametrize("rows", [[1, 2, -3], [7, -5, -1, -1], [2, -2], [0, 0, 0]])
def test_steps_that_cancel_leave_nothing(rows: list[int]) -> None:
    """Rounded accuracies on 360 rows, whose differences sum to exactly 0 rows."""
    differences = [(300 + k) / 360 - 300 / 360 for k in rows]
    mean = Mean.of(differences, step=1 / 360)
    assert mean is not None
    assert mean.mean == 0.0
    assert mean.low == -mean.high  # type: ignore[operator]


def test_student() -> None:
    """Quantiles from the tables of Fisher and Yates, and the interval of the mean of 1 to 5."""
    assert [round(quantile(n), 3) for n in (1, 2, 3, 4, 9, 30, 100)] == [
        12.706,
        4.303,
        3.182,
        2.776,
        2.262,
        2.042,
        1.984,
    ]
    assert quantile(10**5) == pytest.approx(1.959988, abs=2e-6)
    mean = Mean.of([1.0, 2.0, 3.0, 4.0, 5.0])
    assert mean is not None
    assert (mean.low, mean.high) == pytest.approx((1.0368, 4.9632), abs=1e-4)
    assert mean.sign == 1
    for rows, sign in ((1, 0), (2, 0), (3, 1)):  # 4.303 / sqrt(3) = 2.48 rows, though the three values are equal
        equal = Mean.of([rows / 359] * 3, step=1 / 359)
        assert equal is not None
        assert equal.sign == sign
    unclear = Mean.of([1.0, -1.0, 2.0])
    assert unclear is not None
    n = unclear.values_to_tell
    assert n is not None
    assert (
        quantile(n - 1) * unclear.deviation / n**0.5
        < unclear.mean
        < quantile(n - 2) * unclear.deviation / (n - 1) ** 0.5
    )
