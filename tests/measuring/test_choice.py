"""Choosing layers, and the function of each."""

from __future__ import annotations

import pytest

from actcli.errors import UsageError
from actcli.measuring.choice import Choice
from actcli.registry import specs

RELU, GELU, TANH = (specs.get(name) for name in ("relu", "gelu", "tanh"))
NAMES = ["conv1", "fc1", "fc2", "head[0]"]


def test_the_last_pattern_that_matches_decides() -> None:
    choice = Choice((("fc*", GELU), ("fc2", TANH), ("head[0]", TANH)))
    assert list(choice.of(NAMES, RELU).values()) == [RELU, GELU, TANH, TANH]


@pytest.mark.parametrize(
    ("patterns", "left"),
    [
        ((), NAMES),
        (("fc*",), ["fc1", "fc2"]),
        (("head[0]", "conv?"), ["conv1", "head[0]"]),
        (("!fc*",), ["conv1", "head[0]"]),
        (("fc*", "!fc1"), ["fc2"]),
    ],
)
def test_layers_are_taken_in_their_own_order(patterns: tuple[str, ...], left: list[str]) -> None:
    assert list(Choice((), patterns).of(NAMES, RELU)) == left


@pytest.mark.parametrize(
    ("choice", "names", "words"),
    [
        (Choice((("lstm*", GELU),)), NAMES, r"--function lstm\*: no layer matches\n.*conv1, fc1, fc2"),
        (Choice((("fc1", GELU),), ("!fc1",)), NAMES, "--function fc1: no layer matches"),
        (Choice((), ("lstm*",)), NAMES, r"--layer lstm\*: no layer matches\n.*conv1"),
        (Choice((), ("!*",)), NAMES, r"--layer !\*: no layer is left\n.*conv1"),
        (Choice((("a", GELU),)), [], "no layer matches\ngive files"),
        (Choice((), ("a",)), [], "no layer matches\ngive files"),
    ],
)
def test_what_matches_nothing_is_an_error(choice: Choice, names: list[str], words: str) -> None:
    """The error names the existing layers."""
    with pytest.raises(UsageError, match=words):
        choice.of(names, RELU)
