"""How figures are to look, as it is asked for. Light: the command line names the choices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast, get_args

from actcli.errors import UsageError

Theme = Literal["light", "dark", "grey"]
Legend = Literal["none", "inside", "outside"]
Layout = Literal["shared", "separate", "one"]  # the panels of curves


@dataclass(frozen=True, slots=True)
class Look:
    """A theme of colours, a family of fonts (none: ours), where legends are, settings of matplotlib's, and whether
    what stands between two $ is mathematics."""

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
        """Raises UsageError where there is no such theme, or no such place of a legend."""
        for name, value, choices in (("theme", theme, get_args(Theme)), ("legend", legend, get_args(Legend))):
            if value not in choices:
                raise UsageError(f"there is no {name} {value!r}", f"one of {', '.join(choices)}")
        settings = tuple((name, str(value)) for name, value in (rc or {}).items())
        return cls(cast(Theme, theme), font, cast(Legend, legend), settings, math)


DEFAULT = Look()
