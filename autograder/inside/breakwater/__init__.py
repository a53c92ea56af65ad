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

    def __len__(self) -> int:
        return 0

    def __float__(self) -> float:
        return 0.0

    def __format__(self, how: str) -> str:
        return ""

    def __repr__(self) -> str:
        return ""

    def _ipython_display_(self) -> None:
        pass


def _itself(self: Inert, *others: object) -> Inert:
    return self


def _no(self: Inert, other: object) -> bool:
    return False


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and", "or", "xor"):
    setattr(Inert, f"__{_name}__", _itself)
    setattr(Inert, f"__r{_name}__", _itself)
for _name in ("neg", "pos", "abs", "round"):
    setattr(Inert, f"__{_name}__", _itself)
for _name in ("lt", "le", "gt", "ge"):
    setattr(Inert, f"__{_name}__", _no)


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    return Inert()
