"""Stands in for the course's package while a notebook is graded: every name is there, and does nothing.

A lesson's cells that drive the shop have no shop to drive in a cell of the sandbox, and no part in the grade.
"""

from typing import Any


class Inert:
    """Whatever is done with it, it is itself again, and shows nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *args: object, **options: object) -> Any:
        return self

    def __getitem__(self, key: object) -> Any:
        return self

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def __iter__(self) -> Any:
        return iter(())

    def __repr__(self) -> str:
        return ""

    def _ipython_display_(self) -> None:
        pass


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    return Inert()
