"""Functions for formulas that are not activations in the registry; their names take precedence."""

import numpy as np

from actcli.activation import Activation, Array, Kernel


def _primitive(name: str, f: Kernel, df: Kernel, d2f: Kernel, *breaks: float) -> Activation:
    return Activation(
        name=name,
        formula=f"{name}(x)",
        derivative="",
        f=f,
        df=df,
        d2f=d2f,
        range=None,
        limits=None,
        breaks=lambda: breaks,
        source="calculus",
    )


def _expm1_df(x: Array) -> Array:
    return np.exp(x)


def _log_df(x: Array) -> Array:
    return 1.0 / np.where(x < 0.0, np.nan, x)


def _log_d2f(x: Array) -> Array:
    return -1.0 / np.square(np.where(x < 0.0, np.nan, x))


LOG = _primitive("log", np.log, _log_df, _log_d2f, 0.0)
LOG1P = _primitive("log1p", np.log1p, lambda x: _log_df(1.0 + x), lambda x: _log_d2f(1.0 + x), -1.0)
SQRT = _primitive("sqrt", np.sqrt, lambda x: 0.5 / np.sqrt(x), lambda x: -0.25 / np.sqrt(x) / x, 0.0)
PRIMITIVES = {
    primitive.name: primitive
    for primitive in (
        _primitive("exp", np.exp, np.exp, np.exp),
        _primitive("expm1", np.expm1, _expm1_df, _expm1_df),
        LOG,
        LOG1P,
        SQRT,
        _primitive("sinh", np.sinh, np.cosh, np.sinh),
        _primitive("cosh", np.cosh, np.sinh, np.cosh),
    )
}
