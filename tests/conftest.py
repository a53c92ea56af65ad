"""What holds for every test, and how tests are shared out where several run at a time (pytest-xdist)."""

import signal
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

# What is started in the background of a script ignores SIGINT, and hands that on to all that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Where submissions run, or a fork bomb: as one user, whose limits all of them share.
SANDBOX = ("tests/autograder/", "tests/hostile/", "tests/dev/test_notebooks.py", "tests/engines/test_isolation.py")


class ByWhatIsShared(LoadFileScheduling):
    """A file's tests run one after another, for what they share; and so do all that use the sandbox."""

    def _split_scope(self, nodeid: str) -> str:
        return "sandbox" if nodeid.startswith(SANDBOX) else str(super()._split_scope(nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByWhatIsShared:
    return ByWhatIsShared(config, log)
