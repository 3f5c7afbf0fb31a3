"""Watch a PyTorch model run: every activation that a forward calls, as a module or as a function.

Only the hooks on the model stay between observed forwards. In an observed one, a mode sees each call of PyTorch, and
hooks on the modules track which of them makes it. Nothing that the forward computes is changed.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from actcli.activation import Function
from actcli.errors import DataError, UsageError
from actcli.models.seen import Places, Ran, Seen
from actcli.models.tensors import batch_of
from actcli.models.torch_functions import module_function
from actcli.models.torch_look import Look, Place


@dataclass(eq=False)
class Tracer:
    """Observes forwards of a model. `begins` decides whether to observe one, `sees` gets each call of an activation,
    and `ends` gets the places of the layers at the end."""

    model: Any
    begins: Callable[[], bool]
    sees: Callable[[Seen], None]
    ends: Callable[[Places], None]
    gradients: bool
    hidden: dict[str, str] = field(default_factory=dict)  # what cannot be seen, by module, and why
    _names: dict[Place, str] = field(default_factory=dict)
    _handles: list[Any] = field(default_factory=list)
    _functions: Any = field(default_factory=weakref.WeakKeyDictionary)
    _look: Look | None = None
    _depth: int = 0

    def __post_init__(self) -> None:
        check(self.model)

    def start(self) -> None:
        """Start observing forwards."""
        model = self.model
        self._handles = [
            model.register_forward_pre_hook(self._before, with_kwargs=True, prepend=True),
            model.register_forward_hook(self._after, always_call=True),
        ]

    def stop(self) -> None:
        """Leave the model as it was."""
        if self._look is not None:
            self._look.close()
            self._look = None
        for handle in self._handles:
            handle.remove()
        self._handles, self._depth = [], 0

    def functions(self) -> dict[int, Function]:
        """The functions of the user's own modules that are activations, by the module's id."""
        found = {}
        for module in self.model.modules():
            learns = any(True for _ in module.parameters())
            if learns or module not in self._functions:  # a learned function changes
                self._functions[module] = module_function(module)
            if (function := self._functions[module]) is not None:
                found[id(module)] = function
        return found

    def _before(self, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        import torch

        if torch.compiler.is_compiling():  # compiled code cannot be observed
            return
        self._depth += 1  # if a model calls itself, only the outermost call counts
        if self._depth == 1 and self.begins():
            self._look = Look(self, batch_of((*args, *kwargs.values())), sys._getframe(1))
            self._look.open()

    def _after(self, model: Any, args: Any, output: Any) -> None:
        self._depth = max(0, self._depth - 1)
        if self._depth == 0 and self._look is not None:
            places = self._look.places
            self._look.close()
            self._look = None
            self.ends(places)

    def name(self, place: Place) -> str:
        """The name of a layer; it never changes."""
        if (name := self._names.get(place)) is None:
            taken = set(self._names.values())
            choices = list(place.names)
            name = next((one for one in choices if one not in taken), "")
            number = 1
            while not name or name in taken:
                number += 1
                name = f"{choices[0]} ({number})"
            self._names[place] = name
        return name


def check(model: Any) -> None:
    """Raises UsageError for a model that cannot be watched."""
    import torch

    if not isinstance(model, torch.nn.Module):
        raise UsageError(f"a {type(model).__name__} is not a PyTorch module", "give the nn.Module whose forward runs")
    if isinstance(model, torch.jit.ScriptModule):
        raise UsageError(
            "a scripted or traced module takes no hooks and shows nothing", "give the nn.Module that it was made from"
        )
    for name, module in model.named_modules():
        where = f"{name}: a" if name else "a"
        if hasattr(module, "_orig_mod") or getattr(module, "_compiled_call_impl", None) is not None:
            raise UsageError(
                f"{where} compiled module runs code that cannot be observed",
                "watch the model before torch.compile, and train or run that one",
            )
        if type(module).__name__ == "DataParallel" and len(getattr(module, "device_ids", ())) > 1:
            raise UsageError(
                f"{where} DataParallel runs copies on threads of their own",
                "give the module inside it, on one device",
            )


def run(model: Any, inputs: Any, sees: Callable[[Seen], None]) -> Ran:
    """Run one batch through the model in evaluation mode, without gradients; `sees` gets each call of an activation."""
    import torch

    found: list[Places] = []
    tracer = Tracer(model, lambda: True, sees, found.append, gradients=False)
    modes = [(module, module.training) for module in model.modules()]
    with suppress(NotImplementedError):  # modules of torch.export have only one mode
        model.eval()
    tracer.start()
    try:
        with torch.no_grad():
            _called(model, inputs)
    except (RuntimeError, TypeError, ValueError, IndexError) as error:
        text = str(error).partition("\n")[0]
        raise DataError(f"the forward of the {type(model).__name__} fails on these inputs", text) from error
    finally:
        tracer.stop()
        for module, training in modes:
            module.training = training
    return Ran(tracer.hidden, found[0] if found else Places())


def _called(model: Any, inputs: Any) -> None:
    """Call the model on inputs of numpy or torch, moved to its device and its floating-point type."""
    import torch

    like = next((p for p in model.parameters() if p.is_floating_point()), torch.zeros(0))

    def given(x: Any) -> Any:
        x = torch.as_tensor(x)
        return x.to(like.device, like.dtype) if x.is_floating_point() else x.to(like.device)

    if isinstance(inputs, dict):
        model(**{name: given(x) for name, x in inputs.items()})
    elif isinstance(inputs, tuple | list):
        model(*map(given, inputs))
    else:
        model(given(inputs))
