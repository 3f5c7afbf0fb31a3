"""The one collection of activations: names, aliases and FUNCTION specs."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from actcli.activation import Activation, Function
from actcli.errors import UsageError
from actcli.functions import exponential, gelus, linear, rectifiers, self_gated, sigmoids, softmaxes, softpluses

ACTIVATIONS: tuple[Activation, ...] = (
    *linear.ACTIVATIONS,
    *sigmoids.ACTIVATIONS,
    *rectifiers.ACTIVATIONS,
    *exponential.ACTIVATIONS,
    *softpluses.ACTIVATIONS,
    *self_gated.ACTIVATIONS,
    *gelus.ACTIVATIONS,
    *softmaxes.ACTIVATIONS,
)


def _key(name: str) -> str:
    return name.casefold().replace("-", "").replace("_", "").strip()


def index(activations: Iterable[Activation]) -> dict[str, Activation]:
    """Names and aliases, without case, `-` and `_`, to activations. Two activations under one name are an error."""
    found: dict[str, Activation] = {}
    for activation in activations:
        for name in (activation.name, *activation.aliases):
            if found.setdefault(_key(name), activation) is not activation:
                raise ValueError(f"{name!r} names both {found[_key(name)].name} and {activation.name}")
    return found


_INDEX = index(ACTIVATIONS)


def names() -> list[str]:
    """Every name and alias, as declared."""
    return [name for activation in ACTIVATIONS for name in (activation.name, *activation.aliases)]


def get(spec: str) -> Function:
    """The function that a FUNCTION spec names: `relu`, `leaky_relu:negative_slope=0.2`, `elu:0.5`.

    Raises UsageError for an unknown name, naming the nearest ones, and for an unknown or illegal parameter.
    """
    name, _, settings = spec.partition(":")
    activation = _INDEX.get(_key(name))
    if activation is None:
        near = difflib.get_close_matches(_key(name), _INDEX, n=3)
        nearest = list(dict.fromkeys(_INDEX[key].name for key in near))
        hint = f"did you mean {' or '.join(nearest)}? " if nearest else ""
        raise UsageError(f"no activation is named {name!r}", f"{hint}`actcli list` shows them all")
    return activation.bind(_settings(activation, settings))


def _settings(activation: Activation, text: str) -> dict[str, float]:
    values: dict[str, float] = {}
    for item in filter(None, (item.strip() for item in text.split(","))):
        name, equals, value = (part.strip() for part in item.rpartition("="))
        if not equals:
            if len(activation.parameters) != 1:
                count = "no parameter" if not activation.parameters else "more than one parameter"
                raise UsageError(
                    f"{activation.name} has {count}: {item!r} needs a name",
                    activation.parameters_hint(),
                )
            name = activation.parameters[0].name
        if name in values:
            raise UsageError(f"{activation.name}: {name} is given twice", "give it once")
        try:
            values[name] = float(value)
        except ValueError:
            raise UsageError(
                f"{activation.name}: {name} = {value!r} is not a number", activation.parameters_hint()
            ) from None
    return values
