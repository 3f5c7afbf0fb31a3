"""Names of functions in figures: short and distinct."""

from collections.abc import Sequence

from actcli.activation import Function


def titles(functions: Sequence[Function]) -> list[str]:
    """Names for figures: numbers have 4 digits, and a lone parameter is not named: `leaky_relu:0.1`.

    Functions of the same activation show every parameter in which they differ, even if it is at its default."""
    found = [_title(function, functions, ".4g") for function in functions]
    exact = [_title(function, functions, "") for function in functions]
    return [full if found.count(short) > 1 else short for short, full in zip(found, exact, strict=True)]


def _title(function: Function, among: Sequence[Function], form: str) -> str:
    if function.columns:
        return function.label
    alike = [other.parameters for other in among if other.name == function.name]
    defaults = {parameter.name: parameter.default for parameter in function.activation.parameters}
    shown = [
        f"{name}={value:{form}}"
        for name, value in function.values
        if value != defaults.get(name) or any(other.get(name) != value for other in alike)
    ]
    if len(defaults) == 1:
        shown = [text.rpartition("=")[2] for text in shown]
    return f"{function.name}:{','.join(shown)}" if shown else function.name
