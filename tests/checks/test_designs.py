"""The lab's own checks on modelled shops: a right design passes, however it is built; a wrong one loses its checks."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import designs
import pytest
from judging import judged_apart

from breakwater.checks.verdict import CheckResult, Verdict

pytestmark = pytest.mark.shop
AT_ONCE = 4  # they mostly wait
NOT_OF_A_MODEL = {"visitors"}  # it judges a file beside the shop
Results = dict[str, CheckResult]


@pytest.fixture(scope="session")
def results(request: pytest.FixtureRequest) -> Iterator[Callable[[str], Results]]:
    """The results of a design by its name. All that are asked for run side by side from the first question on."""
    ours = [item for item in request.session.items if item.path.name == Path(__file__).name]
    wanted = [item.callspec.params["design"].__name__ for item in ours]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        runs: dict[str, Future[Results]] = {name: pool.submit(judged_apart, name, "09-resilience") for name in wanted}
        yield lambda name: runs[name].result()
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("design", designs.RIGHT, ids=lambda d: d.__name__)
def test_a_right_design_passes(design, results) -> None:
    checks = [check for check in results(design.__name__).values() if check.id not in NOT_OF_A_MODEL]
    assert {c.id: c.message for c in checks if c.verdict is not Verdict.PASSED} == {}


@pytest.mark.parametrize("design", designs.WRONG, ids=lambda d: d.__name__)
def test_a_wrong_design_loses_what_it_must_and_by_a_verdict(design, results) -> None:
    checks = results(design.__name__).values()
    assert {c.id for c in checks if c.verdict is Verdict.FAILED} >= designs.WRONG[design]
    assert [c.message for c in checks if c.verdict is Verdict.UNKNOWN] == []
