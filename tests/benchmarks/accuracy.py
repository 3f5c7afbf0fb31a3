"""The largest error of f, f', f'' and the parameter derivatives of every elementwise function, in ulp, against mpmath.

    python tests/benchmarks/accuracy.py [POINTS]

Points are drawn over all magnitudes of both signs, the curved part and beside the breaks, as in test_accuracy.py, only
more of them. Near a change of sign the unit is that of the largest value within a factor of 1.5 of x.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from test_accuracy import ELEMENTWISE, WIDER, computed, error, points

from actcli.activation import Function


def more_points(function: Function, count: int) -> np.ndarray:
    rng = np.random.default_rng(7)
    drawn = [
        *(sign * 10.0 ** rng.uniform(-320, 308, count // 8) for sign in (-1, 1)),
        *(sign * 10.0 ** rng.uniform(-8, 3, count // 8) for sign in (-1, 1)),
        rng.uniform(-5, 5, count // 4),
        rng.uniform(-40, 40, count // 4),
    ]
    return np.setdiff1d(np.concatenate([points(function), *drawn]), function.breaks)


def main(count: int) -> None:
    print(f"{'function':14}{'quantity':>16}{'ulp':>8}   at x")
    for activation in ELEMENTWISE:
        function = activation.bind()
        x = more_points(function, count)
        for quantity in ("f", "df", "d2f", *function.parameters):
            values = computed(function, quantity, x)
            allowed = WIDER.get(function.name, 4.0)
            errors = [
                error(function, quantity, a, v, allowed) for a, v in zip(x.tolist(), values.tolist(), strict=True)
            ]
            worst = int(np.argmax(errors))
            name = quantity if quantity in ("f", "df", "d2f") else f"df/d{quantity}"
            print(f"{function.name:14}{name:>16}{errors[worst]:8.2f}   {x[worst]:.6g}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
