"""How tests are shared out where several run at a time (pytest-xdist)."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a file's tests together, for what they share; and all that use the sandbox, whose user's limits are one."""
    for item in items:
        group = "sandbox" if item.get_closest_marker("sandbox") else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))
