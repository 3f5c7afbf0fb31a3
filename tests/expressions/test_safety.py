"""Invalid expressions are refused quickly, with the position of the error; nothing in them is ever executed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.run import Cli
from support.texts import ANY

from actcli.errors import UsageError
from actcli.registry import specs

# Text, and the character that the error points at, counted from 1.
REFUSED = [
    ("x.real", 2),
    ("x + tanh.f(x)", 9),
    ("x[1]", 2),
    ("f'{x}' + x", 2),
    ("'a' * x", 1),
    ("__import__('os').system('ls')*x", 12),
    ("eval(x)", 1),
    ("x + open(x)", 5),
    ("(lambda y, z=x)(x)", 15),
    ("x if x else 2", 1),
    ("x and 2*x", 1),
    ("(x for x in x)", 1),
    ("x // 2", 1),
    ("x % 2", 1),
    ("x @ x", 3),
    ("~x + 1", 1),
    ("x < 1", 1),
    ("where(0 < x < 1, x, 0)", 13),
    ("where(x, 1, 0)", 7),
    ("where(x > 0, 1)", 1),
    ("max(x)", 1),
    ("tanh(x, x)", 1),
    ("elu(x, beta=2)", 8),
    ("elu(x, alpha=x)", 14),
    ("relu_n(x, n=-1)", 1),
    ("tanh(*x)", 6),
    ("x + softmax(x)", 5),
    ("x + glu(x)", 5),
    ("1j * x", 1),
    ("True * x", 1),
    ("x + (1, 2)", 5),
    ("x +* 2", 4),
    ("(x + 1", 1),
    ("x + 1)", 6),
    ("x + 9**9**9**9", 8),
    ("x + 1/0", 5),
    ("x * 1e999", 5),
    ("x # comment", 3),
    ("x\n+ 1", 2),
    ("x + ｘ", 5),
    ("x + " + "1" * 60, 5),
    ("x +", 3),
    ("2x", 1),
    ("x*e(2)", 3),
]

# What people write, and what the error tells them to write.
INSTEAD = [
    ("x^2", "write ** for a power"),
    ("x \N{MINUS SIGN} 1", "write -"),
    ("2x", "write products with *"),
    ("2 x", "write products with *"),
    ("(x+1)(x-1)", "write products with *"),
    ("x(2)", "write products with *"),
    ("3pi*x", "write products with *"),
    ("where(0 < x < 1, x, 0)", "nest two where"),
    ("where(x > 0 and x < 1, x, 0)", "nest two where"),
    ("tanh(X)", "write a lower-case x"),
    ("a*x + b:a=2", "write a*x + b:a=2,b=1"),
]


@pytest.mark.parametrize(("text", "advice"), INSTEAD)
def test_an_error_suggests_what_to_write(text: str, advice: str) -> None:
    with pytest.raises(UsageError) as caught:
        specs.get(text)
    assert advice in caught.value.hint


@pytest.mark.parametrize(("text", "place"), REFUSED)
def test_a_fault_has_its_place(text: str, place: int) -> None:
    with pytest.raises(UsageError, match=rf"at character {place} \("):
        specs.get(text)


@pytest.mark.parametrize(
    "text",
    [
        "x+" * 500_000 + "x",
        "1" * 1_000_000 + "*x",
        "(" * 5_000 + "x" + ")" * 5_000,
        "-" * 9_000 + "x",
        "x" + "+x" * 4_000,
        "x**" * 3_000 + "x",
        "tanh(" * 1_900 + "x" + ")" * 1_900,
        "max(" * 70 + "x" + ",x)" * 70 + "*" + "max(" * 90 + "x" + ",x)" * 90,
        "9**" * 3_000 + "9*x",
    ],
    ids=lambda text: f"{text[:8]}.. of {len(text)}",
)
def test_excessive_expressions_are_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        specs.get(text)
    assert len(str(caught.value)) < 500


def test_deep_but_valid_expressions_work() -> None:
    """Their stable forms are found in at most quadratic time."""
    for text in ("tanh(" * 70 + "x" + ")" * 70, "log(1+exp(-" * 37 + "x" + "))" * 37, "exp(-" * 70 + "x" + ")" * 70):
        function = specs.get(text)
        assert np.isfinite(function.f(0.5))
        assert np.isfinite(function.df(0.5))


def _given_values(text: str) -> str:
    return f"{text}:a=0.5,b=-2"


ATOMS = ["x", "a", "b", "0", "1", "2.5", "1e3", "1e-300", "pi", "e", "min", "max", "where", "abs", "exp", "log", "sqrt",
         "tanh", "relu", "elu", "gelu", "sin", "softplus", "alpha=", "(", ")", ",", "+", "-", "*", "/", "**", "<", ">=",
         "==", " ", ".", "_", "@", ":", "|", "=", "[", "'", "lambda ", "if ", "not "]  # fmt: skip


@given(st.lists(st.sampled_from(ATOMS), max_size=25).map("".join) | st.text(ANY, max_size=40))
def test_no_text_crashes(text: str) -> None:
    """Any text is a usage error or a function that evaluates."""
    for spec in (text, _given_values(text)):
        try:
            function = specs.get(spec)
        except UsageError:
            continue
        if not function.rowwise:
            assert function.df([-2.0, 0.0, 3.0]).shape == (3,)


def trees() -> st.SearchStrategy[str]:
    leaves = st.sampled_from(["x", "x", "a", "2", "0.5", "pi"])
    calls = ["tanh({})", "exp({})", "log({})", "sqrt({})", "abs({})", "relu({})", "elu({}, alpha=a)", "gelu({})", "-{}"]
    pairs = ["({} + {})", "({} - {})", "{} * ({})", "({}) / ({})", "({})**({})", "max({}, {})", "where({} > {}, x, a)"]
    return st.recursive(
        leaves,
        lambda inner: (
            st.builds(str.format, st.sampled_from(calls), inner)
            | st.builds(str.format, st.sampled_from(pairs), inner, inner)
        ),
        max_leaves=10,
    )


@given(trees())
def test_any_tree_has_a_shape(text: str) -> None:
    """Any composition evaluates, keeps NaN, and has ascending breaks, without numpy warnings."""
    try:
        function = specs.get(f"{text}:a=0.5" if "a" in text.replace("tanh", "").replace("max", "") else text)
    except UsageError:
        return
    values = function.f([-np.inf, -1e300, -3.0, 0.0, 0.5, 1e300, np.inf, np.nan])
    assert np.isnan(values[-1])
    assert list(function.breaks) == sorted(function.breaks)
    function.d2f([-1.0, 2.0])


def test_a_leading_minus_needs_no_brackets(cli: Cli) -> None:
    """It is not mistaken for an option, except for real ones: -c*x selects the columns that end in x."""
    for text in ("-x", "- x", "-2*x + x", "-(x)", "-a*x:a=1", "-identity(x)"):
        assert cli.ok("eval", text, "-3").splitlines()[1] == "-3.0,3.0"
    for command in ("grad", "show", "saturation", "compare"):
        assert cli.ok(command, "-tanh(x)", *(["1"] if command == "grad" else []))
    assert "rms" in cli.ok("fit", "-a*x:a=1", "--to", "-x")
    assert cli.ok("eval", "relu", "-c*x", stdin=b"a,bx\n-1,-2\n") == "a,bx\n-1,0.0\n"
    assert "No such option" in cli.fails(2, "eval", "-y", "1")


def test_errors_at_the_command_line(cli: Cli) -> None:
    """One error of two lines, status 2; an unknown name still gets suggestions."""
    assert "character 2" in cli.fails(2, "eval", "x.foo", "1")
    assert "did you mean relu" in cli.fails(2, "eval", "rleu", "1")
    assert "a needs a value" in cli.fails(2, "eval", "x*a", "1")
    assert "does not depend on x" in cli.fails(2, "eval", "1.5", "1")
    assert "has no parameter 'b'" in cli.fails(2, "eval", "x*a:a=1,b=2", "1")
    assert "is NaN at every x" in cli.fails(2, "eval", "log(-1-x**2)", "1")
    assert "10000 are allowed" in cli.fails(2, "eval", "x" + "+x" * 30_000, "1")
    done = cli("eval", "log(1+x**2)", "1")
    assert done.returncode == 0
    assert b"unstable" in done.stderr


def test_nested_products_are_searched_once(cli: Cli) -> None:
    """Overflow is searched for at the edge of the domain: two searches per level would make 2**30."""
    text, expected = "sqrt(x)", math.sqrt(3.0)
    for _ in range(30):
        text, expected = f"tanh(x)*({text}-1)*cos(x)", math.tanh(3.0) * (expected - 1.0) * math.cos(3.0)
    assert float(cli.ok("eval", text, "3").splitlines()[1].split(",")[1]) == pytest.approx(expected, rel=1e-13)
