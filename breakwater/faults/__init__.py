"""Faults that can be injected into a shop. One fault, one file; each registers itself.

A fault says in its docstring what it does to a link, and has its units in its field names.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """A fault on the link from `caller` to `callee`, both names of services in the shop's description."""

    caller: str
    callee: str
