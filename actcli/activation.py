"""What an activation is: the frozen records that declare every function.

An `Activation` is the declaration, with its parameters open. A `Function` is an activation with a value for each
parameter, which is evaluated, differentiated and diagnosed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Never, TypeAlias, TypeVar, overload

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
    """0 at every x, NaN where x is NaN: a derivative of what is made of lines."""
    return np.where(np.isnan(x), x, 0.0)


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a framework calls an activation, and where its defaults or conventions differ from the declaration's.

    `name` is the framework's full name, `torch.nn.LeakyReLU`; its last part finds the activation as
    `LeakyReLU@pytorch`. With arguments, `jax.nn.gelu(approximate=False)`, it is shown and finds nothing. `spelling`
    maps the framework's names of parameters to the declaration's.
    """

    framework: str
    name: str
    defaults: Mapping[str, float] = field(default_factory=dict)
    spelling: Mapping[str, str] = field(default_factory=dict)
    note: str = ""

    @property
    def short(self) -> str | None:
        """The name by which the framework's users know it, None where the name needs arguments."""
        return None if "(" in self.name else self.name.rpartition(".")[2]


@dataclass(frozen=True, slots=True, eq=False)
class Backward:
    """How PyTorch computes f' of x and y = f(x), both rounded to the format in which it runs.

    `f` is how it computes y, where that is not f rounded once. Both are made of operators and numpy's functions. In
    float16 and bfloat16 they are computed in float32 and rounded at the end; where PyTorch puts f together from other
    operations, `stepwise`, each of these is rounded to the format.
    """

    df: Callable[..., Any]
    f: Callable[..., Any] | None = None
    float32: Callable[..., Any] | None = None  # in place of df in this format, where another library computes it
    stepwise: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Activation:
    """One declaration: everything about an activation in one place.

    `f`, `df`, `d2f` and the kernels in `wrt` take an array of float64 and each parameter by keyword, and give an array
    of the same shape. Elementwise kernels work number by number. Rowwise and gated kernels work along the last axis:
    `f` maps n inputs to as many, more or fewer outputs, `df` and `d2f` have one entry per input, the derivatives of
    its own output, and `jacobian` is the whole (..., outputs, inputs) matrix.

    `formula` and `derivative` are the definition in text: Python's operators, exp log sqrt tanh erf ... by name,
    where(condition, a, b); min and max take their first argument in a tie. The tests evaluate them.

    `breaks` are the points where f or one of its derivatives jumps. A kink is a break at which f' jumps; `convention`
    says what is taken there. `range` is the infimum and supremum of f (None where no closed form exists: it is solved
    for), `limits` are f(-inf) and f(+inf), where they are not those two. Each of the three may be a function of the
    parameters. Outside `domain` f is NaN. A function that oscillates for ever is examined within its `window`.
    `constraint` is what must hold between parameters, in words and as a test. `gain` is the gain that
    torch.nn.init.calculate_gain has for f, where it knows f; the gain that follows from f is computed elsewhere.
    `both` gives f and df in one, the same to the last bit, in less time where they share much.
    `computed` is the stable form by which f is evaluated, where it is not the formula. `backward` is what PyTorch makes
    of f', where in a smaller format that is not f' rounded once.
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

    @property
    def names(self) -> tuple[str, ...]:
        """The name and the aliases."""
        return (self.name, *self.aliases)

    def bind(self, values: Mapping[str, float | Sequence[float]] | None = None) -> Function:
        """This activation with these values, and defaults for the other parameters; some take a value for each column.

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
            raise UsageError(f"{self.name}: {name} takes one value, and {len(values)} are given", own[0].text)
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
        """What to write in place of a parameter that cannot be used."""
        if not self.parameters:
            gate = ", but gate=first where the first half of a row is the gate" if self.kind == "gated" else ""
            return f"{self.name} takes no parameters{gate}"
        import difflib

        near = difflib.get_close_matches(name, [parameter.name for parameter in self.parameters], n=1)
        start = f"did you mean {near[0]}? " if near and near[0] != name else ""
        return f"{start}it takes {', '.join(parameter.text for parameter in self.parameters)}"


@dataclass(frozen=True, slots=True)
class Function:
    """An activation with a value for each of its parameters.

    Every method maps numbers of any shape to float64 of the same shape, and a number to a float. Rowwise and
    gated functions take rows along the last axis; where these have more or fewer outputs than inputs, so has the last
    axis of f. Raises DataError for rows of a length that f cannot take.
    """

    activation: Activation
    values: tuple[tuple[str, float], ...]
    columns: tuple[
        tuple[str, tuple[float, ...]], ...
    ] = ()  # parameters with a value for each column, of the mean above

    def __repr__(self) -> str:
        return f"<Function {self.label}: {self.activation.formula}>"

    @property
    def name(self) -> str:
        return self.activation.name

    @property
    def rowwise(self) -> bool:
        """Whether f maps rows (rowwise and gated functions) and not each number by itself."""
        return self.activation.kind != "elementwise"

    @property
    def takes_rows(self) -> bool:
        """Whether it takes whole rows: as f maps them, or as each column has its own f."""
        return self.rowwise or bool(self.columns)

    @property
    def parameters(self) -> dict[str, float]:
        return dict(self.values)

    @property
    def settings(self) -> dict[str, Value]:
        """The parameters, those by column with all their values."""
        return {**self.parameters, **dict(self.columns)}

    @property
    def width(self) -> int | None:
        """For how many columns it is; None where it is for any number of them."""
        return len(self.columns[0][1]) if self.columns else None

    @property
    def whole(self) -> Function:
        """The function at large: with the mean of values by column."""
        return replace(self, columns=()) if self.columns else self

    def at(self, column: int) -> Function:
        """The function of one column."""
        own = {name: values[column] for name, values in self.columns}
        return self.activation.bind({**self.parameters, **own}) if own else self

    def spread(self, width: int, name: str) -> Function:
        """For so many columns, of which as many side by side share a value. Raises DataError where they cannot."""
        if self.width in (None, width):
            return self
        count, rest = divmod(width, self.width or 1)
        if rest or not count:
            self.refuse_width(width, name)
        wide = ((key, tuple(value for value in values for _ in range(count))) for key, values in self.columns)
        return replace(self, columns=tuple(wide))

    def refuse_width(self, width: int, name: str) -> Never:
        """Raises DataError: what is of this name has so many columns, and the function is for others."""
        own = " and ".join(parameter for parameter, _ in self.columns)
        values = counted(self.width or 0, "values")
        raise DataError(
            f"{name} has {counted(width, 'columns')}, and {self.name} has {values} of {own}",
            f"give one {own} for each column, or one for all",
        )

    def one(self) -> Function:
        """The function, where it is one for all columns. Raises UsageError where each column has its own."""
        if self.columns:
            raise UsageError(
                f"{self.label}: one function is taken here, and each of {self.width:,} columns has its own",
                f"give one, {self.at(0).label}; `eval`, `grad` and `saturation` take one value for each column",
            )
        return self

    @property
    def label(self) -> str:
        """The FUNCTION spec that gives this function: the name and the parameters that are not at their default. Of
        many values by column it shows the first."""
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
        """The gain of torch.nn.init.calculate_gain, None where it does not know f."""
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
        """f and f' of an array, in less time than one after the other."""
        if self.activation.both is None or self.columns or not x.size:
            return self.f(x), self.df(x)
        with np.errstate(over="ignore", under="ignore"):
            return self.activation.both(x, **self.parameters)

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
        """The derivative of f by one of its parameters, at x. Raises UsageError where f has no such parameter."""
        if parameter not in self.activation.wrt:
            raise UsageError(f"{self.name} has no parameter {parameter!r}", self.activation.parameters_hint(parameter))
        return self._call(self.activation.wrt[parameter], x)

    def jacobian(self, x: ArrayLike) -> Array:
        """The Jacobian of a rowwise function, shape (..., outputs, inputs). Raises UsageError for elementwise ones."""
        if self.activation.jacobian is None:
            raise UsageError(
                f"{self.name} maps each number by itself: its Jacobian is the diagonal of f'",
                "take df, on the command line grad without --jacobian",
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
        with np.errstate(over="ignore", under="ignore"):  # beyond the doubles is inf, or 0
            return kernel(x, **{**self.parameters, **own})

    def _resolve(self, value: T | Callable[..., T]) -> T:
        with np.errstate(all="ignore"):  # of extreme parameters
            return value(**self.parameters) if callable(value) else value


def numbers(x: Any, name: str = "x") -> Array:
    """An array of real numbers as float64, also one of another library. Raises DataError where it is none."""
    kind = str(getattr(x, "dtype", type(x).__name__))
    if hasattr(x, "detach"):  # a tensor of PyTorch, which may require a gradient or be of a type numpy has not
        x = x.detach().cpu()
        x = x.double() if x.is_floating_point() else x
    try:
        found = x.astype(np.float64).filled(np.nan) if hasattr(x, "filled") else np.asarray(x)  # masked is no number
        if found.dtype.kind in "mMcSUV":
            raise TypeError
        return found.astype(np.float64, copy=False)
    except (TypeError, ValueError, OverflowError):
        raise DataError(f"{name}: not every entry is a real number that a double holds", f"it is {kind}") from None


def _rows(name: str, x: Array) -> Array:
    """What a rowwise function takes. Raises DataError for a row of nothing."""
    x = np.atleast_1d(x)
    if not x.shape[-1]:
        raise DataError(f"{name}: a row has no entries", "give at least one number")
    return x


def own_outputs(outputs: Array, inputs: int) -> Array:
    """For each input the output that it belongs to, where there are more or fewer of them (rows along the last axis).

    Fewer outputs share the inputs in turn: the halves of a gated function, the groups of maxout, the one logsumexp.
    More outputs are taken in turn by the inputs and added: of the two of crelu one is 0.
    """
    count = outputs.shape[-1]
    if count == inputs:
        return outputs
    if count < inputs:
        return np.concatenate([outputs] * (inputs // count), axis=-1)
    total: Array = outputs.reshape(*outputs.shape[:-1], count // inputs, inputs).sum(axis=-2)
    return total
