"""What holds for every test."""

import signal
from typing import Any

import pytest

from tests.sharing import ByWhatIsShared

# What is started in the background of a script ignores SIGINT, and hands that on to all that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByWhatIsShared:
    return ByWhatIsShared(config, log)
