"""The names of activations in frameworks, in the frameworks' own notation."""

import re
from collections.abc import Mapping

from actcli.activation import Dialect

# The first part of a framework's full names.
_FRAMEWORKS = {
    "torch": "pytorch", "keras": "keras", "keras.layers": "keras.layers", "jax": "jax", "tf": "tensorflow",
    "tfa": "tfa", "onnx": "onnx", "NNlib": "nnlib", "timm": "timm", "transformers": "transformers",
}  # fmt: skip
_ORDER = tuple(_FRAMEWORKS.values())
_NAME = re.compile(r"[^\s(]+(?:\(.*?\))?")


def dialects(
    *groups: str | tuple[str, Mapping[str, str]] | tuple[str, Mapping[str, str], Mapping[str, float]],
) -> tuple[Dialect, ...]:
    """The dialects of `torch.nn.ReLU jax.nn.relu onnx:Relu | a note on all three`, and of other such groups.

    A name that is not full has its framework before a colon. With a group may go the spelling of its parameters, and
    then its defaults. The frameworks are put in order.
    """
    found = [dialect for group in groups for dialect in _group(*((group,) if isinstance(group, str) else group))]
    return tuple(sorted(found, key=lambda dialect: _ORDER.index(dialect.framework)))


def _group(text: str, spelling: Mapping[str, str] = {}, defaults: Mapping[str, float] = {}) -> list[Dialect]:
    names, _, note = text.partition(" | ")
    return [Dialect(*_split(name), defaults, spelling, note) for name in _NAME.findall(names)]


def _split(name: str) -> tuple[str, str]:
    """The framework, and its name of the activation."""
    home, colon, bare = name.partition(":")
    if colon:
        return home, bare
    return _FRAMEWORKS["keras.layers" if name.startswith("keras.layers.") else name.partition(".")[0]], name
