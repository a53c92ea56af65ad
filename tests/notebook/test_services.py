"""Services as lessons look at them: what the prose of module 01 says about the naive shop is what happens."""

from collections.abc import Iterator

import pytest

from breakwater.errors import BadInput
from breakwater.notebook import Shop, _profile

pytestmark = pytest.mark.shop


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    shop = Shop()
    shop.up()
    yield shop
    shop.down()


def test_a_health_check_stands_in_line_behind_searches(shop: Shop) -> None:
    quiet = shop.watch("catalog", "/healthz", seconds=0.5)
    busy = shop.watch("catalog", "/healthz", seconds=2.0, searchers=8)
    assert busy.slowest_s > 3 * quiet.slowest_s
    assert busy.p99_s <= busy.slowest_s
    assert len(busy.searches) >= 8
    assert busy.search_s > busy.slowest_s / 8
    assert f"{len(busy.searches)} searches" in busy.plot().alt
    assert "searches" not in quiet.plot().alt


def test_who_leaves_is_worked_on_for(shop: Shop) -> None:
    shop.up()
    with shop.weather(shop.slow("gateway", "catalog", latency_s=0.8), shop.slow("gateway", "pricing", latency_s=0.8)):
        left = shop.visit("/events/opening-night/offer", leaves_after_s=0.3)
        stays = shop.visit("/events/opening-night/offer")
    assert (left.status, stays.status) == (None, 200)
    rows = shop.trace(left).rows
    assert rows[0][1:] == ("reader → gateway", "")
    assert ("reader gives up", "") in [row[1:] for row in rows]
    assert float(rows[-1][0]) > 0.7, "the shop went on"


def test_slow_readers_fill_the_gateway(shop: Shop) -> None:
    read = shop.slow_readers(2, seconds=6.0)
    assert read.grown_mb("gateway") > 40
    assert "2 people read slowly" in read.plot().alt


def test_a_service_that_is_replaced_cuts_what_it_was_answering(shop: Shop) -> None:
    replaced = shop.replace("pricing")
    assert replaced.cut == len(replaced.begun) == 3
    assert replaced.refused >= replaced.surprised
    assert replaced.refused > 0
    assert replaced.told_s < replaced.back_s
    assert "3 of 3 under way were cut" in replaced.plot().alt


def test_a_service_is_asked_past_the_gateway(shop: Shop) -> None:
    assert "total_cents" in shop.ask("pricing", "/prices/opening-night").says
    odd = shop.ask("pricing", "/quotes", raw='{"event": "quay-concert", "seats": "3"}')
    assert odd.status == 422
    assert repr(odd).startswith("422: seats: ")


def test_a_profile_tells_where_the_catalog_is(shop: Shop) -> None:
    profile = shop.profile("catalog", seconds=2, searchers=4)
    assert profile.looks > 50
    assert any("difflib" in name for name in profile.shares)
    assert "difflib" in profile.plot().alt


def test_stacks_are_counted_by_the_function_that_ran() -> None:
    stacks = "process 7;thread (0x1);run (main.py:1);ratio (difflib.py:600) 30\nthread (0x1);run (main.py:2) 10\n"
    profile = _profile._counted("catalog", stacks)
    assert (profile.looks, profile.shares) == (40, {"ratio (difflib.py)": 0.75, "run (main.py)": 0.25})


def test_who_may_not_look_is_told_what_to_do() -> None:
    assert "kernel.yama.ptrace_scope=0" in _profile._why_not("Error: Permission Denied: Try running again as root")
    assert (
        _profile._why_not("Error: no such process\n") == "py-spy could not look at the service: Error: no such process"
    )


def test_nobody_is_watched_where_no_shop_runs() -> None:
    with pytest.raises(BadInput, match=r"shop\.up\(\)"):
        Shop().watch("catalog")
