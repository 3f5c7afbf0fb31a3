"""The look of figures that a user asks for. Kept light, because the command line lists the choices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, cast, get_args

from actcli.errors import UsageError

Theme = Literal["light", "dark", "grey"]
Legend = Literal["none", "inside", "outside"]
Layout = Literal["shared", "separate", "one"]  # the panels of curves


class Look(NamedTuple):
    """A colour theme, a font family (the default if empty), the place of legends, matplotlib settings, and whether text
    between two $ is mathematics."""

    theme: Theme = "light"
    font: str = ""
    legend: Legend = "outside"
    rc: tuple[tuple[str, str], ...] = ()
    math: bool = False

    @classmethod
    def of(
        cls,
        theme: str = "light",
        font: str = "",
        legend: str = "outside",
        rc: Mapping[str, str] | None = None,
        math: bool = False,
    ) -> Look:
        """Raises UsageError for an unknown theme or place of legends."""
        for name, value, choices in (("theme", theme, get_args(Theme)), ("legend", legend, get_args(Legend))):
            if value not in choices:
                raise UsageError(f"no {name} {value!r}", f"use one of {', '.join(choices)}")
        settings = tuple((name, str(value)) for name, value in (rc or {}).items())
        return cls(cast(Theme, theme), font, cast(Legend, legend), settings, math)


DEFAULT = Look()
