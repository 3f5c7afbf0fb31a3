"""What all tests share: the profile of Hypothesis, and the command line."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings

pytest.register_assert_rewrite("support")
from support.run import Cli, Process  # noqa: E402

settings.register_profile("actcli", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
# For mutation tests, which ask only whether a test fails, not for its smallest example.
settings.register_profile(
    "mutation", settings.get_profile("actcli"), phases=(Phase.explicit, Phase.generate), max_examples=20
)
settings.load_profile("actcli")


@pytest.fixture(scope="session")
def cli() -> Cli:
    """The command line, in this process."""
    return Cli()


@pytest.fixture(scope="session")
def process() -> Process:
    """The command line in a process of its own: for streams, signals and the environment."""
    return Process()
