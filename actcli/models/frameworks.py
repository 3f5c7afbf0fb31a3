"""The callbacks of training frameworks: what theirs are derived from."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from actcli.errors import UsageError

# The places of each framework's class, the first that is installed.
_BASES = {
    "lightning": (("lightning.pytorch", "Callback"), ("pytorch_lightning", "Callback")),
    "transformers": (("transformers", "TrainerCallback"),),
    "keras": (("keras.callbacks", "Callback"),),
}


def callback_base(framework: str) -> Any:
    """The class of a framework's callbacks. Raises UsageError where there is no such framework, or it is not
    installed."""
    if framework not in _BASES:
        raise UsageError(f"there are no callbacks for {framework!r}", f"frameworks: {', '.join(_BASES)}")
    for module, name in _BASES[framework]:
        try:
            return getattr(import_module(module), name)
        except ImportError:
            continue
    raise UsageError(f"{framework} is not installed", f"pip install {framework}")
