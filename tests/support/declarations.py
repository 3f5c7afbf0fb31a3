"""Check what every declaration must have."""

from __future__ import annotations

from actcli.activation import Activation


def check_declaration(activation: Activation) -> None:
    """Formula, source, a derivative for each parameter, a convention at each kink, a Jacobian for rows."""
    function = activation.bind()
    assert activation.formula
    assert activation.derivative
    assert activation.source
    assert set(activation.wrt) == {parameter.name for parameter in activation.parameters}
    assert all(parameter.meaning and parameter.default in parameter.domain for parameter in activation.parameters)
    if function.rowwise:
        assert activation.jacobian is not None
    else:
        assert function.limits is not None
        kinks = [b for b in function.breaks if abs(function.df(b - 1e-9) - function.df(b + 1e-9)) > 1e-6]
        assert activation.convention or not kinks
