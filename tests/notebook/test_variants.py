"""A shop made for a lesson: variants of a lab, and code that stands in the notebook."""

from pathlib import Path

import pytest

from breakwater import paths
from breakwater.errors import BadInput
from breakwater.notebook import _variants

AT_ONCE = "09-resilience/retry-at-once"


def some_budget() -> int:
    return 7


def test_variants_lie_over_the_shop_in_their_order_and_what_is_mine_over_them(tmp_path: Path) -> None:
    over = [AT_ONCE, "09-resilience/retry-with-jitter"]
    shop = _variants.made(paths.BOXOFFICE, over, {"orders/app/budget.py": some_budget}, tmp_path / "shop")
    assert "random.uniform" in (shop / "orders/app/payments.py").read_text()
    assert "def some_budget" in (shop / "orders/app/budget.py").read_text()
    assert (shop / "gateway/app/main.py").is_file()


def test_a_class_is_found_by_its_methods() -> None:
    class Mine:
        def allows(self) -> bool:
            return True

    assert "class Mine" in _variants.cell_of(Mine)


def test_mistakes_are_told_with_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no variant `09-resilience/retry-at-onec`.*Did you mean"):
        _variants.made(paths.BOXOFFICE, ["09-resilience/retry-at-onec"], {}, tmp_path / "shop")
    for place in ("order/app/budget.py", "../budget.py"):
        with pytest.raises(BadInput, match="no folder for"):
            _variants.made(paths.BOXOFFICE, [], {place: some_budget}, tmp_path / "shop")
    with pytest.raises(BadInput, match="cannot be read"):
        _variants.cell_of(int)
