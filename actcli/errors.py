"""The errors that a user can fix. Each is worded where the fact is known; `cli` prints it and exits."""


class Ended(SystemExit):
    """A signal ends the run: nothing goes on after it."""


class ActcliError(Exception):
    """Something the user can fix: `message` says what and where, `hint` what to do about it."""

    exit_status = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class DataError(ActcliError):
    """The input cannot be used, or the run failed (exit status 1)."""


class UsageError(ActcliError):
    """The command line cannot be used (exit status 2)."""

    exit_status = 2


def share(name: str, value: float) -> float:
    """The value of an argument that is a share. Raises UsageError."""
    if not 0.0 <= value <= 1.0:
        raise UsageError(f"{name} = {value}", f"{name} is a number from 0 to 1")
    return value


class GateError(ActcliError):
    """A layer does not keep a limit that it is to keep (exit status 3)."""

    exit_status = 3


def positive(name: str, value: float) -> float:
    """The value of an argument that must be above 0 and finite. Raises UsageError."""
    if not 0.0 < value < float("inf"):
        raise UsageError(f"{name} = {value}", f"{name} is a number above 0")
    return value
