"""Writes testcases.txt: reference values of every elementwise function of the registry, made by mpmath.

python tests/functions/reference.py
"""

from __future__ import annotations

import sys
from pathlib import Path

import mpmath

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from support.accuracy import ELEMENTWISE, truth

HEAD = """\
-- Reference values of the elementwise activations at their default parameters.
--
-- Made by reference.py: the formula that each declaration states, evaluated and differentiated by mpmath with so many
-- digits that 50 are good, and written with 20. Nothing of actcli's own arithmetic is in them.
--
-- Each line is
--
--     id function quantity input -> expected
--
-- where quantity is f, df, d2f, or the name of a parameter for the derivative by it; input is the repr of a double.
-- A blank line and lines that start with -- mean nothing. The tests allow 4 ulp (8 where a constant multiplies x inside
-- an exponential; see support/accuracy.py for the rule near a change of sign).
"""

GROUPS = {
    "special values": [0.0, 5e-324, -5e-324, 1e-310, -1e-310],
    "tiny": [1e-20, -1e-20, 1e-8, -1e-8, 1e-3, -1e-3],
    "the curved part": [0.1, -0.1, 0.7, -0.7, 1.3, -1.3, 2.5, -2.5, 4.9, -4.9, 8.0, -8.0],
    "where frameworks lose digits": [15.5, -15.5, 19.5, -19.5, 37.5, -37.5, 39.0, -39.0, 100.0, -100.0, 372.9, -372.9],
    "the ends of exp": [709.5, -709.5, 720.3, -720.3, 745.1, -745.1],
    "huge": [1e5, -1e5, 1e155, -1e155, 1.7976931348623157e308, -1.7976931348623157e308],
}


def lines() -> list[str]:
    text = [HEAD]
    for activation in ELEMENTWISE:
        function = activation.bind()
        low, high = activation.domain
        if activation.window is not None:
            low, high = -(2.0**20), 2.0**20
        number = 0
        for group, numbers in GROUPS.items():
            text.append(f"-- {activation.name}: {group}")
            for x in numbers:
                if x in function.breaks or not low < x < high:
                    continue
                for quantity in ("f", "df", "d2f", *function.parameters):
                    number += 1
                    with mpmath.workdps(60):
                        expected = mpmath.nstr(truth(function, quantity, x), 20, min_fixed=-3, max_fixed=6)
                    text.append(f"{activation.name}{number:04} {activation.name} {quantity} {x!r} -> {expected}")
            text.append("")
    return text


if __name__ == "__main__":
    Path(__file__).with_name("testcases.txt").write_text("\n".join(lines()))
