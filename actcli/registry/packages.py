"""Activations that installed Python packages declare."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from typing import Any, get_args

from actcli.activation import Activation, Dialect, Kind
from actcli.errors import ActcliError, Ended
from actcli.parameters import Parameter


def installed() -> tuple[list[Activation], list[str]]:
    """Load the entry points in the group `actcli.activations`, each an Activation or a sequence of them. Return the
    activations, and a line per entry point that fails to load."""
    from importlib.metadata import entry_points

    found: list[Activation] = []
    left_out = []
    for entry in entry_points(group="actcli.activations"):
        try:
            found += _declared(entry)
        except ActcliError as error:
            left_out.append(f"{entry.value} of {_package(entry)} is left out: {error.message}")
        except (Ended, KeyboardInterrupt):
            raise
        except BaseException as error:  # a broken package must not stop the rest
            left_out.append(f"{entry.value} of {_package(entry)} is left out: {type(error).__name__}: {error}")
    return found, left_out


def _declared(entry: Any) -> list[Activation]:
    """Return what an entry point declares, or raise whatever error it causes. What it prints is discarded."""
    with redirect_stdout(io.StringIO()):
        declared = entry.load()
        declared = [declared] if isinstance(declared, Activation) else list(declared)
        for each in declared:
            if not isinstance(each, Activation):
                raise TypeError(f"{type(each).__name__} is not an Activation")
            _check_fields(each)
            each.bind()
    return declared


def _check_fields(activation: Activation) -> None:
    """Raise TypeError for a field of the wrong type: no type checker has seen the package."""
    for text in ("name", "formula", "derivative", "source", "convention", "computed"):
        if not isinstance(getattr(activation, text), str):
            raise TypeError(f"{text} is not a string")
    for kernel in ("f", "df", "d2f"):
        if not callable(getattr(activation, kernel)):
            raise TypeError(f"{kernel} is not callable")
    for several, kind in (("aliases", str), ("parameters", Parameter), ("dialects", Dialect)):
        value = getattr(activation, several)
        if not isinstance(value, tuple) or not all(isinstance(each, kind) for each in value):
            raise TypeError(f"{several} is not a tuple of {kind.__name__}")
    if activation.kind not in get_args(Kind):
        raise TypeError(f"kind is not one of {', '.join(get_args(Kind))}")
    if not activation.name.isprintable() or not activation.name.strip():
        raise ValueError(f"{activation.name!r} is not a valid name")


def _package(entry: Any) -> str:
    return entry.dist.name if entry.dist is not None else "a package"
