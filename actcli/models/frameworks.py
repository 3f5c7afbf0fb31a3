"""The callback base classes of training frameworks."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from actcli.errors import UsageError

# Where each framework's class may be; the first installed one is used.
_BASES = {
    "lightning": (("lightning.pytorch", "Callback"), ("pytorch_lightning", "Callback")),
    "transformers": (("transformers", "TrainerCallback"),),
    "keras": (("keras.callbacks", "Callback"),),
}


def callback_base(framework: str) -> Any:
    """The base class of a framework's callbacks. Raises UsageError for a framework that is unknown or not installed."""
    if framework not in _BASES:
        raise UsageError(f"no callbacks for {framework!r}", f"frameworks: {', '.join(_BASES)}")
    for module, name in _BASES[framework]:
        try:
            return getattr(import_module(module), name)
        except ImportError:
            continue
    raise UsageError(f"{framework} is not installed", f"pip install {framework}")
