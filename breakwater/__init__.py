"""The lab environment of the course: engines, faults, checks, the ledger, the learner's workspace.

In a notebook: ``from breakwater import predict, progress, shop``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from breakwater import progress
    from breakwater.notebook import predict, shop

__all__ = ["predict", "progress", "shop"]


def __getattr__(name: str) -> Any:
    """Import the notebook's helpers only where they are used: the command starts without them."""
    if name == "progress":
        return import_module("breakwater.progress")
    if name in __all__:
        from breakwater import notebook

        return getattr(notebook, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
