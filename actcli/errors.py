"""The errors that a user can fix. The code that detects an error words it; `cli` prints it and exits."""


class Ended(SystemExit):
    """A signal has ended the run."""


class ActcliError(Exception):
    """An error that the user can fix: `message` says what is wrong and where, `hint` what to do about it."""

    exit_status = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class DataError(ActcliError):
    """The input is invalid, or the run failed (exit status 1)."""


class UsageError(ActcliError):
    """The command line or an argument is invalid (exit status 2)."""

    exit_status = 2


def share(name: str, value: float) -> float:
    """Return the value of an argument. Raises UsageError if it is not a share."""
    if not 0.0 <= value <= 1.0:
        raise UsageError(f"{name} = {value}", f"{name} is a number from 0 to 1")
    return value


class GateError(ActcliError):
    """A layer violates a limit (exit status 3)."""

    exit_status = 3


def positive(name: str, value: float) -> float:
    """Return the value of an argument. Raises UsageError if it is not above 0 and finite."""
    if not 0.0 < value < float("inf"):
        raise UsageError(f"{name} = {value}", f"{name} is a number above 0")
    return value
