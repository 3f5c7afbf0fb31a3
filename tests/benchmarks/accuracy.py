"""The largest error in ulp, against mpmath, of actcli, PyTorch and JAX on the same points in one run.

    pip install -e '.[test,benchmark]'
    python tests/benchmarks/accuracy.py [POINTS]          f and df of every function that PyTorch or JAX also has
    python tests/benchmarks/accuracy.py --all [POINTS]    f, df, d2f and each parameter derivative, actcli alone

A framework's function is compared with the declaration that its dialect names, at that framework's defaults; df comes
from the framework's automatic differentiation. The points have all magnitudes and both signs, including infinities,
points in the curved part and points beside the breaks; for float32 they are float32 numbers, and so is the unit. Where
the true value changes sign within a factor of 1.5 of x, the unit is that of the largest true value in that
neighbourhood. All three are treated alike. A result that is NaN, or infinite where the truth is finite, is shown with
its x.

JAX treats subnormal numbers as 0 and returns 0 for them, so relu'(1e-310) alone is off by 1e15 ulp, which would hide
nearly every other error of JAX. The errors at a subnormal x or true value are therefore reported, for all three, in the
line below each table.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import math
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from mpmath import mp, mpf

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from support import sweep
from support.accuracy import ELEMENTWISE, WIDER, computed, error, points, truth
from support.oracle import evaluate
from support.rows import ROWS

from actcli.activation import Activation, Dialect, Function
from actcli.registry.collection import ACTIVATIONS

sweep.full = True
FRAMEWORKS = {"pytorch": "PyTorch", "jax": "JAX"}
INSTALL = "To compare: pip install -e '.[test,benchmark]'"

Results = tuple[np.ndarray, np.ndarray]
Evaluation = Callable[[np.ndarray], Results]


# -- points -----------------------------------------------------------------------------------------------------------


def more_points(function: Function, count: int) -> np.ndarray:
    """The points of the tests and `count` more, within the domain and the window."""
    rng = np.random.default_rng(7)
    drawn = [
        *(sign * 10.0 ** rng.uniform(-320, 308, count // 8) for sign in (-1, 1)),
        *(sign * 10.0 ** rng.uniform(-8, 3, count // 8) for sign in (-1, 1)),
        rng.uniform(-5, 5, count // 4),
        rng.uniform(-40, 40, count // 4),
    ]
    known = points(function)
    inside = [part[(part >= known.min()) & (part <= known.max())] for part in drawn]
    return np.setdiff1d(np.concatenate([known, *inside]), function.breaks)


def points_of(function: Function, count: int, kind: type) -> np.ndarray:
    """The points as numbers of type `kind`, and the infinities where f has a limit."""
    x = more_points(function, count)
    ends = [end for end, limit in zip((-math.inf, math.inf), function.limits or (), strict=True) if limit == limit]
    if kind is np.float64:
        return np.concatenate([x, ends])
    rng = np.random.default_rng(11)
    x = np.concatenate([x, *(sign * 10.0 ** rng.uniform(-45, 38.5, count // 8) for sign in (-1, 1))])
    breaks = np.array(function.breaks, dtype=np.float32)
    beside = [np.nextafter(breaks, np.float32(side)) for side in (-math.inf, math.inf)]
    known = points(function)
    with np.errstate(over="ignore", under="ignore"):
        narrow = np.unique(np.concatenate([x.astype(np.float32), *beside]))
    inside = np.isfinite(narrow) & (narrow >= known.min()) & (narrow <= known.max())
    return np.concatenate([np.setdiff1d(narrow[inside], breaks), np.array(ends, dtype=np.float32)])


# -- the truth and the distance from it -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Truth:
    """True values as the nearest double (infinite beyond the range), and the difference from it in units of `unit`."""

    nearest: np.ndarray
    rest: np.ndarray
    unit: np.ndarray

    def __getitem__(self, chosen: np.ndarray) -> Truth:
        return Truth(self.nearest[chosen], self.rest[chosen], self.unit[chosen])

    def errors(self, results: np.ndarray) -> np.ndarray:
        """The error of each result in units; infinite if only the result or only the truth is NaN or infinite."""
        # A long double, as the unit may be 2^-1074.
        with np.errstate(all="ignore"):
            off = np.abs((np.longdouble(results) - self.nearest) / self.unit - self.rest)
        same = np.isinf(self.nearest) & (results == self.nearest)
        return np.where(same, 0.0, np.where(np.isfinite(off), off, np.longdouble(math.inf)))


def _units(nearest: np.ndarray, kind: type) -> np.ndarray:
    with np.errstate(over="ignore", invalid="ignore"):
        unit = np.spacing(np.abs(nearest).astype(kind)).astype(np.float64)
    return np.where(np.isfinite(unit), unit, math.inf)


def truth_of(values: list[Any], kind: type) -> Truth:
    largest = mpf(float(np.finfo(kind).max))
    nearest, rest = [], []
    with mp.workdps(60):
        values = [mpf(value) for value in values]
        for value in values:
            # Half a unit beyond the largest number rounds to infinity.
            beyond = mp.isinf(value) or abs(value) >= largest * (1 + mpf(2) ** -(np.finfo(kind).nmant + 2))
            nearest.append(math.copysign(math.inf, value) if beyond else float(value))
        unit = _units(np.array(nearest), kind)
        for value, near, u in zip(values, nearest, unit, strict=True):
            rest.append(float((value - mpf(near)) / mpf(float(u))) if math.isfinite(near) else 0.0)
    return Truth(np.array(nearest), np.array(rest), unit)


@cache
def jet(function: Function, x: float) -> Any:
    return evaluate(function.activation.formula, x, function.parameters)


def exact(function: Function, quantity: str, x: float) -> Any:
    """The true value; at the infinities the limit, for df as read at 1e300."""
    if math.isfinite(x):
        return getattr(jet(function, x), "v" if quantity == "f" else "d1")
    if quantity == "f":
        return mpf(function.limits[x > 0])
    value = jet(function, math.copysign(1e300, x)).d1
    return mpf(0) if abs(value) < 1e-140 else value * mp.inf if abs(value) > 1e140 else mpf(float(value))


@cache
def widest_unit(function: Function, quantity: str, x: float, kind: type) -> float:
    """The unit if the true value changes sign nearby, else 0, as in `support.accuracy.error`."""
    near = [truth(function, quantity, x * factor) for factor in np.geomspace(1 / 1.5, 1.5, 13).tolist()]
    unit = 0.0
    if min(near) < 0 < max(near):
        unit = float(_units(np.array([float(max(abs(value) for value in near))]), kind)[0])
    for b in function.breaks:
        ulp = float(np.spacing(kind(abs(b))))
        if quantity == "f" and abs(x - b) <= 4 * ulp:
            unit = max(unit, ulp * max(1.0, abs(function.df(x))))
    return unit


# -- the frameworks ---------------------------------------------------------------------------------------------------


def find(dialect: Dialect) -> Any:
    """The callable that a dialect names, such as `torch.nn.GELU(approximate='tanh')`; None if it is not installed."""
    try:
        tree = ast.parse(dialect.name, mode="eval").body
        options: dict[str, Any] = {}
        if isinstance(tree, ast.Call):
            options = {word.arg: ast.literal_eval(word.value) for word in tree.keywords if word.arg}
            tree = tree.func
        path = ast.unparse(tree).split(".")
        found = importlib.import_module(path[0])
        for depth, part in enumerate(path[1:], 2):
            if not hasattr(found, part):
                importlib.import_module(".".join(path[:depth]))
            found = getattr(found, part)
    except (SyntaxError, ValueError, ImportError, AttributeError):
        return None
    if isinstance(found, type):
        try:
            return found(**options)
        except TypeError:  # parameters without defaults
            settings = {theirs: dialect.defaults.get(ours) for theirs, ours in dialect.spelling.items()}
            try:
                return found(**settings, **options)
            except TypeError:
                return None
    return (lambda x: found(x, **options)) if options else found


def by_torch(call: Any, rows: bool) -> Evaluation:
    import torch

    def evaluation(x: np.ndarray) -> Results:
        function = call
        if isinstance(call, torch.nn.Module):
            function = call.to(torch.float64 if x.dtype == np.float64 else torch.float32).eval()
        given = torch.from_numpy(x.copy()).requires_grad_()
        if rows:

            def along(row: torch.Tensor) -> torch.Tensor:
                try:
                    return torch.atleast_1d(function(row))
                except TypeError:
                    return torch.atleast_1d(function(row, dim=-1))

            matrix = torch.autograd.functional.jacobian(along, given)
            return along(given).detach().numpy(), _own(matrix.numpy())
        f = function(given)
        f.sum().backward()
        return f.detach().numpy(), given.grad.numpy()

    return evaluation


def by_jax(call: Any, rows: bool) -> Evaluation:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def evaluation(x: np.ndarray) -> Results:
        given = jnp.asarray(x)
        if rows:
            matrix = jax.jacobian(lambda row: jnp.atleast_1d(call(row)))(given)
            return np.atleast_1d(np.asarray(call(given))), _own(np.asarray(matrix))
        f, backward = jax.vjp(call, given)
        return np.asarray(f), np.asarray(backward(jnp.ones_like(f))[0])

    return evaluation


def by_actcli(function: Function) -> Evaluation:
    def evaluation(x: np.ndarray) -> Results:
        with np.errstate(over="ignore", under="ignore"):
            f, df = (np.atleast_1d(value).astype(x.dtype) for value in (function.f(x), function.df(x)))
        return f, df

    return evaluation


def _own(matrix: np.ndarray) -> np.ndarray:
    """For each input, the derivative of its own output."""
    return np.array([matrix[j % len(matrix), j] for j in range(matrix.shape[1])])


ADAPTERS = {"pytorch": by_torch, "jax": by_jax}


def calls(activation: Activation) -> dict[Function, dict[str, Evaluation | None]]:
    """For each setting of the parameters, the first callable of each framework; None if that is not installed."""
    found: dict[Function, dict[str, Evaluation | None]] = {}
    labels: dict[str, Function] = {}
    for dialect in activation.dialects:
        if dialect.framework not in FRAMEWORKS:
            continue
        function = activation.bind(dialect.defaults)
        function = labels.setdefault(function.label, function)
        mine = found.setdefault(function, {})
        if mine.get(dialect.framework) is None:
            call = find(dialect) if dialect.framework in installed() else None
            rows = activation.kind != "elementwise"
            mine[dialect.framework] = ADAPTERS[dialect.framework](call, rows) if callable(call) else None
    return found


@cache
def installed() -> frozenset[str]:
    present = set()
    for framework, module in (("pytorch", "torch"), ("jax", "jax")):
        try:
            importlib.import_module(module)
        except ImportError:
            continue
        present.add(framework)
    return frozenset(present)


# -- the table --------------------------------------------------------------------------------------------------------


@dataclass
class Cell:
    """The largest error of one tool in one quantity of one function."""

    worst: Any = 0.0
    at_infinity: str = ""
    at_number: str = ""

    def __str__(self) -> str:
        return self.at_number or ", ".join(filter(None, (ulps_shown(self.worst), self.at_infinity)))


Cells = dict[str, tuple[Cell, Cell]]


def ulps_shown(error: Any) -> str:
    if np.isinf(error):
        return "nan or inf"
    if error < 999.5:
        return f"{float(error):.1f}" if error else "0"
    return f"1e{round(float(np.log10(error)))}"


def cell(function: Function, quantity: str, x: np.ndarray, values: Truth, results: np.ndarray) -> Cell:
    """The cell of a table. The wider unit near a sign change is computed only where it could matter."""
    errors = values.errors(results)
    found = Cell()
    failed = np.isinf(errors)
    for place in np.flatnonzero(failed)[np.argsort(-np.abs(x[failed]))]:
        text = f"{results[place]:.2g} at {x[place]:.3g}"
        if np.isinf(x[place]):
            found.at_infinity = text
        else:  # the last one is nearest to 0
            found.at_number = text
    errors = np.where(failed, 0.0, errors)
    for place in np.argsort(errors)[::-1]:
        error = errors[place]
        if error <= found.worst:
            break
        number = float(x[place])
        if error > WIDER.get(function.name, 4.0) and math.isfinite(number):
            unit = widest_unit(function, quantity, number, x.dtype.type)
            error = min(error, error * values.unit[place] / unit) if unit else error
        found.worst = max(found.worst, error)
    return found


def elementwise(
    function: Function, tools: dict[str, Evaluation], count: int, kind: type, subnormal: dict[str, Any]
) -> Cells:
    """Cells for f and df of each tool; the largest error at subnormal numbers goes to `subnormal`."""
    x = points_of(function, count, kind)
    tiny = np.finfo(kind).tiny
    results = {tool: call(x) for tool, call in tools.items()}
    cells: dict[str, list[Cell]] = {tool: [] for tool in tools}
    for place, quantity in enumerate(("f", "df")):
        values = truth_of([exact(function, quantity, number) for number in x.astype(float).tolist()], kind)
        small = (x != 0) & (np.abs(x) < tiny) | (np.abs(values.nearest) < tiny) & (values.rest != 0)
        small |= (values.nearest != 0) & (np.abs(values.nearest) < tiny)
        for tool in tools:
            mine = results[tool][place]
            cells[tool].append(cell(function, quantity, x[~small], values[~small], mine[~small]))
            subnormal[tool] = max([subnormal.get(tool, np.longdouble(0.0)), *values[small].errors(mine[small])])
            middle = (np.abs(x) >= 0.5) & (np.abs(x) <= 2.0)
            if middle.any() and np.median(values[middle].errors(mine[middle])) > 1e12:
                print(f"{tool} computes another {quantity} than {function.label}: see its dialect", file=sys.stderr)
    return {tool: (pair[0], pair[1]) for tool, pair in cells.items()}


def some_rows(kind: type, even: bool) -> Iterator[np.ndarray]:
    """The rows of test_accuracy.py with more than one entry (a constant 1 has no error to measure), and random rows."""
    rng = np.random.default_rng(3)
    drawn = [rng.normal(size=rng.integers(2, 7)) * scale for scale in (0.01, 1.0, 10.0, 100.0) for _ in range(10)]
    for row in [*ROWS, *drawn]:
        with np.errstate(over="ignore"):
            narrow = np.array(row, dtype=kind)
        if len(row) > 1 and np.isfinite(narrow).all() and not (even and len(row) % 2):
            yield narrow


def rowwise(function: Function, tools: dict[str, Evaluation], kind: type) -> Cells:
    """The same cells for a rowwise function; df is the diagonal of its Jacobian."""
    cells = {tool: (Cell(), Cell()) for tool in tools}
    tiny = np.finfo(kind).tiny
    for row in some_rows(kind, even=function.activation.kind == "gated"):
        numbers = row.astype(float).tolist()
        jets = [
            np.ravel(evaluate(function.activation.formula, numbers, function.parameters, entry=j))
            for j in range(len(numbers))
        ]
        outputs = len(jets[0])
        exact_f = truth_of([value.v for value in jets[0]], kind)
        exact_df = truth_of([jets[j][j % outputs].d1 for j in range(len(numbers))], kind)
        for tool, call in tools.items():
            for found, values, result in zip(cells[tool], (exact_f, exact_df), call(row), strict=True):
                errors = values.errors(result)[np.abs(values.nearest) >= tiny]
                if np.isinf(errors).any():
                    found.at_number = "nan or inf"
                found.worst = max(found.worst, *errors[np.isfinite(errors)], np.longdouble(0.0))
    return cells


def unusable(call: Evaluation, kind: type) -> str:
    """Why a framework's function cannot be compared; "" if it can."""
    probe = np.array([0.5, 0.25], dtype=kind)
    try:
        first, again = call(probe), call(probe)
    except Exception as problem:  # it needs more than an array
        return str(problem).splitlines()[0]
    if first[0].dtype != kind:
        return f"it returns {first[0].dtype}"
    return "" if np.array_equal(first[0], again[0], equal_nan=True) else "it is random"


def lines(count: int, kind: type, subnormal: dict[str, Any]) -> Iterator[tuple[str, Cells]]:
    for activation in ACTIVATIONS:
        for function, found in calls(activation).items():
            tools = {name: call for name, call in found.items() if call}
            for name, call in list(tools.items()):
                if reason := unusable(call, kind):
                    print(f"{function.label} of {name} is left out: {reason}", file=sys.stderr)
                    del tools[name]
            if not tools and installed():
                continue
            tools = {"actcli": by_actcli(function), **tools}
            label = activation.name
            if function.label != label:
                label += "@" + next(iter(found)).replace("pytorch", "torch")  # either is a legal spec
            try:
                if activation.kind == "elementwise":
                    yield label, elementwise(function, tools, count, kind, subnormal)
                else:
                    yield label, rowwise(function, tools, kind)
            except (ZeroDivisionError, NameError) as problem:
                print(f"{label} is left out, since tests/support/oracle.py fails: {problem!r}", file=sys.stderr)


def side_by_side(count: int) -> None:
    present = {framework: title for framework, title in FRAMEWORKS.items() if framework in installed()}
    if len(present) < len(FRAMEWORKS):
        missing = " and ".join(title for framework, title in FRAMEWORKS.items() if framework not in present)
        print(f"Not installed: {missing}. {INSTALL}\n")
    columns = {"actcli": (6, "actcli"), **{framework: (17, title) for framework, title in present.items()}}
    wide = sum(width + 1 for width, _ in columns.values())
    for kind in (np.float64, np.float32):
        subnormal: dict[str, Any] = {}
        print(f"{kind.__name__}: the largest error in ulp")
        print(f"{'':14}{'f':>7}{'':{wide - 7}}{'df':>7}")
        print(f"{'function':14}" + "".join(f" {title:>{width}}" for width, title in columns.values()) * 2)
        for label, cells in lines(count, kind, subnormal):
            line = f"{label:14}"
            for place in (0, 1):
                for tool, (width, _) in columns.items():
                    line += f" {cells[tool][place]!s:>{width}}" if tool in cells else " " * (width + 1)
            print(line.rstrip(), flush=True)
        worst = ", ".join(f"{title} {ulps_shown(subnormal[tool])}" for tool, (_, title) in columns.items())
        print(f"at a subnormal x or true value: {worst}\n")


def everything(count: int) -> None:
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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("points", nargs="?", type=int, help="how many points are drawn beside the fixed ones")
    parser.add_argument("--all", action="store_true", help="every elementwise function and quantity, actcli alone")
    given = parser.parse_args()
    warnings.simplefilter("ignore")  # warnings of the frameworks
    if given.all:
        everything(given.points or 2000)
    else:
        side_by_side(given.points or 300)
