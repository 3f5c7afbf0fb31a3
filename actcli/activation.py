"""The frozen records that declare activations.

An `Activation` is a declaration with free parameters. A `Function` is an activation with a value for each parameter,
which can be evaluated, differentiated and diagnosed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, Never, TypeAlias, TypeVar, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from actcli.errors import DataError, UsageError
from actcli.parameters import INF, Parameter, Value, is_several, written
from actcli.text import counted

Array: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
Kernel: TypeAlias = Callable[..., Array]
Kind: TypeAlias = Literal["elementwise", "rowwise", "gated"]
Interval: TypeAlias = tuple[float, float]
T = TypeVar("T")


def flat(x: Array, **_: float) -> Array:
    """Return 0 at every x, NaN where x is NaN: the second derivative of a piecewise linear function."""
    return np.where(np.isnan(x), x, 0.0)


class Dialect(NamedTuple):
    """A framework's name for an activation, and how its defaults or conventions differ from the declaration.

    `name` is the framework's full name, `torch.nn.LeakyReLU`; its last part finds the activation as
    `LeakyReLU@pytorch`. A name with arguments, `jax.nn.gelu(approximate=False)`, is shown, but not found that way.
    `spelling` maps the framework's names of parameters to those of the declaration.
    """

    framework: str
    name: str
    defaults: Mapping[str, float] = {}
    spelling: Mapping[str, str] = {}
    note: str = ""

    @property
    def short(self) -> str | None:
        """The name that the framework's users write; None if the name has arguments."""
        return None if "(" in self.name else self.name.rpartition(".")[2]


class Indicator:
    """A kernel that is 1 where `flags` holds and 0 elsewhere, NaN where x is NaN. `flags` takes what a kernel takes."""

    __slots__ = ("flags",)

    def __init__(self, flags: Callable[..., Flags]) -> None:
        self.flags = flags

    def __call__(self, x: Array, *values: float, **parameters: float) -> Array:
        found = np.asarray(self.flags(x, *values, **parameters), np.float64)
        if np.isnan(np.min(x, initial=0.0)):
            found[np.isnan(x)] = np.nan
        return found


class Backward(NamedTuple):
    """How PyTorch computes f' from x and y = f(x), both rounded to the floating-point format in use.

    `f` is how it computes y, if that is not f rounded once. Both use operators and numpy's functions. In float16 and
    bfloat16 they are computed in float32 and rounded at the end; if `stepwise`, PyTorch composes f of other operations,
    and each of these is rounded to the format.
    """

    df: Callable[..., Any]
    f: Callable[..., Any] | None = None
    float32: Callable[..., Any] | None = None  # replaces df in float32, if another library computes it
    stepwise: bool = False


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Activation:
    """The declaration of an activation: everything about it in one place.

    `f`, `df`, `d2f` and the kernels in `wrt` take a float64 array and each parameter by keyword, and return an array of
    the same shape. Elementwise kernels work number by number. Rowwise and gated kernels work along the last axis: `f`
    maps n inputs to the same number of outputs, or more, or fewer; `df` and `d2f` have one entry per input, the
    derivative of its own output; and `jacobian` is the whole (..., outputs, inputs) matrix.

    `formula` and `derivative` define the activation as text: Python's operators, functions such as exp, log and erf,
    and where(condition, a, b); min and max take their first argument in a tie. The tests evaluate them.

    `breaks` are the points where f or one of its derivatives jumps. A kink is a break at which f' jumps; `convention`
    states the value taken there. `range` is the infimum and supremum of f (None: no closed form, found numerically).
    `limits` are f(-inf) and f(+inf) if they differ from those two. Each of the three may be a function of the
    parameters. Outside `domain` f is NaN. A function that oscillates for ever is examined within its `window`.
    `constraint` is a condition on the parameters, in words and as a test. `gain` is that of
    torch.nn.init.calculate_gain, if it knows f; the gain that follows from f is computed elsewhere. `both` computes f
    and df together, identical to the last bit, in less time if they have much in common; an Indicator as `df` is
    measured by its flags, in less time too. `computed` is the stable form that f is evaluated by, if it is not the
    formula. `backward` is how PyTorch computes f', if in a smaller format that is not f' rounded once.
    """

    name: str
    formula: str
    derivative: str
    f: Kernel
    df: Kernel
    range: Interval | Callable[..., Interval] | None
    source: str
    d2f: Kernel = flat
    limits: Interval | Callable[..., Interval] | None = None
    kind: Kind = "elementwise"
    aliases: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    wrt: Mapping[str, Kernel] = field(default_factory=dict)
    breaks: tuple[float, ...] | Callable[..., tuple[float, ...]] = ()
    convention: str = ""
    jacobian: Kernel | None = None
    dialects: tuple[Dialect, ...] = ()
    domain: Interval = (-INF, INF)
    window: Interval | None = None
    constraint: tuple[str, Callable[..., bool]] | None = None
    gain: float | Callable[..., float] | None = None
    both: Callable[..., tuple[Array, Array]] | None = None
    computed: str = ""
    backward: Backward | None = None

    def __repr__(self) -> str:
        return f"<Activation {self.name}>"

    @property
    def names(self) -> tuple[str, ...]:
        """The name followed by the aliases."""
        return (self.name, *self.aliases)

    def bind(self, values: Mapping[str, float | Sequence[float]] | None = None) -> Function:
        """Return the function with these values, and defaults for the other parameters; some take a value per column.

        Raises UsageError for an unknown parameter or a value outside its domain.
        """
        several = {name: tuple(map(float, value)) for name, value in (values or {}).items() if is_several(value)}
        for name, each in several.items():
            self._check_columns(name, each)
        means = {name: math.fsum(each) / len(each) for name, each in several.items()}
        return replace(self._bind({**(values or {}), **means}), columns=tuple(several.items()))

    def _check_columns(self, name: str, values: tuple[float, ...]) -> None:
        own = [parameter for parameter in self.parameters if parameter.name == name]
        if own and not own[0].by_column:
            raise UsageError(f"{self.name}: {name} takes one value, but {len(values)} are given", own[0].text)
        for value in values:
            self._bind({name: value})

    def _bind(self, values: Mapping[str, Any]) -> Function:
        known = {parameter.name: parameter for parameter in self.parameters}
        for name in values.keys() - known.keys():
            raise UsageError(f"{self.name} has no parameter {name!r}", self.parameters_hint(name))
        bound = []
        for name, parameter in known.items():
            value = float(values.get(name, parameter.default))
            if math.isnan(value) and name not in values:
                needed = [p for p in self.parameters if p.name in values or math.isnan(p.default)]
                given = ",".join(f"{p.name}={values.get(p.name, 1):g}" for p in needed)
                raise UsageError(f"{self.name}: {name} needs a value", f"write {self.name}:{given}")
            if value not in parameter.domain:
                raise UsageError(
                    f"{self.name}: {name} = {value:g} is outside its domain {parameter.domain}",
                    self.parameters_hint(name),
                )
            bound.append((name, value))
        if self.constraint and not self.constraint[1](**dict(bound)):
            raise UsageError(f"{self.name} needs {self.constraint[0]}", self.parameters_hint())
        return Function(self, tuple(bound))

    def parameters_hint(self, name: str = "") -> str:
        """Return the hint for an unknown or invalid parameter."""
        if not self.parameters:
            gate = ", except gate=first if the first half of a row is the gate" if self.kind == "gated" else ""
            return f"{self.name} takes no parameters{gate}"
        import difflib

        near = difflib.get_close_matches(name, [parameter.name for parameter in self.parameters], n=1)
        start = f"did you mean {near[0]}? " if near and near[0] != name else ""
        return f"{start}it takes {', '.join(parameter.text for parameter in self.parameters)}"


@dataclass(frozen=True, slots=True)
class Function:
    """An activation with a value for each of its parameters.

    Every method maps numbers of any shape to float64 of the same shape, and a number to a float. Rowwise and gated
    functions take rows along the last axis, which is longer or shorter in the result of f if there are more or fewer
    outputs than inputs. Raises DataError for rows of a length that f cannot take.
    """

    activation: Activation
    values: tuple[tuple[str, float], ...]
    columns: tuple[
        tuple[str, tuple[float, ...]], ...
    ] = ()  # parameters with a value per column; `values` has their mean

    def __repr__(self) -> str:
        return f"<Function {self.label}: {self.activation.formula}>"

    @property
    def name(self) -> str:
        return self.activation.name

    @property
    def rowwise(self) -> bool:
        """Whether f maps rows (rowwise and gated functions) instead of single numbers."""
        return self.activation.kind != "elementwise"

    @property
    def takes_rows(self) -> bool:
        """Whether it takes whole rows, because f maps rows or each column has its own f."""
        return self.rowwise or bool(self.columns)

    @property
    def parameters(self) -> dict[str, float]:
        return dict(self.values)

    @property
    def settings(self) -> dict[str, Value]:
        """The parameters; those by column have all their values."""
        return {**self.parameters, **dict(self.columns)}

    @property
    def width(self) -> int | None:
        """The number of columns that it takes; None for any number."""
        return len(self.columns[0][1]) if self.columns else None

    @property
    def whole(self) -> Function:
        """The function with the mean of values by column."""
        return replace(self, columns=()) if self.columns else self

    def at(self, column: int) -> Function:
        """Return the function of one column."""
        own = {name: values[column] for name, values in self.columns}
        return self.activation.bind({**self.parameters, **own}) if own else self

    def spread(self, width: int, name: str) -> Function:
        """Return the function for `width` columns, where equally many adjacent columns share each value. Raises
        DataError if the values cannot be shared equally."""
        if self.width in (None, width):
            return self
        count, rest = divmod(width, self.width or 1)
        if rest or not count:
            self.refuse_width(width, name)
        wide = ((key, tuple(value for value in values for _ in range(count))) for key, values in self.columns)
        return replace(self, columns=tuple(wide))

    def refuse_width(self, width: int, name: str) -> Never:
        """Raise the DataError for data of this name, whose number of columns the function does not take."""
        own = " and ".join(parameter for parameter, _ in self.columns)
        values = counted(self.width or 0, "values")
        raise DataError(
            f"{name} has {counted(width, 'columns')}, but {self.name} has {values} of {own}",
            f"give one {own} for each column, or one for all",
        )

    def one(self) -> Function:
        """Return this function. Raises UsageError if each column has its own values."""
        if self.columns:
            raise UsageError(
                f"{self.label}: one function is needed here, but each of {self.width:,} columns has its own",
                f"give one, {self.at(0).label}; `eval`, `grad` and `saturation` take one value for each column",
            )
        return self

    @property
    def label(self) -> str:
        """The FUNCTION spec of this function: its name, and the parameters that are not at their default. Of many
        values by column it shows the first ones."""
        defaults = {parameter.name: parameter.default for parameter in self.activation.parameters}
        changed = [f"{name}={written(value)}" for name, value in self.settings.items() if value != defaults[name]]
        return f"{self.name}:{','.join(changed)}" if changed else self.name

    @property
    def breaks(self) -> tuple[float, ...]:
        return tuple(sorted({at for at in self._resolve(self.activation.breaks) if math.isfinite(at)}))

    @property
    def range(self) -> Interval | None:
        return self._resolve(self.activation.range)

    @property
    def limits(self) -> Interval | None:
        return None if self.rowwise else self._resolve(self.activation.limits or self.activation.range)

    @property
    def gain(self) -> float | None:
        """The gain of torch.nn.init.calculate_gain; None if it does not know f."""
        return self._resolve(self.activation.gain)

    @overload
    def f(self, x: float) -> float: ...
    @overload
    def f(self, x: ArrayLike) -> Array: ...

    def f(self, x: ArrayLike) -> Any:
        """f(x)."""
        return self._call(self.activation.f, x)

    @overload
    def df(self, x: float) -> float: ...
    @overload
    def df(self, x: ArrayLike) -> Array: ...

    def df(self, x: ArrayLike) -> Any:
        """f'(x); for a rowwise function the diagonal of its Jacobian."""
        return self._call(self.activation.df, x)

    def f_and_df(self, x: Array) -> tuple[Array, Array]:
        """Return f and f' of an array, which is faster than computing them separately."""
        if self.activation.both is None or self.columns or not x.size:
            return self._run(self.activation.f, x), self._run(self.activation.df, x)
        with np.errstate(over="ignore", under="ignore"):
            return self.activation.both(x, **self.parameters)

    def f_and_flags(self, x: Array) -> tuple[Array, Flags] | None:
        """Return f of an array, and flags of where f' is 1 if it is 0 elsewhere; None for all other functions."""
        kernel = self.activation.df
        if not isinstance(kernel, Indicator) or self.columns:
            return None
        return self._run(self.activation.f, x), kernel.flags(x, **self.parameters)

    @overload
    def d2f(self, x: float) -> float: ...
    @overload
    def d2f(self, x: ArrayLike) -> Array: ...

    def d2f(self, x: ArrayLike) -> Any:
        """f''(x); for a rowwise function each output's second derivative by its own input."""
        return self._call(self.activation.d2f, x)

    @overload
    def derivative_by(self, parameter: str, x: float) -> float: ...
    @overload
    def derivative_by(self, parameter: str, x: ArrayLike) -> Array: ...

    def derivative_by(self, parameter: str, x: ArrayLike) -> Any:
        """Return the derivative of f by one of its parameters, at x. Raises UsageError for an unknown parameter."""
        if parameter not in self.activation.wrt:
            raise UsageError(f"{self.name} has no parameter {parameter!r}", self.activation.parameters_hint(parameter))
        return self._call(self.activation.wrt[parameter], x)

    def jacobian(self, x: ArrayLike) -> Array:
        """Return the Jacobian, of shape (..., outputs, inputs). Raises UsageError for an elementwise function."""
        if self.activation.jacobian is None:
            raise UsageError(
                f"{self.name} is elementwise: its Jacobian is the diagonal of f'",
                "use df, on the command line grad without --jacobian",
            )
        return self._run(self.activation.jacobian, _rows(self.name, numbers(x)))

    def _call(self, kernel: Kernel, x: ArrayLike) -> Any:
        array = numbers(x)
        result = self._run(kernel, _rows(self.name, array) if self.rowwise else np.atleast_1d(array))
        return float(result[0]) if array.ndim == 0 else result

    def _run(self, kernel: Kernel, x: Array) -> Array:
        if self.columns and x.shape[-1] != self.width:
            self.refuse_width(x.shape[-1], "x")
        own = {name: np.array(values) for name, values in self.columns}
        with np.errstate(over="ignore", under="ignore"):  # overflow is inf, underflow is 0
            return kernel(x, **{**self.parameters, **own})

    def _resolve(self, value: T | Callable[..., T]) -> T:
        with np.errstate(all="ignore"):  # for extreme parameters
            return value(**self.parameters) if callable(value) else value


def numbers(x: Any, name: str = "x") -> Array:
    """Return real numbers, perhaps an array of another library, as float64. Raises DataError if there are others."""
    kind = str(getattr(x, "dtype", type(x).__name__))
    if hasattr(x, "detach"):  # a PyTorch tensor, which may require a gradient or have a type that numpy lacks
        x = x.detach().cpu()
        x = x.double() if x.is_floating_point() else x
    try:
        found = x.astype(np.float64).filled(np.nan) if hasattr(x, "filled") else np.asarray(x)  # masked means NaN
        if found.dtype.kind in "mMcSUV":
            raise TypeError
        return found.astype(np.float64, copy=False)
    except (TypeError, ValueError, OverflowError):
        raise DataError(f"{name}: an entry is not a real number that fits a double", f"its type is {kind}") from None


def _rows(name: str, x: Array) -> Array:
    """Return x as rows. Raises DataError for empty rows."""
    x = np.atleast_1d(x)
    if not x.shape[-1]:
        raise DataError(f"{name}: a row has no entries", "give at least one number")
    return x
