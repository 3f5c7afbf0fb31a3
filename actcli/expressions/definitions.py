"""Functions files: named definitions in TOML:

[my_gate]
formula = "x * sigmoid(b * x)"
source = "lab notes, page 12"        # optional, as are the next two
aliases = ["mg"]
[my_gate.parameters]
b = { default = 1.5, domain = "[0, inf)", meaning = "sharpness" }   # or b = 1.5
"""

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from actcli.activation import Activation
from actcli.errors import DataError, UsageError
from actcli.expressions.activation import bounded, declare, examined
from actcli.expressions.parse import Find, parse
from actcli.expressions.tree import Node, names
from actcli.parameters import REAL, Domain, Parameter

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DOMAIN = re.compile(r"([\[(])\s*([^,\s]+)\s*,\s*([^,\s]+)\s*([\])])")
_KEYS = ("formula", "parameters", "source", "aliases")
_PARAMETER_KEYS = ("default", "domain", "meaning")


def text_of(path: str) -> str:
    """Read a functions file."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise _not_toml(path, error) from error


def _not_toml(path: str | Path, error: Exception) -> DataError:
    return DataError(f"{path} is not a TOML file: {error}", "see the example in `actcli --help`")


def read(path: Path, text: str, find: Find, stable: Callable[[Node], Node], add: Callable[[Activation], None]) -> None:
    """Pass each definition in the text to `add`, in order, so that one can use those above it.

    Raises DataError that names the file and the key.
    """
    import tomllib

    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # TOMLDecodeError is a ValueError
        raise _not_toml(path, error) from error

    def above(name: str) -> Activation:
        try:
            return find(name)
        except UsageError as error:
            hint = "define it above its use" if name in tables else error.hint
            raise UsageError(error.message, hint) from error

    for name, table in tables.items():
        try:
            add(_Definition(path, name, table).activation(above, stable))
        except UsageError as error:  # in the formula
            raise DataError(f"{path}: {name}.formula: {error.message}", error.hint) from error
        except ValueError as error:  # the name is taken
            raise DataError(f"{path}: {name}: {error}", "choose another name") from error


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # a whole number of hundreds of digits
        return False


class _Definition:
    def __init__(self, path: Path, name: str, table: Any) -> None:
        self.path, self.name = path, name
        if not _NAME.fullmatch(name):
            self._fault("", "is not a name", "a name has letters, digits and _")
        if not isinstance(table, dict):
            self._fault("", "is not a table", f"write [{name}] and under it formula = ...")
        self.table: dict[str, Any] = table
        self._known("", table, _KEYS)

    def _fault(self, key: str, what: str, hint: str = "") -> NoReturn:
        where = f"{self.name}.{key}" if key else self.name
        raise DataError(f"{self.path}: {where} {what}", hint)

    def _known(self, under: str, table: dict[str, Any], keys: tuple[str, ...]) -> None:
        for key in table:
            if key not in keys:
                self._fault(f"{under}{key}", "is not known", f"keys: {', '.join(keys)}")

    def _text(self, key: str, default: str) -> str:
        value = self.table.get(key, default)
        if not isinstance(value, str):
            self._fault(key, "is not a string", f'{key} = "..."')
        return value

    def activation(self, find: Find, stable: Callable[[Node], Node]) -> Activation:
        formula = " ".join(self._text("formula", "").split())  # it may take more than one line
        if not formula:
            self._fault("formula", "is missing", 'formula = "x * sigmoid(x)"')
        aliases = self.table.get("aliases", [])
        if not isinstance(aliases, list) or not all(isinstance(a, str) and _NAME.fullmatch(a) for a in aliases):
            self._fault("aliases", "is not a list of names", 'aliases = ["other"]')
        parameters = self._parameters()
        written = bounded(parse(formula, find))
        free = set(names(written)) - {"x"}
        known = {parameter.name: parameter.default for parameter in parameters}
        if free != known.keys():
            missing, more = sorted(free - known.keys()), sorted(known.keys() - free)
            if missing:
                self._fault("parameters", f"has no {missing[0]}, which the formula uses", f"{missing[0]} = 1.0")
            self._fault("parameters", f"has {more[0]}, which the formula does not use", "leave it out")
        declared = declare(
            formula,
            written,
            stable(written),
            name=self.name,
            aliases=tuple(aliases),
            parameters=parameters,
            source=self._text("source", str(self.path)),
        )
        return examined(declared.bind()).activation

    def _parameters(self) -> list[Parameter]:
        table = self.table.get("parameters", {})
        if not isinstance(table, dict):
            self._fault("parameters", "is not a table", f"[{self.name}.parameters]")
        return [self._parameter(name, value) for name, value in table.items()]

    def _parameter(self, name: str, value: Any) -> Parameter:
        key = f"parameters.{name}"
        fields = value if isinstance(value, dict) else {"default": value}
        self._known(f"{key}.", fields, _PARAMETER_KEYS)
        default = fields.get("default")
        if not isinstance(default, int | float) or isinstance(default, bool) or not _is_finite(default):
            self._fault(f"{key}.default", "is not a finite number", "default = 1.0")
        domain = self._domain(f"{key}.domain", fields["domain"]) if "domain" in fields else REAL
        if default not in domain:
            self._fault(f"{key}.default", f"{default:g} is outside its domain {domain}")
        meaning = fields.get("meaning", "")
        if not isinstance(meaning, str):
            self._fault(f"{key}.meaning", "is not a string", 'meaning = "..."')
        return Parameter(name, float(default), domain, meaning or "of the formula")

    def _domain(self, key: str, text: Any) -> Domain:
        found = _DOMAIN.fullmatch(text.strip()) if isinstance(text, str) else None
        try:
            ends = (float(found[2]), float(found[3])) if found else (math.nan, math.nan)
        except ValueError:
            ends = (math.nan, math.nan)
        if found is None or not ends[0] < ends[1]:
            self._fault(key, f"{text!r} is not an interval", 'domain = "[0, inf)"')
        return Domain(*ends, low_open=found[1] == "(", high_open=found[4] == ")")
