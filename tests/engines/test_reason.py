"""The line of a log that says why a service did not come up."""

from pathlib import Path

import pytest

from breakwater.engines.reason import last_line, reason

SHOP = Path("/somewhere/shop")
TRACE = f"""INFO: Started
Traceback (most recent call last):
  File "/usr/lib/python3.11/site-packages/uvicorn/main.py", line 410, in main
  File "{SHOP}/orders/app/main.py", line 12, in <module>
    import x
  File "/usr/lib/python3.11/importlib/__init__.py", line 126, in import_module
pydantic_core._pydantic_core.ValidationError: 1 validation error for Settings
payments_url
  Field required
""".splitlines()


def test_the_place_is_the_innermost_in_the_shop() -> None:
    assert reason(TRACE, SHOP) == "orders/app/main.py, line 12: ValidationError: 1 validation error for Settings"


def test_behind_walls_the_shop_stands_elsewhere() -> None:
    seen = [line.replace(str(SHOP), "/shop") for line in TRACE]
    assert reason(seen, SHOP, Path("/shop")).startswith("orders/app/main.py, line 12: ")


@pytest.mark.parametrize("log", [[], ["", "  "], ["INFO: all is well"]])
def test_no_exception_is_no_reason(log: list[str]) -> None:
    assert reason(log, SHOP) == ""


def test_an_exception_that_says_nothing_is_still_named() -> None:
    assert reason(["RuntimeError: "], SHOP) == "RuntimeError: "


def test_the_last_line_is_the_last_that_says_something() -> None:
    assert last_line(["one", "two", " "]) == "two"
    assert last_line([]) == ""
