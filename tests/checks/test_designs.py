"""The lab's own checks on modelled shops: a right design passes, however it is built; a wrong one loses its checks."""

from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import designs
import page_designs
import pytest
from judging import judged_apart
from page_designs import PAGES

from breakwater.checks.verdict import CheckResult, Verdict
from tests.proven import unless_proven

pytestmark = pytest.mark.shop
AT_ONCE = 4  # they mostly wait
MODULE = "09-resilience"
NOT_OF_A_MODEL = {"visitors"}  # it judges a file beside the shop
Results = dict[str, CheckResult]


# Of the pages first: they are judged by fewer checks.
RIGHT = {**dict.fromkeys(page_designs.RIGHT, PAGES), **dict.fromkeys((design.__name__ for design in designs.RIGHT), ())}
WRONG = {
    **{design.__name__: loses for design, loses in designs.WRONG.items()},
    **{name: loses for name, (_, loses) in page_designs.WRONG.items()},
}


def judged_by(shop: str) -> Collection[str]:
    """The checks that say something about a shop; none stands for all. A shop keeps some of them waiting for long."""
    if shop in RIGHT:
        return RIGHT[shop]
    return WRONG[shop] if shop in page_designs.WRONG else WRONG[shop] | designs.PAYMENTS


@pytest.fixture(scope="session")
def results(request: pytest.FixtureRequest) -> Iterator[Callable[[str], Results]]:
    """The results of a shop by its name. Right ones, whose verdicts no load may turn, run alone, when they are asked
    for; the wrong ones side by side from the first question about one of them on."""
    ours = [item for item in request.session.items if item.path.name == Path(__file__).name]
    wrong = [name for item in ours if (name := item.callspec.params["shop"]) in WRONG]
    runs: dict[str, Future[Results]] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:

        def of(shop: str) -> Results:
            if shop in RIGHT:
                return judged_apart(shop, MODULE, judged_by(shop))
            for name in wrong if not runs else ():
                runs[name] = pool.submit(judged_apart, name, MODULE, judged_by(name))
            return runs[shop].result()

        yield of
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("shop", unless_proven(RIGHT))
def test_a_right_design_passes(shop, results) -> None:
    checks = [check for check in results(shop).values() if check.id not in NOT_OF_A_MODEL]
    assert {c.id: c.message for c in checks if c.verdict is not Verdict.PASSED} == {}


@pytest.mark.parametrize("shop", unless_proven(WRONG))
def test_a_wrong_design_loses_what_it_must_and_by_a_verdict(shop, results) -> None:
    checks = results(shop).values()
    assert {c.id for c in checks if c.verdict is Verdict.FAILED} >= WRONG[shop]
    assert [c.message for c in checks if c.verdict is Verdict.UNKNOWN] == []
