"""What holds for every test, and how tests are shared out where several run at a time (pytest-xdist)."""

import signal

import pytest

# What is started in the background of a script ignores SIGINT, and hands that on to all that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a file's tests together, for what they share; and all that use the sandbox, whose user's limits are one."""
    for item in items:
        group = "sandbox" if item.get_closest_marker("sandbox") else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))
