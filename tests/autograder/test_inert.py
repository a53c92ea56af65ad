"""While a notebook is graded, what drives the shop is there and does nothing, whatever a lesson does with it."""

from importlib.util import module_from_spec, spec_from_file_location
from typing import Any

import pytest

from autograder.confined import INSIDE


@pytest.fixture
def shop() -> Any:
    spec = spec_from_file_location("inert", INSIDE / "breakwater" / "__init__.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.shop


def test_whatever_is_done_nothing_happens(shop: Any) -> None:
    sale = shop.sale(buyers=60, weather=shop.slow("orders", "payments", latency_s=4))
    with shop.lost_answers(1) as lost:
        assert repr(lost) == ""
    assert repr(sale.plot()[3]) == ""
    assert f"{sale.slowest_s:.1f} s" == " s"
    assert list(sale) == []
    assert not sale.slowest_s < sale.dead_s / 2
    assert not 2 * sale.slowest_s + 1 < 5
    assert float(round(abs(-sale.wait_s), 2)) == 0.0
