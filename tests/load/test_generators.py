"""Both generators against a gateway that answers at once, or stands still: what they measure, and what they cannot."""

import statistics
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench._gateway import running
from breakwater import paths
from breakwater.buyer import Buyer
from breakwater.checks import ends
from breakwater.checks.verdict import Verdict
from breakwater.errors import BadInput
from breakwater.load import Run, Visit, browse_and_buy, closed, opened
from breakwater.load.traffic import declined_share

LOCUSTFILE = paths.LABS / "09-resilience" / "locustfile.py"
HURRIED = """
from locust import HttpUser, constant, task

class Hurried(HttpUser):
    wait_time = constant(0)

    @task
    def buy(self):
        order = {"event": "opening-night", "seat": "A1", "buyer": "ann", "card": "4242424242424242"}
        self.client.post("/orders", json=order, name="buy")
"""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running() as url:
        yield url


async def buy(visit: Visit) -> None:
    await visit.ask("buy", visit.buyer.buy("A1"))


async def opened_run(url: str, **how: object) -> tuple[Run, Buyer]:
    async with Buyer(url) as buyer:
        return await opened.drive(None, buyer, **how), buyer  # type: ignore[arg-type]


async def closed_run(url: str, file: Path, **how: object) -> tuple[Run, Buyer]:
    async with Buyer(url) as buyer:
        return await closed.drive(None, buyer, file, **how), buyer  # type: ignore[arg-type]


@given(rate=st.floats(1, 200), seconds=st.floats(0.1, 20), seed=st.integers())
def test_arrivals_lie_within_the_run_in_order_and_are_drawn_from_the_seed(
    rate: float, seconds: float, seed: int
) -> None:
    moments = opened.arrivals(rate, seconds, seed)
    assert moments == sorted(moments) == opened.arrivals(rate, seconds, seed)
    assert all(0 < moment < seconds for moment in moments)


def test_arrivals_come_at_the_rate_and_by_chance() -> None:
    moments = opened.arrivals(50, 400, 1)
    assert len(moments) == pytest.approx(20_000, rel=0.05)
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert statistics.stdev(gaps) == pytest.approx(statistics.mean(gaps), rel=0.05), "of a Poisson process"


@pytest.mark.parametrize(
    ("rate", "seconds", "said"),
    [
        (0, 1, "rate must be above zero, not 0"),
        (-1, 1, "rate must be above zero"),
        (float("nan"), 1, "rate must be above zero"),
        (1, 0, "seconds must be above zero"),
        (1e6, 1e6, "too many for one run"),
    ],
)
def test_a_rate_that_is_none_is_one_line(rate: float, seconds: float, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        opened.arrivals(rate, seconds, 1)


async def test_visitors_browse_and_buy_and_what_they_were_told_is_kept(url: str) -> None:
    run, buyer = await opened_run(url, rate=20, seconds=2)
    arrivals = len(opened.arrivals(20, 2, 1))
    assert run.of("browse").count == run.of("buy").count == arrivals
    assert run.errors == {}
    assert len(buyer.told) == arrivals
    assert {answer.told for answer in buyer.told} == {"201"}
    assert len({answer.buyer for answer in buyer.told}) == arrivals


async def test_cards_are_declined_so_often_that_seats_last_to_the_end(url: str) -> None:
    async with Buyer(url) as buyer:
        assert await declined_share(buyer, 100) == 0.0
        assert await declined_share(buyer, 1800) == pytest.approx(0.9)


async def test_an_open_loop_that_is_itself_too_slow_says_so(url: str) -> None:
    async def busy(visit: Visit) -> None:
        time.sleep(0.06)  # noqa: ASYNC251  (it is what the loop is to suffer from)
        await buy(visit)

    run, _ = await opened_run(url, rate=40, seconds=2, traffic=busy)
    assert run.saturated.startswith("The load generator was itself the bottleneck: ")
    assert run.of().p99_s > opened.LATE_S, "its own lateness is in the waits"


def test_an_open_loop_that_kept_up_says_nothing() -> None:
    assert opened.saturation([0.001] * 995 + [0.5] * 5) == ""
    assert "2% of what it did came more than 0.1 s late, by up to 0.5 s" in opened.saturation([0.0] * 98 + [0.5] * 2)


def test_a_check_whose_generator_was_the_bottleneck_is_unknown() -> None:
    end = ends.read([("call", opened.GeneratorSaturated("too slow"))], None, Path("checks"))
    assert (end.verdict, end.message) == (Verdict.UNKNOWN, "too slow")


async def test_a_closed_loop_omits_those_who_would_have_come_during_a_stall(tmp_path: Path) -> None:
    """Coordinated omission: the same shop stands still for two seconds, and one of the generators hardly notices."""
    file = tmp_path / "locustfile.py"
    file.write_text(HURRIED)
    with running(stall=(1.0, 3.0)) as url:
        closed_loop, _ = await closed_run(url, file, users=1, seconds=5)
    with running(stall=(1.0, 3.0)) as url:
        open_loop, _ = await opened_run(url, rate=30, seconds=5, traffic=buy)
    assert closed_loop.of().max_s > 1.5, "its user waited, once,"
    assert closed_loop.of().p99_s < 1.0, "and asked so often before and after that one in a hundred does not show"
    assert open_loop.of().p99_s > 1.5
    assert open_loop.of().p90_s > 1.0, "a third of those who came met the stall"


async def test_locust_runs_the_labs_file_in_a_process_of_its_own(url: str) -> None:
    run, buyer = await closed_run(url, LOCUSTFILE, users=4, seconds=4)
    assert run.loop == "closed"
    assert set(run.names) == {"browse", "buy"}
    assert run.errors == {}
    assert len(buyer.told) == run.of("buy").count > 0
    assert {answer.told for answer in buyer.told} == {"201"}
    assert all(answer.order_id == f"order-{answer.buyer}" for answer in buyer.told)
    assert {"gevent", "locust"}.isdisjoint(sys.modules), "importing it would patch this process"


async def test_what_locust_did_not_get_is_an_error_of_a_kind(url: str, tmp_path: Path) -> None:
    file = tmp_path / "locustfile.py"
    file.write_text(HURRIED)
    with running() as gone:
        pass
    run, buyer = await closed_run(gone, file, users=1, seconds=1)
    assert list(run.errors) == ["the gateway refused the connection"]
    assert {answer.told for answer in buyer.told} == {"nothing: the gateway refused the connection"}


async def test_mistakes_with_locust_are_one_line(url: str, tmp_path: Path) -> None:
    for text, said in (("import nonsense_of_mine\n", "nonsense_of_mine"), ("x = 1\n", "No User class")):
        file = tmp_path / "locustfile.py"
        file.write_text(text)
        with pytest.raises(BadInput, match=f"locustfile.py: Locust cannot use it: .*{said}") as caught:
            await closed_run(url, file, users=1, seconds=1)
        assert "\n" not in str(caught.value)
    with pytest.raises(BadInput, match="users must be 1 to"):
        await closed_run(url, LOCUSTFILE, users=0, seconds=1)
    with pytest.raises(BadInput, match="labs/boxoffice has no locustfile"):
        closed.locustfile_of("boxoffice")


def test_the_traffic_of_a_check_is_the_same_as_that_of_the_command() -> None:
    assert opened.drive.__kwdefaults__["traffic"] is browse_and_buy
